/* SPDX-License-Identifier: MIT */
/*
 * verb_rm.c - box rm: the end of boxes; of a link, its use; of a process, its whole tree.
 */
#include "box.h"

static int run(struct asker *asker, int argc, char **argv) {
	int status = 0;
	if (argc < 2) {
		return say_usage(&verb_rm);
	}
	for (int i = 1; i < argc; i++) {
		struct op_head request;
		struct answer answer;
		op_head_init_request(&request, OP_DELETE);
		if (!set_box(asker, &request, OP_F_NAME, argv[i])) {
			op_head_finish(&request);
			status = 2;
			continue;
		}
		if (!ask_or_say(asker, &request, &answer) && status == 0) {
			status = 1;
		}
		answer_finish(&answer);
	}
	return status;
}

const struct verb verb_rm = {
	.name = "rm",
	.usage = "NAME…",
	.help = "delete boxes: links, processes, channels",
	.run = run,
};
