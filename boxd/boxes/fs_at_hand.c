/* SPDX-License-Identifier: MIT */
/*
 * fs_at_hand.c - small files read in the loop: a thread would take longer to wake than that takes.
 *
 * Nothing here waits: only what the kernel has in its caches is opened and read (RESOLVE_CACHED,
 * RWF_NOWAIT), on this machine's disks and in its memory; and attributes are not asked for, but known not
 * to be there (fs_plain.h). Nothing is refused here, nor kept open between requests: each looks at the disk
 * anew.
 */
#include "boxes/fs_at_hand.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "box/tree.h"
#include "boxes/fs_job.h"
#include "boxes/fs_place.h"
#include "boxes/fs_plain.h"

#define LARGEST (32 * 1024) // of the files that are read

void fs_at_hand_init(struct fs_at_hand *at_hand) {
	*at_hand = (struct fs_at_hand){.top = -1, .fd = -1};
}

static void close_one(int *fd) {
	if (*fd >= 0) {
		close(*fd);
		*fd = -1;
	}
}

static void close_both(struct fs_at_hand *at_hand) {
	if (at_hand->idle) {
		wl_event_source_remove(at_hand->idle);
		at_hand->idle = NULL;
	}
	close_one(&at_hand->fd);
	close_one(&at_hand->top);
}

static void handle_idle(void *data) {
	struct fs_at_hand *at_hand = data;
	at_hand->idle = NULL;
	close_both(at_hand);
}

void fs_at_hand_finish(struct fs_at_hand *at_hand) {
	close_both(at_hand);
	for (int i = 0; i < FS_SEEN; i++) {
		free(at_hand->seen[i]);
	}
}

/*
 * Names that were files. Such a one is opened for reading at once, which saves the way through
 * /proc; what may be a pipe or a device is not: that would be heard at its other end, before it is known
 * who asks.
 */

static char **place_of(struct fs_at_hand *at_hand, const char *rest) {
	uint32_t hash = 2166136261; // FNV-1a
	for (const char *at = rest; *at; at++) {
		hash = (hash ^ (uint8_t)*at) * 16777619;
	}
	return &at_hand->seen[(hash ^ hash >> 16) % FS_SEEN];
}

static bool was_file(struct fs_at_hand *at_hand, const char *rest) {
	const char *seen = *place_of(at_hand, rest);
	return seen && strcmp(seen, rest) == 0;
}

static void note_file(struct fs_at_hand *at_hand, const char *rest, bool is_file) {
	char **place = place_of(at_hand, rest);
	bool noted = was_file(at_hand, rest);
	if (noted != is_file) {
		free(*place);
		*place = is_file ? strdup(rest) : NULL; // without memory it is found out again
	}
}

// Its step on the way, which is none but where it is.
static bool take_step(int fd, struct perm_path *path, struct stat *st) {
	static const struct perm_step none;
	if (fstat(fd, st) < 0 || !fs_plain_is(st)) {
		return false;
	}
	perm_path_step(path, &none);
	return true;
}

// From the export to what rest names, open in the end. false: that takes a thread.
static bool walk(struct fs_export *export, const char *rest, struct perm_path *path) {
	struct fs_at_hand *at_hand = &export->at_hand;
	char name[NAME_MAX + 1];
	at_hand->is_readable = was_file(at_hand, rest);
	at_hand->top = fs_open_root_at_hand(export->path);
	for (int dir = at_hand->top; *rest && dir >= 0; dir = at_hand->fd) {
		size_t size = strcspn(rest, "/");
		bool reads = !rest[size] && at_hand->is_readable;
		int inner = -1;
		if (size < sizeof(name)) {
			memcpy(name, rest, size);
			name[size] = '\0';
			inner = fs_open_at_hand(dir, name, reads ? O_RDONLY | O_NONBLOCK : O_PATH);
		}
		close_one(&at_hand->fd);
		at_hand->fd = inner;
		if (inner >= 0 && !take_step(inner, path, &at_hand->st)) {
			close_one(&at_hand->fd);
		}
		rest += size + (rest[size] == '/');
	}
	return at_hand->fd >= 0;
}

