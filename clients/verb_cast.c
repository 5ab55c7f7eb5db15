/* SPDX-License-Identifier: MIT */
/*
 * verb_cast.c - box cast: how bytes of one type become bytes of another; box uncast forgets it.
 * (Plan B: Boxes for network resources, 4.)
 */
#include "box.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libbox/space.h"

// "FROM:TO" of the name space; a "/" in one would lead elsewhere.
static bool say_cast(struct asker *asker, struct op_head *request, char **types) {
	char casts[192], *name;
	if (strchr(types[0], '/') || strchr(types[1], '/')) {
		fprintf(stderr, "box: a cast is between two types, which are words (box info tells the type of "
			"a box)\n");
		return false;
	}
	if (asprintf(&name, "%s/%s:%s", space_name(asker, "cast", casts), types[0], types[1]) < 0) {
		return false;
	}
	bool good = set_said(request, OP_F_NAME, name);
	free(name);
	return good;
}

static int run_cast(struct asker *asker, int argc, char **argv) {
	struct op_head request;
	struct answer answer;
	if (argc < 3) {
		return say_usage(&verb_cast);
	}
	op_head_init_request(&request, OP_MAKE);
	bool said = say_cast(asker, &request, argv + 1) &&
		(argc == 3 || set_said(&request, OP_F_PROG, argv[3]));
	for (int i = 3; i < argc && said; i++) {
		const char *last = i == 3 ? strrchr(argv[i], '/') : NULL;
		said = set_said(&request, OP_F_ARG, last ? last + 1 : argv[i]);
	}
	if (!said) {
		op_head_finish(&request);
		return 2;
	}
	bool good = ask_or_say(asker, &request, &answer);
	answer_finish(&answer);
	return good ? 0 : 1;
}

const struct verb verb_cast = {
	.name = "cast",
	.usage = "FROM TO [PROGRAM …]",
	.help = "PROGRAM makes type TO of type FROM",
	.run = run_cast,
};

static int run_uncast(struct asker *asker, int argc, char **argv) {
	struct op_head request;
	struct answer answer;
	if (argc != 3) {
		return say_usage(&verb_uncast);
	}
	op_head_init_request(&request, OP_DELETE);
	if (!say_cast(asker, &request, argv + 1)) {
		op_head_finish(&request);
		return 2;
	}
	bool good = ask(asker, &request, &answer);
	if (!good && answer.why.code == OP_ENOENT) {
		fprintf(stderr, "box: there is no cast from %s to %s (box ns shows which are)\n", argv[1], argv[2]);
	} else if (!good) {
		say_refusal(&answer.why);
	}
	answer_finish(&answer);
	return good ? 0 : 1;
}

const struct verb verb_uncast = {
	.name = "uncast",
	.usage = "FROM TO",
	.help = "no longer make type TO of type FROM",
	.run = run_uncast,
};
