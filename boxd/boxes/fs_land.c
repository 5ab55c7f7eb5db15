/* SPDX-License-Identifier: MIT */
/*
 * fs_land.c - what the rules say of a box, done to files. Nothing that was written here is lost: what
 * loses its name in a conflict gets another one first.
 */
#include "boxes/fs_land.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/tree.h"
#include "boxes/fs_both.h"
#include "boxes/fs_rights.h"
#include "boxes/fs_scan.h"
#include "boxes/fs_type.h"

/* One deed. */

struct deed {
	struct fs_job *job;
	struct history *history;
	const struct fs_theirs *theirs;
	const struct fs_parties *parties;
	int dir;            // that the path is in; -1: it is not there
	const char *name;   // in dir
	struct record *record; // ours; NULL: none yet
	struct replica_side ours, side; // the latter is theirs
	enum replica_deed what;
};

static bool fail(struct deed *deed, int error) {
	return fs_job_fail(deed->job, error);
}

// Ours becomes what, with the vectors of both in it; counted as a change of ours if it is one.
static bool settle(struct deed *deed, enum replica_what what, bool counted) {
	struct vector vector = deed->ours.vector;
	struct record *record = deed->record;
	if (!record && !(record = history_add(deed->history, deed->theirs->path))) {
		return fail(deed, ENOMEM);
	}
	deed->record = record;
	if (!vector_merge(&vector, &deed->side.vector) ||
			(counted && !history_count(deed->history, &vector))) {
		op_refuse(&deed->job->why, OP_E2BIG, "%.150s was changed on more than %d machines",
			record->path, VECTOR_MAX);
		return false;
	}
	if (!history_set(deed->history, record, what, &vector)) {
		return fail(deed, ENOMEM);
	}
	if (what == REPLICA_FILE) {
		fs_vector_write(deed->dir, deed->name, record->path, &vector);
	}
	return what == REPLICA_GONE ||
		fs_scan_known(deed->job, deed->history, deed->dir, deed->name, record);
}

/* Conflicts. */

