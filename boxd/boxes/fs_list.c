/* SPDX-License-Identifier: MIT */
/*
 * fs_list.c - selectors of exported folders: what is in them, some levels deep, as often as that
 * changes.
 *
 * A change is looked for twice a second while somebody waits for one: that sees what other programs
 * and other machines do to the disk too, and costs nothing when nobody waits.
 */
#include "boxes/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "box/name.h"
#include "boxes/fs_link.h"
#include "boxes/fs_rights.h"
#include "boxes/fs_scan.h"
#include "boxes/fs_type.h"

#define ENTRIES_MAX (256 * 1024) // held for one list

struct entry {
	char *name; // below the folder, "/a/b"
	char *type; // NULL: what st says
	char *owner; // NULL: the export's
	char letters[PERM_LETTERS_SIZE];
	char *vector; // of a replicated file; or NULL
	struct box *link; // it is the box of a link, if not NULL
	bool hidden;      // it does not exist for who asks; nor do links below it
	struct stat st;
};

struct listing {
	struct fs_job job;
	uint64_t depth;
	bool replicates;       // something in that storage is or was replicated
	struct entry *entries; // sorted as lists are
	size_t count, capacity;
	size_t folders;        // of the first of them, which are no links
	char version[48];      // of all of them
};

static void drop_entries(struct listing *listing) {
	for (size_t i = 0; i < listing->count; i++) {
		free(listing->entries[i].name);
		free(listing->entries[i].type);
		free(listing->entries[i].owner);
		free(listing->entries[i].vector);
	}
	free(listing->entries);
	listing->entries = NULL;
	listing->count = listing->capacity = 0;
}

static void listing_finish(void *data) {
	drop_entries(data);
}

/* On a thread. */

