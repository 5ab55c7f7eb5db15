/* SPDX-License-Identifier: MIT */
/*
 * verb_import.c - box import: a name for a box of some node, or of any; box forget takes it away.
 */
#include "box.h"

#include <stdio.h>
#include <stdlib.h>

#include "libbox/space.h"

static int run_import(struct asker *asker, int argc, char **argv) {
	struct op_refusal why;
	char *made = NULL;
	if (argc < 4 || argc > 6 || (argc == 6 && !space_is_order(argv[5]))) {
		return say_usage(&verb_import);
	}
	const char *order = space_is_order(argv[argc - 1]) ? argv[argc - 1] : NULL;
	const char *constraint = argc - (order != NULL) > 4 ? argv[4] : NULL;
	if (space_import(asker, argv[1], argv[2], argv[3], constraint, order, &made, &why) != OP_OK) {
		return say_refusal(&why);
	}
	puts(made ? made : "");
	free(made);
	return 0;
}

const struct verb verb_import = {
	.name = "import",
	.usage = "NAME NODE|any|here BOX [CONSTRAINT] [above|below|only]",
	.help = "NAME means that box from now on",
	.run = run_import,
};

static int run_forget(struct asker *asker, int argc, char **argv) {
	struct op_refusal why;
	if (argc != 2) {
		return say_usage(&verb_forget);
	}
	return space_forget(asker, argv[1], &why) == OP_OK ? 0 : say_refusal(&why);
}

const struct verb verb_forget = {
	.name = "forget",
	.usage = "NAME",
	.help = "NAME means nothing but itself again",
	.run = run_forget,
};
