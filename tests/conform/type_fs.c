/* SPDX-License-Identifier: MIT */
/*
 * type_fs.c - exported folders: what is on disk, and nothing that is not in the folder. Folders that
 * move whole are in fs_trees.c.
 */
#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fs_tests.h"

#define MIB (1024 * 1024)

const char *path_of(struct world *world, const char *name) {
	static char path[512];
	snprintf(path, sizeof(path), "%s/%s", world->dir, name);
	return path;
}

static void make_folder(struct world *world, const char *name) {
	assert_int_equal(mkdir(path_of(world, name), 0755), 0);
}

static void make_link(struct world *world, const char *to, const char *name) {
	assert_int_equal(symlink(to, path_of(world, name)), 0);
}

static void prepare(struct world *world) {
	make_folder(world, "folder");
	world_write(world, "folder/file", "contents", 8);
	world_write(world, "empty", "", 0);
}

int fs_setup(void **state) {
	world_setup(state);
	prepare(*state);
	return 0;
}

// The names of a list, each with a blank behind it.
static const char *names(struct asked *asked) {
	static char text[1000];
	size_t at = 0, size = 0;
	text[0] = '\0';
	while (at < asked->body.size) {
		struct op_head entry;
		const uint8_t *bytes = asked->body.data + asked->body.at + at;
		size_t head = op_head_size(bytes, asked->body.size - at, NULL);
		assert_int_equal(op_decode(&entry, OP_ENTRY, bytes, head, NULL), OP_OK);
		size += (size_t)snprintf(text + size, sizeof(text) - size, "%s ",
			op_get(&entry, OP_F_NAME));
		op_head_finish(&entry);
		at += head;
	}
	return text;
}

void expect_names(struct world *world, const char *name, const char *lines,
		const char *wanted) {
	struct asked asked;
	ask(&asked, world, OWNER, "selectors", name, lines);
	expect_code(&asked, OP_OK);
	assert_string_equal(names(&asked), wanted);
	asked_finish(&asked);
}

static void expect_range(struct world *world, const char *lines, const char *wanted) {
	struct asked asked;
	ask(&asked, world, OWNER, "getmem", "/fs/dir/folder/file", lines);
	expect_body(&asked, wanted);
	asked_finish(&asked);
}

static void test_kinds(void **state) {
	struct world *world = *state;
	struct asked asked;
	ask(&asked, world, OWNER, "kind", "/fs/dir/folder/file", "");
	expect_code(&asked, OP_OK);
	assert_string_equal(op_get(&asked.reply, OP_F_TYPE), "file");
	assert_int_equal(op_get_number(&asked.reply, OP_F_SIZE, 0), 8);
	asked_finish(&asked);
	ask(&asked, world, OWNER, "kind", "/fs/dir/folder", "");
	expect_code(&asked, OP_OK);
	assert_string_equal(op_get(&asked.reply, OP_F_TYPE), "dir");
	asked_finish(&asked);
	expect(world, OWNER, OP_OK, "kind", "/fs/dir/folder", "want dir\n");
	expect(world, OWNER, OP_EMATCH, "kind", "/fs/dir/folder", "want file\n");
	expect(world, OWNER, OP_EMATCH, "getmem", "/fs/dir/folder/file", "want dir\n");
	expect(world, OWNER, OP_ENOENT, "kind", "/fs/dir/folder/file/below", "");
}

static void test_version_changes_with_contents(void **state) {
	struct world *world = *state;
	struct asked one, other;
	ask(&one, world, OWNER, "kind", "/fs/dir/folder/file", "");
	expect_code(&one, OP_OK);
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1}};
	utimensat(AT_FDCWD, path_of(world, "folder/file"), times, 0);
	ask(&other, world, OWNER, "getmem", "/fs/dir/folder/file", "");
	expect_body(&other, "contents");
	assert_string_not_equal(op_get(&one.reply, OP_F_VERSION), op_get(&other.reply, OP_F_VERSION));
	asked_finish(&one);
	asked_finish(&other);
}

