/* SPDX-License-Identifier: MIT */
/*
 * asking.c - promises of box/asking.h: which requests wait for leave, and what each answer lets
 * through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "box/asking.h"
#include "unit/box/memory.h"

#define GET "getmem\nname /x\n"

// Keeps what it is asked, and answers when the test says so.
struct fixture {
	struct asker asker; // first
	struct box_tree *tree;
	struct box *x, *files;
	struct asking *asked; // the last; NULL: withdrawn, or none
	int asks, withdrawn;
	struct buf written; // into x
	const char *letters; // of what is below deep, which decides by itself
	char allowed[100];   // what leave for always came to there
};

static bool fixture_ask(struct asker *asker, struct asking *asking) {
	struct fixture *fixture = (struct fixture *)asker;
	fixture->asked = asking;
	fixture->asks++;
	return true;
}

static void fixture_withdraw(struct asker *asker, struct asking *asking) {
	struct fixture *fixture = (struct fixture *)asker;
	fixture->asked = fixture->asked == asking ? NULL : fixture->asked;
	fixture->withdrawn++;
}

static void x_getmem(struct box *box, struct req *req) {
	req_ok_bytes(req, req->rest, strlen(req->rest));
}

static void x_data(struct req *req, const void *bytes, size_t size) {
	struct fixture *fixture = req->box->data;
	assert_true(buf_append(&fixture->written, bytes, size));
}

static void x_end(struct req *req) {
	req_ok(req);
}

static void x_putmem(struct box *box, struct req *req) {
	static const struct req_events events = {.data = x_data, .end = x_end};
	req->events = &events;
}

static void x_delete(struct box *box, struct req *req) {
	box_destroy(box);
	req_ok(req);
}

static const struct box_type x_type = {
	.name = "x",
	.fn = {[OP_GETMEM] = x_getmem, [OP_PUTMEM] = x_putmem, [OP_DELETE] = x_delete},
	.takes_body = 1 << OP_PUTMEM,
};

static const struct box_type files_type = {
	.name = "files",
	.fn = {[OP_GETMEM] = x_getmem},
	.walks = true,
};

static void deep_look(struct box *box, struct req *req) {
	struct fixture *fixture = box->data;
	struct req_found *found = calloc(1, sizeof(*found));
	strcpy(found->owner, "ann");
	strcpy(found->letters, fixture->letters);
	found->list = strdup("in");
	found->rest = strdup("in/found");
	box_found(req, found);
}

static void deep_allow(struct box *box, const char *rest, const char *line) {
	struct fixture *fixture = box->data;
	snprintf(fixture->allowed, sizeof(fixture->allowed), "%s: %s", rest, line);
}

static const struct box_type deep_type = {
	.name = "deep",
	.fn = {[OP_GETMEM] = x_getmem},
	.walks = true,
	.look = deep_look,
	.allow = deep_allow,
};

static int setup(void **state) {
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	*state = fixture;
	fixture->asker = (struct asker){.ask = fixture_ask, .withdraw = fixture_withdraw};
	fixture->tree = box_tree_create("ann");
	struct box *root = box_tree_root(fixture->tree);
	fixture->x = box_create(root, "x", &x_type, "text", fixture);
	fixture->files = box_create(root, "files", &files_type, "dir", fixture);
	box_create(root, "deep", &deep_type, "dir", fixture);
	box_set_acl(fixture->x, "bob kGPD", NULL);
	box_set_acl(fixture->files, "bob kG", NULL);
	box_tree_set_asker(fixture->tree, &fixture->asker);
	buf_init(&fixture->written);
	return 0;
}

static int teardown(void **state) {
	struct fixture *fixture = *state;
	box_tree_set_asker(fixture->tree, NULL);
	box_tree_destroy(fixture->tree);
	buf_finish(&fixture->written);
	free(fixture);
	return 0;
}

// As the asker does, which has done with a question once it is answered.
static void answer(struct fixture *fixture, enum asking_leave leave, const char *who) {
	struct subject by;
	struct asking *asking = fixture->asked;
	assert_non_null(asking);
	subject_parse(&by, who, NULL);
	if (leave != LEAVE_UNTIL) {
		fixture->asked = NULL;
	}
	asking_answer(asking, leave, &by);
}

static void refuse(struct fixture *fixture) {
	const struct op_refusal why = {.code = OP_EASK, .sentence = "ann said no"};
	struct asking *asking = fixture->asked;
	fixture->asked = NULL;
	asking_fail(asking, &why);
}

static void ask(struct fixture *fixture, struct memory *memory, const char *lines) {
	memory_ask(memory, fixture->tree, "bob/pc", lines);
}

static void expect_code(struct memory *memory, enum op_code code) {
	assert_true(memory->replied);
	assert_int_equal(memory_code(memory), code);
	memory_finish(memory);
}

static void test_once(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	ask(fixture, &memory, GET);
	assert_false(memory.replied);
	assert_string_equal(fixture->asked->title, "bob, at pc, wants to read /x");
	answer(fixture, LEAVE_ONCE, "ann/den");
	expect_code(&memory, OP_OK);
	ask(fixture, &memory, GET); // again is another time
	assert_false(memory.replied);
	assert_int_equal(fixture->asks, 2);
	refuse(fixture);
	expect_code(&memory, OP_EASK);
}

static void test_always(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	ask(fixture, &memory, GET);
	answer(fixture, LEAVE_ALWAYS, "ann/den");
	expect_code(&memory, OP_OK);
	assert_string_equal(fixture->x->acl->lines[0].letters, "kgPD");
	ask(fixture, &memory, GET);
	expect_code(&memory, OP_OK);
	assert_int_equal(fixture->asks, 1);
}

static void test_until(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	ask(fixture, &memory, GET);
	answer(fixture, LEAVE_UNTIL, "ann/den");
	expect_code(&memory, OP_OK);
	ask(fixture, &memory, GET);
	expect_code(&memory, OP_OK);
	assert_int_equal(fixture->asks, 1);
	memory_ask(&memory, fixture->tree, "bob/phone", GET); // another machine, another question
	assert_false(memory.replied);
	memory_finish(&memory);
}

static void test_until_it_is_taken_back(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	ask(fixture, &memory, GET);
	answer(fixture, LEAVE_UNTIL, "ann/den");
	expect_code(&memory, OP_OK);
	refuse(fixture);
	ask(fixture, &memory, GET);
	assert_false(memory.replied);
	assert_int_equal(fixture->asks, 2);
	memory_finish(&memory);
	assert_int_equal(fixture->withdrawn, 1);
}

// One question for both; once lets one of them through.
static void test_same_question_twice(void **state) {
	struct fixture *fixture = *state;
	struct memory one, two;
	ask(fixture, &one, GET);
	ask(fixture, &two, GET);
	assert_int_equal(fixture->asks, 1);
	answer(fixture, LEAVE_ONCE, "ann/den");
	expect_code(&one, OP_OK);
	assert_false(two.replied);
	assert_int_equal(fixture->asks, 2);
	answer(fixture, LEAVE_ONCE, "ann/den");
	expect_code(&two, OP_OK);
	assert_null(fixture->asked);
}

static void test_caller_hangs_up(void **state) {
	struct fixture *fixture = *state;
	struct memory one, two;
	ask(fixture, &one, GET);
	ask(fixture, &two, GET);
	memory_finish(&one);
	assert_int_equal(fixture->withdrawn, 0);
	memory_finish(&two);
	assert_int_equal(fixture->withdrawn, 1);
}

static void test_box_goes(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	ask(fixture, &memory, GET);
	box_destroy(fixture->x);
	expect_code(&memory, OP_ENOENT);
	assert_int_equal(fixture->withdrawn, 1);
}

// What is below a box may have a list of its own: it is that which leave for always changes.
static void test_what_looks(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	fixture->letters = "kG";
	ask(fixture, &memory, "getmem\nname /deep/link\n");
	assert_false(memory.replied);
	assert_string_equal(fixture->asked->title,
		"bob, at pc, wants to read /deep/link (always: all of /deep/in)");
	answer(fixture, LEAVE_ALWAYS, "ann/den");
	assert_true(memory.replied && memory_code(&memory) == OP_OK);
	assert_memory_equal(buf_front(&memory.bytes), "in/found", 8);
	memory_finish(&memory);
	assert_string_equal(fixture->allowed, "in: bob kg");
	ask(fixture, &memory, "getmem\nname /deep/link\n");
	fixture->letters = "k"; // while he waits
	answer(fixture, LEAVE_ONCE, "ann/den");
	expect_code(&memory, OP_EPERM);
	fixture->letters = "";
	ask(fixture, &memory, "delete\nname /deep/link\n"); // nor that it serves no such verb
	expect_code(&memory, OP_ENOENT);
	fixture->letters = "kd";
	ask(fixture, &memory, "delete\nname /deep/link\n");
	expect_code(&memory, OP_EUNSUPP);
}

// Leave that stands is for that box, not for the next of its name.
static void test_leave_goes_with_its_box(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	ask(fixture, &memory, GET);
	answer(fixture, LEAVE_UNTIL, "ann/den");
	expect_code(&memory, OP_OK);
	box_destroy(fixture->x);
	assert_int_equal(fixture->withdrawn, 1);
	struct box *x = box_create(box_tree_root(fixture->tree), "x", &x_type, "text", fixture);
	box_set_acl(x, "bob kG", NULL);
	ask(fixture, &memory, GET);
	assert_false(memory.replied);
	memory_finish(&memory);
}

// The first that is let through ends the box for those behind it.
static void test_box_goes_by_the_answer(void **state) {
	struct fixture *fixture = *state;
	struct memory one, two;
	ask(fixture, &one, "delete\nname /x\n");
	ask(fixture, &two, "delete\nname /x\n");
	answer(fixture, LEAVE_ALWAYS, "ann/den");
	expect_code(&one, OP_OK);
	expect_code(&two, OP_ENOENT);
	ask(fixture, &one, GET);
	expect_code(&one, OP_ENOENT);
}

// What he may not, even asked, is looked up again when the answer comes.
static void test_list_changes_meanwhile(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	ask(fixture, &memory, GET);
	box_set_acl(fixture->x, "bob k", NULL);
	answer(fixture, LEAVE_ONCE, "ann/den");
	expect_code(&memory, OP_EPERM);
}

static void test_answered_by_one_who_may_not(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	box_set_acl(fixture->x, "ann/phone kp", NULL);
	for (int leave = LEAVE_ONCE; leave <= LEAVE_ALWAYS; leave++) {
		ask(fixture, &memory, GET);
		answer(fixture, (enum asking_leave)leave, "ann/phone");
		expect_code(&memory, OP_EASK);
		ask(fixture, &memory, GET);
		answer(fixture, (enum asking_leave)leave, "carl/pc");
		expect_code(&memory, OP_EASK);
	}
	assert_string_equal(fixture->x->acl->lines[0].letters, "kGPD");
}

// Its body waits with it, and is the box's.
static void test_body_waits(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	ask(fixture, &memory, "putmem\nname /x\nbody 3\n");
	assert_true(memory.paused);
	answer(fixture, LEAVE_ONCE, "ann/den");
	assert_false(memory.paused);
	memory_send_text(&memory, "abc");
	memory_send_end(&memory);
	expect_code(&memory, OP_OK);
	assert_int_equal(fixture->written.size, 3);
}

static void test_nobody_is_asked_in_vain(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	ask(fixture, &memory, "getmem\nname /x\nwant image\n");
	expect_code(&memory, OP_EMATCH);
	box_set_acl(fixture->x, "bob kGL", NULL);
	ask(fixture, &memory, "link\nname /x\ndevice /y\n");
	expect_code(&memory, OP_EUNSUPP);
	box_set_acl(fixture->x, "bob KG", NULL); // learns nothing of the type before
	ask(fixture, &memory, "getmem\nname /x\nwant image\n");
	assert_false(memory.replied);
	answer(fixture, LEAVE_ONCE, "ann/den");
	expect_code(&memory, OP_EMATCH);
	assert_int_equal(fixture->asks, 1);
}

// Rights below a box that walks are its own: always is for all of it, and says so.
static void test_below(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	ask(fixture, &memory, "getmem\nname /files/a/b\n");
	assert_string_equal(fixture->asked->title,
		"bob, at pc, wants to read /files/a/b (always: all of /files)");
	answer(fixture, LEAVE_UNTIL, "ann/den");
	assert_string_equal(memory_text(&memory), "a/b");
	expect_code(&memory, OP_OK);
	ask(fixture, &memory, "getmem\nname /files/c\n"); // leave for one is none for the other
	assert_false(memory.replied);
	memory_finish(&memory);
}

static void test_nobody_can_be_asked(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	ask(fixture, &memory, GET);
	box_tree_set_asker(fixture->tree, NULL);
	expect_code(&memory, OP_EASK);
	ask(fixture, &memory, GET);
	expect_code(&memory, OP_EASK);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_always, setup, teardown),
		cmocka_unit_test_setup_teardown(test_until, setup, teardown),
		cmocka_unit_test_setup_teardown(test_until_it_is_taken_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_question_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(test_caller_hangs_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_looks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_box_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_leave_goes_with_its_box, setup, teardown),
		cmocka_unit_test_setup_teardown(test_box_goes_by_the_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list_changes_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answered_by_one_who_may_not, setup, teardown),
		cmocka_unit_test_setup_teardown(test_body_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_is_asked_in_vain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_below, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_can_be_asked, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
