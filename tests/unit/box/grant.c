/* SPDX-License-Identifier: MIT */
/*
 * grant.c - promises of box/grant.h: one text for one grant, and each way in which a grant is not
 * good, beside the one in which it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "box/grant.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define NOW 1700000000
#define TEXT \
	"grant/1\n" \
	"id 00112233445566778899aabbccddeeff\n" \
	"person " KEY "1\nby " KEY "2\nholder " KEY "3\nto " KEY "4\n" \
	"verbs kind putmem\nname /fs/a letter\nfrom 1700000000\nuntil 1700000600\nuse once\n\n"

static void parse(struct grant *grant) {
	struct op_refusal why;
	if (grant_parse(grant, TEXT, strlen(TEXT), &why) != strlen(TEXT)) {
		fail_msg("%s", why.sentence);
	}
}

static void test_text(void **state) {
	struct grant *grant = malloc(sizeof(*grant));
	struct buf text;
	parse(grant);
	assert_string_equal(grant->holder, KEY "3");
	assert_string_equal(grant->name, "/fs/a letter");
	assert_int_equal(grant->verbs, 1 << OP_KIND | 1 << OP_PUTMEM);
	assert_int_equal(grant->until, NOW + 600);
	assert_int_equal(grant->use, GRANT_ONCE);
	buf_init(&text);
	assert_true(grant_print(grant, &text));
	assert_int_equal(text.size, strlen(TEXT));
	assert_memory_equal(buf_front(&text), TEXT, text.size);
	buf_finish(&text);
	free(grant);
}

// Cut anywhere, and with any one byte changed, it is none, or another one: never the same.
static void test_no_other_text(void **state) {
	struct grant *grant = malloc(sizeof(*grant));
	struct op_refusal why;
	char *text = malloc(strlen(TEXT));
	for (size_t size = 0; size < strlen(TEXT); size++) {
		memcpy(text, TEXT, size);
		char *exact = malloc(size + 1); // so that a read behind it is seen
		memcpy(exact, TEXT, size);
		assert_int_equal(grant_parse(grant, exact, size, &why), 0);
		assert_int_equal(why.code, OP_EARG);
		free(exact);
	}
	for (size_t at = 0; at < strlen(TEXT); at++) {
		struct buf again;
		memcpy(text, TEXT, strlen(TEXT));
		text[at] ^= 1;
		size_t size = grant_parse(grant, text, strlen(TEXT), &why);
		if (size == 0) {
			continue;
		}
		buf_init(&again);
		assert_true(grant_print(grant, &again));
		assert_int_equal(again.size, size);
		assert_memory_equal(buf_front(&again), text, size);
		buf_finish(&again);
	}
	free(text);
	free(grant);
}

static void test_bad_text(void **state) {
	static const char *const pairs[][2] = { // in place of the first, the second
		{"grant/1", "grant/2"}, {"id 0011", "id 0011\nid 0011"}, {"ccddeeff", "CCDDEEFF"},
		{"ccddeeff", "ccddeef"}, {"ccddeeff", "ccddeeff0"}, {"person", "persona"}, {"by ", "by  "},
		{"kind putmem", "putmem kind"}, {"kind putmem", "kind kind"}, {"kind putmem", "kind "},
		{"kind putmem", "kind  putmem"}, {"verbs kind putmem", "verbs "}, {"putmem", "steal"},
		{"name /fs/a letter", "name fs"}, {"name /fs/a letter", "name /fs/../etc"},
		{"from 1700000000", "from 01700000000"}, {"from 1700000000", "from -1"},
		{"from 1700000000", "from 9999999999999"}, {"from 1700000000", "from 0"},
		{"use once", "use twice"}, {"use once", "use once\nmore 1"}, {"use once\n", "use once\r\n"},
		{"holder", "to"},
	};
	struct grant *grant = malloc(sizeof(*grant));
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct op_refusal why;
		char text[2048];
		const char *at = strstr(TEXT, pairs[i][0]);
		assert_non_null(at);
		int size = snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - TEXT), TEXT, pairs[i][1],
			at + strlen(pairs[i][0]));
		if (grant_parse(grant, text, (size_t)size, &why) != 0) {
			fail_msg("taken: %s", text);
		}
	}
	free(grant);
}

static const struct grant_case good = {
	.holder = KEY "3", .to = KEY "4", .verb = OP_PUTMEM, .name = "/fs/a letter", .now = NOW + 1,
};

static void expect(const struct grant_case *wanted, enum op_code code, const char *says) {
	struct grant *grant = malloc(sizeof(*grant));
	struct op_refusal why = {0};
	parse(grant);
	enum op_code got = grant_covers(grant, wanted, &why);
	if (got != code || (says && !strstr(why.sentence, says))) {
		fail_msg("%s %s, and not %s", op_code_name(got), why.sentence, says ? says : "ok");
	}
	free(grant);
}

static void test_covers(void **state) {
	struct grant_case wanted = good;
	expect(&wanted, OP_OK, NULL);
	wanted.verb = OP_KIND;
	expect(&wanted, OP_OK, NULL);
	static const int64_t times[] = {NOW - 300, NOW, NOW + 600, NOW + 900, 0};
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		wanted.now = times[i];
		expect(&wanted, OP_OK, NULL);
	}
}

static void test_covers_nothing_else(void **state) {
	struct grant_case wanted = good;
	wanted.holder = KEY "4";
	expect(&wanted, OP_EPERM, "another machine than came");
	wanted = good;
	wanted.to = KEY "3";
	expect(&wanted, OP_EPERM, "for another machine");
	wanted = good;
	wanted.verb = OP_GETMEM;
	expect(&wanted, OP_EPERM, "not for getmem");
	static const char *const names[] = {"/fs/a", "/fs/a letter/x", "/fs/a lette", "/", "/fs/A letter"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		wanted = good;
		wanted.name = names[i];
		expect(&wanted, OP_EPERM, names[i]);
	}
	wanted = good;
	wanted.now = NOW - 301;
	expect(&wanted, OP_EPERM, "clocks");
	wanted.now = NOW + 901;
	expect(&wanted, OP_EPERM, "ran out");
}

static void expect_grant(const struct grant *grant, enum op_verb verb, enum op_code code) {
	struct grant_case wanted = good;
	struct op_refusal why;
	wanted.verb = verb;
	assert_int_equal(grant_covers(grant, &wanted, &why), code);
}

// Who holds a grant gets no farther than the box: not on, and nothing made.
static void test_no_verb_that_goes_on(void **state) {
	struct grant *grant = malloc(sizeof(*grant));
	parse(grant);
	grant->verbs = UINT32_MAX;
	for (int use = GRANT_ONCE; use <= GRANT_MEMBER; use++) {
		grant->use = (enum grant_use)use;
		for (int verb = 0; verb < OP_VERBS; verb++) {
			bool bytes = verb == OP_KIND || verb == OP_GETMEM || verb == OP_PUTMEM;
			bool may = use == GRANT_MEMBER ? false : bytes || (use == GRANT_NS && verb == OP_SELECTORS);
			expect_grant(grant, (enum op_verb)verb, may ? OP_OK : OP_EPERM);
		}
	}
	free(grant);
}

static void test_how_long(void **state) {
	static const struct {
		enum grant_use use;
		int64_t seconds;
		enum op_code code;
	} cases[] = {
		{GRANT_ONCE, 600, OP_OK}, {GRANT_ONCE, 601, OP_EPERM}, {GRANT_LINK, 86400, OP_OK},
		{GRANT_LINK, 86401, OP_EPERM}, {GRANT_NS, 86400, OP_OK}, {GRANT_NS, 86401, OP_EPERM},
		{GRANT_ONCE, -1, OP_EPERM}, {GRANT_MEMBER, -1, OP_EPERM},
	};
	struct grant *grant = malloc(sizeof(*grant));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse(grant);
		grant->use = cases[i].use;
		grant->until = grant->from + cases[i].seconds;
		expect_grant(grant, OP_PUTMEM, cases[i].code);
	}
	free(grant);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_no_other_text),
		cmocka_unit_test(test_bad_text),
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_covers_nothing_else),
		cmocka_unit_test(test_no_verb_that_goes_on),
		cmocka_unit_test(test_how_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
