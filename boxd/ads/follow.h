/* SPDX-License-Identifier: MIT */
#ifndef ADS_FOLLOW_H
#define ADS_FOLLOW_H

#include "ads/table.h"
#include "quic/quic.h"

/*
 * Keeping up with what the paired nodes advertise. Each is asked for its /ads, and again as soon as it
 * has answered: that request waits there for a change, and while it is open the connection is kept
 * alive, so it is also what tells within seconds that a node is gone. One that is gone is dialled
 * again, ever more seldom, at most every 5 minutes; at once when it is heard of.
 */

struct follow {
	struct wl_event_loop *loop;
	const char *key; // of this machine
	struct quic *quic; // set before the first peer
	struct ads_table table; // a node each; ads_node.data: of follow.c
	/* What is known of some node has changed. */
	void (*changed)(void *data, const struct peer *peer);
	/* Optional: a peer is to be dialled; where it is may be asked for anew. */
	void (*missed)(void *data, const struct peer *peer);
	void *data;
	struct wl_list list; // of follow.c, which has each peer's data
};

void follow_init(struct follow *follow, struct wl_event_loop *loop, const char *key);
void follow_finish(struct follow *follow);

/* It was added, or its connection came or went: quic_events.peer_changed. */
void follow_peer_changed(struct follow *follow, struct peer *peer);
void follow_peer_gone(struct follow *follow, const struct peer *peer);
/* It was heard of, at an address: it is dialled now, if it is not connected. */
void follow_peer_heard(struct follow *follow, const struct peer *peer);

/* Of a peer; NULL: it is not followed. */
const struct ads_node *follow_node(const struct follow *follow, const struct peer *peer);
/* true: it was lost, or could not be reached, a moment ago, and why. It need not be asked for now. */
bool follow_is_gone(const struct follow *follow, const struct peer *peer, struct op_refusal *why);

#endif
