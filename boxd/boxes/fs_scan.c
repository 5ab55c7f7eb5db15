/* SPDX-License-Identifier: MIT */
/*
 * fs_scan.c - changes of a storage, seen by looking: those that were asked for over Op and those of
 * any other program alike.
 */
#include "boxes/fs_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LOG_MODULE "replica"
#include "base/log.h"
#include "boxes/fs_both.h"
#include "boxes/fs_type.h"

#define VECTOR_ATTR "user.box.vector"
#define VECTOR_ATTR_MAX (VECTOR_TEXT + 100)

static void attr_path(int dir, const char *name, char out[static OP_MAX_COMPONENT + 64]) {
	snprintf(out, OP_MAX_COMPONENT + 64, "/proc/self/fd/%d%s%s", dir, *name ? "/" : "", name);
}

// A vector is of a box, not of bytes: where these are copied or renamed to, it is not true.
static unsigned long long hash_name(const char *name) {
	unsigned long long hash = 0xcbf29ce484222325;
	while (*name) {
		hash = (hash ^ (unsigned char)*name++) * 0x100000001b3;
	}
	return hash;
}

bool fs_vector_read(int dir, const char *name, const char *path, const struct stat *st,
		struct vector *vector) {
	char attr[OP_MAX_COMPONENT + 64], text[VECTOR_ATTR_MAX + 1];
	attr_path(dir, name, attr);
	ssize_t size = getxattr(attr, VECTOR_ATTR, text, VECTOR_ATTR_MAX);
	if (size <= 0) {
		return false;
	}
	text[size] = '\0';
	unsigned long long hash;
	long long seconds, bytes;
	long nanos;
	int at = 0;
	return sscanf(text, "%llx %lld.%ld %lld %n", &hash, &seconds, &nanos, &bytes, &at) == 4 && at > 0 &&
		hash == hash_name(path) && seconds == (long long)st->st_mtim.tv_sec &&
		nanos == st->st_mtim.tv_nsec &&
		bytes == (long long)st->st_size && vector_parse(vector, text + at) && vector->size > 0;
}

void fs_vector_write(int dir, const char *name, const char *path, const struct vector *vector) {
	char attr[OP_MAX_COMPONENT + 64], text[VECTOR_ATTR_MAX + 1], printed[VECTOR_TEXT];
	struct stat st;
	attr_path(dir, name, attr);
	if (stat(attr, &st) == 0) {
		int size = snprintf(text, sizeof(text), "%llx %lld.%ld %lld %s", hash_name(path),
			(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long long)st.st_size,
			vector_print(vector, printed));
		setxattr(attr, VECTOR_ATTR, text, (size_t)size, 0); // else the history alone has it
	}
}

static bool same_time(const struct timespec *a, const struct timespec *b) {
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool has_same_bytes(const struct record *record, const struct stat *st) {
	return record->what == REPLICA_FILE && record->ino == st->st_ino &&
		record->size == (uint64_t)st->st_size && same_time(&record->mtime, &st->st_mtim);
}

static void keep_stat(struct record *record, const struct stat *st) {
	record->ino = st->st_ino;
	record->size = (uint64_t)st->st_size;
	record->mtime = st->st_mtim;
	record->ctime = st->st_ctim;
}

static bool no_memory(struct fs_job *job) {
	return fs_job_fail(job, ENOMEM);
}

static bool count_up(struct fs_job *job, struct history *history, struct vector *vector,
		const char *path) {
	if (!history_count(history, vector)) {
		op_refuse(&job->why, OP_E2BIG, "%.150s was changed on more than %d machines, and no more are "
			"told apart", path, VECTOR_MAX);
		return false;
	}
	return true;
}

// Made or changed here, or taken by a replica whose history was not written any more.
static bool note_new(struct fs_job *job, struct history *history, int dir, const char *name,
		struct record *record, enum replica_what what, const struct stat *st, bool retyped) {
	struct vector old, said;
	vector_parse(&old, record->vector);
	if (what == REPLICA_FILE && fs_vector_read(dir, name, record->path, st, &said)) {
		enum vector_order order = vector_compare(&old, &said);
		if (order == VECTOR_BEFORE ||
				(order == VECTOR_EQUAL && record->what == REPLICA_FILE && !retyped)) {
			return history_set(history, record, what, &said) || no_memory(job);
		}
		vector_merge(&old, &said);
	}
	if (!count_up(job, history, &old, record->path)) {
		return false;
	}
	if (what == REPLICA_FILE) {
		fs_vector_write(dir, name, record->path, &old);
	}
	return history_set(history, record, what, &old) || no_memory(job);
}

static bool note_file(struct fs_job *job, struct history *history, int dir, const char *name,
		struct record *record, struct stat *st) {
	char type[OP_MAX_CNSTR + 1];
	bool same = has_same_bytes(record, st);
	if (same && same_time(&record->ctime, &st->st_ctim)) {
		return true;
	}
	fs_read_type(dir, name, type);
	bool retyped = strcmp(type, record->type) != 0;
	if (!same || retyped) {
		if (!note_new(job, history, dir, name, record, REPLICA_FILE, st, retyped)) {
			return false;
		}
		if (!history_set_type(record, type)) {
			return no_memory(job);
		}
		fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW); // the vector has touched it
	}
	keep_stat(record, st);
	history->dirty = true;
	return true;
}

