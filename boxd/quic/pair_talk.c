/* SPDX-License-Identifier: MIT */
/*
 * pair_talk.c - what two machines that are being paired say to each other; see pair.h.
 *
 * Here a stranger may be at the other end. He is told why he is refused, and nothing he says is
 * shown to anybody.
 */
#include "quic/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "quic"
#include "base/log.h"
#include "quic/peers.h"
#include "quic/revoked.h"
#include "quic/stream_quic.h"

struct pair_talk *pair_talk_create(struct quic *quic, struct quic_pair *pair) {
	struct pair_talk *talk = calloc(1, sizeof(*talk));
	if (talk) {
		talk->quic = quic;
		talk->pair = pair;
	}
	return talk;
}

void pair_talk_free(struct pair_talk *talk) {
	if (talk->stream) {
		talk->stream->impl->destroy(talk->stream);
	}
	pair_stranger_time(talk, 0);
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
	pair_stranger_time(talk, 0);
	if (!talk->connection) {
		pair_talk_free(talk); // it was never dialled
	} else if (close) {
		op_refuse(&why, OP_ELOST, "the pairing is over");
		connection_close(talk->connection, CLOSE_PAIRED, &why);
	} else {
		talk->connection->spare = talk->connection->contested = true; // soon closed if idle
	}
}

