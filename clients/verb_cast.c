/* SPDX-License-Identifier: MIT */
/*
 * verb_cast.c - box cast: how bytes of one type become bytes of another; box uncast forgets it.
 * (Plan B: Boxes for network resources, 4.)
 */
#include "box.h"

#include "libbox/space.h"

static int run_cast(struct asker *asker, int argc, char **argv) {
	struct op_refusal why;
	if (argc < 3) {
		return say_usage(&verb_cast);
	}
	return space_cast(asker, argv[1], argv[2], (const char *const *)argv + 3, &why) == OP_OK ? 0 :
		say_refusal(&why);
}

const struct verb verb_cast = {
	.name = "cast",
	.usage = "FROM TO [PROGRAM …]",
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
