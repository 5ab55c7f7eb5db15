/* SPDX-License-Identifier: MIT */
/*
 * pair_talk.c - what two machines that are being paired say to each other; see pair.h.
 *
 * Here a stranger may be at the other end. He is told why he is refused, and nothing he says is
 * shown to anybody.
 */
#include "quic/pair.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "quic"
#include "base/log.h"
#include "quic/peers.h"
#include "quic/stream_quic.h"

#define STRANGERS_MAX 16 // connections

struct pair_talk *pair_talk_create(struct quic *quic, struct quic_pair *pair) {
	struct pair_talk *talk = calloc(1, sizeof(*talk));
	if (talk) {
		talk->quic = quic;
		talk->pair = pair;
		buf_init(&talk->in);
	}
	return talk;
}

static void talk_free(struct pair_talk *talk) {
	if (talk->stream) {
		talk->stream->impl->destroy(talk->stream);
	}
	buf_finish(&talk->in);
	free(talk);
}

void pair_talk_leave(struct pair_talk *talk, bool close) {
	struct op_refusal why = {0};
	if (talk->pair) {
		talk->pair->talk = NULL;
		talk->pair = NULL;
	}
	if (talk->stream) {
		talk->stream->impl->destroy(talk->stream);
		talk->stream = NULL;
	}
	if (!talk->connection) {
		talk_free(talk); // it was never dialled
	} else if (close) {
		op_refuse(&why, OP_ELOST, "the pairing is over");
		connection_close(talk->connection, CLOSE_PAIRED, &why);
	} else {
		talk->connection->spare = talk->connection->contested = true; // soon closed if idle
	}
}

static void say(struct pair_talk *talk, struct op_head *head, bool last) {
	struct buf text;
	buf_init(&text);
	if (op_encode(head, &text, NULL) == OP_OK) {
		talk->stream->impl->write(talk->stream, buf_front(&text), text.size);
	}
	buf_finish(&text);
	op_head_finish(head);
	if (last) {
		talk->stream->impl->end(talk->stream);
	}
}

static void say_who(struct pair_talk *talk, struct op_head *head) {
	op_set(head, OP_F_MACHINE, keys_machine(talk->quic->keys));
	op_set(head, OP_F_KEY, keys_fingerprint(talk->quic->keys));
	op_set(head, OP_F_SOFTWARE, "boxd " BOXLAND_VERSION);
	if (talk->pair->mine) {
		op_set_flag(head, OP_F_MINE);
	}
}

/* Tells the other side no; it closes. */
static void say_no(struct pair_talk *talk, const struct op_refusal *why) {
	struct op_head head;
	op_head_init_reply(&head);
	head.refusal = *why;
	talk->step = PAIR_OVER;
	say(talk, &head, true);
}

/* The same, and it is the end here too. */
static void refuse(struct pair_talk *talk, const struct op_refusal *why) {
	say_no(talk, why);
	pair_fail(talk->pair, why);
}

static void say_ok(struct pair_talk *talk) {
	struct op_head head;
	op_head_init_reply(&head);
	talk->step = PAIR_AGREED;
	say(talk, &head, true);
}

/* Which of the two signs the other; false and why: neither can. */
static bool judge(struct pair_talk *talk, bool other_mine, enum pair_step *next,
		struct op_refusal *why) {
	const struct identity *who = &talk->connection->identity;
	const char *here = keys_machine(talk->quic->keys), *there = who->machine;
	const char *own = keys_person_fingerprint(talk->quic->keys);
	bool other = who->person_key[0] != '\0', mine = talk->pair->mine;
	bool same = own && other && strcmp(own, who->person_key) == 0;
	if (mine != other_mine) {
		op_refuse(why, OP_EARG, "%s was told --mine and %s was not: run the same on both",
			mine ? here : there, mine ? there : here);
		return false;
	}
	if (!mine && (!own || !other)) {
		op_refuse(why, OP_EPERM, "%s has no person yet: run `box init --person NAME` there, or pair "
			"with --mine on both", own ? there : here);
		return false;
	}
	if (mine && !own && !other) {
		op_refuse(why, OP_EPERM, "neither %s nor %s has a person: run `box init --person NAME` on one "
			"of them first", here, there);
		return false;
	}
	if (mine && own && other && !same) {
		op_refuse(why, OP_EPERM, "%s belongs to %s already and %s to %s: pair without --mine to make "
			"them friends", here, keys_person(talk->quic->keys), there, who->person_name);
		return false;
	}
	if (mine && !own && persons_taken(talk->quic, who->person_name, who->person_key)) {
		op_refuse(why, OP_EEXIST, "%s knows another %s: forget that one there first", here,
			who->person_name);
		return false;
	}
	*next = own && other ? PAIR_WAITS_OK : own ? PAIR_SIGNING : PAIR_WAITS_CERTS;
	return true;
}

