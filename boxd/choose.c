/* SPDX-License-Identifier: MIT */
/*
 * choose.c - the box that a name of a name space means.
 *
 * What a name may mean is box/ns.c's, whether a box fits box/cnstr.c's. Asks and chooses; serves and
 * passes on nothing itself.
 */
#include "choose.h"

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
#define PEERS_MAX 64

struct probe {
	struct choice *choice;
	struct call *call; // NULL: answered
	char *name;        // of the box, as this node names it
	const char *want;  // the binding's, in choice->ns; NULL: nothing
	bool asked, fits;
	bool may; // do there what is asked for
	char type[OP_MAX_CNSTR + 1]; // its kind; "" when it has none, then why says what was answered
	struct op_refusal why;
};

struct choice {
	struct wl_list link; // chooser.list
	struct chooser *chooser;
	struct exchange *exchange;
	struct op_head head;
	struct subject subject;
	struct ns ns;         // as it was when the request came
	enum op_field field;  // whose name is being chosen
	bool makes;           // what is asked for is the parent of what will be made
	struct cnstr want;    // of the request
	bool has_want, wants; // there is one; it is for the name being chosen
	struct wl_event_source *timer;
	struct probe *probes; // in search order; NULL: none under way
	int count;
};

static const enum op_field named[] = {OP_F_NAME, OP_F_DEVICE, OP_F_TO, OP_F_SOURCE};

void chooser_init(struct chooser *chooser, const struct route *route,
		const struct caller *caller) {
	chooser->route = route;
	chooser->caller = caller;
	wl_list_init(&chooser->list);
}

static void drop_probes(struct choice *choice) {
	for (int i = 0; i < choice->count; i++) {
		call_destroy(choice->probes[i].call);
		free(choice->probes[i].name);
	}
	free(choice->probes);
	choice->probes = NULL;
	choice->count = 0;
}

// The exchange is the caller's.
static void choice_destroy(struct choice *choice) {
	wl_list_remove(&choice->link);
	drop_probes(choice);
	if (choice->timer) {
		wl_event_source_remove(choice->timer);
	}
	op_head_finish(&choice->head);
	ns_finish(&choice->ns);
	free(choice);
}

void chooser_finish(struct chooser *chooser) {
	struct choice *choice, *next;
	wl_list_for_each_safe(choice, next, &chooser->list, link) {
		exchange_destroy(choice->exchange);
		choice_destroy(choice);
	}
}

static void refuse(struct choice *choice, const struct op_refusal *why) {
	relay_refuse(choice->exchange, why);
	choice_destroy(choice);
}

static void refuse_memory(struct choice *choice) {
	const struct op_refusal memory = {.code = OP_EIO, .sentence = "out of memory"};
	refuse(choice, &memory);
}

/* What was seen of those that were asked. */

static const char *node_of(const struct choice *choice, const struct probe *probe) {
	const char *below = name_below("/n", probe->name);
	return below && *below ? below : keys_machine(choice->chooser->route->keys);
}

// A process is made below /proc; a binding below /ns/0/bind is made by asking for that itself.
static char *maker_of(const char *name) {
	const char *below = name_below("/n", name);
	size_t size;
	if (below) {
		name_next(&below, &size); // the node
	}
	const char *path = below ? below : name + 1;
	return strchr(path + (*path == '/'), '/') ? name_parent(name) : strdup(name);
}

