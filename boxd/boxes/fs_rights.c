/* SPDX-License-Identifier: MIT */
/*
 * fs_rights.c - owners and access lists of single files: how they stand on the disk, and what follows of
 * all those on the way to a file. Who looks for them when is fs_look.c's.
 */
#include "boxes/fs_rights.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "boxes/fs_plain.h"

#define NAMES_MAX 4096 // bytes of the names of a file's attributes

static const char *const attributes[] = {FS_OWNER, TREE_ACL};

#define PATH_SIZE (OP_MAX_COMPONENT + 64)

static const char *path_of(int dir, const char *name, char out[static PATH_SIZE]) {
	snprintf(out, PATH_SIZE, "/proc/self/fd/%d%s%s", dir, *name ? "/" : "", name);
	return out;
}

// Of a link nothing is read but its own, and it has none. "": it is a descriptor's, to be followed.
static ssize_t read_attribute(const char *path, bool follow, const char *attribute, char *out,
		size_t size) {
	return follow ? getxattr(path, attribute, out, size) : lgetxattr(path, attribute, out, size);
}

enum ours { // bits
	OURS_OWNER = 1,
	OURS_ACL = 2,
	OURS_TYPE = 4,
};

// Most files have none of ours, and one call tells.
static unsigned find_ours(const char *path, bool follow) {
	char names[NAMES_MAX];
	unsigned ours = 0;
	ssize_t size = follow ? listxattr(path, names, sizeof(names)) :
		llistxattr(path, names, sizeof(names));
	if (size < 0) {
		return errno == ENOENT || errno == EOPNOTSUPP ? 0 : OURS_OWNER | OURS_ACL | OURS_TYPE;
	}
	for (const char *at = names; at < names + size; at += strlen(at) + 1) {
		ours |= strcmp(at, FS_OWNER) == 0 ? OURS_OWNER : strcmp(at, TREE_ACL) == 0 ? OURS_ACL :
			strcmp(at, TREE_TYPE) == 0 ? OURS_TYPE : 0;
	}
	return ours;
}

static void read_owner(const char *path, bool follow, struct perm_step *step) {
	char text[OP_MAX_SUBJECT + 1];
	ssize_t size = read_attribute(path, follow, FS_OWNER, text, sizeof(text) - 1);
	if (size < 0 && errno == ENODATA) {
		return;
	}
	text[size > 0 ? size : 0] = '\0';
	if (size <= 0 || strlen(text) != (size_t)size || subject_check_part(text, NULL) != OP_OK) {
		step->broken = true;
		strcpy(step->owner, "*");
	} else {
		strcpy(step->owner, text);
	}
}

static void read_acl(const char *path, bool follow, struct perm_step *step) {
	char text[TREE_ACL_MAX + 1], *rest = text;
	ssize_t size = read_attribute(path, follow, TREE_ACL, text, TREE_ACL_MAX);
	if (size < 0 && errno == ENODATA) {
		return;
	}
	text[size > 0 ? size : 0] = '\0';
	step->broken = step->broken || size <= 0 || strlen(text) != (size_t)size;
	for (char *line; !step->broken && (line = strsep(&rest, "\n"));) {
		step->broken = (*line || rest) && acl_set(&step->acl, line, NULL) != OP_OK;
	}
}

static unsigned read_step(int dir, const char *name, struct perm_step *step) {
	char path[PATH_SIZE];
	*step = (struct perm_step){0};
	unsigned ours = find_ours(path_of(dir, name, path), !*name);
	if (ours & OURS_OWNER) {
		read_owner(path, !*name, step);
	}
	if (ours & OURS_ACL) {
		read_acl(path, !*name, step);
	}
	return ours;
}

void fs_read_step(int dir, const char *name, struct perm_step *step) {
	read_step(dir, name, step);
}

bool fs_rights_in(struct perm_path *path, int dir, const char *name) {
	struct perm_step step;
	fs_read_step(dir, name, &step);
	return perm_path_step(path, &step);
}

bool fs_rights_at(const struct fs_job *job, int fd, struct perm_path *path) {
	char *rest = fs_rest_of(job, fd);
	bool good = rest && fs_rights_on(job, rest, path, NULL);
	free(rest);
	return good;
}

// What is open as fd has its say. true: a line of its own decided.
static bool walk_step(int fd, struct perm_path *path) {
	struct stat st;
	struct timespec moment;
	struct perm_step step = {0};
	bool seen = fstat(fd, &st) == 0;
	if (!seen || !fs_plain_is(&st)) {
		fs_plain_moment(&moment);
		if (read_step(fd, "", &step) == 0 && seen) {
			fs_plain_note(&st, &moment, fs_is_at_hand(fs_medium_at(fd)));
		}
	}
	return perm_path_step(path, &step);
}

