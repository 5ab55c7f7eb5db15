/* SPDX-License-Identifier: MIT */
/*
 * meet.c - /meet: this node as a meeting point of two others that cannot reach one another, each
 * behind a router of its own, say.
 *
 *     getmem live    listens: a head with the key of each node that wants to meet the listener
 *     make           wants to meet the node of that key; at: where the asker is on its own network
 *
 * The two learn of one another only when both have said make, so a node decides for itself who may
 * learn where it is, and whether it can be reached at all: to everybody else it looks as if it were
 * not there. Both are answered at once, with where the other's packets come from, and both dial. The
 * answer's name, /meet/ID, is the way on which this node forwards for the two, should that fail; it
 * goes when nothing was forwarded for a while. Packets are carried by quic/forward.c, unread.
 */
#include "boxes/meet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "config.h"
#include "quic/forward.h"
#include "quic/quic.h"

#define WAIT_MS 3000         // for the other side to want it too
#define TICK_MS 1000
#define IDLE_MS 30000        // then nothing is forwarded any more
#define ASKS_MAX 16          // of one peer, open at once
#define ASKS_PER_SECOND 2.0  // of one peer
#define ASKS_BURST 20.0
#define FORWARDS_MAX 16      // of one peer
#define AT_MAX 8

struct meet {
	struct box_env *env;
	struct box *box;
	struct wl_list visitors; // visitor.link
	struct wl_event_source *timer;
};

/* A peer that uses this meeting point. */
struct visitor {
	struct wl_list link; // meet.visitors
	struct peer *peer;
	struct req *feed;     // NULL: it does not listen
	struct wl_list asks;  // ask.link
	double credit;        // asks it may make
	int64_t credit_ms;    // when it had so much
};

/* A make that waits for the same from the other side. */
struct ask {
	struct wl_list link; // visitor.asks
	struct visitor *visitor;
	struct req *req;
	char key[KEYS_FINGERPRINT + 1]; // whom it wants to meet
	char at[AT_MAX][64];            // where it is on its own network
	int at_size;
	int64_t deadline_ms;
};

/* What a box /meet/ID stands for. */
struct crossing {
	struct forward *forward;
	char *title;
};

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void ask_destroy(struct ask *ask) {
	wl_list_remove(&ask->link);
	free(ask);
}

/* One sentence for who is not there, does not listen, and does not want to. */
static void ask_fail(struct ask *ask) {
	struct req *req = ask->req;
	char key[17];
	snprintf(key, sizeof(key), "%.16s", ask->key);
	ask_destroy(ask);
	req_fail(req, OP_EUNREACH, "the machine %s… does not come to this meeting point: is it on, does its "
		"boxd.conf name this node with meet-at, and does it know the machine that asks?", key);
}

static struct visitor *visitor_by_key(struct meet *meet, const char *key) {
	struct visitor *visitor;
	wl_list_for_each(visitor, &meet->visitors, link) {
		if (strcmp(visitor->peer->key, key) == 0) {
			return visitor;
		}
	}
	return NULL;
}

static struct visitor *visitor_of(struct meet *meet, struct peer *peer) {
	struct visitor *visitor = visitor_by_key(meet, peer->key);
	if (!visitor && (visitor = calloc(1, sizeof(*visitor)))) {
		visitor->peer = peer;
		visitor->credit = ASKS_BURST;
		visitor->credit_ms = now_ms();
		wl_list_init(&visitor->asks);
		wl_list_insert(&meet->visitors, &visitor->link);
	}
	return visitor;
}

static void visitor_destroy(struct visitor *visitor) {
	struct ask *ask, *next;
	wl_list_for_each_safe(ask, next, &visitor->asks, link) {
		ask_fail(ask);
	}
	if (visitor->feed) {
		req_end(visitor->feed, NULL);
	}
	wl_list_remove(&visitor->link);
	free(visitor);
}

/*
 * Which node asks. Two machines of a person may have had one name, of which one was set up anew; one
 * of them is connected.
 */
