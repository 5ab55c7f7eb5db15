/* SPDX-License-Identifier: MIT */
/*
 * verb_ln.c - box ln: an io box uses a device from now on. Prints the link's name; box rm ends it.
 */
#include "box.h"

#include <getopt.h>
#include <stdio.h>

static int run(struct asker *asker, int argc, char **argv) {
	bool only = false;
	for (int c; (c = getopt(argc, argv, "o")) != -1;) {
		if (c != 'o') {
			return say_usage(&verb_ln);
		}
		only = true;
	}
	if (argc - optind != 2) {
		return say_usage(&verb_ln);
	}
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_LINK);
	op_set(&request, OP_F_DEVICE, argv[optind]);
	op_set(&request, OP_F_NAME, argv[optind + 1]);
	if (only) {
		op_set_flag(&request, OP_F_ONLY);
	}
	bool good = ask_or_say(asker, &request, &answer);
	if (good) {
		const char *name = op_get(&answer.reply, OP_F_NAME);
		puts(name ? name : "");
	}
	answer_finish(&answer);
	return good ? 0 : 1;
}

const struct verb verb_ln = {
	.name = "ln",
	.usage = "[-o] DEVICE IO",
	.help = "IO uses DEVICE from now on (-o: and no other)",
	.run = run,
};
