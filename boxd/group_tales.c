/* SPDX-License-Identifier: MIT */
/*
 * group_tales.c - one exchange for each group and machine: putmem of /peer/PERSON/groups there, of the
 * group's text.
 *
 * What a group does where it arrives is boxd/quic/groups.c's.
 */
#include "group_tales.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "boxd"
#include "base/buf.h"
#include "base/log.h"
#include "quic/quic.h"

struct tale {
	struct wl_list link; // group_tales.list
	struct call *call;
	char name[OP_MAX_SUBJECT + 1], to[KEYS_FINGERPRINT + 1]; // for the log
};

void group_tales_init(struct group_tales *tales, struct wl_event_loop *loop,
		const struct caller *caller, struct keys *keys) {
	*tales = (struct group_tales){.loop = loop, .caller = caller, .keys = keys};
	wl_list_init(&tales->list);
}

static void tale_destroy(struct tale *tale) {
	wl_list_remove(&tale->link);
	free(tale);
}

void group_tales_finish(struct group_tales *tales) {
	struct tale *tale, *next;
	wl_list_for_each_safe(tale, next, &tales->list, link) {
		call_destroy(tale->call);
		tale_destroy(tale);
	}
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct tale *tale = data;
	if (why->code != OP_OK) {
		log_debug("%.16s… was not told of the group %s: %s", tale->to, tale->name, why->sentence);
	}
	tale_destroy(tale);
}

static void send_tale(struct group_tales *tales, const struct peer *peer, const char *name,
		struct buf *text) {
	static const struct call_events events = {.ended = handle_ended};
	struct subject subject = {0};
	struct op_head head;
	struct tale *tale = calloc(1, sizeof(*tale));
	if (!tale) {
		return;
	}
	snprintf(subject.person, sizeof(subject.person), "%s", keys_person(tales->keys));
	snprintf(subject.machine, sizeof(subject.machine), "%s", keys_machine(tales->keys));
	snprintf(tale->name, sizeof(tale->name), "%s", name);
	strcpy(tale->to, peer->key);
	op_head_init_request(&head, OP_PUTMEM);
	op_setf(&head, OP_F_NAME, "/n/%s/peer/%s/groups", peer->key, subject.person);
	op_set_body(&head, OP_BODY_BYTES, text->size);
	wl_list_insert(&tales->list, &tale->link);
	tale->call = call_create(tales->loop, tales->caller, &head, &subject, &events, tale);
	op_head_finish(&head);
	if (tale->call) {
		call_send_bytes(tale->call, buf_front(text), text->size);
		call_send_end(tale->call);
	} else {
		tale_destroy(tale);
	}
}

static void tell(struct group_tales *tales, const struct peer *peer, const char *name) {
	const char *own = keys_person(tales->keys);
	struct buf text;
	if (!own || strcmp(peer->subject.person, own) != 0) {
		return;
	}
	buf_init(&text);
	if (quic_group_print(tales->quic, name, &text)) {
		send_tale(tales, peer, name, &text);
	}
	buf_finish(&text);
}

struct telling {
	struct group_tales *tales;
	const struct peer *peer;
};

static void handle_each(void *data, const char *name, bool gone) {
	const struct telling *telling = data;
	tell(telling->tales, telling->peer, name);
}

void group_tales_tell(struct group_tales *tales, const struct peer *peer) {
	struct telling telling = {tales, peer};
	if (tales->quic) {
		quic_each_group(tales->quic, handle_each, &telling);
	}
}

void group_tales_tell_all(struct group_tales *tales, const char *name) {
	struct peer *peer;
	if (tales->quic) {
		wl_list_for_each(peer, quic_peers(tales->quic), link) {
			tell(tales, peer, name);
		}
	}
}
