/* SPDX-License-Identifier: MIT */
/*
 * verb_ls.c - box ls: the inner boxes of a box, with what they are.
 */
#include "box.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// "up", or who uses it, or how large it is: the one fact a listing has room for.
static void print_entry(const struct op_head *entry) {
	char fact[128] = "";
	const char *name = op_get(entry, OP_F_NAME), *type = op_get(entry, OP_F_TYPE);
	const char *title = op_get(entry, OP_F_TITLE), *state = op_get(entry, OP_F_STATE);
	const char *device = op_get(entry, OP_F_DEVICE);
	if (device) {
		snprintf(fact, sizeof(fact), "%s ", device);
	} else if (op_has(entry, OP_F_SIZE)) {
		snprintf(fact, sizeof(fact), "%llu ",
			(unsigned long long)op_get_number(entry, OP_F_SIZE, 0));
	}
	printf("%-20s %-28s %s%s%s", name ? name + 1 : "?", type ? type : "", fact,
		state ? state : "", state && title ? "  " : "");
	print_text(title ? title : "");
	putchar('\n');
}

static int list(struct asker *asker, const char *name, unsigned int depth, const char *want) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_SELECTORS);
	op_set_number(&request, OP_F_DEPTH, depth);
	if (!set_said(&request, OP_F_NAME, name) || (want && !set_said(&request, OP_F_WANT, want))) {
		op_head_finish(&request);
		return 2;
	}
	bool good = ask_or_say(asker, &request, &answer);
	size_t at = 0;
	for (struct op_head entry; good && answer_next(&answer, &at, &entry);) {
		print_entry(&entry);
		op_head_finish(&entry);
	}
	answer_finish(&answer);
	return good ? 0 : 1;
}

static int run(struct asker *asker, int argc, char **argv) {
	unsigned int depth = 1;
	const char *want = NULL;
	for (int c; (c = getopt(argc, argv, "d:c:")) != -1;) {
		if (c == 'd') {
			depth = (unsigned int)strtoul(optarg, NULL, 10);
		} else if (c == 'c') {
			want = optarg;
		} else {
			return say_usage(&verb_ls);
		}
	}
	if (optind == argc) {
		return list(asker, "/", depth, want);
	}
	int status = 0;
	for (; optind < argc; optind++) {
		int one = list(asker, argv[optind], depth, want);
		status = one > status ? one : status;
	}
	return status;
}

const struct verb verb_ls = {
	.name = "ls",
	.usage = "[-d DEPTH] [-c CONSTRAINT] [NAME…]",
	.help = "the inner boxes",
	.run = run,
};