static struct peer *find_peer(struct meet *meet, const struct subject *subject) {
	struct peer *peer;
	if (!meet->env->quic) {
		return NULL;
	}
	wl_list_for_each(peer, quic_peers(meet->env->quic), link) {
		if (peer->up && strcmp(peer->subject.person, subject->person) == 0
				&& strcmp(peer->subject.machine, subject->machine) == 0) {
			return peer;
		}
	}
	return NULL;
}

/* Who asks for something; NULL: the request is refused. */
static struct visitor *admit(struct meet *meet, struct req *req) {
	if (!meet->env->config->meet) {
		req_fail(req, OP_EUNSUPP, "this node is no meeting point: put `meet yes` into its boxd.conf "
			"and start boxd there again");
		return NULL;
	}
	struct peer *peer = find_peer(meet, req->subject);
	if (!peer) {
		req_fail(req, OP_EUNSUPP, "a meeting point is for other nodes, which name it with meet-at in "
			"their boxd.conf");
		return NULL;
	}
	struct visitor *visitor = visitor_of(meet, peer);
	if (!visitor) {
		req_fail(req, OP_EIO, "out of memory");
	}
	return visitor;
}

/* Tells a listener that somebody wants to meet it; nothing but who. */
static void tell(struct visitor *visitor, const char *key) {
	struct op_head entry;
	struct buf text;
	if (!visitor->feed) {
		return;
	}
	buf_init(&text);
	op_head_init_entry(&entry);
	op_set(&entry, OP_F_KEY, key);
	if (op_encode(&entry, &text, NULL) == OP_OK) {
		req_write(visitor->feed, buf_front(&text), text.size);
	}
	op_head_finish(&entry);
	buf_finish(&text);
}

static void crossing_describe(struct box *box, struct op_head *entry) {
	const struct crossing *crossing = box->data;
	op_set(entry, OP_F_TITLE, crossing->title);
	op_set_number(entry, OP_F_SIZE, forward_bytes(crossing->forward));
}

static void crossing_delete(struct box *box, struct req *req) {
	box_destroy(box);
	req_ok(req);
}

static void crossing_destroy(struct box *box) {
	struct crossing *crossing = box->data;
	forward_destroy(crossing->forward);
	free(crossing->title);
	free(crossing);
}

static const struct box_type crossing_type = {
	.name = "crossing",
	.fn = {[OP_DELETE] = crossing_delete},
	.describe = crossing_describe,
	.destroy = crossing_destroy,
};

static struct box *find_crossing(struct meet *meet, const struct peer *one,
		const struct peer *other, int *count) {
	struct box *box, *found = NULL;
	*count = 0;
	wl_list_for_each(box, &meet->box->inner, link) {
		const struct crossing *crossing = box->data;
		*count += forward_joins(crossing->forward, one, NULL);
		if (forward_joins(crossing->forward, one, other)) {
			found = box;
		}
	}
	return found;
}

/* The box of the way that is forwarded between the two; NULL: there is no more room, or memory. */
static struct box *join(struct meet *meet, struct peer *one, struct peer *other) {
	int count, others;
	char name[17];
	find_crossing(meet, other, one, &others);
	struct box *box = find_crossing(meet, one, other, &count);
	if (box || count >= FORWARDS_MAX || others >= FORWARDS_MAX) {
		return box;
	}
	struct crossing *crossing = calloc(1, sizeof(*crossing));
	if (!crossing || asprintf(&crossing->title, "%s and %s", one->petname, other->petname) < 0) {
		free(crossing);
		return NULL;
	}
	crossing->forward =
		forward_create(meet->env->quic, one, other, meet->env->config->meet_rate);
	if (crossing->forward) {
		snprintf(name, sizeof(name), "%016" PRIx64, forward_id(crossing->forward));
		box = box_create(meet->box, name, &crossing_type, "crossing", crossing);
	}
	if (!box) {
		if (crossing->forward) {
			forward_destroy(crossing->forward);
		}
		free(crossing->title);
		free(crossing);
	}
	return box;
}

