/* SPDX-License-Identifier: MIT */
/*
 * fs_link.c - link on boxes of a store: which are replicas of what. They are kept in the file links of
 * boxd's folder, each as a head, and made again when boxd begins. Behind each stands what its device last
 * said of itself, in heads without by: name, below the device, and device.
 */
#include "boxes/fs_link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOG_MODULE "links"
#include "base/buf.h"
#include "base/log.h"
#include "base/saves.h"
#include "box/name.h"
#include "boxes/fs_place.h"
#include "config.h"
#include "quic/keys.h"
#include "replica/history.h"

#define LINKS_FILE_MAX (1024 * 1024)

/* On the disk. */

static char *links_path(const struct fs *fs) {
	char *path;
	const char *dir = fs->env->config->dir;
	return dir[0] && asprintf(&path, "%s/links", dir) >= 0 ? path : NULL;
}

static char *name_of(const struct replica *replica) {
	const struct link *link = replica_link(replica);
	char *name = box_name(link->io), *whole = NULL;
	const char *rest = replica_rest(replica);
	if (name && asprintf(&whole, "%s/%s%s%s", name, rest, *rest ? "/" : "", link->box->name) < 0) {
		whole = NULL;
	}
	free(name);
	return whole;
}

// All but the grants.
static void set_link(struct op_head *head, const char *name, const char *device,
		const struct subject *subject, int64_t started) {
	char by[SUBJECT_SIZE];
	op_set(head, OP_F_NAME, name);
	op_set(head, OP_F_DEVICE, device);
	op_set(head, OP_F_BY, subject_print(subject, by));
	op_set_number(head, OP_F_STARTED, (uint64_t)started);
}

// E2BIG: its grants are too long for a head.
static enum op_code print_link(const struct replica *replica, struct buf *out) {
	const struct link *link = replica_link(replica);
	char *name = name_of(replica);
	struct op_head head;
	if (!name) {
		return OP_EIO;
	}
	op_head_init_entry(&head);
	set_link(&head, name, link->device, &link->subject, link->started);
	link_add_grants(link, &head);
	enum op_code code = op_encode(&head, out, NULL);
	op_head_finish(&head);
	free(name);
	return code;
}

// false: no memory. One that is too long for a head is left out: the device says it again.
static bool print_origins(struct replica *replica, struct buf *out) {
	const struct origins *origins = replica_origins(replica);
	bool good = true;
	for (size_t i = 0; i < origins->size && good; i++) {
		struct op_head head;
		op_head_init_entry(&head);
		op_setf(&head, OP_F_NAME, "/%s", origins->at[i].path);
		op_set(&head, OP_F_DEVICE, origins->at[i].device);
		enum op_code code = op_encode(&head, out, NULL);
		good = code == OP_OK || code == OP_E2BIG;
		op_head_finish(&head);
	}
	return good;
}

// false: no memory. One link that cannot be kept is no reason to keep none.
static bool print_whole(struct replica *replica, struct buf *out) {
	enum op_code code = print_link(replica, out);
	if (code == OP_E2BIG) {
		log_error("the link of %.200s is not kept: its names and grants are too long (box ln makes it again)",
			replica_link(replica)->device);
		return true;
	}
	return code == OP_OK && print_origins(replica, out);
}

void fs_links_save(struct fs *fs) {
	char *path = links_path(fs);
	struct buf text;
	bool good = true;
	if (!path) {
		return; // a test's
	}
	buf_init(&text);
	for (struct replica *r = NULL; good && (r = replica_next(fs, r));) {
		good = print_whole(r, &text);
	}
	if (good) {
		saves_soon(fs->env->saves, path, buf_front(&text), text.size);
	} else {
		log_error("the links of storages are not kept: out of memory");
	}
	buf_finish(&text);
	free(path);
}

static struct replica *restore_named(struct fs *fs, const struct op_head *head, const char *name) {
	const char *below = name_below("/fs", name), *at = below ? below : "", *last = name_last(name);
	char export[OP_MAX_COMPONENT + 1], rest[OP_MAX_NAME + 1];
	struct link_kept kept = {
		.name = last,
		.device = op_get(head, OP_F_DEVICE),
		.started = (int64_t)op_get_number(head, OP_F_STARTED, 0),
		.grants = head,
	};
	size_t size;
	const char *word = name_next(&at, &size), *by = op_get(head, OP_F_BY);
	if (!word || !*at || strncmp(last, FS_LINK, strlen(FS_LINK)) != 0 || !kept.device || !by ||
			subject_parse(&kept.subject, by, NULL) != OP_OK) {
		return NULL;
	}
	snprintf(export, sizeof(export), "%.*s", (int)size, word);
	snprintf(rest, sizeof(rest), "%.*s", last - at > 2 ? (int)(last - at) - 2 : 0, at + 1);
	struct box *box = box_inner(box_inner(box_tree_root(fs->env->tree), "fs"), export);
	const struct fs_export *store = box ? box->data : NULL;
	if (!store || !store->history) {
		return NULL;
	}
	struct replica *replica = replica_create(box, rest);
	struct link *link = replica ? fs->env->linker->restore(fs->env->linker, box, &kept, &replica_user,
		replica) : NULL;
	if (link) {
		replica_begin(replica, link);
	} else {
		replica_destroy(replica);
	}
	return link ? replica : NULL;
}

