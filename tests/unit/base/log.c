/* SPDX-License-Identifier: MIT */
/*
 * log.c - promises of base/log.h: what stands on stderr.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LOG_MODULE "room"
#include "base/log.h"

struct capture {
	int saved, pipe[2];
	char text[8192];
};

static void capture_begin(struct capture *capture) {
	assert_int_equal(pipe(capture->pipe), 0);
	capture->saved = dup(STDERR_FILENO);
	dup2(capture->pipe[1], STDERR_FILENO);
}

static const char *capture_end(struct capture *capture) {
	dup2(capture->saved, STDERR_FILENO);
	close(capture->saved);
	close(capture->pipe[1]);
	size_t size = 0;
	ssize_t got;
	while ((got = read(capture->pipe[0], capture->text + size,
			sizeof(capture->text) - 1 - size)) > 0) {
		size += (size_t)got;
	}
	capture->text[size] = '\0';
	close(capture->pipe[0]);
	return capture->text;
}

static void test_lines(void **state) {
	struct capture capture;
	capture_begin(&capture);
	log_init("boxd", LOG_INFO);
	log_error("bad %d", 1);
	log_info("good");
	log_debug("not seen");
	log_init("boxd", LOG_DEBUG);
	log_debug("seen");
	log_init("boxd", LOG_ERROR);
	log_info("not seen");
	assert_int_equal(log_level(), LOG_ERROR);
	assert_string_equal(capture_end(&capture),
		"boxd: room: bad 1\nboxd: room: good\nboxd: room: seen\n");
}

static void test_errno(void **state) {
	struct capture capture;
	capture_begin(&capture);
	log_init("boxd", LOG_INFO);
	errno = ENOENT;
	log_errno("cannot open %s", "/x");
	int after = errno;
	errno = EACCES;
	log_info("something");
	int later = errno;
	assert_string_equal(capture_end(&capture),
		"boxd: room: cannot open /x: No such file or directory\nboxd: room: something\n");
	assert_int_equal(after, ENOENT);
	assert_int_equal(later, EACCES);
}

static void test_one_line(void **state) {
	struct capture capture;
	capture_begin(&capture);
	log_init("boxd", LOG_INFO);
	log_error("name %s", "a\nboxd: fake\x1b[2J\x7f");
	assert_string_equal(capture_end(&capture), "boxd: room: name a?boxd: fake?[2J?\n");
}

static void test_long_line(void **state) {
	struct capture capture;
	char text[5000];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	capture_begin(&capture);
	log_init("boxd", LOG_INFO);
	log_error("%s", text);
	errno = EIO;
	log_errno("%s", text);
	log_error("next");
	char *seen = (char *)capture_end(&capture);
	char *first = strsep(&seen, "\n"), *second = strsep(&seen, "\n");
	assert_true(strlen(first) < 2048);
	assert_true(strlen(second) < 2048);
	assert_string_equal(seen, "boxd: room: next\n");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_errno),
		cmocka_unit_test(test_one_line),
		cmocka_unit_test(test_long_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
