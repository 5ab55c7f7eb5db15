/* SPDX-License-Identifier: MIT */
/*
 * fs_trees.c - folders as tar streams: what goes out comes in alike, and what a stream names wrongly
 * is refused by name and leaves nothing. The streams are written here by hand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs_tests.h"

#define BLOCK 512

// A ustar header, and the bytes behind it; link: the target of links.
static void add(struct buf *tar, const char *path, char type, const char *link, const char *bytes) {
	char header[BLOCK] = "", zeros[BLOCK] = "";
	unsigned int sum = 0;
	size_t size = strlen(bytes);
	snprintf(header, 100, "%.99s", path);
	strcpy(header + 100, type == '5' ? "0000755" : "0000640");
	strcpy(header + 108, "0000000");
	strcpy(header + 116, "0000000");
	snprintf(header + 124, 12, "%011o", (unsigned int)size & 0777777);
	snprintf(header + 136, 12, "%011o", 1000000000);
	memset(header + 148, ' ', 8);
	header[156] = type;
	snprintf(header + 157, 100, "%.99s", link);
	memcpy(header + 257, "ustar\00000", 8);
	for (int i = 0; i < BLOCK; i++) {
		sum += (unsigned char)header[i];
	}
	snprintf(header + 148, 8, "%06o", sum);
	buf_append(tar, header, BLOCK);
	buf_append(tar, bytes, size);
	buf_append(tar, zeros, (BLOCK - size % BLOCK) % BLOCK);
}

static void end(struct buf *tar) {
	char zeros[2 * BLOCK] = "";
	buf_append(tar, zeros, sizeof(zeros));
}

// Puts the stream, which is freed.
static void put_tar(struct asked *asked, struct world *world, const char *name, struct buf *tar) {
	ask(asked, world, OWNER, "putmem", name, "type tar\nbody chunks\n");
	asked_put(asked, buf_front(tar), tar->size);
	buf_finish(tar);
}

static void expect_nothing(struct world *world, const char *name) {
	expect(world, OWNER, OP_ENOENT, "kind", name, "");
	assert_int_equal(count_names(world->store_dir), 0); // hidden ones neither
}

// What was refused names what was wrong.
static void expect_refused(struct world *world, struct buf *tar, const char *named) {
	struct asked asked;
	end(tar);
	put_tar(&asked, world, "/fs/store/tree", tar);
	asked_put_end(&asked);
	expect_code(&asked, OP_EARG);
	if (!strstr(asked.reply.refusal.sentence, named)) {
		fail_msg("\"%s\" does not name %s", asked.reply.refusal.sentence, named);
	}
	asked_finish(&asked);
	expect_nothing(world, "/fs/store/tree");
}

static void expect_mode(struct world *world, const char *name, mode_t mode, time_t mtime) {
	struct stat st;
	assert_int_equal(lstat(stored(world, name), &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(st.st_mtim.tv_sec, mtime);
}

static void begin_tree(struct buf *tar) {
	buf_init(tar);
	add(tar, "./", '5', "", "");
	add(tar, "a/", '5', "", "");
	add(tar, "a/file", '0', "", "one");
	add(tar, "a/up", '2', "../top", "");
	add(tar, "top", '0', "", "two");
	add(tar, "deep/er/file", '0', "", ""); // its folders are not in the stream
}

static void test_tree_new(void **state) {
	struct world *world = *state;
	struct asked asked;
	struct buf tar;
	begin_tree(&tar);
	end(&tar);
	put_tar(&asked, world, "/fs/store/tree", &tar);
	expect(world, OWNER, OP_ENOENT, "kind", "/fs/store/tree", "");
	asked_put_end(&asked);
	expect_code(&asked, OP_OK);
	assert_string_equal(op_get(&asked.reply, OP_F_TYPE), "dir");
	asked_finish(&asked);
	expect_get(world, "/fs/store/tree/a/file", "one");
	expect_get(world, "/fs/store/tree/a/up", "two");
	expect_get(world, "/fs/store/tree/deep/er/file", "");
	expect_mode(world, "tree", 0755, 1000000000);
	expect_mode(world, "tree/a", 0755, 1000000000);
	expect_mode(world, "tree/top", 0640, 1000000000);
	assert_int_equal(count_names(world->store_dir), 1);
}

// What it has not stays, what it has is replaced; and a file in a folder's place is refused first.
static void test_tree_merged(void **state) {
	struct world *world = *state;
	struct asked asked;
	struct buf tar;
	expect(world, OWNER, OP_OK, "make", "/fs/store/tree", "type dir\n");
	expect(world, OWNER, OP_OK, "make", "/fs/store/tree/a", "type dir\n");
	put(world, "/fs/store/tree/a/file", "old");
	put(world, "/fs/store/tree/a/other", "kept");
	begin_tree(&tar);
	end(&tar);
	put_tar(&asked, world, "/fs/store/tree", &tar);
	asked_put_end(&asked);
	expect_code(&asked, OP_OK);
	asked_finish(&asked);
	expect_get(world, "/fs/store/tree/a/file", "one");
	expect_get(world, "/fs/store/tree/a/other", "kept");
	expect_get(world, "/fs/store/tree/deep/er/file", "");
	buf_init(&tar);
	add(&tar, "new", '0', "", "new");
	add(&tar, "a", '0', "", "a file");
	end(&tar);
	put_tar(&asked, world, "/fs/store/tree", &tar);
	asked_put_end(&asked);
	expect_code(&asked, OP_EARG);
	assert_non_null(strstr(asked.reply.refusal.sentence, "a is a folder there"));
	asked_finish(&asked);
	expect(world, OWNER, OP_ENOENT, "kind", "/fs/store/tree/new", "");
	expect_get(world, "/fs/store/tree/a/file", "one");
	assert_int_equal(count_names(world->store_dir), 1);
}

static void test_tree_over_a_file(void **state) {
	struct world *world = *state;
	struct asked asked;
	struct buf tar;
	put(world, "/fs/store/tree", "a file");
	begin_tree(&tar);
	end(&tar);
	put_tar(&asked, world, "/fs/store/tree", &tar);
	asked_put_end(&asked);
	expect_code(&asked, OP_EEXIST);
	asked_finish(&asked);
	expect_get(world, "/fs/store/tree", "a file");
	expect(world, OWNER, OP_EUNSUPP, "putmem", "/fs/store", "type tar\nbody chunks\n");
}

static void test_tree_escapes(void **state) {
	static const struct {
		const char *path, *link;
		char type;
	} wrong[] = {
		{"/etc/absolute", "", '0'},
		{"../above", "", '0'},
		{"a/../../above", "", '0'},
		{"a/..", "", '5'},
		{"out", "/etc/passwd", '2'},
		{"out", "../x", '2'},
		{"a/out", "../../x", '2'},
		{"a/sly", "here/../../../x", '2'},
		{"hard", "/etc/passwd", '1'},
		{"hard", "a/file", '1'},
		{"null", "", '3'},
		{"fifo", "", '6'},
		{"a/.box-put-1", "", '0'},
		{"bad\nname", "", '0'},
		{"a/file", "", '0'}, // twice
		{"a/file/below", "", '0'},
		{"a/up/below", "", '0'}, // up is a link
		{"a/up", "", '5'},
		{".", "", '0'},
	};
	struct world *world = *state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct buf tar;
		begin_tree(&tar);
		add(&tar, wrong[i].path, wrong[i].type, wrong[i].link, "");
		const char *line = strchr(wrong[i].path, '\n');
		expect_refused(world, &tar, line ? line + 1 : wrong[i].path);
	}
	struct buf tar;
	buf_init(&tar);
	char bytes[3000];
	memset(bytes, 'x', sizeof(bytes) - 1);
	bytes[sizeof(bytes) - 1] = '\0';
	buf_append(&tar, bytes, sizeof(bytes));
	expect_refused(world, &tar, "no tar stream");
}

// Links that each stay inside must not lead out together.
static void test_tree_links_together(void **state) {
	struct world *world = *state;
	struct buf tar;
	buf_init(&tar);
	add(&tar, "here", '2', ".", "");
	add(&tar, "out", '2', "here/..", "");
	expect_refused(world, &tar, "out");
}

static void test_tree_broken_off(void **state) {
	struct world *world = *state;
	struct asked asked;
	for (int i = 0; i < 3; i++) { // in the middle of a file, at its end, and with the end mark
		struct buf tar;
		begin_tree(&tar);
		if (i == 0) {
			tar.size -= 5 * BLOCK;
		} else if (i == 2) {
			end(&tar);
		}
		put_tar(&asked, world, "/fs/store/tree", &tar);
		until(world, count_names(world->store_dir) == 1);
		asked_gone(&asked);
		asked_finish(&asked);
		until(world, count_names(world->store_dir) == 0);
		expect_nothing(world, "/fs/store/tree");
	}
}

static void test_tree_out(void **state) {
	struct world *world = *state;
	struct asked asked;
	assert_int_equal(symlink("file", path_of(world, "folder/link")), 0);
	assert_int_equal(symlink("../../etc", path_of(world, "folder/out")), 0);
	assert_int_equal(mkfifo(path_of(world, "folder/fifo"), 0644), 0);
	assert_int_equal(mkdir(path_of(world, "folder/empty"), 0700), 0);
	world_write(world, "folder/\xc3\xa9t\xc3\xa9", "x", 1);
	world_write(world, "folder/.box-put-7", "x", 1);
	ask(&asked, world, OWNER, "getmem", "/fs/dir/folder", "want tar\n");
	expect_code(&asked, OP_OK);
	assert_string_equal(op_get(&asked.reply, OP_F_TYPE), "tar");
	struct buf tar;
	buf_init(&tar);
	buf_append(&tar, buf_front(&asked.body), asked.body.size);
	asked_finish(&asked);
	put_tar(&asked, world, "/fs/store/tree", &tar);
	asked_put_end(&asked);
	expect_code(&asked, OP_OK);
	asked_finish(&asked);
	expect_names(world, "/fs/store/tree", "", "/empty /file /link /\xc3\xa9t\xc3\xa9 ");
	expect_get(world, "/fs/store/tree/link", "contents");
	struct stat st;
	assert_int_equal(lstat(stored(world, "tree/link"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(lstat(stored(world, "tree/empty"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	expect(world, OWNER, OP_EMATCH, "getmem", "/fs/dir/folder/file", "want tar\n");
	expect(world, STRANGER, OP_ENOENT, "getmem", "/fs/dir/folder", "want tar\n");
}

static bool gets_tree(struct world *world) {
	struct asked asked;
	ask(&asked, world, OWNER, "getmem", "/fs/dir/small", "want tar\n");
	until(world, asked_over(&asked));
	bool got = asked_code(&asked) == OP_OK;
	asked_finish(&asked);
	return got;
}

// Whenever it is left, nothing of it stays: else a person would soon have no more.
static void test_tree_left(void **state) {
	struct world *world = *state;
	struct asked asked;
	assert_int_equal(mkdir(path_of(world, "small"), 0755), 0);
	for (int turns = 0; turns < 12; turns++) {
		ask(&asked, world, OWNER, "getmem", "/fs/dir/small", "want tar\n");
		for (int i = 0; i < turns && !asked_over(&asked); i++) {
			wl_event_loop_dispatch(world->loop, 20);
		}
		asked_gone(&asked);
		asked_finish(&asked);
	}
	until(world, gets_tree(world));
}

// A reader that takes nothing holds a few, and then is told so; nobody else waits for it.
static void test_trees_held(void **state) {
	struct world *world = *state;
	struct asked asked[4];
	assert_int_equal(mkdir(path_of(world, "small"), 0755), 0);
	world_write(world, "folder/large", "", 0);
	assert_int_equal(truncate(path_of(world, "folder/large"), 64 * 1024 * 1024), 0);
	for (int i = 0; i < 4; i++) {
		asked_init(&asked[i], world, OWNER, "getmem", "/fs/dir/folder", "want tar\n");
		asked[i].slow = true;
		asked_begin(&asked[i]);
		until(world, asked[i].queued > REQ_HIGH_MARK);
	}
	size_t held = asked[0].size;
	expect(world, OWNER, OP_EQUOTA, "getmem", "/fs/dir/folder", "want tar\n");
	expect_get(world, "/fs/dir/folder/file", "contents");
	assert_int_equal(asked[0].size, held);
	for (int i = 0; i < 4; i++) {
		asked_gone(&asked[i]);
		asked_finish(&asked[i]);
	}
	until(world, gets_tree(world)); // once the threads have noticed
}

static const struct CMUnitTest tests[] = {
	FS(test_tree_new),
	FS(test_tree_merged),
	FS(test_tree_over_a_file),
	FS(test_tree_escapes),
	FS(test_tree_links_together),
	FS(test_tree_broken_off),
	FS(test_tree_out),
	FS(test_tree_left),
	FS(test_trees_held),
};
const struct conform_more fs_trees = {.next = &fs_rights, TESTS(tests)};
