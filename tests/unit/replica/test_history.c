/* SPDX-License-Identifier: MIT */
/*
 * test_history.c - what a storage remembers outlives boxd, and is not taken from one disk for another.
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
#include "replica/history.h"

#define KEY "00000000000000000000000000000000000000000000000000000000000000aa"

struct fixture {
	char root[32], file[64];
	struct history *history;
};

static int set_up(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));
	log_init("history", LOG_ERROR);
	strcpy(f->root, "/tmp/history-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	snprintf(f->file, sizeof(f->file), "%s/" HISTORY_FILE, f->root);
	f->history = history_create(f->root, KEY);
	assert_true(history_lock(f->history));
	*state = f;
	return 0;
}

static int tear_down(void **state) {
	struct fixture *f = *state;
	history_unlock(f->history);
	history_destroy(f->history);
	unlink(f->file);
	assert_int_equal(rmdir(f->root), 0);
	free(f);
	return 0;
}

static struct record *add(struct fixture *f, const char *path, enum replica_what what) {
	struct vector vector = {0};
	struct record *record = history_add(f->history, path);
	assert_true(history_count(f->history, &vector));
	assert_true(history_set(f->history, record, what, &vector));
	return record;
}

static void begin_anew(struct fixture *f) {
	history_unlock(f->history);
	history_destroy(f->history);
	f->history = history_create(f->root, KEY);
	assert_true(history_lock(f->history));
}

static void test_kept(void **state) {
	struct fixture *f = *state;
	struct record *record = add(f, "notes/a b\n", REPLICA_FILE);
	char vector[VECTOR_TEXT];
	strcpy(vector, record->vector);
	record->ino = 7;
	record->size = 300;
	record->mtime = (struct timespec){1000, 999999999};
	assert_true(history_set_type(record, "image!*!*!format=x/y z"));
	add(f, "notes", REPLICA_FOLDER);
	add(f, "notes.old", REPLICA_GONE);
	assert_true(history_save(f->history));
	begin_anew(f);
	size_t end, first = history_range(f->history, "notes", &end);
	assert_int_equal(first, 0);
	assert_int_equal(end, 2); // notes.old is not below it
	record = history_find(f->history, "notes/a b\n");
	assert_non_null(record);
	assert_int_equal(record->what, REPLICA_FILE);
	assert_string_equal(record->vector, vector);
	assert_string_equal(record->type, "image!*!*!format=x/y z");
	assert_int_equal(record->ino, 7);
	assert_int_equal(record->size, 300);
	assert_int_equal(record->mtime.tv_nsec, 999999999);
	assert_int_equal(history_find(f->history, "notes.old")->what, REPLICA_GONE);
}

static void test_forgotten(void **state) {
	struct fixture *f = *state;
	int64_t now = (int64_t)time(NULL), day = 86400;
	add(f, "long", REPLICA_GONE)->gone = now - (HISTORY_DAYS + 1) * day;
	add(f, "short", REPLICA_GONE)->gone = now - (HISTORY_DAYS - 1) * day;
	add(f, "there", REPLICA_FILE)->gone = now - (HISTORY_DAYS + 1) * day;
	assert_true(history_save(f->history));
	begin_anew(f);
	assert_null(history_find(f->history, "long"));
	assert_non_null(history_find(f->history, "short"));
	assert_non_null(history_find(f->history, "there"));
}

// The disk is not mounted: nothing is known, so nothing that is not there was deleted.
static void test_another_disk(void **state) {
	struct fixture *f = *state;
	add(f, "notes", REPLICA_FOLDER);
	assert_true(history_save(f->history));
	history_unlock(f->history);
	assert_int_equal(unlink(f->file), 0);
	assert_true(history_lock(f->history));
	assert_null(history_find(f->history, "notes"));
}

static void test_not_whole(void **state) {
	struct fixture *f = *state;
	add(f, "notes", REPLICA_FOLDER);
	add(f, "other", REPLICA_FOLDER);
	assert_true(history_save(f->history));
	assert_int_equal(truncate(f->file, f->history->there.st_size - 3), 0);
	begin_anew(f);
	assert_int_equal(f->history->size, 0);
}

// Of one machine no count comes twice, whatever is lost, and it is higher than any that is known.
static void test_counts(void **state) {
	struct fixture *f = *state;
	struct vector a = {0}, b = {0}, far = {0};
	assert_true(history_count(f->history, &a));
	begin_anew(f);
	assert_true(history_count(f->history, &b));
	assert_int_equal(vector_compare(&a, &b), VECTOR_BEFORE);
	assert_true(vector_raise(&far, KEY, 90000000000000000));
	assert_true(history_count(f->history, &far));
	assert_int_equal(vector_count(&far, KEY), 90000000000000001);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_forgotten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_another_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_counts, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
