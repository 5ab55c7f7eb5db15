/* SPDX-License-Identifier: MIT */
#ifndef NET_SERVE_H
#define NET_SERVE_H

#include <stdbool.h>
#include <wayland-server-core.h>

#include "box/box.h"
#include "net/exchange.h"
#include "net/rate.h"

/*
 * Answers exchanges out of a tree of boxes. Where requests come from, and as whom, is said by who
 * hands a stream in; a listening unix socket is one such.
 *
 * A subject may have OP_MAX_EXCHANGES open at once, those that were forwarded included; one more is
 * refused with EQUOTA, and so is who begins them faster than rate says, and who makes us hold more than
 * OP_MAX_HELD bytes of frames that are not whole, on all of them together, unless his door is trusted. A
 * caller that has not sent a whole head within 10 s is refused and let go. What was begun by a right ends
 * with EPERM when that right does.
 */

struct box_server {
	struct wl_event_loop *loop;
	struct box_tree *tree;
	struct wl_list served;    // of serve.c
	struct wl_list listeners; // of listen.c
	struct wl_event_source *timer; // of serve.c: heads that do not come
	bool timer_armed;
	struct wl_listener rights;     // of the tree
	struct wl_event_source *recheck; // of what rests on them; NULL: not due
	bool outside; // who asks is on another node; false unless set
	struct rate rate; // of exchanges that begin, each subject's; no limit unless set
	bool hands_over; // exchanges, to programs; false unless set
	/*
	 * Optional: asked before the tree is. Takes the exchange over and returns true for names
	 * that others answer for (mounts, other nodes); the head and subject are its own to copy.
	 * It may change the head, which then goes on to the tree.
	 */
	bool (*forward)(void *data, struct exchange *exchange, struct op_head *head,
		const struct subject *subject);
	/* Optional: sets the groups of who asks, before anything else is done for him. */
	void (*name_groups)(void *data, struct subject *subject);
	void *data;
};

void box_server_init(struct box_server *server, struct wl_event_loop *loop, struct box_tree *tree);
/*
 * Aborts what is being served, forwarded exchanges too (their listeners hear gone), and stops
 * listening (sockets are unlinked).
 */
void box_server_finish(struct box_server *server);

/*
 * Whose requests come in by a door. trusted: a field `as` names the subject of a request (the
 * node's own programs say on whose behalf); else `as` is taken away and subject stands.
 */
struct door {
	struct subject subject;
	bool trusted;
};

/*
 * Serves from the tree, after all, an exchange that forward had taken over. head and subject are
 * copied.
 */
void box_server_give_back(struct box_server *server, struct exchange *exchange,
	const struct op_head *head, const struct subject *subject);
/* The same, from another tree. */
void box_server_give(struct box_server *server, struct box_tree *tree, struct exchange *exchange,
	const struct op_head *head, const struct subject *subject);
/* Serves one exchange. The stream is taken over, also when memory fails. door is copied. */
void box_server_take(struct box_server *server, struct stream *stream, const struct door *door);
/* Groups are others: those of requests that wait are set anew. box_tree_rights_changed comes next. */
void box_server_regroup(struct box_server *server);
/* The same, of requests of this subject: they are these. */
void box_server_set_groups(struct box_server *server, const struct subject *subject);
/*
 * Ends all exchanges that came in as this subject (a peer that is gone, or revoked), when the loop
 * is next about to sleep.
 */
void box_server_drop(struct box_server *server, const struct subject *subject);

/*
 * Listens at a path, mode 0600; a stale socket there is replaced, a living server is not:
 * EADDRINUSE. false and errno; EEXIST: something that is no socket is there.
 */
bool box_server_listen(struct box_server *server, const char *path, const struct door *door);
void box_server_unlisten(struct box_server *server, const char *path);
/* All of them; by box_server_finish. */
void box_server_unlisten_all(struct box_server *server);

#endif