bool fs_rights_on(const struct fs_job *job, const char *rest, struct perm_path *path,
		size_t *decided) {
	char name[NAME_MAX + 1];
	int dir = fs_open_beneath(job->root, "", O_PATH | O_DIRECTORY);
	perm_path_begin(path, &job->asker.acl, job->asker.owner, &job->asker.subject);
	if (decided) {
		*decided = 0;
	}
	for (const char *at = rest; *at && dir >= 0;) {
		size_t size = strcspn(at, "/");
		snprintf(name, sizeof(name), "%.*s", (int)size, at);
		int inner = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		close(dir);
		dir = inner;
		at += size;
		// The file of a folder's own bytes is the folder.
		if (dir >= 0 && fs_is_box(name) && walk_step(dir, path) && decided) {
			*decided = (size_t)(at - rest);
		}
		at += *at == '/';
	}
	if (dir >= 0) {
		close(dir);
	}
	return dir >= 0;
}

/* Changes. */

// Who may only read a file may not say whose it is, and we do not write into it.
static int set_attribute(int fd, const char *name, const char *text, size_t size) {
	struct stat st;
	if (fsetxattr(fd, name, text, size, 0) == 0) {
		return 0;
	}
	if (errno != EACCES || fstat(fd, &st) < 0 || fchmod(fd, (st.st_mode & 07777) | 0200) < 0) {
		return -1;
	}
	int failed = fsetxattr(fd, name, text, size, 0), error = errno;
	fchmod(fd, st.st_mode & 07777);
	errno = error;
	return failed;
}

static bool changed(struct fs_job *job, bool good) {
	if (!good && (errno == EOPNOTSUPP || errno == ENOSPC || errno == E2BIG)) {
		op_refuse(&job->why, OP_EUNSUPP, errno == EOPNOTSUPP ? "the file system of that folder keeps "
			"no extended attributes, in which owners and rights of files are: store on another one" :
			"the file system of that folder has no room for so long a list of rights: take lines away");
		return false;
	}
	return good || fs_job_fail(job, errno);
}

// Whoever was told what he may get is told anew.
static bool changed_for_all(struct fs_job *job, bool good) {
	good = changed(job, good);
	if (good) {
		job->fs->rights++;
	}
	return good;
}

bool fs_set_acl(struct fs_job *job, int fd, const struct acl *acl) {
	char text[TREE_ACL_MAX];
	size_t size = 0;
	for (int i = 0; i < acl->size; i++) {
		size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s %s", size > 0 ? "\n" : "",
			acl->lines[i].who, acl->lines[i].letters);
	}
	return changed_for_all(job, size > 0 ? set_attribute(fd, TREE_ACL, text, size) == 0 :
		fremovexattr(fd, TREE_ACL) == 0 || errno == ENODATA);
}

bool fs_set_owner(struct fs_job *job, int fd, const char *owner) {
	return changed_for_all(job, set_attribute(fd, FS_OWNER, owner, strlen(owner)) == 0);
}

bool fs_set_maker(struct fs_job *job, int fd) {
	// Where nothing is kept it stays the store's owner's.
	return !job->asker.makes || set_attribute(fd, FS_OWNER, job->asker.subject.person,
		strlen(job->asker.subject.person)) == 0 || errno == EOPNOTSUPP || fs_job_fail(job, errno);
}

// -1: it has none.
static ssize_t read_raw(int dir, const char *name, const char *attribute, char out[TREE_ACL_MAX]) {
	char path[PATH_SIZE];
	return read_attribute(path_of(dir, name, path), !*name, attribute, out, TREE_ACL_MAX);
}

bool fs_keep_rights(struct fs_job *job, int fd, int dir, const char *name) {
	char text[TREE_ACL_MAX];
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		ssize_t size = read_raw(dir, name, attributes[i], text);
		bool none = size < 0 && (errno == ENODATA || errno == EOPNOTSUPP);
		if (none ? fremovexattr(fd, attributes[i]) < 0 && errno != ENODATA && errno != EOPNOTSUPP :
				size < 0 || set_attribute(fd, attributes[i], text, (size_t)size) < 0) {
			return fs_job_fail(job, errno);
		}
	}
	return true;
}

bool fs_has_same_rights(int fd, int dir, const char *name) {
	char one[TREE_ACL_MAX], other[TREE_ACL_MAX];
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		ssize_t size = read_raw(fd, "", attributes[i], one);
		if (size != read_raw(dir, name, attributes[i], other) ||
				(size > 0 && memcmp(one, other, (size_t)size) != 0)) {
			return false;
		}
	}
	return true;
}

void fs_drop_rights(int fd) {
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		fremovexattr(fd, attributes[i]);
	}
}

/* In the loop. */

const char *fs_served_letters(const struct box *box, const char *letters,
		char out[static PERM_LETTERS_SIZE]) {
	size_t size = 0;
	for (const char *letter = letters; *letter; letter++) {
		if (!strchr("pPmMdD", *letter) || box->type->fn[OP_PUTMEM]) {
			out[size++] = *letter;
		}
	}
	out[size] = '\0';
	return out;
}
