/* SPDX-License-Identifier: MIT */
/*
 * fs_both.c - boxes with bytes and inner boxes both.
 *
 * A file in which an inner box is made becomes a folder that keeps the bytes in a hidden file, by one
 * exchange of names: at no time is there neither. (Plan B: storage boxes, section 8.)
 */
#include "boxes/fs_both.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/tree.h"
#include "boxes/fs_rights.h"

bool fs_is_stored(const char *name) {
	return strcmp(name, FS_BYTES) == 0 || fs_is_box(name);
}

bool fs_has_bytes(int folder, struct stat *bytes) {
	return fstatat(folder, FS_BYTES, bytes, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(bytes->st_mode);
}

static int open_folder(int dir, const char *name) {
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool fs_enter_bytes(struct fs_job *job, int *dir) {
	struct stat bytes;
	int folder = open_folder(*dir, fs_last_name(job));
	if (folder < 0 || !fs_has_bytes(folder, &bytes)) {
		if (folder >= 0) {
			close(folder);
		}
		return true; // as it is
	}
	char *rest;
	close(*dir);
	*dir = folder;
	if (asprintf(&rest, "%s/" FS_BYTES, job->rest) < 0) {
		return fs_job_fail(job, ENOMEM);
	}
	free(job->rest);
	job->rest = rest;
	return true;
}

// The names change places if the file is still the one whose bytes are in the folder, open as fd. Its
// owner and list are the folder's from now on.
static bool exchange(struct fs_job *job, int dir, int fd, const char *folder, const char *file,
		ino_t ino) {
	struct stat now;
	fs_lock();
	bool good = fstatat(dir, file, &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_ino == ino ?
		fs_has_same_rights(fd, dir, file) || (fs_keep_rights(job, fd, dir, file) && fsync(fd) == 0) :
		fs_job_fail(job, EAGAIN);
	good = good && (renameat2(dir, folder, dir, file, RENAME_EXCHANGE) == 0 ||
		fs_job_fail(job, errno));
	fs_unlock();
	return good;
}

static bool grow(struct fs_job *job, int dir, const char *file) {
	char temporary[FS_TEMPORARY_SIZE];
	struct stat st;
	fs_name_temporary(job, temporary);
	if (fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode)) {
		return fs_job_fail(job, ENOTDIR);
	}
	// Who may read the file may look into the folder.
	mode_t mode = st.st_mode & 0777;
	if (mkdirat(dir, temporary, mode | (mode & 0444) >> 2 | 0700) < 0) {
		return fs_job_fail(job, errno);
	}
	int folder = open_folder(dir, temporary);
	bool good = folder >= 0 && linkat(dir, file, folder, FS_BYTES, 0) == 0 && fsync(folder) == 0;
	good = good ? exchange(job, dir, folder, temporary, file, st.st_ino) : fs_job_fail(job, errno);
	if (folder >= 0) {
		close(folder);
	}
	tree_remove(dir, temporary); // the file's other name; or, if it failed, the folder
	return good && (fsync(dir) == 0 || fs_job_fail(job, errno));
}

bool fs_grow_parent(struct fs_job *job) {
	const char *name = fs_last_name(job);
	if (name == job->rest) {
		return fs_job_fail(job, ENOTDIR);
	}
	char *file = strndup(job->rest, (size_t)(name - job->rest - 1));
	char *slash = file ? strrchr(file, '/') : NULL;
	if (slash) {
		*slash = '\0';
	}
	int dir = file ? fs_open_beneath(job->root, slash ? file : "", O_RDONLY | O_DIRECTORY) : -1;
	bool good = dir >= 0 ? grow(job, dir, slash ? slash + 1 : file) : fs_job_fail(job, errno);
	if (dir >= 0) {
		close(dir);
	}
	free(file);
	return good;
}

bool fs_has_only_bytes(int folder) {
	struct stat bytes;
	int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), count = 0;
	DIR *names = own >= 0 ? fdopendir(own) : NULL;
	if (own >= 0 && !names) {
		close(own);
	}
	for (struct dirent *d; names && (d = readdir(names));) {
		count += strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
	}
	if (names) {
		closedir(names);
	}
	return count == 1 && fs_has_bytes(folder, &bytes);
}

bool fs_remove_both(struct fs_job *job, int dir) {
	char temporary[FS_TEMPORARY_SIZE];
	fs_name_temporary(job, temporary);
	if (renameat(dir, fs_last_name(job), dir, temporary) < 0) {
		return fs_job_fail(job, errno);
	}
	tree_remove(dir, temporary);
	return true;
}
