/* SPDX-License-Identifier: MIT */
/*
 * pair.c - pairings that were asked for here: how long they wait, whom they dial, how they end.
 *
 * What the two machines say to each other is pair_talk.c.
 */
#include "quic/pair.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "quic"
#include "base/log.h"
#include "quic/dial.h"
#include "quic/lookup.h"
#include "quic/meeting.h"
#include "quic/peers.h"

#define LIMIT (600 * SECOND)
#define AGAIN_MS 1000
#define NOTICES_MAX 8 // of one pairing: others cause them

static void pair_free(struct quic_pair *pair) {
	wl_list_remove(&pair->link);
	if (pair->timer) {
		wl_event_source_remove(pair->timer);
	}
	lookup_cancel(pair->lookup);
	pair_strangers_wake(pair->quic);
	free(pair);
}

void pair_fail(struct quic_pair *pair, const struct op_refusal *why) {
	const struct quic_pair_events *events = pair->events;
	void *data = pair->data;
	struct op_refusal said = *why;
	if (pair->talk) {
		pair_talk_leave(pair->talk, false);
	}
	pair_free(pair);
	events->done(data, NULL, &said);
}

/*
 * Another machine of that person and name is one whose key is gone: this one, which is on the disk by
 * now, takes its place and its name.
 */
static void replace_namesake(struct quic *quic, struct peer_entry *entry) {
	struct peer *peer, *next;
	wl_list_for_each_safe(peer, next, &quic->peers, link) {
		if (strcmp(peer->subject.person, entry->peer.subject.person) == 0
				&& strcmp(peer->subject.machine, entry->peer.subject.machine) == 0
				&& peer != &entry->peer) {
			quic_peer_forget(quic, peer);
			peers_rename(entry);
			return;
		}
	}
}

static struct peer_entry *keep(struct quic_pair *pair, struct connection *c,
		struct op_refusal *why) {
	struct quic *quic = pair->quic;
	const struct identity *who = &c->identity;
	char at[ADDRESS_TEXT];
	// A machine that was signed a moment ago has shown no person yet: it is ours.
	bool ours = who->person_key[0] == '\0';
	const char *name = ours ? keys_person(quic->keys) :
		persons_pin(quic, who->person_name, who->person_key, who->person_cert, why);
	if (!name) {
		return NULL;
	}
	struct peer_entry *entry = peers_keep(quic, who->key, name, who->machine, why);
	if (!entry) {
		return NULL;
	}
	peers_readmit(quic, who->key);
	replace_namesake(quic, entry);
	peers_add_at(entry, address_print(&c->remote, at));
	if (pair->at[0]) {
		peers_add_at(entry, pair->at);
	}
	return entry;
}

bool pair_go_on(struct pair_talk *talk, const struct op_refusal *why) {
	struct quic_pair *pair = talk->pair;
	struct op_refusal said;
	bool shown = talk->digits[0];
	if (!talk->commit[0] || !pair->spent || talk->said_yes || pair->spoiled == PAIR_SPOILED_MAX) {
		return false;
	}
	pair->spoiled++;
	pair->spent = false;
	strcpy(pair->void_digits, talk->digits);
	pair->void_why = *why;
	const char *remedy = strstr(why->sentence, ": run `box pair` again"); // not needed: it still waits
	op_refuse(&said, why->code, "%.*s", remedy ? (int)(remedy - why->sentence) : 500, why->sentence);
	pair->talk = NULL;
	talk->pair = NULL;
	if (talk->connection) {
		pair_talk_leave(talk, false);
	}
	if (shown) {
		pair->events->digits(pair->data, "", "", "");
	}
	pair_notice(pair, &said);
	pair_strangers_wake(pair->quic);
	return true;
}

void pair_succeed(struct quic_pair *pair, struct connection *c) {
	const struct quic_pair_events *events = pair->events;
	struct quic *quic = pair->quic;
	void *data = pair->data;
	struct op_refusal why = {0};
	struct peer_entry *entry = keep(pair, c, &why);
	if (!entry) {
		pair_fail(pair, &why);
		return;
	}
	if (pair->talk) {
		pair_talk_leave(pair->talk, false);
	}
	pair_free(pair);
	log_info("paired with %s", entry->peer.petname);
	entry->known = true;
	quic->events->peer_changed(quic->data, &entry->peer);
	events->done(data, &entry->peer, &why);
}

void pair_notice(struct quic_pair *pair, const struct op_refusal *why) {
	if (pair->notices < NOTICES_MAX) {
		pair->notices++;
		pair->events->notice(pair->data, why);
	}
}

