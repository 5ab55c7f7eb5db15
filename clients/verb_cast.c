/* SPDX-License-Identifier: MIT */
/*
 * verb_cast.c - box cast: how bytes of one type become bytes of another; box uncast forgets it.
 * (Plan B: Boxes for network resources, 4.)
 */
#include "box.h"

#include <getopt.h>

#include "libbox/space.h"

static int run_cast(struct asker *asker, int argc, char **argv) {
	struct op_refusal why;
	const char *constraint = NULL;
	for (int c; (c = getopt(argc, argv, "+c:")) != -1;) { // what follows is the program's
		if (c != 'c') {
			return say_usage(&verb_cast);
		}
		constraint = optarg;
	}
	if (argc - optind < 2) {
		return say_usage(&verb_cast);
	}
	argv += optind;
	return space_cast(asker, argv[0], argv[1], (const char *const *)argv + 2, constraint, &why) ==
		OP_OK ? 0 : say_refusal(&why);
}

const struct verb verb_cast = {
	.name = "cast",
	.usage = "[-c CONSTRAINT] FROM TO [PROGRAM …]",
	.help = "PROGRAM makes type TO of type FROM",
	.run = run_cast,
};

static int run_uncast(struct asker *asker, int argc, char **argv) {
	struct op_refusal why;
	if (argc != 3) {
		return say_usage(&verb_uncast);
	}
	return space_uncast(asker, argv[1], argv[2], &why) == OP_OK ? 0 : say_refusal(&why);
}

const struct verb verb_uncast = {
	.name = "uncast",
	.usage = "FROM TO",
	.help = "no longer make type TO of type FROM",
	.run = run_uncast,
};
