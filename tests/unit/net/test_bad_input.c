/* SPDX-License-Identifier: MIT */
/*
 * test_bad_input.c - what a caller may get wrong in the framing, each with the code and the
 * sentence it is told, by a server that listens; and that a thousand of them leave nothing behind.
 */
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "house.h"

#define CHUNKS "op/1 putmem\nname /store\nbody chunks\n\n"
#define FRAMES "op/1 putmem\nname /store\nbody frames\n\n"
#define BYTES(text) (text), sizeof(text) - 1

struct bad_case {
	const char *what;
	const char *bytes;
	size_t size;
	bool half; // half-closes behind it
	const char *answer;
};

static const struct bad_case bad_cases[] = {
	{"unknown verb", BYTES("op/1 fly\nname /store\n\n"), false,
		"no EUNSUPP no verb \"fly\""},
	{"another level", BYTES("op/9 kind\nname /store\n\n"), false,
		"no EUNSUPP op/1 is spoken here, not \"op/9\""},
	{"another protocol", BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n\n\n"), false,
		"no EARG "},
	{"no name", BYTES("op/1 kind\n\n"), false, "no EARG "},
	{"name with ..", BYTES("op/1 kind\nname /store/../etc\n\n"), false,
		"no EARG name: a name is absolute and has no component \"..\""},
	{"name with .", BYTES("op/1 kind\nname /./store\n\n"), false,
		"no EARG name: a name is absolute and has no component \".\""},
	{"name with an empty component", BYTES("op/1 kind\nname /store//x\n\n"), false,
		"no EARG name: a name has no empty component"},
	{"relative name", BYTES("op/1 kind\nname store\n\n"), false,
		"no EARG name: a name begins with /"},
	{"name with a control byte", BYTES("op/1 kind\nname /st\\x01ore\n\n"), false,
		"no EARG name: a name is UTF-8 without control characters"},
	{"name with a newline", BYTES("op/1 kind\nname /st\\nore\n\n"), false,
		"no EARG name: a name is UTF-8 without control characters"},
	{"name with DEL", BYTES("op/1 kind\nname /st\\x7fore\n\n"), false,
		"no EARG name: a name is UTF-8 without control characters"},
	{"name with a raw control byte", BYTES("op/1 kind\nname /st\001ore\n\n"), false, "no EARG "},
	{"name with byte 0", BYTES("op/1 kind\nname /st\\x00ore\n\n"), false, "no EARG "},
	{"wrong escape", BYTES("op/1 kind\nname /st\\qore\n\n"), false, "no EARG "},
	{"repeated field", BYTES("op/1 kind\nname /a\nname /b\n\n"), false, "no EARG "},
	{"unknown field that must be known", BYTES("op/1 kind\nname /store\nflavour! x\n\n"), false,
		"no EUNSUPP "},
	{"body that the verb does not have", BYTES("op/1 kind\nname /store\nbody 3\n\nabc"), false,
		"no EARG "},
	{"body of a negative size", BYTES("op/1 putmem\nname /store\nbody -1\n\n"), false, "no EARG "},
	{"body of an endless size", BYTES("op/1 putmem\nname /store\nbody 99999999999999999999\n\n"),
		false, "no EARG "},
	{"head that is cut", BYTES("op/1 kind\nname /st"), true,
		"no EARG the request stops within its head: a head ends with an empty line"},
	{"body that is cut", BYTES("op/1 putmem\nname /store\nbody 10\n\nfour"), true,
		"no EARG the request stops 6 bytes before the end of its body"},
	{"chunk that is cut", BYTES(CHUNKS "\0\0\0\5abc"), true,
		"no EARG the request stops before the end mark of its body"},
	{"chunks without an end mark", BYTES(CHUNKS "\0\0\0\3abc"), true,
		"no EARG the request stops before the end mark of its body"},
	{"chunks without a trailer", BYTES(CHUNKS "\0\0\0\3abc\0\0\0\0"), true,
		"no EARG the request stops before the end mark of its body"},
	{"frame that is cut", BYTES(FRAMES "\0\0\0\4\10\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0ab"), true,
		"no EARG the request stops before the end mark of its body"},
	{"more than the body's size", BYTES("op/1 putmem\nname /store\nbody 4\n\nfive."), false,
		"no EARG bytes follow the end of the request"},
	{"more behind no body", BYTES("op/1 getmem\nname /store\n\nop/1 kind\nname /\n\n"), false,
		"no EARG bytes follow the end of the request"},
	{"more behind a trailer", BYTES(CHUNKS "\0\0\0\0ok\n\n!"), false,
		"no EARG bytes follow the end of the request"},
	{"trailer that is none", BYTES(CHUNKS "\0\0\0\0okay\n\n"), false, "no EARG "},
	{"chunk over the limit", BYTES(CHUNKS "\0\20\0\1"), false,
		"no E2BIG a chunk of 1048577 bytes: send at most 1048576 at once"},
	{"chunk of 4 GB", BYTES(CHUNKS "\377\377\377\377"), false,
		"no E2BIG a chunk of 4294967295 bytes"},
	{"frame over the limit", BYTES(FRAMES "\1\0\0\1\10\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0"), false,
		"no E2BIG a frame has at most 16777216 bytes, not 16777217"},
	{"frame of an unknown kind", BYTES(FRAMES "\0\0\0\1\77\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0"),
		false, "no EARG a frame of an unknown kind, 63"},
	{"end frame with a payload", BYTES(FRAMES "\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0"),
		false, "no EARG "},
	{"body broken off in order", BYTES(CHUNKS "\0\0\0\1a\0\0\0\0no EIO disk full\n\n"), false,
		"no EIO the request's body was broken off: disk full"},
};
#define BAD_CASES (sizeof(bad_cases) / sizeof(bad_cases[0]))

