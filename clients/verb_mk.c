/* SPDX-License-Identifier: MIT */
/*
 * verb_mk.c - box mk: a new box.
 */
#include "box.h"

#include <getopt.h>
#include <stdio.h>

static int run(struct asker *asker, int argc, char **argv) {
	const char *type = NULL;
	for (int c; (c = getopt(argc, argv, "t:")) != -1;) {
		if (c != 't') {
			return say_usage(&verb_mk);
		}
		type = optarg;
	}
	if (argc - optind != 1) {
		return say_usage(&verb_mk);
	}
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_MAKE);
	if (!set_box(asker, &request, OP_F_NAME, argv[optind]) ||
			(type && !set_said(&request, OP_F_TYPE, type))) {
		op_head_finish(&request);
		return 2;
	}
	bool good = ask_or_say(asker, &request, &answer);
	answer_finish(&answer);
	return good ? 0 : 1;
}

const struct verb verb_mk = {
	.name = "mk",
	.usage = "[-t TYPE] NAME",
	.help = "make a box",
	.run = run,
};