// Asks for what is there, then for what comes after that; both are finished by the caller.
static void wait_for_change(struct world *world, const char *verb, const char *name,
		const char *lines, struct asked *asked) {
	char since[200];
	struct asked now;
	ask(&now, world, OWNER, verb, name, lines);
	expect_code(&now, OP_OK);
	snprintf(since, sizeof(since), "%ssince %s\n", lines, op_get(&now.reply, OP_F_VERSION));
	asked_finish(&now);
	ask(asked, world, OWNER, verb, name, since);
}

static void test_changes(void **state) {
	struct world *world = *state;
	struct asked kind, list, deep, gone;
	expect(world, OWNER, OP_OK, "kind", "/fs/dir/empty", "since x\n");
	expect(world, OWNER, OP_OK, "selectors", "/fs/dir", "since x\n");
	wait_for_change(world, "kind", "/fs/dir/folder/file", "", &kind);
	wait_for_change(world, "selectors", "/fs/dir", "", &list);
	wait_for_change(world, "selectors", "/fs/dir", "depth 2\n", &deep);
	wait_for_change(world, "kind", "/fs/dir/empty", "", &gone);
	put(world, "/fs/store/x", "x"); // the pool has one thread: all have looked
	assert_false(asked_over(&kind) || asked_over(&list) || asked_over(&deep) || asked_over(&gone));
	world_write(world, "folder/file", "other contents", 14);
	expect_code(&kind, OP_OK);
	assert_int_equal(op_get_number(&kind.reply, OP_F_SIZE, 0), 14);
	expect_code(&deep, OP_OK);
	assert_non_null(strstr(names(&deep), "/folder/file "));
	assert_false(asked_over(&list)); // that is one level deeper
	world_write(world, "new", "", 0);
	expect_code(&list, OP_OK);
	assert_non_null(strstr(names(&list), "/new "));
	assert_int_equal(unlink(path_of(world, "empty")), 0);
	expect_code(&gone, OP_ENOENT);
	asked_finish(&kind);
	asked_finish(&list);
	asked_finish(&deep);
	asked_finish(&gone);
	wait_for_change(world, "selectors", "/fs/dir", "", &list);
	world_settle(world);
	asked_finish(&list); // hangs up
	expect(world, OWNER, OP_OK, "chinfo", "/fs/dir", "acl bob ksg\n");
	ask(&list, world, STRANGER, "kind", "/fs/dir/new", "");
	expect_code(&list, OP_OK);
	char since[200];
	snprintf(since, sizeof(since), "since %s\n", op_get(&list.reply, OP_F_VERSION));
	asked_finish(&list);
	ask(&list, world, STRANGER, "kind", "/fs/dir/new", since);
	world_settle(world);
	expect(world, OWNER, OP_OK, "chinfo", "/fs/dir", "acl bob -\n");
	expect_code(&list, OP_ENOENT); // though it did not change
	asked_finish(&list);
}

static void test_lists(void **state) {
	struct world *world = *state;
	world_write(world, "a-file", "", 0);
	world_write(world, "bad\nname", "", 0);
	world_write(world, "\xff\xfe", "", 0);
	world_write(world, "\xc3\xa9t\xc3\xa9", "", 0);
	world_write(world, ".hidden", "", 0);
	expect_names(world, "/fs/dir", "", "/.hidden /a-file /empty /folder /\xc3\xa9t\xc3\xa9 ");
	expect_names(world, "/fs/dir", "match [a-e]*\n", "/a-file /empty ");
	expect_names(world, "/fs/dir", "want dir\n", "/folder ");
	expect_names(world, "/fs/dir/folder", "", "/file ");
	expect_names(world, "/fs/dir/empty", "", "");
	expect(world, OWNER, OP_ENOENT, "selectors", "/fs/dir/nothing", "");
	make_folder(world, "folder/deep");
	world_write(world, "folder/deep/a-file", "", 0);
	make_link(world, "..", "folder/deep/up");
	expect_names(world, "/fs/dir/folder", "depth 9\n", "/deep /deep/a-file /deep/up /file ");
	expect_names(world, "/fs/dir/folder", "depth 2\nmatch a*\n", "/deep/a-file ");
	expect_names(world, "/fs/dir/folder", "depth 2\nafter /deep\ncount 2\n",
		"/deep/a-file /deep/up ");
}

