/* SPDX-License-Identifier: MIT */
/*
 * peer.c - /peer: the nodes this one knows, and how it gets to know one (make); /n: the same nodes as
 * the places where their boxes are.
 *
 * A make on /peer is a pairing and lasts until both sides have agreed or one gives up. What is for the
 * person to do comes in the answer's body, as heads, and is answered in the request's: digits to be
 * compared (the answer: those of the other screen), a certificate to be signed (the answer: cert and
 * cert; boxd never opens the person's key). A head with state only says what it waits for.
 */
#include "boxes/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "quic/quic.h"

struct pairing {
	struct box_env *env;
	struct req *req;
	struct quic_pair *pair;
	struct buf said; // by the asker, until it is a head
};

static void pairing_destroy(struct pairing *pairing) {
	buf_finish(&pairing->said);
	free(pairing);
}

static void pairing_tell(struct pairing *pairing, struct op_head *entry) {
	struct buf text;
	buf_init(&text);
	op_encode(entry, &text, NULL);
	op_head_finish(entry);
	req_write(pairing->req, buf_front(&text), text.size);
	buf_finish(&text);
}

static void pairing_digits(void *data, const char *digits, const char *machine,
		const char *person) {
	struct op_head entry;
	op_head_init_entry(&entry);
	op_set(&entry, OP_F_DIGITS, digits);
	op_set(&entry, OP_F_MACHINE, machine);
	if (*person) {
		op_set(&entry, OP_F_PERSON, person);
	}
	pairing_tell(data, &entry);
}

static void pairing_signature(void *data, const char *spki, const char *machine) {
	struct op_head entry;
	op_head_init_entry(&entry);
	op_set(&entry, OP_F_CERT, spki);
	op_set(&entry, OP_F_MACHINE, machine);
	pairing_tell(data, &entry);
}

static void pairing_notice(void *data, const struct op_refusal *why) {
	struct op_head entry;
	op_head_init_entry(&entry);
	op_setf(&entry, OP_F_STATE, "waiting %s %s", op_code_name(why->code), why->sentence);
	pairing_tell(data, &entry);
}

static void pairing_done(void *data, struct peer *peer, const struct op_refusal *why) {
	struct pairing *pairing = data;
	struct req *req = pairing->req;
	struct op_head trailer;
	op_head_init_reply(&trailer);
	if (peer) {
		op_setf(&trailer, OP_F_NAME, "/n/%s", peer->petname);
		op_set(&trailer, OP_F_PERSON, peer->subject.person);
		op_set(&trailer, OP_F_MACHINE, peer->subject.machine);
	} else {
		trailer.refusal = *why;
	}
	pairing_destroy(pairing);
	req_end(req, &trailer);
	op_head_finish(&trailer);
}

static void pairing_answer(struct pairing *pairing, const struct op_head *entry) {
	size_t at = 0;
	const char *digits = op_get(entry, OP_F_DIGITS);
	const char *machine = op_each(entry, OP_F_CERT, &at);
	const char *person = op_each(entry, OP_F_CERT, &at);
	if (machine && person) {
		quic_pair_signed(pairing->pair, machine, person);
	} else if (digits) {
		quic_pair_compared(pairing->pair, digits);
	}
}

// What the asker says in the body: heads. An answer may be the pairing's end.
static void pairing_data(struct req *req, const void *bytes, size_t size) {
	struct pairing *pairing = req->data;
	struct op_refusal why = {0};
	struct op_head entry;
	buf_append(&pairing->said, bytes, size);
	size_t head = op_head_size(buf_front(&pairing->said), pairing->said.size, &why);
	if (head == 0 && why.code == OP_OK) {
		return;
	}
	if (head == 0 ||
			op_decode(&entry, OP_ENTRY, buf_front(&pairing->said), head, &why) != OP_OK) {
		quic_pair_cancel(pairing->pair);
		pairing_destroy(pairing);
		req_end_fail(req, why.code, "%s", why.sentence);
		return;
	}
	buf_drop(&pairing->said, head);
	pairing_answer(pairing, &entry);
	op_head_finish(&entry);
}

static void pairing_end(struct req *req) {
}

static void pairing_gone(struct req *req) {
	struct pairing *pairing = req->data;
	quic_pair_cancel(pairing->pair);
	pairing_destroy(pairing);
}

static void peers_make(struct box *parent, struct req *req) {
	static const struct req_events events = {
		.data = pairing_data,
		.end = pairing_end,
		.gone = pairing_gone,
	};
	static const struct quic_pair_events pair_events = {
		.digits = pairing_digits,
		.signature = pairing_signature,
		.notice = pairing_notice,
		.done = pairing_done,
	};
	struct box_env *env = parent->data;
	if (strcmp(req->subject->person, box_tree_owner(env->tree)) != 0) {
		req_fail(req, OP_EPERM, "only this node's owner pairs it, and makes groups");
		return;
	}
	if (!env->quic) {
		req_fail(req, OP_EUNREACH, "this node has no network (network no in boxd.conf)");
		return;
	}
	const char *type = op_get(req->head, OP_F_TYPE);
	if (type && cnstr_text_meets(type, "group")) {
		peer_group_make(env, req);
		return;
	}
	struct pairing *pairing = calloc(1, sizeof(*pairing));
	struct op_refusal why = {.code = OP_EIO, .sentence = "out of memory"};
	if (pairing) {
		pairing->env = env;
		pairing->req = req;
		buf_init(&pairing->said);
		pairing->pair = quic_pair(env->quic, op_get(req->head, OP_F_KEY),
			op_has(req->head, OP_F_MINE), op_get(req->head, OP_F_AT), &pair_events, pairing, &why);
	}
	if (!pairing || !pairing->pair) {
		free(pairing);
		req_refuse(req, &why);
		return;
	}
	req->data = pairing;
	req->events = &events;
	req_ok_open(req, OP_BODY_CHUNKS, 0);
}

