/* SPDX-License-Identifier: MIT */
/*
 * tree_unpack.c - a tar stream that somebody sent, into a folder and nowhere else.
 *
 * Every folder on the way to an entry is one that was made here, opened without following links, so
 * a link that came earlier leads nobody anywhere. A folder's mode and time are set at the end:
 * before that, what is put into it would change them, or be forbidden by them.
 */
#include "base/tree.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/tree_private.h"

#define PIECE (256 * 1024)
#define FOLDERS_MAX (1024 * 1024)
#define PATH_SIZE 4097

struct folder {
	char *path;
	mode_t mode;
	struct timespec mtime;
};

struct unpack {
	struct archive *archive;
	int top;
	tree_takes *takes;
	bool acl; // lists are taken, too
	struct tree_trouble *trouble;
	char path[PATH_SIZE]; // of the entry, clean: "a/b"
	int depth;            // folders it is in
	char at[PATH_SIZE];   // the folder that is open
	int at_fd;            // -1: none
	struct folder *folders;
	size_t folders_size, folders_capacity;
};

static bool refuse(struct unpack *unpack, const char *path, const char *why) {
	return tree_say(unpack->trouble, EINVAL, "%.500s: %s", path, why);
}

// The path without "." and doubled slashes; "" is the top.
static bool clean_path(struct unpack *unpack, const char *path) {
	char name[NAME_MAX + 1];
	size_t at = 0;
	unpack->depth = -1;
	unpack->path[0] = '\0';
	if (path[0] == '/') {
		return refuse(unpack, path, "a path in a tree does not begin with /");
	}
	for (const char *next = path; *next;) {
		size_t size = strcspn(next, "/");
		if (size == 0 || (size == 1 && next[0] == '.')) {
			next += size + (next[size] == '/');
			continue;
		}
		if (size > NAME_MAX || at + size + 2 > sizeof(unpack->path) ||
				++unpack->depth > TREE_DEPTH_MAX) {
			return refuse(unpack, path, "it is over a limit: 255 bytes a name, 4096 a path, and 64 "
				"folders deep");
		}
		memcpy(name, next, size);
		name[size] = '\0';
		if (strcmp(name, "..") == 0 || !unpack->takes(name)) {
			return refuse(unpack, path, "there is a name in it that no box can have");
		}
		if (at > 0) {
			unpack->path[at++] = '/';
		}
		memcpy(unpack->path + at, name, size + 1);
		at += size;
		next += size;
	}
	return true;
}

static const char *last_name(const struct unpack *unpack) {
	const char *slash = strrchr(unpack->path, '/');
	return slash ? slash + 1 : unpack->path;
}

// Opens a folder of ours, made if need be. -1 and errno.
static int enter(int parent, const char *name) {
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(parent, name, flags);
	if (fd < 0 && errno == ENOENT && mkdirat(parent, name, 0777) == 0) {
		fd = openat(parent, name, flags);
	}
	return fd;
}

