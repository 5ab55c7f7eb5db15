/* SPDX-License-Identifier: MIT */
/*
 * tree.c - a folder into a tar stream, and what is done with folders whole. What comes out of a
 * stream, and must not be trusted, is tree_unpack.c's.
 */
#include "base/tree.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/tree_private.h"

#define PIECE (64 * 1024)

bool tree_say(struct tree_trouble *trouble, int error, const char *fmt, ...) {
	va_list args;
	va_start(args, fmt);
	trouble->error = error;
	vsnprintf(trouble->what, sizeof(trouble->what), fmt, args);
	va_end(args);
	return false;
}

bool tree_fail(struct tree_trouble *trouble, const char *path) {
	int error = errno;
	return tree_say(trouble, error, "%.500s: %s", path, strerror(error));
}

bool tree_link_stays(const char *target, int depth) {
	bool down = false;
	if (target[0] == '/' || target[0] == '\0') {
		return false;
	}
	while (*target) {
		size_t size = strcspn(target, "/");
		bool up = size == 2 && strncmp(target, "..", 2) == 0;
		if (up && (down || --depth < 0)) { // behind a name, ".." goes where that link leads
			return false;
		}
		down = down || (!up && size > 0 && !(size == 1 && target[0] == '.'));
		target += size + strspn(target + size, "/");
	}
	return true;
}

/* Packing. */

struct pack {
	struct archive *archive;
	struct archive_entry *entry;
	int out;
	tree_takes *takes;
	const struct tree_rules *rules; // may be NULL
	bool with_acl;                // of the entry
	struct tree_trouble *trouble; // once there is one nothing more goes out
	char path[PATH_MAX]; // of the entry, below the top
	char piece[PIECE];
};

// Never fails: libarchive, once told of a failure, keeps its buffers for ever.
static la_ssize_t write_out(struct archive *archive, void *data, const void *bytes, size_t size) {
	struct pack *pack = data;
	const char *at = bytes;
	for (size_t left = size; left > 0 && !pack->trouble->error;) {
		ssize_t n = write(pack->out, at, left);
		if (n > 0) {
			at += n;
			left -= (size_t)n;
		} else if (errno != EINTR) {
			tree_fail(pack->trouble, "the stream");
		}
	}
	return (la_ssize_t)size;
}

static bool archive_failed(struct pack *pack) {
	int error = archive_errno(pack->archive);
	const char *why = archive_error_string(pack->archive);
	return tree_say(pack->trouble, error ? error : EIO, "%.300s: %.300s",
		*pack->path ? pack->path : ".", why ? why : "it cannot be packed");
}

// fd: of a file or folder, else -1. link: of a symbolic link, else NULL.
static bool pack_header(struct pack *pack, const struct stat *st, int fd, const char *link) {
	char folder[PATH_MAX + 3], type[TREE_TYPE_MAX], acl[TREE_ACL_MAX];
	struct archive_entry *entry = pack->entry;
	archive_entry_clear(entry);
	if (S_ISDIR(st->st_mode)) {
		snprintf(folder, sizeof(folder), "./%s", pack->path);
		archive_entry_copy_pathname(entry, folder);
		archive_entry_set_filetype(entry, AE_IFDIR);
	} else {
		archive_entry_copy_pathname(entry, pack->path);
		archive_entry_set_filetype(entry, link ? AE_IFLNK : AE_IFREG);
	}
	archive_entry_set_perm(entry, st->st_mode & 0777);
	archive_entry_set_mtime(entry, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	archive_entry_set_size(entry, S_ISREG(st->st_mode) ? st->st_size : 0);
	if (link) {
		archive_entry_copy_symlink(entry, link);
	}
	ssize_t size = fd >= 0 && S_ISREG(st->st_mode) ? fgetxattr(fd, TREE_TYPE, type, sizeof(type)) : -1;
	if (size > 0) {
		archive_entry_xattr_add_entry(entry, TREE_TYPE, type, (size_t)size);
	}
	size = fd >= 0 && pack->with_acl ? fgetxattr(fd, TREE_ACL, acl, sizeof(acl)) : -1;
	if (size > 0) {
		archive_entry_xattr_add_entry(entry, TREE_ACL, acl, (size_t)size);
	}
	return (archive_write_header(pack->archive, entry) >= ARCHIVE_WARN || archive_failed(pack)) &&
		!pack->trouble->error;
}

static bool pack_bytes(struct pack *pack, int fd, uint64_t left) {
	while (left > 0) {
		size_t want = left < PIECE ? (size_t)left : PIECE;
		ssize_t n = read(fd, pack->piece, want);
		if (n < 0) {
			return tree_fail(pack->trouble, pack->path);
		}
		if (n == 0) {
			return tree_say(pack->trouble, EIO, "%.500s became shorter while it was read: try again",
				pack->path); // the header has said how much comes
		}
		if (archive_write_data(pack->archive, pack->piece, (size_t)n) < 0) {
			return archive_failed(pack);
		}
		if (pack->trouble->error) {
			return false;
		}
		left -= (uint64_t)n;
	}
	return true;
}

static bool pack_file(struct pack *pack, int dir, const char *name) {
	struct stat st;
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		return errno == ENOENT || tree_fail(pack->trouble, pack->path); // it went meanwhile
	}
	bool good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && pack_header(pack, &st, fd, NULL) &&
		pack_bytes(pack, fd, (uint64_t)st.st_size);
	if (!good && !pack->trouble->error) {
		tree_say(pack->trouble, EIO, "%.500s: it changed meanwhile; try again", pack->path);
	}
	close(fd);
	return good;
}

