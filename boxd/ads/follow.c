/* SPDX-License-Identifier: MIT */
/*
 * follow.c - one waiting request to each peer, for its ads.
 *
 * Finding a peer's address is not done here (near.h, and the room quic), nor is choosing among what
 * was learnt (choose.c).
 */
#include "ads/follow.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOG_MODULE "ads"
#include "base/buf.h"
#include "base/log.h"
#include "net/call.h"

#define AGAIN_LEAST_MS 200    // between two questions to one peer, however often it changes
#define GONE_MS 10000         // what failed so recently is not tried for a choice
#define YIELD_MS 1000         // to the other's dial
#define DEAF_MS (300 * 1000)  // until one that serves no ads is asked again

static const int redial_ms[] = {500, 1000, 2000, 5000, 15000, 60000, 300000};
#define REDIALS (sizeof(redial_ms) / sizeof(redial_ms[0]))

struct follower {
	struct wl_list link; // follow.list
	struct follow *follow;
	struct peer *peer;
	struct ads_node *node;
	struct call *call; // NULL: none is open
	struct caller caller;
	struct wl_event_source *timer; // of the next question
	struct buf list;
	char version[64];  // of what is known; "": nothing is
	size_t failures;   // in a row
	int64_t asked_ms, failed_ms; // failed_ms 0: it has not, since it last answered
	struct op_refusal why;       // of the last failure
};

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct follower *find(const struct peer *peer) {
	return peer->data;
}

static void ask_in(struct follower *follower, int64_t ms) {
	wl_event_source_timer_update(follower->timer, ms > 0 ? (int)ms : 1);
}

static void forget(struct follower *follower) {
	bool known = follower->node->heard;
	ads_node_forget(follower->node);
	follower->version[0] = '\0';
	if (known) {
		follower->follow->changed(follower->follow->data, follower->peer);
	}
}

static void handle_reply(void *data, const struct op_head *reply) {
	struct follower *follower = data;
	const char *version = op_get(reply, OP_F_VERSION);
	buf_drop(&follower->list, follower->list.size);
	follower->version[0] = '\0';
	if (version && strlen(version) < sizeof(follower->version)) {
		strcpy(follower->version, version);
	}
}

static void handle_bytes(void *data, const void *bytes, size_t size) {
	struct follower *follower = data;
	if (follower->list.size <= ADS_BYTES) { // one byte more, and learning refuses it
		buf_append(&follower->list, bytes, size);
	}
}

static void learnt(struct follower *follower) {
	struct op_refusal why;
	follower->failures = 0;
	follower->failed_ms = 0;
	if (ads_node_learn(follower->node, buf_front(&follower->list), follower->list.size, &why) !=
			OP_OK) {
		log_debug("the ads of %s: %s", follower->peer->petname, why.sentence);
		forget(follower);
		ask_in(follower, DEAF_MS);
		return;
	}
	follower->follow->changed(follower->follow->data, follower->peer);
	// Without a version it would answer at once, again and again.
	ask_in(follower, follower->version[0] ? follower->asked_ms + AGAIN_LEAST_MS - now_ms() : DEAF_MS);
}

static bool is_away(enum op_code code) {
	return code == OP_EUNREACH || code == OP_ELOST || code == OP_EUDP;
}

static void missed(struct follower *follower, const struct op_refusal *why) {
	struct follow *follow = follower->follow;
	size_t step = follower->failures < REDIALS ? follower->failures : REDIALS - 1;
	follower->failed_ms = now_ms();
	follower->why = *why;
	follower->failures++;
	forget(follower);
	ask_in(follower, redial_ms[step]);
	if (follow->missed) {
		follow->missed(follow->data, follower->peer);
	}
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct follower *follower = data;
	follower->call = NULL;
	if (why->code == OP_OK) {
		learnt(follower);
	} else if (is_away(why->code)) {
		missed(follower, why);
	} else { // it is there, and says no: a release without ads, or one that we may not see
		log_debug("%s tells no ads: %s", follower->peer->petname, why->sentence);
		follower->failed_ms = 0;
		forget(follower);
		ask_in(follower, DEAF_MS);
	}
	buf_finish(&follower->list);
	buf_init(&follower->list);
}

