/* SPDX-License-Identifier: MIT */
/*
 * type_printer.c - print queues of a real cupsd: what they say they take, what they take, whole jobs
 * only; queues that come and go.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/printer_format.h"
#include "conform.h"
#include "cups.h"

static bool is_listed(struct world *world, const char *name) {
	struct asked asked;
	ask(&asked, world, OWNER, "kind", name, "");
	until(world, asked_over(&asked));
	bool listed = asked_code(&asked) == OP_OK;
	asked_finish(&asked);
	return listed;
}

static void prepare(struct world *world) {
	cups_begin();
	until(world, is_listed(world, "/printer/office"));
}

static int setup(void **state) {
	world_setup(state);
	prepare(*state);
	return 0;
}

static void expect_kind(struct world *world, const char *name, const char *want, const char *state) {
	struct asked asked;
	ask(&asked, world, OWNER, "kind", name, "");
	expect_code(&asked, OP_OK);
	const char *type = op_get(&asked.reply, OP_F_TYPE), *says = op_get(&asked.reply, OP_F_STATE);
	if (!cnstr_text_meets(type, want) || (state && (!says || strncmp(says, state, strlen(state)) != 0))) {
		fail_msg("%s is %s, %s; not %s, %s", name, type, says, want, state);
	}
	asked_finish(&asked);
}

static void test_what_it_takes(void **state) {
	struct world *world = *state;
	expect_kind(world, "/printer/office", "printer!*!*!node=den!pdf=yes!jpeg=yes!colour=yes", "idle");
	expect_kind(world, "/printer", "printer!*!*!pdf=yes!jpeg=yes", NULL);
	assert_false(cnstr_text_meets(world_box(world, "/printer")->cnstr, "*!*!*!png=yes"));
	expect_kind(world, "/printer/closed", "printer!*!*!pdf=yes", "idle, takes no jobs");
}

static void print(struct world *world, const char *name, const char *lines, const char *bytes,
		enum op_code code) {
	struct asked asked;
	char head[200];
	snprintf(head, sizeof(head), "%sbody %zu\n", lines, strlen(bytes));
	ask(&asked, world, OWNER, "putmem", name, head);
	until(world, !asked.paused); // until CUPS has told which printers there are
	asked_put(&asked, bytes, strlen(bytes));
	asked_put_end(&asked);
	expect_code(&asked, code);
	if (code == OP_OK) {
		assert_memory_equal(op_get(&asked.reply, OP_F_TITLE), "office-", strlen("office-"));
	} else if (code == OP_ETYPE) {
		assert_non_null(strstr(asked.reply.refusal.sentence, "pdf, jpeg"));
	}
	asked_finish(&asked);
}

static void test_formats(void **state) {
	struct world *world = *state;
	int before = cups_jobs();
	print(world, "/printer/office", "", "%PDF-1.4\n", OP_OK);
	print(world, "/printer/office", "type file\n", "\xff\xd8\xff\xe0 jpeg", OP_OK);
	print(world, "/printer/office", "type image!*!*!format=jpeg\n", "said", OP_OK);
	print(world, "/printer", "", "%PDF-1.4 wherever\n", OP_OK);
	assert_int_equal(cups_jobs(), before + 4);
	print(world, "/printer/office", "", "words\n", OP_ETYPE);
	print(world, "/printer/office", "", "\x89PNG\r\n\x1a\n", OP_ETYPE);
	print(world, "/printer/office", "type text\n", "%PDF-1.4\n", OP_ETYPE);
	print(world, "/printer/office", "type video\n", "%PDF-1.4\n", OP_ETYPE);
	print(world, "/printer/office", "", "\x01\x02\x03\x04", OP_ETYPE);
	print(world, "/printer", "", "words\n", OP_ETYPE);
	print(world, "/printer/office", "", "", OP_EARG);
	print(world, "/printer/closed", "", "%PDF-1.4\n", OP_EBUSY);
	assert_int_equal(cups_jobs(), before + 4);
}

// However far it came: a job is whole, or is none.
static void test_broken_off(void **state) {
	struct world *world = *state;
	int before = cups_jobs();
	char *bytes = calloc(1, 600000);
	memcpy(bytes, "%PDF-1.4", 8);
	for (size_t size = 100; size <= 600000; size += 299950) {
		struct asked asked;
		ask(&asked, world, OWNER, "putmem", "/printer/office", "body chunks\n");
		until(world, !asked.paused);
		asked_put(&asked, bytes, size);
		for (int i = 0; i < 20; i++) {
			wl_event_loop_dispatch(world->loop, 20);
		}
		assert_false(asked_over(&asked));
		asked_gone(&asked);
		asked_finish(&asked);
	}
	free(bytes);
	print(world, "/printer/office", "", "%PDF-1.4 whole", OP_OK);
	assert_int_equal(cups_jobs(), before + 1);
}

static bool says(struct world *world, const char *name, const char *state) {
	struct asked asked;
	ask(&asked, world, OWNER, "kind", name, "");
	expect_code(&asked, OP_OK);
	bool so = strcmp(op_get(&asked.reply, OP_F_STATE), state) == 0;
	asked_finish(&asked);
	return so;
}

static void test_come_and_go(void **state) {
	struct world *world = *state;
	assert_false(is_listed(world, "/printer/new"));
	cups_run("/usr/sbin/lpadmin -p new -E -v file:/dev/null -P ${CUPS_SERVER%/*}/office.ppd 2>&1");
	until(world, is_listed(world, "/printer/new"));
	expect(world, OWNER, OP_OK, "chinfo", "/printer/new", "acl bob kp\n");
	expect(world, STRANGER, OP_OK, "kind", "/printer/new", "");
	expect(world, STRANGER, OP_ENOENT, "kind", "/printer/office", "");
	cups_run("/usr/sbin/cupsdisable -r 'no paper' new");
	until(world, says(world, "/printer/new", "stopped no paper"));
	cups_run("/usr/sbin/lpadmin -x new");
	until(world, !is_listed(world, "/printer/new"));
	cups_run("/usr/sbin/lpadmin -p new -E -v file:/dev/null -P ${CUPS_SERVER%/*}/office.ppd 2>&1");
	until(world, is_listed(world, "/printer/new"));
	expect(world, STRANGER, OP_OK, "kind", "/printer/new", ""); // as it was allowed
	cups_run("/usr/sbin/lpadmin -x new");
	until(world, !is_listed(world, "/printer/new"));
}

// false: what it told holds still.
static bool asks_cups(struct world *world, struct asked *asked) {
	ask(asked, world, OWNER, "kind", "/printer", "");
	if (!asked_over(asked)) {
		return true;
	}
	asked_finish(asked);
	return false;
}

// Its threads are not those of files, of which there is one here.
static void test_hanging_cups(void **state) {
	struct world *world = *state;
	struct asked printer, file;
	cups_run("kill -STOP $(cat ${CUPS_SERVER%/*}/pid)");
	until(world, asks_cups(world, &printer));
	ask(&file, world, OWNER, "selectors", "/fs/dir", "");
	expect_code(&file, OP_OK);
	bool held = asked_over(&printer);
	cups_run("kill -CONT $(cat ${CUPS_SERVER%/*}/pid)");
	assert_false(held);
	expect_code(&printer, OP_OK);
	asked_finish(&file);
	asked_finish(&printer);
}

static void expect_format(enum printer_format format, const char *bytes, size_t size) {
	assert_int_equal(printer_format_detect((const uint8_t *)bytes, size), format);
}

static void test_first_bytes(void **state) {
	char text[PRINTER_HEAD + 10];
	expect_format(PRINTER_PDF, "%PDF", 4);
	expect_format(PRINTER_TEXT, "%PD", 3);
	expect_format(PRINTER_POSTSCRIPT, "%!PS", 4);
	expect_format(PRINTER_TIFF, "MM\0*", 4);
	expect_format(PRINTER_URF, "UNIRAST\0", 8);
	expect_format(PRINTER_TEXT, "\tw\xc3\xb6rter\r\n\f", 11);
	expect_format(PRINTER_OTHER, "", 0);
	expect_format(PRINTER_OTHER, "a\0b", 3);
	expect_format(PRINTER_OTHER, "\x1b[1m", 4);
	expect_format(PRINTER_OTHER, "a\xc3", 2); // cut by its end, not by ours
	memset(text, 'a', sizeof(text));
	memcpy(text + PRINTER_HEAD - 1, "\xc3\xb6", 2);
	expect_format(PRINTER_TEXT, text, sizeof(text));
	memcpy(text + PRINTER_HEAD - 10, "\xff", 1);
	expect_format(PRINTER_OTHER, text, sizeof(text));
}

static const char *const roots[] = {"/printer", NULL};
static const struct CMUnitTest tests[] = {
	{"what_it_takes", test_what_it_takes, setup, world_teardown, NULL},
	{"formats", test_formats, setup, world_teardown, NULL},
	{"broken_off", test_broken_off, setup, world_teardown, NULL},
	TEST(test_first_bytes),
	{"hanging_cups", test_hanging_cups, setup, world_teardown, NULL},
	{"come_and_go", test_come_and_go, setup, world_teardown, NULL},
};
const struct conform conform_printer = {.roots = roots, .prepare = prepare, TESTS(tests)};
