/* SPDX-License-Identifier: MIT */
/*
 * fs_rights.c - owners and access lists of single files: the nearest list that has a line for who asks
 * decides, what one has no k on is nowhere, and what is not understood is closed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fs_tests.h"

#define CARL "carl/tab"
#define FILE_NAME "/fs/store/f"

// Without extended attributes there are no such rights; that it says so is all there is to see.
static bool keeps_attributes(struct world *world) {
	put(world, "/fs/store/try", "x");
	bool kept = setxattr(stored(world, "try"), "user.x", "x", 1, 0) == 0;
	if (!kept) {
		expect(world, OWNER, OP_EUNSUPP, "chinfo", "/fs/store/try", "acl bob k\n");
	}
	unlink(stored(world, "try"));
	return kept;
}

static int rights_setup(void **state) {
	fs_setup(state);
	struct world *world = *state;
	if (!keeps_attributes(world)) {
		print_message("no extended attributes in %s: only the refusal is tried\n", world->store_dir);
	}
	return 0;
}

static bool give(struct world *world, const char *name, const char *lines) {
	if (!keeps_attributes(world)) {
		return false;
	}
	expect(world, OWNER, OP_OK, "chinfo", name, lines);
	return true;
}

static void put_as(struct world *world, const char *who, const char *name, const char *lines,
		const char *text, enum op_code code) {
	struct asked asked;
	char head[200];
	snprintf(head, sizeof(head), "%sbody %zu\n", lines, strlen(text));
	ask(&asked, world, who, "putmem", name, head);
	asked_put(&asked, text, strlen(text));
	asked_put_end(&asked);
	expect_code(&asked, code);
	asked_finish(&asked);
}

static void expect_get_as(struct world *world, const char *who, const char *name,
		const char *text) {
	struct asked asked;
	ask(&asked, world, who, "getmem", name, "");
	expect_body(&asked, text);
	asked_finish(&asked);
}

static void expect_kind(struct world *world, const char *who, const char *name, const char *owner,
		const char *letters) {
	struct asked asked;
	ask(&asked, world, who, "kind", name, "");
	expect_code(&asked, OP_OK);
	assert_string_equal(op_get(&asked.reply, OP_F_OWNER), owner);
	assert_string_equal(op_get(&asked.reply, OP_F_LETTERS), letters);
	asked_finish(&asked);
}

static void test_one_file(void **state) {
	struct world *world = *state;
	struct asked asked;
	put(world, FILE_NAME, "one");
	put(world, "/fs/store/other", "two");
	expect(world, STRANGER, OP_ENOENT, "getmem", FILE_NAME, "");
	if (!give(world, FILE_NAME, "acl bob kg\n")) {
		return;
	}
	expect_get_as(world, STRANGER, FILE_NAME, "one");
	expect_kind(world, STRANGER, FILE_NAME, "ann", "kg");
	expect(world, STRANGER, OP_ENOENT, "getmem", "/fs/store/other", "");
	expect(world, STRANGER, OP_ENOENT, "selectors", "/fs/store", "");
	expect(world, STRANGER, OP_ENOENT, "kind", "/fs/store/none", "");
	expect(world, STRANGER, OP_EPERM, "delete", FILE_NAME, "");
	expect(world, STRANGER, OP_EPERM, "chinfo", FILE_NAME, "acl bob kgp\n");
	put_as(world, STRANGER, FILE_NAME, "", "x", OP_EPERM);
	put_as(world, STRANGER, FILE_NAME, "offset 0\n", "x", OP_EPERM);
	expect(world, CARL, OP_ENOENT, "kind", FILE_NAME, "");
	put(world, FILE_NAME, "replaced");
	expect_get_as(world, STRANGER, FILE_NAME, "replaced");
	ask(&asked, world, OWNER, "kind", FILE_NAME, "");
	expect_code(&asked, OP_OK);
	assert_string_equal(op_get(&asked.reply, OP_F_ACL), "bob kg");
	asked_finish(&asked);
	ask(&asked, world, STRANGER, "kind", FILE_NAME, "");
	expect_code(&asked, OP_OK);
	assert_null(op_get(&asked.reply, OP_F_ACL));
	asked_finish(&asked);
	expect(world, OWNER, OP_OK, "chinfo", FILE_NAME, "acl bob -\n");
	expect(world, STRANGER, OP_ENOENT, "getmem", FILE_NAME, "");
}

// A folder's list counts below it, unless a nearer one has a line; and no link leads around it.
static void test_nearest_decides(void **state) {
	struct world *world = *state;
	struct asked asked;
	expect(world, OWNER, OP_OK, "make", "/fs/store/a", "type dir\n");
	expect(world, OWNER, OP_OK, "make", "/fs/store/a/b", "type dir\n");
	put(world, "/fs/store/a/b/f", "deep");
	put(world, "/fs/store/a/g", "near");
	expect(world, OWNER, OP_OK, "chinfo", "/fs/store", "acl bob ksgp\n");
	if (!give(world, "/fs/store/a/b", "acl bob ks\n")) {
		return;
	}
	expect_kind(world, STRANGER, "/fs/store/a/g", "ann", "ksgp");
	expect_kind(world, STRANGER, "/fs/store/a/b/f", "ann", "ks");
	expect(world, STRANGER, OP_EPERM, "getmem", "/fs/store/a/b/f", "");
	put_as(world, STRANGER, "/fs/store/a/b/new", "", "x", OP_EPERM);
	assert_int_equal(symlink("a/b", stored(world, "way")), 0);
	assert_int_equal(symlink("b/f", stored(world, "a/link")), 0);
	expect(world, STRANGER, OP_EPERM, "getmem", "/fs/store/way/f", "");
	expect(world, STRANGER, OP_EPERM, "getmem", "/fs/store/a/link", "");
	expect_get(world, "/fs/store/way/f", "deep");
	ask(&asked, world, STRANGER, "getmem", "/fs/store/a", "want tar\n");
	expect_code(&asked, OP_EPERM);
	assert_non_null(strstr(asked.trailer.refusal.sentence, "b"));
	asked_finish(&asked);
	expect(world, OWNER, OP_OK, "chinfo", "/fs/store/a/b/f", "acl bob kgd\n");
	expect_get_as(world, STRANGER, "/fs/store/way/f", "deep");
	expect(world, STRANGER, OP_OK, "delete", "/fs/store/a/b/f", "");
	expect(world, STRANGER, OP_EPERM, "delete", "/fs/store/a/g", "");
}

static const char *list_as(struct world *world, const char *who, const char *lines) {
	static char text[1000];
	struct asked asked;
	ask(&asked, world, who, "selectors", "/fs/store", lines);
	expect_code(&asked, OP_OK);
	snprintf(text, sizeof(text), "%.*s", (int)asked.body.size, (const char *)buf_front(&asked.body));
	asked_finish(&asked);
	return text;
}

// What one has no k on is in no list and no tree.
static void test_hidden(void **state) {
	struct world *world = *state;
	struct asked asked;
	char version[100], lines[120];
	expect(world, OWNER, OP_OK, "make", "/fs/store/open", "type dir\n");
	put(world, "/fs/store/open/secret", "hush-hush");
	put(world, "/fs/store/open/plain", "plain-text");
	expect(world, OWNER, OP_OK, "chinfo", "/fs/store", "acl bob ksg\n");
	if (!give(world, "/fs/store/open/secret", "acl bob g\n")) {
		return;
	}
	expect(world, STRANGER, OP_ENOENT, "getmem", "/fs/store/open/secret", "");
	expect(world, STRANGER, OP_ENOENT, "delete", "/fs/store/open/secret", "");
	assert_null(strstr(list_as(world, STRANGER, "depth 3\n"), "secret"));
	assert_non_null(strstr(list_as(world, STRANGER, "depth 3\n"), "plain"));
	assert_non_null(strstr(list_as(world, STRANGER, "depth 3\n"), "letters ksg"));
	assert_non_null(strstr(list_as(world, OWNER, "depth 3\n"), "secret"));
	ask(&asked, world, STRANGER, "getmem", "/fs/store/open", "want tar\n");
	expect_code(&asked, OP_OK);
	assert_null(memmem(buf_front(&asked.body), asked.body.size, "hush-hush", 9));
	assert_non_null(memmem(buf_front(&asked.body), asked.body.size, "plain-text", 10));
	asked_finish(&asked);
	// A list that is waited for changes with what may be seen.
	ask(&asked, world, STRANGER, "selectors", "/fs/store/open", "");
	expect_code(&asked, OP_OK);
	snprintf(version, sizeof(version), "%s", op_get(&asked.reply, OP_F_VERSION));
	asked_finish(&asked);
	snprintf(lines, sizeof(lines), "since %s\n", version);
	ask(&asked, world, STRANGER, "selectors", "/fs/store/open", lines);
	world_settle(world);
	expect(world, OWNER, OP_OK, "chinfo", "/fs/store/open/secret", "acl bob kg\n");
	expect_code(&asked, OP_OK);
	assert_non_null(memmem(buf_front(&asked.body), asked.body.size, "secret", 6));
	asked_finish(&asked);
	// And who waits for a kind that is taken from him waits no longer.
	ask(&asked, world, STRANGER, "kind", "/fs/store/open/secret", "");
	expect_code(&asked, OP_OK);
	snprintf(lines, sizeof(lines), "since %s\n", op_get(&asked.reply, OP_F_VERSION));
	asked_finish(&asked);
	ask(&asked, world, STRANGER, "kind", "/fs/store/open/secret", lines);
	world_settle(world);
	expect(world, OWNER, OP_OK, "chinfo", "/fs/store/open/secret", "acl bob g\n");
	expect_code(&asked, OP_ENOENT);
	asked_finish(&asked);
}

// What a friend makes is his; the store's owner can still see it, give it away and delete it.
static void test_made_by_a_friend(void **state) {
	struct world *world = *state;
	expect(world, OWNER, OP_OK, "chinfo", "/fs/store", "acl bob ksm\nacl carl ksp\n");
	if (!keeps_attributes(world)) {
		return;
	}
	expect(world, STRANGER, OP_OK, "make", "/fs/store/his", "");
	put_as(world, STRANGER, "/fs/store/his", "", "mine", OP_OK);
	expect_kind(world, STRANGER, "/fs/store/his", "bob", "ksgplmdi");
	expect_get(world, "/fs/store/his", "mine");
	put(world, "/fs/store/his", "hers"); // a put keeps whose it is
	expect_kind(world, OWNER, "/fs/store/his", "bob", "ksgplmdi");
	expect(world, CARL, OP_EPERM, "getmem", "/fs/store/his", "");
	expect(world, STRANGER, OP_OK, "chinfo", "/fs/store/his", "acl carl kg\nacl ann kg\n");
	expect_get_as(world, CARL, "/fs/store/his", "hers");
	expect_kind(world, OWNER, "/fs/store/his", "bob", "kgdi");
	expect(world, CARL, OP_EPERM, "chinfo", "/fs/store/his", "owner carl\n");
	expect(world, STRANGER, OP_OK, "chinfo", "/fs/store/his", "owner carl\n");
	expect_kind(world, CARL, "/fs/store/his", "carl", "kgi");
	expect(world, OWNER, OP_OK, "delete", "/fs/store/his", "");
	// Bob's folder is his, and what is in it; carl, who may only put, owns nothing.
	expect(world, STRANGER, OP_OK, "make", "/fs/store/dir", "type dir\n");
	put_as(world, STRANGER, "/fs/store/dir/f", "", "x", OP_OK);
	expect_kind(world, STRANGER, "/fs/store/dir/f", "bob", "ksgplmdi");
	put(world, "/fs/store/dir/anns", "x");
	expect_kind(world, OWNER, "/fs/store/dir/anns", "ann", "ksgplmdi");
	put_as(world, CARL, "/fs/store/box", "", "x", OP_OK);
	expect_kind(world, CARL, "/fs/store/box", "ann", "ksp");
	// A file that gets inner boxes stays whose it is.
	expect(world, STRANGER, OP_OK, "make", "/fs/store/dir/f/inner", "");
	expect(world, STRANGER, OP_OK, "chinfo", "/fs/store/dir/f", "acl carl kg\n");
	expect_kind(world, STRANGER, "/fs/store/dir/f", "bob", "ksgplmdi");
	expect_get_as(world, CARL, "/fs/store/dir/f", "x");
}

static void test_one_machine(void **state) {
	struct world *world = *state;
	put(world, FILE_NAME, "x");
	if (!give(world, FILE_NAME, "acl bob/pc kg\nacl bob ks\n")) {
		return;
	}
	expect_get_as(world, "bob/pc", FILE_NAME, "x");
	expect(world, "bob/phone", OP_EPERM, "getmem", FILE_NAME, "");
	expect(world, OWNER, OP_OK, "chinfo", "/fs/store", "acl ann/phone ks\n");
	expect_kind(world, "ann/phone", FILE_NAME, "ann", "ks"); // as everywhere in the store
	expect(world, "ann/phone", OP_EPERM, "delete", FILE_NAME, "");
}

// Written behind our back: whoever is not sure keeps it shut.
static void test_broken(void **state) {
	struct world *world = *state;
	static const struct {
		const char *name, *text;
	} cases[] = {
		{"user.box.acl", "bob"}, {"user.box.acl", "bob kg\n\ncarl"}, {"user.box.acl", "bob kgx"},
		{"user.box.acl", "\x01\x02"}, {"user.box.owner", "a/b"}, {"user.box.owner", "two words"},
		{"user.box.owner", "owner"}, {"user.box.owner", "*"}, {"user.box.acl", ""},
	};
	expect(world, OWNER, OP_OK, "chinfo", "/fs/store", "acl bob ksgpmdi\nacl * kg\n");
	expect(world, OWNER, OP_OK, "make", "/fs/store/d", "type dir\n");
	if (!keeps_attributes(world)) {
		return;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(world, "/fs/store/d/f", "x");
		const char *text = cases[i].text;
		for (int folder = 0; folder < 2; folder++) {
			const char *path = stored(world, folder ? "d" : "d/f");
			assert_int_equal(setxattr(path, cases[i].name, text, strlen(text), 0), 0);
			expect(world, STRANGER, OP_ENOENT, "getmem", "/fs/store/d/f", "");
			put_as(world, STRANGER, "/fs/store/d/f", "", "y", OP_ENOENT);
			expect(world, STRANGER, OP_ENOENT, "chinfo", "/fs/store/d/f", "acl bob kg\n");
			expect(world, CARL, OP_ENOENT, "kind", "/fs/store/d/f", "");
			assert_null(strstr(list_as(world, STRANGER, "depth 2\n"), "/f"));
			put(world, "/fs/store/d/f", "x"); // its owner may, and it stays shut
			expect(world, STRANGER, OP_ENOENT, "getmem", "/fs/store/d/f", "");
			removexattr(stored(world, folder ? "d" : "d/f"), cases[i].name);
		}
		expect_get_as(world, STRANGER, "/fs/store/d/f", "x");
	}
	assert_int_equal(setxattr(stored(world, "d/f"), "user.box.acl", "bob", 3, 0), 0);
	expect(world, OWNER, OP_OK, "chinfo", "/fs/store/d/f", "acl bob kg\n"); // mends it
	expect_get_as(world, STRANGER, "/fs/store/d/f", "x");
}

// A tree of somebody else's takes no place that is not his, and brings no lists; the owner's does.
static void test_trees(void **state) {
	struct world *world = *state;
	struct asked tree, asked;
	expect(world, OWNER, OP_OK, "make", "/fs/store/from", "type dir\n");
	put(world, "/fs/store/from/f", "new");
	expect(world, OWNER, OP_OK, "make", "/fs/store/to", "type dir\n");
	put(world, "/fs/store/to/f", "old");
	expect(world, OWNER, OP_OK, "chinfo", "/fs/store", "acl bob ksgpm\n");
	if (!give(world, "/fs/store/from/f", "acl carl kg\n")) {
		return;
	}
	expect(world, OWNER, OP_OK, "chinfo", "/fs/store/to/f", "acl bob kg\n");
	ask(&tree, world, OWNER, "getmem", "/fs/store/from", "want tar\n");
	expect_code(&tree, OP_OK);
	for (int i = 0; i < 3; i++) { // bob over ann's, bob anew, ann anew
		static const char *const names[] = {"/fs/store/to", "/fs/store/bobs", "/fs/store/anns"};
		ask(&asked, world, i < 2 ? STRANGER : OWNER, "putmem", names[i], "type tar\nbody chunks\n");
		asked_put(&asked, buf_front(&tree.body), tree.body.size);
		asked_put_end(&asked);
		expect_code(&asked, i == 0 ? OP_EPERM : OP_OK);
		asked_finish(&asked);
	}
	asked_finish(&tree);
	expect_get(world, "/fs/store/to/f", "old");
	expect_kind(world, STRANGER, "/fs/store/bobs/f", "bob", "ksgplmdi");
	expect(world, CARL, OP_ENOENT, "getmem", "/fs/store/bobs/f", "");
	expect_get_as(world, CARL, "/fs/store/anns/f", "new");
	expect_kind(world, OWNER, "/fs/store/anns/f", "ann", "ksgplmdi");
}

#define RIGHTS(function) {#function, function, rights_setup, world_teardown, NULL}
static const struct CMUnitTest tests[] = {
	RIGHTS(test_one_file),
	RIGHTS(test_nearest_decides),
	RIGHTS(test_hidden),
	RIGHTS(test_made_by_a_friend),
	RIGHTS(test_one_machine),
	RIGHTS(test_broken),
	RIGHTS(test_trees),
};
const struct conform_more fs_rights = {TESTS(tests)};