static int open_bytes(int dir, const char *name) {
	return openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

// Order as memcmp(3), of all bytes, the shorter first. false: noted.
static bool compare_bytes(struct deed *deed, const char *a, const char *b, int *order) {
	uint8_t pieces[2][4096];
	int fds[2] = {open_bytes(deed->dir, a), open_bytes(deed->dir, b)};
	struct stat st[2];
	bool good = fds[0] >= 0 && fds[1] >= 0 && fstat(fds[0], &st[0]) == 0 && fstat(fds[1], &st[1]) == 0;
	*order = good ? (st[0].st_size > st[1].st_size) - (st[0].st_size < st[1].st_size) : 0;
	for (off_t at = 0; good && *order == 0 && at < st[0].st_size;) {
		ssize_t n = pread(fds[0], pieces[0], sizeof(pieces[0]), at);
		good = n > 0 && pread(fds[1], pieces[1], (size_t)n, at) == n;
		*order = good ? memcmp(pieces[0], pieces[1], (size_t)n) : 0;
		at += n;
	}
	int error = errno;
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
	return good || fail(deed, error ? error : EIO);
}

// FNV-1a: tells two conflicts of one name apart.
static uint64_t hash_bytes(int dir, const char *name) {
	uint64_t hash = 0xcbf29ce484222325;
	uint8_t piece[4096];
	int fd = open_bytes(dir, name);
	ssize_t n;
	while (fd >= 0 && (n = read(fd, piece, sizeof(piece))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			hash = (hash ^ piece[i]) * 0x100000001b3;
		}
	}
	if (fd >= 0) {
		close(fd);
	}
	return hash;
}

// *there: a file with the same bytes; *is_free: nothing is. false: noted.
static bool look_at_place(struct deed *deed, const char *place, const char *file, bool *there,
		bool *is_free) {
	struct stat st;
	int order = 1;
	*is_free = fstatat(deed->dir, place, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
	if (!*is_free && S_ISREG(st.st_mode) && !compare_bytes(deed, file, place, &order)) {
		return false;
	}
	*there = !*is_free && order == 0;
	return true;
}

// A place for the bytes of file as a conflict of the deed's name. false: noted.
static bool find_place(struct deed *deed, const char *file, const char *node,
		char place[static OP_MAX_COMPONENT + 1], bool *there) {
	bool is_free = false;
	for (int i = 0; i < 2 && !is_free; i++) {
		uint64_t hash = i > 0 ? hash_bytes(deed->dir, file) : 0;
		const char *name = strcmp(deed->name, FS_BYTES) == 0 ? "bytes" : deed->name;
		if (replica_conflict_name(name, node, i > 0 ? &hash : NULL, place) != OP_OK) {
			op_refuse(&deed->job->why, OP_E2BIG, "%.150s is in conflict, and its name is too long to "
				"have .conflict-%s behind it: give it a shorter one", deed->theirs->path, node);
			return false;
		}
		if (!look_at_place(deed, place, file, there, &is_free)) {
			return false;
		}
		if (*there) {
			return true;
		}
	}
	if (!is_free) {
		op_refuse(&deed->job->why, OP_EEXIST, "%.150s is in conflict again, and %.150s is taken: "
			"resolve that first", deed->theirs->path, place);
	}
	return is_free;
}

// A new box, with nothing of the old one's vector: what that has in it need not be in this.
static bool note_conflict(struct deed *deed, const char *place) {
	const char *path = deed->theirs->path, *slash = strrchr(path, '/');
	char conflict[OP_MAX_NAME + 1];
	struct vector vector;
	int above = slash ? (int)(slash - path + 1) : 0;
	if ((size_t)snprintf(conflict, sizeof(conflict), "%.*s%s", above, path, place) >= sizeof(conflict)) {
		return fail(deed, ENAMETOOLONG);
	}
	struct record *record = history_find(deed->history, conflict);
	if (!record && !(record = history_add(deed->history, conflict))) {
		return fail(deed, ENOMEM);
	}
	vector_parse(&vector, record->vector);
	if (!history_count(deed->history, &vector)) {
		return fail(deed, E2BIG);
	}
	fs_vector_write(deed->dir, place, conflict, &vector);
	return (history_set(deed->history, record, REPLICA_FILE, &vector) || fail(deed, ENOMEM)) &&
		fs_scan_known(deed->job, deed->history, deed->dir, place, record);
}

// file gets the name of a conflict; keeps: and keeps its own meanwhile. *moved: it is there by that.
static bool keep_conflict(struct deed *deed, const char *file, const char *node, bool keeps,
		bool *moved) {
	char place[OP_MAX_COMPONENT + 1];
	bool there;
	*moved = false;
	if (!find_place(deed, file, node, place, &there)) {
		return false;
	}
	if (there) {
		return true;
	}
	int failed = keeps ? linkat(deed->dir, file, deed->dir, place, 0) :
		renameat2(deed->dir, file, deed->dir, place, RENAME_NOREPLACE);
	*moved = !failed;
	return failed ? fail(deed, errno) : note_conflict(deed, place);
}

/* Folders, and the end of boxes. */

static bool remove_folder(struct deed *deed, bool *full) {
	*full = false;
	if (unlinkat(deed->dir, deed->name, AT_REMOVEDIR) == 0) {
		return true;
	}
	int error = errno;
	int inner = error == ENOTEMPTY || error == EEXIST ?
		openat(deed->dir, deed->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (inner >= 0) {
		fs_sweep(deed->job, inner, 0);
		close(inner);
		error = unlinkat(deed->dir, deed->name, AT_REMOVEDIR) < 0 ? errno : 0;
	}
	*full = error == ENOTEMPTY || error == EEXIST;
	return error == 0 || *full || fail(deed, error);
}

static bool remove_ours(struct deed *deed) {
	bool full = false;
	if (deed->ours.what == REPLICA_FOLDER) {
		if (!remove_folder(deed, &full)) {
			return false;
		}
	} else if (unlinkat(deed->dir, deed->name, 0) < 0) {
		return fail(deed, errno);
	}
	// Something new is in it: that stays, and so does the folder.
	return full ? settle(deed, REPLICA_FOLDER, true) : settle(deed, REPLICA_GONE, false);
}

static bool make_folder(struct deed *deed) {
	bool moved, counted = deed->what != REPLICA_TAKE;
	if (deed->what == REPLICA_BOTH) {
		if (!keep_conflict(deed, deed->name, deed->parties->ours, true, &moved)) {
			return false;
		}
	}
	if (deed->ours.what == REPLICA_FILE && unlinkat(deed->dir, deed->name, 0) < 0) {
		return fail(deed, errno);
	}
	if (mkdirat(deed->dir, deed->name, 0777) < 0) {
		return fail(deed, errno);
	}
	return settle(deed, REPLICA_FOLDER, counted);
}

// The folders above, of which a deletion was heard and then something new in them.
static bool make_parents(struct deed *deed) {
	char above[OP_MAX_NAME + 1];
	snprintf(above, sizeof(above), "%s", deed->theirs->path);
	for (char *slash = strchr(above, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		const char *last = strrchr(above, '/');
		char parent[OP_MAX_NAME + 1];
		snprintf(parent, sizeof(parent), "%.*s", last ? (int)(last - above) : 0, above);
		int dir = fs_open_beneath(deed->job->root, parent, O_RDONLY | O_DIRECTORY);
		int error = dir < 0 ? errno : 0;
		if (dir >= 0) {
			error = mkdirat(dir, last ? last + 1 : above, 0777) < 0 && errno != EEXIST ? errno : 0;
			fsync(dir);
			close(dir);
		}
		if (error) {
			return fail(deed, error);
		}
		*slash = '/';
	}
	return fs_open_parent(deed->job, &deed->dir);
}

/* By the rules. */

// Who linked may link this box, too: it may have a list of its own.
static bool may_change(struct deed *deed) {
	struct perm_path rights;
	bool there = deed->ours.what == REPLICA_FILE || deed->ours.what == REPLICA_FOLDER;
	if (deed->dir < 0) {
		return true;
	}
	bool known = fs_rights_at(deed->job, deed->dir, &rights);
	if (known && there && fs_is_box(deed->name)) {
		fs_rights_in(&rights, deed->dir, deed->name);
	}
	if (!known || letters_allow(rights.letters, 'l') != PERM_YES) {
		op_refuse(&deed->job->why, OP_EPERM, "it has a list of its own here, by which %s may not "
			"link it", deed->job->asker.subject.person);
	}
	return deed->job->why.code == OP_OK;
}

static bool decide(struct deed *deed) {
	if (deed->dir >= 0) {
		if (!fs_scan_at(deed->job, deed->history, deed->dir, deed->name, deed->theirs->path,
				&deed->record)) {
			return false;
		}
	} else {
		deed->record = history_find(deed->history, deed->theirs->path);
	}
	history_side(deed->record, &deed->ours);
	if (deed->dir < 0 && deed->ours.what != REPLICA_UNKNOWN) {
		deed->ours.what = REPLICA_GONE; // with the folder it was in; that is seen by the next look
	}
	deed->side.what = deed->theirs->what;
	vector_parse(&deed->side.vector, deed->theirs->vector);
	deed->what = replica_decide(&deed->ours, &deed->side);
	return deed->what == REPLICA_NOTHING || deed->what == REPLICA_LEARN || may_change(deed);
}

static bool apply(struct deed *deed, bool *bytes) {
	bool folder = deed->theirs->what == REPLICA_FOLDER;
	switch (deed->what) {
	case REPLICA_NOTHING:
		return true;
	case REPLICA_LEARN:
		return settle(deed, deed->ours.what == REPLICA_UNKNOWN ? REPLICA_GONE : deed->ours.what, false);
	case REPLICA_KEEP:
		return settle(deed, deed->ours.what, true);
	case REPLICA_REMOVE:
		return remove_ours(deed);
	case REPLICA_TAKE:
	case REPLICA_REVIVE:
		if (deed->dir < 0 && !make_parents(deed)) {
			return false;
		}
		*bytes = !folder;
		return !folder || make_folder(deed);
	case REPLICA_BOTH:
		*bytes = !folder;
		return !folder || make_folder(deed);
	case REPLICA_COMPARE:
		*bytes = true;
		return true;
	}
	return true;
}

static void deed_init(struct deed *deed, struct fs_job *job, struct history *history,
		const struct fs_theirs *theirs, const struct fs_parties *parties) {
	*deed = (struct deed){
		.job = job,
		.history = history,
		.theirs = theirs,
		.parties = parties,
		.dir = -1,
	};
	const char *slash = strrchr(theirs->path, '/');
	deed->name = slash ? slash + 1 : theirs->path;
}

bool fs_apply(struct fs_job *job, struct history *history, const struct fs_theirs *theirs,
		const struct fs_parties *parties, bool *bytes) {
	struct deed deed;
	*bytes = false;
	if (!*theirs->path) {
		return true; // a whole storage is there, on both sides
	}
	deed_init(&deed, job, history, theirs, parties);
	job->rest = theirs->path;
	job->stored = true;
	if (!fs_open_parent(job, &deed.dir)) {
		if (job->error != ENOENT) {
			return false;
		}
		job->error = 0;
		deed.dir = -1;
	}
	fs_lock();
	bool good = decide(&deed) && apply(&deed, bytes);
	fs_unlock();
	bool changed = deed.what != REPLICA_NOTHING && !*bytes;
	if (good && changed && deed.dir >= 0 && fsync(deed.dir) < 0) {
		good = fail(&deed, errno);
	}
	if (deed.dir >= 0) {
		close(deed.dir);
	}
	return good;
}

/* Bytes that came. */

// What theirs says of the file goes with it; synced before it has its name.
static bool prepare(struct deed *deed, const char *temporary) {
	const char *type = deed->theirs->type;
	int fd = openat(deed->dir, temporary, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		return fail(deed, errno);
	}
	if (*type) {
		fsetxattr(fd, TREE_TYPE, type, strlen(type), 0); // as well as the file system can
	} else {
		fremovexattr(fd, TREE_TYPE);
	}
	fs_vector_write(fd, "", deed->theirs->path, &deed->side.vector);
	bool good = deed->ours.what != REPLICA_FILE ||
		fs_keep_rights(deed->job, fd, deed->dir, deed->name);
	good = good && (fsync(fd) == 0 || fail(deed, errno));
	close(fd);
	return good;
}

static bool take_name(struct deed *deed, const char *temporary, bool counted, bool *taken) {
	*taken = renameat(deed->dir, temporary, deed->dir, deed->name) == 0;
	return *taken ? settle(deed, REPLICA_FILE, counted) : fail(deed, errno);
}

static bool land_beside(struct deed *deed, const char *temporary, bool *taken) {
	return keep_conflict(deed, temporary, deed->parties->theirs, false, taken) &&
		settle(deed, deed->ours.what, true);
}

static bool land_compared(struct deed *deed, const char *temporary, bool *taken) {
	int order;
	bool moved;
	if (!compare_bytes(deed, deed->name, temporary, &order)) {
		return false;
	}
	if (order == 0) {
		return settle(deed, REPLICA_FILE, false);
	}
	if (order > 0) { // the other machine finds it the other way round, and does the same
		return land_beside(deed, temporary, taken);
	}
	return keep_conflict(deed, deed->name, deed->parties->ours, true, &moved) &&
		take_name(deed, temporary, true, taken);
}

static bool land_taken(struct deed *deed, const char *temporary, bool *taken) {
	bool full = false;
	if (deed->ours.what == REPLICA_FOLDER && !remove_folder(deed, &full)) {
		return false;
	}
	return full ? land_beside(deed, temporary, taken) :
		take_name(deed, temporary, deed->what == REPLICA_REVIVE, taken);
}

static bool land(struct deed *deed, const char *temporary, bool *taken) {
	switch (deed->what) {
	case REPLICA_TAKE:
	case REPLICA_REVIVE:
		return prepare(deed, temporary) && land_taken(deed, temporary, taken);
	case REPLICA_COMPARE:
		return prepare(deed, temporary) && land_compared(deed, temporary, taken);
	case REPLICA_BOTH:
		return prepare(deed, temporary) && land_beside(deed, temporary, taken);
	default: // meanwhile it has changed here, to something that needs no bytes
		return true;
	}
}

bool fs_land(struct fs_job *job, struct history *history, const struct fs_theirs *theirs,
		const struct fs_parties *parties, int dir, const char *temporary, bool *taken) {
	struct deed deed;
	*taken = false;
	deed_init(&deed, job, history, theirs, parties);
	deed.dir = dir;
	fs_lock();
	bool good = decide(&deed) && land(&deed, temporary, taken);
	fs_unlock();
	return good && (fsync(dir) == 0 || fail(&deed, errno));
}