/* Fills the answer of the one with what it is told of the other. */
static void fill(struct ask *to, const struct ask *of, const struct address *seen, bool neighbours,
		const struct box *way) {
	struct op_head *reply = req_reply(to->req);
	char text[ADDRESS_TEXT];
	op_set(reply, OP_F_KEY, to->key);
	op_add(reply, OP_F_AT, address_print(seen, text));
	for (int i = 0; neighbours && i < of->at_size; i++) {
		op_add(reply, OP_F_AT, of->at[i]);
	}
	if (way) {
		op_setf(reply, OP_F_NAME, "/meet/%s", way->name);
	}
}

/* Both want it. */
static void introduce(struct meet *meet, struct ask *one, struct ask *other) {
	struct address seen_one, seen_other;
	struct req *reqs[2] = {one->req, other->req};
	if (!forward_seen(one->visitor->peer, &seen_one)
			|| !forward_seen(other->visitor->peer, &seen_other)) {
		ask_fail(one); // it has lost its connection, or came here by a detour
		ask_fail(other);
		return;
	}
	// Behind one router, or on one network: there they reach one another by their own addresses.
	bool neighbours = address_same_host(&seen_one, &seen_other);
	struct box *way = join(meet, one->visitor->peer, other->visitor->peer);
	fill(one, other, &seen_other, neighbours, way);
	fill(other, one, &seen_one, neighbours, way);
	ask_destroy(one);
	ask_destroy(other);
	req_ok(reqs[0]);
	req_ok(reqs[1]);
}

static bool may_ask(struct visitor *visitor) {
	int64_t now = now_ms();
	visitor->credit += (double)(now - visitor->credit_ms) / 1000 * ASKS_PER_SECOND;
	visitor->credit = visitor->credit < ASKS_BURST ? visitor->credit : ASKS_BURST;
	visitor->credit_ms = now;
	if (visitor->credit < 1 || wl_list_length(&visitor->asks) >= ASKS_MAX) {
		return false;
	}
	visitor->credit--;
	return true;
}

/* Only what can be nobody else's in the world: no stranger is dialled at somebody's word. */
static void keep_addresses(struct ask *ask, const struct op_head *head) {
	size_t at = 0;
	for (const char *said; ask->at_size < AT_MAX && (said = op_each(head, OP_F_AT, &at));) {
		char host[ADDRESS_HOST];
		uint16_t port;
		struct address address;
		if (address_split(said, host, &port) && address_parse(&address, host, port)
				&& address_is_private(&address)) {
			address_print(&address, ask->at[ask->at_size++]);
		}
	}
}

static struct ask *find_ask(struct visitor *visitor, const char *key) {
	struct ask *ask;
	wl_list_for_each(ask, &visitor->asks, link) {
		if (strcmp(ask->key, key) == 0) {
			return ask;
		}
	}
	return NULL;
}

static void ask_gone(struct req *req) {
	ask_destroy(req->data);
}

static void meet_make(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = ask_gone};
	struct meet *meet = box->data;
	const char *key = op_get(req->head, OP_F_KEY);
	struct visitor *visitor = admit(meet, req);
	if (!visitor) {
		return;
	}
	if (!key || strlen(key) != KEYS_FINGERPRINT || strcmp(key, visitor->peer->key) == 0) {
		req_fail(req, OP_EARG, "whom to meet is said by its key, 64 hex digits (box info /n/NAME shows "
			"it)");
		return;
	}
	if (!may_ask(visitor)) {
		req_fail(req, OP_EQUOTA, "this node was asked to meet too often: wait a few seconds");
		return;
	}
	struct ask *ask = calloc(1, sizeof(*ask));
	if (!ask) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	ask->visitor = visitor;
	ask->req = req;
	ask->deadline_ms = now_ms() + WAIT_MS;
	strcpy(ask->key, key);
	keep_addresses(ask, req->head);
	wl_list_insert(visitor->asks.prev, &ask->link);
	req->data = ask;
	req->events = &events;
	struct visitor *other = visitor_by_key(meet, key);
	struct ask *counterpart = other ? find_ask(other, visitor->peer->key) : NULL;
	if (counterpart) {
		introduce(meet, counterpart, ask);
	} else if (other) {
		tell(other, visitor->peer->key);
	}
	wl_event_source_timer_update(meet->timer, TICK_MS);
}

