/* SPDX-License-Identifier: MIT */
/*
 * perm.c - promises of box/perm.h.
 */
#include "box/perm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct subject ann = {"ann", "den"}, ann_laptop = {"ann", "laptop"};
static const struct subject bob = {"bob", "pc"}, eve = {"eve", "x"};

static void set(struct acl *acl, const char *line) {
	struct op_refusal refusal;
	if (acl_set(acl, line, &refusal) != OP_OK) {
		fail_msg("%s: %s", line, refusal.sentence);
	}
}

static void check_letters(const struct acl *acl, const struct subject *subject,
		const char *expected) {
	char letters[PERM_LETTERS_SIZE];
	assert_string_equal(acl_letters(acl, "ann", subject, letters), expected);
}

static void test_subject(void **state) {
	struct subject subject;
	char text[SUBJECT_SIZE];
	assert_int_equal(subject_parse(&subject, "ann/den", NULL), OP_OK);
	assert_string_equal(subject.person, "ann");
	assert_string_equal(subject.machine, "den");
	assert_string_equal(subject_print(&subject, text), "ann/den");
	static const char *const wrong[] = {"", "ann", "/", "ann/", "/den", "ann/den/x", "a n/den",
		"ann/d\n", "owner/den", "*/den", "-/den", "\xff/den"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct op_refusal refusal = {0};
		assert_int_equal(subject_parse(&subject, wrong[i], &refusal), OP_EARG);
		assert_int_equal(refusal.code, OP_EARG);
	}
}

static void test_subject_limits(void **state) {
	char text[SUBJECT_SIZE + 2] = "", longest[SUBJECT_SIZE];
	struct subject subject;
	memset(text, 'p', OP_MAX_SUBJECT);
	text[OP_MAX_SUBJECT] = '/';
	memset(text + OP_MAX_SUBJECT + 1, 'm', OP_MAX_SUBJECT);
	assert_int_equal(subject_parse(&subject, text, NULL), OP_OK);
	assert_string_equal(subject_print(&subject, longest), text);
	text[2 * OP_MAX_SUBJECT + 1] = 'm';
	assert_int_equal(subject_parse(&subject, text, NULL), OP_E2BIG);
	assert_int_equal(subject_check_part(longest + OP_MAX_SUBJECT + 1, NULL), OP_OK);
	assert_int_equal(subject_check_part(text + OP_MAX_SUBJECT + 1, NULL), OP_E2BIG);
}

static void test_without_lines(void **state) {
	struct acl empty = {0};
	check_letters(NULL, &ann, "ksgplmdi");
	check_letters(NULL, &bob, "");
	check_letters(&empty, &ann, "ksgplmdi");
	check_letters(&empty, &bob, "");
}

static void test_most_exact_decides(void **state) {
	struct acl acl = {0};
	set(&acl, "* k");
	check_letters(&acl, &ann, "ksgplmdi"); // others' line is not the owner's
	check_letters(&acl, &eve, "k");
	set(&acl, "bob gk");
	check_letters(&acl, &bob, "kg");
	set(&acl, "bob/pc kd");
	check_letters(&acl, &bob, "kd"); // alone: no g
	set(&acl, "owner kg");
	check_letters(&acl, &ann, "kgi"); // may always see and change
	set(&acl, "ann p");
	check_letters(&acl, &ann, "kpi");
	set(&acl, "ann/laptop g");
	check_letters(&acl, &ann_laptop, "g"); // a machine may be shut out
	check_letters(&acl, &ann, "kpi");
}

static void test_ask(void **state) {
	struct acl acl = {0};
	set(&acl, "bob kGl");
	check_letters(&acl, &bob, "kGl");
	assert_int_equal(acl_allows(&acl, "ann", &bob, 'k'), PERM_YES);
	assert_int_equal(acl_allows(&acl, "ann", &bob, 'g'), PERM_ASK);
	assert_int_equal(acl_allows(&acl, "ann", &bob, 'p'), PERM_NO);
}

static void test_replace_and_take_away(void **state) {
	struct acl acl = {0};
	set(&acl, "bob k");
	set(&acl, "eve kg");
	set(&acl, "bob kp");
	assert_int_equal(acl.size, 2);
	check_letters(&acl, &bob, "kp");
	set(&acl, "bob -");
	assert_int_equal(acl.size, 1);
	check_letters(&acl, &bob, "");
	check_letters(&acl, &eve, "kg");
	set(&acl, "bob -"); // not there: nothing to do
	assert_int_equal(acl.size, 1);
}

static void test_refused(void **state) {
	static const char *const wrong[] = {"", "bob", "bob ", " k", "bob x", "bob kk", "bob kK",
		"bob k g", "bob k-", "bo b k", "bob/ k", "/pc k", "bob/pc/x k", "owner/den k",
		"*/* k"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct acl acl = {0};
		struct op_refusal refusal = {0};
		if (acl_set(&acl, wrong[i], &refusal) != OP_EARG) {
			fail_msg("\"%s\" was taken", wrong[i]);
		}
		assert_int_equal(refusal.code, OP_EARG);
		assert_int_equal(acl.size, 0);
	}
}

static void test_limit(void **state) {
	struct acl acl = {0};
	char line[] = "p00 kg";
	for (int i = 0; i < OP_MAX_ACL; i++) {
		line[1] = (char)('0' + i / 10);
		line[2] = (char)('0' + i % 10);
		set(&acl, line);
	}
	assert_int_equal(acl.size, OP_MAX_ACL);
	assert_int_equal(acl_set(&acl, "bob k", NULL), OP_E2BIG);
	set(&acl, "p00 k"); // one that is there can be changed
	set(&acl, "p00 -");
	set(&acl, "bob k");
	assert_int_equal(acl.size, OP_MAX_ACL);
	check_letters(&acl, &bob, "k");
}