void pair_say(struct pair_talk *talk, struct op_head *head, bool last) {
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

void pair_say_no(struct pair_talk *talk, const struct op_refusal *why) {
	struct op_head head;
	op_head_init_reply(&head);
	head.refusal = *why;
	if (talk->pair) {
		say_who(talk, &head); // he may find out by himself what does not fit
	}
	talk->step = PAIR_OVER;
	pair_say(talk, &head, true);
}

void pair_refuse(struct pair_talk *talk, const struct op_refusal *why) {
	struct quic_pair *pair = talk->pair;
	pair_say_no(talk, why);
	if (!pair_go_on(talk, why)) {
		pair_fail(pair, why);
	}
}

static void say_ok(struct pair_talk *talk) {
	struct op_head head;
	op_head_init_reply(&head);
	talk->step = PAIR_AGREED;
	pair_say(talk, &head, true);
}

/* Which of the two signs the other; false and why: neither can. */
static bool judge(struct pair_talk *talk, bool other_mine, enum pair_step *next,
		struct op_refusal *why) {
	const struct identity *who = &talk->connection->identity;
	const char *here = keys_machine(talk->quic->keys), *there = who->machine;
	const char *own = keys_person_fingerprint(talk->quic->keys);
	bool other = who->person_key[0] != '\0', mine = talk->pair->mine;
	bool same = own && other && strcmp(own, who->person_key) == 0;
	const char *signer = other ? who->person_key : own;
	if ((mine || same) && strcmp(here, there) == 0) {
		op_refuse(why, OP_EEXIST, "both machines are called %s: start boxd with another name on one of "
			"them (machine NAME in boxd.conf) before it has a person", here);
		return false;
	}
	if (signer && revoked_has(talk->quic, signer, who->key)) {
		op_refuse(why, OP_EPERM, "the key of %s is revoked: it needs a new one (stop boxd there, and move "
			"its machine.key, machine.crt and person.crt away)", there);
		return false;
	}
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

void pair_talk_proceed(struct pair_talk *talk, enum pair_step next) {
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

/* Whether the other does as we were told: six digits, or a fingerprint. */
static bool same_form(const struct pair_talk *talk, const char *commit, struct op_refusal *why) {
	const char *here = keys_machine(talk->quic->keys), *there = talk->connection->identity.machine;
	bool digits = talk->pair->fingerprint[0] == '\0';
	if (commit && !digits_is_nonce(commit)) {
		op_refuse(why, OP_EARG, "%s promises its nonce in another form: has it another release of "
			"Boxland?", there);
		return false;
	}
	if (digits != (commit != NULL)) {
		op_refuse(why, OP_EARG, "%s was told a fingerprint and %s was not: run the same on both",
			digits ? there : here, digits ? here : there);
		return false;
	}
	return true;
}

static void handle_hello(struct pair_talk *talk, const struct op_head *hello) {
	struct op_refusal why = {0};
	struct quic_pair *pair = talk->pair;
	enum pair_step next;
	bool fits = same_form(talk, op_get(hello, OP_F_COMMIT), &why)
		&& judge(talk, op_has(hello, OP_F_MINE), &next, &why);
	if (!fits && pair->fingerprint[0] == '\0') { // it may be anybody, and ends nothing here
		pair_say_no(talk, &why);
		pair_talk_leave(talk, false);
		pair_notice(pair, &why);
		return;
	}
	if (!fits) {
		pair_refuse(talk, &why);
		return;
	}
	struct op_head head;
	op_head_init_reply(&head);
	say_who(talk, &head);
	bool digits = op_has(hello, OP_F_COMMIT);
	if (digits && !pair_digits_answer(talk, hello, &head)) {
		op_head_finish(&head);
		op_refuse(&why, OP_EIO, "%s has no random bytes", keys_machine(talk->quic->keys));
		pair_refuse(talk, &why);
		return;
	}
	pair_say(talk, &head, false);
	if (digits) {
		talk->next = next;
	} else {
		pair_talk_proceed(talk, next);
	}
}

/* What the other side refused, fit to be shown: it knows us, but wrote it itself. */
static void quote_no(const struct pair_talk *talk, const struct op_refusal *no,
		struct op_refusal *why) {
	op_refuse(why, no->code, "%s says: %.400s", talk->connection->name, no->sentence);
	for (char *at = why->sentence; *at; at++) {
		*at = (unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at;
	}
}

static void handle_no(struct pair_talk *talk, const struct op_head *head) {
	struct quic_pair *pair = talk->pair;
	const struct op_refusal *no = &head->refusal;
	struct op_refusal why = {0};
	enum pair_step next;
	if (pair_digits_proven(talk)) {
		quote_no(talk, no, &why);
	} else if (talk->step != PAIR_WAITS_ANSWER || !op_has(head, OP_F_MACHINE)
			|| judge(talk, op_has(head, OP_F_MINE), &next, &why)) {
		pair_digits_no(talk, no, &why);
	}
	if (pair_go_on(talk, &why)) {
		return;
	}
	pair_talk_leave(talk, true);
	if (no->code == OP_EBUSY && !pair->spent) {
		pair_again(pair, &why); // it has dialled us, and goes on with that
	} else {
		pair_fail(pair, &why);
	}
}

static void handle_answer(struct pair_talk *talk, const struct op_head *answer) {
	struct op_refusal why = {0};
	enum pair_step next;
	if (!judge(talk, op_has(answer, OP_F_MINE), &next, &why)) {
		pair_refuse(talk, &why);
		return;
	}
	if (talk->pair->fingerprint[0]) {
		pair_talk_proceed(talk, next);
	} else {
		talk->next = next;
		pair_digits_answered(talk, answer);
	}
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
		pair_refuse(talk, &why);
	} else if (!same_person(talk, person, &why)
			|| keys_adopt(talk->quic->keys, machine, person, &why) != OP_OK) {
		pair_refuse(talk, &why);
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
	pair_say(talk, &head, false);
}

static bool expects_entry(const struct pair_talk *talk) {
	return talk->step == PAIR_WAITS_HELLO || talk->step == PAIR_WAITS_NONCE
		|| talk->step == PAIR_WAITS_CERTS;
}

/* false: it is to be shown again. */
static bool handle_head(struct pair_talk *talk, const struct op_head *head) {
	if (head->role == OP_REPLY && head->refusal.code != OP_OK) {
		handle_no(talk, head);
		return true;
	}
	switch (talk->step) {
	case PAIR_WAITS_HELLO:
		if (!talk->pair && !pair_stranger_hello(talk, head)) {
			return false;
		}
		if (talk->pair) {
			handle_hello(talk, head);
		}
		break;
	case PAIR_WAITS_ANSWER:
		handle_answer(talk, head);
		break;
	case PAIR_WAITS_NONCE:
		pair_digits_nonce(talk, head);
		break;
	case PAIR_COMPARES:
		pair_digits_yes(talk);
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
	return true;
}

static enum op_role role_of(const struct pair_talk *talk, const char *text, size_t size) {
	// A no may come where something else is due.
	bool no = size >= 3 && memcmp(text, "no ", 3) == 0;
	return expects_entry(talk) && !no ? OP_ENTRY : OP_REPLY;
}

/* What cannot be read: from a stranger, it is not worth an answer. */
static void refuse_form(struct pair_talk *talk, const struct op_refusal *why) {
	if (talk->pair) {
		pair_refuse(talk, why);
	} else {
		pair_talk_leave(talk, true);
	}
}

/* One head from the front. Its size; 0: not whole yet, or not to be looked at yet. */
static size_t take_head(struct pair_talk *talk, const char *bytes, size_t size) {
	struct op_refusal why = {0};
	struct op_head head;
	size_t whole = op_head_size(bytes, size, &why);
	if (whole == 0 && why.code == OP_OK) {
		return 0;
	}
	enum op_role role = role_of(talk, bytes, whole);
	if (whole == 0 || (role == OP_REPLY && !talk->pair)
			|| op_decode(&head, role, bytes, whole, &why) != OP_OK) {
		refuse_form(talk, &why);
		return size;
	}
	bool taken = handle_head(talk, &head);
	op_head_finish(&head);
	return taken ? whole : 0;
}

static size_t handle_data(void *data, const void *bytes, size_t size) {
	struct pair_talk *talk = data;
	size_t used = 0, whole;
	while (used < size) {
		if (!talk->pair && (talk->step != PAIR_WAITS_HELLO || !talk->stream)) {
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

void pair_talk_listen(struct pair_talk *talk, struct stream *stream) {
	talk->stream = stream;
	stream->events = &stream_events;
	stream->data = talk;
}

/* A stream to say something on. false: no memory. */
static bool open_stream(struct pair_talk *talk) {
	struct stream_quic *s = stream_quic_create(talk->quic);
	if (s) {
		stream_quic_attach(s, talk->connection);
		pair_talk_listen(talk, &s->base);
	}
	return s != NULL;
}

/* Whether whoever answered is whom we dialled. */
static bool check_other(const struct pair_talk *talk, struct op_refusal *why) {
	const struct connection *c = talk->connection;
	const char *told = talk->pair->fingerprint;
	char at[ADDRESS_TEXT];
	address_print(&c->remote, at);
	if (strcmp(c->identity.key, keys_fingerprint(c->quic->keys)) == 0) {
		op_refuse(why, OP_EARG, "%s is this machine itself: name the other's address", at);
		return false;
	}
	if (told[0] && strcmp(c->identity.key, told) != 0) {
		op_refuse(why, OP_EPERM, "the machine at %s has the fingerprint %.16s…, not %.16s… as told: "
			"compare with what `box` shows there, then run `box pair --fingerprint` with that",
			at, c->identity.key, told);
		return false;
	}
	return true;
}

static void begin(struct pair_talk *talk) {
	struct op_refusal why = {0};
	struct op_head head;
	if (!open_stream(talk)) {
		pair_talk_leave(talk, true);
		return;
	}
	if (!check_other(talk, &why)) {
		pair_refuse(talk, &why); // who waits there should know it too
		return;
	}
	op_head_init_entry(&head);
	say_who(talk, &head);
	if (talk->pair->fingerprint[0] == '\0' && !pair_digits_begin(talk, &head)) {
		op_head_finish(&head);
		op_refuse(&why, OP_EIO, "%s has no random bytes", keys_machine(talk->quic->keys));
		pair_refuse(talk, &why);
		return;
	}
	talk->step = PAIR_WAITS_ANSWER;
	pair_say(talk, &head, false);
	pair_strangers_wake(talk->quic);
}

static void handle_up(struct connection *c) {
	struct pair_talk *talk = c->user_data;
	snprintf(c->name, sizeof(c->name), "%s", c->identity.machine);
	if (!c->dialled) {
		pair_stranger_up(c);
	} else if (talk->pair) {
		begin(talk);
	} else {
		pair_talk_leave(talk, true);
	}
}

static void handle_stream(struct connection *c, struct stream_quic *s) {
	struct pair_talk *talk = c->user_data;
	if (c->dialled || !talk || talk->stream || talk->step != PAIR_WAITS_HELLO) {
		s->base.impl->destroy(&s->base);
		return;
	}
	pair_talk_listen(talk, &s->base);
	pair_stranger_stream(talk);
}

static void handle_gone(struct connection *c, const struct op_refusal *why) {
	struct pair_talk *talk = c->user_data;
	struct op_refusal broken = {0};
	if (!talk) {
		return;
	}
	struct quic_pair *pair = talk->pair;
	bool given_up = c->closed_by_peer && c->closed_with == CLOSE_CANCELLED;
	bool agreed = talk->step == PAIR_AGREED && !given_up;
	talk->connection = NULL;
	if (pair) {
		pair->talk = NULL;
	}
	op_refuse(&broken, OP_ELOST, "%s was lost in the middle of the pairing: run `box pair` again on both",
		c->name);
	if (pair && agreed) {
		pair_succeed(pair, c);
	} else if (pair && pair_go_on(talk, given_up || why->code == OP_EPERM ? why : &broken)) {
		log_debug("%s was lost in the middle of a pairing", c->name);
	} else if (pair && (why->code == OP_EPERM || given_up)) {
		pair_fail(pair, why);
	} else if (pair && pair->spent) {
		pair_fail(pair, &broken);
	} else if (pair) {
		pair_again(pair, why);
	}
	pair_talk_free(talk);
}

const struct connection_user pair_user = {
	.up = handle_up,
	.stream = handle_stream,
	.gone = handle_gone,
};