static void refuse_all(struct choice *choice) {
	char want[OP_MAX_CNSTR + 1], seen[300] = "";
	struct op_refusal why;
	int count = 0;
	size_t size = 0;
	const char *name = op_get(&choice->head, choice->field);
	for (int i = 0; i < choice->count && size < sizeof(seen); i++) {
		const struct probe *probe = &choice->probes[i];
		const char *said = probe->type[0] ? probe->type :
			!probe->asked ? "no answer" :
			probe->why.code == OP_OK ? "no kind" : op_code_name(probe->why.code);
		count += probe->type[0] != '\0';
		const char *node = node_of(choice, probe);
		size += (size_t)snprintf(seen + size, sizeof(seen) - size, "%s%.*s %s", i ? ", " : "",
			(int)strcspn(node, "/"), node, said);
	}
	if (choice->wants || count > 0) {
		// What a make would be made in says it better than a name nobody has yet.
		char *maker = choice->makes ? maker_of(choice->probes[0].name) : NULL;
		op_refuse(&why, OP_EMATCH, "no %.150s fits %s (%d seen: %s)",
			maker ? name_last(maker) : name,
			choice->wants ? cnstr_print(&choice->want, want) : "what it is bound to", count, seen);
		free(maker);
	} else {
		op_refuse(&why, OP_ENOENT, "no such box %.150s (looked at: %s; box ns shows what names mean)",
			name, seen);
	}
	refuse(choice, &why);
}

static void next_name(struct choice *choice);

static void decided(struct choice *choice, const struct probe *probe) {
	wl_event_source_timer_update(choice->timer, 0);
	op_set(&choice->head, choice->field, probe->name);
	if (choice->wants) {
		op_unset(&choice->head, OP_F_WANT); // met, measured parts included
	}
	drop_probes(choice);
	next_name(choice);
}

// The first in order that fits, once all before it have said that they do not. If one fits where
// he may not make anything, it is asked all the same: it says best who could let him.
static void decide(struct choice *choice, bool late) {
	const struct probe *closed = NULL;
	for (int i = 0; i < choice->count; i++) {
		struct probe *probe = &choice->probes[i];
		if (!probe->asked && !late) {
			return;
		}
		if (probe->asked && probe->fits && probe->may) {
			decided(choice, probe);
			return;
		}
		closed = probe->asked && probe->fits && !closed ? probe : closed;
	}
	if (closed) {
		decided(choice, closed);
	} else {
		refuse_all(choice);
	}
}

static int handle_timer(void *data) {
	decide(data, true);
	return 0;
}

/* One box's kind. */

static struct peer *peer_of(const struct probe *probe) {
	struct way way;
	const struct choice *choice = probe->choice;
	return route_resolve(choice->chooser->route, probe->name, &choice->subject, true, &way, NULL) ==
		OP_OK && way.kind == WAY_PEER ? way.peer : NULL;
}

// What this node measured of another stands in its constraint, for wants like wifi or rtt<20,
// whatever the other says. false: there is no room for it.
static bool add_measured(struct cnstr *own, const struct peer *peer, char rtt[static 24]) {
	snprintf(rtt, 24, "%.1f", peer->rtt_ms);
	return (!peer->net[0] || cnstr_set_net(own, peer->net)) &&
		(peer->rtt_ms <= 0 || cnstr_set_attr(own, "rtt", rtt));
}

static bool allows_make(const struct op_head *kind) {
	const char *letters = op_get(kind, OP_F_LETTERS);
	return letters && strpbrk(letters, "mM");
}

static void probe_reply(void *data, const struct op_head *reply) {
	struct probe *probe = data;
	const struct choice *choice = probe->choice;
	const char *type = op_get(reply, OP_F_TYPE);
	struct cnstr own, wanted;
	char rtt[24];
	if (reply->refusal.code != OP_OK || !type || cnstr_parse(&own, type, NULL) != OP_OK) {
		return;
	}
	const struct peer *peer = peer_of(probe);
	if (peer && !add_measured(&own, peer, rtt)) {
		return;
	}
	cnstr_print(&own, probe->type);
	probe->may = !choice->makes || allows_make(reply);
	probe->fits = (!choice->wants || cnstr_meets(&own, &choice->want)) &&
		(!probe->want || (cnstr_parse(&wanted, probe->want, NULL) == OP_OK &&
			cnstr_meets(&own, &wanted)));
}

static void probe_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct probe *probe = data;
	probe->call = NULL;
	probe->asked = true;
	probe->why = *why;
	decide(probe->choice, false);
}

