/* SPDX-License-Identifier: MIT */
#ifndef BOXD_BOXD_PRIVATE_H
#define BOXD_BOXD_PRIVATE_H

#include "ads/avahi.h"
#include "ads/follow.h"
#include "ads/near.h"
#include "boxd.h"
#include "boxes/env.h"
#include "choose.h"
#include "claims.h"
#include "copy.h"
#include "far.h"
#include "fetch.h"
#include "grants.h"
#include "leases.h"
#include "mounts.h"
#include "net/asker.h"
#include "net/link.h"
#include "net/serve.h"
#include "quic/quic.h"
#include "relay.h"
#include "route.h"
#include "sandbox.h"
#include "spaces.h"
#include "tales.h"
#include "union.h"
#include "whereabouts.h"

/* What boxd.c, answer.c and network.c share. */

struct boxd {
	struct wl_event_loop *loop;
	const struct config *config;
	struct keys *keys;
	struct box_tree *tree;
	struct work_pool *pool;
	struct saves *saves;
	struct mounts mounts;
	struct grants grants;
	struct route route;
	struct relays relays;
	struct leases leases;
	struct unions unions; // of what several mounted servers may be meant by
	struct spaces spaces;
	struct sandboxes sandboxes;
	struct chooser chooser;
	struct copies copies;
	struct usr usr;
	struct claims claims;
	struct far far;
	struct box_server inside;  // this node's own programs
	struct box_server outside; // other nodes
	struct caller caller; // of what is done here for somebody: links, copies
	struct net_linker linker;
	struct fetcher fetcher;
	struct caller owner; // of what is asked of this node's owner
	struct net_asker asker;
	struct tales tales;
	struct quic *quic; // NULL: no network
	struct follow follow; // of what peers advertise
	struct nearby nearby;
	struct mdns *mdns;    // NULL: neither heard nor hearing in the local network
	struct box_env env;
};

/* boxd.c */

/* A machine is its user's until a person has signed it; then its boxes are the person's. */
void boxd_update_owner(struct boxd *boxd);

/* answer.c; data is the struct boxd */

/* For the two servers' forward, and for sandboxes'. */
bool boxd_forward_inside(void *data, struct exchange *exchange, struct op_head *head,
	const struct subject *subject);
bool boxd_forward_outside(void *data, struct exchange *exchange, struct op_head *head,
	const struct subject *subject);
bool boxd_pass_on(void *data, struct exchange *exchange, struct op_head *head,
	const struct subject *subject, bool local);
/* What a name may mean was chosen among. */
void boxd_handle_chosen(void *data, struct exchange *exchange, struct op_head *head,
	const struct subject *subject);
void boxd_handle_linked(void *data, const char *key, const struct op_head *head, const char *name);
void boxd_name_groups(void *data, struct subject *subject);
/* What this node does for somebody it asks as a program of his on this node would. */
struct stream *boxd_open_inside(void *data, struct op_head *head, const struct subject *subject,
	struct op_refusal *refusal);
/* What this node's boxes ask their owner is asked by a program of his. */
struct stream *boxd_open_as_owner(void *data, struct op_head *head, const struct subject *subject,
	struct op_refusal *refusal);

/* network.c */

bool boxd_create_network(struct boxd *boxd); // false: logged
void boxd_handle_ads_changed(void *data, const struct peer *peer);
void boxd_handle_missed(void *data, const struct peer *peer);

#endif
