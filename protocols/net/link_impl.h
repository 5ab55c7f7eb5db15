/* SPDX-License-Identifier: MIT */
#ifndef NET_LINK_IMPL_H
#define NET_LINK_IMPL_H

#include "net/link.h"

/* What link.c, link_box.c, link_named.c and link_rights.c share. */

#define REFUSED_MS 5000 // until it is asked again
#define NET_LINK_SOON_MS 100 // until the first attempt after one that failed

struct net_link {
	struct link link; // first
	struct net_linker *linker;
	struct wl_list node;          // net_linker.links, oldest first
	char *want;                   // what the device must satisfy, or NULL
	struct op_head grants;        // of the asker, for the device
	struct call *renewing;        // tells the device's side of a newer one
	char *from;                   // what no other link is called, now or later
	char *means;                  // the box that a device below /usr names; NULL: not known
	char *named;                  // the same, being told
	char *version;                // of the device's kind when that was told
	struct call *naming;          // asks for it, and waits for the next
	struct call *call;            // an attempt, or what is up
	struct wl_event_source *timer; // of the next attempt
	struct wl_event_source *name_timer; // of the next question what the device means
	bool waits;                   // timer is armed
	bool replaces;                // others of the io box go once this is up
	bool follows;                 // another one of the same device and asker
	bool finishing;               // all is written, the device has not said that it has it
	bool ended;                   // its box goes
	bool allowed;                 // the lists let the asker link the io box
	int held;                     // not to be freed yet
	int failures;                 // in a row
	int64_t up_ms;
};

/* link.c */

/* The users' functions may end any link, this one too: between these it is not freed. */
void net_link_hold(struct net_link *l);
bool net_link_let_go(struct net_link *l); // false: it ended meanwhile, and is freed
/* No attempt is under way, and nobody goes on with an exchange that was one. */
bool net_link_is_idle(const struct net_link *l);
void net_link_dial(struct net_link *l);
void net_link_retry_later(struct net_link *l, int ms);
/* The exchange is over, or there was none. The link is freed if its user ends it. */
void net_link_failed(struct net_link *l, const struct op_refusal *why);
void net_link_go_down(struct net_link *l);
void net_link_end(struct link *link);
void net_link_free(struct net_link *l); // net_link_let_go does, of one that was begun
int net_link_handle_timer(void *data);
/* Newer grants, for those that follow it too: they have no other leave than its. */
void net_link_renew(struct net_link *l, const struct op_head *from);
/* Nothing is asked without what gives leave for it. */
void net_link_add_grants(struct op_head *head, const struct op_head *from);

/* link_box.c; the functions of struct linker */

struct link *net_link_make(struct linker *base, struct box *io, struct req *req,
	const struct link_user *user, void *data);
struct link *net_link_restore(struct linker *base, struct box *io, const struct link_kept *kept,
	const struct link_user *user, void *data);
struct link *net_link_follow(struct linker *base, struct box *io, const struct link *other,
	const struct link_user *user, void *data);

/* link_named.c */

/* Whether a device is below /usr. */
bool net_link_is_named(const char *device);
void net_link_ask_name(struct net_link *l);
int net_link_handle_name_timer(void *data);

/* link_rights.c */

bool net_link_same_subject(const struct subject *a, const struct subject *b);

#endif
