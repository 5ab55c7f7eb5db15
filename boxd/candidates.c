/* SPDX-License-Identifier: MIT */
/*
 * candidates.c - the boxes that a name may mean, asked for their kinds.
 *
 * What a name may mean is box/ns.c's, whether a box fits box/cnstr.c's, which is meant choose.c's.
 */
#include "candidates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ads/follow.h"
#include "box/name.h"
#include "kinds.h"
#include "quic/keys.h"
#include "quic/quic.h"

static void forget_list(struct candidates *candidates) {
	for (int i = 0; i < candidates->count; i++) {
		call_destroy(candidates->list[i].call);
		free(candidates->list[i].name);
		free(candidates->list[i].bound);
	}
	free(candidates->list);
	candidates->list = NULL;
	candidates->count = 0;
}

void candidates_finish(struct candidates *candidates) {
	forget_list(candidates);
}

/* What was seen of those that were asked. */

static const char *node_of(const struct candidates *candidates, const struct candidate *candidate) {
	const char *below = name_below("/n", candidate->name);
	return below && *below ? below : keys_machine(candidates->route->keys);
}

static const char *said_of(const struct candidate *candidate) {
	return candidate->type[0] ? candidate->type : !candidate->asked ? "no answer" :
		candidate->why.code == OP_OK ? "no kind" : op_code_name(candidate->why.code);
}

#define MORE 24 // bytes, for " and 1234567890 more"

int candidates_print(const struct candidates *candidates, char *out, size_t out_size) {
	int count = 0, printed = 0;
	size_t size = 0;
	out[0] = '\0';
	for (int i = 0; i < candidates->count; i++) {
		const struct candidate *candidate = &candidates->list[i];
		const char *node = node_of(candidates, candidate);
		size_t room = out_size - size - (i + 1 < candidates->count ? MORE : 0);
		count += candidate->type[0] != '\0';
		if (printed < i) {
			continue;
		}
		size_t more = (size_t)snprintf(out + size, room, "%s%.*s %s", i ? ", " : "",
			(int)strcspn(node, "/"), node, said_of(candidate));
		printed += more < room;
		size += more < room ? more : 0;
	}
	if (printed < candidates->count) {
		snprintf(out + size, out_size - size, "%s%d more", printed > 0 ? " and " : "",
			candidates->count - printed);
	}
	return count;
}

// A process is made below /proc; a binding below /ns/0/bind is made by asking for that itself.
char *candidate_maker(const char *name) {
	const char *below = name_below("/n", name);
	size_t size;
	if (below) {
		name_next(&below, &size); // the node
	}
	const char *path = below ? below : name + 1;
	return strchr(path + (*path == '/'), '/') ? name_parent(name) : strdup(name);
}

/* One box's kind. */

static struct peer *peer_of(const struct candidate *candidate) {
	struct way way;
	const struct candidates *all = candidate->all;
	return route_resolve(all->route, candidate->name, all->subject, true, &way, NULL) == OP_OK &&
		way.kind == WAY_PEER ? way.peer : NULL;
}

// What this node measured of another stands in its constraint, for wants like wifi or rtt<20,
// whatever the other says. false: there is no room for it.
static bool add_measured(struct cnstr *own, const struct peer *peer, char rtt[static 24]) {
	snprintf(rtt, 24, "%.1f", peer->rtt_ms);
	return (!peer->net[0] || cnstr_set_net(own, peer->net)) &&
		(peer->rtt_ms <= 0 || cnstr_set_attr(own, "rtt", rtt));
}

// letters NULL: none.
static bool allows(const struct candidates *candidates, const char *letters) {
	return !candidates->parents ||
		(letters && strpbrk(letters, candidates->use == CANDIDATE_PUT ? "pP" : "mM"));
}

static bool meets_binding(const struct candidate *candidate, const struct cnstr *own) {
	struct cnstr wanted;
	return cnstr_parse(&wanted, candidate->want, NULL) == OP_OK && cnstr_meets(own, &wanted);
}

// A want is of the box, not of the folder that it comes into being in.
static bool fits(const struct candidate *candidate) {
	const struct candidates *all = candidate->all;
	bool own = all->use != CANDIDATE_PUT || !all->parents;
	return (!all->want || !own || cnstr_meets(&candidate->own, all->want)) &&
		(!candidate->want || candidate->bound_meets || !own ||
			meets_binding(candidate, &candidate->own));
}

