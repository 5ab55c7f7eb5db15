/* SPDX-License-Identifier: MIT */
/*
 * verb_group.c - box group: persons under one name, for access lists. A group is a box, /peer/GROUP, with
 * its members below it.
 */
#include "box.h"

#include <stdlib.h>
#include <string.h>

#include "box/name.h"

struct names {
	char **names;
	size_t size;
};

static void names_finish(struct names *names) {
	for (size_t i = 0; i < names->size; i++) {
		free(names->names[i]);
	}
	free(names->names);
}

static bool add_name(struct names *names, const char *name) {
	char **grown = reallocarray(names->names, names->size + 1, sizeof(*grown));
	if (!grown) {
		return false;
	}
	names->names = grown;
	grown[names->size] = strdup(name);
	return grown[names->size] && ++names->size;
}

// The inner boxes of a type. false: said why.
static bool list(struct asker *asker, const char *box, const char *want, struct names *names) {
	struct op_head request, entry;
	struct answer answer;
	op_head_init_request(&request, OP_SELECTORS);
	op_set(&request, OP_F_NAME, box);
	op_set(&request, OP_F_WANT, want);
	bool good = ask_or_say(asker, &request, &answer);
	size_t at = 0;
	while (good && answer_next(&answer, &at, &entry)) {
		good = add_name(names, name_last(op_get(&entry, OP_F_NAME)));
		op_head_finish(&entry);
	}
	answer_finish(&answer);
	return good;
}

static char *group_box(const char *group, const char *person) {
	char *name;
	return asprintf(&name, "/peer/%s%s%s", group, person ? "/" : "", person ? person : "") < 0 ? NULL :
		name;
}

static bool print_members(struct asker *asker, const char *group, const char *before,
		const char *between) {
	struct names members = {0};
	char *box = group_box(group, NULL);
	bool good = box && list(asker, box, "person", &members);
	for (size_t i = 0; i < members.size; i++) {
		fputs(i > 0 ? between : before, stdout);
		print_text(stdout, members.names[i]);
	}
	names_finish(&members);
	free(box);
	return good;
}

static int print_all(struct asker *asker) {
	struct names groups = {0};
	bool good = list(asker, "/peer", "group", &groups);
	for (size_t i = 0; good && i < groups.size; i++) {
		print_text(stdout, groups.names[i]);
		good = print_members(asker, groups.names[i], "  ", " ");
		putchar('\n');
	}
	if (good && groups.size == 0) {
		fprintf(stderr, "box: there is no group yet: box group NAME add PERSON… makes one\n");
	}
	names_finish(&groups);
	return good ? 0 : 1;
}

// -1: said why.
static int is_group(struct asker *asker, const char *group) {
	struct op_head request;
	struct answer answer;
	char *box = group_box(group, NULL);
	op_head_init_request(&request, OP_KIND);
	bool good = box && set_said(&request, OP_F_NAME, box);
	free(box);
	if (!good) {
		op_head_finish(&request);
		return -1;
	}
	int is = ask(asker, &request, &answer) ? 1 : answer.why.code == OP_ENOENT ? 0 : -1;
	const char *type = is == 1 ? op_get(&answer.reply, OP_F_TYPE) : NULL;
	if (is == -1) {
		say_refusal(&answer.why);
	} else if (is == 1 && (!type || strcmp(type, "group") != 0)) {
		fprintf(stderr, "box: %s is a person or a machine, and no group\n", group);
		is = -1;
	}
	answer_finish(&answer);
	return is;
}

static bool change(struct asker *asker, enum op_verb verb, const char *group, const char *person) {
	struct op_head request;
	struct answer answer;
	char *box = group_box(group, person);
	op_head_init_request(&request, verb);
	bool good = box && set_said(&request, OP_F_NAME, box);
	free(box);
	if (!good) {
		op_head_finish(&request);
		return false;
	}
	if (verb == OP_MAKE && !person) {
		op_set(&request, OP_F_TYPE, "group");
	}
	good = ask_or_say(asker, &request, &answer);
	answer_finish(&answer);
	return good;
}

static int change_all(struct asker *asker, const char *group, bool add, char **persons) {
	int is = is_group(asker, group), status = 0;
	if (is == 0 && !add) {
		fprintf(stderr, "box: there is no group %s (box group shows those there are)\n", group);
	}
	if (is < 0 || (is == 0 && (!add || !change(asker, OP_MAKE, group, NULL)))) {
		return 1;
	}
	for (; *persons; persons++) {
		if (!change(asker, add ? OP_MAKE : OP_DELETE, group, *persons)) {
			status = 1;
		}
	}
	return status;
}

static int print_one(struct asker *asker, const char *group) {
	int is = is_group(asker, group);
	if (is == 0) {
		fprintf(stderr, "box: there is no group %s: box group %s add PERSON… makes it\n", group, group);
	}
	if (is <= 0) {
		return 1;
	}
	bool good = print_members(asker, group, "", "\n");
	putchar('\n');
	return good ? 0 : 1;
}

static int run(struct asker *asker, int argc, char **argv) {
	if (argc == 1) {
		return print_all(asker);
	}
	if (argc == 2 && argv[1][0] != '-') {
		return print_one(asker, argv[1]);
	}
	bool add = argc > 3 && strcmp(argv[2], "add") == 0;
	if (!add && (argc <= 3 || strcmp(argv[2], "rm") != 0)) {
		return say_usage(&verb_group);
	}
	return change_all(asker, argv[1], add, argv + 3);
}

const struct verb verb_group = {
	.name = "group",
	.usage = "[GROUP [add|rm PERSON…]]",
	.help = "persons under one name, for access lists",
	.run = run,
};
