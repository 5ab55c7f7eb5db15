/* SPDX-License-Identifier: MIT */
/*
 * verb_dot.c - box dot: the current box; box change makes another one current.
 */
#include "box.h"

#include <stdio.h>
#include <stdlib.h>

#include "libbox/space.h"

static int run_dot(struct asker *asker, int argc, char **argv) {
	char name[192];
	char *dot = argc == 1 ? get_text(asker, space_name(asker, "dot", name)) : NULL;
	if (argc != 1) {
		return say_usage(&verb_dot);
	}
	if (dot) {
		puts(dot);
	}
	free(dot);
	return dot ? 0 : 1;
}

const struct verb verb_dot = {
	.name = "dot",
	.usage = "",
	.help = "the current box, where ls looks",
	.run = run_dot,
};

static int run_change(struct asker *asker, int argc, char **argv) {
	struct op_refusal why;
	if (argc != 2) {
		return say_usage(&verb_change);
	}
	return space_change(asker, argv[1], &why) == OP_OK ? 0 : say_refusal(&why);
}

const struct verb verb_change = {
	.name = "change",
	.usage = "NAME",
	.help = "make that box the current one",
	.run = run_change,
};
