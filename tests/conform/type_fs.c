/* SPDX-License-Identifier: MIT */
/*
 * type_fs.c - exported folders: what is on disk, and nothing that is not in the folder. What is written
 * there is in fs_writes.c, folders that move whole in fs_trees.c, who may what in fs_rights.c.
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

static const char *const roots[] = {"/fs", NULL};
static const char *const found[] = {"/fs/dir/folder", "/fs/dir/folder/file", NULL};
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
};
const struct conform conform_fs = {
	.roots = roots,
	.prepare = prepare,
	.found = found,
	.more = &fs_writes,
	TESTS(tests),
};