static struct stream *open_peer(void *data, struct op_head *head, const struct subject *subject,
		struct op_refusal *refusal) {
	struct follower *follower = data;
	return quic_open(follower->follow->quic, follower->peer, refusal);
}

static int handle_timer(void *data) {
	static const struct call_events events = {
		.reply = handle_reply,
		.bytes = handle_bytes,
		.ended = handle_ended,
	};
	struct follower *follower = data;
	struct op_head head;
	if (follower->call) {
		return 0;
	}
	op_head_init_request(&head, OP_SELECTORS);
	op_set(&head, OP_F_NAME, "/ads");
	if (follower->version[0]) {
		op_set(&head, OP_F_SINCE, follower->version);
	}
	follower->asked_ms = now_ms();
	// This node asks for itself, as the machine that its key says.
	follower->call = call_create(follower->follow->loop, &follower->caller, &head, NULL, &events,
		follower);
	op_head_finish(&head);
	if (!follower->call) {
		ask_in(follower, redial_ms[REDIALS - 1]);
	}
	return 0;
}

static void follower_destroy(struct follower *follower) {
	wl_list_remove(&follower->link);
	follower->peer->data = NULL;
	call_destroy(follower->call);
	if (follower->timer) {
		wl_event_source_remove(follower->timer);
	}
	ads_node_destroy(follower->node);
	buf_finish(&follower->list);
	free(follower);
}

static struct follower *follower_create(struct follow *follow, struct peer *peer) {
	struct follower *follower = calloc(1, sizeof(*follower));
	if (!follower) {
		return NULL;
	}
	wl_list_insert(follow->list.prev, &follower->link);
	follower->follow = follow;
	follower->peer = peer;
	peer->data = follower;
	follower->caller = (struct caller){.open = open_peer, .data = follower};
	buf_init(&follower->list);
	follower->node = ads_node_create(&follow->table, peer->key, peer);
	follower->timer = wl_event_loop_add_timer(follow->loop, handle_timer, follower);
	if (!follower->node || !follower->timer) {
		follower_destroy(follower);
		return NULL;
	}
	return follower;
}

void follow_init(struct follow *follow, struct wl_event_loop *loop, const char *key) {
	*follow = (struct follow){.loop = loop, .key = key};
	wl_list_init(&follow->list);
	ads_table_init(&follow->table);
}

void follow_finish(struct follow *follow) {
	struct follower *follower, *next;
	wl_list_for_each_safe(follower, next, &follow->list, link) {
		follower_destroy(follower);
	}
	ads_table_finish(&follow->table);
}

// Of two that meet anew both would dial: the one with the smaller key is first.
static int first_ms(const struct follow *follow, const struct peer *peer) {
	return peer->up || strcmp(follow->key, peer->key) < 0 ? 0 : YIELD_MS;
}

void follow_peer_changed(struct follow *follow, struct peer *peer) {
	struct follower *follower = find(peer);
	bool fresh = !follower;
	follower = follower ? follower : follower_create(follow, peer);
	if (!follower) {
		return;
	}
	if (peer->doubled && follower->call) { // a question that waits would keep the spare one open
		call_destroy(follower->call);
		follower->call = NULL;
		ask_in(follower, AGAIN_LEAST_MS);
	} else if (!follower->call && (fresh || peer->up)) {
		ask_in(follower, first_ms(follow, peer));
	}
}

void follow_peer_gone(struct follow *follow, const struct peer *peer) {
	struct follower *follower = find(peer);
	if (follower) {
		follower_destroy(follower);
		follow->changed(follow->data, peer);
	}
}

void follow_peer_heard(struct follow *follow, const struct peer *peer) {
	struct follower *follower = find(peer);
	if (follower && !follower->call && !peer->up) {
		follower->failures = 0;
		ask_in(follower, first_ms(follow, peer));
	}
}

const struct ads_node *follow_node(const struct follow *follow, const struct peer *peer) {
	const struct follower *follower = find(peer);
	return follower ? follower->node : NULL;
}

bool follow_is_gone(const struct follow *follow, const struct peer *peer, struct op_refusal *why) {
	const struct follower *follower = find(peer);
	if (!follower || peer->up || follower->failed_ms == 0 ||
			now_ms() > follower->failed_ms + GONE_MS) {
		return false;
	}
	*why = follower->why;
	return true;
}