static bool note_gone(struct fs_job *job, struct history *history, struct record *record) {
	struct vector vector;
	if (record->what == REPLICA_GONE) {
		return true;
	}
	vector_parse(&vector, record->vector);
	return count_up(job, history, &vector, record->path) &&
		(history_set(history, record, REPLICA_GONE, &vector) || no_memory(job));
}

// false: noted. *record stays NULL for what is no box.
static bool note(struct fs_job *job, struct history *history, int dir, const char *name,
		const char *path, struct stat *st, struct record **record) {
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)) {
		return true;
	}
	*record = history_find(history, path);
	if (!*record && !(*record = history_add(history, path))) {
		return no_memory(job);
	}
	(*record)->seen = true;
	if (S_ISREG(st->st_mode)) {
		return note_file(job, history, dir, name, *record, st);
	}
	return (*record)->what == REPLICA_FOLDER ||
		note_new(job, history, dir, name, *record, REPLICA_FOLDER, st, false);
}

bool fs_scan_at(struct fs_job *job, struct history *history, int dir, const char *name,
		const char *path, struct record **record) {
	struct stat st;
	*record = NULL;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		*record = history_find(history, path);
		return errno != ENOENT ? fs_job_fail(job, errno) :
			!*record || note_gone(job, history, *record);
	}
	if (!note(job, history, dir, name, path, &st, record)) {
		return false;
	}
	if (!*record) {
		op_refuse(&job->why, OP_ETYPE, "%.150s is neither a file nor a folder here: move it away first",
			path);
	}
	return *record;
}

bool fs_scan_known(struct fs_job *job, struct history *history, int dir, const char *name,
		struct record *record) {
	struct stat st;
	char type[OP_MAX_CNSTR + 1] = "";
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return fs_job_fail(job, errno);
	}
	if (S_ISREG(st.st_mode)) {
		fs_read_type(dir, name, type);
	}
	keep_stat(record, &st);
	history->dirty = true;
	return history_set_type(record, type) || no_memory(job);
}

/* A folder with all below. */

// One box that no more can be counted of is no reason to say nothing of all the others: it stays
// as it was known.
static bool may_go_on(struct fs_job *job, const char *path) {
	if (job->why.code != OP_E2BIG) {
		return false;
	}
	log_debug("%s/%s: %s", job->root, path, job->why.sentence);
	job->why.code = OP_OK;
	return true;
}

static bool look_inside(struct fs_job *job, struct history *history, int dir, const char *name,
		const char *path, int level);

static bool look_inner(struct fs_job *job, struct history *history, int dir, const char *name,
		const char *path, int level) {
	char inner[OP_MAX_NAME + 1];
	struct record *record = NULL;
	struct stat st;
	if (!fs_is_stored(name) ||
			(size_t)snprintf(inner, sizeof(inner), "%s%s%s", path, *path ? "/" : "", name) >=
			sizeof(inner)) {
		return true;
	}
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT || fs_job_fail(job, errno);
	}
	if (!note(job, history, dir, name, inner, &st, &record)) {
		return may_go_on(job, inner);
	}
	return !record || record->what != REPLICA_FOLDER || level >= OP_MAX_COMPONENTS ||
		look_inside(job, history, dir, name, inner, level + 1);
}

static bool look_inside(struct fs_job *job, struct history *history, int dir, const char *name,
		const char *path, int level) {
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *names = fd >= 0 ? fdopendir(fd) : NULL;
	bool good = true;
	if (!names) {
		int error = errno;
		if (fd >= 0) {
			close(fd);
		}
		return error == ENOENT || fs_job_fail(job, error);
	}
	for (struct dirent *d; good && (errno = 0, d = readdir(names));) {
		good = look_inner(job, history, fd, d->d_name, path, level);
	}
	if (good && errno) {
		good = fs_job_fail(job, errno);
	}
	closedir(names);
	return good;
}

static bool look_top(struct fs_job *job, struct history *history, const char *path) {
	const char *slash = strrchr(path, '/');
	char above[OP_MAX_NAME + 1];
	struct record *record = NULL;
	struct stat st;
	snprintf(above, sizeof(above), "%.*s", slash ? (int)(slash - path) : 0, path);
	int dir = fs_open_beneath(job->root, above, O_RDONLY | O_DIRECTORY);
	if (dir < 0) { // the storage itself is there, or nothing is known of it
		return (*above && (errno == ENOENT || errno == ENOTDIR)) || fs_job_fail(job, errno);
	}
	const char *name = slash ? slash + 1 : path;
	bool good;
	if (!*path) {
		good = look_inside(job, history, dir, ".", "", 1);
	} else if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		good = errno == ENOENT || fs_job_fail(job, errno);
	} else {
		good = note(job, history, dir, name, path, &st, &record) ? !record ||
			record->what != REPLICA_FOLDER || look_inside(job, history, dir, name, path, 1) :
			may_go_on(job, path);
	}
	close(dir);
	return good;
}

bool fs_scan_all(struct fs_job *job, struct history *history, const char *path) {
	size_t end, first = history_range(history, path, &end);
	for (size_t i = first; i < end; i++) {
		history->records[i]->seen = false;
	}
	if (!look_top(job, history, path)) {
		return false;
	}
	first = history_range(history, path, &end);
	for (size_t i = first; i < end; i++) {
		struct record *record = history->records[i];
		if (!record->seen && !note_gone(job, history, record) && !may_go_on(job, record->path)) {
			return false;
		}
	}
	return true;
}
