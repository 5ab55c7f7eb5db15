/* SPDX-License-Identifier: MIT */
/*
 * space.c - the command's own name space.
 */
#include "space.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *space_id(void) {
	const char *id = getenv("BOX_NS");
	return id && *id ? id : "default";
}

const char *space_name(const char *below, char out[static 128]) {
	snprintf(out, 128, "/ns/%.100s%s%.20s", space_id(), *below ? "/" : "", below);
	return out;
}

char *get_text(struct asker *asker, const char *name) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_GETMEM);
	op_set(&request, OP_F_NAME, name);
	bool good = ask_or_say(asker, &request, &answer);
	char *text = good ? strndup(answer.body.size > 0 ? (char *)buf_front(&answer.body) : "",
		answer.body.size) : NULL;
	answer_finish(&answer);
	return text;
}
