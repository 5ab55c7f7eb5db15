/* SPDX-License-Identifier: MIT */
/* names.c - a name space for a person to read. Its lines are boxd's; box ns is verb_ns.c. */
#include "names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box.h"
#include "box/cnstr.h"
#include "box/name.h"

#define PATIENCE_MS 2000 // for one box's kind
#define IN_TURN_MS 6000  // when boxd has to ask several for it

struct binding {
	const char *prefix, *target, *want; // want: NULL, nothing
	bool any, shown;
};

struct names {
	struct asker *asker;
	struct binding bindings[OP_MAX_BINDINGS];
	int count;
	struct answer nodes; // the list of /n
	bool found;          // of the prefix that is shown: what follows is not meant
};

/* Nodes. */

// The node with that key, or the one of that name; to be finished if true.
static bool find_node(const struct names *names, const char *key, const char *name,
		struct op_head *entry) {
	for (size_t at = 0; answer_next(&names->nodes, &at, entry); op_head_finish(entry)) {
		const char *own = op_get(entry, OP_F_KEY);
		if ((key && own && strcmp(key, own) == 0) ||
				(name && strcmp(name, op_get(entry, OP_F_NAME) + 1) == 0)) {
			return true;
		}
	}
	return false;
}

// A where as a name: of another node's box, below that node in /n.
static void print_where(const struct names *names, const char *where,
		char out[static OP_MAX_NAME + 1]) {
	char key[65];
	const char *name;
	struct op_head entry;
	if (where_split(where, key, &name, NULL) != OP_OK || !key[0]) {
		snprintf(out, OP_MAX_NAME + 1, "%s", where);
		return;
	}
	const char *below = strcmp(name, "/") == 0 ? "" : name;
	if (find_node(names, key, NULL, &entry)) {
		snprintf(out, OP_MAX_NAME + 1, "/n%s%s", op_get(&entry, OP_F_NAME), below);
		op_head_finish(&entry);
	} else {
		snprintf(out, OP_MAX_NAME + 1, "/n/%s%s", key, below);
	}
}

// Why the node of a name is not there; malloc'd. NULL: nothing is known against it.
static char *why_down(const struct names *names, const char *name) {
	const char *below = name_below("/n", name);
	size_t size;
	const char *first = below ? name_next(&below, &size) : NULL;
	char *node = first ? strndup(first, size) : NULL, *why = NULL;
	struct op_head entry;
	if (node && find_node(names, NULL, node, &entry)) {
		const char *state = op_get(&entry, OP_F_STATE);
		if (state && strncmp(state, "down ", 5) == 0) {
			const char *sentence = strchr(state + 5, ' ');
			why = strdup(sentence ? sentence + 1 : state + 5);
		}
		op_head_finish(&entry);
	}
	free(node);
	return why;
}

/* One box that a name may mean. */

// The prefix that name is below, if it is bound itself; NULL: it is not.
static const char *bound_in_turn(const struct names *names, const char *name) {
	const char *longest = NULL;
	for (int i = 0; i < names->count; i++) {
		const char *prefix = names->bindings[i].prefix;
		if (name_below(prefix, name) && (!longest || strlen(prefix) > strlen(longest))) {
			longest = prefix;
		}
	}
	return longest;
}

static const char *say_code(enum op_code code) {
	return code == OP_ENOENT ? "not there" : code == OP_ELOST ? "no answer" :
		code == OP_EMATCH ? "nothing that fits" :
		code == OP_EPERM ? "not for you (EPERM)" : op_code_name(code);
}

// in_turn: the name is one of the name space, by that prefix; NULL: it means itself.
static void show_box(struct names *names, const struct binding *binding, const char *name,
		const char *in_turn) {
	struct op_head request;
	struct answer answer;
	char *down = why_down(names, name);
	if (down) {
		printf("    %-32s unbound: ", name);
		print_text(stdout, down);
		putchar('\n');
		free(down);
		return;
	}
	op_head_init_request(&request, OP_KIND);
	op_set(&request, OP_F_NAME, name);
	if (!in_turn) {
		op_set(&request, OP_F_NS, "-");
	} else if (binding->want) {
		op_set(&request, OP_F_WANT, binding->want);
	}
	bool good =
		ask_within(names->asker, &request, &answer, in_turn ? IN_TURN_MS : PATIENCE_MS);
	const char *type = good ? op_get(&answer.reply, OP_F_TYPE) : NULL;
	bool meets = type && (!binding->want || cnstr_text_meets(type, binding->want));
	printf("  %c %-32s %s", meets && !names->found ? '*' : ' ', name,
		type ? type : say_code(answer.why.code));
	if (type && !meets) {
		printf(", not %s", binding->want);
	}
	if (in_turn) {
		printf(", by what %s means", in_turn);
	}
	putchar('\n');
	names->found = names->found || meets;
	answer_finish(&answer);
}

