/* SPDX-License-Identifier: MIT */
/*
 * union.c - boxes of one kind on all nodes under one name, chosen by constraint.
 *
 * Asks, chooses, and passes the request on; it serves nothing itself.
 */
#include "union.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/cnstr.h"
#include "box/name.h"
#include "quic/keys.h"
#include "quic/quic.h"
#include "relay.h"

// A node that has not said its kind by then does not take part in the choice.
#define PATIENCE_MS 4000

struct probe {
	struct choice *choice;
	struct call *call; // NULL: answered, or this node's own
	struct caller caller;
	char key[KEYS_FINGERPRINT + 1]; // "" this node
	char node[130];                 // for sentences
	bool asked, meets;
	char type[OP_MAX_CNSTR + 1]; // its kind; "" when it has none, then why says what was answered
	struct op_refusal why;
};

struct choice {
	struct wl_list link; // unions.list
	struct unions *unions;
	struct exchange *exchange;
	struct op_head head;
	struct subject subject;
	struct cnstr want;
	char *name;  // on whichever node
	char *kind;  // whose kind is asked: the parent of what a make makes
	struct wl_event_source *timer;
	struct probe *probes; // in order of preference
	int count;
};

void unions_init(struct unions *unions, const struct route *route, struct relays *relays,
		struct box_server *server) {
	unions->route = route;
	unions->relays = relays;
	unions->server = server;
	wl_list_init(&unions->list);
}

// The exchange is the caller's.
static void choice_destroy(struct choice *choice) {
	wl_list_remove(&choice->link);
	for (int i = 0; i < choice->count; i++) {
		call_destroy(choice->probes[i].call);
	}
	if (choice->timer) {
		wl_event_source_remove(choice->timer);
	}
	op_head_finish(&choice->head);
	free(choice->probes);
	free(choice->name);
	free(choice->kind);
	free(choice);
}

void unions_finish(struct unions *unions) {
	struct choice *choice, *next;
	wl_list_for_each_safe(choice, next, &unions->list, link) {
		exchange_destroy(choice->exchange);
		choice_destroy(choice);
	}
}

static void pass_on(struct choice *choice, const struct probe *probe) {
	struct unions *unions = choice->unions;
	struct exchange *exchange = choice->exchange;
	struct way way = {.kind = WAY_HERE, .name = choice->name};
	struct op_refusal refusal = {.code = OP_EUNREACH, .sentence = "the node was forgotten"};
	op_unset(&choice->head, OP_F_WANT); // met, measured parts included
	if (probe->key[0]) {
		way.kind = WAY_PEER;
		way.peer = quic_peer_by_key(unions->route->quic, probe->key);
	}
	if ((way.kind == WAY_PEER && !way.peer) ||
			route_rewrite(unions->route, &way, &choice->head, &refusal) != OP_OK) {
		relay_refuse(exchange, &refusal);
	} else if (way.kind == WAY_PEER) {
		exchange_pause(exchange, false);
		relay_create(unions->relays, exchange, &way, &choice->head, &choice->subject);
	} else {
		exchange_pause(exchange, false);
		box_server_give_back(unions->server, exchange, &choice->head, &choice->subject);
	}
	choice_destroy(choice);
}

static void refuse(struct choice *choice) {
	char want[OP_MAX_CNSTR + 1];
	struct op_refusal why;
	char seen[300] = "";
	int count = 0;
	size_t size = 0;
	for (int i = 0; i < choice->count && size < sizeof(seen); i++) {
		const struct probe *probe = &choice->probes[i];
		const char *said = probe->type[0] ? probe->type :
			!probe->asked ? "no answer" :
			probe->why.code == OP_OK ? "no kind" : op_code_name(probe->why.code);
		count += probe->type[0] != '\0';
		size += (size_t)snprintf(seen + size, sizeof(seen) - size, "%s%s %s", i ? ", " : "",
			probe->node, said);
	}
	op_refuse(&why, OP_EMATCH, "no %s fits %s (%d seen: %s)", choice->kind + 1,
		cnstr_print(&choice->want, want), count, seen);
	relay_refuse(choice->exchange, &why);
	choice_destroy(choice);
}

// The first in order that fits, once all before it have said that they do not.
static void decide(struct choice *choice, bool late) {
	for (int i = 0; i < choice->count; i++) {
		struct probe *probe = &choice->probes[i];
		if (!probe->asked && !late) {
			return;
		}
		if (probe->asked && probe->meets) {
			pass_on(choice, probe);
			return;
		}
	}
	refuse(choice);
}

static int handle_timer(void *data) {
	decide(data, true);
	return 0;
}

// What this node measured of another stands in its constraint, for wants like wifi or rtt<20,
// whatever the other says. false: there is no room for it.
static bool add_measured(struct cnstr *own, const struct peer *peer, char rtt[static 24]) {
	snprintf(rtt, 24, "%.1f", peer->rtt_ms);
	return (!peer->net[0] || cnstr_set_net(own, peer->net)) &&
		(peer->rtt_ms <= 0 || cnstr_set_attr(own, "rtt", rtt));
}

static void probe_kind(struct probe *probe, const struct op_head *kind) {
	struct choice *choice = probe->choice;
	const char *type = op_get(kind, OP_F_TYPE);
	struct cnstr own;
	char rtt[24];
	if (!type || cnstr_parse(&own, type, NULL) != OP_OK) {
		return;
	}
	struct peer *peer = probe->key[0] ?
		quic_peer_by_key(choice->unions->route->quic, probe->key) : NULL;
	if (peer && !add_measured(&own, peer, rtt)) {
		return;
	}
	cnstr_print(&own, probe->type);
	probe->meets = cnstr_meets(&own, &choice->want);
}

