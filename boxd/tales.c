/* SPDX-License-Identifier: MIT */
/*
 * tales.c - one exchange for each list and node: chinfo of /peer/PERSON/revoked there, the person named
 * by key; putmem of /peer/PERSON/groups, of a group's text.
 *
 * What a list does where it arrives is boxd/quic/revoked.c's and groups.c's.
 */
#include "tales.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "boxd"
#include "base/buf.h"
#include "base/log.h"
#include "quic/quic.h"

struct tale {
	struct wl_list link; // tales.list
	struct call *call;
	char to[KEYS_FINGERPRINT + 1]; // for the log
	const char *what;              // likewise
};

void tales_init(struct tales *tales, struct wl_event_loop *loop, const struct caller *caller,
		struct keys *keys) {
	*tales = (struct tales){.loop = loop, .caller = caller, .keys = keys};
	wl_list_init(&tales->list);
}

static void tale_destroy(struct tale *tale) {
	wl_list_remove(&tale->link);
	free(tale);
}

void tales_finish(struct tales *tales) {
	struct tale *tale, *next;
	wl_list_for_each_safe(tale, next, &tales->list, link) {
		call_destroy(tale->call);
		tale_destroy(tale);
	}
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct tale *tale = data;
	if (why->code != OP_OK) {
		log_debug("%.16s… was not told of %s: %s", tale->to, tale->what, why->sentence);
	}
	tale_destroy(tale);
}

/* Sends a request, with a body if there is a text, as this node's person. */
static void send_tale(struct tales *tales, const struct peer *peer, const struct op_head *head,
		struct buf *text, const char *what) {
	static const struct call_events events = {.ended = handle_ended};
	struct subject subject = {0};
	struct tale *tale = calloc(1, sizeof(*tale));
	if (!tale) {
		return;
	}
	snprintf(subject.person, sizeof(subject.person), "%s", keys_person(tales->keys));
	snprintf(subject.machine, sizeof(subject.machine), "%s", keys_machine(tales->keys));
	strcpy(tale->to, peer->key);
	tale->what = what;
	wl_list_insert(&tales->list, &tale->link);
	tale->call = call_create(tales->loop, tales->caller, head, &subject, &events, tale);
	if (!tale->call) {
		tale_destroy(tale);
	} else if (text) {
		call_send_bytes(tale->call, buf_front(text), text->size);
		call_send_end(tale->call);
	}
}

/* What is revoked. */

/* Whether that node may know that we know that person. */
static bool concerns(const struct tales *tales, const struct peer *peer, const char *person) {
	const char *own = keys_person(tales->keys), *name = quic_person_name(tales->quic, person);
	if (!own || !name) {
		return false;
	}
	return strcmp(name, own) == 0 || strcmp(peer->subject.person, own) == 0
		|| strcmp(peer->subject.person, name) == 0;
}

static void tell_revoked(struct tales *tales, const struct peer *peer, const char *person) {
	struct op_head head;
	if (!concerns(tales, peer, person)) {
		return;
	}
	op_head_init_request(&head, OP_CHINFO);
	op_setf(&head, OP_F_NAME, "/n/%s/peer/%s/revoked", peer->key, person);
	quic_revoked(tales->quic, person, &head);
	send_tale(tales, peer, &head, NULL, "what is revoked");
	op_head_finish(&head);
}

/* Groups. */

static void tell_group(struct tales *tales, const struct peer *peer, const char *name) {
	const char *own = keys_person(tales->keys);
	struct op_head head;
	struct buf text;
	if (!own || strcmp(peer->subject.person, own) != 0) {
		return;
	}
	buf_init(&text);
	if (quic_group_print(tales->quic, name, &text)) {
		op_head_init_request(&head, OP_PUTMEM);
		op_setf(&head, OP_F_NAME, "/n/%s/peer/%s/groups", peer->key, own);
		op_set_body(&head, OP_BODY_BYTES, text.size);
		send_tale(tales, peer, &head, &text, "a group");
		op_head_finish(&head);
	}
	buf_finish(&text);
}

/* To whom. */

struct telling {
	struct tales *tales;
	const struct peer *peer;
};

static void handle_revoked(void *data, const char *person) {
	const struct telling *telling = data;
	tell_revoked(telling->tales, telling->peer, person);
}

static void handle_group(void *data, const char *name, bool gone) {
	const struct telling *telling = data;
	tell_group(telling->tales, telling->peer, name);
}

void tales_tell(struct tales *tales, const struct peer *peer) {
	struct telling telling = {tales, peer};
	if (tales->quic) {
		quic_each_revoked(tales->quic, handle_revoked, &telling);
		quic_each_group(tales->quic, handle_group, &telling);
	}
}

static void tell_all(struct tales *tales,
		void (*tell)(struct tales *tales, const struct peer *peer, const char *name), const char *name) {
	struct peer *peer;
	if (tales->quic) {
		wl_list_for_each(peer, quic_peers(tales->quic), link) {
			tell(tales, peer, name);
		}
	}
}

void tales_tell_revoked(struct tales *tales, const char *person) {
	tell_all(tales, tell_revoked, person);
}

void tales_tell_group(struct tales *tales, const char *name) {
	tell_all(tales, tell_group, name);
}
