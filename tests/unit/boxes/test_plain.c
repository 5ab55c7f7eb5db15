/* SPDX-License-Identifier: MIT */
/*
 * test_plain.c - what is remembered of files without attributes is not believed once it may be wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "boxes/fs_plain.h"

static struct stat file(ino_t ino, time_t ago) {
	return (struct stat){.st_dev = 5, .st_ino = ino, .st_ctim = {.tv_sec = time(NULL) - ago, .tv_nsec = 7}};
}

static void note(const struct stat *st) {
	struct timespec moment;
	fs_plain_moment(&moment);
	fs_plain_note(st, &moment, false);
}

static void test_known_until_it_changes(void **state) {
	struct stat st = file(100, 60);
	assert_false(fs_plain_is(&st));
	note(&st);
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
	note(&st);
	assert_false(fs_plain_is(&st));
	st = file(101, -3600); // of a clock that was set back since
	note(&st);
	assert_false(fs_plain_is(&st));
	st = file(101, 10);
	note(&st);
	assert_true(fs_plain_is(&st));
}

static bool is_believed(ino_t ino, long changed_ns, long later_ns, bool by_kernel) {
	struct stat st = {.st_dev = 5, .st_ino = ino, .st_ctim = {1000, changed_ns}};
	int64_t moment_ns = 1000 * INT64_C(1000000000) + changed_ns + later_ns;
	struct timespec moment = {moment_ns / 1000000000, moment_ns % 1000000000};
	fs_plain_note(&st, &moment, by_kernel);
	return fs_plain_is(&st);
}

// The kernel's clock ticks many times a second, an old disk's and another machine's may not.
static void test_age_by_whose_clock(void **state) {
	assert_false(is_believed(200, 999000000, 0, true));
	assert_false(is_believed(201, 999000000, 39000000, true));
	assert_true(is_believed(202, 999000000, 41000000, true));
	assert_false(is_believed(203, 999000000, -41000000, true));
	assert_false(is_believed(204, 0, 1900000000, true));
	assert_true(is_believed(205, 0, 3000000000, true));
	assert_false(is_believed(206, 999000000, 1900000000, false));
	assert_true(is_believed(207, 999000000, 3000000000, false));
}

// What is believed of a real file is not any more once it has changed, however soon that is.
static void test_change_is_seen(void **state) {
	char path[] = "plain-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	for (int round = 0; round < 5; round++) {
		struct stat st;
		struct timespec moment;
		assert_int_equal(fchmod(fd, round % 2 ? 0600 : 0644), 0);
		assert_int_equal(fstat(fd, &st), 0);
		do {
			fs_plain_moment(&moment);
			fs_plain_note(&st, &moment, true);
		} while (!fs_plain_is(&st));
		assert_int_equal(fchmod(fd, round % 2 ? 0644 : 0600), 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_false(fs_plain_is(&st));
	}
	close(fd);
	unlink(path);
}

// More files than there is room for: some are forgotten, none is taken for another.
static void test_full(void **state) {
	int known = 0;
	for (ino_t ino = 1000; ino < 11000; ino++) {
		struct stat st = file(ino, 60);
		st.st_ctim.tv_sec = (time_t)ino;
		note(&st);
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
		cmocka_unit_test(test_age_by_whose_clock),
		cmocka_unit_test(test_change_is_seen),
		cmocka_unit_test(test_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
