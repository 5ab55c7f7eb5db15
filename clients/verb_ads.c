/* SPDX-License-Identifier: MIT */
/*
 * verb_ads.c - box ads: which nodes offer what, as far as they have told this one.
 */
#include "box.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/cnstr.h"
#include "box/name.h"

#define GAP 2
#define WIDEST 40 // of a column; what is longer pushes the rest of its line on

static const char *get(const struct op_head *entry, enum op_field field) {
	const char *value = op_get(entry, field);
	return value ? value : "";
}

// The box as its own node names it.
static const char *at_node(const char *name) {
	const char *below = name_below("/n", name);
	size_t size;
	if (!below) {
		return name;
	}
	name_next(&below, &size);
	return below;
}

static bool is_meant(const struct op_head *entry, const char *below) {
	return !below || name_below(below, at_node(get(entry, OP_F_NAME)));
}

static int wider(int width, const char *text) {
	size_t size = strlen(text);
	return size > WIDEST || (int)size < width ? width : (int)size;
}

static int print_ads(const struct answer *answer, const char *below) {
	int name_width = 0, type_width = 0, count = 0;
	size_t at = 0;
	for (struct op_head entry; answer_next(answer, &at, &entry);) {
		if (is_meant(&entry, below)) {
			name_width = wider(name_width, get(&entry, OP_F_NAME));
			type_width = wider(type_width, get(&entry, OP_F_TYPE));
			count++;
		}
		op_head_finish(&entry);
	}
	at = 0;
	for (struct op_head entry; answer_next(answer, &at, &entry);) {
		if (is_meant(&entry, below)) {
			printf("%-*s%-*s%s\n", name_width + GAP, get(&entry, OP_F_NAME), type_width + GAP,
				get(&entry, OP_F_TYPE), get(&entry, OP_F_LETTERS));
		}
		op_head_finish(&entry);
	}
	return count;
}

static int list(struct asker *asker, const char *below, const char *want) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_SELECTORS);
	op_set(&request, OP_F_NAME, "/ads");
	op_set(&request, OP_F_NS, "-");
	if (want && !set_said(&request, OP_F_WANT, want)) {
		op_head_finish(&request);
		return 2;
	}
	bool good = ask_or_say(asker, &request, &answer);
	int count = good ? print_ads(&answer, below) : 0;
	if (good && count == 0) {
		fprintf(stderr, "box: no node is known to offer that (box ads shows all; box ls /n the nodes)\n");
	}
	answer_finish(&answer);
	return count > 0 ? 0 : 1;
}

static int run(struct asker *asker, int argc, char **argv) {
	const char *want = NULL;
	for (int c; (c = getopt(argc, argv, "c:")) != -1;) {
		if (c != 'c') {
			return say_usage(&verb_ads);
		}
		want = optarg;
	}
	const char *below = optind < argc ? argv[optind] : NULL;
	if (argc - optind > 1 || (below && below[0] != '/')) {
		return say_usage(&verb_ads);
	}
	return list(asker, below, want);
}

const struct verb verb_ads = {
	.name = "ads",
	.usage = "[-c CONSTRAINT] [/NAME]",
	.help = "what nodes offer",
	.run = run,
};
