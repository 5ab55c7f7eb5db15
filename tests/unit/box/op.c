/* SPDX-License-Identifier: MIT */
/*
 * op.c - promises of box/op.h. What messages look like is tested with tests/golden too.
 */
#include "box/op.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum op_code decode(struct op_head *head, enum op_role role, const char *text,
		struct op_refusal *refusal) {
	refusal->sentence[0] = '\0';
	return op_decode(head, role, text, strlen(text), refusal);
}

static char *encode(const struct op_head *head) {
	struct buf out;
	struct op_refusal refusal;
	buf_init(&out);
	if (op_encode(head, &out, &refusal) != OP_OK) {
		fail_msg("cannot encode: %s", refusal.sentence);
	}
	char *text = strndup((char *)buf_front(&out), out.size);
	buf_finish(&out);
	return text;
}

static void check_encoded(const struct op_head *head, const char *expected) {
	char *text = encode(head);
	assert_string_equal(text, expected);
	free(text);
}

static void test_request(void **state) {
	struct op_head head;
	op_head_init_request(&head, OP_LINK);
	op_set(&head, OP_F_NAME, "/win/7/kbd");
	op_set(&head, OP_F_DEVICE, "/kbd/0");
	op_set_flag(&head, OP_F_ONLY);
	check_encoded(&head, "op/1 link\nname /win/7/kbd\ndevice /kbd/0\nonly\n\n");
	assert_true(op_has(&head, OP_F_ONLY));
	assert_false(op_has(&head, OP_F_WANT));
	assert_null(op_get(&head, OP_F_WANT));
	op_head_finish(&head);
	op_head_finish(&head);
}

static void test_set_add_unset(void **state) {
	struct op_head head;
	op_head_init_request(&head, OP_MAKE);
	op_add(&head, OP_F_ARG, "ls");
	op_set(&head, OP_F_NAME, "/proc/1");
	op_add(&head, OP_F_ARG, "");
	op_add(&head, OP_F_ARG, "two words");
	op_set(&head, OP_F_NAME, "/proc/2");
	op_set_number(&head, OP_F_CARRIED, 1234567890123);
	size_t at = 0;
	assert_string_equal(op_get(&head, OP_F_NAME), "/proc/2");
	assert_string_equal(op_get(&head, OP_F_ARG), "ls");
	assert_string_equal(op_each(&head, OP_F_ARG, &at), "ls");
	assert_string_equal(op_each(&head, OP_F_ARG, &at), "");
	assert_string_equal(op_each(&head, OP_F_ARG, &at), "two words");
	assert_null(op_each(&head, OP_F_ARG, &at));
	assert_int_equal(op_get_number(&head, OP_F_CARRIED, 5), 1234567890123);
	assert_int_equal(op_get_number(&head, OP_F_SIZE, 5), 5);
	// What is set may be made of what was there.
	op_setf(&head, OP_F_NAME, "%s/x", op_get(&head, OP_F_NAME));
	op_unset(&head, OP_F_CARRIED);
	check_encoded(&head, "op/1 make\narg ls\narg\narg two words\nname /proc/2/x\n\n");
	op_unset(&head, OP_F_ARG);
	check_encoded(&head, "op/1 make\nname /proc/2/x\n\n");
	op_head_finish(&head);
}

static void test_body(void **state) {
	struct op_head head;
	uint64_t size = 99;
	op_head_init_reply(&head);
	assert_int_equal(op_body_of(&head, &size), OP_BODY_NONE);
	op_set_body(&head, OP_BODY_BYTES, 7);
	assert_int_equal(op_body_of(&head, &size), OP_BODY_BYTES);
	assert_int_equal(size, 7);
	check_encoded(&head, "ok\nbody 7\n\n");
	op_set_body(&head, OP_BODY_CHUNKS, 0);
	assert_int_equal(op_body_of(&head, NULL), OP_BODY_CHUNKS);
	op_set_body(&head, OP_BODY_FRAMES, 0);
	assert_int_equal(op_body_of(&head, NULL), OP_BODY_FRAMES);
	check_encoded(&head, "ok\nbody frames\n\n");
	op_set(&head, OP_F_BODY, "none");
	assert_int_equal(op_body_of(&head, NULL), OP_BODY_NONE);
	op_set_body(&head, OP_BODY_NONE, 0);
	check_encoded(&head, "ok\n\n");
	op_head_finish(&head);
}