void pair_again(struct quic_pair *pair, const struct op_refusal *why) {
	struct op_refusal said = *why;
	if (pair->fingerprint[0] == '\0' && why->code == OP_EASK) {
		op_refuse(&said, OP_EASK, "%s does not wait to be paired: run `box pair` there", pair->at);
	}
	bool new = strcmp(said.sentence, pair->last.sentence) != 0;
	pair->last = said;
	pair->talk = NULL;
	wl_event_source_timer_update(pair->timer, AGAIN_MS);
	pair_strangers_wake(pair->quic);
	if (new) {
		pair_notice(pair, &said);
	}
}

static void time_out(struct quic_pair *pair) {
	struct op_refusal why = {0};
	if (pair->talk && pair->talk->step == PAIR_COMPARES) {
		op_refuse(&why, OP_EASK, "the digits were not compared on both sides in %llu minutes",
			LIMIT / SECOND / 60);
		pair_say_no(pair->talk, &why);
		pair_fail(pair, &why); // the time is over for others too
		return;
	}
	if (pair->stranger[0]) {
		op_refuse(&why, OP_EASK, "no machine with the fingerprint %.16s… came, but one with %.16s…: if "
			"that is the one, run `box pair --fingerprint %s`", pair->fingerprint, pair->stranger,
			pair->stranger);
	} else if (pair->last.code != OP_OK) {
		op_refuse(&why, OP_EASK, "nothing came of it in %llu minutes; the last attempt: %s",
			LIMIT / SECOND / 60, pair->last.sentence);
	} else if (pair->fingerprint[0] == '\0') {
		op_refuse(&why, OP_EASK, "no machine came in %llu minutes: run `box pair HOST` on the other, "
			"where HOST is this machine's address", LIMIT / SECOND / 60);
	} else {
		op_refuse(&why, OP_EASK, "no machine with the fingerprint %.16s… came in %llu minutes: run "
			"`box pair --fingerprint %s HOST` on it, where HOST is this machine's address",
			pair->fingerprint, LIMIT / SECOND / 60, keys_fingerprint(pair->quic->keys));
	}
	pair_fail(pair, &why);
}

static void attempt(struct quic_pair *pair, const struct address *address) {
	struct op_refusal why = {0};
	struct pair_talk *talk = pair_talk_create(pair->quic, pair);
	struct connection *c = talk ? connection_dial(pair->quic, address, true, &pair_user, talk, &why)
				    : NULL;
	if (!c) {
		if (talk) {
			pair_talk_leave(talk, false);
		}
		pair_again(pair, &why);
		return;
	}
	talk->connection = c;
	pair->talk = talk;
}

static void handle_found(void *data, const struct address *found, int size, const char *reason) {
	struct quic_pair *pair = data;
	pair->lookup = NULL;
	if (pair->talk) {
		return; // it dialled meanwhile
	}
	if (size > 0) {
		attempt(pair, &found[0]);
		return;
	}
	struct op_refusal why = {0};
	op_refuse(&why, OP_EUNREACH, "%s cannot be looked up: %s", pair->at, reason);
	pair_again(pair, &why);
}

/* What was told by the person, else what the local network says; each in turn. */
static bool find_at(struct quic_pair *pair, char out[static 64]) {
	char near[QUIC_NEAR_MAX][64];
	const struct quic_events *events = pair->quic->events;
	if (pair->at[0]) {
		strcpy(out, pair->at);
		return true;
	}
	int count = events->near ? events->near(pair->quic->data, pair->fingerprint, near) : 0;
	if (count > 0) {
		strcpy(out, near[pair->near_next++ % count]);
	}
	return count > 0;
}

static void dial(struct quic_pair *pair) {
	char at[64], host[ADDRESS_HOST];
	uint16_t port;
	struct address address;
	if (pair->talk || pair->lookup || !find_at(pair, at) || !address_split(at, host, &port)) {
		return;
	}
	if (address_parse(&address, host, port)) {
		attempt(pair, &address);
		return;
	}
	pair->lookup = lookup_start(pair->quic, host, port, handle_found, pair);
}

static int handle_timer(void *data) {
	struct quic_pair *pair = data;
	struct quic *quic = pair->quic;
	uint64_t now = quic_now();
	if (now >= pair->deadline) {
		time_out(pair);
	} else {
		uint64_t left = (pair->deadline - now) / MS + 1;
		wl_event_source_timer_update(pair->timer, (int)left);
		dial(pair);
	}
	quic_deliver(quic);
	return 0;
}

