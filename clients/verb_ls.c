/* SPDX-License-Identifier: MIT */
/*
 * verb_ls.c - box ls: the inner boxes of a box, with what they are.
 */
#include "box.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDEST 40 // of a column; what is longer pushes the rest of its line on

struct columns {
	int name, type;
};

static const char *own_name(const struct op_head *entry) {
	const char *name = op_get(entry, OP_F_NAME);
	return name ? name + 1 : "?";
}

static const char *own_type(const struct op_head *entry) {
	const char *type = op_get(entry, OP_F_TYPE);
	return type ? type : "";
}

static int wider(int width, const char *text) {
	size_t size = strlen(text);
	return size > WIDEST || (int)size < width ? width : (int)size;
}

static struct columns measure(const struct answer *answer) {
	struct columns columns = {0};
	size_t at = 0;
	for (struct op_head entry; answer_next(answer, &at, &entry);) {
		columns.name = wider(columns.name, own_name(&entry));
		columns.type = wider(columns.type, own_type(&entry));
		op_head_finish(&entry);
	}
	return columns;
}

// After name and type "up", or who uses it, or how large it is: the one fact there is room for.
static void print_entry(const struct op_head *entry, const struct columns *columns) {
	char fact[128] = "";
	const char *title = op_get(entry, OP_F_TITLE), *state = op_get(entry, OP_F_STATE);
	const char *device = op_get(entry, OP_F_DEVICE);
	if (device) {
		snprintf(fact, sizeof(fact), "%s ", device);
	} else if (op_has(entry, OP_F_SIZE)) {
		snprintf(fact, sizeof(fact), "%llu ",
			(unsigned long long)op_get_number(entry, OP_F_SIZE, 0));
	}
	// The last column is not padded: nothing follows the type of what tells no more.
	bool more = fact[0] || state || title;
	printf("%-*s  %-*s%s%s%s%s", columns->name, own_name(entry), more ? columns->type : 0,
		own_type(entry), more ? "  " : "", fact, state ? state : "", state && title ? "  " : "");
	print_text(stdout, title ? title : "");
	putchar('\n');
}

static int list(struct asker *asker, const char *name, unsigned int depth, const char *want) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_SELECTORS);
	op_set_number(&request, OP_F_DEPTH, depth);
	if (!set_box(asker, &request, OP_F_NAME, name) || (want && !set_said(&request, OP_F_WANT, want))) {
		op_head_finish(&request);
		return 2;
	}
	bool good = ask_or_say(asker, &request, &answer);
	struct columns columns = good ? measure(&answer) : (struct columns){0};
	size_t at = 0;
	for (struct op_head entry; good && answer_next(&answer, &at, &entry);) {
		print_entry(&entry, &columns);
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
		return list(asker, ".", depth, want);
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