/* Both have said who they are. */
static void proceed(struct pair_talk *talk, enum pair_step next) {
	talk->step = next;
	if (next == PAIR_WAITS_OK && talk->connection->dialled) {
		say_ok(talk); // the dialler agrees first, the other side then closes
	} else if (next == PAIR_SIGNING) {
		const struct identity *who = &talk->connection->identity;
		char *spki = who->spki ? strdup(who->spki) : NULL;
		struct quic_pair *pair = talk->pair;
		pair->events->signature(pair->data, spki ? spki : "", who->machine);
		free(spki);
	}
}

static void handle_hello(struct pair_talk *talk, const struct op_head *hello) {
	struct op_refusal why = {0};
	enum pair_step next;
	if (!judge(talk, op_has(hello, OP_F_MINE), &next, &why)) {
		refuse(talk, &why);
		return;
	}
	struct op_head head;
	op_head_init_reply(&head);
	say_who(talk, &head);
	say(talk, &head, false);
	proceed(talk, next);
}

/* What the other side refused, fit to be shown: it knows us, but wrote it itself. */
static void handle_no(struct pair_talk *talk, const struct op_refusal *no) {
	struct quic_pair *pair = talk->pair;
	struct op_refusal why = {0};
	op_refuse(&why, no->code, "%s says: %.400s", talk->connection->name, no->sentence);
	for (char *at = why.sentence; *at; at++) {
		*at = (unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at;
	}
	pair_talk_leave(talk, true);
	if (no->code == OP_EBUSY) {
		pair_again(pair, &why); // it has dialled us, and goes on with that
	} else {
		pair_fail(pair, &why);
	}
}

static void handle_answer(struct pair_talk *talk, const struct op_head *answer) {
	struct op_refusal why = {0};
	enum pair_step next;
	if (!judge(talk, op_has(answer, OP_F_MINE), &next, &why)) {
		refuse(talk, &why);
		return;
	}
	proceed(talk, next);
}

/* Both agree and ours was the last word needed. */
static void handle_ok(struct pair_talk *talk) {
	struct quic_pair *pair = talk->pair;
	struct connection *c = talk->connection;
	struct op_refusal why = {0};
	pair_succeed(pair, c);
	op_refuse(&why, OP_ELOST, "the pairing is over");
	connection_close(c, CLOSE_PAIRED, &why);
}

/* Whether the person who signed is the one who proved himself in TLS. */
static bool same_person(const struct pair_talk *talk, const char *cert, struct op_refusal *why) {
	char key[KEYS_FINGERPRINT + 1] = "";
	gnutls_x509_crt_t person = cert_from_base64(cert, why);
	if (!person) {
		return false;
	}
	cert_fingerprint(person, key);
	gnutls_x509_crt_deinit(person);
	if (strcmp(key, talk->connection->identity.person_key) != 0) {
		op_refuse(why, OP_EPERM, "%s sent another person's certificate than its own",
			talk->connection->name);
		return false;
	}
	return true;
}

static void handle_certs(struct pair_talk *talk, const struct op_head *head) {
	struct op_refusal why = {0};
	size_t at = 0;
	const char *machine = op_each(head, OP_F_CERT, &at);
	const char *person = op_each(head, OP_F_CERT, &at);
	if (!machine || !person) {
		op_refuse(&why, OP_EARG, "%s sent no certificates", talk->connection->name);
		refuse(talk, &why);
	} else if (!same_person(talk, person, &why)
			|| keys_adopt(talk->quic->keys, machine, person, &why) != OP_OK) {
		refuse(talk, &why);
	} else {
		say_ok(talk);
	}
}

void pair_talk_certs(struct pair_talk *talk, const char *machine_cert, const char *person_cert) {
	struct op_head head;
	op_head_init_entry(&head);
	op_add(&head, OP_F_CERT, machine_cert);
	op_add(&head, OP_F_CERT, person_cert);
	talk->step = PAIR_WAITS_OK;
	say(talk, &head, false);
}

static bool expects_entry(const struct pair_talk *talk) {
	return talk->step == PAIR_WAITS_HELLO || talk->step == PAIR_WAITS_CERTS;
}

static void handle_head(struct pair_talk *talk, const struct op_head *head) {
	if (head->role == OP_REPLY && head->refusal.code != OP_OK) {
		handle_no(talk, &head->refusal);
		return;
	}
	switch (talk->step) {
	case PAIR_WAITS_HELLO:
		handle_hello(talk, head);
		break;
	case PAIR_WAITS_ANSWER:
		handle_answer(talk, head);
		break;
	case PAIR_WAITS_CERTS:
		handle_certs(talk, head);
		break;
	case PAIR_WAITS_OK:
		handle_ok(talk);
		break;
	case PAIR_CONNECTS:
	case PAIR_SIGNING:
	case PAIR_AGREED:
	case PAIR_OVER:
		break; // it was to wait
	}
}

static enum op_role role_of(const struct pair_talk *talk, const char *text, size_t size) {
	// A holder that cannot sign says no where certificates were due.
	bool no = size >= 3 && memcmp(text, "no ", 3) == 0;
	return expects_entry(talk) && !no ? OP_ENTRY : OP_REPLY;
}

/* One head from the front. Its size; 0: not whole yet. */
static size_t take_head(struct pair_talk *talk, const char *bytes, size_t size) {
	struct op_refusal why = {0};
	struct op_head head;
	size_t whole = op_head_size(bytes, size, &why);
	if (whole == 0 && why.code == OP_OK) {
		return 0;
	}
	if (whole == 0 || op_decode(&head, role_of(talk, bytes, whole), bytes, whole, &why) != OP_OK) {
		refuse(talk, &why);
		return size;
	}
	handle_head(talk, &head);
	op_head_finish(&head);
	return whole;
}

static size_t handle_data(void *data, const void *bytes, size_t size) {
	struct pair_talk *talk = data;
	size_t used = 0, whole;
	while (used < size) {
		if (!talk->pair) {
			return size; // nothing that follows is of interest
		}
		whole = take_head(talk, (const char *)bytes + used, size - used);
		if (whole == 0) {
			break;
		}
		used += whole;
	}
	return used;
}

static void handle_frame(void *data, const struct frame *frame) {
}

static void handle_eof(void *data) {
}

static void handle_hangup(void *data, enum op_code code, const char *sentence) {
	// The connection's end says it better: handle_gone.
}

static const struct stream_events stream_events = {
	.data = handle_data,
	.frame = handle_frame,
	.eof = handle_eof,
	.hangup = handle_hangup,
};

static void listen_to(struct pair_talk *talk, struct stream *stream) {
	talk->stream = stream;
	stream->events = &stream_events;
	stream->data = talk;
}

static void begin(struct pair_talk *talk) {
	struct connection *c = talk->connection;
	struct op_refusal why = {0};
	if (strcmp(c->identity.key, talk->pair->fingerprint) != 0) {
		char at[ADDRESS_TEXT];
		op_refuse(&why, OP_EPERM, "the machine at %s has the fingerprint %.16s…, not %.16s… as told: "
			"compare with what `box` shows there, then run `box pair --fingerprint` with that",
			address_print(&c->remote, at), c->identity.key, talk->pair->fingerprint);
		struct quic_pair *pair = talk->pair;
		pair_talk_leave(talk, true);
		pair_fail(pair, &why);
		return;
	}
	struct stream_quic *s = stream_quic_create(talk->quic);
	if (!s) {
		pair_talk_leave(talk, true);
		return;
	}
	stream_quic_attach(s, c);
	listen_to(talk, &s->base);
	struct op_head head;
	op_head_init_entry(&head);
	say_who(talk, &head);
	talk->step = PAIR_WAITS_ANSWER;
	say(talk, &head, false);
}

static struct quic_pair *find_pair(struct quic *quic, const char *fingerprint) {
	struct quic_pair *pair;
	wl_list_for_each(pair, &quic->pairs, link) {
		if (strcmp(pair->fingerprint, fingerprint) == 0) {
			return pair;
		}
	}
	return NULL;
}

/* Of two that dialled each other at once, the smaller key's dial stays. */
static bool take_over(struct quic_pair *pair, struct connection *c) {
	struct pair_talk *talk = pair->talk;
	bool theirs_stays = strcmp(c->identity.key, keys_fingerprint(pair->quic->keys)) < 0;
	if (talk && talk->connection->dialled && talk->step != PAIR_CONNECTS && !theirs_stays) {
		return false;
	}
	if (talk) {
		pair_talk_leave(talk, true);
	}
	return true;
}

/* Strangers may come as they like, but not keep many connections. */
static bool too_many(struct quic *quic) {
	int count = 0;
	struct connection *c;
	wl_list_for_each(c, &quic->connections, link) {
		count += c->pairing && c->state == CONNECTION_UP;
	}
	return count > STRANGERS_MAX;
}

/* Somebody dialled us. */
static void welcome(struct connection *c) {
	struct quic_pair *pair = find_pair(c->quic, c->identity.key);
	struct pair_talk *talk = too_many(c->quic) ? NULL : pair_talk_create(c->quic, NULL);
	c->user_data = talk;
	if (!talk) {
		struct op_refusal why = {0};
		op_refuse(&why, OP_EQUOTA, "no room for another pairing");
		connection_close(c, CLOSE_PAIRED, &why);
		return;
	}
	talk->connection = c;
	talk->step = PAIR_WAITS_HELLO;
	if (pair && take_over(pair, c)) {
		talk->pair = pair;
		pair->talk = talk;
	} else if (!pair) {
		wl_list_for_each(pair, &c->quic->pairs, link) {
			strcpy(pair->stranger, c->identity.key);
		}
	}
}

static void handle_up(struct connection *c) {
	struct pair_talk *talk = c->user_data;
	snprintf(c->name, sizeof(c->name), "%s", c->identity.machine);
	if (!c->dialled) {
		welcome(c);
	} else if (talk->pair) {
		begin(talk);
	} else {
		pair_talk_leave(talk, true);
	}
}

/* Whom we do not expect, or not on this connection. */
static void turn_away(struct pair_talk *talk) {
	struct op_refusal why = {0};
	const char *key = talk->connection->identity.key;
	struct quic_pair *waiting = NULL;
	if (find_pair(talk->quic, key)) {
		op_refuse(&why, OP_EBUSY, "the two machines dialled each other: the other dial stays");
	} else if (!wl_list_empty(&talk->quic->pairs)) {
		waiting = wl_container_of(talk->quic->pairs.prev, waiting, link);
		op_refuse(&why, OP_EPERM, "it waits for the fingerprint %.16s…, yours is %.16s…: run `box pair "
			"--fingerprint %s` on %s", waiting->fingerprint, key, key,
			keys_machine(talk->quic->keys));
	} else {
		op_refuse(&why, OP_EASK, "it does not wait to be paired any more");
	}
	say_no(talk, &why);
	pair_talk_leave(talk, false);
}

static void handle_stream(struct connection *c, struct stream_quic *s) {
	struct pair_talk *talk = c->user_data;
	if (c->dialled || !talk || talk->stream || talk->step != PAIR_WAITS_HELLO) {
		s->base.impl->destroy(&s->base);
		return;
	}
	listen_to(talk, &s->base);
	if (!talk->pair) {
		turn_away(talk);
	}
}

static void handle_gone(struct connection *c, const struct op_refusal *why) {
	struct pair_talk *talk = c->user_data;
	if (!talk) {
		return;
	}
	struct quic_pair *pair = talk->pair;
	bool given_up = c->closed_by_peer && c->closed_with == CLOSE_CANCELLED;
	talk->connection = NULL;
	if (pair) {
		pair->talk = NULL;
	}
	if (pair && talk->step == PAIR_AGREED && !given_up) {
		pair_succeed(pair, c);
	} else if (pair && (why->code == OP_EPERM || given_up)) {
		pair_fail(pair, why);
	} else if (pair) {
		pair_again(pair, why);
	}
	talk_free(talk);
}

const struct connection_user pair_user = {
	.up = handle_up,
	.stream = handle_stream,
	.gone = handle_gone,
};