static bool pack_link(struct pack *pack, int dir, const char *name, const struct stat *st,
		int depth) {
	char target[PATH_MAX];
	ssize_t size = readlinkat(dir, name, target, sizeof(target) - 1);
	if (size < 0) {
		return errno == ENOENT || tree_fail(pack->trouble, pack->path);
	}
	target[size] = '\0';
	return !tree_link_stays(target, depth) || pack_header(pack, st, -1, target);
}

static enum tree_part part_of(const struct pack *pack, int dir, const char *name) {
	const struct tree_rules *rules = pack->rules;
	return rules && rules->part ? rules->part(rules->data, dir, name) : TREE_WITH;
}

// fd is closed. The folder's own entry comes before what is in it.
static bool pack_folder(struct pack *pack, int fd, int depth);

static bool pack_inner(struct pack *pack, int dir, const char *name, int depth) {
	struct stat st;
	enum tree_part part = part_of(pack, dir, name);
	if (part == TREE_WITHOUT) {
		return true;
	}
	if (part == TREE_REFUSED) {
		return tree_say(pack->trouble, EACCES, "%.500s: whoever asks may see it but not get it, so the "
			"whole cannot be sent", pack->path);
	}
	pack->with_acl = part == TREE_WITH_ACL;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT || tree_fail(pack->trouble, pack->path);
	}
	if (S_ISREG(st.st_mode)) {
		return pack_file(pack, dir, name);
	}
	if (S_ISLNK(st.st_mode)) {
		return pack_link(pack, dir, name, &st, depth);
	}
	if (!S_ISDIR(st.st_mode)) {
		return true;
	}
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 ? pack_folder(pack, fd, depth + 1) : tree_fail(pack->trouble, pack->path);
}

static bool pack_folder(struct pack *pack, int fd, int depth) {
	size_t size = strlen(pack->path);
	struct stat st;
	DIR *names = fdopendir(fd);
	bool good = names && fstat(fd, &st) == 0;
	if (!names) {
		close(fd);
	}
	if (!good) {
		return tree_fail(pack->trouble, pack->path);
	}
	good = depth <= TREE_DEPTH_MAX ? pack_header(pack, &st, dirfd(names), NULL) : tree_say(pack->trouble, E2BIG,
		"%.500s: folders are in one another more than %d deep", pack->path, TREE_DEPTH_MAX);
	for (struct dirent *d; good && (d = readdir(names));) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 || !pack->takes(d->d_name)) {
			continue;
		}
		int written = snprintf(pack->path + size, sizeof(pack->path) - size, "%s%s",
			size > 0 ? "/" : "", d->d_name);
		good = (size_t)written < sizeof(pack->path) - size ? pack_inner(pack, dirfd(names), d->d_name,
			depth) : tree_say(pack->trouble, ENAMETOOLONG, "%.500s…: the path is too long",
			pack->path);
		pack->path[size] = '\0';
	}
	closedir(names);
	return good;
}

bool tree_pack(int dir, int out, tree_takes *takes, const struct tree_rules *rules,
		struct tree_trouble *trouble) {
	struct pack *pack = calloc(1, sizeof(*pack));
	locale_t names = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL); // so paths are UTF-8 in the stream
	*trouble = (struct tree_trouble){0};
	int own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = false;
	if (pack && names && own >= 0) {
		locale_t before = uselocale(names);
		pack->out = out;
		pack->takes = takes;
		pack->rules = rules;
		pack->trouble = trouble;
		pack->archive = archive_write_new();
		pack->entry = archive_entry_new();
		archive_write_set_format_pax(pack->archive);
		archive_write_set_bytes_per_block(pack->archive, PIECE);
		archive_write_set_bytes_in_last_block(pack->archive, 1);
		if (archive_write_open(pack->archive, pack, NULL, write_out, NULL) == ARCHIVE_OK) {
			pack->with_acl = part_of(pack, own, "") == TREE_WITH_ACL;
			good = pack_folder(pack, own, 0);
			own = -1;
		} else {
			archive_failed(pack);
		}
		// Behind half a tree its end mark goes nowhere.
		good = (archive_write_close(pack->archive) == ARCHIVE_OK || archive_failed(pack)) && good;
		good = good && !trouble->error;
		archive_write_free(pack->archive);
		archive_entry_free(pack->entry);
		uselocale(before);
	} else {
		tree_fail(trouble, ".");
	}
	if (own >= 0) {
		close(own);
	}
	if (names) {
		freelocale(names);
	}
	free(pack);
	return good;
}