static bool probe_begin(struct probe *probe) {
	static const struct call_events events = {.reply = probe_reply, .ended = probe_ended};
	struct choice *choice = probe->choice;
	char *parent = choice->makes ? maker_of(probe->name) : NULL;
	struct op_head kind;
	op_head_init_request(&kind, OP_KIND);
	op_set(&kind, OP_F_NAME, parent ? parent : probe->name);
	probe->call = call_create(choice->chooser->route->loop, choice->chooser->caller, &kind,
		&choice->subject, &events, probe);
	op_head_finish(&kind);
	free(parent);
	return probe->call;
}

/* Where "any" is. */

static int compare_peers(const void *a, const void *b) {
	const struct peer *one = *(struct peer *const *)a, *other = *(struct peer *const *)b;
	if (one->up != other->up) {
		return one->up ? -1 : 1;
	}
	return one->rtt_ms < other->rtt_ms ? -1 : one->rtt_ms > other->rtt_ms;
}

// Peers whose person the subject may act towards (route.c decides), the near ones first.
static int list_peers(const struct choice *choice, struct peer *peers[static PEERS_MAX]) {
	const struct route *route = choice->chooser->route;
	int count = 0;
	struct peer *peer;
	if (!route->quic) {
		return 0;
	}
	wl_list_for_each(peer, quic_peers(route->quic), link) {
		char name[sizeof(peer->petname) + 4];
		struct way way;
		snprintf(name, sizeof(name), "/n/%s", peer->petname);
		if (count < PEERS_MAX &&
				route_resolve(route, name, &choice->subject, true, &way, NULL) == OP_OK) {
			peers[count++] = peer;
		}
	}
	qsort(peers, (size_t)count, sizeof(peers[0]), compare_peers);
	return count;
}

// A where is a name of this node's below /n.
static char *whole_name(const char *node, const char *where) {
	char key[65], *name;
	const char *rest;
	if (where_split(where, key, &rest, NULL) != OP_OK) {
		return NULL;
	}
	node = key[0] ? key : node;
	const char *below = strcmp(rest, "/") == 0 ? "" : rest;
	return node ? (asprintf(&name, "/n/%s%s", node, below) < 0 ? NULL : name) : strdup(rest);
}

static bool add_probe(struct choice *choice, const char *node, const struct ns_meaning *meaning) {
	struct probe *probe = &choice->probes[choice->count];
	*probe = (struct probe){.choice = choice, .want = meaning->want};
	probe->name = whole_name(node, meaning->name);
	choice->count += probe->name != NULL;
	return probe->name;
}

static bool add_meanings(struct choice *choice, const struct ns_meaning *meanings, int count) {
	struct peer *peers[PEERS_MAX];
	int peer_count = list_peers(choice, peers);
	bool good = true;
	choice->probes = calloc((size_t)(count * (peer_count + 1)), sizeof(struct probe));
	for (int i = 0; i < count && choice->probes && good; i++) {
		good = add_probe(choice, NULL, &meanings[i]);
		for (int j = 0; j < peer_count && meanings[i].any && good; j++) {
			good = add_probe(choice, peers[j]->petname, &meanings[i]);
		}
	}
	return choice->probes && good;
}

/* The names of a request, one behind the other. */

static void free_meanings(struct ns_meaning *meanings, int count) {
	for (int i = 0; i < count; i++) {
		free(meanings[i].name);
	}
}

// A name that means one box, whatever it is.
static bool is_plain(const struct ns_meaning *meanings, int count) {
	return count == 1 && !meanings[0].any && !meanings[0].want;
}

// true: all names of the head mean one box each now, or *field is the first that may mean several.
static bool set_plain(const struct ns *ns, struct op_head *head, size_t from, size_t *stopped) {
	for (size_t i = from; i < sizeof(named) / sizeof(named[0]); i++) {
		struct ns_meaning meanings[NS_MEANINGS];
		const char *name = op_get(head, named[i]);
		if (!name || name[0] != '/') {
			continue;
		}
		int count = ns_mean(ns, name, meanings);
		bool plain = is_plain(meanings, count);
		char *whole = plain ? whole_name(NULL, meanings[0].name) : NULL;
		free_meanings(meanings, count);
		if (count < 0 || (plain && !whole)) {
			return false;
		}
		if (!plain) {
			*stopped = i;
			return true;
		}
		op_set(head, named[i], whole);
		free(whole);
	}
	*stopped = sizeof(named) / sizeof(named[0]);
	return true;
}

