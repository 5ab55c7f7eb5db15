/* SPDX-License-Identifier: MIT */
/*
 * sealed.c - promises of base/sealed.h: what was made is read, and nothing else is, at once.
 */
#include "base/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void test_read(void **state) {
	static char large[128 * 1024 + 1];
	memset(large, 'x', sizeof(large));
	int fd = sealed_create("test", large, sizeof(large));
	assert_true(fd >= 0);
	char *bytes = sealed_read(fd, sizeof(large));
	assert_non_null(bytes);
	assert_memory_equal(bytes, large, sizeof(large));
	assert_int_equal(bytes[sizeof(large)], 0);
	free(bytes);
	bytes = sealed_read(fd, 3);
	assert_string_equal(bytes, "xxx");
	free(bytes);
	assert_null(sealed_read(fd, sizeof(large) + 1));
	assert_int_equal(errno, EINVAL);
	close(fd);
}

static void test_unchangeable(void **state) {
	int fd = sealed_create("test", "four", 4);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, 8), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC), -1);
	close(fd);
}

static void check_refused(int fd) {
	assert_true(fd >= 0);
	alarm(20); // a reader that waits is ended
	assert_null(sealed_read(fd, 4));
	assert_int_equal(errno, EINVAL);
	alarm(0);
	close(fd);
}

static void test_nothing_else(void **state) {
	int two[2];
	assert_int_equal(pipe(two), 0);
	assert_int_equal(write(two[1], "four", 4), 4);
	check_refused(two[0]);
	close(two[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, two), 0);
	check_refused(two[0]);
	close(two[1]);
	check_refused(open("/proc/self/exe", O_RDONLY));
	check_refused(open("/dev/zero", O_RDONLY));
	assert_null(sealed_read(-1, 4));
}

/* Memory, but of which the writer keeps the say. */
static void test_half_sealed(void **state) {
	static const int seals[] = {0, F_SEAL_SHRINK, F_SEAL_SHRINK | F_SEAL_GROW, F_SEAL_WRITE};
	for (size_t i = 0; i < sizeof(seals) / sizeof(seals[0]); i++) {
		int fd = memfd_create("test", MFD_ALLOW_SEALING);
		assert_int_equal(write(fd, "four", 4), 4);
		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals[i]), 0);
		check_refused(fd);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_unchangeable),
		cmocka_unit_test(test_nothing_else),
		cmocka_unit_test(test_half_sealed),
	};
	return cmocka_run_group_tests_name("sealed", tests, NULL, NULL);
}
