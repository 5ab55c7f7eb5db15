/* SPDX-License-Identifier: MIT */
/* parts.c - names and locks of parts. Who moves the bytes is through.c. */
#include "parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct place { // of a file's parts
	char *folder;
	char prefix[300]; // of their names; "": too long a name for any
};

static bool place_init(struct place *place, const char *path) {
	const char *slash = strrchr(path, '/');
	place->folder = slash == path ? strdup("/") :
		slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
	int size = snprintf(place->prefix, sizeof(place->prefix), ".%s.part-", slash ? slash + 1 : path);
	return place->folder && size + 16 < 255;
}

// Calls what for each part, until it says true.
static bool each(const struct place *place, bool (*what)(int folder, const char *name, void *data),
		void *data) {
	DIR *names = opendir(place->folder);
	size_t size = strlen(place->prefix);
	bool found = false;
	for (struct dirent *d; names && !found && (d = readdir(names));) {
		if (strncmp(d->d_name, place->prefix, size) == 0 && strlen(d->d_name) == size + 16) {
			found = what(dirfd(names), d->d_name, data);
		}
	}
	if (names) {
		closedir(names);
	}
	return found;
}

static bool is_one(int folder, const char *name, void *data) {
	return true;
}

bool parts_any(const char *path) {
	struct place place;
	bool any = place_init(&place, path) && each(&place, is_one, NULL);
	free(place.folder);
	return any;
}

// Unless somebody writes it now.
static bool drop_other(int folder, const char *name, void *data) {
	const char *own = data;
	int fd = strcmp(name, own) == 0 ? -1 :
		openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
		unlinkat(folder, name, 0);
	}
	if (fd >= 0) {
		close(fd);
	}
	return false;
}

static uint64_t hash(const char *text) {
	uint64_t value = 0xcbf29ce484222325;
	for (; *text; text++) { // FNV-1a
		value = (value ^ (unsigned char)*text) * 0x100000001b3;
	}
	return value;
}

// Whoever held it before us may have given it its place: then it is no part any more.
static bool is_there_still(const char *path, int fd) {
	struct stat named, open;
	return lstat(path, &named) == 0 && fstat(fd, &open) == 0 && named.st_ino == open.st_ino &&
		named.st_dev == open.st_dev;
}

static int hold(const char *path, uint64_t *size) {
	struct stat st;
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		return -1;
	}
	// one that somebody else has put there is not ours to go on with
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || !is_there_still(path, fd) || fstat(fd, &st) < 0 ||
			st.st_uid != geteuid() || lseek(fd, 0, SEEK_END) < 0) {
		close(fd);
		errno = EWOULDBLOCK;
		return -1;
	}
	*size = (uint64_t)st.st_size;
	return fd;
}

int parts_open(const char *path, const char *contents, uint64_t *size, char **out_path) {
	struct place place;
	char name[300 + 17];
	int fd = -1;
	*out_path = NULL;
	if (!place_init(&place, path)) {
		errno = ENAMETOOLONG;
	} else {
		snprintf(name, sizeof(name), "%s%016" PRIx64, place.prefix, hash(contents));
		each(&place, drop_other, name);
		if (asprintf(out_path, "%s/%s", place.folder, name) < 0) {
			*out_path = NULL;
		} else {
			fd = hold(*out_path, size);
		}
	}
	int error = errno;
	if (fd < 0) {
		free(*out_path);
		*out_path = NULL;
	}
	free(place.folder);
	errno = error;
	return fd;
}

char *parts_contents(const struct stat *st) {
	char host[65] = "", *text;
	gethostname(host, sizeof(host) - 1);
	int size = asprintf(&text, "file %s %jx:%jx %jd %jd.%09ld %jd.%09ld", host, (uintmax_t)st->st_dev,
		(uintmax_t)st->st_ino, (intmax_t)st->st_size, (intmax_t)st->st_mtim.tv_sec,
		st->st_mtim.tv_nsec, (intmax_t)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
	return size < 0 ? NULL : text;
}
