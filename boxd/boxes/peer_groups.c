/* SPDX-License-Identifier: MIT */
/*
 * peer_groups.c - /peer/GROUP: groups of persons, each with its members as boxes below it; and
 * /peer/PERSON/groups, where this person's other machines tell of theirs.
 *
 * What a group is, and that only its key changes it, is boxd/quic/group.c's and groups.c's.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "box/box.h"
#include "boxes/peer.h"
#include "quic/quic.h"

struct member {
	struct box_env *env;
	char key[KEYS_FINGERPRINT + 1]; // of the person
	bool seen; // while the boxes are compared with the group
};

struct telling { // of another machine
	struct box_env *env;
	struct buf text;
};

static bool refuse_others(const struct box_env *env, struct req *req) {
	if (strcmp(req->subject->person, box_tree_owner(env->tree)) == 0) {
		return false;
	}
	req_fail(req, OP_EPERM, "only this node's owner changes who is in a group");
	return true;
}

// What was asked was done, or not.
static void answer(struct req *req, enum op_code code, const struct op_refusal *why) {
	if (code == OP_OK) {
		req_ok(req);
	} else {
		req_refuse(req, why);
	}
}

/* /peer/GROUP/PERSON */

static void member_delete(struct box *box, struct req *req) {
	struct member member = *(struct member *)box->data; // its box goes in there
	struct op_refusal why = {0};
	if (!refuse_others(member.env, req)) {
		answer(req, quic_group_remove(member.env->quic, box->parent->name, member.key, &why), &why);
	}
}

static void member_describe(struct box *box, struct op_head *entry) {
	const struct member *member = box->data;
	op_set(entry, OP_F_PERSON, box->name);
	op_set(entry, OP_F_KEY, member->key);
}

static void member_destroy(struct box *box) {
	free(box->data);
}

static const struct box_type member_type = {
	.name = "member",
	.fn = {[OP_DELETE] = member_delete},
	.describe = member_describe,
	.destroy = member_destroy,
};

/* /peer/GROUP */

static void group_make(struct box *box, struct req *req) {
	struct box_env *env = box->data;
	struct op_refusal why = {0};
	if (!refuse_others(env, req)) {
		op_set(req_reply(req), OP_F_NAME, op_get(req->head, OP_F_NAME));
		answer(req, quic_group_add(env->quic, box->name, req->rest, &why), &why);
	}
}

static void group_delete(struct box *box, struct req *req) {
	struct box_env *env = box->data;
	struct op_refusal why = {0};
	if (!refuse_others(env, req)) {
		answer(req, quic_group_delete(env->quic, box->name, &why), &why);
	}
}

static void group_getmem(struct box *box, struct req *req) {
	struct box_env *env = box->data;
	struct buf text;
	buf_init(&text);
	quic_group_print(env->quic, box->name, &text);
	op_set(req_reply(req), OP_F_TYPE, "text");
	req_ok_bytes(req, buf_front(&text), text.size);
	buf_finish(&text);
}

static void group_describe(struct box *box, struct op_head *entry) {
	const struct box_env *env = box->data;
	op_set_number(entry, OP_F_SERIAL, quic_group_serial(env->quic, box->name));
}

static const struct box_type group_type = {
	.name = "group",
	.fn = {[OP_MAKE] = group_make, [OP_DELETE] = group_delete, [OP_GETMEM] = group_getmem},
	.describe = group_describe,
};

void peer_group_make(struct box_env *env, struct req *req) {
	struct op_refusal why = {0};
	op_set(req_reply(req), OP_F_NAME, op_get(req->head, OP_F_NAME));
	answer(req, quic_group_make(env->quic, req->rest, &why), &why);
}

static void show_member(void *data, const char *person, const char *key) {
	struct box *group = data, *box = box_inner(group, person);
	if (box && strcmp(((struct member *)box->data)->key, key) == 0) {
		((struct member *)box->data)->seen = true;
		return;
	}
	struct member *member = calloc(1, sizeof(*member));
	if (member) {
		member->env = group->data;
		member->seen = true;
		strcpy(member->key, key);
	}
	// Two of one name: of a person whom this machine does not know, and of one whom it does.
	if (member && !box_create(group, box ? key : person, &member_type, "person", member)) {
		free(member);
	}
}

void peer_group_changed(struct box_env *env, const char *name) {
	struct box *peers = box_inner(box_tree_root(env->tree), "peer"), *box = box_inner(peers, name);
	if (quic_group_serial(env->quic, name) == 0 || (box && box->type != &group_type)) {
		return;
	}
	if (!quic_group_is_there(env->quic, name)) {
		box_destroy(box);
		return;
	}
	box = box ? box : box_create(peers, name, &group_type, "group", env);
	struct box *inner, *next;
	if (!box) {
		return;
	}
	wl_list_for_each(inner, &box->inner, link) {
		((struct member *)inner->data)->seen = false;
	}
	quic_each_member(env->quic, name, show_member, box);
	wl_list_for_each_safe(inner, next, &box->inner, link) {
		if (!((struct member *)inner->data)->seen) {
			box_destroy(inner);
		}
	}
	box_changed(box);
}

static void show_group(void *data, const char *name, bool gone) {
	peer_group_changed(data, name);
}

void peer_groups_show(struct box_env *env) {
	if (env->quic) {
		quic_each_group(env->quic, show_group, env);
	}
}

/* /peer/PERSON/groups */

static void telling_destroy(struct telling *telling) {
	buf_finish(&telling->text);
	free(telling);
}

static void told_data(struct req *req, const void *bytes, size_t size) {
	struct telling *telling = req->data;
	if (telling->text.size + size > GROUP_TEXT_MAX || !buf_append(&telling->text, bytes, size)) {
		telling_destroy(telling);
		req_fail(req, OP_E2BIG, "a group has at most %d bytes", GROUP_TEXT_MAX);
	}
}

static void told_end(struct req *req) {
	struct telling *telling = req->data;
	struct op_refusal why = {0};
	enum op_code code = quic_group_take(telling->env->quic, (const char *)buf_front(&telling->text),
		telling->text.size, &why);
	telling_destroy(telling);
	answer(req, code, &why);
}

static void told_gone(struct req *req) {
	telling_destroy(req->data);
}

static void told_putmem(struct box *box, struct req *req) {
	static const struct req_events events = {.data = told_data, .end = told_end, .gone = told_gone};
	struct box_env *env = box->data;
	if (refuse_others(env, req)) {
		return;
	}
	struct telling *telling = calloc(1, sizeof(*telling));
	if (!telling) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	telling->env = env;
	buf_init(&telling->text);
	req->data = telling;
	req->events = &events;
}

static const struct box_type told_type = {
	.name = "groups",
	.fn = {[OP_PUTMEM] = told_putmem},
	.takes_body = 1 << OP_PUTMEM,
};

bool peer_groups_told(struct box_env *env, struct box *person) {
	return box_create(person, "groups", &told_type, "text", env);
}
