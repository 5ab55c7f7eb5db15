/* SPDX-License-Identifier: MIT */
/*
 * pair_strangers.c - whoever dials while somebody here waits to be paired.
 *
 * It may be anybody, any number of them, who say nothing or say it slowly. Each has a few seconds and
 * the oldest idle one makes room, so that they keep nobody out. With a fingerprint they end nothing
 * here. By digits one at a time that begins in form has the person's eyes; when he breaks off, the next
 * has, a few times (pair.h). Who is pestered longer than that pairs by fingerprint.
 */
#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "quic"
#include "base/log.h"
#include "quic/pair.h"

#define STRANGERS_MAX 16 // connections
#define STRANGER_MS 5000 // for a hello

static struct quic_pair *find_pair(struct quic *quic, const char *fingerprint) {
	struct quic_pair *pair;
	wl_list_for_each(pair, &quic->pairs, link) {
		if (strcmp(pair->fingerprint, fingerprint) == 0) {
			return pair;
		}
	}
	return NULL;
}

static struct quic_pair *find_digits(struct quic *quic) {
	return find_pair(quic, "");
}

static int handle_timer(void *data) {
	struct pair_talk *talk = data;
	struct quic *quic = talk->quic;
	struct op_refusal why = {0};
	op_refuse(&why, OP_EASK, "%s fell silent in the middle of the pairing: run `box pair` again on both",
		talk->connection->name);
	if (talk->pair && talk->stream) {
		pair_refuse(talk, &why);
	} else {
		pair_talk_leave(talk, true);
	}
	quic_deliver(quic);
	return 0;
}

void pair_stranger_time(struct pair_talk *talk, int ms) {
	if (ms > 0 && !talk->timer) {
		talk->timer = wl_event_loop_add_timer(talk->quic->loop, handle_timer, talk);
	}
	if (ms > 0 && talk->timer) {
		wl_event_source_timer_update(talk->timer, ms);
	} else if (talk->timer) {
		wl_event_source_remove(talk->timer);
		talk->timer = NULL;
	}
}

/* One that somebody here waits for, or might. */
static bool is_stranger(const struct connection *c) {
	const struct pair_talk *talk = c->user_data;
	return c->pairing && c->state == CONNECTION_UP && !c->dialled && talk && !talk->pair;
}

/* Another one has come: the oldest goes if there are too many. */
static void make_room(struct quic *quic) {
	struct connection *c, *oldest = NULL;
	struct op_refusal why = {0};
	int count = 0;
	wl_list_for_each(c, &quic->connections, link) {
		if (is_stranger(c)) {
			oldest = oldest ? oldest : c;
			count++;
		}
	}
	if (count > STRANGERS_MAX) {
		op_refuse(&why, OP_EQUOTA, "no room for so many that want to be paired");
		connection_close(oldest, CLOSE_PAIRED, &why);
	}
}

/* Of two that dialled each other at once, the smaller key's dial stays. */
static bool is_theirs(const struct quic *quic, const struct connection *c) {
	return strcmp(c->identity.key, keys_fingerprint(quic->keys)) < 0;
}

static bool take_over(struct quic_pair *pair, struct connection *c) {
	struct pair_talk *talk = pair->talk;
	if (talk && talk->connection->dialled && talk->step != PAIR_CONNECTS
			&& !is_theirs(pair->quic, c)) {
		return false;
	}
	if (talk) {
		pair_talk_leave(talk, true);
	}
	return true;
}

static void notice_stranger(struct quic_pair *pair, const char *key) {
	struct op_refusal why = {0};
	if (pair->fingerprint[0] && strcmp(pair->stranger, key) != 0) {
		strcpy(pair->stranger, key);
		op_refuse(&why, OP_EPERM, "a machine with the fingerprint %.16s… came, not the one with "
			"%.16s…: if it is the one, run `box pair --fingerprint %s`", key, pair->fingerprint, key);
		pair_notice(pair, &why);
	}
}

