/* SPDX-License-Identifier: MIT */
/*
 * fs_place.c - from names below an export to files, without a way out of it: the kernel resolves
 * them beneath the folder, and symbolic links are followed by fs_look.c and for lists alone.
 */
#include "boxes/fs_place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/tree.h"
#include "box/name.h"
#include "boxes/fs_both.h"

static pthread_mutex_t changing = PTHREAD_MUTEX_INITIALIZER;

bool fs_refuse_root(struct req *req) {
	if (!*req->rest) {
		req_fail(req, OP_EUNSUPP, "%s is the folder that boxd.conf stores in: use a name below it",
			op_get(req->head, OP_F_NAME));
		return true;
	}
	return false;
}

bool fs_is_box(const char *name) {
	return name_check_component(name, NULL) == OP_OK &&
		strncmp(name, FS_HIDDEN, strlen(FS_HIDDEN)) != 0;
}

int fs_open_at_hand(int dir, const char *name, int flags) {
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV | RESOLVE_CACHED,
	};
	return (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

int fs_open_root_at_hand(const char *root) {
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_CACHED,
	};
	return (int)syscall(SYS_openat2, AT_FDCWD, root, &how, sizeof(how));
}

static enum fs_medium medium(const struct statfs *fs) {
	switch ((unsigned)fs->f_type) {
	case TMPFS_MAGIC:
		return FS_MEDIUM_MEMORY;
	case BTRFS_SUPER_MAGIC:
	case EXT4_SUPER_MAGIC: // and its elders
	case F2FS_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
		return FS_MEDIUM_DISK;
	default:
		return FS_MEDIUM_OTHER;
	}
}

enum fs_medium fs_medium_of(const char *root) {
	struct statfs fs;
	return statfs(root, &fs) == 0 ? medium(&fs) : FS_MEDIUM_UNKNOWN; // there may be one later
}

enum fs_medium fs_medium_at(int fd) {
	struct statfs fs;
	return fstatfs(fd, &fs) == 0 ? medium(&fs) : FS_MEDIUM_UNKNOWN;
}

static int open_beneath(const char *root, const char *rest, int flags, uint64_t resolve) {
	int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		return -1;
	}
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve,
	};
	int fd, tries = 100;
	do { // EAGAIN: something above was renamed meanwhile, and the kernel would not be sure
		fd = (int)syscall(SYS_openat2, dir, *rest ? rest : ".", &how, sizeof(how));
	} while (fd < 0 && errno == EAGAIN && --tries > 0);
	int kept = errno;
	close(dir);
	errno = kept;
	return fd;
}

int fs_open_beneath(const char *root, const char *rest, int flags) {
	return open_beneath(root, rest, flags, RESOLVE_NO_SYMLINKS);
}

int fs_follow_beneath(const char *root, const char *rest, int flags) {
	return open_beneath(root, rest, flags, 0);
}

const char *fs_last_name(const struct fs_job *job) {
	const char *slash = strrchr(job->rest, '/');
	return slash ? slash + 1 : job->rest;
}

bool fs_open_parent(struct fs_job *job, int *dir) {
	const char *name = fs_last_name(job);
	if (!(job->stored ? fs_is_stored(name) : fs_is_box(name))) {
		return fs_job_fail(job, EPERM);
	}
	char *parent = strndup(job->rest, name > job->rest ? (size_t)(name - job->rest - 1) : 0);
	if (!parent) {
		return fs_job_fail(job, ENOMEM);
	}
	*dir = fs_open_beneath(job->root, parent, O_RDONLY | O_DIRECTORY);
	int error = errno;
	free(parent);
	return *dir >= 0 || fs_job_fail(job, error);
}

void fs_name_temporary(struct fs_job *job, char out[static FS_TEMPORARY_SIZE]) {
	uint64_t random = 0;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random)) {
		random = (uint64_t)(uintptr_t)job;
	}
	snprintf(out, FS_TEMPORARY_SIZE, FS_TEMPORARY "%.8s-%016llx", box_tree_boot(job->fs->env->tree),
		(unsigned long long)random);
}

void fs_sweep(struct fs_job *job, int dir, int64_t older_s) {
	char ours[FS_TEMPORARY_SIZE];
	int own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *names = own >= 0 ? fdopendir(own) : NULL;
	if (!names) {
		if (own >= 0) {
			close(own);
		}
		return;
	}
	snprintf(ours, sizeof(ours), FS_TEMPORARY "%.8s-", box_tree_boot(job->fs->env->tree));
	for (struct dirent *d; (d = readdir(names));) {
		struct stat st;
		if (strncmp(d->d_name, FS_TEMPORARY, strlen(FS_TEMPORARY)) == 0 &&
				strncmp(d->d_name, ours, strlen(ours)) != 0 &&
				fstatat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
				st.st_mtime <= time(NULL) - older_s) {
			tree_remove(dir, d->d_name);
		}
	}
	closedir(names);
}

void fs_lock(void) {
	pthread_mutex_lock(&changing);
}

void fs_unlock(void) {
	pthread_mutex_unlock(&changing);
}

bool fs_look(struct fs_job *job, int dir, struct stat *there, bool *is_there) {
	char version[64];
	const char *expected = job->if_version;
	*is_there = fstatat(dir, fs_last_name(job), there, AT_SYMLINK_NOFOLLOW) == 0;
	if (!*is_there && errno != ENOENT) {
		return fs_job_fail(job, errno);
	}
	struct stat bytes = *there;
	char path[NAME_MAX + sizeof(FS_BYTES) + 1];
	if (expected && *is_there && S_ISDIR(there->st_mode)) { // its version is that of its bytes
		snprintf(path, sizeof(path), "%s/" FS_BYTES, fs_last_name(job));
		if (fstatat(dir, path, &bytes, AT_SYMLINK_NOFOLLOW) < 0) {
			bytes = *there;
		}
	}
	if (expected && (!*is_there || strcmp(expected, fs_version(&bytes, version)) != 0)) {
		return fs_job_fail(job, ESTALE);
	}
	return true;
}

const char *fs_type_of(const struct stat *st) {
	return S_ISDIR(st->st_mode) ? "dir" : S_ISREG(st->st_mode) ? "file" : "device";
}

const char *fs_version(const struct stat *st, char out[static 64]) {
	snprintf(out, 64, "%llx.%llx.%lx", (unsigned long long)st->st_ino,
		(unsigned long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	return out;
}

void fs_describe(struct op_head *head, const struct stat *st, const char *type) {
	char version[64];
	op_set(head, OP_F_TYPE, type ? type : fs_type_of(st));
	op_set(head, OP_F_VERSION, fs_version(st, version));
	if (S_ISREG(st->st_mode)) {
		op_set_number(head, OP_F_SIZE, (uint64_t)st->st_size);
	}
}