static void show_any(struct names *names, const struct binding *binding) {
	struct op_head entry;
	const char *below = strcmp(binding->target, "/") == 0 ? "" : binding->target;
	show_box(names, binding, binding->target, NULL);
	for (size_t at = 0; answer_next(&names->nodes, &at, &entry); op_head_finish(&entry)) {
		char name[OP_MAX_NAME + 1];
		snprintf(name, sizeof(name), "/n%s%s", op_get(&entry, OP_F_NAME), below);
		show_box(names, binding, name, NULL);
	}
}

static void show_binding(struct names *names, struct binding *binding) {
	char name[OP_MAX_NAME + 1];
	binding->shown = true;
	if (binding->any) {
		show_any(names, binding);
		return;
	}
	print_where(names, binding->target, name);
	show_box(names, binding, name, bound_in_turn(names, binding->target));
}

// One behind another by where they stand, but all of a prefix together.
static void show_bindings(struct names *names) {
	for (int i = 0; i < names->count; i++) {
		const char *prefix = names->bindings[i].prefix;
		if (names->bindings[i].shown) {
			continue;
		}
		names->found = false;
		printf("%s\n", prefix);
		for (int j = i; j < names->count; j++) {
			if (strcmp(names->bindings[j].prefix, prefix) == 0) {
				show_binding(names, &names->bindings[j]);
			}
		}
	}
}

/* Lines. */

// What is behind "bind": PREFIX TARGET [any] [want CONSTRAINT]
static void read_binding(struct binding *binding, char *words) {
	*binding = (struct binding){.prefix = strsep(&words, " "), .target = strsep(&words, " ")};
	for (char *word; words && (word = strsep(&words, " "));) {
		binding->any = binding->any || strcmp(word, "any") == 0;
		binding->want = strcmp(word, "want") == 0 ? strsep(&words, " ") : binding->want;
	}
}

// What is behind "cast": FROM TO [PROGRAM …]
static void show_cast(char *words, bool first) {
	const char *from = strsep(&words, " "), *to = strsep(&words, " ");
	printf("%s    %s to %s%*s %s\n", first ? "casts\n" : "", from, to,
		(int)(strlen(from) + strlen(to)) < 28 ? 28 - (int)(strlen(from) + strlen(to)) : 0, "",
		words ? words : "(as it is)");
}

static bool ask_nodes(struct names *names) {
	struct op_head request;
	op_head_init_request(&request, OP_SELECTORS);
	op_set(&request, OP_F_NAME, "/n");
	op_set(&request, OP_F_NS, "-");
	return ask(names->asker, &request, &names->nodes);
}

void names_show(struct asker *asker, char *lines) {
	struct names *names = calloc(1, sizeof(*names));
	char *casts[OP_MAX_BINDINGS], *dot = NULL;
	int cast_count = 0;
	if (!names) {
		return;
	}
	names->asker = asker;
	for (char *line; (line = strsep(&lines, "\n"));) {
		char *word = strsep(&line, " ");
		if (strcmp(word, "bind") == 0 && names->count < OP_MAX_BINDINGS) {
			read_binding(&names->bindings[names->count++], line);
		} else if (strcmp(word, "cast") == 0 && cast_count < OP_MAX_BINDINGS) {
			casts[cast_count++] = line;
		} else if (strcmp(word, "dot") == 0) {
			dot = line;
		}
	}
	ask_nodes(names);
	show_bindings(names);
	for (int i = 0; i < cast_count; i++) {
		show_cast(casts[i], i == 0);
	}
	if (dot) {
		printf("current box %s\n", dot);
	}
	if (names->count > 0) {
		puts("(* is what the name means now)");
	}
	answer_finish(&names->nodes);
	free(names);
}
