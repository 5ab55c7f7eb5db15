/* SPDX-License-Identifier: MIT */
/*
 * fs_part.c - what came of large files before their senders broke off, and how much of that is kept.
 *
 * A file here is held (flock) while it is written. Its name is MACHINE-LIFE, person and the rest, all
 * but the first hashed: none of it is a name on disk that a peer chose.
 */
#include "boxes/fs_part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "boxes/fs_place.h"
#include "quic/digest.h"

#define FOLDER ".box-parts"
#define LIFE_SIZE 8   // characters of the kernel's boot id
#define PERSON_SIZE 16
#define HASH_SIZE 64
#define PARTS_EACH 16 // of one person
#define BYTES_EACH (8ull * 1024 * 1024 * 1024)
#define KEPT_S (24 * 60 * 60)

bool fs_part_init(struct fs_part *part, const struct req *req) {
	const char *text = op_get(req->head, OP_F_PART);
	*part = (struct fs_part){.dir = -1};
	if (!text) {
		return true;
	}
	part->text = strdup(text);
	part->person = strdup(req->subject->person);
	return part->text && part->person;
}

void fs_part_finish(struct fs_part *part) {
	if (part->dir >= 0) {
		close(part->dir);
	}
	free(part->text);
	free(part->person);
}

/* On a thread. */

static void machine_life(char out[static LIFE_SIZE + 1]) {
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, LIFE_SIZE) : 0;
	if (fd >= 0) {
		close(fd);
	}
	out[n == LIFE_SIZE ? LIFE_SIZE : 0] = '\0'; // "": only the age counts
}

static bool name_part(const struct fs_job *job, struct fs_part *part) {
	char life[LIFE_SIZE + 1], person[HASH_SIZE + 1], hash[HASH_SIZE + 1];
	char *all;
	int size = asprintf(&all, "%s\n%s\n%s", part->person, job->rest, part->text);
	bool good = size >= 0 && digest_hex(all, (size_t)size, hash) &&
		digest_hex(part->person, strlen(part->person), person);
	if (size >= 0) {
		free(all);
	}
	machine_life(life);
	if (good) {
		snprintf(part->file, sizeof(part->file), "%s-%.*s-%.32s", life, PERSON_SIZE, person, hash);
	}
	return good;
}

