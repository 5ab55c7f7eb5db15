/* SPDX-License-Identifier: MIT */
/*
 * revocations.c - one exchange for each list and node: chinfo of /peer/PERSON/revoked there, the person
 * named by key.
 *
 * What a list does where it arrives is boxd/quic/revoked.c's.
 */
#include "revocations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "boxd"
#include "base/log.h"
#include "quic/quic.h"

struct tale {
	struct wl_list link; // revocations.tales
	struct call *call;
	char to[KEYS_FINGERPRINT + 1]; // for the log
};

void revocations_init(struct revocations *r, struct wl_event_loop *loop,
		const struct caller *caller, struct keys *keys) {
	*r = (struct revocations){.loop = loop, .caller = caller, .keys = keys};
	wl_list_init(&r->tales);
}

static void tale_destroy(struct tale *tale) {
	wl_list_remove(&tale->link);
	free(tale);
}

void revocations_finish(struct revocations *r) {
	struct tale *tale, *next;
	wl_list_for_each_safe(tale, next, &r->tales, link) {
		call_destroy(tale->call);
		tale_destroy(tale);
	}
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct tale *tale = data;
	if (why->code != OP_OK) {
		log_debug("%.16s… was not told of what is revoked: %s", tale->to, why->sentence);
	}
	tale_destroy(tale);
}

static void tell(struct revocations *r, const struct peer *peer, const char *person) {
	static const struct call_events events = {.ended = handle_ended};
	struct subject subject = {0};
	struct op_head head;
	struct tale *tale = calloc(1, sizeof(*tale));
	if (!tale) {
		return;
	}
	snprintf(subject.person, sizeof(subject.person), "%s", keys_person(r->keys));
	snprintf(subject.machine, sizeof(subject.machine), "%s", keys_machine(r->keys));
	strcpy(tale->to, peer->key);
	op_head_init_request(&head, OP_CHINFO);
	op_setf(&head, OP_F_NAME, "/n/%s/peer/%s/revoked", peer->key, person);
	quic_revoked(r->quic, person, &head);
	wl_list_insert(&r->tales, &tale->link);
	tale->call = call_create(r->loop, r->caller, &head, &subject, &events, tale);
	op_head_finish(&head);
	if (!tale->call) {
		tale_destroy(tale);
	}
}

/* Whether that node may know that we know that person. */
static bool concerns(const struct revocations *r, const struct peer *peer, const char *person) {
	const char *own = keys_person(r->keys), *name = quic_person_name(r->quic, person);
	if (!own || !name) {
		return false;
	}
	return strcmp(name, own) == 0 || strcmp(peer->subject.person, own) == 0
		|| strcmp(peer->subject.person, name) == 0;
}

struct telling {
	struct revocations *revocations;
	const struct peer *peer;
};

static void handle_each(void *data, const char *person) {
	const struct telling *telling = data;
	if (concerns(telling->revocations, telling->peer, person)) {
		tell(telling->revocations, telling->peer, person);
	}
}

void revocations_tell(struct revocations *r, const struct peer *peer) {
	struct telling telling = {r, peer};
	if (r->quic) {
		quic_each_revoked(r->quic, handle_each, &telling);
	}
}

void revocations_tell_all(struct revocations *r, const char *person) {
	struct peer *peer;
	if (!r->quic) {
		return; // still loading
	}
	wl_list_for_each(peer, quic_peers(r->quic), link) {
		if (concerns(r, peer, person)) {
			tell(r, peer, person);
		}
	}
}
