/* SPDX-License-Identifier: MIT */
/*
 * fs.c - /fs/NAME/…: the exported folders of boxd.conf, and which verbs they serve. Names below an
 * export are walked on disk, by the files that serve the verbs.
 */
#include "boxes/fs.h"

#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "fs"
#include "base/log.h"
#include "boxes/fs_link.h"
#include "boxes/fs_part.h"
#include "boxes/fs_place.h"
#include "boxes/fs_rights.h"
#include "boxes/fs_type.h"
#include "config.h"
#include "quic/keys.h"
#include "replica/history.h"

// Each is held by one caller as long as that likes; fs_tree.c says how many one person may hold.
#define TREE_THREADS 8

// Of a machine without a key: a test's.
#define NOBODY "0000000000000000000000000000000000000000000000000000000000000000"

struct work_pool *fs_tree_pool(struct fs *fs) {
	if (!fs->trees) {
		fs->trees = work_pool_create(fs->env->loop, TREE_THREADS);
	}
	return fs->trees;
}

static void fs_destroy(struct box *box) {
	struct fs *fs = box->data;
	work_pool_destroy(fs->trees);
	free(fs);
}

static const struct box_type fs_type = {.name = "dir", .destroy = fs_destroy};

static void export_free(struct fs_export *export) {
	fs_at_hand_finish(&export->at_hand);
	origins_finish(&export->origins);
	pthread_mutex_destroy(&export->mutex);
	history_destroy(export->history);
	free(export->path);
	free(export);
}

static void export_destroy(struct box *box) {
	struct fs_export *export = box->data;
	export_free(export);
}

static const struct box_type export_type = {
	.name = "export",
	.fn = {
		[OP_KIND] = fs_kind,
		[OP_SELECTORS] = fs_selectors,
		[OP_GETMEM] = fs_getmem,
	},
	.lends = true,
	.walks = true,
	.look = fs_look_up,
	.allow = fs_allow,
	.destroy = export_destroy,
};

static const struct box_type store_type = {
	.name = "store",
	.fn = {
		[OP_KIND] = fs_kind,
		[OP_SELECTORS] = fs_selectors,
		[OP_GETMEM] = fs_getmem,
		[OP_PUTMEM] = fs_putmem,
		[OP_MAKE] = fs_make,
		[OP_DELETE] = fs_delete,
		[OP_LINK] = fs_link,
		[OP_CHINFO] = fs_chinfo,
	},
	.gives = "history",
	.takes_body = 1 << OP_PUTMEM,
	.lends = true,
	.walks = true,
	.look = fs_look_up,
	.allow = fs_allow,
	.destroy = export_destroy,
};

static void run_sweep(void *data) {
	fs_parts_sweep(data);
}

static void sweep_done(void *data, bool cancelled) {
	free(data);
}

// What was kept of broken puts, and is too old.
static void sweep(struct fs *fs, const char *path) {
	char *root = strdup(path);
	if (!root || !work_add(fs->env->pool, run_sweep, sweep_done, root)) {
		free(root);
	}
}

static bool add_export(struct fs *fs, struct box *box, const struct config_export *wanted) {
	struct fs_export *export = calloc(1, sizeof(*export));
	if (!export || !(export->path = strdup(wanted->path))) {
		free(export);
		return false;
	}
	export->fs = fs;
	fs_at_hand_init(&export->at_hand);
	pthread_mutex_init(&export->mutex, NULL);
	origins_init(&export->origins);
	if (wanted->store) {
		export->history = history_create(wanted->path, fs->env->keys ?
			keys_fingerprint(fs->env->keys) : NOBODY);
	}
	if (!box_create(box, wanted->name, wanted->store ? &store_type : &export_type, "dir", export)) {
		log_error("export %s: the name is taken", wanted->name);
		export_free(export);
	} else if (wanted->store) {
		sweep(fs, wanted->path);
	}
	return true;
}

static bool fs_init(struct box_env *env) {
	struct fs *fs = calloc(1, sizeof(*fs));
	struct box *box = fs ? box_create(box_tree_root(env->tree), "fs", &fs_type, "dir", fs) : NULL;
	struct config_export *wanted;
	if (!box) {
		free(fs);
		return false;
	}
	fs->env = env;
	wl_list_init(&fs->moving);
	wl_list_init(&fs->replicas);
	wl_list_for_each(wanted, &env->config->exports, link) {
		if (!add_export(fs, box, wanted)) {
			return false;
		}
	}
	fs_links_restore(fs);
	return true;
}

const struct boxd_type boxd_type_fs = {.init = fs_init};
