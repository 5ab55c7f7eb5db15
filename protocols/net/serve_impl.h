/* SPDX-License-Identifier: MIT */
#ifndef NET_SERVE_IMPL_H
#define NET_SERVE_IMPL_H

#include "box/req.h"
#include "net/serve.h"

/* What serve.c and served.c share. */

/* One exchange, from its first byte until it is over, whoever answers it. */
struct served {
	struct wl_list link; // server.served, oldest first
	struct box_server *server;
	struct exchange *exchange; // NULL: whoever took it over has ended it
	struct wl_listener exchange_destroy;
	struct wl_event_source *idle; // it ends before the loop sleeps
	struct wl_event_source *resume; // its box hears of the body's end
	struct subject subject;
	bool trusted;
	bool headed;  // the head has come
	bool begun;   // req is initialised
	bool asked;   // and its handler's: not answered whole yet, nor told gone
	bool failed;  // the answer could not be sent; a refusal was
	bool end_due; // the body was whole before anybody listened to it
	bool dropped; // by box_server_drop
	bool allowed; // by the lists of its tree, when it was begun
	bool barred;  // and not any more
	struct box_tree *tree; // that serves it
	int64_t deadline_ms; // for the head
	struct op_head head;
	struct req req;
};

/* serve.c */

void served_handle_head(void *data, const struct op_head *head);

/* served.c */

extern const struct exchange_events served_events; // data: struct served
extern const struct req_carrier served_carrier;
void served_handle_end(void *data, const struct op_head *trailer);
void served_handle_exchange_destroy(struct wl_listener *listener, void *data);
/* Its box hears that it is gone, if it has not answered whole. */
void served_tell_gone(struct served *served);
void served_destroy(struct served *served);
/* Not at once: the handler or the exchange is on the stack. */
void served_destroy_soon(struct served *served);
void served_refuse(struct exchange *exchange, const struct op_refusal *why);

#endif
