/* SPDX-License-Identifier: MIT */
/*
 * page.c - what box-constraints(7) says holds: its examples are read from the page, each list between
 * its marks, and tried. Argument: the page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "box/cnstr.h"

static const char *page_path;

// Calls tried for each line of the example that follows this text; returns how many lines.
static int each_line(const char *after, void (*tried)(char *line)) {
	FILE *page = fopen(page_path, "re");
	char line[512];
	bool found = false, inside = false;
	int count = 0;
	assert_non_null(page);
	while (fgets(line, sizeof(line), page)) {
		line[strcspn(line, "\n")] = '\0';
		found = found || strstr(line, after);
		if (found && strcmp(line, "```") == 0) {
			if (inside) {
				break;
			}
			inside = true;
		} else if (inside) {
			count++;
			tried(line);
		}
	}
	fclose(page);
	return count;
}

static void parses(char *line) {
	struct cnstr cnstr;
	struct op_refusal why = {0};
	if (cnstr_parse(&cnstr, line, &why) != OP_OK) {
		fail_msg("%s: %s", line, why.sentence);
	}
}

static void parses_not(char *line) {
	struct cnstr cnstr;
	if (cnstr_parse(&cnstr, line, NULL) == OP_OK) {
		fail_msg("%s is well formed", line);
	}
}

static void test_forms(void **state) {
	assert_true(each_line("Well formed are:", parses) > 4);
	assert_true(each_line("And these are not", parses_not) > 4);
}

static void meets(char *line) {
	static char own[512];
	if (line[0] != '+' && line[0] != '-') {
		strcpy(own, line);
		parses(line);
		return;
	}
	parses(line + 2);
	if (cnstr_text_meets(own, line + 2) != (line[0] == '+')) {
		fail_msg("%s, of %s", line, own);
	}
}

static void test_wants(void **state) {
	assert_true(each_line("This box meets", meets) > 8);
}

static void joins(char *line) {
	char spec[64], one[128], other[128], mark;
	struct cnstr a, b;
	assert_int_equal(sscanf(line, "%c %63s %127s %127s", &mark, spec, one, other), 4);
	parses(one);
	parses(other);
	assert_int_equal(spec_check(spec, NULL), OP_OK);
	assert_int_equal(cnstr_parse(&a, one, NULL), OP_OK);
	assert_int_equal(cnstr_parse(&b, other, NULL), OP_OK);
	if (cnstr_joined(spec, &a, &b) != (mark == '+')) {
		fail_msg("%s", line);
	}
}

static void is_no_spec(char *line) {
	struct op_refusal why;
	if (spec_check(line, &why) != OP_EARG) {
		fail_msg("%s is a spec", line);
	}
}

static void test_specs(void **state) {
	assert_true(each_line("Of each line, the spec", joins) > 8);
	assert_true(each_line("These are no specs", is_no_spec) > 3);
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_wants),
		cmocka_unit_test(test_specs),
	};
	if (argc != 2) {
		return 2;
	}
	page_path = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
