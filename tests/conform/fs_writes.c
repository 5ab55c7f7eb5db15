/* SPDX-License-Identifier: MIT */
/*
 * fs_writes.c - a folder that is written too: whole or not at all, by parts that a break leaves, and
 * never outside of it.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fs_tests.h"

#define MIB (1024 * 1024)

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

static const struct CMUnitTest tests[] = {
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
const struct conform_more fs_writes = {.next = &fs_trees, TESTS(tests)};