/* Folders whole. */

static int open_folder(int parent, const char *name) {
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

// The names in a folder, without "." and ".."; fd stays open. NULL and errno.
static DIR *list_folder(int fd) {
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *names = own >= 0 ? fdopendir(own) : NULL;
	if (own >= 0 && !names) {
		close(own);
	}
	return names;
}

static struct dirent *next_name(DIR *names) {
	struct dirent *d;
	do {
		d = readdir(names);
	} while (d && (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0));
	return d;
}

struct merge {
	const struct tree_rules *rules; // may be NULL
	bool move; // else it is only looked whether it can be
	struct tree_trouble *trouble;
};

static bool merge_folders(const struct merge *merge, int from, int to);

// A folder that may only be read cannot be moved, for that changes its "..".
static bool move_one(int from, int to, const char *name, const struct stat *st) {
	bool closed = S_ISDIR(st->st_mode) && !(st->st_mode & S_IWUSR);
	return (!closed || fchmodat(from, name, 0700, 0) == 0) && renameat(from, name, to, name) == 0 &&
		(!closed || fchmodat(to, name, st->st_mode & 0777, 0) == 0);
}

static bool merge_one(const struct merge *merge, int from, int to, const char *name) {
	struct tree_trouble *trouble = merge->trouble;
	const struct tree_rules *rules = merge->rules;
	struct stat new, old;
	if (fstatat(from, name, &new, AT_SYMLINK_NOFOLLOW) < 0) {
		return tree_fail(trouble, name);
	}
	bool there = fstatat(to, name, &old, AT_SYMLINK_NOFOLLOW) == 0;
	if (!there && errno != ENOENT) {
		return tree_fail(trouble, name);
	}
	if (there && S_ISDIR(new.st_mode) != S_ISDIR(old.st_mode)) {
		return tree_say(trouble, EEXIST, "%.300s is a %s there and a %s here: delete it first", name,
			S_ISDIR(old.st_mode) ? "folder" : "file", S_ISDIR(new.st_mode) ? "folder" : "file");
	}
	if (!there || !S_ISDIR(new.st_mode)) {
		return (!rules || !rules->place ||
			rules->place(rules->data, from, to, name, there, merge->move, trouble)) &&
			(!merge->move || move_one(from, to, name, &new) || tree_fail(trouble, name));
	}
	int inner = open_folder(from, name), into = open_folder(to, name);
	bool good = inner >= 0 && into >= 0 ? merge_folders(merge, inner, into) :
		tree_fail(trouble, name);
	if (inner >= 0) {
		close(inner);
	}
	if (into >= 0) {
		close(into);
	}
	return good;
}

static bool merge_folders(const struct merge *merge, int from, int to) {
	struct tree_trouble *trouble = merge->trouble;
	if (merge->move) {
		fchmod(from, 0700); // it goes, and what is in it must come out
	}
	DIR *names = list_folder(from);
	bool good = names || tree_fail(trouble, ".");
	if (good && faccessat(to, ".", W_OK | X_OK, AT_EACCESS) < 0) {
		good = tree_fail(trouble, "."); // seen before anything is moved
	}
	for (struct dirent *d; good && (d = next_name(names));) {
		good = merge_one(merge, from, to, d->d_name);
	}
	if (names) {
		closedir(names);
	}
	return good && (!merge->move || fsync(to) == 0 || tree_fail(trouble, "."));
}

bool tree_merge(int from, int to, const struct tree_rules *rules, struct tree_trouble *trouble) {
	*trouble = (struct tree_trouble){0};
	struct merge look = {.rules = rules, .trouble = trouble};
	struct merge move = {.rules = rules, .move = true, .trouble = trouble};
	return merge_folders(&look, from, to) && merge_folders(&move, from, to);
}

void tree_remove(int parent, const char *name) {
	if (unlinkat(parent, name, 0) == 0 || (errno != EISDIR && errno != EPERM)) {
		return;
	}
	int fd = open_folder(parent, name);
	if (fd >= 0) {
		fchmod(fd, 0700); // it may have come as one that is only read
	}
	DIR *names = fd >= 0 ? list_folder(fd) : NULL;
	for (struct dirent *d; names && (d = next_name(names));) {
		tree_remove(fd, d->d_name);
	}
	if (names) {
		closedir(names);
	}
	if (fd >= 0) {
		close(fd);
	}
	unlinkat(parent, name, AT_REMOVEDIR);
}