static void test_copy(void **state) {
	struct op_head head, copy;
	struct op_refusal refusal;
	assert_int_equal(decode(&head, OP_REQUEST, "op/1 getmem\nx-new v\nname /a\noffset 12\n\n",
		&refusal), OP_OK);
	assert_true(op_head_copy(&copy, &head));
	op_head_finish(&head);
	assert_int_equal(op_get_number(&copy, OP_F_OFFSET, 0), 12);
	check_encoded(&copy, "op/1 getmem\nx-new v\nname /a\noffset 12\n\n");
	op_head_finish(&copy);
}

static void test_refusal(void **state) {
	struct op_head head, in;
	struct op_refusal refusal;
	op_head_init_reply(&head);
	assert_int_equal(op_refuse(&head.refusal, OP_ENOENT, "no such box %s", "/w\\"), OP_ENOENT);
	op_set_number(&head, OP_F_TTL, 1000);
	check_encoded(&head, "no ENOENT no such box /w\\\\\nttl 1000\n\n");
	op_head_finish(&head);
	assert_int_equal(decode(&in, OP_REPLY, "no ENOENT no such box /w\\\\\nttl 5\n\n", &refusal),
		OP_OK);
	assert_int_equal(in.refusal.code, OP_ENOENT);
	assert_string_equal(in.refusal.sentence, "no such box /w\\");
	assert_int_equal(op_get_number(&in, OP_F_TTL, 0), 5);
	op_head_finish(&in);
	assert_int_equal(op_refuse(NULL, OP_EIO, "x"), OP_EIO);
}

// Whatever a peer sent goes into a sentence as one line of UTF-8 that fits.
static void test_refusal_is_plain(void **state) {
	struct op_refusal refusal;
	op_refuse(&refusal, OP_EARG, "%s", "a\nb\x1b[2J\xff\xc3\xa9\x7f");
	assert_string_equal(refusal.sentence, "a?b?[2J?\xc3\xa9?");
	char text[2000];
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	op_refuse(&refusal, OP_EARG, "%s", text);
	assert_int_equal(strlen(refusal.sentence), OP_MAX_SENTENCE);
	memcpy(text + OP_MAX_SENTENCE - 1, "\xc3\xa9", 2); // cut in the middle of a character
	op_refuse(&refusal, OP_EARG, "%s", text);
	assert_int_equal(strlen(refusal.sentence), OP_MAX_SENTENCE - 1);
}

static void test_sentence_limit(void **state) {
	char text[OP_MAX_SENTENCE + 40] = "no EIO ";
	struct op_head head;
	struct op_refusal refusal;
	memset(text + 7, 's', OP_MAX_SENTENCE);
	strcpy(text + 7 + OP_MAX_SENTENCE, "\n\n");
	assert_int_equal(decode(&head, OP_REPLY, text, &refusal), OP_OK);
	assert_int_equal(strlen(head.refusal.sentence), OP_MAX_SENTENCE);
	op_head_finish(&head);
	strcpy(text + 7 + OP_MAX_SENTENCE, "s\n\n");
	assert_int_equal(decode(&head, OP_REPLY, text, &refusal), OP_E2BIG);
}