static struct req_found *settle(const char *rest, const struct perm_path *path) {
	struct req_found *found = calloc(1, sizeof(*found));
	if (!found || !(found->list = strdup("")) || !(found->rest = strdup(rest))) {
		free(found ? found->list : NULL);
		free(found);
		return NULL;
	}
	strcpy(found->letters, path->letters);
	strcpy(found->owner, path->owner);
	return found;
}

struct req_found *fs_look_at_hand(struct fs_export *export, const struct req *req) {
	struct fs_at_hand *at_hand = &export->at_hand;
	struct perm_path path;
	if (!fs_is_at_hand(export->medium) || fs_is_hidden(req)) {
		return NULL;
	}
	perm_path_begin(&path, box_acl_in_force(req->box), req->box->owner, req->subject);
	close_both(at_hand);
	struct req_found *found = walk(export, req->rest, &path) ? settle(req->rest, &path) : NULL;
	if (!found) {
		note_file(at_hand, req->rest, false);
		fs_leave_at_hand(export);
	}
	return found;
}

void fs_leave_at_hand(struct fs_export *export) {
	if (!export->at_hand.idle) {
		close_both(&export->at_hand);
	}
}

// The very same as was looked at, for reading.
static bool open_it(struct fs_at_hand *at_hand) {
	char path[32];
	if (!at_hand->is_readable) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", at_hand->fd);
		int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		close_one(&at_hand->fd);
		at_hand->fd = fd;
		at_hand->is_readable = true;
	}
	return at_hand->fd >= 0;
}

// Whether it is what was asked for.
static bool is_wanted(const struct stat *st, const struct req *req) {
	char version[64];
	const char *want = op_get(req->head, OP_F_WANT);
	const char *if_version = op_get(req->head, OP_F_IF_VERSION);
	return S_ISREG(st->st_mode) && st->st_size <= LARGEST &&
		(!want || cnstr_text_meets(fs_type_of(st), want)) &&
		(!if_version || strcmp(if_version, fs_version(st, version)) == 0);
}

// What is in memory is at hand but for swap, as boxd itself is. false: not all that is to be read is.
static bool read_it(struct fs_export *export, uint8_t *bytes, uint64_t offset, size_t size) {
	struct iovec all = {bytes, size};
	int flags = export->medium == FS_MEDIUM_MEMORY ? 0 : RWF_NOWAIT;
	ssize_t got = size > 0 ? preadv2(export->at_hand.fd, &all, 1, (off_t)offset, flags) : 0;
	if (got < 0 && errno == EOPNOTSUPP) { // that file system cannot say
		export->medium = FS_MEDIUM_OTHER;
	}
	return got >= 0 && (size_t)got == size;
}

bool fs_get_at_hand(struct fs_export *export, struct req *req) {
	struct fs_at_hand *at_hand = &export->at_hand;
	uint8_t bytes[LARGEST];
	if (at_hand->fd < 0 || at_hand->idle || !is_wanted(&at_hand->st, req) || !open_it(at_hand)) {
		return false;
	}
	uint64_t all = (uint64_t)at_hand->st.st_size;
	uint64_t offset = op_get_number(req->head, OP_F_OFFSET, 0);
	uint64_t size = op_get_number(req->head, OP_F_LENGTH, UINT64_MAX);
	uint64_t there = all > offset ? all - offset : 0;
	size = size < there ? size : there;
	if (!read_it(export, bytes, offset, (size_t)size)) {
		return false;
	}
	note_file(at_hand, req->rest, true);
	fs_describe(req_reply(req), &at_hand->st, NULL);
	req_ok_open(req, OP_BODY_CHUNKS, 0);
	if (!req_lend(req, at_hand->fd, offset, size)) {
		req_write(req, bytes, (size_t)size);
	}
	req_end(req, NULL);
	// Behind the answer, which leaves when the loop is idle: closing takes a while, too.
	at_hand->idle = wl_event_loop_add_idle(export->fs->env->loop, handle_idle, at_hand);
	return true;
}
