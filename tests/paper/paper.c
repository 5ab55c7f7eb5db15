/* SPDX-License-Identifier: MIT */
/*
 * paper.c - finds a test by name and runs it; what all of them use. The tests are calls.c, examples.c
 * and library.c; on which machines they run, and that each can fail, is e2e/test_paper.py's.
 */
#include "paper.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void fail(const char *what, const char *fmt, const char *first, const char *second) {
	fprintf(stderr, "%s\n\t", what);
	fprintf(stderr, fmt, first, second);
	fputc('\n', stderr);
	exit(1);
}

void must_be(const char *what, enum box_code want, enum box_code code) {
	if (code != want) {
		fprintf(stderr, "%s\n\tis %s, wanted %s: %s\n", what, box_code_name(code),
			box_code_name(want), box_sentence(NULL));
		exit(1);
	}
	if (code != BOX_OK) {
		check_that("a refusal without a sentence", box_sentence(NULL)[0]);
	}
}

void check_that(const char *what, bool holds) {
	if (!holds) {
		fail(what, "is not so%s%s", "", "");
	}
}

void check_equal(const char *what, const char *want, const char *text) {
	if (!text || strcmp(want, text) != 0) {
		fail(what, "is \"%s\", wanted \"%s\"", text ? text : "(nothing)", want);
	}
}

void check_bytes(const char *what, const char *want, const char *name) {
	void *bytes;
	size_t size;
	must_be(what, BOX_OK, box_get(NULL, name, NULL, &bytes, &size));
	check_equal(what, want, bytes);
	check_that(what, size == strlen(want));
	free(bytes);
}

const char *own(const char *fmt) {
	char *name;
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	check_that("out of memory", asprintf(&name, fmt, (int)getpid()) >= 0);
	return name;
}

void put(const char *name, const char *text) {
	must_be(name, BOX_OK, box_put(NULL, name, NULL, text, strlen(text)));
}

bool exists(const char *name) {
	enum box_code code = box_info(NULL, name, NULL, NULL);
	check_that(name, code == BOX_OK || code == BOX_ENOENT);
	return code == BOX_OK;
}

const char *field(const char *name, const char *field_name) {
	char *info;
	must_be(name, BOX_OK, box_info(NULL, name, NULL, &info));
	const char *value = box_field(info, field_name, 0);
	free(info);
	return value;
}

// Until the field is text, or is not.
static void wait_until(const char *name, const char *field_name, const char *text, bool is) {
	char *info, *since = NULL;
	must_be(name, BOX_OK, box_info(NULL, name, NULL, &info));
	for (char *value; !(value = box_field(info, field_name, 0)) || (strcmp(value, text) == 0) != is;) {
		char *line, *version = box_field(info, "version", 0);
		check_that("out of memory", asprintf(&line, "name %s", name) >= 0 &&
			asprintf(&since, "since %s", version ? version : "") >= 0);
		must_be(name, BOX_OK, box_ask(NULL, "kind", (const char *[]){line, since, NULL}, NULL, NULL,
			NULL, &info));
	}
}

void wait_field(const char *name, const char *field_name, const char *want) {
	wait_until(name, field_name, want, true);
}

void wait_other(const char *name, const char *field_name, const char *not_any_more) {
	wait_until(name, field_name, not_any_more, false);
}

void command(const char *fmt) {
	const char *line = own(fmt);
	int status = system(line);
	if (status != 0) {
		fail(line, "did not exit with 0%s%s", "", "");
	}
}

void import_conventions(void) {
	must(box_import(NULL, "/bin", "here", "/fs/desk/bin", NULL, "only"));
	must(box_import(NULL, "/b/proc", "here", "/proc", NULL, "only"));
}

static const struct test *find(const struct test *tests, const char *name) {
	while (tests->name && strcmp(tests->name, name) != 0) {
		tests++;
	}
	return tests->name ? tests : NULL;
}

static void list(const struct test *tests) {
	for (; tests->name; tests++) {
		puts(tests->name);
	}
}

void put_program(const char *name, const char *words) {
	char path[PATH_MAX], *script;
	ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
	if (size < 0 || asprintf(&script, "#!/bin/sh\nexec %.*s %s\n", (int)size, path, words) < 0) {
		abort();
	}
	put(name, script);
	free(script);
}

// A program with a variable that is a box: says it, or changes it, as it is told by lines.
static int serve_segment(const char *name) {
	size_t size;
	char line[16], *memory = box_segment(name, &size);
	check_that("no segment of this name", memory);
	while (fgets(line, sizeof(line), stdin)) {
		if (strcmp(line, "write\n") == 0) {
			memory[1] = '-';
			printf("written");
		} else {
			fwrite(memory, 1, size, stdout);
		}
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv) {
	if (argc == 3 && strcmp(argv[1], "segment") == 0) {
		return serve_segment(argv[2]);
	}
	if (argc != 2) {
		list(call_tests);
		list(example_tests);
		list(library_tests);
		return 0;
	}
	const char *patience = getenv("PATIENCE_MS"); // a lie is not waited for as long as the truth
	box_patience(NULL, patience ? atoi(patience) : 30000);
	const struct test *test = find(call_tests, argv[1]);
	test = test ? test : find(example_tests, argv[1]);
	test = test ? test : find(library_tests, argv[1]);
	check_that("no test of this name", test);
	test->run();
	return 0;
}