// The folder that the entry is in, as at_fd.
static bool open_parent(struct unpack *unpack) {
	char name[NAME_MAX + 1];
	size_t size = (size_t)(last_name(unpack) - unpack->path);
	size = size > 0 ? size - 1 : 0;
	if (unpack->at_fd >= 0 && strlen(unpack->at) == size &&
			memcmp(unpack->at, unpack->path, size) == 0) {
		return true;
	}
	if (unpack->at_fd >= 0) {
		close(unpack->at_fd);
	}
	memcpy(unpack->at, unpack->path, size);
	unpack->at[size] = '\0';
	unpack->at_fd = openat(unpack->top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (const char *next = unpack->at; *next && unpack->at_fd >= 0;) {
		size_t part = strcspn(next, "/");
		memcpy(name, next, part);
		name[part] = '\0';
		int fd = enter(unpack->at_fd, name);
		int error = errno;
		close(unpack->at_fd);
		unpack->at_fd = fd;
		errno = error;
		next += part + (next[part] == '/');
	}
	if (unpack->at_fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
		return refuse(unpack, unpack->path, "something on the way to it is no folder");
	}
	return unpack->at_fd >= 0 || tree_fail(unpack->trouble, unpack->path);
}

static struct timespec entry_time(struct archive_entry *entry) {
	if (!archive_entry_mtime_is_set(entry)) {
		return (struct timespec){.tv_nsec = UTIME_NOW};
	}
	return (struct timespec){archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
}

// Of all extended attributes those that are ours; where the file system keeps none they are lost. But
// not a list: without it the file would be open to more than it was.
static bool unpack_attributes(struct unpack *unpack, struct archive_entry *entry, int fd) {
	const char *name;
	const void *value;
	size_t size;
	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		if (name && strcmp(name, TREE_TYPE) == 0 && size <= TREE_TYPE_MAX) {
			fsetxattr(fd, TREE_TYPE, value, size, 0);
		} else if (name && unpack->acl && strcmp(name, TREE_ACL) == 0 && size <= TREE_ACL_MAX &&
				fsetxattr(fd, TREE_ACL, value, size, 0) < 0) {
			return tree_fail(unpack->trouble, unpack->path[0] ? unpack->path : ".");
		}
	}
	return true;
}

static bool unpack_folder(struct unpack *unpack, struct archive_entry *entry) {
	if (unpack->path[0]) {
		if (!open_parent(unpack)) {
			return false;
		}
		int fd = enter(unpack->at_fd, last_name(unpack));
		if (fd < 0) {
			return errno == ENOTDIR || errno == ELOOP ?
				refuse(unpack, unpack->path, "it is in the stream twice, and once no folder") :
				tree_fail(unpack->trouble, unpack->path);
		}
		bool good = unpack_attributes(unpack, entry, fd);
		close(fd);
		if (!good) {
			return false;
		}
	} else if (!unpack_attributes(unpack, entry, unpack->top)) {
		return false;
	}
	if (unpack->folders_size == FOLDERS_MAX) {
		return refuse(unpack, unpack->path, "there are more than a million folders");
	}
	if (unpack->folders_size == unpack->folders_capacity) {
		size_t capacity = unpack->folders_capacity ? unpack->folders_capacity * 2 : 64;
		struct folder *folders = reallocarray(unpack->folders, capacity, sizeof(*folders));
		if (!folders) {
			return tree_fail(unpack->trouble, unpack->path);
		}
		unpack->folders = folders;
		unpack->folders_capacity = capacity;
	}
	struct folder *folder = &unpack->folders[unpack->folders_size];
	*folder = (struct folder){strdup(unpack->path), archive_entry_perm(entry) & 0777,
		entry_time(entry)};
	if (!folder->path) {
		return tree_fail(unpack->trouble, unpack->path);
	}
	unpack->folders_size++;
	return true;
}

static bool archive_failed(struct unpack *unpack, const char *path) {
	const char *why = archive_error_string(unpack->archive);
	return tree_say(unpack->trouble, EINVAL, "%.300s: no tar stream, or a broken one (%.200s)", path,
		why ? why : "it stops");
}

static bool write_at(int fd, const char *bytes, size_t size, off_t offset) {
	while (size > 0) {
		ssize_t n = pwrite(fd, bytes, size, offset);
		if (n < 0 && errno != EINTR) {
			return false;
		} else if (n > 0) {
			bytes += n;
			size -= (size_t)n;
			offset += n;
		}
	}
	return true;
}

static bool unpack_bytes(struct unpack *unpack, struct archive_entry *entry, int fd) {
	const void *bytes;
	size_t size;
	la_int64_t offset;
	int result;
	while ((result = archive_read_data_block(unpack->archive, &bytes, &size, &offset)) ==
			ARCHIVE_OK) {
		if (!write_at(fd, bytes, size, offset)) {
			return tree_fail(unpack->trouble, unpack->path);
		}
	}
	if (result != ARCHIVE_EOF) {
		return archive_failed(unpack, unpack->path);
	}
	struct stat st;
	la_int64_t whole = archive_entry_size(entry);
	if (fstat(fd, &st) < 0 || (st.st_size < whole && ftruncate(fd, whole) < 0)) { // ends in a hole
		return tree_fail(unpack->trouble, unpack->path);
	}
	return true;
}

static bool unpack_file(struct unpack *unpack, struct archive_entry *entry) {
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, entry_time(entry)};
	if (!open_parent(unpack)) {
		return false;
	}
	int fd = openat(unpack->at_fd, last_name(unpack),
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		return errno == EEXIST ? refuse(unpack, unpack->path, "it is in the stream twice") :
			tree_fail(unpack->trouble, unpack->path);
	}
	bool good = unpack_attributes(unpack, entry, fd) && unpack_bytes(unpack, entry, fd);
	if (good && (fchmod(fd, archive_entry_perm(entry) & 0777) < 0 || futimens(fd, times) < 0)) {
		good = tree_fail(unpack->trouble, unpack->path);
	}
	close(fd);
	return good;
}

