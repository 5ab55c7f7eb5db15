/* SPDX-License-Identifier: MIT */
/*
 * verb_chinfo.c - box chinfo: who may do what with a box, whose it is, what it is.
 */
#include "box.h"

#include <stdio.h>
#include <string.h>

// FIELD VALUE pairs; a value with blanks is one argument.
static bool set_fields(struct op_head *request, int argc, char **argv) {
	for (int i = 0; i + 1 < argc; i += 2) {
		int field = op_field_by_name(argv[i]);
		switch (field) {
		case OP_F_ACL:
		case OP_F_OWNER:
		case OP_F_TYPE:
		case OP_F_TITLE:
			if (!set_said(request, (enum op_field)field, argv[i + 1])) {
				return false;
			}
			break;
		default:
			fprintf(stderr, "box: %s cannot be changed (acl owner type title can)\n", argv[i]);
			return false;
		}
	}
	return true;
}

static int run(struct asker *asker, int argc, char **argv) {
	if (argc < 4 || argc % 2 != 0) {
		return say_usage(&verb_chinfo);
	}
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_CHINFO);
	if (!set_box(asker, &request, OP_F_NAME, argv[1]) || !set_fields(&request, argc - 2, argv + 2)) {
		op_head_finish(&request);
		return 2;
	}
	bool good = ask_or_say(asker, &request, &answer);
	answer_finish(&answer);
	return good ? 0 : 1;
}

const struct verb verb_chinfo = {
	.name = "chinfo",
	.usage = "NAME acl \"WHO LETTERS\" | FIELD VALUE …",
	.help = "who may do what (letters k s g p l m d i)",
	.run = run,
};
