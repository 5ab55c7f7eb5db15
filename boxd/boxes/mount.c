/* SPDX-License-Identifier: MIT */
/*
 * mount.c - /mount/NAME: a server of this node that answers for names of its own. It is made by the
 * server itself and lasts as long as that exchange: when the server dies, its names go.
 *
 * The answer's body is live: an entry of as alone tells in which groups a person of another machine is,
 * at first all of them, later all when a group has changed.
 */
#include "boxes/env.h"

#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "mount"
#include "base/log.h"
#include "mounts.h"
#include "quic/quic.h"

struct mounted {
	struct mounts *mounts;
	struct mount *mount;
	struct req *req; // the exchange that keeps it; NULL: it is over
	bool behind;     // it does not read, and is told of groups when it does
};

// A mounted name shows in the root as an empty box of its own, so that `box ls /` has it; one for all
// that have it.
static void show_prefixes(struct box *root, char *const *prefixes) {
	for (; *prefixes; prefixes++) {
		if (!box_inner(root, *prefixes + 1)) {
			box_create(root, *prefixes + 1, &box_type_dir, "dir", NULL);
		}
	}
}

static void hide_prefixes(struct box *root, const struct mounted *mounted) {
	for (char **prefix = mounted->mount->prefixes; *prefix; prefix++) {
		const struct mount *first = mounts_find(mounted->mounts, *prefix);
		if (first == mounted->mount && !mounts_next(mounted->mounts, first, *prefix)) {
			box_destroy(box_inner(root, *prefix + 1));
		}
	}
}

static void mounted_destroy(struct box *box) {
	struct mounted *mounted = box->data;
	hide_prefixes(box_tree_root(box->tree), mounted);
	mounts_remove(mounted->mounts, mounted->mount);
	if (mounted->req) {
		req_end(mounted->req, NULL);
	}
	free(mounted);
}

static void mounted_gone(struct req *req) {
	struct box *box = req->data;
	struct mounted *mounted = box->data;
	log_info("%s is gone, and all that it served", box->name);
	mounted->req = NULL;
	box_destroy(box);
}

static void mounted_getmem(struct box *box, struct req *req) {
	const struct mounted *mounted = box->data;
	struct buf text;
	buf_init(&text);
	for (char **prefix = mounted->mount->prefixes; *prefix; prefix++) {
		buf_printf(&text, "prefix %s\n", *prefix);
	}
	buf_printf(&text, "at %s\n", mounted->mount->socket);
	op_set(req_reply(req), OP_F_TYPE, "text");
	req_ok_bytes(req, buf_front(&text), text.size);
	buf_finish(&text);
}

static void mounted_delete(struct box *box, struct req *req) {
	box_destroy(box);
	req_ok(req);
}

static bool print_groups(const struct box_env *env, struct buf *out) {
	const struct peer *peer;
	bool good = true;
	wl_list_for_each(peer, quic_peers(env->quic), link) {
		struct subject subject = peer->subject;
		char as[SUBJECT_AS_SIZE];
		struct op_head entry;
		quic_name_groups(env->quic, &subject);
		op_head_init_entry(&entry);
		op_set(&entry, OP_F_AS, subject_print_as(&subject, as));
		good = good && op_encode(&entry, out, NULL) == OP_OK;
		op_head_finish(&entry);
	}
	return good;
}

// All of them are told at once, so one who reads slowly misses none for good.
static void write_groups(const struct box *box, struct buf *text) {
	struct mounted *mounted = box->data;
	if (req_queued(mounted->req) <= REQ_HIGH_MARK) {
		mounted->behind = false;
		req_write(mounted->req, buf_front(text), text->size);
	} else if (!mounted->behind) {
		mounted->behind = true;
		log_info("%s does not read which groups there are: it is told when it does", box->name);
	}
}

// To one that is mounted, or to all of them (NULL).
static void tell_groups(const struct box_env *env, const struct mounted *whom) {
	struct box *mounts = box_inner(box_tree_root(env->tree), "mount"), *box;
	struct buf text;
	if (!env->quic) {
		return;
	}
	buf_init(&text);
	if (print_groups(env, &text) && text.size > 0) {
		wl_list_for_each(box, &mounts->inner, link) {
			struct mounted *mounted = box->data;
			if (mounted->req && (!whom || whom == mounted)) {
				write_groups(box, &text);
			}
		}
	}
	buf_finish(&text);
}

void mount_groups_changed(struct box_env *env) {
	tell_groups(env, NULL);
}

static void mounted_drained(struct req *req) {
	const struct box *box = req->data;
	const struct mounted *mounted = box->data;
	if (mounted->behind) {
		tell_groups(box->parent->data, mounted);
	}
}

static const struct box_type mounted_type = {
	.name = "mounted",
	.fn = {[OP_GETMEM] = mounted_getmem, [OP_DELETE] = mounted_delete},
	.destroy = mounted_destroy,
};

static void mounts_make(struct box *parent, struct req *req) {
	static const struct req_events events = {.drained = mounted_drained, .gone = mounted_gone};
	struct box_env *env = parent->data;
	struct op_refusal refusal;
	if (strcmp(req->subject->person, box_tree_owner(env->tree)) != 0) {
		req_fail(req, OP_EPERM, "only this node's owner mounts servers");
		return;
	}
	struct mounted *mounted = calloc(1, sizeof(*mounted));
	struct mount *mount = mounts_add(env->mounts, req->head, &refusal);
	struct box *box = NULL;
	if (!mount) {
		req_refuse(req, &refusal);
		free(mounted);
		return;
	}
	if (!mounted || !(box = box_create(parent, req->rest, &mounted_type, "mount", mounted))) {
		mounts_remove(env->mounts, mount);
		free(mounted);
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	mounted->mounts = env->mounts;
	mounted->mount = mount;
	mounted->req = req;
	req->data = box;
	req->events = &events;
	show_prefixes(box_tree_root(env->tree), mount->prefixes);
	op_set(req_reply(req), OP_F_NAME, op_get(req->head, OP_F_NAME));
	req_ok_open(req, OP_BODY_CHUNKS, 0);
	tell_groups(env, mounted);
}

static const struct box_type mounts_type = {
	.name = "mounts",
	.fn = {[OP_MAKE] = mounts_make},
};

static bool mount_init(struct box_env *env) {
	return box_create(box_tree_root(env->tree), "mount", &mounts_type, "dir", env);
}

const struct boxd_type boxd_type_mount = {.init = mount_init};