static void feed_gone(struct req *req) {
	struct visitor *visitor = req->data;
	visitor->feed = NULL;
}

static void meet_getmem(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = feed_gone};
	struct meet *meet = box->data;
	struct visitor *visitor = admit(meet, req), *other;
	if (!visitor) {
		return;
	}
	if (!op_has(req->head, OP_F_LIVE)) {
		req_fail(req, OP_EARG, "a meeting point is listened to: getmem with live");
		return;
	}
	if (visitor->feed) { // of its last life
		req_end(visitor->feed, NULL);
	}
	visitor->feed = req;
	req->data = visitor;
	req->events = &events;
	req_ok_open(req, OP_BODY_CHUNKS, 0);
	wl_list_for_each(other, &meet->visitors, link) {
		if (find_ask(other, visitor->peer->key)) {
			tell(visitor, other->peer->key);
		}
	}
}

/* What nobody came for, and what nobody uses. */
static int handle_timer(void *data) {
	struct meet *meet = data;
	int64_t now = now_ms();
	bool more = false;
	struct visitor *visitor;
	wl_list_for_each(visitor, &meet->visitors, link) {
		struct ask *ask, *next;
		wl_list_for_each_safe(ask, next, &visitor->asks, link) {
			if (now >= ask->deadline_ms) {
				ask_fail(ask);
			} else {
				more = true;
			}
		}
	}
	struct box *box, *next_box;
	wl_list_for_each_safe(box, next_box, &meet->box->inner, link) {
		const struct crossing *crossing = box->data;
		if (forward_idle_ms(crossing->forward) >= IDLE_MS) {
			box_destroy(box);
		} else {
			more = true;
		}
	}
	if (more) {
		wl_event_source_timer_update(meet->timer, TICK_MS);
	}
	return 0;
}

void meet_box_peer_gone(struct box_env *env, struct peer *peer) {
	struct meet *meet = box_inner(box_tree_root(env->tree), "meet")->data;
	struct visitor *visitor = visitor_by_key(meet, peer->key);
	if (visitor) {
		visitor_destroy(visitor);
	}
}

static void meet_destroy(struct box *box) {
	struct meet *meet = box->data;
	struct visitor *visitor, *next;
	wl_list_for_each_safe(visitor, next, &meet->visitors, link) {
		visitor_destroy(visitor);
	}
	wl_event_source_remove(meet->timer);
	free(meet);
}

static const struct box_type meet_type = {
	.name = "meet",
	.fn = {[OP_GETMEM] = meet_getmem, [OP_MAKE] = meet_make},
	.names = true,
	.destroy = meet_destroy,
};

static bool meet_init(struct box_env *env) {
	struct meet *meet = calloc(1, sizeof(*meet));
	if (!meet) {
		return false;
	}
	meet->env = env;
	wl_list_init(&meet->visitors);
	meet->timer = wl_event_loop_add_timer(env->loop, handle_timer, meet);
	if (meet->timer) {
		meet->box = box_create(box_tree_root(env->tree), "meet", &meet_type, "meet", meet);
	}
	if (!meet->box) {
		if (meet->timer) {
			wl_event_source_remove(meet->timer);
		}
		free(meet);
		return false;
	}
	// Who is paired with this node may; but for s, with which one sees who meets whom.
	return !env->config->meet || box_set_acl(meet->box, "* kgm", NULL) == OP_OK;
}

const struct boxd_type boxd_type_meet = {.init = meet_init};
