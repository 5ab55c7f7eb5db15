/* SPDX-License-Identifier: MIT */
/*
 * verb_info.c - box info: all that a box's kind tells.
 */
#include "box.h"

#include <stdio.h>

static int run(struct asker *asker, int argc, char **argv) {
	int status = 0;
	if (argc < 2) {
		return say_usage(&verb_info);
	}
	for (int i = 1; i < argc; i++) {
		struct op_head request;
		struct answer answer;
		op_head_init_request(&request, OP_KIND);
		if (!set_box(asker, &request, OP_F_NAME, argv[i])) {
			op_head_finish(&request);
			status = 2;
			continue;
		}
		if (ask_or_say(asker, &request, &answer)) {
			if (argc > 2) {
				printf("%sname %s\n", i > 1 ? "\n" : "", argv[i]);
			}
			struct buf text;
			buf_init(&text);
			answer.reply.role = OP_ENTRY; // the same lines without the ok
			op_encode(&answer.reply, &text, NULL);
			// Without the empty line that ends a head.
			fwrite(buf_front(&text), 1, text.size > 0 ? text.size - 1 : 0, stdout);
			buf_finish(&text);
		} else if (status == 0) {
			status = 1;
		}
		answer_finish(&answer);
	}
	return status;
}

const struct verb verb_info = {
	.name = "info",
	.usage = "NAME…",
	.help = "type, owner, rights, version of a box",
	.run = run,
};
