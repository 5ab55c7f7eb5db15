/* SPDX-License-Identifier: MIT */
/*
 * verb_mk.c - box mk: a new box.
 */
#include "box.h"

#include <getopt.h>
#include <stdio.h>

static int run(struct asker *asker, int argc, char **argv) {
	static const struct option options[] = {
		{"like", required_argument, NULL, 'l'},
		{"spec", required_argument, NULL, 's'},
		{0},
	};
	const char *type = NULL, *like = NULL, *spec = NULL;
	for (int c; (c = getopt_long(argc, argv, "t:", options, NULL)) != -1;) {
		const char **to = c == 't' ? &type : c == 'l' ? &like : c == 's' ? &spec : NULL;
		if (!to) {
			return say_usage(&verb_mk);
		}
		*to = optarg;
	}
	if (argc - optind != 1) {
		return say_usage(&verb_mk);
	}
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_MAKE);
	if (!set_box(asker, &request, OP_F_NAME, argv[optind]) ||
			(type && !set_said(&request, OP_F_TYPE, type)) ||
			(like && !set_box(asker, &request, OP_F_LIKE, like)) ||
			(spec && !set_said(&request, OP_F_SPEC, spec))) {
		op_head_finish(&request);
		return 2;
	}
	bool good = ask_or_say(asker, &request, &answer);
	answer_finish(&answer);
	return good ? 0 : 1;
}

const struct verb verb_mk = {
	.name = "mk",
	.usage = "[-t TYPE] [--like NAME --spec SPEC] NAME",
	.help = "make a box",
	.run = run,
};