// What the box is said to be, with what this node measured. false: nothing.
static bool take_type(struct candidate *candidate, const char *type) {
	struct cnstr said;
	char rtt[24];
	if (cnstr_parse(&said, type, NULL) != OP_OK) {
		return false;
	}
	const struct peer *peer = peer_of(candidate);
	if (peer && !add_measured(&said, peer, rtt)) {
		return false;
	}
	cnstr_print(&said, candidate->type);
	if (cnstr_parse(&candidate->own, candidate->type, NULL) != OP_OK) {
		candidate->type[0] = '\0';
		return false;
	}
	return true;
}

static bool take_kind(struct candidate *candidate, const struct op_head *reply) {
	const char *type = op_get(reply, OP_F_TYPE);
	return reply->refusal.code == OP_OK && type && take_type(candidate, type);
}

// The name of what is asked for its kind, at its own node; malloc'd. NULL: that is this one, or no memory.
static char *name_there(const struct candidate *candidate) {
	char *name = candidate->all->parents ? candidate_maker(candidate->name) : strdup(candidate->name);
	const char *below = name ? name_below("/n", name) : NULL;
	size_t size;
	char *there = below && name_next(&below, &size) ? strdup(*below ? below : "/") : NULL;
	free(name);
	return there;
}

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Only what agrees with the node's ads, which tell when it changes long before the time is over. What
// does not agree, they may never be the wiser of: a right that is taken away and given back at once
// looks as if nothing had happened.
static void keep(const struct candidate *candidate, const struct op_head *reply) {
	const struct candidates *all = candidate->all;
	const struct peer *peer = all->follow ? peer_of(candidate) : NULL;
	const struct ads_node *node = peer ? follow_node(all->follow, peer) : NULL;
	char *name = node && node->whole ? name_there(candidate) : NULL;
	bool agrees = name && (reply->refusal.code == OP_OK ? ads_node_find(node, name) != NULL :
		!ads_node_may_have(node, name));
	if (agrees) {
		kinds_keep(all->kinds, peer->key, name, all->subject, reply, now_ms());
	} else if (name) {
		kinds_forget_below(all->kinds, peer->key, name);
	}
	free(name);
}

static void take_answer(struct candidate *candidate, const struct op_head *reply) {
	if (take_kind(candidate, reply)) {
		candidate->there = true;
		candidate->may = allows(candidate->all, op_get(reply, OP_F_LETTERS));
		candidate->fits = fits(candidate);
	}
}

static void kind_reply(void *data, const struct op_head *reply) {
	take_answer(data, reply);
	keep(data, reply);
}

static void kind_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct candidate *candidate = data;
	candidate->call = NULL;
	candidate->asked = true;
	candidate->why = *why;
	candidate->all->told(candidate->all->data);
}

static bool ask_kind(struct candidate *candidate);

static void bound_reply(void *data, const struct op_head *reply) {
	struct candidate *candidate = data;
	candidate->bound_meets = take_kind(candidate, reply) &&
		meets_binding(candidate, &candidate->own);
}

static void bound_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct candidate *candidate = data;
	candidate->call = NULL;
	if (!candidate->bound_meets || !ask_kind(candidate)) {
		kind_ended(data, why, trailer);
	}
}

// Of what is below a box that is bound with a want, first whether that box meets it.
static bool ask_kind(struct candidate *candidate) {
	static const struct call_events bound_events = {.reply = bound_reply, .ended = bound_ended};
	static const struct call_events events = {.reply = kind_reply, .ended = kind_ended};
	const struct candidates *all = candidate->all;
	char *parent = all->parents ? candidate_maker(candidate->name) : NULL;
	const char *asked = parent ? parent : candidate->name;
	bool bound = candidate->want && !candidate->bound_meets && strcmp(candidate->bound, asked) != 0;
	struct op_head kind;
	op_head_init_request(&kind, OP_KIND);
	op_set(&kind, OP_F_NAME, bound ? candidate->bound : asked);
	candidate->asked = candidate->fits = candidate->may = candidate->there = false;
	candidate->type[0] = '\0';
	candidate->call = call_create(all->route->loop, all->caller, &kind, all->subject,
		bound ? &bound_events : &events, candidate);
	op_head_finish(&kind);
	free(parent);
	return candidate->call;
}

/* What need not be asked. */

// The box that is asked first: the one that a binding's want is for, or what is meant.
static char *first_name(const struct candidate *candidate, bool *bound) {
	char *name = candidate->all->parents ? candidate_maker(candidate->name) : strdup(candidate->name);
	*bound = name && candidate->want && !candidate->bound_meets &&
		strcmp(candidate->bound, name) != 0;
	if (*bound) {
		free(name);
		name = strdup(candidate->bound);
	}
	return name;
}

