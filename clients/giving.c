/* SPDX-License-Identifier: MIT */
/*
 * giving.c - the lines of the name space that box run gives a program (field bound).
 *
 * Signing them, and leaving them away for a machine of the same person, is boxd's.
 */
#include "giving.h"

#include <stdlib.h>
#include <string.h>

#include "box/name.h"
#include "libbox/space.h"

#define READ "ksg"
#define WRITE "kgp"
#define KIND_MS 3000

bool gifts_add(struct gifts *gifts, const char *said, bool write) {
	if (gifts->size == GIFTS_MAX) {
		fprintf(stderr, "box: a program is given at most %d boxes by --give and --write\n", GIFTS_MAX);
		return false;
	}
	gifts->said[gifts->size] = said;
	gifts->write[gifts->size++] = write;
	return true;
}

// Asks what a name means now. false: nothing that is there; *where is the name itself then.
static bool find(struct asker *asker, const char *name, char **where) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_KIND);
	op_set(&request, OP_F_NAME, name);
	bool there = ask_within(asker, &request, &answer, KIND_MS);
	const char *meant = there ? op_get(&answer.reply, OP_F_NAME) : NULL;
	*where = strdup(meant && name_check(meant, NULL) == OP_OK ? meant : name);
	answer_finish(&answer);
	return there;
}

static void add_line(struct op_head *request, const char *name, const char *letters,
		const char *where) {
	char *line = NULL;
	if (where && asprintf(&line, "%s\t%s\t%s", name, letters, where) >= 0) {
		op_add(request, OP_F_BOUND, line);
	}
	free(line);
}

// NAME:LETTERS; a name may have colons of its own.
static const char *cut_letters(char *said) {
	char *colon = strrchr(said, ':');
	if (!colon || !colon[1] || colon[1 + strspn(colon + 1, "ksgp")]) {
		return READ;
	}
	*colon = '\0';
	return colon + 1;
}

static bool say_gift(struct asker *asker, struct op_head *request, const char *said, bool write) {
	struct op_head named;
	char *copy = strdup(said), *where = NULL;
	const char *letters = write || !copy ? WRITE : cut_letters(copy);
	op_head_init_request(&named, OP_KIND);
	bool good = copy && set_box(asker, &named, OP_F_NAME, copy);
	if (good) {
		const char *name = op_get(&named, OP_F_NAME);
		find(asker, name, &where); // one that is not there yet may be written
		add_line(request, name, letters, where);
	}
	op_head_finish(&named);
	free(where);
	free(copy);
	return good;
}

// Words that are names of boxes: most begin with no "/", and of those most are no box.
static void say_words(struct asker *asker, struct op_head *request, char **words) {
	for (int count = 0; *words && count < GIFTS_MAX; words++) {
		char *where = NULL;
		if (**words == '/' && (*words)[1] && name_check(*words, NULL) == OP_OK &&
				find(asker, *words, &where)) {
			add_line(request, *words, READ, where);
			count++;
		}
		free(where);
	}
}

static void say_dot(struct asker *asker, struct op_head *request) {
	struct op_refusal why;
	char name[192], *dot = space_text(asker, space_name(asker, "dot", name), &why);
	if (dot && strcmp(dot, "/") != 0) {
		add_line(request, ".", READ, dot);
	}
	free(dot);
}

bool gifts_say(const struct gifts *gifts, struct asker *asker, struct op_head *request,
		char **command) {
	for (int i = 0; i < gifts->size; i++) {
		if (!say_gift(asker, request, gifts->said[i], gifts->write[i])) {
			return false;
		}
	}
	say_words(asker, request, command + 1);
	say_dot(asker, request);
	return true;
}