static bool unpack_link(struct unpack *unpack, struct archive_entry *entry) {
	const char *target = archive_entry_symlink(entry);
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, entry_time(entry)};
	if (!target || !tree_link_stays(target, unpack->depth)) {
		return refuse(unpack, unpack->path, "the symbolic link leads out of the tree");
	}
	if (!open_parent(unpack)) {
		return false;
	}
	const char *name = last_name(unpack);
	if (symlinkat(target, unpack->at_fd, name) < 0) {
		return errno == EEXIST ? refuse(unpack, unpack->path, "it is in the stream twice") :
			tree_fail(unpack->trouble, unpack->path);
	}
	utimensat(unpack->at_fd, name, times, AT_SYMLINK_NOFOLLOW); // where links have times
	return true;
}

static bool unpack_entry(struct unpack *unpack, struct archive_entry *entry) {
	const char *path = archive_entry_pathname(entry);
	if (!path) {
		return refuse(unpack, "a path", "it is not UTF-8");
	}
	if (!clean_path(unpack, path)) {
		return false;
	}
	if (archive_entry_hardlink(entry)) {
		return refuse(unpack, path, "hard links are not taken");
	}
	if (archive_entry_filetype(entry) == AE_IFDIR) {
		return unpack_folder(unpack, entry);
	}
	if (!unpack->path[0]) {
		return refuse(unpack, path, "only a folder can be the top of a tree");
	}
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return unpack_file(unpack, entry);
	case AE_IFLNK:
		return unpack_link(unpack, entry);
	default:
		return refuse(unpack, path, "neither file, folder nor symbolic link");
	}
}

// From the last to the first: a folder is closed before those it is in.
static bool finish_folders(struct unpack *unpack) {
	for (size_t i = unpack->folders_size; i-- > 0;) {
		const struct folder *folder = &unpack->folders[i];
		const char *path = folder->path[0] ? folder->path : ".";
		struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, folder->mtime};
		// No link is on the way: paths were made here, and nothing was replaced.
		if (fchmodat(unpack->top, path, folder->mode, 0) < 0 ||
				utimensat(unpack->top, path, times, 0) < 0) {
			return tree_fail(unpack->trouble, path);
		}
	}
	return true;
}

static bool unpack_all(struct unpack *unpack, int in) {
	struct archive_entry *entry;
	char rest[4096];
	int result;
	archive_read_support_format_tar(unpack->archive);
	if (archive_read_open_fd(unpack->archive, in, PIECE) != ARCHIVE_OK) {
		return archive_failed(unpack, "the tree");
	}
	while ((result = archive_read_next_header(unpack->archive, &entry)) >= ARCHIVE_WARN &&
			result != ARCHIVE_EOF) {
		if (!unpack_entry(unpack, entry)) {
			return false;
		}
	}
	if (result != ARCHIVE_EOF) {
		return archive_failed(unpack, "the tree");
	}
	ssize_t n;
	while ((n = read(in, rest, sizeof(rest))) > 0 || (n < 0 && errno == EINTR)) {
	}
	return finish_folders(unpack);
}

bool tree_unpack(int in, int dir, tree_takes *takes, const struct tree_rules *rules,
		struct tree_trouble *trouble) {
	struct unpack *unpack = calloc(1, sizeof(*unpack));
	locale_t names = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	bool good = false;
	*trouble = (struct tree_trouble){0};
	if (!unpack || !names) {
		tree_fail(trouble, ".");
	} else {
		locale_t before = uselocale(names);
		*unpack = (struct unpack){
			.archive = archive_read_new(), .top = dir, .takes = takes, .acl = rules && rules->acl,
			.trouble = trouble, .at_fd = -1,
		};
		good = unpack_all(unpack, in);
		archive_read_free(unpack->archive);
		if (unpack->at_fd >= 0) {
			close(unpack->at_fd);
		}
		for (size_t i = 0; i < unpack->folders_size; i++) {
			free(unpack->folders[i].path);
		}
		free(unpack->folders);
		uselocale(before);
	}
	if (names) {
		freelocale(names);
	}
	free(unpack);
	return good;
}