static void ask(struct house *house, const struct bad_case *bad) {
	struct buf answer;
	buf_init(&answer);
	house_ask(house, bad->bytes, bad->size, bad->half, &answer);
	assert_true(buf_append(&answer, "", 1));
	const char *text = (const char *)buf_front(&answer);
	if (strncmp(text, bad->answer, strlen(bad->answer)) != 0 || strchr(text, '\n')[1] != '\n') {
		fail_msg("%s: wanted %s…, was told %s", bad->what, bad->answer, text);
	}
	// A code, and a sentence that says more than the code.
	assert_true(strcspn(text, "\n") > 20);
	buf_finish(&answer);
	assert_true(wl_list_empty(&house->server.served));
}

static void oversized_head(struct house *house) {
	struct buf head;
	struct bad_case bad = {.what = "oversized head",
		.answer = "no E2BIG a head has at most 16384 bytes, its empty line included"};
	buf_init(&head);
	assert_true(buf_printf(&head, "op/1 kind\nname /store\nx %016400d\n\n", 1));
	bad.bytes = (const char *)buf_front(&head);
	bad.size = head.size;
	ask(house, &bad);
	buf_finish(&head);
}

static void test_table(void **state) {
	struct house house;
	house_init(&house);
	for (size_t i = 0; i < BAD_CASES; i++) {
		ask(&house, &bad_cases[i]);
	}
	oversized_head(&house);
	assert_int_equal(house.ends, 0);
	assert_int_equal(house.stored.size, 0);
	house_finish(&house);
}

static void test_nothing_is_left(void **state) {
	struct house house;
	house_init(&house);
	int fds = 0;
	size_t held = 0;
	for (int round = 0; round < 30; round++) {
		for (size_t i = 0; i < BAD_CASES; i++) {
			ask(&house, &bad_cases[i]);
		}
		oversized_head(&house);
		if (round == 3) {
			fds = pump_count_fds();
			held = mallinfo2().uordblks;
		}
	}
	assert_int_equal(pump_count_fds(), fds);
	assert_true(mallinfo2().uordblks <= held + 4096);
	house_finish(&house);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_nothing_is_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