void pair_stranger_up(struct connection *c) {
	struct quic *quic = c->quic;
	struct quic_pair *pair = find_pair(quic, c->identity.key), *next;
	struct pair_talk *talk = pair_talk_create(quic, NULL);
	c->user_data = talk;
	if (!talk) {
		struct op_refusal why = {0};
		op_refuse(&why, OP_EIO, "no memory for a pairing");
		connection_close(c, CLOSE_PAIRED, &why);
		return;
	}
	talk->connection = c;
	talk->step = PAIR_WAITS_HELLO;
	if (pair && take_over(pair, c)) {
		talk->pair = pair;
		pair->talk = talk;
		return;
	}
	pair_stranger_time(talk, STRANGER_MS);
	make_room(quic);
	if (pair) {
		return;
	}
	wl_list_for_each_safe(pair, next, &quic->pairs, link) {
		notice_stranger(pair, c->identity.key);
	}
}

static void turn_away(struct pair_talk *talk, const struct op_refusal *why) {
	pair_say_no(talk, why);
	pair_talk_leave(talk, false);
}

void pair_stranger_stream(struct pair_talk *talk) {
	struct quic *quic = talk->quic;
	const char *key = talk->connection->identity.key;
	struct op_refusal why = {0};
	if (talk->pair) {
		return;
	}
	if (find_pair(quic, key)) {
		op_refuse(&why, OP_EBUSY, "the two machines dialled each other: the other dial stays");
		turn_away(talk, &why);
	} else if (wl_list_empty(&quic->pairs)) {
		op_refuse(&why, OP_EASK, "it does not wait to be paired any more");
		turn_away(talk, &why);
	} else if (!find_digits(quic)) {
		struct quic_pair *waiting = wl_container_of(quic->pairs.prev, waiting, link);
		op_refuse(&why, OP_EPERM, "it waits for the fingerprint %.16s…, yours is %.16s…: run `box pair "
			"--fingerprint %s` on %s", waiting->fingerprint, key, key, keys_machine(quic->keys));
		turn_away(talk, &why);
	} // else what he says tells
}

/* Whether our own dial is in the way, and is not to be given up for this one. */
static bool is_busy(struct quic_pair *pair, const struct connection *c) {
	struct pair_talk *other = pair->talk;
	if (!other) {
		return false;
	}
	bool same = other->connection->dialled && other->step == PAIR_WAITS_ANSWER
		&& strcmp(other->connection->identity.key, c->identity.key) == 0;
	if (!same || !is_theirs(pair->quic, c)) {
		return true;
	}
	pair_talk_leave(other, true);
	return false;
}

bool pair_stranger_hello(struct pair_talk *talk, const struct op_head *hello) {
	struct quic_pair *pair = find_digits(talk->quic);
	struct connection *c = talk->connection;
	struct op_refusal why = {0};
	if (!pair) {
		op_refuse(&why, OP_EASK, "it does not wait to be paired any more");
	} else if (strcmp(c->identity.key, keys_fingerprint(talk->quic->keys)) == 0) {
		op_refuse(&why, OP_EARG, "this is the machine itself");
	} else if (pair->talk && pair->talk->step == PAIR_CONNECTS) {
		talk->parked = true; // is it who we dial? then both must choose the same of the two
		pair_stranger_time(talk, 0);
		talk->stream->impl->pause(talk->stream, true);
		return false;
	} else if (is_busy(pair, c)) {
		op_refuse(&why, OP_EBUSY, "it is being paired just now");
	} else {
		pair_stranger_time(talk, 0);
		talk->pair = pair;
		pair->talk = talk;
		return true;
	}
	turn_away(talk, &why);
	return true;
}

void pair_strangers_wake(struct quic *quic) {
	struct connection *c;
	wl_list_for_each(c, &quic->connections, link) {
		struct pair_talk *talk = c->user_data;
		if (is_stranger(c) && talk->parked) {
			talk->parked = false;
			pair_stranger_time(talk, STRANGER_MS);
			talk->stream->impl->pause(talk->stream, false);
		}
	}
}