// Lines of all his groups count together, behind those for himself.
static void test_groups(void **state) {
	struct subject member = {"bob", "pc", {"family", "work"}, 2};
	struct acl acl = {0};
	set(&acl, "family kG");
	check_letters(&acl, &member, "kG");
	check_letters(&acl, &bob, "");
	set(&acl, "work gs");
	check_letters(&acl, &member, "ksg"); // small where one says so
	set(&acl, "* kp");
	check_letters(&acl, &member, "ksg");
	check_letters(&acl, &bob, "kp");
	set(&acl, "bob d");
	check_letters(&acl, &member, "d");
	set(&acl, "bob/pc i");
	check_letters(&acl, &member, "i");
	char line[ACL_LINE_SIZE];
	set(&acl, "bob -");
	set(&acl, "bob/pc -");
	assert_string_equal(acl_line_with(&acl, "ann", &member, 'd', line), "bob ksgd");
}

static void test_subject_with_groups(void **state) {
	struct subject subject;
	char text[SUBJECT_AS_SIZE];
	assert_int_equal(subject_parse_as(&subject, "bob/pc", NULL), OP_OK);
	assert_int_equal(subject.groups_size, 0);
	assert_int_equal(subject_parse_as(&subject, "bob/pc family work", NULL), OP_OK);
	assert_string_equal(subject_print_as(&subject, text), "bob/pc family work");
	static const char *const wrong[] = {"bob", "bob/pc ", "bob/pc  work", "bob/pc a/b", "bob/pc work ",
		"bob/pc *", "bob/pc owner", " bob/pc"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(subject_parse_as(&subject, wrong[i], NULL), OP_EARG);
	}
	strcpy(text, "bob/pc");
	for (int i = 0; i < SUBJECT_GROUPS; i++) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " g%d", i);
	}
	assert_int_equal(subject_parse_as(&subject, text, NULL), OP_OK);
	assert_int_equal(subject.groups_size, SUBJECT_GROUPS);
	strcat(text, " one");
	assert_int_equal(subject_parse_as(&subject, text, NULL), OP_E2BIG);
}

static void step(struct perm_path *path, const char *owner, const char *line, const char *letters) {
	struct perm_step step = {0};
	snprintf(step.owner, sizeof(step.owner), "%s", owner);
	if (line) {
		set(&step.acl, line);
	}
	bool decided = perm_path_step(path, &step);
	assert_string_equal(path->letters, letters);
	assert_true(line || !decided);
}

static void test_path(void **state) {
	struct acl acl = {0};
	struct perm_path path;
	set(&acl, "bob ksG");
	perm_path_begin(&path, &acl, "ann", &bob);
	assert_string_equal(path.letters, "ksG");
	step(&path, "", "eve kg", "ksG"); // of somebody else
	step(&path, "", "bob kg", "kg");
	step(&path, "eve", NULL, "kg"); // another's thing in it
	assert_string_equal(path.owner, "eve");
	step(&path, "bob", NULL, "ksgplmdi");
	step(&path, "", "bob g", "kgi"); // he shuts himself out, and can come back
	step(&path, "", "* k", "kgi"); // others' line is not the owner's
	step(&path, "eve", "* s", "s");
	perm_path_begin(&path, &acl, "ann", &ann);
	step(&path, "bob", "ann g", "kgdi"); // it is on her disk
	step(&path, "", "owner k", "kgdi");
	perm_path_begin(&path, &acl, "ann", &eve);
	step(&path, "", "* k", "k");
	step(&path, "", "* kG", "kG");
	assert_int_equal(letters_allow(path.letters, 'g'), PERM_ASK);
	char line[ACL_LINE_SIZE];
	assert_string_equal(perm_line_with("eve", path.letters, 'g', line), "eve kg");
}

// A machine that the box's list speaks of has what that says, and nothing as its person's.
static void test_path_of_a_machine(void **state) {
	struct acl acl = {0};
	struct perm_path path;
	set(&acl, "ann/laptop ks");
	perm_path_begin(&path, &acl, "ann", &ann_laptop);
	step(&path, "", NULL, "ks");
	step(&path, "bob", NULL, "ks");
	step(&path, "ann", NULL, "ks");
	step(&path, "", "ann/laptop kg", "kg");
}

static void test_broken_step(void **state) {
	struct acl acl = {0};
	struct perm_step broken = {.broken = true}, nobodys = {.owner = "*", .broken = true};
	struct perm_path path;
	set(&acl, "bob ksgplmdi");
	set(&acl, "eve kg");
	set(&broken.acl, "eve kg"); // as far as it was understood
	perm_path_begin(&path, &acl, "ann", &eve);
	assert_false(perm_path_step(&path, &broken));
	assert_string_equal(path.letters, "");
	perm_path_begin(&path, &acl, "ann", &bob);
	step(&path, "bob", NULL, "ksgplmdi");
	perm_path_step(&path, &broken);
	assert_string_equal(path.letters, "ksgplmdi");
	perm_path_step(&path, &nobodys);
	assert_string_equal(path.letters, "");
	perm_path_begin(&path, &acl, "ann", &ann);
	perm_path_step(&path, &nobodys);
	assert_string_equal(path.letters, "ksgplmdi");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subject),
		cmocka_unit_test(test_subject_limits),
		cmocka_unit_test(test_without_lines),
		cmocka_unit_test(test_most_exact_decides),
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_replace_and_take_away),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_subject_with_groups),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_path_of_a_machine),
		cmocka_unit_test(test_broken_step),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
