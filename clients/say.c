/* SPDX-License-Identifier: MIT */
/*
 * say.c - what a person typed, and what a person is told.
 *
 * Asking is libbox/ask.c's, what a name space is libbox/space.c's.
 */
#include "box.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libbox/space.h"

bool ask_or_say(struct asker *asker, struct op_head *request, struct answer *answer) {
	if (ask(asker, request, answer)) {
		return true;
	}
	say_refusal(&answer->why);
	return false;
}

char *get_text(struct asker *asker, const char *name) {
	struct op_refusal why;
	char *text = space_text(asker, name, &why);
	if (!text) {
		say_refusal(&why);
	}
	return text;
}

bool set_said(struct op_head *head, enum op_field field, const char *text) {
	struct op_refusal why;
	if (head_say(head, field, text, &why) != OP_OK) {
		say_refusal(&why);
		return false;
	}
	return true;
}

bool set_box(struct asker *asker, struct op_head *head, enum op_field field, const char *name) {
	struct op_refusal why;
	if (space_say(asker, head, field, name, &why) != OP_OK) {
		say_refusal(&why);
		return false;
	}
	return true;
}

int say_refusal(const struct op_refusal *why) {
	fputs("box: ", stderr);
	print_text(stderr, why->sentence); // a stranger's, maybe
	fprintf(stderr, " (%s)\n", op_code_name(why->code));
	return 1;
}

int say_usage(const struct verb *verb) {
	fprintf(stderr, "usage: box %s %s\n  %s; man box has examples\n", verb->name, verb->usage,
		verb->help);
	return 2;
}

void print_text(FILE *out, const char *text) {
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c < 0x20 || *c == 0x7f) {
			fprintf(out, "\\x%02x", *c);
		} else if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) { // the second set of controls
			fprintf(out, "\\x%02x", *++c);
		} else {
			putc(*c, out);
		}
	}
}
