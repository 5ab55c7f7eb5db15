/* SPDX-License-Identifier: MIT */
/*
 * verb_dot.c - box dot: the current box; box change makes another one current.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "space.h"

static int run_dot(struct asker *asker, int argc, char **argv) {
	char name[128];
	char *dot = argc == 1 ? get_text(asker, space_name("dot", name)) : NULL;
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

static bool exists(struct asker *asker, const char *name) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_KIND);
	op_set(&request, OP_F_NAME, name);
	bool good = ask_or_say(asker, &request, &answer);
	answer_finish(&answer);
	return good;
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct op_refusal *ended = data;
	*ended = *why;
}

static int run_change(struct asker *asker, int argc, char **argv) {
	static const struct call_events events = {.ended = handle_ended};
	struct op_refusal ended = {.code = OP_ELOST, .sentence = ""};
	char name[128];
	struct op_head request;
	if (argc != 2) {
		return say_usage(&verb_change);
	}
	if (!exists(asker, argv[1])) {
		return 1;
	}
	op_head_init_request(&request, OP_PUTMEM);
	op_set(&request, OP_F_NAME, space_name("dot", name));
	op_set_body(&request, OP_BODY_BYTES, strlen(argv[1]));
	struct call *call = call_create(asker->loop, &asker->boxd.caller, &request, NULL, &events,
		&ended);
	op_head_finish(&request);
	if (call) {
		call_send_bytes(call, argv[1], strlen(argv[1]));
	}
	while (call && ended.code == OP_ELOST && !ended.sentence[0]) {
		wl_event_loop_dispatch(asker->loop, -1);
	}
	return ended.code == OP_OK ? 0 : say_refusal(&ended);
}

const struct verb verb_change = {
	.name = "change",
	.usage = "NAME",
	.help = "make that box the current one",
	.run = run_change,
};
