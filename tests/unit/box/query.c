/* SPDX-License-Identifier: MIT */
/*
 * query.c - promises of box/box.h: kind, selectors, chinfo, and waiting for a change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "box/box.h"
#include "unit/box/memory.h"

static void describe(struct box *box, struct op_head *entry) {
	const char *title = box->data;
	if (title) {
		op_set(entry, OP_F_TITLE, title);
	}
	op_set_number(entry, OP_F_SIZE, 7);
}

static const struct box_type titled = {.name = "titled", .describe = describe};

struct fixture {
	struct box_tree *tree;
	struct box *root, *win, *three, *seven, *out, *kbd;
	struct memory memory;
};

// /kbd  /win  /win/3  /win/7  /win/7/out
static int setup(void **state) {
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	fixture->tree = box_tree_create("ann");
	fixture->root = box_tree_root(fixture->tree);
	fixture->win = box_create(fixture->root, "win", &box_type_dir, "dir", NULL);
	fixture->seven = box_create(fixture->win, "7", &titled, "win!*!*!app=foot",
		"Shell \xc3\xa9");
	fixture->out = box_create(fixture->seven, "out", &titled, "out", NULL);
	fixture->three = box_create(fixture->win, "3", &titled, "win!*!*!app=doom", "Doom");
	fixture->kbd = box_create(fixture->root, "kbd", &box_type_dir, "dir", NULL);
	*state = fixture;
	return 0;
}

static int teardown(void **state) {
	struct fixture *fixture = *state;
	box_tree_destroy(fixture->tree);
	free(fixture);
	return 0;
}

static void allow(struct box *box, const char *line) {
	struct op_refusal refusal;
	assert_int_equal(box_set_acl(box, line, &refusal), OP_OK);
}

static void check_names(struct fixture *fixture, const char *as, const char *lines,
		const char *expected) {
	struct memory memory;
	memory_ask(&memory, fixture->tree, as, lines);
	assert_int_equal(memory_code(&memory), OP_OK);
	char *names = memory_names(&memory);
	assert_string_equal(names, expected);
	free(names);
	memory_finish(&memory);
}

static void test_kind(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	char version[32];
	memory_ask(&memory, fixture->tree, "ann/den", "kind\nname /win/7\n");
	const struct op_head *reply = &memory.reply;
	assert_true(memory_ok(&memory));
	assert_string_equal(op_get(reply, OP_F_TYPE), "win!*!*!app=foot");
	assert_string_equal(op_get(reply, OP_F_OWNER), "ann");
	assert_string_equal(op_get(reply, OP_F_LETTERS), "ksgplmdi");
	assert_string_equal(op_get(reply, OP_F_VERSION), box_version(fixture->seven, version));
	assert_string_equal(op_get(reply, OP_F_TITLE), "Shell \xc3\xa9");
	assert_int_equal(op_get_number(reply, OP_F_SIZE, 0), 7);
	assert_true(op_has(reply, OP_F_TTL));
	assert_false(op_has(reply, OP_F_LEVEL));
	assert_false(op_has(reply, OP_F_ACL));
	memory_finish(&memory);
}

static void test_kind_of_root(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	memory_ask(&memory, fixture->tree, "ann/den", "kind\nname /\n");
	assert_int_equal(op_get_number(&memory.reply, OP_F_LEVEL, 0), OP_LEVEL);
	assert_non_null(strstr(op_get(&memory.reply, OP_F_SOFTWARE), "boxland "));
	memory_finish(&memory);
}

// The list is shown to those who may change it.
static void test_kind_shows_acl(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	allow(fixture->win, "bob kG");
	allow(fixture->win, "* k");
	memory_ask(&memory, fixture->tree, "ann/den", "kind\nname /win/7\n");
	size_t at = 0;
	assert_string_equal(op_each(&memory.reply, OP_F_ACL, &at), "bob kG");
	assert_string_equal(op_each(&memory.reply, OP_F_ACL, &at), "* k");
	assert_null(op_each(&memory.reply, OP_F_ACL, &at));
	memory_finish(&memory);
	memory_ask(&memory, fixture->tree, "bob/pc", "kind\nname /win/7\n");
	assert_string_equal(op_get(&memory.reply, OP_F_LETTERS), "kG");
	assert_false(op_has(&memory.reply, OP_F_ACL));
	memory_finish(&memory);
}

static void test_list(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	struct op_head entry;
	size_t at = 0;
	memory_ask(&memory, fixture->tree, "ann/den", "selectors\nname /win\n");
	assert_int_equal(op_body_of(&memory.reply, NULL), OP_BODY_BYTES);
	assert_true(op_has(&memory.reply, OP_F_VERSION));
	assert_true(memory_entry(&memory, &at, &entry));
	assert_string_equal(op_get(&entry, OP_F_NAME), "/3");
	assert_string_equal(op_get(&entry, OP_F_TYPE), "win!*!*!app=doom");
	assert_string_equal(op_get(&entry, OP_F_TITLE), "Doom");
	assert_string_equal(op_get(&entry, OP_F_OWNER), "ann");
	assert_string_equal(op_get(&entry, OP_F_LETTERS), "ksgplmdi");
	char version[32];
	assert_string_equal(op_get(&entry, OP_F_VERSION), box_version(fixture->three, version));
	op_head_finish(&entry);
	assert_true(memory_entry(&memory, &at, &entry));
	assert_string_equal(op_get(&entry, OP_F_NAME), "/7");
	op_head_finish(&entry);
	assert_false(memory_entry(&memory, &at, &entry));
	memory_finish(&memory);
	check_names(fixture, "ann/den", "selectors\nname /win/3\n", "");
}

static void test_list_depth(void **state) {
	struct fixture *fixture = *state;
	check_names(fixture, "ann/den", "selectors\nname /\n", "/kbd /win");
	check_names(fixture, "ann/den", "selectors\nname /\ndepth 0\n", "");
	check_names(fixture, "ann/den", "selectors\nname /\ndepth 2\n", "/kbd /win /win/3 /win/7");
	check_names(fixture, "ann/den", "selectors\nname /\ndepth 9223372036854775807\n",
		"/kbd /win /win/3 /win/7 /win/7/out");
	check_names(fixture, "ann/den", "selectors\nname /win\ndepth 2\n", "/3 /7 /7/out");
}

static void test_list_match_and_want(void **state) {
	struct fixture *fixture = *state;
	check_names(fixture, "ann/den", "selectors\nname /\ndepth 3\nmatch [0-9]\n",
		"/win/3 /win/7");
	check_names(fixture, "ann/den", "selectors\nname /\ndepth 3\nmatch *\n",
		"/kbd /win /win/3 /win/7 /win/7/out");
	check_names(fixture, "ann/den", "selectors\nname /\ndepth 3\nmatch o?t\n", "/win/7/out");
	check_names(fixture, "ann/den", "selectors\nname /\ndepth 3\nwant win\n", "/win/3 /win/7");
	check_names(fixture, "ann/den", "selectors\nname /\ndepth 3\nwant win!*!*!app=foot\n",
		"/win/7");
	check_names(fixture, "ann/den", "selectors\nname /\ndepth 3\nwant win\nmatch 3\n",
		"/win/3");
	// What does not match may hold what does; want is not of the box that is asked.
	check_names(fixture, "ann/den", "selectors\nname /win\ndepth 2\nwant out\n", "/7/out");
}

static void test_list_match_limit(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	char glob[OP_MAX_COMPONENT + 2];
	memset(glob, '*', sizeof(glob));
	glob[OP_MAX_COMPONENT] = '\0';
	memory_askf(&memory, fixture->tree, "ann/den", "selectors\nname /\nmatch %s\n", glob);
	assert_int_equal(memory_code(&memory), OP_OK);
	memory_finish(&memory);
	glob[OP_MAX_COMPONENT] = '*';
	glob[OP_MAX_COMPONENT + 1] = '\0';
	memory_askf(&memory, fixture->tree, "ann/den", "selectors\nname /\nmatch %s\n", glob);
	assert_int_equal(memory_code(&memory), OP_E2BIG);
	memory_finish(&memory);
}

// A glob made to be slow is not: it would hold up everybody.
static void test_list_evil_match(void **state) {
	struct fixture *fixture = *state;
	char name[OP_MAX_COMPONENT + 1], glob[OP_MAX_COMPONENT + 1];
	memset(name, 'a', OP_MAX_COMPONENT);
	name[OP_MAX_COMPONENT] = '\0';
	for (int i = 0; i < 200; i += 2) {
		glob[i] = 'a';
		glob[i + 1] = '*';
	}
	strcpy(glob + 200, "b");
	assert_non_null(box_create(fixture->kbd, name, &box_type_dir, NULL, NULL));
	struct memory memory;
	memory_askf(&memory, fixture->tree, "ann/den", "selectors\nname /kbd\nmatch %s\n", glob);
	assert_true(memory_ok(&memory));
	assert_int_equal(memory.bytes.size, 0);
	memory_finish(&memory);
}

static void test_list_pages(void **state) {
	struct fixture *fixture = *state;
	check_names(fixture, "ann/den", "selectors\nname /\ndepth 3\ncount 2\n", "/kbd /win");
	check_names(fixture, "ann/den", "selectors\nname /\ndepth 3\ncount 2\nafter /win\n",
		"/win/3 /win/7");
	check_names(fixture, "ann/den", "selectors\nname /\ndepth 3\ncount 2\nafter /win/7\n",
		"/win/7/out");
	check_names(fixture, "ann/den", "selectors\nname /\ndepth 3\nafter /win/7/out\n", "");
	check_names(fixture, "ann/den", "selectors\nname /\ndepth 3\nafter /win/4\n",
		"/win/7 /win/7/out"); // it need not be there any more
	check_names(fixture, "ann/den", "selectors\nname /\ncount 0\n", "");
	// What stands before it in the alphabet is not before it in the list.
	box_create(fixture->win, "7-b", &box_type_dir, NULL, NULL);
	check_names(fixture, "ann/den", "selectors\nname /win\ndepth 2\n", "/3 /7 /7/out /7-b");
	check_names(fixture, "ann/den", "selectors\nname /win\ndepth 2\nafter /7/out\n", "/7-b");
}

static void test_list_shows_what_may_be_seen(void **state) {
	struct fixture *fixture = *state;
	allow(fixture->root, "bob ks");
	allow(fixture->seven, "bob -");
	check_names(fixture, "bob/pc", "selectors\nname /\ndepth 3\n", "/kbd /win /win/3");
	allow(fixture->out, "bob k"); // seen only by its name
	check_names(fixture, "bob/pc", "selectors\nname /\ndepth 3\n", "/kbd /win /win/3");
	allow(fixture->seven, "bob k"); // seen, but not what is below
	check_names(fixture, "bob/pc", "selectors\nname /\ndepth 3\n", "/kbd /win /win/3 /win/7");
	allow(fixture->seven, "bob ks");
	check_names(fixture, "bob/pc", "selectors\nname /\ndepth 3\n",
		"/kbd /win /win/3 /win/7 /win/7/out");
	allow(fixture->three, "bob K"); // nobody can be asked for a list
	check_names(fixture, "bob/pc", "selectors\nname /win\n", "/7");
}

// A box that says too much of itself is listed all the same.
static void test_list_large_entry(void **state) {
	struct fixture *fixture = *state;
	char *title = malloc(OP_MAX_HEAD + 1);
	memset(title, 't', OP_MAX_HEAD);
	title[OP_MAX_HEAD] = '\0';
	fixture->three->data = title;
	check_names(fixture, "ann/den", "selectors\nname /win\n", "/3 /7");
	fixture->three->data = NULL;
	free(title);
}

// Asks with since the version of an answer, so that it waits.
static void wait_for(struct fixture *fixture, const char *as, const char *lines) {
	struct memory now;
	memory_ask(&now, fixture->tree, as, lines);
	assert_int_equal(memory_code(&now), OP_OK);
	memory_askf(&fixture->memory, fixture->tree, as, "%ssince %s\n", lines,
		op_get(&now.reply, OP_F_VERSION));
	memory_finish(&now);
	assert_false(fixture->memory.replied);
}

static void test_wait_kind(void **state) {
	struct fixture *fixture = *state;
	wait_for(fixture, "ann/den", "kind\nname /win/7\n");
	box_changed(fixture->three);
	box_changed(fixture->out);
	box_changed(fixture->win);
	assert_false(fixture->memory.replied);
	fixture->seven->data = "Other";
	box_changed(fixture->seven);
	assert_true(memory_ok(&fixture->memory));
	assert_string_equal(op_get(&fixture->memory.reply, OP_F_TITLE), "Other");
	memory_finish(&fixture->memory);
	memory_ask(&fixture->memory, fixture->tree, "ann/den", "kind\nname /win/7\nsince 1\n");
	assert_true(memory_ok(&fixture->memory)); // it has another already
	memory_finish(&fixture->memory);
}

static void test_wait_list(void **state) {
	struct fixture *fixture = *state;
	wait_for(fixture, "ann/den", "selectors\nname /win\n");
	box_changed(fixture->out); // deeper than asked
	box_changed(fixture->kbd);
	box_changed(fixture->win);
	assert_non_null(box_create(fixture->seven, "new", &box_type_dir, NULL, NULL));
	assert_false(fixture->memory.replied);
	box_changed(fixture->seven); // a kind
	assert_true(memory_ok(&fixture->memory));
	memory_finish(&fixture->memory);

	wait_for(fixture, "ann/den", "selectors\nname /win\n");
	assert_non_null(box_create(fixture->win, "8", &box_type_dir, NULL, NULL)); // a name
	char *names = memory_names(&fixture->memory);
	assert_string_equal(names, "/3 /7 /8");
	free(names);
	memory_finish(&fixture->memory);

	wait_for(fixture, "ann/den", "selectors\nname /win\n");
	box_destroy(fixture->three);
	names = memory_names(&fixture->memory);
	assert_string_equal(names, "/7 /8");
	free(names);
	memory_finish(&fixture->memory);
}

static void test_wait_list_deep(void **state) {
	struct fixture *fixture = *state;
	wait_for(fixture, "ann/den", "selectors\nname /\ndepth 3\n");
	box_changed(fixture->out);
	assert_true(memory_ok(&fixture->memory));
	memory_finish(&fixture->memory);
	wait_for(fixture, "ann/den", "selectors\nname /\ndepth 2\n");
	box_changed(fixture->out);
	assert_false(fixture->memory.replied);
	memory_finish(&fixture->memory);
}

static void test_wait_list_filtered(void **state) {
	struct fixture *fixture = *state;
	wait_for(fixture, "ann/den", "selectors\nname /win\nmatch 3\n");
	box_changed(fixture->seven);
	assert_false(fixture->memory.replied);
	box_changed(fixture->three);
	assert_true(memory_ok(&fixture->memory));
	memory_finish(&fixture->memory);
	// A page does not narrow what is waited for.
	wait_for(fixture, "ann/den", "selectors\nname /win\ncount 1\n");
	box_changed(fixture->seven);
	assert_true(memory_ok(&fixture->memory));
	memory_finish(&fixture->memory);
}

// What he may not see does not even wake him.
static void test_wait_list_of_invisible(void **state) {
	struct fixture *fixture = *state;
	allow(fixture->root, "bob ks");
	allow(fixture->seven, "bob -");
	wait_for(fixture, "bob/pc", "selectors\nname /win\n");
	box_changed(fixture->seven);
	assert_false(fixture->memory.replied);
	allow(fixture->seven, "bob k"); // now he may
	char *names = memory_names(&fixture->memory);
	assert_string_equal(names, "/3 /7");
	free(names);
	memory_finish(&fixture->memory);
	wait_for(fixture, "bob/pc", "selectors\nname /win\n");
	allow(fixture->seven, "bob -");
	names = memory_names(&fixture->memory);
	assert_string_equal(names, "/3");
	free(names);
	memory_finish(&fixture->memory);
}

static void test_wait_rights_are_asked_again(void **state) {
	struct fixture *fixture = *state;
	allow(fixture->root, "bob ks");
	wait_for(fixture, "bob/pc", "kind\nname /win/7\n");
	allow(fixture->root, "bob -"); // inherited
	assert_int_equal(memory_code(&fixture->memory), OP_ENOENT);
	memory_finish(&fixture->memory);
	allow(fixture->root, "bob ks");
	wait_for(fixture, "bob/pc", "selectors\nname /win\n");
	allow(fixture->win, "bob k");
	box_changed(fixture->three);
	assert_int_equal(memory_code(&fixture->memory), OP_EPERM);
	memory_finish(&fixture->memory);
}

static void test_wait_gone(void **state) {
	struct fixture *fixture = *state;
	wait_for(fixture, "ann/den", "kind\nname /win/7\n");
	memory_hang_up(&fixture->memory);
	box_changed(fixture->seven);
	assert_false(fixture->memory.replied);
	memory_finish(&fixture->memory);
}

static void test_wait_box_goes(void **state) {
	struct fixture *fixture = *state;
	wait_for(fixture, "ann/den", "selectors\nname /win/7\n");
	box_destroy(fixture->win); // and all that is in it
	assert_int_equal(memory_code(&fixture->memory), OP_ENOENT);
	assert_string_equal(fixture->memory.reply.refusal.sentence,
		"no such box /win/7 (box ls /win shows what is there)");
	memory_finish(&fixture->memory);
}

static void test_wait_tree_goes(void **state) {
	struct fixture *fixture = *state;
	wait_for(fixture, "ann/den", "selectors\nname /\n");
	box_tree_destroy(fixture->tree);
	assert_int_equal(memory_code(&fixture->memory), OP_ENOENT);
	memory_finish(&fixture->memory);
	fixture->tree = NULL;
}

static void test_wait_many(void **state) {
	struct fixture *fixture = *state;
	struct memory waiting[50], now;
	memory_ask(&now, fixture->tree, "ann/den", "kind\nname /win/7\n");
	for (int i = 0; i < 50; i++) {
		memory_askf(&waiting[i], fixture->tree, "ann/den", "kind\nname /win/7\nsince %s\n",
			op_get(&now.reply, OP_F_VERSION));
		assert_false(waiting[i].replied);
	}
	memory_finish(&now);
	memory_hang_up(&waiting[20]);
	box_changed(fixture->seven);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(waiting[i].replied, i != 20);
		memory_finish(&waiting[i]);
	}
}

static enum op_code change(struct fixture *fixture, const char *as, const char *lines) {
	struct memory memory;
	memory_askf(&memory, fixture->tree, as, "chinfo\nname /win/7\n%s", lines);
	enum op_code code = memory_code(&memory);
	memory_finish(&memory);
	return code;
}

static void test_change(void **state) {
	struct fixture *fixture = *state;
	const struct subject bob = {"bob", "pc"};
	char letters[PERM_LETTERS_SIZE], before[32], after[32];
	box_version(fixture->seven, before);
	assert_int_equal(change(fixture, "ann/den", "acl bob kg\nacl * k\n"), OP_OK);
	assert_string_equal(box_letters(fixture->seven, &bob, letters), "kg");
	assert_string_equal(box_letters(fixture->out, &bob, letters), "kg");
	assert_string_equal(box_letters(fixture->win, &bob, letters), "");
	assert_string_not_equal(box_version(fixture->seven, after), before);
	assert_int_equal(change(fixture, "ann/den", "type win!amd64\n"), OP_OK);
	assert_string_equal(fixture->seven->cnstr, "win!amd64");
	assert_int_equal(change(fixture, "ann/den", "acl bob -\nowner bob\n"), OP_OK);
	assert_string_equal(fixture->seven->owner, "bob");
	assert_string_equal(box_letters(fixture->seven, &bob, letters), "ksgplmdi");
}

static void test_change_wakes(void **state) {
	struct fixture *fixture = *state;
	wait_for(fixture, "ann/den", "kind\nname /win/7\n");
	assert_int_equal(change(fixture, "ann/den", "acl bob kg\n"), OP_OK);
	assert_true(memory_ok(&fixture->memory));
	assert_string_equal(op_get(&fixture->memory.reply, OP_F_ACL), "bob kg");
	memory_finish(&fixture->memory);
}

static void test_change_refused(void **state) {
	struct fixture *fixture = *state;
	const struct subject bob = {"bob", "pc"};
	allow(fixture->seven, "bob ki");
	assert_int_equal(change(fixture, "ann/den", ""), OP_EARG);
	assert_int_equal(change(fixture, "ann/den", "type image\n"), OP_ETYPE);
	assert_int_equal(change(fixture, "ann/den", "title x\n"), OP_EUNSUPP);
	assert_int_equal(change(fixture, "ann/den", "cert x\n"), OP_EUNSUPP);
	assert_int_equal(change(fixture, "ann/den", "owner bob/pc\n"), OP_EARG);
	assert_int_equal(change(fixture, "ann/den", "acl bob\n"), OP_EARG);
	assert_int_equal(change(fixture, "eve/x", "acl eve k\n"), OP_ENOENT);
	assert_int_equal(change(fixture, "ann/den", "if-version 1\nacl eve k\n"), OP_ESTALE);
	// Who may change it may not take it.
	assert_int_equal(change(fixture, "bob/pc", "owner bob\n"), OP_EPERM);
	assert_int_equal(change(fixture, "bob/pc", "acl bob kig\n"), OP_OK);
	// All or nothing.
	assert_int_equal(change(fixture, "ann/den", "type win!arm64\nacl bob k\nacl eve x\n"),
		OP_EARG);
	char letters[PERM_LETTERS_SIZE];
	assert_string_equal(box_letters(fixture->seven, &bob, letters), "kgi");
	assert_string_equal(fixture->seven->cnstr, "win!*!*!app=foot");
}

static void test_set_owner_wakes(void **state) {
	struct fixture *fixture = *state;
	wait_for(fixture, "ann/den", "kind\nname /win/7\n");
	allow(fixture->root, "ann k");
	memory_finish(&fixture->memory);
	wait_for(fixture, "ann/den", "kind\nname /win/7\n");
	assert_true(box_tree_set_owner(fixture->tree, "carl"));
	assert_true(memory_ok(&fixture->memory));
	assert_string_equal(op_get(&fixture->memory.reply, OP_F_OWNER), "carl");
	assert_string_equal(op_get(&fixture->memory.reply, OP_F_LETTERS), "k");
	memory_finish(&fixture->memory);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(kind),
		TEST(kind_of_root),
		TEST(kind_shows_acl),
		TEST(list),
		TEST(list_depth),
		TEST(list_match_and_want),
		TEST(list_match_limit),
		TEST(list_evil_match),
		TEST(list_pages),
		TEST(list_shows_what_may_be_seen),
		TEST(list_large_entry),
		TEST(wait_kind),
		TEST(wait_list),
		TEST(wait_list_deep),
		TEST(wait_list_filtered),
		TEST(wait_list_of_invisible),
		TEST(wait_rights_are_asked_again),
		TEST(wait_gone),
		TEST(wait_box_goes),
		TEST(wait_tree_goes),
		TEST(wait_many),
		TEST(change),
		TEST(change_wakes),
		TEST(change_refused),
		TEST(set_owner_wakes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