static void restore_origin(struct replica *replica, const struct op_head *head, const char *name) {
	if (replica && op_has(head, OP_F_DEVICE)) {
		origins_add(replica_origins(replica), name + 1, op_get(head, OP_F_DEVICE));
		fs_origins_changed(replica_link(replica)->io);
	}
}

static void restore_all(struct fs *fs, const char *path, struct bytes *in) {
	struct replica *replica = NULL; // the last
	while (in->at < in->end) {
		size_t size = op_head_size(in->at, (size_t)(in->end - in->at), NULL);
		struct op_head head;
		const uint8_t *bytes = bytes_take(in, size);
		if (size == 0 || op_decode(&head, OP_ENTRY, bytes, size, NULL) != OP_OK) {
			log_error("%s: it is not whole: the links behind are lost (box ln makes them again)", path);
			return;
		}
		const char *name = op_get(&head, OP_F_NAME);
		if (name && !op_has(&head, OP_F_BY)) {
			restore_origin(replica, &head, name);
		} else if (!name || !(replica = restore_named(fs, &head, name))) {
			log_error("%s: the link %s leads into no store of boxd.conf", path, name ? name : "");
		}
		op_head_finish(&head);
	}
}

void fs_links_restore(struct fs *fs) {
	char *path = links_path(fs);
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char *text = fd >= 0 ? malloc(LINKS_FILE_MAX) : NULL;
	ssize_t size = text ? read(fd, text, LINKS_FILE_MAX) : 0;
	if (size > 0) {
		struct bytes in;
		bytes_init(&in, text, (size_t)size);
		restore_all(fs, path, &in);
	}
	free(text);
	if (fd >= 0) {
		close(fd);
	}
	free(path);
}

/* Names. */

static bool is_io(const struct replica *replica, const char *rest, size_t size) {
	const char *own = replica_rest(replica);
	return strlen(own) == size && strncmp(own, rest, size) == 0;
}

struct box *fs_link_named(struct box *box, const char *rest, const char **folder) {
	const struct fs_export *export = box->data;
	const char *slash = strrchr(rest, '/'), *name = slash ? slash + 1 : rest;
	if (strncmp(name, FS_LINK, strlen(FS_LINK)) != 0) {
		return NULL;
	}
	for (struct replica *r = NULL; (r = replica_next(export->fs, r));) {
		struct link *link = replica_link(r);
		// Its own name in the tree means it, too.
		if (link->io == box && strcmp(link->box->name, name) == 0 &&
				(!slash || is_io(r, rest, (size_t)(slash - rest)))) {
			if (folder) {
				*folder = replica_rest(r);
			}
			return link->box;
		}
	}
	return NULL;
}

void fs_link_each(struct box *box, const char *path, uint64_t depth,
		void (*each)(void *data, const char *name, struct box *link), void *data) {
	const struct fs_export *export = box->data;
	size_t size = strlen(path);
	for (struct replica *r = NULL; (r = replica_next(export->fs, r));) {
		struct link *link = replica_link(r);
		const char *rest = replica_rest(r), *below = rest + size;
		char name[OP_MAX_NAME + OP_MAX_COMPONENT];
		if (link->io != box || strncmp(rest, path, size) != 0 || (*below && *below != '/' && size)) {
			continue;
		}
		below += *below == '/';
		uint64_t level = 1 + (*below != '\0');
		for (const char *at = below; (at = strchr(at, '/')); at++) {
			level++;
		}
		if (level <= depth) {
			snprintf(name, sizeof(name), "/%s%s%s", below, *below ? "/" : "", link->box->name);
			each(data, name, link->box);
		}
	}
}

/* The verb. */

struct linking {
	struct fs_job job;
	struct history *history;
};

