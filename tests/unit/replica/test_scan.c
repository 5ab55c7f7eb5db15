/* SPDX-License-Identifier: MIT */
/*
 * test_scan.c - what a stranger's vectors cannot do: keep a storage from being looked at, or this machine
 * from being followed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "boxes/fs_land.h"
#include "boxes/fs_scan.h"

#define KEY "00000000000000000000000000000000000000000000000000000000000000aa"

struct fixture {
	char root[32];
	struct history *history;
	struct fs_job job;
};

static int set_up(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));
	log_init("scan", LOG_ERROR);
	strcpy(f->root, "/tmp/scan-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	f->history = history_create(f->root, KEY);
	f->job = (struct fs_job){.root = f->root, .fd = -1};
	assert_true(history_lock(f->history));
	*state = f;
	return 0;
}

static void path_of(const struct fixture *f, const char *name, char out[static 64]) {
	snprintf(out, 64, "%s/%s", f->root, name);
}

static int tear_down(void **state) {
	static const char *const names[] = {"a", "b", HISTORY_FILE};
	struct fixture *f = *state;
	history_unlock(f->history);
	history_destroy(f->history);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];
		path_of(f, names[i], path);
		unlink(path);
	}
	assert_int_equal(rmdir(f->root), 0);
	free(f);
	return 0;
}

static void write_file(const struct fixture *f, const char *name, const char *text) {
	char path[64];
	path_of(f, name, path);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static enum replica_what what_of(const struct fixture *f, const char *path) {
	const struct record *record = history_find(f->history, path);
	return record ? record->what : REPLICA_UNKNOWN;
}

static void test_too_many_machines(void **state) {
	struct fixture *f = *state;
	struct vector full = {0};
	char key[VECTOR_KEY + 1], a[64];
	write_file(f, "a", "one");
	assert_true(fs_scan_all(&f->job, f->history, ""));
	for (int i = 0; i < VECTOR_MAX; i++) {
		snprintf(key, sizeof(key), "%064x", 0x1000 + i);
		assert_true(vector_raise(&full, key, 1));
	}
	assert_true(history_set(f->history, history_find(f->history, "a"), REPLICA_FILE, &full));
	// Nothing more can be counted of a, and b is told of all the same.
	write_file(f, "a", "another");
	write_file(f, "b", "new");
	assert_true(fs_scan_all(&f->job, f->history, ""));
	assert_int_equal(f->job.why.code, OP_OK);
	assert_int_equal(what_of(f, "b"), REPLICA_FILE);
	path_of(f, "a", a);
	assert_int_equal(unlink(a), 0);
	path_of(f, "b", a);
	assert_int_equal(unlink(a), 0);
	assert_true(fs_scan_all(&f->job, f->history, ""));
	assert_int_equal(what_of(f, "a"), REPLICA_FILE);
	assert_int_equal(what_of(f, "b"), REPLICA_GONE);
}

// Whether a peer may tell of a file that was changed here so many seconds from now.
static bool is_heard(uint64_t count, uint64_t *next) {
	struct op_head entry;
	struct op_refusal why = {0};
	op_head_init_entry(&entry);
	op_set(&entry, OP_F_NAME, "/a");
	op_set(&entry, OP_F_TYPE, "file");
	op_setf(&entry, OP_F_VECTOR, KEY ":%llu", (unsigned long long)count);
	struct fs_theirs *theirs = fs_theirs_create(&entry, "", &why);
	struct history *history = history_create("/nowhere", KEY);
	struct vector vector;
	vector_parse(&vector, theirs ? theirs->vector : "");
	assert_true(history_count(history, &vector));
	*next = vector_count(&vector, KEY);
	history_destroy(history);
	fs_theirs_destroy(theirs);
	op_head_finish(&entry);
	return theirs;
}

static void test_far_future(void **state) {
	uint64_t now = (uint64_t)time(NULL) * 1000000, year = 365 * 86400 * 1000000ull, next;
	assert_true(is_heard(now + year, &next)); // a clock that is wrong
	assert_false(is_heard(99999999999999999, &next));
	assert_false(is_heard(now + 101 * year, &next));
	// What is counted up from the farthest that is heard is heard itself, soon at the latest.
	assert_true(is_heard(now + 100 * year - 1, &next));
	assert_true(next < now + 100 * year + 2 * 1000000);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_too_many_machines, set_up, tear_down),
		cmocka_unit_test(test_far_future),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