static int compare_entries(const void *a, const void *b) {
	return name_compare(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

// A symbolic link is what it leads to, in the export.
static bool stat_link(const struct fs_job *job, const char *name, struct stat *st,
		struct perm_path *rights) {
	char *path;
	if (asprintf(&path, "%s%s", job->rest, *job->rest ? name : name + 1) < 0) {
		return false;
	}
	int fd = fs_follow_beneath(job->root, path, O_PATH);
	free(path);
	bool good = fd >= 0 && fstat(fd, st) == 0 && fs_rights_at(job, fd, rights);
	if (fd >= 0) {
		close(fd);
	}
	return good;
}

// false: noted. rights: NULL for what has those of a box in the tree.
static struct entry *add_entry(struct listing *listing, const char *name, const char *type,
		const struct stat *st, const struct perm_path *rights) {
	bool others = rights && strcmp(rights->owner, rights->top_owner) != 0;
	if (listing->count == ENTRIES_MAX) {
		op_refuse(&listing->job.why, OP_E2BIG, "there are more than %d boxes so many levels deep: ask "
			"with a smaller depth", ENTRIES_MAX);
		return NULL;
	}
	if (listing->count == listing->capacity) {
		size_t capacity = listing->capacity ? listing->capacity * 2 : 64;
		struct entry *entries = reallocarray(listing->entries, capacity, sizeof(*entries));
		if (!entries) {
			fs_job_fail(listing, ENOMEM);
			return NULL;
		}
		listing->entries = entries;
		listing->capacity = capacity;
	}
	struct entry *entry = &listing->entries[listing->count];
	*entry = (struct entry){.name = strdup(name), .type = *type ? strdup(type) : NULL,
		.owner = others ? strdup(rights->owner) : NULL, .st = *st};
	strcpy(entry->letters, rights ? rights->letters : "");
	if (!entry->name || (*type && !entry->type) || (others && !entry->owner)) {
		free(entry->name);
		free(entry->type);
		free(entry->owner);
		fs_job_fail(listing, ENOMEM);
		return NULL;
	}
	listing->count++;
	return entry;
}

static void add_vector(const struct fs_job *job, struct entry *entry, int dir, const char *inner) {
	char path[OP_MAX_NAME + 1], text[VECTOR_TEXT];
	struct vector vector;
	snprintf(path, sizeof(path), "%s%s", job->rest, *job->rest ? entry->name : entry->name + 1);
	if (fs_vector_read(dir, inner, path, &entry->st, &vector)) {
		entry->vector = strdup(vector_print(&vector, text));
	}
}

// fd is closed. rights: of the folder.
static bool list_folder(struct listing *listing, int fd, const char *prefix, uint64_t level,
	const struct perm_path *rights);

// ".", "..", what is gone by now, a link that leads nowhere or out: no boxes, and no trouble.
static bool list_inner(struct listing *listing, int dir, const char *prefix, const char *inner,
		uint64_t level, const struct perm_path *folder) {
	char name[OP_MAX_NAME + 1], type[OP_MAX_CNSTR + 1] = "";
	struct perm_path rights = *folder;
	struct stat st;
	if (!fs_is_box(inner) ||
			(size_t)snprintf(name, sizeof(name), "%s/%s", prefix, inner) >= sizeof(name) ||
			fstatat(dir, inner, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return true;
	}
	bool is_link = S_ISLNK(st.st_mode);
	if (is_link && !stat_link(&listing->job, name, &st, &rights)) {
		return true;
	}
	if (!is_link) {
		fs_rights_in(&rights, dir, inner);
	}
	bool hidden = letters_allow(rights.letters, 'k') != PERM_YES; // to him it does not exist
	if (hidden && !S_ISDIR(st.st_mode)) {
		return true;
	}
	if (S_ISREG(st.st_mode) && !is_link) {
		fs_read_type(dir, inner, type);
	}
	struct entry *entry = add_entry(listing, name, type, &st, &rights);
	if (!entry) {
		return false;
	}
	entry->hidden = hidden;
	if (listing->replicates && S_ISREG(st.st_mode) && !is_link) {
		add_vector(&listing->job, entry, dir, inner);
	}
	if (hidden || is_link || !S_ISDIR(st.st_mode) || // links may go in circles
			level >= listing->depth || level >= OP_MAX_COMPONENTS || // no name is longer
			letters_allow(rights.letters, 's') != PERM_YES) {
		return true;
	}
	int fd = openat(dir, inner, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 || list_folder(listing, fd, name, level + 1, &rights);
}

static bool list_folder(struct listing *listing, int fd, const char *prefix, uint64_t level,
		const struct perm_path *rights) {
	DIR *dir = fdopendir(fd);
	bool good = true;
	if (!dir) {
		int error = errno;
		close(fd);
		return fs_job_fail(listing, error);
	}
	for (struct dirent *d; good && (d = readdir(dir));) {
		good = list_inner(listing, dirfd(dir), prefix, d->d_name, level, rights);
	}
	closedir(dir);
	return good;
}

// FNV-1a: two lists that differ are told apart, no more is asked of it.
static void hash_text(uint64_t *hash, const char *text) {
	do {
		*hash = (*hash ^ (uint8_t)*text) * 0x100000001b3;
	} while (*text++);
}

static const char *type_of(const struct entry *entry) {
	return entry->type ? entry->type : fs_type_of(&entry->st);
}

static void run_list(void *data) {
	struct listing *listing = data;
	struct fs_job *job = &listing->job;
	uint64_t hash = 0xcbf29ce484222325;
	char version[64];
	struct perm_path rights;
	listing->replicates = history_is_there(job->root);
	int fd = fs_open_beneath(job->root, job->rest, O_RDONLY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &job->st) < 0) {
		fs_job_fail(job, errno);
		if (fd >= 0) {
			close(fd);
		}
		return;
	}
	if (!S_ISDIR(job->st.st_mode)) {
		close(fd);
	} else if (!fs_rights_at(job, fd, &rights)) {
		close(fd);
		fs_job_fail(job, ENOENT);
	} else if (list_folder(listing, fd, "", 1, &rights) && listing->count > 0) {
		qsort(listing->entries, listing->count, sizeof(listing->entries[0]), compare_entries);
	}
	for (size_t i = 0; i < listing->count; i++) {
		if (listing->entries[i].hidden) {
			continue;
		}
		hash_text(&hash, listing->entries[i].name);
		hash_text(&hash, fs_version(&listing->entries[i].st, version));
		hash_text(&hash, type_of(&listing->entries[i]));
		hash_text(&hash, listing->entries[i].letters);
	}
	snprintf(listing->version, sizeof(listing->version), "%016llx", (unsigned long long)hash);
}

/* In the loop. */

static void describe_entry(struct op_head *head, const struct entry *entry, const struct req *req) {
	char version[32], letters[PERM_LETTERS_SIZE];
	if (entry->link) {
		op_set(head, OP_F_TYPE, entry->link->cnstr);
		op_set(head, OP_F_OWNER, entry->link->owner);
		op_set(head, OP_F_LETTERS, box_letters(entry->link, req->subject, letters));
		op_set(head, OP_F_VERSION, box_version(entry->link, version));
		entry->link->type->describe(entry->link, head);
		return;
	}
	fs_describe(head, &entry->st, type_of(entry));
	op_set(head, OP_F_OWNER, entry->owner ? entry->owner : req->box->owner);
	op_set(head, OP_F_LETTERS, fs_served_letters(req->box, entry->letters, letters));
	if (entry->vector) {
		op_set(head, OP_F_VECTOR, entry->vector);
	}
}

// Whether he may look into all the folders, of those that are there, that a link is in.
static bool may_look_at(const struct listing *listing, const char *name) {
	char above[OP_MAX_NAME + 1];
	for (const char *slash = name; (slash = strchr(slash + 1, '/'));) {
		snprintf(above, sizeof(above), "%.*s", (int)(slash - name), name);
		const struct entry key = {.name = above};
		const struct entry *entry = listing->folders > 0 ? bsearch(&key, listing->entries,
			listing->folders, sizeof(key), compare_entries) : NULL;
		if (entry && (entry->hidden || letters_allow(entry->letters, 's') != PERM_YES)) {
			return false;
		}
	}
	return true;
}

// A link of what is listed is listed, too; that another is up is another list.
static void add_link(void *data, const char *name, struct box *link) {
	struct listing *listing = data;
	if (!may_look_at(listing, name)) {
		return;
	}
	char version[32];
	uint64_t hash = strtoull(listing->version, NULL, 16);
	struct entry *entry = add_entry(listing, name, link->cnstr, &(struct stat){0}, NULL);
	if (entry) {
		entry->link = link;
		hash_text(&hash, name);
		hash_text(&hash, box_version(link, version));
		snprintf(listing->version, sizeof(listing->version), "%016llx", (unsigned long long)hash);
	}
}

static void write_entries(const struct listing *listing, struct buf *body) {
	const struct op_head *asked = listing->job.req->head;
	const char *match = op_get(asked, OP_F_MATCH), *after = op_get(asked, OP_F_AFTER);
	const char *want = op_get(asked, OP_F_WANT);
	uint64_t left = op_get_number(asked, OP_F_COUNT, UINT64_MAX);
	for (size_t i = 0; i < listing->count && left > 0; i++) {
		const struct entry *entry = &listing->entries[i];
		if (entry->hidden || (match && fnmatch(match, name_last(entry->name), 0) != 0) ||
				(after && name_compare(entry->name, after) <= 0) ||
				(want && !cnstr_text_meets(type_of(entry), want))) {
			continue;
		}
		struct op_head head;
		op_head_init_entry(&head);
		op_set(&head, OP_F_NAME, entry->name);
		describe_entry(&head, entry, listing->job.req);
		op_encode(&head, body, NULL);
		op_head_finish(&head);
		left--;
	}
}

static void list_done(void *data, bool cancelled) {
	struct listing *listing = data;
	if (!fs_job_is_back(listing)) {
		return;
	}
	struct req *req = listing->job.req;
	size_t count = listing->count;
	listing->folders = count; // sorted, before links come behind them
	fs_link_each(req->box, req->rest, listing->depth, add_link, listing);
	if (listing->count > count) {
		qsort(listing->entries, listing->count, sizeof(listing->entries[0]), compare_entries);
	}
	const char *since = op_get(req->head, OP_F_SINCE);
	if (since && strcmp(since, listing->version) == 0) {
		fs_job_run_later(listing);
		return;
	}
	struct buf body;
	buf_init(&body);
	write_entries(listing, &body);
	op_set(req_reply(req), OP_F_VERSION, listing->version);
	fs_job_destroy(listing);
	req_ok_bytes(req, buf_front(&body), body.size);
	buf_finish(&body);
}

void fs_selectors(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = fs_job_gone};
	struct listing *listing = fs_job_create(sizeof(*listing), box, req, &events, listing_finish);
	if (listing) {
		listing->depth = op_get_number(req->head, OP_F_DEPTH, 1);
		fs_job_run(listing, run_list, list_done);
	}
}
