/* SPDX-License-Identifier: MIT */
/*
 * far.c - meeting points as this node uses them.
 *
 * Who wants to meet a peer, and who is wanted by one, ask alike: the meeting point answers when both
 * have. Only peers are met, so nobody else learns where this node is. The dialling is quic/dial.c's.
 */
#include "far.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOG_MODULE "far"
#include "base/buf.h"
#include "base/log.h"
#include "config.h"
#include "quic/keys.h"
#include "quic/quic.h"

#define AT_MAX 8

#define AGREE_MS 1000 // between two that a meeting point tells of

static const int retry_ms[] = {500, 1000, 2000, 5000, 10000};
#define RETRIES ((int)(sizeof(retry_ms) / sizeof(retry_ms[0])))

/* A meeting point of this node's. */
struct point {
	struct wl_list link; // far.points
	struct far *far;
	const char *petname; // the config's
	struct call *feed;   // NULL: to be asked again when timer fires
	bool listening;
	bool told;           // why it does not, in the log
	int failures;        // in a row
	int64_t agreed_ms;   // when this node last agreed to meet somebody of whom it told
	struct buf said;     // until it is a head
	struct wl_event_source *timer;
};

/* A peer that we have asked a meeting point for. */
struct question {
	struct wl_list link; // far.asked
	struct point *point;
	struct call *call;
	char key[KEYS_FINGERPRINT + 1];
	char at[AT_MAX][64];
	int at_size;
	uint64_t id; // of the way that it forwards; 0: none
	bool answered;
};

void far_init(struct far *far, struct wl_event_loop *loop, const struct caller *caller,
		const struct keys *keys) {
	*far = (struct far){.loop = loop, .caller = caller, .keys = keys};
	wl_list_init(&far->points);
	wl_list_init(&far->asked);
}

/* What this node does for itself, it asks as its person. */
static struct subject own_subject(const struct far *far) {
	struct subject subject = {0};
	const char *person = keys_person(far->keys);
	snprintf(subject.person, sizeof(subject.person), "%s", person ? person : "");
	snprintf(subject.machine, sizeof(subject.machine), "%s", keys_machine(far->keys));
	return subject;
}

static struct call *ask_point(struct point *point, struct op_head *head,
		const struct call_events *events, void *data) {
	struct subject subject = own_subject(point->far);
	op_setf(head, OP_F_NAME, "/n/%s/meet", point->petname);
	return call_create(point->far->loop, point->far->caller, head, &subject, events, data);
}

static void question_destroy(struct question *question) {
	call_destroy(question->call);
	wl_list_remove(&question->link);
	free(question);
}

static struct question *find_question(struct far *far, const char *key,
		const struct point *point) {
	struct question *question;
	wl_list_for_each(question, &far->asked, link) {
		if (strcmp(question->key, key) == 0 && (!point || question->point == point)) {
			return question;
		}
	}
	return NULL;
}

static void handle_answer(void *data, const struct op_head *reply) {
	struct question *question = data;
	const char *name = op_get(reply, OP_F_NAME);
	size_t at = 0;
	if (reply->refusal.code != OP_OK) {
		return; // ended follows
	}
	question->answered = true;
	for (const char *said; question->at_size < AT_MAX && (said = op_each(reply, OP_F_AT, &at));) {
		if (strlen(said) < sizeof(question->at[0])) {
			strcpy(question->at[question->at_size++], said);
		}
	}
	const char *id = name ? strrchr(name, '/') : NULL; // of /n/POINT/meet/ID
	question->id = id ? strtoull(id + 1, NULL, 16) : 0;
}

static void handle_answered(void *data, const struct op_refusal *why,
		const struct op_head *trailer) {
	struct question *question = data;
	struct far *far = question->point->far;
	struct peer *peer = quic_peer_by_key(far->quic, question->key);
	struct peer *through = quic_peer_by_petname(far->quic, question->point->petname);
	question->call = NULL;
	wl_list_remove(&question->link);
	wl_list_init(&question->link);
	if (peer && through && question->answered && why->code == OP_OK) {
		log_info("meeting %s at %s", peer->petname, through->petname);
		quic_met(far->quic, peer, through, question->id, question->at, question->at_size);
	} else if (peer && !find_question(far, question->key, NULL)) {
		struct op_refusal unmet = *why;
		op_refuse(&unmet, why->code == OP_OK ? OP_EUNREACH : why->code,
			"%s does not answer, nor does it come to the meeting point %s: is it on, is meet-at %s in "
			"its boxd.conf, and does it know this machine?", peer->petname, question->point->petname,
			question->point->petname);
		quic_unmet(far->quic, peer, why->code == OP_EUNREACH ? &unmet : why);
	}
	question_destroy(question);
}

/* false: no memory. */
static bool ask_for(struct point *point, const char *key) {
	static const struct call_events events = {.reply = handle_answer, .ended = handle_answered};
	struct far *far = point->far;
	char at[AT_MAX][64];
	struct op_head head;
	struct question *question = calloc(1, sizeof(*question));
	if (!question) {
		return false;
	}
	question->point = point;
	strcpy(question->key, key);
	op_head_init_request(&head, OP_MAKE);
	op_set(&head, OP_F_KEY, key);
	int size = quic_own_addresses(far->quic, at, AT_MAX);
	for (int i = 0; i < size; i++) {
		op_add(&head, OP_F_AT, at[i]);
	}
	wl_list_insert(&far->asked, &question->link);
	question->call = ask_point(point, &head, &events, question);
	op_head_finish(&head);
	if (!question->call) {
		question_destroy(question);
		return false;
	}
	return true;
}

