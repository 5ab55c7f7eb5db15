/* SPDX-License-Identifier: MIT */
/*
 * verb_import.c - box import: a name for a box of some node, or of any; box forget takes it away.
 * (Plan B: Boxes for network resources, 3.)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "space.h"

static bool is_order(const char *word) {
	return strcmp(word, "above") == 0 || strcmp(word, "below") == 0 || strcmp(word, "only") == 0;
}

// "/proc" of "den" is /n/den/proc.
static void set_target(struct op_head *request, const char *node, const char *name) {
	if (strcmp(node, "any") == 0) {
		op_set(request, OP_F_TO, name);
		op_set_flag(request, OP_F_ANY);
	} else if (strcmp(node, "here") == 0) {
		op_set(request, OP_F_TO, name);
	} else {
		op_setf(request, OP_F_TO, "/n/%s%s", node, strcmp(name, "/") == 0 ? "" : name);
	}
}

static int run_import(struct asker *asker, int argc, char **argv) {
	char name[128];
	if (argc < 4 || argc > 6 || (argc == 6 && !is_order(argv[5]))) {
		return say_usage(&verb_import);
	}
	const char *order = is_order(argv[argc - 1]) ? argv[argc - 1] : NULL;
	const char *constraint = argc - (order != NULL) > 4 ? argv[4] : NULL;
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_MAKE);
	op_set(&request, OP_F_NAME, space_name("bind", name));
	op_set(&request, OP_F_NS, "-"); // what it binds to is looked up when it is used
	op_add(&request, OP_F_PREFIX, argv[1]);
	set_target(&request, argv[2], argv[3]);
	if (constraint) {
		op_set(&request, OP_F_TYPE, constraint);
	}
	if (order) {
		op_set(&request, OP_F_ORDER, order);
	}
	bool good = ask_or_say(asker, &request, &answer);
	if (good) {
		const char *made = op_get(&answer.reply, OP_F_NAME);
		puts(made ? made : "");
	}
	answer_finish(&answer);
	return good ? 0 : 1;
}

const struct verb verb_import = {
	.name = "import",
	.usage = "NAME NODE|any|here BOX [CONSTRAINT] [above|below|only]",
	.help = "NAME means that box from now on",
	.run = run_import,
};

static bool forget_one(struct asker *asker, const char *binds, const char *number) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_DELETE);
	op_setf(&request, OP_F_NAME, "%s%s", binds, number);
	op_set(&request, OP_F_NS, "-");
	bool good = ask_or_say(asker, &request, &answer);
	answer_finish(&answer);
	return good;
}

static int run_forget(struct asker *asker, int argc, char **argv) {
	char binds[128];
	struct op_head request;
	struct answer answer;
	if (argc != 2) {
		return say_usage(&verb_forget);
	}
	op_head_init_request(&request, OP_SELECTORS);
	op_set(&request, OP_F_NAME, space_name("bind", binds));
	op_set(&request, OP_F_NS, "-");
	bool good = ask_or_say(asker, &request, &answer);
	size_t at = 0;
	int found = 0;
	for (struct op_head entry; good && answer_next(&answer, &at, &entry);) {
		const char *prefix = op_get(&entry, OP_F_PREFIX);
		if (prefix && strcmp(prefix, argv[1]) == 0) {
			found++;
			good = forget_one(asker, binds, op_get(&entry, OP_F_NAME));
		}
		op_head_finish(&entry);
	}
	answer_finish(&answer);
	if (good && !found) {
		fprintf(stderr, "box: nothing is bound to %s (box ns shows what is)\n", argv[1]);
	}
	return good && found ? 0 : 1;
}

const struct verb verb_forget = {
	.name = "forget",
	.usage = "NAME",
	.help = "NAME means nothing but itself again",
	.run = run_forget,
};