/* Lower case, whole, and not our own; "" for none. No other pairing waits for the same. */
static bool read_fingerprint(struct quic *quic, const char *text, char *out,
		struct op_refusal *refusal) {
	size_t size = 0;
	for (; text[size] && size < KEYS_FINGERPRINT; size++) {
		out[size] = (char)tolower((unsigned char)text[size]);
	}
	out[size] = '\0';
	if (size > 0 && (text[size] || size != KEYS_FINGERPRINT || strspn(out, "0123456789abcdef") != size)) {
		op_refuse(refusal, OP_EARG, "a fingerprint has %d hex digits; `box` on the other machine "
			"shows it", KEYS_FINGERPRINT);
		return false;
	}
	if (strcmp(out, keys_fingerprint(quic->keys)) == 0) {
		op_refuse(refusal, OP_EARG, "%.16s… is this machine's own fingerprint: give the other's, "
			"which `box` shows there", out);
		return false;
	}
	struct quic_pair *pair;
	wl_list_for_each(pair, &quic->pairs, link) {
		if (strcmp(pair->fingerprint, out) == 0) {
			op_refuse(refusal, OP_EBUSY, "a pairing %s%.16s%s waits here already: end that one first",
				size > 0 ? "with " : "by digits", out, size > 0 ? "…" : "");
			return false;
		}
	}
	return true;
}

struct quic_pair *quic_pair(struct quic *quic, const char *fingerprint, bool mine, const char *at,
		const struct quic_pair_events *events, void *data, struct op_refusal *refusal) {
	char key[KEYS_FINGERPRINT + 1], host[ADDRESS_HOST];
	uint16_t port;
	if (!read_fingerprint(quic, fingerprint ? fingerprint : "", key, refusal)) {
		return NULL;
	}
	if (at && (strlen(at) >= sizeof(((struct quic_pair *)0)->at) || !address_split(at, host, &port))) {
		op_refuse(refusal, OP_EARG, "\"%s\" is no address: it is HOST:PORT", at);
		return NULL;
	}
	if (!mine && !keys_person(quic->keys)) {
		op_refuse(refusal, OP_EPERM, "this machine has no person yet: run `box init --person NAME` "
			"here, or pair with --mine to be signed by the other machine's person");
		return NULL;
	}
	struct quic_pair *pair = calloc(1, sizeof(*pair));
	if (pair) {
		wl_list_init(&pair->link);
		pair->timer = wl_event_loop_add_timer(quic->loop, handle_timer, pair);
	}
	if (!pair || !pair->timer) {
		free(pair);
		op_refuse(refusal, OP_EIO, "no memory for a pairing");
		return NULL;
	}
	pair->quic = quic;
	strcpy(pair->fingerprint, key);
	pair->mine = mine;
	snprintf(pair->at, sizeof(pair->at), "%s", at ? at : "");
	pair->events = events;
	pair->data = data;
	pair->deadline = quic_now() + LIMIT;
	wl_list_insert(quic->pairs.prev, &pair->link);
	wl_event_source_timer_update(pair->timer, 1); // dials from the loop
	return pair;
}

void quic_heard(struct quic *quic, const char *key) {
	struct peer_entry *entry = peers_find(quic, key);
	struct quic_pair *pair;
	if (entry) {
		dial_heard(entry);
	}
	wl_list_for_each(pair, &quic->pairs, link) {
		if (!pair->at[0] && !pair->talk && strcmp(pair->fingerprint, key) == 0) {
			wl_event_source_timer_update(pair->timer, 1); // dials from the loop
		}
	}
}

void quic_pair_signed(struct quic_pair *pair, const char *machine_cert, const char *person_cert) {
	if (pair->talk && pair->talk->step == PAIR_SIGNING) {
		pair_talk_certs(pair->talk, machine_cert, person_cert);
	}
}

void quic_pair_cancel(struct quic_pair *pair) {
	if (pair->talk) {
		struct op_refusal why = {0};
		struct connection *c = pair->talk->connection;
		op_refuse(&why, OP_EASK, "the pairing was given up");
		pair_talk_leave(pair->talk, false);
		if (c) {
			connection_close(c, CLOSE_CANCELLED, &why);
		}
	}
	pair_free(pair);
}

void pairs_finish(struct quic *quic) {
	struct quic_pair *pair, *next;
	wl_list_for_each_safe(pair, next, &quic->pairs, link) {
		quic_pair_cancel(pair);
	}
}