bool far_unanswered(struct far *far, struct peer *peer) {
	struct point *point;
	bool asked = false;
	wl_list_for_each(point, &far->points, link) {
		if (!point->listening || strcmp(point->petname, peer->petname) == 0) {
			continue;
		}
		asked = find_question(far, peer->key, point) || ask_for(point, peer->key) || asked;
	}
	return asked;
}

const char *far_silent_point(struct far *far, const struct peer *peer) {
	struct point *point;
	const char *silent = NULL;
	wl_list_for_each(point, &far->points, link) {
		const struct peer *other = quic_peer_by_petname(far->quic, point->petname);
		if (point->listening || (other && other->up)) {
			return NULL;
		}
		silent = other && other != peer ? point->petname : silent;
	}
	return silent;
}

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Somebody wants to meet this node: it agrees, if that is a peer. */
static void take_entry(struct point *point, const struct op_head *entry) {
	const char *key = op_get(entry, OP_F_KEY);
	struct peer *peer = key ? quic_peer_by_key(point->far->quic, key) : NULL;
	if (!peer) {
		log_debug("%s tells of somebody unknown here", point->petname);
	} else if (!find_question(point->far, key, point) && now_ms() - point->agreed_ms >= AGREE_MS) {
		point->agreed_ms = now_ms(); // it tells of nobody faster than people come
		ask_for(point, key);
	}
}

static void handle_feed(void *data, const struct op_head *reply) {
	struct point *point = data;
	if (reply->refusal.code != OP_OK) {
		return; // ended follows
	}
	point->listening = true;
	point->told = false;
	point->failures = 0;
	log_info("%s is a meeting point of this node", point->petname);
}

static void handle_bytes(void *data, const void *bytes, size_t size) {
	struct point *point = data;
	struct op_head entry;
	buf_append(&point->said, bytes, size);
	for (;;) {
		struct op_refusal why = {0};
		size_t head = op_head_size(buf_front(&point->said), point->said.size, &why);
		if (head == 0 && why.code == OP_OK) {
			return; // the rest is on its way
		}
		if (head == 0) { // it speaks of something else
			buf_drop(&point->said, point->said.size);
			return;
		}
		if (op_decode(&entry, OP_ENTRY, buf_front(&point->said), head, &why) == OP_OK) {
			take_entry(point, &entry);
			op_head_finish(&entry);
		}
		buf_drop(&point->said, head);
	}
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct point *point = data;
	point->feed = NULL;
	if (!point->told) {
		log_error("%s is no meeting point now: %s", point->petname,
			why->code == OP_OK ? "it has stopped" : why->sentence);
	}
	point->told = true;
	point->listening = false;
	buf_drop(&point->said, point->said.size);
	int step = point->failures < RETRIES ? point->failures : RETRIES - 1;
	point->failures++;
	wl_event_source_timer_update(point->timer, retry_ms[step]);
}

static int handle_timer(void *data) {
	static const struct call_events events = {
		.reply = handle_feed,
		.bytes = handle_bytes,
		.ended = handle_ended,
	};
	struct point *point = data;
	struct op_head head;
	op_head_init_request(&head, OP_GETMEM);
	op_set_flag(&head, OP_F_LIVE);
	point->feed = ask_point(point, &head, &events, point);
	op_head_finish(&head);
	if (!point->feed) {
		wl_event_source_timer_update(point->timer, retry_ms[RETRIES - 1]);
	}
	return 0;
}

void far_start(struct far *far, struct quic *quic, const struct config *config) {
	far->quic = quic;
	for (int i = 0; quic && i < config->meet_at_size; i++) {
		struct point *point = calloc(1, sizeof(*point));
		if (point) {
			point->timer = wl_event_loop_add_timer(far->loop, handle_timer, point);
		}
		if (!point || !point->timer) {
			log_error("no memory for the meeting point %s", config->meet_at[i]);
			free(point);
			return;
		}
		point->far = far;
		point->petname = config->meet_at[i];
		buf_init(&point->said);
		wl_list_insert(far->points.prev, &point->link);
		wl_event_source_timer_update(point->timer, 1);
	}
}

void far_peer_gone(struct far *far, const struct peer *peer) {
	struct question *question, *next;
	wl_list_for_each_safe(question, next, &far->asked, link) {
		if (strcmp(question->key, peer->key) == 0) {
			question_destroy(question);
		}
	}
}

void far_finish(struct far *far) {
	struct question *question, *next_question;
	wl_list_for_each_safe(question, next_question, &far->asked, link) {
		question_destroy(question);
	}
	struct point *point, *next;
	wl_list_for_each_safe(point, next, &far->points, link) {
		call_destroy(point->feed);
		wl_event_source_remove(point->timer);
		buf_finish(&point->said);
		wl_list_remove(&point->link);
		free(point);
	}
}