static void test_pages(void **state) {
	struct world *world = *state;
	char name[32], lines[64], all[1000] = "", wanted[1000] = "";
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "folder/n%02d", i);
		world_write(world, name, "", 0);
		snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted), "/n%02d ", i);
	}
	snprintf(lines, sizeof(lines), "count 7\nafter /file\n");
	for (int page = 0; page < 4; page++) {
		struct asked asked;
		ask(&asked, world, OWNER, "selectors", "/fs/dir/folder", lines);
		expect_code(&asked, OP_OK);
		const char *said = names(&asked);
		strcat(all, said);
		assert_int_equal(strlen(said), page < 2 ? 7 * 5 : page == 2 ? 6 * 5 : 0);
		if (*said) {
			const char *last = said + strlen(said) - 5;
			snprintf(lines, sizeof(lines), "count 7\nafter %.4s\n", last);
		}
		asked_finish(&asked);
	}
	assert_string_equal(all, wanted);
	expect_names(world, "/fs/dir/folder", "count 0\n", "");
}

static void test_ranges(void **state) {
	struct world *world = *state;
	expect_range(world, "", "contents");
	expect_range(world, "offset 3\n", "tents");
	expect_range(world, "length 3\n", "con");
	expect_range(world, "offset 3\nlength 2\n", "te");
	expect_range(world, "length 0\n", "");
	expect_range(world, "offset 8\n", "");
	expect_range(world, "offset 9\nlength 1\n", "");
	expect_range(world, "offset 9223372036854775807\nlength 9223372036854775807\n", "");
	expect_range(world, "length 9223372036854775807\n", "contents");
	expect_get(world, "/fs/dir/empty", "");
}

static void test_links_stay_inside(void **state) {
	struct world *world = *state;
	make_link(world, "folder/file", "inside");
	make_link(world, "../empty", "folder/up");
	make_link(world, "folder", "into");
	make_link(world, "../../etc/passwd", "out");
	make_link(world, "/etc/passwd", "absolute");
	make_link(world, "/etc", "etc");
	make_link(world, "out", "twice");
	make_link(world, "loop", "loop");
	make_link(world, "nowhere", "dangling");
	make_link(world, "/proc/self/root/etc/passwd", "magic");
	expect_get(world, "/fs/dir/inside", "contents");
	expect_get(world, "/fs/dir/folder/up", "");
	expect_get(world, "/fs/dir/into/file", "contents");
	static const char *const refused[] = {
		"out", "absolute", "etc", "etc/passwd", "twice", "loop", "dangling", "magic",
	};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		char name[64];
		snprintf(name, sizeof(name), "/fs/dir/%s", refused[i]);
		expect(world, OWNER, OP_ENOENT, "getmem", name, "");
		expect(world, OWNER, OP_ENOENT, "kind", name, "");
		expect(world, OWNER, OP_ENOENT, "selectors", name, "");
	}
	// Nor does a list tell of what they lead to.
	expect_names(world, "/fs/dir", "", "/empty /folder /inside /into ");
	expect_names(world, "/fs/dir/folder", "", "/file /up ");
}

static void test_what_is_no_file(void **state) {
	struct world *world = *state;
	struct asked asked;
	ask(&asked, world, OWNER, "getmem", "/fs/dir/folder", "");
	expect_code(&asked, OP_ETYPE);
	assert_non_null(strstr(asked.reply.refusal.sentence, "box ls"));
	asked_finish(&asked);
	assert_int_equal(mkfifo(path_of(world, "fifo"), 0644), 0);
	expect(world, OWNER, OP_EPERM, "getmem", "/fs/dir/fifo", ""); // and does not wait for a writer
	ask(&asked, world, OWNER, "kind", "/fs/dir/fifo", "");
	expect_code(&asked, OP_OK);
	assert_string_equal(op_get(&asked.reply, OP_F_TYPE), "device");
	asked_finish(&asked);
}

static void test_rights_of_files(void **state) {
	struct world *world = *state;
	if (geteuid() == 0) {
		skip(); // root reads all
	}
	chmod(path_of(world, "folder/file"), 0);
	expect(world, OWNER, OP_EPERM, "getmem", "/fs/dir/folder/file", "");
	chmod(path_of(world, "folder"), 0);
	expect(world, OWNER, OP_EPERM, "selectors", "/fs/dir/folder", "");
	chmod(path_of(world, "folder"), 0755);
}

