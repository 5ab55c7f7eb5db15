/* SPDX-License-Identifier: MIT */
/*
 * verb_ads.c - box ads: which nodes offer what, as far as they have told this one; with --near, which
 * machines the local network has told of, known or not.
 */
#include "box.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/cnstr.h"
#include "box/name.h"

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
			printf("%-*s  %-*s  %s\n", name_width, get(&entry, OP_F_NAME), type_width,
				get(&entry, OP_F_TYPE), get(&entry, OP_F_LETTERS));
		}
		op_head_finish(&entry);
	}
	return count;
}

static int print_near(const struct answer *answer) {
	int count = 0;
	size_t at = 0;
	for (struct op_head entry; answer_next(answer, &at, &entry); count++) {
		size_t value = 0;
		const char *where = op_each(&entry, OP_F_AT, &value);
		printf("%s  %-24s %s\n", get(&entry, OP_F_KEY), where ? where : "", get(&entry, OP_F_STATE));
		op_head_finish(&entry);
	}
	return count;
}

static int list(struct asker *asker, bool near, const char *below, const char *want) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_SELECTORS);
	op_set(&request, OP_F_NAME, near ? "/ads/near" : "/ads");
	op_set(&request, OP_F_NS, "-");
	if (want && !set_said(&request, OP_F_WANT, want)) {
		op_head_finish(&request);
		return 2;
	}
	bool good = ask_or_say(asker, &request, &answer);
	int count = !good ? 0 : near ? print_near(&answer) : print_ads(&answer, below);
	if (good && count == 0) {
		fprintf(stderr, near ? "box: no machine with Boxland was heard of in the local network (box "
			"doctor looks for what may be missing)\n" :
			"box: no node is known to offer that (box ads shows all; box ls /n the nodes)\n");
	}
	answer_finish(&answer);
	return count > 0 ? 0 : 1;
}

static int run(struct asker *asker, int argc, char **argv) {
	static const struct option longs[] = {{"near", no_argument, NULL, 'n'}, {0}};
	const char *want = NULL;
	bool near = false;
	for (int c; (c = getopt_long(argc, argv, "c:", longs, NULL)) != -1;) {
		if (c == 'n') {
			near = true;
		} else if (c == 'c') {
			want = optarg;
		} else {
			return say_usage(&verb_ads);
		}
	}
	const char *below = optind < argc ? argv[optind] : NULL;
	if (argc - optind > 1 || (near && (below || want)) || (below && below[0] != '/')) {
		return say_usage(&verb_ads);
	}
	return list(asker, near, below, want);
}

const struct verb verb_ads = {
	.name = "ads",
	.usage = "[--near | [-c CONSTRAINT] [/NAME]]",
	.help = "what nodes offer (--near: who is there)",
	.run = run,
};