// Whether an own node's ads say that the box is not there, or is not what is wanted. Another person's
// node may have what it does not advertise to us.
static bool denied_by_ads(struct candidate *candidate, const struct peer *peer) {
	const struct candidates *all = candidate->all;
	const struct ads_node *node = follow_node(all->follow, peer);
	const char *person = keys_person(all->route->keys), *below;
	size_t size;
	bool bound, denied = false;
	if (!node || !node->whole || !person || strcmp(person, peer->subject.person) != 0) {
		return false;
	}
	char *name = first_name(candidate, &bound);
	if (name && (below = name_below("/n", name)) && name_next(&below, &size) && *below) {
		const struct ad *ad = ads_node_find(node, below);
		if (ad && take_type(candidate, ad->type)) {
			denied = bound ? !meets_binding(candidate, &candidate->own) : !fits(candidate);
		} else if (!ad && !ads_node_may_have(node, below)) {
			denied = true;
			op_refuse(&candidate->why, OP_ENOENT, "%s advertises no %s", peer->petname, below);
		}
	}
	free(name);
	return denied;
}

static bool is_this_node(const struct route *route, const struct subject *subject) {
	const char *person = keys_person(route->keys);
	return person && strcmp(subject->person, person) == 0 &&
		strcmp(subject->machine, keys_machine(route->keys)) == 0;
}

// Whether the ads say that the box is there and is what is wanted. They were told to this node's person,
// and change with the rights he has; if they are late, the node itself refuses what it is asked to do.
static bool allowed_by_ads(struct candidate *candidate, const struct peer *peer) {
	const struct candidates *all = candidate->all;
	const struct ads_node *node = follow_node(all->follow, peer);
	if (!node || !quic_hears(peer) || !is_this_node(all->route, all->subject)) {
		return false;
	}
	bool bound;
	char *first = first_name(candidate, &bound), *name = bound ? NULL : name_there(candidate);
	const struct ad *ad = name ? ads_node_find(node, name) : NULL;
	free(first);
	free(name);
	candidate->there = ad && take_type(candidate, ad->type);
	candidate->may = candidate->there && allows(all, ad->letters);
	candidate->fits = candidate->there && fits(candidate);
	if (!candidate->may || !candidate->fits) {
		candidate->there = candidate->may = candidate->fits = false;
		candidate->type[0] = '\0';
	}
	return candidate->there;
}

// Whether the node has answered just that, of late and for the same subject.
static bool answered_of_late(struct candidate *candidate, const struct peer *peer) {
	const struct candidates *all = candidate->all;
	bool bound;
	char *first = first_name(candidate, &bound), *name = bound ? NULL : name_there(candidate);
	const struct known_kind *known = name ?
		kinds_find(all->kinds, peer->key, name, all->subject, now_ms()) : NULL;
	free(first);
	free(name);
	if (!known) {
		return false;
	}
	struct op_head reply;
	candidate->fits = candidate->may = candidate->there = false;
	candidate->type[0] = '\0'; // an ad may have said one
	op_head_init_reply(&reply);
	reply.refusal = candidate->why = known->why;
	if (known->type) {
		op_set(&reply, OP_F_TYPE, known->type);
		op_set(&reply, OP_F_LETTERS, known->letters);
	}
	take_answer(candidate, &reply);
	op_head_finish(&reply);
	return true;
}

// false: no memory.
static bool begin(struct candidate *candidate) {
	const struct candidates *all = candidate->all;
	const struct peer *peer = all->follow ? peer_of(candidate) : NULL;
	struct op_refusal why;
	candidate->asked = peer && (denied_by_ads(candidate, peer) ||
		allowed_by_ads(candidate, peer) || answered_of_late(candidate, peer));
	if (candidate->asked) {
		return true;
	}
	candidate->lost = peer && follow_is_gone(all->follow, peer, &why);
	return ask_kind(candidate);
}

bool candidates_any_lost(const struct candidates *candidates) {
	bool any = false;
	for (int i = 0; i < candidates->count; i++) {
		any = any || (candidates->list[i].lost && !candidates->list[i].asked);
	}
	return any;
}

bool candidates_give_up_lost(struct candidates *candidates) {
	bool any = candidates_any_lost(candidates);
	for (int i = 0; i < candidates->count; i++) {
		struct candidate *candidate = &candidates->list[i];
		if (candidate->lost && !candidate->asked) {
			call_destroy(candidate->call);
			candidate->call = NULL;
			candidate->asked = true;
			op_refuse(&candidate->why, OP_EUNREACH, "its node has not returned");
		}
	}
	return any;
}