static void test_read_only(void **state) {
	struct world *world = *state;
	expect(world, OWNER, OP_EUNSUPP, "putmem", "/fs/dir/empty", "body 3\n");
	expect(world, OWNER, OP_EUNSUPP, "delete", "/fs/dir/empty", "");
	expect(world, OWNER, OP_EUNSUPP, "make", "/fs/dir/new", "");
	expect(world, OWNER, OP_EUNSUPP, "delete", "/fs/dir", "");
}

static void test_export_is_gone(void **state) {
	struct world *world = *state;
	char away[80];
	snprintf(away, sizeof(away), "%s-away", world->dir);
	assert_int_equal(rename(world->dir, away), 0);
	expect(world, OWNER, OP_ENOENT, "getmem", "/fs/dir/empty", "");
	expect(world, OWNER, OP_ENOENT, "selectors", "/fs/dir", "");
	assert_int_equal(rename(away, world->dir), 0);
	expect_get(world, "/fs/dir/empty", "");
}

static void make_sparse(struct world *world, const char *name, size_t size) {
	world_write(world, name, "", 0);
	assert_int_equal(truncate(path_of(world, name), (off_t)size), 0);
}

// As much memory as one piece and what the caller has not taken, however large the file is.
static void test_large_file(void **state) {
	struct world *world = *state;
	struct asked asked;
	make_sparse(world, "large", 100 * MIB);
	asked_init(&asked, world, OWNER, "getmem", "/fs/dir/large", "");
	asked.slow = asked.discard = true;
	asked_begin(&asked);
	size_t most = 0, before = mallinfo2().uordblks;
	while (!asked_over(&asked)) {
		wl_event_loop_dispatch(world->loop, 50);
		most = asked.queued > most ? asked.queued : most;
		if (asked.queued > REQ_HIGH_MARK) {
			size_t size = asked.size;
			world_settle(world);
			assert_int_equal(asked.size, size); // it waits
			asked_drain(&asked);
		}
	}
	expect_code(&asked, OP_OK);
	assert_int_equal(asked.size, 100 * MIB);
	assert_true(most <= 2 * MIB);
	assert_true(mallinfo2().uordblks < before + 2 * MIB);
	asked_finish(&asked);
}

// Reads one piece of a file that is larger than what may be queued, and waits there.
static void read_begin(struct asked *asked, struct world *world) {
	make_sparse(world, "large", 4 * MIB);
	asked_init(asked, world, OWNER, "getmem", "/fs/dir/large", "");
	asked->slow = true;
	asked_begin(asked);
	until(world, asked->size > REQ_HIGH_MARK);
	world_settle(world);
	assert_true(asked->size < 4 * MIB);
}

static void read_on(struct asked *asked, enum op_code code) {
	asked->slow = false;
	asked_drain(asked);
	expect_code(asked, code);
}

static void test_vanished_file(void **state) {
	struct world *world = *state;
	struct asked asked;
	read_begin(&asked, world);
	unlink(path_of(world, "large"));
	read_on(&asked, OP_OK); // it is open, and as it was
	assert_int_equal(asked.size, 4 * MIB);
	asked_finish(&asked);
	expect(world, OWNER, OP_ENOENT, "getmem", "/fs/dir/large", "");
}

static void test_shortened_file(void **state) {
	struct world *world = *state;
	struct asked asked;
	read_begin(&asked, world);
	assert_int_equal(truncate(path_of(world, "large"), MIB), 0);
	read_on(&asked, OP_EIO); // who was told its size does not take it for whole
	assert_true(asked.size <= MIB);
	asked_finish(&asked);
}

static void test_caller_gone_while_reading(void **state) {
	struct world *world = *state;
	for (int rounds = 0; rounds < 3; rounds++) {
		struct asked asked;
		read_begin(&asked, world);
		if (rounds > 0) {
			asked_drain(&asked); // the next piece is being read
		}
		if (rounds > 1) {
			until(world, asked.queued > 0);
		}
		asked_gone(&asked);
		world_settle(world);
		asked_finish(&asked);
	}
}

/* A folder that is written too. */

const char *stored(struct world *world, const char *name) {
	static char path[512];
	snprintf(path, sizeof(path), "%s/%s", world->store_dir, name);
	return path;
}

