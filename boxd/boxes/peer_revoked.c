/* SPDX-License-Identifier: MIT */
/*
 * peer_revoked.c - /peer/PERSON/revoked: which machines a person has taken back.
 *
 * Changing it takes no right but the person's signature, so whoever might know of a newer list may tell
 * it: for this node's own person everybody, for a friend the friend's machines.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "box/box.h"
#include "boxes/peer.h"
#include "quic/quic.h"

static const struct box_type person_type;

/* The key of the person whose list this is; NULL: not known any more. */
static const char *key_of(const struct box *box) {
	const struct box_env *env = box->data;
	return env->quic ? quic_person_key(env->quic, box->parent->name) : NULL;
}

static bool get_list(const struct box *box, struct op_head *head) {
	const struct box_env *env = box->data;
	const char *key = key_of(box);
	return key && quic_revoked(env->quic, key, head);
}

static void revoked_getmem(struct box *box, struct req *req) {
	struct op_head head;
	struct buf text;
	buf_init(&text);
	op_head_init_entry(&head);
	if (get_list(box, &head)) {
		op_encode(&head, &text, NULL);
	}
	op_head_finish(&head);
	op_set(req_reply(req), OP_F_TYPE, "text");
	req_ok_bytes(req, buf_front(&text), text.size);
	buf_finish(&text);
}

static void revoked_chinfo(struct box *box, struct req *req) {
	struct box_env *env = box->data;
	struct op_refusal why = {0};
	const char *key = key_of(box);
	if (!op_has(req->head, OP_F_SIGNATURE)) {
		if (strcmp(req->subject->person, box_tree_owner(env->tree)) == 0) {
			box_serve_chinfo(box, req);
		} else {
			req_fail(req, OP_EPERM, "only this node's owner changes that; a list of what is revoked comes "
				"with its signature");
		}
	} else if (!key) {
		req_fail(req, OP_ENOENT, "%s is not known here", box->parent->name);
	} else if (quic_revoke(env->quic, key, req->head, &why) != OP_OK) {
		req_refuse(req, &why);
	} else {
		req_ok(req);
	}
}

static void revoked_describe(struct box *box, struct op_head *entry) {
	struct op_head head;
	op_head_init_entry(&head);
	if (get_list(box, &head)) {
		op_set_number(entry, OP_F_SERIAL, op_get_number(&head, OP_F_SERIAL, 0));
	}
	op_head_finish(&head);
}

static const struct box_type revoked_type = {
	.name = "revoked",
	.fn = {[OP_GETMEM] = revoked_getmem, [OP_CHINFO] = revoked_chinfo},
	.describe = revoked_describe,
};

static const struct box_type person_type = {.name = "person"};

void peer_person_known(struct box_env *env, const char *person) {
	struct box *peers = box_inner(box_tree_root(env->tree), "peer");
	if (box_inner(peers, person)) {
		return; // or a machine of that name, from before names of persons were kept free
	}
	struct box *box = box_create(peers, person, &person_type, "dir", env);
	struct box *list = box ? box_create(box, "revoked", &revoked_type, "text", env) : NULL;
	char line[OP_MAX_SUBJECT + 8];
	bool own = strcmp(person, box_tree_owner(env->tree)) == 0;
	snprintf(line, sizeof(line), "%s ki", own ? "*" : person);
	if (!list || box_set_acl(list, line, NULL) != OP_OK || (own && !peer_groups_told(env, box))) {
		box_destroy(box);
	}
	peer_groups_show(env);
}

void peer_persons_prune(struct box_env *env) {
	struct box *peers = box_inner(box_tree_root(env->tree), "peer"), *box, *next;
	wl_list_for_each_safe(box, next, &peers->inner, link) {
		if (box->type == &person_type && env->quic && !quic_person_key(env->quic, box->name)) {
			box_destroy(box);
		}
	}
}

void peer_revoked_changed(struct box_env *env, const char *person) {
	struct box *peers = box_inner(box_tree_root(env->tree), "peer"), *box = box_inner(peers, person);
	if (box && box->type == &person_type) {
		box_changed(box_inner(box, "revoked"));
	}
}
