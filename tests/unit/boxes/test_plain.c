/* SPDX-License-Identifier: MIT */
/*
 * test_plain.c - what is remembered of files without attributes is not believed once it may be wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "boxes/fs_plain.h"

static struct stat file(ino_t ino, time_t ago) {
	return (struct stat){.st_dev = 5, .st_ino = ino, .st_ctim = {.tv_sec = time(NULL) - ago, .tv_nsec = 7}};
}

static void test_known_until_it_changes(void **state) {
	struct stat st = file(100, 60);
	assert_false(fs_plain_is(&st));
	fs_plain_note(&st);
	assert_true(fs_plain_is(&st));
	struct stat other = st;
	other.st_ctim.tv_nsec++;
	assert_false(fs_plain_is(&other));
	other = st;
	other.st_ctim.tv_sec++;
	assert_false(fs_plain_is(&other));
	other = st;
	other.st_dev++;
	assert_false(fs_plain_is(&other));
	assert_true(fs_plain_is(&st));
}

// A change right after it was looked at may have the same time.
static void test_young_is_not_believed(void **state) {
	struct stat st = file(101, 0);
	fs_plain_note(&st);
	assert_false(fs_plain_is(&st));
	st = file(101, -3600); // of a clock that was set back since
	fs_plain_note(&st);
	assert_false(fs_plain_is(&st));
	st = file(101, 10);
	fs_plain_note(&st);
	assert_true(fs_plain_is(&st));
}

// More files than there is room for: some are forgotten, none is taken for another.
static void test_full(void **state) {
	int known = 0;
	for (ino_t ino = 1000; ino < 11000; ino++) {
		struct stat st = file(ino, 60);
		st.st_ctim.tv_sec = (time_t)ino;
		fs_plain_note(&st);
	}
	for (ino_t ino = 1000; ino < 21000; ino++) {
		struct stat st = file(ino, 60);
		st.st_ctim.tv_sec = (time_t)ino;
		bool is = fs_plain_is(&st);
		assert_true(!is || ino < 11000);
		known += is;
	}
	assert_in_range(known, 500, 10000);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_until_it_changes),
		cmocka_unit_test(test_young_is_not_believed),
		cmocka_unit_test(test_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