static int open_folder(const char *root) {
	return fs_open_beneath(root, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

uint64_t fs_part_kept(const struct fs_job *job, struct fs_part *part) {
	struct stat st;
	if (part->dir < 0) {
		part->dir = name_part(job, part) ? open_folder(job->root) : -1;
	}
	return part->dir >= 0 && fstatat(part->dir, part->file, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

// Whoever held it before us may have given it its place: then it is no part any more.
static bool is_there_still(int dir, const char *name, int fd) {
	struct stat named, open;
	return fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &open) == 0 &&
		named.st_ino == open.st_ino;
}

// Unless somebody writes it now.
static bool drop(int dir, const char *name) {
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool free = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && is_there_still(dir, name, fd);
	bool good = free && unlinkat(dir, name, 0) == 0;
	if (fd >= 0) {
		close(fd);
	}
	return good;
}

static bool is_held(int dir, const char *name) {
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
	if (fd >= 0) {
		close(fd);
	}
	return held;
}

// Calls what for each part.
static void each(int dir, void (*what)(int dir, const char *name, const struct stat *st, void *data),
		void *data) {
	int own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *names = own >= 0 ? fdopendir(own) : NULL;
	struct stat st;
	if (own >= 0 && !names) {
		close(own);
	}
	for (struct dirent *d; names && (d = readdir(names));) {
		if (fstatat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
			what(dir, d->d_name, &st, data);
		}
	}
	if (names) {
		closedir(names);
	}
}

static void drop_old(int dir, const char *name, const struct stat *st, void *data) {
	const char *life = data;
	if (strncmp(name, life, strlen(life)) != 0 || time(NULL) - st->st_mtim.tv_sec > KEPT_S) {
		drop(dir, name);
	}
}

struct tally {
	const char *prefix; // of the person's parts
	int count;
	uint64_t bytes;
	char oldest[NAME_MAX + 1]; // of those that nobody writes; "": none
	time_t oldest_s;
};

static void count_part(int dir, const char *name, const struct stat *st, void *data) {
	struct tally *tally = data;
	if (strncmp(name, tally->prefix, strlen(tally->prefix)) != 0) {
		return;
	}
	tally->count++;
	tally->bytes += (uint64_t)st->st_size;
	if ((!tally->oldest[0] || st->st_mtim.tv_sec < tally->oldest_s) && !is_held(dir, name)) {
		snprintf(tally->oldest, sizeof(tally->oldest), "%s", name);
		tally->oldest_s = st->st_mtim.tv_sec;
	}
}

// The oldest of the person's parts go, until there is room for one more. false: too many are written.
static bool make_room(struct fs_part *part) {
	char life[LIFE_SIZE + 1], prefix[sizeof(part->file)];
	machine_life(life);
	each(part->dir, drop_old, life);
	snprintf(prefix, sizeof(prefix), "%.*s", (int)strlen(life) + 1 + PERSON_SIZE, part->file);
	for (int tries = 0; tries <= PARTS_EACH; tries++) {
		struct tally tally = {.prefix = prefix};
		each(part->dir, count_part, &tally);
		if (tally.count < PARTS_EACH && tally.bytes < BYTES_EACH) {
			return true;
		}
		if (!tally.oldest[0] || !drop(part->dir, tally.oldest)) {
			break;
		}
	}
	return false;
}

static bool same_disk(int a, int b) {
	struct stat one, other;
	return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev;
}

static int hold(struct fs_job *job, struct fs_part *part, uint64_t offset) {
	struct stat st;
	int fd = openat(part->dir, part->file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC |
		(offset == 0 ? O_CREAT : 0), 0666);
	if (fd < 0 && errno != ENOENT) {
		fs_job_fail(job, errno);
	} else if (fd >= 0 && (flock(fd, LOCK_EX | LOCK_NB) < 0 ||
			!is_there_still(part->dir, part->file, fd))) {
		op_refuse(&job->why, OP_EBUSY, "the same is being put there already: wait for that to end");
	} else if (fd < 0 || fstat(fd, &st) < 0 || (uint64_t)st.st_size < offset) {
		op_refuse(&job->why, OP_ESTALE, "not so many bytes of that part are kept here: ask with kind "
			"how many, or begin anew");
	} else if (ftruncate(fd, (off_t)offset) < 0) {
		fs_job_fail(job, errno);
	} else {
		return fd;
	}
	if (fd >= 0) {
		close(fd);
	}
	return -1;
}

int fs_part_open(struct fs_job *job, struct fs_part *part, int beside, uint64_t offset) {
	int top = fs_open_beneath(job->root, "", O_RDONLY | O_DIRECTORY);
	if (top < 0 || !name_part(job, part)) {
		fs_job_fail(job, top < 0 ? errno : EIO);
	} else if (mkdirat(top, FOLDER, 0700) == 0 || errno == EEXIST) {
		part->dir = open_folder(job->root);
	}
	if (top >= 0) {
		close(top);
	}
	if (part->dir < 0 || !same_disk(part->dir, beside)) {
		if (offset > 0 && !job->error) {
			op_refuse(&job->why, OP_ESTALE, "nothing of that part is kept here: begin anew");
		}
		return -1;
	}
	if (offset == 0 && !make_room(part)) {
		return -1;
	}
	return hold(job, part, offset);
}

void fs_parts_sweep(const char *root) {
	char life[LIFE_SIZE + 1];
	int dir = open_folder(root);
	if (dir >= 0) {
		machine_life(life);
		each(dir, drop_old, life);
		close(dir);
	}
}
