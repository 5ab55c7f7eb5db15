/* SPDX-License-Identifier: MIT */
/*
 * saves.c - the latest text is on the disk in the end: after many at once, when the program ends at once,
 * and when the disk could not take it for a while.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/saves.h"

struct fixture {
	char dir[32], folder[64], path[80], other[80];
	struct wl_event_loop *loop;
	struct saves *saves;
};

static int set_up(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));
	log_init("saves", LOG_ERROR);
	strcpy(f->dir, "/tmp/saves-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->folder, sizeof(f->folder), "%s/folder", f->dir);
	snprintf(f->path, sizeof(f->path), "%s/one", f->folder);
	snprintf(f->other, sizeof(f->other), "%s/other", f->folder);
	assert_int_equal(mkdir(f->folder, 0700), 0);
	f->loop = wl_event_loop_create();
	f->saves = saves_create(f->loop);
	*state = f;
	return 0;
}

static int tear_down(void **state) {
	struct fixture *f = *state;
	saves_destroy(f->saves);
	wl_event_loop_destroy(f->loop);
	unlink(f->path);
	unlink(f->other);
	rmdir(f->folder);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static bool holds(const char *path, const char *text) {
	char there[64] = "";
	FILE *in = fopen(path, "r");
	size_t size = in ? fread(there, 1, sizeof(there) - 1, in) : 0;
	if (in) {
		fclose(in);
	}
	return in && size == strlen(text) && memcmp(there, text, size) == 0;
}

static void wait_until_holds(struct fixture *f, const char *path, const char *text) {
	time_t deadline = time(NULL) + 60;
	while (!holds(path, text)) {
		assert_true(time(NULL) < deadline);
		wl_event_loop_dispatch(f->loop, 100);
	}
}

static void say(struct fixture *f, const char *path, const char *text) {
	saves_soon(f->saves, path, text, strlen(text));
}

static void test_many(void **state) {
	struct fixture *f = *state;
	char text[16] = "";
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "text %d", i);
		say(f, f->path, text);
		say(f, f->other, text);
	}
	wait_until_holds(f, f->path, text);
	wait_until_holds(f, f->other, text);
}

static void test_end(void **state) {
	struct fixture *f = *state;
	for (int i = 0; i < 3; i++) {
		say(f, f->path, i < 2 ? "older" : "the latest");
		say(f, f->other, i < 2 ? "older" : "the latest");
	}
	saves_destroy(f->saves);
	f->saves = NULL;
	assert_true(holds(f->path, "the latest") && holds(f->other, "the latest"));
}

// What is written now is newer than what waits.
static void test_now(void **state) {
	struct fixture *f = *state;
	say(f, f->path, "soon");
	say(f, f->other, "soon");
	assert_true(saves_now(f->saves, f->path, "now", 3));
	assert_true(holds(f->path, "now") && holds(f->other, "soon"));
	say(f, f->path, "soon");
	assert_true(saves_remove(f->saves, f->path));
	assert_int_equal(access(f->path, F_OK), -1);
	saves_destroy(f->saves);
	f->saves = NULL;
	assert_int_equal(access(f->path, F_OK), -1);
}

static void test_trouble(void **state) {
	struct fixture *f = *state;
	assert_int_equal(rmdir(f->folder), 0);
	say(f, f->path, "older");
	say(f, f->other, "older");
	assert_false(saves_now(f->saves, f->other, "now", 3)); // and "older" is never written any more
	say(f, f->path, "the latest");
	assert_int_equal(mkdir(f->folder, 0700), 0);
	wait_until_holds(f, f->path, "the latest");
	assert_int_equal(access(f->other, F_OK), -1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_now, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_trouble, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