static void test_every_byte_comes_back(void **state) {
	char value[256], name[16];
	struct op_head head, in;
	struct op_refusal refusal;
	struct buf out;
	for (int i = 0; i < 255; i++) {
		value[i] = (char)(i + 1);
	}
	value[255] = '\0';
	snprintf(name, sizeof(name), "/a b\\%c", '%');
	op_head_init_request(&head, OP_MAKE);
	op_set(&head, OP_F_NAME, name);
	op_add(&head, OP_F_ENV, value);
	op_add(&head, OP_F_ENV, " lead and trail ");
	op_add(&head, OP_F_ENV, "gr\xc3\xbc\xc3\x9f");
	buf_init(&out);
	assert_int_equal(op_encode(&head, &out, NULL), OP_OK);
	const char *text = (const char *)buf_front(&out);
	for (size_t i = 0; i < out.size; i++) { // lines stay lines
		assert_true((unsigned char)text[i] >= 0x20 || text[i] == '\n');
	}
	assert_non_null(memmem(text, out.size, "gr\xc3\xbc\xc3\x9f", 6)); // readable
	assert_int_equal(op_decode(&in, OP_REQUEST, text, out.size, &refusal), OP_OK);
	size_t at = 0;
	assert_string_equal(op_get(&in, OP_F_NAME), name);
	assert_string_equal(op_each(&in, OP_F_ENV, &at), value);
	assert_string_equal(op_each(&in, OP_F_ENV, &at), " lead and trail ");
	assert_string_equal(op_each(&in, OP_F_ENV, &at), "gr\xc3\xbc\xc3\x9f");
	op_head_finish(&head);
	op_head_finish(&in);
	buf_finish(&out);
}