// A person was made while we ran (box init): the certificates that say so.
static void peers_chinfo(struct box *box, struct req *req) {
	struct box_env *env = box->data;
	struct op_refusal why;
	size_t at = 0;
	const char *machine = op_each(req->head, OP_F_CERT, &at);
	const char *person = op_each(req->head, OP_F_CERT, &at);
	if (!machine || !person) {
		box_serve_chinfo(box, req);
	} else if (strcmp(req->subject->person, box_tree_owner(env->tree)) != 0) {
		req_fail(req, OP_EPERM, "only this node's owner says whose it is");
	} else if (keys_adopt(env->keys, machine, person, &why) != OP_OK) {
		req_refuse(req, &why);
	} else {
		req_ok(req);
		env->owner_changed(env);
	}
}

static void peers_describe(struct box *box, struct op_head *entry) {
	const struct box_env *env = box->data;
	if (env->quic) {
		op_setf(entry, OP_F_AT, "UDP port %d", quic_port(env->quic));
	}
}

static const struct box_type peers_type = {
	.name = "peers",
	.fn = {[OP_MAKE] = peers_make, [OP_CHINFO] = peers_chinfo},
	.takes_body = 1 << OP_MAKE,
	.describe = peers_describe,
};

static void peer_describe(struct box *box, struct op_head *entry) {
	const struct peer *peer = box->data;
	op_set(entry, OP_F_KEY, peer->key);
	op_set(entry, OP_F_PERSON, peer->subject.person);
	op_set(entry, OP_F_MACHINE, peer->subject.machine);
	if (!peer->up && peer->why.code != OP_OK) {
		op_setf(entry, OP_F_STATE, "down %s %s", op_code_name(peer->why.code), peer->why.sentence);
	} else if (peer->up && peer->through[0]) {
		op_setf(entry, OP_F_STATE, "up through %s", peer->through);
	} else {
		op_set(entry, OP_F_STATE, peer->up ? "up" : "idle");
	}
}

static void peer_getmem(struct box *box, struct req *req) {
	const struct peer *peer = box->data;
	struct buf text;
	buf_init(&text);
	buf_printf(&text, "person %s\nmachine %s\nkey %s\n", peer->subject.person,
		peer->subject.machine, peer->key);
	for (int i = 0; i < peer->at_size; i++) {
		buf_printf(&text, "at %s\n", peer->at[i]);
	}
	op_set(req_reply(req), OP_F_TYPE, "text");
	req_ok_bytes(req, buf_front(&text), text.size);
	buf_finish(&text);
}

static void peer_delete(struct box *box, struct req *req) {
	struct box_env *env = box->parent->data;
	quic_peer_forget(env->quic, box->data); // peer_box_gone takes the boxes away
	req_ok(req);
}

static const struct box_type peer_type = {
	.name = "peer",
	.fn = {[OP_GETMEM] = peer_getmem, [OP_DELETE] = peer_delete},
	.describe = peer_describe,
};

static const struct box_type node_type = {
	.name = "node",
	.describe = peer_describe,
};

static struct box *show(struct box_env *env, const char *where, const struct box_type *type,
		struct peer *peer) {
	struct box *parent = box_inner(box_tree_root(env->tree), where);
	struct box *box = box_inner(parent, peer->petname);
	if (box && box->type != type) { // a person's
		return NULL;
	}
	return box ? box : box_create(parent, peer->petname, type, type->name, peer);
}

void peer_box_changed(struct box_env *env, struct peer *peer) {
	peer_persons_prune(env);
	struct box *known = show(env, "peer", &peer_type, peer);
	struct box *node = show(env, "n", &node_type, peer);
	if (!known || !node) {
		return;
	}
	char cnstr[128];
	int size = snprintf(cnstr, sizeof(cnstr), "node!*!%s", peer->net[0] ? peer->net : "*");
	if (peer->rtt_ms > 0) {
		snprintf(cnstr + size, sizeof(cnstr) - (size_t)size, "!rtt=%.1f", peer->rtt_ms);
	}
	box_set_cnstr(node, cnstr);
	box_changed(known);
	box_changed(node);
	peer_person_known(env, peer->subject.person);
}

void peer_box_gone(struct box_env *env, struct peer *peer) {
	struct box *root = box_tree_root(env->tree), *box = box_inner(box_inner(root, "peer"), peer->petname);
	box_destroy(box && box->type == &peer_type ? box : NULL);
	box_destroy(box_inner(box_inner(root, "n"), peer->petname));
}

static bool peer_init(struct box_env *env) {
	struct box *root = box_tree_root(env->tree);
	struct box *n = box_create(root, "n", &box_type_dir, "dir", env);
	if (!n || !box_create(root, "peer", &peers_type, "dir", env)) {
		return false;
	}
	n->inside = true; // a node does not lead on to others, nor says which it knows
	return true;
}

const struct boxd_type boxd_type_peer = {.init = peer_init};
