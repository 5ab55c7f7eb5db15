/* SPDX-License-Identifier: MIT */
#ifndef NET_LINK_H
#define NET_LINK_H

#include <wayland-server-core.h>

#include "box/link.h"
#include "net/call.h"

/*
 * Links that dial: the one implementation of box/link.h. An attempt is a call on behalf of the
 * link's asker; one that finds nobody is repeated after 0.1, 0.5, 2, then every 5 s, one that is
 * refused every 5 s. A device whose server ended the exchange in order (trailer ok) has let go for
 * good: the link ends too.
 *
 * Every up of a link_user is followed by one down, whoever ended the exchange, link_down included.
 * A device of another node, KEYHASH/name, is asked for as /n/KEYHASH/name. One below /usr names
 * another box in its kind, field device: that is dialled, and the next when the kind changes.
 *
 * A link ends when its asker may not link that io box any more, if the lists once said that he may.
 *
 * The grants of the request that made a link go with each attempt, and are replaced by those of a
 * `link` of the same device, by the same asker, to the link itself.
 */
struct net_linker {
	struct linker linker;
	struct wl_event_loop *loop;
	const struct caller *caller;
	struct wl_list links; // of link.c
	struct wl_listener rights;       // of the tree
	struct wl_event_source *recheck; // of what rests on them; NULL: not due
};

void net_linker_init(struct net_linker *linker, struct wl_event_loop *loop,
	const struct caller *caller);
/* Watches the rights on io boxes of this tree. */
void net_linker_watch(struct net_linker *linker, struct box_tree *tree);
/*
 * Groups are others: name sets those of each asker anew. box_tree_rights_changed comes next, but for links
 * that were just restored, before any group was known.
 */
void net_linker_regroup(struct net_linker *linker, void (*name)(void *data, struct subject *subject),
	void *data);
/* The same, of links of this subject: they are these. */
void net_linker_set_groups(struct net_linker *linker, const struct subject *subject);
/* Ends all links. */
void net_linker_finish(struct net_linker *linker);
/*
 * Ends the links that this subject has asked for, and those whose device is on the node of that key
 * (64 hex digits; NULL: none): it is not known here any more.
 */
void net_linker_drop(struct net_linker *linker, const struct subject *subject, const char *key);
/*
 * The name by which a link's device, a where, or what is below it ("/a/b"; "/" is itself) is asked for:
 * that of another node is below /n, as the caller resolves names, not wheres.
 */
void net_link_set_device(struct op_head *head, const char *device, const char *below);
/* A node has appeared, or the caller came back: whoever waits tries now. */
void net_linker_retry(struct net_linker *linker);

#endif