static void test_unescape(void **state) {
	static const struct {
		const char *text, *value; // NULL: wrong
	} cases[] = {
		{"", ""},
		{"a\\nb\\tc\\\\d", "a\nb\tc\\d"},
		{"\\x41\\x7a\\xFf\\xfF", "Az\xff\xff"},
		{"\\\\n", "\\n"},
		{"%2f%", "%2f%"},
		{"\\", NULL},
		{"\\q", NULL},
		{"\\x", NULL},
		{"\\x4", NULL},
		{"\\xg0", NULL},
		{"\\x0g", NULL},
		{"\\x00", NULL},
		{"\\N", NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = strdup(cases[i].text); // so that a read beyond its end is seen
		assert_int_equal(op_unescape(text), cases[i].value != NULL);
		if (cases[i].value) {
			assert_string_equal(text, cases[i].value);
		}
		free(text);
	}
}

static void test_head_size(void **state) {
	struct op_refusal refusal = {.code = OP_EIO};
	const char *text = "op/1 kind\nname /\n\nbody";
	for (size_t i = 0; i < 18; i++) {
		assert_int_equal(op_head_size(text, i, &refusal), 0);
		assert_int_equal(refusal.code, OP_OK);
	}
	assert_int_equal(op_head_size(text, 18, &refusal), 18);
	assert_int_equal(op_head_size(text, 22, &refusal), 18);
	assert_int_equal(op_head_size("\nname /\n\n", 9, &refusal), 1); // an entry without fields
	assert_int_equal(op_head_size("\n", 1, NULL), 1);
	assert_int_equal(op_head_size(NULL, 0, &refusal), 0);
}

// A head of exactly so many bytes.
static char *head_of_size(size_t size) {
	const char *begin = "op/1 kind\nname /\nx-pad ";
	char *text = malloc(size + 1);
	memset(text, 'p', size);
	memcpy(text, begin, strlen(begin));
	memcpy(text + size - 2, "\n\n", 3);
	return text;
}

static void test_head_limit(void **state) {
	struct op_refusal refusal;
	struct op_head head;
	char *text = head_of_size(OP_MAX_HEAD);
	assert_int_equal(op_head_size(text, OP_MAX_HEAD, &refusal), OP_MAX_HEAD);
	assert_int_equal(op_decode(&head, OP_REQUEST, text, OP_MAX_HEAD, &refusal), OP_OK);
	struct buf out;
	buf_init(&out);
	assert_int_equal(op_encode(&head, &out, &refusal), OP_OK);
	assert_int_equal(out.size, OP_MAX_HEAD);
	free(text);
	// One more, and nothing of it is written.
	char *longer = malloc(strlen(head.entries[1].text) + 2);
	strcat(strcpy(longer, head.entries[1].text), "p");
	free(head.entries[1].text);
	head.entries[1].text = longer;
	assert_int_equal(op_encode(&head, &out, &refusal), OP_E2BIG);
	assert_int_equal(out.size, OP_MAX_HEAD);
	op_head_finish(&head);
	buf_finish(&out);

	text = head_of_size(OP_MAX_HEAD + 1);
	// Refused as soon as it is known, not when it ends.
	assert_int_equal(op_head_size(text, OP_MAX_HEAD - 1, &refusal), 0);
	assert_int_equal(refusal.code, OP_OK);
	assert_int_equal(op_head_size(text, OP_MAX_HEAD, &refusal), 0);
	assert_int_equal(refusal.code, OP_E2BIG);
	assert_int_equal(op_decode(&head, OP_REQUEST, text, OP_MAX_HEAD + 1, &refusal), OP_E2BIG);
	free(text);
}

static void test_not_one_head(void **state) {
	struct op_head head;
	struct op_refusal refusal;
	assert_int_equal(decode(&head, OP_REQUEST, "", &refusal), OP_EARG);
	assert_int_equal(decode(&head, OP_REQUEST, "op/1 kind\nname /\n", &refusal), OP_EARG);
	assert_int_equal(decode(&head, OP_REQUEST, "op/1 kind\nname /\n\nx", &refusal), OP_EARG);
	assert_int_equal(decode(&head, OP_REQUEST, "\n", &refusal), OP_EARG);
	assert_int_equal(decode(&head, OP_REPLY, "\n", &refusal), OP_EARG);
	assert_int_equal(decode(&head, OP_ENTRY, "\n", &refusal), OP_OK);
	assert_int_equal(head.count, 0);
	assert_int_equal(op_decode(&head, OP_REQUEST, "op/1 kind\nname /\0\n\n", 19, &refusal),
		OP_EARG);
}

// A refusal leaves nothing behind, and says where it was.
static void test_refused_head_is_empty(void **state) {
	struct op_head head;
	struct op_refusal refusal;
	assert_int_equal(decode(&head, OP_REQUEST, "op/1 kind\nname /a\nx-new v\nname /b\n\n",
		&refusal), OP_EARG);
	assert_int_equal(head.count, 0);
	assert_null(head.entries);
	assert_non_null(strstr(refusal.sentence, "line 4"));
	assert_non_null(strstr(refusal.sentence, "name"));
	assert_int_equal(decode(&head, OP_REQUEST, "op/1 link\nname /a\n\n", &refusal), OP_EARG);
	assert_non_null(strstr(refusal.sentence, "device"));
	assert_int_equal(decode(&head, OP_REQUEST, "op/1 kind\nname /a\nfast!\n\n", &refusal),
		OP_EUNSUPP);
	assert_non_null(strstr(refusal.sentence, "fast"));
	assert_int_equal(decode(&head, OP_REQUEST, "op/1 open\nname /a\n\n", &refusal), OP_EUNSUPP);
	assert_non_null(strstr(refusal.sentence, "open"));
	assert_non_null(strstr(refusal.sentence, "getmem")); // what there is
	assert_int_equal(decode(&head, OP_REQUEST, "op/1 kind\nname /a/../b\n\n", &refusal),
		OP_EARG);
	assert_non_null(strstr(refusal.sentence, ".."));
}

static void test_unknown_is_kept(void **state) {
	const char *text = "op/1 kind\nz-later a\\nb\nname /\ndepth 3\nz-later again\nsize\n\n";
	struct op_head head;
	struct op_refusal refusal;
	assert_int_equal(decode(&head, OP_REQUEST, text, &refusal), OP_OK);
	assert_false(op_has(&head, OP_F_DEPTH)); // known, but not to kind
	assert_int_equal(head.count, 5);
	assert_string_equal(head.entries[0].key, "z-later");
	assert_string_equal(head.entries[0].text, "a\nb");
	check_encoded(&head, text);
	op_head_finish(&head);
}

static void test_print(void **state) {
	char out[400], small[12];
	struct op_head head;
	struct op_refusal refusal;
	decode(&head, OP_REQUEST, "op/1 link\ndevice /b/cons/1\nname /proc/lb/io1\nonly\n\n",
		&refusal);
	assert_string_equal(op_print(&head, out, sizeof(out)),
		"> link device /b/cons/1 name /proc/lb/io1 only");
	assert_string_equal(op_print(&head, small, sizeof(small)), "> link devi");
	assert_string_equal(op_print(&head, small, 1), "");
	op_head_finish(&head);
	decode(&head, OP_REPLY, "no ENOENT no such box /x\nttl 5\n\n", &refusal);
	assert_string_equal(op_print(&head, out, sizeof(out)), "< no ENOENT no such box /x ttl 5");
	op_head_finish(&head);
	decode(&head, OP_REPLY, "ok\ntitle My \\\\ \\x1b[2J\nx-new\n\n", &refusal);
	assert_string_equal(op_print(&head, out, sizeof(out)),
		"< ok title \"My \\\\ \\x1b[2J\" x-new");
	op_head_finish(&head);
	op_head_init_entry(&head);
	op_set(&head, OP_F_NAME, "/3");
	char title[102];
	memset(title, 't', 101);
	title[101] = '\0';
	op_set(&head, OP_F_TITLE, title);
	title[80] = '\0';
	char expected[200];
	snprintf(expected, sizeof(expected), "- name /3 title %s…", title);
	assert_string_equal(op_print(&head, out, sizeof(out)), expected);
	op_head_finish(&head);
}

static void test_words(void **state) {
	for (int i = 0; i < OP_VERBS; i++) {
		assert_int_equal(op_verb_by_name(op_verb_name((enum op_verb)i)), i);
		assert_non_null(strchr("ksgplmdi", op_verb_letter((enum op_verb)i)));
	}
	for (int i = 0; i < OP_F_UNKNOWN; i++) {
		assert_int_equal(op_field_by_name(op_field_name((enum op_field)i)), i);
	}
	for (int i = 1; i < OP_CODES; i++) {
		assert_int_equal(op_code_by_name(op_code_name((enum op_code)i)), i);
	}
	for (int i = 0; i < CONTROLS; i++) {
		assert_int_equal(op_control_by_name(op_control_name((enum op_control)i)), i);
	}
	assert_string_equal(op_code_name(OP_OK), "ok");
	assert_int_equal(op_code_by_name("ok"), -1);
	assert_int_equal(op_verb_by_name("open"), -1);
	assert_int_equal(op_verb_by_name(""), -1);
	assert_int_equal(op_field_by_name("Name"), -1);
	assert_int_equal(op_field_by_name("if-version"), OP_F_IF_VERSION);
	assert_int_equal(op_control_by_name("please"), -1);
	assert_string_equal(op_kind_name(FRAME_VIDEO), "video");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_set_add_unset),
		cmocka_unit_test(test_body),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_refusal_is_plain),
		cmocka_unit_test(test_sentence_limit),
		cmocka_unit_test(test_every_byte_comes_back),
		cmocka_unit_test(test_unescape),
		cmocka_unit_test(test_head_size),
		cmocka_unit_test(test_head_limit),
		cmocka_unit_test(test_not_one_head),
		cmocka_unit_test(test_refused_head_is_empty),
		cmocka_unit_test(test_unknown_is_kept),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