// Whose box the request's want is for.
static enum op_field wanted_field(const struct op_head *head) {
	return head->verb == OP_LINK ? OP_F_DEVICE :
		head->verb == OP_COPY && op_has(head, OP_F_SOURCE) ? OP_F_SOURCE : OP_F_NAME;
}

static size_t index_of(enum op_field field) {
	size_t i = 0;
	while (named[i] != field) {
		i++;
	}
	return i;
}

static void ask_all(struct choice *choice) {
	struct ns_meaning meanings[NS_MEANINGS];
	int count = ns_mean(&choice->ns, op_get(&choice->head, choice->field), meanings);
	bool good = count > 0 && add_meanings(choice, meanings, count);
	if (count > 0) {
		free_meanings(meanings, count);
	}
	for (int i = 0; i < choice->count && good; i++) {
		good = probe_begin(&choice->probes[i]);
	}
	if (!good || wl_event_source_timer_update(choice->timer, PATIENCE_MS) < 0) {
		refuse_memory(choice);
	}
}

static void go_on(struct choice *choice, size_t from) {
	size_t stopped;
	if (!set_plain(&choice->ns, &choice->head, from, &stopped)) {
		refuse_memory(choice);
		return;
	}
	if (stopped < sizeof(named) / sizeof(named[0])) {
		choice->field = named[stopped];
		choice->makes = choice->head.verb == OP_MAKE;
		choice->wants = choice->has_want && choice->field == wanted_field(&choice->head);
		ask_all(choice);
		return;
	}
	struct chooser *chooser = choice->chooser;
	struct exchange *exchange = choice->exchange;
	struct subject subject = choice->subject;
	struct op_head head = choice->head;
	op_head_init_request(&choice->head, head.verb);
	choice_destroy(choice);
	exchange_pause(exchange, false);
	chooser->chosen(chooser->data, exchange, &head, &subject);
	op_head_finish(&head);
}

static void next_name(struct choice *choice) {
	go_on(choice, index_of(choice->field) + 1);
}

static void choice_gone(void *data, const struct op_refusal *why) {
	struct choice *choice = data;
	exchange_destroy(choice->exchange);
	choice_destroy(choice);
}

bool choose(struct chooser *chooser, const struct ns *ns, struct exchange *exchange,
		struct op_head *head, const struct subject *subject) {
	static const struct exchange_events events = {.gone = choice_gone};
	struct op_refusal memory = {.code = OP_EIO, .sentence = "out of memory"};
	size_t stopped;
	if (!set_plain(ns, head, 0, &stopped)) {
		relay_refuse(exchange, &memory);
		return true;
	}
	if (stopped == sizeof(named) / sizeof(named[0])) {
		return false;
	}
	struct choice *choice = calloc(1, sizeof(*choice));
	const char *want = op_get(head, OP_F_WANT);
	if (!choice) {
		relay_refuse(exchange, &memory);
		return true;
	}
	wl_list_insert(&chooser->list, &choice->link);
	choice->chooser = chooser;
	choice->exchange = exchange;
	choice->subject = *subject;
	choice->timer = wl_event_loop_add_timer(chooser->route->loop, handle_timer, choice);
	exchange_listen(exchange, &events, choice);
	exchange_pause(exchange, true);
	bool good = ns_copy(&choice->ns, ns) && op_head_copy(&choice->head, head) && choice->timer;
	choice->has_want = want && cnstr_parse(&choice->want, want, NULL) == OP_OK;
	if (!good) {
		refuse_memory(choice);
	} else {
		go_on(choice, stopped);
	}
	return true;
}
