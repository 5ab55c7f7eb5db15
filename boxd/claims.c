/* SPDX-License-Identifier: MIT */
/*
 * claims.c - the record of whereabouts.c on its way to the person's other machines, by a putmem of /usr.
 *
 * A machine that cannot be reached is told when it appears; what it knows better it tells us then.
 */
#include "claims.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "quic/keys.h"
#include "quic/quic.h"
#include "whereabouts.h"

struct claim { // being told to one machine
	struct wl_list link; // claims.list
	struct call *call;
	char key[KEYS_FINGERPRINT + 1];
};

void claims_init(struct claims *claims, struct wl_event_loop *loop, const struct caller *caller,
		const struct usr *usr, const struct keys *keys) {
	*claims = (struct claims){.loop = loop, .caller = caller, .usr = usr, .keys = keys};
	wl_list_init(&claims->list);
}

static void claim_destroy(struct claim *claim) {
	wl_list_remove(&claim->link);
	call_destroy(claim->call);
	free(claim);
}

void claims_finish(struct claims *claims) {
	struct claim *claim, *next;
	wl_list_for_each_safe(claim, next, &claims->list, link) {
		claim_destroy(claim);
	}
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct claim *claim = data;
	claim->call = NULL;
	claim_destroy(claim);
}

static void send_record(struct claims *claims, struct claim *claim, struct buf *text) {
	static const struct call_events events = {.ended = handle_ended};
	struct op_head head;
	struct subject subject = {0};
	snprintf(subject.person, sizeof(subject.person), "%s", keys_person(claims->keys));
	snprintf(subject.machine, sizeof(subject.machine), "%s", keys_machine(claims->keys));
	op_head_init_request(&head, OP_PUTMEM);
	op_setf(&head, OP_F_NAME, "/n/%s/usr", claim->key);
	op_set_body(&head, OP_BODY_BYTES, text->size);
	claim->call = call_create(claims->loop, claims->caller, &head, &subject, &events, claim);
	op_head_finish(&head);
	if (claim->call) {
		call_send_bytes(claim->call, buf_front(text), text->size);
		call_send_end(claim->call);
	} else {
		claim_destroy(claim);
	}
}

void claims_tell(struct claims *claims, const struct peer *peer) {
	const char *person = keys_person(claims->keys);
	struct claim *claim, *next;
	struct buf text;
	if (claims->usr->count == 0 || !person || strcmp(person, peer->subject.person) != 0) {
		return;
	}
	wl_list_for_each_safe(claim, next, &claims->list, link) {
		if (strcmp(claim->key, peer->key) == 0) {
			claim_destroy(claim); // this says more
		}
	}
	buf_init(&text);
	claim = calloc(1, sizeof(*claim));
	if (claim && usr_print(claims->usr, &text)) {
		wl_list_insert(&claims->list, &claim->link);
		strcpy(claim->key, peer->key);
		send_record(claims, claim, &text);
	} else {
		free(claim);
	}
	buf_finish(&text);
}

void claims_tell_all(struct claims *claims) {
	struct peer *peer;
	if (claims->quic) {
		wl_list_for_each(peer, quic_peers(claims->quic), link) {
			claims_tell(claims, peer);
		}
	}
}