int count_names(const char *path) {
	DIR *dir = opendir(path);
	int count = -2; // "." and ".."
	if (!dir) {
		return 0;
	}
	while (readdir(dir)) {
		count++;
	}
	closedir(dir);
	return count;
}

static void test_put_whole(void **state) {
	struct world *world = *state;
	struct asked asked;
	struct stat st;
	put(world, "/fs/store/file", "first");
	expect_get(world, "/fs/store/file", "first");
	chmod(stored(world, "file"), 0640);
	put(world, "/fs/store/file", "");
	expect_get(world, "/fs/store/file", "");
	assert_int_equal(stat(stored(world, "file"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	ask(&asked, world, OWNER, "putmem", "/fs/store/large", "body chunks\n");
	static char much[3 * MIB];
	for (int i = 0; i < 3; i++) {
		memset(much, 'a' + i, sizeof(much));
		until(world, !asked.paused);
		asked_put(&asked, much, sizeof(much));
	}
	until(world, !asked.paused);
	asked_put_end(&asked);
	expect_code(&asked, OP_OK);
	assert_int_equal(op_get_number(&asked.reply, OP_F_SIZE, 0), 3 * sizeof(much));
	asked_finish(&asked);
	assert_int_equal(count_names(world->store_dir), 2);
}

// Until its end nothing of it is seen, and if it never comes nothing is left.
static void test_put_broken_off(void **state) {
	struct world *world = *state;
	struct asked asked;
	put(world, "/fs/store/file", "old");
	ask(&asked, world, OWNER, "putmem", "/fs/store/file", "body chunks\n");
	asked_put(&asked, "new", 3);
	world_settle(world);
	expect_get(world, "/fs/store/file", "old");
	asked_gone(&asked);
	asked_finish(&asked);
	put(world, "/fs/store/other", "x"); // the pool has one thread: what was begun is over
	expect_get(world, "/fs/store/file", "old");
	assert_int_equal(count_names(world->store_dir), 2);
}

static void test_put_in_place(void **state) {
	struct world *world = *state;
	struct asked asked;
	put(world, "/fs/store/file", "0123456789");
	ask(&asked, world, OWNER, "putmem", "/fs/store/file", "offset 3\nbody 2\n");
	asked_put(&asked, "xy", 2);
	asked_put_end(&asked);
	expect_code(&asked, OP_OK);
	asked_finish(&asked);
	expect_get(world, "/fs/store/file", "012xy56789");
}

static void begin_part(struct asked *asked, struct world *world, const char *who,
		const char *lines, const char *text) {
	ask(asked, world, who, "putmem", "/fs/store/large", lines);
	asked_put(asked, text, strlen(text));
}

static uint64_t kept(struct world *world, const char *who, const char *part) {
	struct asked asked;
	ask(&asked, world, who, "kind", "/fs/store/large", part);
	until(world, asked_over(&asked));
	uint64_t offset = op_get_number(&asked.reply, OP_F_OFFSET, 0);
	asked_finish(&asked);
	return offset;
}

// What came before a break is kept for who sent it, of that contents, and goes on from there.
static void test_put_part(void **state) {
	struct world *world = *state;
	struct asked asked;
	begin_part(&asked, world, OWNER, "part v1\nbody chunks\n", "0123456789");
	until(world, kept(world, OWNER, "part v1\n") == 10);
	expect(world, OWNER, OP_EBUSY, "putmem", "/fs/store/large", "part v1\noffset 5\nbody chunks\n");
	asked_gone(&asked);
	asked_finish(&asked);
	expect(world, OWNER, OP_ENOENT, "kind", "/fs/store/large", "");
	expect(world, OWNER, OP_ENOENT, "kind", "/fs/store/large", "part v2\n");
	expect(world, OWNER, OP_ENOENT, "kind", "/fs/store/other", "part v1\n");
	expect_names(world, "/fs/store", "", "");
	expect(world, OWNER, OP_ESTALE, "putmem", "/fs/store/large",
		"part v1\noffset 11\nbody chunks\n");
	begin_part(&asked, world, OWNER, "part v1\noffset 8\nbody chunks\n", "89ab");
	asked_put_end(&asked);
	expect_code(&asked, OP_OK);
	assert_int_equal(op_get_number(&asked.reply, OP_F_SIZE, 0), 12);
	asked_finish(&asked);
	expect_get(world, "/fs/store/large", "0123456789ab");
	assert_int_equal(kept(world, OWNER, "part v1\n"), 0);
	begin_part(&asked, world, OWNER, "part v3\nbody chunks\n", "new");
	asked_put_end(&asked);
	expect_code(&asked, OP_OK);
	asked_finish(&asked);
	expect_get(world, "/fs/store/large", "new");
	assert_int_equal(count_names(stored(world, ".box-parts")), 0);
}

// Somebody else's part is not his, and one who keeps breaking off fills no disk.
static void test_parts_are_few(void **state) {
	struct world *world = *state;
	struct asked asked;
	char lines[64];
	expect(world, OWNER, OP_OK, "chinfo", "/fs/store", "acl bob ksgp\n");
	for (int i = 0; i < 20; i++) {
		snprintf(lines, sizeof(lines), "part p%d\nbody chunks\n", i);
		begin_part(&asked, world, STRANGER, lines, "x");
		lines[strcspn(lines, "\n") + 1] = '\0';
		until(world, kept(world, STRANGER, lines) == 1);
		asked_gone(&asked);
		asked_finish(&asked);
	}
	assert_int_equal(count_names(stored(world, ".box-parts")), 16);
	assert_int_equal(kept(world, STRANGER, "part p19\n"), 1);
	assert_int_equal(kept(world, OWNER, "part p19\n"), 0); // it is bob's
}

// Nor does one who goes on with all of them: what is more is put all the same, and not kept.
static void test_parts_in_use_are_few(void **state) {
	struct world *world = *state;
	struct asked asked[20];
	char lines[64];
	int more = 0;
	expect(world, OWNER, OP_OK, "chinfo", "/fs/store", "acl bob ksgp\n");
	for (int i = 0; i < 20; i++) {
		snprintf(lines, sizeof(lines), "part p%d\nbody chunks\n", i);
		begin_part(&asked[i], world, STRANGER, lines, "x");
		world_settle(world);
		until(world, i >= 16 || count_names(stored(world, ".box-parts")) == i + 1);
	}
	asked_put_end(&asked[19]);
	until(world, asked_over(&asked[19]));
	expect_code(&asked[19], OP_OK);
	more = count_names(stored(world, ".box-parts"));
	for (int i = 0; i < 20; i++) {
		asked_gone(&asked[i]);
		asked_finish(&asked[i]);
	}
	assert_int_equal(more, 16);
}

static void test_put_if_version(void **state) {
	struct world *world = *state;
	struct asked asked;
	char lines[200];
	put(world, "/fs/store/file", "one");
	ask(&asked, world, OWNER, "kind", "/fs/store/file", "");
	expect_code(&asked, OP_OK);
	snprintf(lines, sizeof(lines), "if-version %s\nbody 3\n", op_get(&asked.reply, OP_F_VERSION));
	asked_finish(&asked);
	ask(&asked, world, OWNER, "putmem", "/fs/store/file", lines);
	asked_put(&asked, "two", 3);
	asked_put_end(&asked);
	expect_code(&asked, OP_OK);
	asked_finish(&asked);
	ask(&asked, world, OWNER, "putmem", "/fs/store/file", lines);
	asked_put(&asked, "thr", 3);
	asked_put_end(&asked);
	expect_code(&asked, OP_ESTALE);
	asked_finish(&asked);
	expect_get(world, "/fs/store/file", "two");
	expect(world, OWNER, OP_ESTALE, "delete", "/fs/store/file", "if-version 1.2.3\n");
	expect_get(world, "/fs/store/file", "two");
}

static void test_folders(void **state) {
	struct world *world = *state;
	expect(world, OWNER, OP_OK, "make", "/fs/store/folder", "type dir\n");
	expect(world, OWNER, OP_OK, "make", "/fs/store/folder/empty", "");
	put(world, "/fs/store/folder/file", "x");
	expect(world, OWNER, OP_EEXIST, "make", "/fs/store/folder", "type dir\n");
	expect(world, OWNER, OP_EEXIST, "make", "/fs/store/folder/file", "");
	expect(world, OWNER, OP_ETYPE, "make", "/fs/store/new", "type printer\n");
	expect_put(world, "/fs/store/folder", "x", OP_ETYPE);
	expect_put(world, "/fs/store/no/file", "x", OP_ENOENT);
	expect(world, OWNER, OP_EBUSY, "delete", "/fs/store/folder", "");
	expect(world, OWNER, OP_OK, "delete", "/fs/store/folder/file", "");
	expect(world, OWNER, OP_OK, "delete", "/fs/store/folder/empty", "");
	expect(world, OWNER, OP_OK, "delete", "/fs/store/folder", "");
	expect(world, OWNER, OP_ENOENT, "delete", "/fs/store/folder", "");
	assert_int_equal(count_names(world->store_dir), 0);
}

// An inner box of a file: from then on it has bytes and inner boxes, and each goes on as it was.
static void test_both(void **state) {
	struct world *world = *state;
	struct asked asked;
	char lines[100];
	put(world, "/fs/store/x", "bytes");
	chmod(stored(world, "x"), 0640);
	expect(world, OWNER, OP_OK, "make", "/fs/store/x/y", "");
	expect(world, OWNER, OP_EEXIST, "make", "/fs/store/x/y", "");
	expect(world, OWNER, OP_OK, "make", "/fs/store/x/y/z", "type dir\n");
	put(world, "/fs/store/x/y", "inner");
	expect_get(world, "/fs/store/x", "bytes");
	expect_get(world, "/fs/store/x/y", "inner");
	expect_names(world, "/fs/store", "depth 9\n", "/x /x/y /x/y/z ");
	ask(&asked, world, OWNER, "kind", "/fs/store/x", "want dir\n");
	expect_code(&asked, OP_OK);
	assert_int_equal(op_get_number(&asked.reply, OP_F_SIZE, 0), 5);
	snprintf(lines, sizeof(lines), "if-version %s\nbody 5\n", op_get(&asked.reply, OP_F_VERSION));
	asked_finish(&asked);
	ask(&asked, world, OWNER, "putmem", "/fs/store/x", lines);
	asked_put(&asked, "other", 5);
	asked_put_end(&asked);
	expect_code(&asked, OP_OK);
	asked_finish(&asked);
	expect_get(world, "/fs/store/x", "other");
	struct stat st;
	assert_int_equal(stat(stored(world, "x"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
	expect(world, OWNER, OP_EBUSY, "delete", "/fs/store/x", "");
	expect(world, OWNER, OP_OK, "delete", "/fs/store/x/y/z", "");
	expect(world, OWNER, OP_OK, "delete", "/fs/store/x/y", "");
	expect_get(world, "/fs/store/x", "other");
	expect(world, OWNER, OP_ENOENT, "make", "/fs/store/none/y", "");
	expect(world, OWNER, OP_ENOENT, "make", "/fs/store/x/y/z", "");
	expect(world, OWNER, OP_OK, "delete", "/fs/store/x", "");
	expect(world, OWNER, OP_ENOENT, "kind", "/fs/store/x", "");
	assert_int_equal(count_names(world->store_dir), 0);
}

static void expect_type(struct world *world, const char *name, const char *type) {
	struct asked asked;
	ask(&asked, world, OWNER, "kind", name, "");
	expect_code(&asked, OP_OK);
	assert_string_equal(op_get(&asked.reply, OP_F_TYPE), type);
	asked_finish(&asked);
}

// It is the file's: kept by a put, told by kinds, lists and gets, and gone with it.
static void test_types(void **state) {
	struct world *world = *state;
	struct asked asked;
	put(world, "/fs/store/sea", "waves");
	put(world, "/fs/store/text", "x");
	int no_attributes = setxattr(stored(world, "text"), "user.x", "x", 1, 0) < 0;
	if (no_attributes) {
		expect(world, OWNER, OP_EUNSUPP, "chinfo", "/fs/store/sea", "type image\n");
		return;
	}
	expect(world, OWNER, OP_OK, "chinfo", "/fs/store/sea", "type image!*!*!format=png\n");
	expect_type(world, "/fs/store/sea", "image!*!*!format=png");
	expect_type(world, "/fs/store/text", "file");
	put(world, "/fs/store/sea", "other waves");
	expect_type(world, "/fs/store/sea", "image!*!*!format=png");
	expect_names(world, "/fs/store", "want image\n", "/sea ");
	ask(&asked, world, OWNER, "getmem", "/fs/store/sea", "want image\n");
	expect_body(&asked, "other waves");
	assert_string_equal(op_get(&asked.reply, OP_F_TYPE), "image!*!*!format=png");
	asked_finish(&asked);
	expect(world, OWNER, OP_EMATCH, "getmem", "/fs/store/sea", "want text\n");
	expect(world, OWNER, OP_EARG, "chinfo", "/fs/store/sea", "type tar\n");
	expect(world, OWNER, OP_EUNSUPP, "chinfo", "/fs/store/sea", "title x\n");
	expect(world, OWNER, OP_ENOENT, "chinfo", "/fs/store/none", "type image\n");
	expect(world, OWNER, OP_OK, "make", "/fs/store/dir", "type dir\n");
	expect(world, OWNER, OP_EUNSUPP, "chinfo", "/fs/store/dir", "type image\n");
	expect(world, STRANGER, OP_ENOENT, "chinfo", "/fs/store/sea", "type text\n");
	expect(world, OWNER, OP_OK, "chinfo", "/fs/store/sea", "type file\n");
	expect_type(world, "/fs/store/sea", "file");
}

// No link leads a writer out of the folder, and none is written through.
static void test_writes_stay_inside(void **state) {
	struct world *world = *state;
	world_write(world, "outside", "safe", 4);
	assert_int_equal(symlink(world->dir, stored(world, "out")), 0);
	assert_int_equal(symlink(path_of(world, "outside"), stored(world, "link")), 0);
	expect_put(world, "/fs/store/out/outside", "gone", OP_ENOENT);
	expect_put(world, "/fs/store/link", "gone", OP_EPERM);
	expect(world, OWNER, OP_ENOENT, "delete", "/fs/store/out/outside", "");
	expect(world, OWNER, OP_ENOENT, "make", "/fs/store/out/new", "type dir\n");
	expect_put(world, "/fs/store/.box-put-x", "x", OP_EPERM);
	assert_int_equal(mkdir(stored(world, ".box-parts"), 0700), 0); // boxd's own
	assert_int_equal(symlink("x", stored(world, ".box-parts/part")), 0);
	expect(world, OWNER, OP_ENOENT, "selectors", "/fs/store/.box-parts", "");
	expect(world, OWNER, OP_ENOENT, "kind", "/fs/store/.box-parts/part", "");
	expect(world, OWNER, OP_ENOENT, "getmem", "/fs/store/.box-parts/part", "");
	expect(world, OWNER, OP_ENOENT, "delete", "/fs/store/.box-parts/part", "");
	expect_put(world, "/fs/store/.box-parts/other", "x", OP_ENOENT);
	expect_get(world, "/fs/dir/outside", "safe");
	expect(world, STRANGER, OP_ENOENT, "delete", "/fs/store/link", "");
}

static const char *const roots[] = {"/fs", NULL};
static const char *const found[] = {"/fs/dir/folder", "/fs/dir/folder/file", NULL};
#define FS(function) {#function, function, fs_setup, world_teardown, NULL}
static const struct CMUnitTest tests[] = {
	FS(test_kinds),
	FS(test_version_changes_with_contents),
	FS(test_changes),
	FS(test_lists),
	FS(test_pages),
	FS(test_ranges),
	FS(test_links_stay_inside),
	FS(test_what_is_no_file),
	FS(test_rights_of_files),
	FS(test_read_only),
	FS(test_export_is_gone),
	FS(test_large_file),
	FS(test_vanished_file),
	FS(test_shortened_file),
	FS(test_caller_gone_while_reading),
	FS(test_put_whole),
	FS(test_put_broken_off),
	FS(test_put_in_place),
	FS(test_put_part),
	FS(test_parts_are_few),
	FS(test_parts_in_use_are_few),
	FS(test_put_if_version),
	FS(test_folders),
	FS(test_both),
	FS(test_types),
	FS(test_writes_stay_inside),
};
const struct conform conform_fs = {
	.roots = roots,
	.prepare = prepare,
	.found = found,
	.more = &fs_trees,
	TESTS(tests),
};