static void probe_reply(void *data, const struct op_head *reply) {
	if (reply->refusal.code == OP_OK) {
		probe_kind(data, reply);
	}
}

static void probe_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct probe *probe = data;
	probe->call = NULL;
	probe->asked = true;
	probe->why = *why;
	decide(probe->choice, false);
}

static const struct call_events probe_events = {.reply = probe_reply, .ended = probe_ended};

static struct stream *probe_open(void *data, struct op_head *head, const struct subject *subject,
		struct op_refusal *refusal) {
	struct probe *probe = data;
	const struct route *route = probe->choice->unions->route;
	struct way way = {.kind = WAY_PEER, .name = probe->choice->kind};
	way.peer = quic_peer_by_key(route->quic, probe->key);
	if (!way.peer) {
		op_refuse(refusal, OP_ENOENT, "that node was forgotten");
		return NULL;
	}
	return route_open(route, &way, head, subject, refusal);
}

static void choice_gone(void *data, const struct op_refusal *why) {
	struct choice *choice = data;
	exchange_destroy(choice->exchange);
	choice_destroy(choice);
}

static const struct exchange_events choice_events = {.gone = choice_gone};

static void probe_here(struct choice *choice, struct probe *probe) {
	const struct unions *unions = choice->unions;
	const char *rest;
	struct box *box = box_find(unions->server->tree, choice->kind, &rest);
	snprintf(probe->node, sizeof(probe->node), "%s", keys_machine(unions->route->keys));
	probe->asked = true;
	op_refuse(&probe->why, OP_ENOENT, "no such box");
	if ((*rest == '\0' || box->type->walks) && box_allows(box, &choice->subject, 'k') == PERM_YES) {
		struct op_head kind;
		op_head_init_reply(&kind);
		op_set(&kind, OP_F_TYPE, box->cnstr);
		probe_kind(probe, &kind);
		op_head_finish(&kind);
	}
}

static int compare_peers(const void *a, const void *b) {
	const struct peer *one = *(struct peer *const *)a, *other = *(struct peer *const *)b;
	if (one->up != other->up) {
		return one->up ? -1 : 1;
	}
	return one->rtt_ms < other->rtt_ms ? -1 : one->rtt_ms > other->rtt_ms;
}

// Peers whose person the subject may act towards (route.c decides), the near ones first.
static int list_peers(const struct unions *unions, const struct subject *subject,
		struct peer **peers, int max) {
	int count = 0;
	struct peer *peer;
	if (!unions->route->quic) {
		return 0;
	}
	wl_list_for_each(peer, quic_peers(unions->route->quic), link) {
		char name[sizeof(peer->petname) + 4];
		struct way way;
		snprintf(name, sizeof(name), "/n/%s", peer->petname);
		if (count < max &&
				route_resolve(unions->route, name, subject, true, &way, NULL) == OP_OK) {
			peers[count++] = peer;
		}
	}
	qsort(peers, (size_t)count, sizeof(peers[0]), compare_peers);
	return count;
}

static bool choice_begin(struct choice *choice) {
	struct unions *unions = choice->unions;
	struct wl_event_loop *loop = unions->route->loop;
	struct peer *peers[64];
	int count = list_peers(unions, &choice->subject, peers, 64);
	choice->probes = calloc((size_t)count + 1, sizeof(struct probe));
	choice->timer = wl_event_loop_add_timer(loop, handle_timer, choice);
	if (!choice->probes || !choice->timer) {
		return false;
	}
	wl_event_source_timer_update(choice->timer, PATIENCE_MS);
	choice->count = count + 1;
	for (int i = 0; i < choice->count; i++) {
		choice->probes[i].choice = choice;
	}
	probe_here(choice, &choice->probes[0]);
	struct op_head kind;
	op_head_init_request(&kind, OP_KIND);
	op_set(&kind, OP_F_NAME, choice->kind);
	bool good = true;
	for (int i = 1; i < choice->count; i++) {
		struct probe *probe = &choice->probes[i];
		strcpy(probe->key, peers[i - 1]->key);
		strcpy(probe->node, peers[i - 1]->petname);
		probe->caller = (struct caller){.open = probe_open, .data = probe};
		probe->call = call_create(loop, &probe->caller, &kind, &choice->subject, &probe_events,
			probe);
		good = good && probe->call;
	}
	op_head_finish(&kind);
	return good;
}

static bool choice_init(struct choice *choice, const char *below, const struct op_head *head) {
	const char *want = op_get(head, OP_F_WANT);
	choice->name = name_join("/", below);
	bool made = head->verb == OP_MAKE && strchr(below, '/');
	choice->kind = !choice->name ? NULL : made ? name_parent(choice->name) : strdup(choice->name);
	return op_head_copy(&choice->head, head) && choice->name && choice->kind &&
		cnstr_parse(&choice->want, want ? want : "*", NULL) == OP_OK && choice_begin(choice);
}

bool union_take(struct unions *unions, struct exchange *exchange, const struct op_head *head,
		const struct subject *subject) {
	const char *below = name_below("/b", op_get(head, OP_F_NAME));
	if (!below || !*below) {
		return false;
	}
	struct op_refusal memory = {.code = OP_EIO, .sentence = "out of memory"};
	struct choice *choice = calloc(1, sizeof(*choice));
	if (!choice) {
		relay_refuse(exchange, &memory);
		return true;
	}
	wl_list_insert(&unions->list, &choice->link);
	choice->unions = unions;
	choice->exchange = exchange;
	choice->subject = *subject;
	exchange_listen(exchange, &choice_events, choice);
	exchange_pause(exchange, true);
	if (!choice_init(choice, below, head)) {
		relay_refuse(exchange, &memory);
		choice_destroy(choice);
	} else {
		decide(choice, false);
	}
	return true;
}