static void run_check(void *data) {
	struct linking *linking = data;
	struct fs_job *job = &linking->job;
	struct stat there;
	int dir = -1;
	if (!history_lock(linking->history)) {
		fs_job_fail(job, errno);
		return;
	}
	if (*job->rest && fs_open_parent(job, &dir)) {
		if (fstatat(dir, fs_last_name(job), &there, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
			history_forget(linking->history, job->rest); // it begins anew
		}
		close(dir);
	}
	history_unlock(linking->history);
}

static bool is_replica_of(struct box *box, const char *rest, const char *device) {
	const struct fs_export *export = box->data;
	for (struct replica *r = NULL; (r = replica_next(export->fs, r));) {
		const struct link *link = replica_link(r);
		if (link->io == box && is_io(r, rest, strlen(rest)) && strcmp(link->device, device) == 0) {
			return true;
		}
	}
	return false;
}

// That the link may get. NULL: no memory.
static char *longest_name(struct box *box, const struct req *req) {
	char *store = box_name(box), *name = NULL;
	if (store && asprintf(&name, "%s%s%s/" FS_LINK "4294967295", store, *req->rest ? "/" : "", req->rest) < 0) {
		name = NULL;
	}
	free(store);
	return name;
}

// false: refused. The link's own box is one below.
static bool check_depth(struct box *box, struct req *req) {
	char *link = longest_name(box, req);
	bool good = !*req->rest || (link && name_check(link, NULL) == OP_OK);
	free(link);
	if (!good) {
		req_fail(req, OP_E2BIG, "%.150s is too deep in the store for a link to be below it: link a "
			"box further up", op_get(req->head, OP_F_NAME));
	}
	return good;
}

// false: refused. One box is no replica of itself, nor twice of another.
static bool check_device(struct box *box, struct req *req) {
	const struct fs_export *export = box->data;
	const char *device = op_get(req->head, OP_F_DEVICE), *io = op_get(req->head, OP_F_NAME), *name;
	const struct keys *keys = export->fs->env->keys;
	char key[65];
	if (!device || where_split(device, key, &name, NULL) != OP_OK) {
		return true; // net/link.c says what is wrong with it
	}
	bool here = !key[0] || (keys && strcmp(key, keys_fingerprint(keys)) == 0);
	if (here && (name_below(io, name) || name_below(name, io))) {
		req_fail(req, OP_EARG, "%.150s and %.150s are in one another: link a box elsewhere", io,
			device);
		return false;
	}
	if (is_replica_of(box, req->rest, device)) {
		req_fail(req, OP_EEXIST, "%.150s is a replica of that already (box ls shows the link)", io);
		return false;
	}
	return true;
}

// false: refused. What could not be kept would be lost when boxd ends.
static bool check_kept(struct box *box, struct req *req) {
	const char *device = op_get(req->head, OP_F_DEVICE), *grant;
	char *link = longest_name(box, req);
	struct buf text;
	struct op_head head;
	enum op_code code = OP_EIO;
	if (!device) {
		code = OP_OK; // net/link.c says that it needs one
	} else if (link) {
		buf_init(&text);
		op_head_init_entry(&head);
		set_link(&head, link, device, req->subject, (int64_t)time(NULL));
		for (size_t at = 0; (grant = op_each(req->head, OP_F_GRANT, &at));) {
			op_add(&head, OP_F_GRANT, grant);
		}
		code = op_encode(&head, &text, NULL);
		op_head_finish(&head);
		buf_finish(&text);
	}
	free(link);
	if (code == OP_E2BIG) {
		req_fail(req, OP_E2BIG, "the link's names and grants have more than %d bytes together, and could not "
			"be kept: give fewer grants", OP_MAX_HEAD);
	} else if (code != OP_OK) {
		req_fail(req, OP_EIO, "out of memory");
	}
	return code == OP_OK;
}

static void check_done(void *data, bool cancelled) {
	struct linking *linking = data;
	if (!fs_job_is_back(linking)) {
		return;
	}
	struct req *req = linking->job.req;
	struct fs *fs = linking->job.fs;
	fs_job_destroy(linking);
	if (!check_depth(req->box, req) || !check_device(req->box, req) || !check_kept(req->box, req)) {
		return;
	}
	struct replica *replica = replica_create(req->box, req->rest);
	if (!replica) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	struct link *link = fs->env->linker->make(fs->env->linker, req->box, req, &replica_user, replica);
	if (link) {
		replica_begin(replica, link);
		fs_links_save(fs);
	} else {
		replica_destroy(replica);
	}
}

void fs_link(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = fs_job_gone};
	const struct fs_export *export = box->data;
	struct linking *linking = fs_job_create(sizeof(*linking), box, req, &events, NULL);
	if (linking) {
		linking->history = export->history;
		fs_job_run(linking, run_check, check_done);
	}
}
