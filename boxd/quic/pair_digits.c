/* SPDX-License-Identifier: MIT */
/*
 * pair_digits.c - the steps of a pairing in which two people compare digits; see pair.h.
 *
 * Until both have said yes the other side is a stranger: what it writes is not shown.
 */
#include <stdio.h>
#include <string.h>

#include "quic/pair.h"

#define NONCE_MS 10000 // for the dialler's, once it has ours

static void refuse_random(struct pair_talk *talk) {
	struct op_refusal why = {0};
	op_refuse(&why, OP_EIO, "%s has no random bytes", keys_machine(talk->quic->keys));
	pair_refuse(talk, &why);
}

bool pair_digits_begin(struct pair_talk *talk, struct op_head *hello) {
	char commit[DIGITS_NONCE + 1];
	if (!digits_new_nonce(talk->nonce) || !digits_commit(talk->nonce, commit)) {
		return false;
	}
	op_set(hello, OP_F_COMMIT, commit);
	return true;
}

bool pair_digits_answer(struct pair_talk *talk, const struct op_head *hello,
		struct op_head *answer) {
	const char *commit = op_get(hello, OP_F_COMMIT);
	if (!digits_new_nonce(talk->nonce)) {
		return false;
	}
	snprintf(talk->commit, sizeof(talk->commit), "%s", commit); // its form was looked at
	op_set(answer, OP_F_NONCE, talk->nonce);
	talk->pair->spent = true;
	talk->step = PAIR_WAITS_NONCE;
	pair_stranger_time(talk, NONCE_MS);
	return true;
}

/* Now it is for the people. */
static void compare(struct pair_talk *talk, const char *dialler, const char *other) {
	const struct identity *who = &talk->connection->identity;
	struct quic_pair *pair = talk->pair;
	pair_stranger_time(talk, 0);
	if (!digits_compute(talk->connection, dialler, other, talk->digits)) {
		refuse_random(talk);
		return;
	}
	talk->step = PAIR_COMPARES;
	pair->events->digits(pair->data, talk->digits, who->machine, who->person_name);
}

void pair_digits_answered(struct pair_talk *talk, const struct op_head *answer) {
	const char *nonce = op_get(answer, OP_F_NONCE);
	struct op_refusal why = {0};
	struct op_head head;
	if (!nonce || !digits_is_nonce(nonce)) {
		op_refuse(&why, OP_EARG, "%s answers without a nonce: has it another release of Boxland?",
			talk->connection->name);
		pair_refuse(talk, &why);
		return;
	}
	talk->pair->spent = true;
	op_head_init_entry(&head);
	op_set(&head, OP_F_NONCE, talk->nonce);
	pair_say(talk, &head, false);
	compare(talk, talk->nonce, nonce);
}

void pair_digits_nonce(struct pair_talk *talk, const struct op_head *entry) {
	const char *nonce = op_get(entry, OP_F_NONCE);
	char commit[DIGITS_NONCE + 1];
	struct op_refusal why = {0};
	if (!nonce || !digits_is_nonce(nonce) || !digits_commit(nonce, commit)
			|| strcmp(commit, talk->commit) != 0) {
		op_refuse(&why, OP_EPERM, "%s told another nonce than it had promised: somebody may be in "
			"between; nothing was pinned", talk->connection->name);
		pair_refuse(talk, &why);
		return;
	}
	compare(talk, nonce, talk->nonce);
}

bool pair_digits_proven(const struct pair_talk *talk) {
	return talk->pair->fingerprint[0] || (talk->said_yes && talk->heard_yes);
}

void pair_digits_yes(struct pair_talk *talk) {
	struct op_refusal why = {0};
	if (talk->heard_yes) {
		op_refuse(&why, OP_EARG, "%s spoke out of turn", talk->connection->name);
		pair_refuse(talk, &why);
		return;
	}
	talk->heard_yes = true;
	if (talk->said_yes) {
		pair_talk_proceed(talk, talk->next);
	}
}

void pair_digits_no(const struct pair_talk *talk, const struct op_refusal *no,
		struct op_refusal *why) {
	const char *name = talk->connection->name;
	if (talk->step == PAIR_COMPARES && no->code == OP_EPERM) {
		op_refuse(why, OP_EPERM, "at %s the digits were said to differ: somebody may be in between; "
			"nothing was pinned", name);
	} else if (talk->step != PAIR_WAITS_ANSWER) {
		op_refuse(why, no->code, "%s broke the pairing off: run `box pair` again on both", name);
	} else if (no->code == OP_EBUSY) {
		op_refuse(why, OP_EBUSY, "%s is being paired with another machine", name);
	} else {
		op_refuse(why, no->code, "%s does not pair by digits now: if it was told a fingerprint, or "
			"--mine here and not there, run the same on both", name);
	}
}

void quic_pair_compared(struct quic_pair *pair, const char *digits) {
	struct pair_talk *talk = pair->talk;
	struct op_refusal why = {0};
	struct op_head head;
	if (*digits && strcmp(digits, pair->void_digits) == 0) {
		if (pair->void_why.code == OP_EPERM) { // they were on the other's screen: that no was no stranger's
			why = pair->void_why;
			pair_fail(pair, &why);
		}
		return;
	}
	if (!talk || talk->step != PAIR_COMPARES || talk->said_yes) {
		return;
	}
	if (strcmp(digits, talk->digits) != 0) {
		op_refuse(&why, OP_EPERM, "the digits differ: what answered is not the other machine, or "
			"somebody is in between; nothing was pinned");
		pair_say_no(talk, &why);
		pair_fail(pair, &why); // the person has seen enough
		return;
	}
	talk->said_yes = true;
	op_head_init_reply(&head);
	pair_say(talk, &head, false);
	if (talk->heard_yes) {
		pair_talk_proceed(talk, talk->next);
	}
}