/* Where "any" is. */

static int compare_peers(const void *a, const void *b) {
	const struct peer *one = *(struct peer *const *)a, *other = *(struct peer *const *)b;
	if (one->up != other->up) {
		return one->up ? -1 : 1;
	}
	return one->rtt_ms < other->rtt_ms ? -1 : one->rtt_ms > other->rtt_ms;
}

// Towards whom the subject may act, route.c decides.
struct peer **candidate_peers(const struct route *route, const struct subject *subject, int *count) {
	struct peer *peer;
	int all = route->quic ? wl_list_length(quic_peers(route->quic)) : 0;
	struct peer **peers = calloc((size_t)all + 1, sizeof(struct peer *));
	*count = 0;
	if (!peers || !route->quic) {
		return peers;
	}
	wl_list_for_each(peer, quic_peers(route->quic), link) {
		char name[sizeof(peer->petname) + 4];
		struct way way;
		snprintf(name, sizeof(name), "/n/%s", peer->petname);
		if (route_resolve(route, name, subject, true, &way, NULL) == OP_OK) {
			peers[(*count)++] = peer;
		}
	}
	qsort(peers, (size_t)*count, sizeof(peers[0]), compare_peers);
	return peers;
}

char *candidate_name(const char *node, const char *where) {
	char key[65], *name;
	const char *rest;
	if (where_split(where, key, &rest, NULL) != OP_OK) {
		return NULL;
	}
	node = key[0] ? key : node;
	const char *below = strcmp(rest, "/") == 0 ? "" : rest;
	return node ? (asprintf(&name, "/n/%s%s", node, below) < 0 ? NULL : name) : strdup(rest);
}

static bool add(struct candidates *candidates, const char *node, const struct ns_meaning *meaning) {
	struct candidate *candidate = &candidates->list[candidates->count];
	*candidate = (struct candidate){.all = candidates, .want = meaning->want};
	char *bound = strndup(meaning->name, meaning->bound);
	candidate->name = candidate_name(node, meaning->name);
	candidate->bound = bound ? candidate_name(node, bound) : NULL;
	free(bound);
	candidates->count++;
	return candidate->name && candidate->bound;
}

static bool add_meanings(struct candidates *candidates, const struct ns_meaning *meanings,
		int count) {
	int peer_count;
	struct peer **peers = candidate_peers(candidates->route, candidates->subject, &peer_count);
	bool good = peers;
	candidates->list = calloc((size_t)(count * (peer_count + 1)), sizeof(struct candidate));
	for (int i = 0; i < count && candidates->list && good; i++) {
		good = add(candidates, NULL, &meanings[i]);
		for (int j = 0; j < peer_count && meanings[i].any && good; j++) {
			good = add(candidates, peers[j]->petname, &meanings[i]);
		}
	}
	free(peers);
	return candidates->list && good;
}

bool candidates_ask(struct candidates *candidates, const struct ns *ns, const char *name) {
	struct ns_meaning meanings[NS_MEANINGS];
	int count = ns_mean(ns, name, meanings);
	bool good = count > 0 && add_meanings(candidates, meanings, count);
	for (int i = 0; i < count; i++) {
		free(meanings[i].name);
	}
	candidates->parents = candidates->use == CANDIDATE_MAKE;
	for (int i = 0; i < candidates->count && good; i++) {
		good = begin(&candidates->list[i]);
	}
	return good;
}

// None that is there, and none of which that is not known.
static bool none_there(const struct candidates *candidates) {
	bool none = true;
	for (int i = 0; i < candidates->count && none; i++) {
		none = !candidates->list[i].there;
	}
	return none;
}

bool candidates_over(struct candidates *candidates, bool late) {
	for (int i = 0; i < candidates->count && !late; i++) {
		if (!candidates->list[i].asked) {
			return false;
		}
	}
	if (candidates->use != CANDIDATE_PUT || candidates->parents || !none_there(candidates)) {
		return true;
	}
	bool any = false, good = true;
	candidates->parents = true;
	for (int i = 0; i < candidates->count && good; i++) {
		struct candidate *candidate = &candidates->list[i];
		call_destroy(candidate->call);
		candidate->call = NULL;
		if (candidate->asked && candidate->why.code == OP_ENOENT) {
			good = begin(candidate);
			any = any || !candidate->asked;
		}
	}
	return !any || !good; // without memory for it, it is as if none were there
}
