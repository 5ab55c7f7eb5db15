/* SPDX-License-Identifier: MIT */
/*
 * show.c - box alone: where one is, who else is there, what can be done next.
 */
#include "box.h"

#include <stdio.h>
#include <string.h>

static bool list(struct asker *asker, const char *name, struct answer *answer) {
	struct op_head request;
	op_head_init_request(&request, OP_SELECTORS);
	op_set(&request, OP_F_NAME, name);
	return ask(asker, &request, answer);
}

static const char *get(const struct op_head *head, enum op_field field) {
	const char *value = op_get(head, field);
	return value ? value : "";
}

static bool show_self(struct asker *asker, bool *owned) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_KIND);
	op_set(&request, OP_F_NAME, "/");
	bool good = ask_or_say(asker, &request, &answer);
	if (good) {
		const char *person = op_get(&answer.reply, OP_F_PERSON);
		*owned = person;
		printf("%s, %s%s\n", get(&answer.reply, OP_F_MACHINE), person ? "a machine of " :
			"nobody's machine yet", person ? person : "");
		printf("fingerprint %s\n", get(&answer.reply, OP_F_KEY));
	}
	answer_finish(&answer);
	return good;
}

// Returns how many there are; the first one that is up, or any, into some.
static int show_nodes(struct asker *asker, char some[static 160]) {
	struct answer answer;
	int count = 0;
	size_t at = 0;
	bool good = list(asker, "/n", &answer), have_up = false;
	for (struct op_head entry; good && answer_next(&answer, &at, &entry); count++) {
		const char *state = get(&entry, OP_F_STATE);
		if (count == 0) {
			puts("\nnodes");
		}
		printf("  /n%-24s %-10s %s\n", get(&entry, OP_F_NAME), get(&entry, OP_F_PERSON), state);
		if (!have_up) {
			have_up = strcmp(state, "up") == 0;
			snprintf(some, 160, "/n%.150s", get(&entry, OP_F_NAME));
		}
		op_head_finish(&entry);
	}
	answer_finish(&answer);
	return count;
}

static int show_windows(struct asker *asker, const char *prefix, char some[static 160],
		int before) {
	struct answer answer;
	char name[200];
	int count = 0;
	size_t at = 0;
	snprintf(name, sizeof(name), "%s/win", prefix);
	bool good = list(asker, name, &answer);
	for (struct op_head entry; good && answer_next(&answer, &at, &entry); count++) {
		if (before + count == 0) {
			puts("\nwindows");
		}
		printf("  %s/win%-10s %s\n", prefix, get(&entry, OP_F_NAME), get(&entry, OP_F_TITLE));
		snprintf(some, 160, "%.130s/win%.20s", prefix, get(&entry, OP_F_NAME));
		op_head_finish(&entry);
	}
	answer_finish(&answer);
	return count;
}

static void show_next(bool owned, int nodes, const char *node, const char *window) {
	puts("\nwhat to type next");
	if (!owned) {
		puts("  box init --person NAME                  you, and this machine as your first; or, on\n"
			"                                          a second machine of yours:");
		puts("  box pair --mine --fingerprint KEY HOST  with the first one's key (box there says it)");
	} else if (nodes == 0) {
		puts("  box pair --mine --fingerprint KEY HOST  know another machine of yours, or, without\n"
			"                                          --mine, a friend's");
	} else {
		if (window[0]) {
			printf("  box ln /display/0 %s/out\n"
				"                                          show that window on this desktop\n", window);
		}
		printf("  box ls %-32s what it has for you\n", node);
		printf("  box run -c 'proc!*!*!node=%s' -- uname -n\n"
			"                                          run a program there\n", node + 3);
	}
	puts("  box run -- uname -n                     run a program as a box of this node");
	puts("  box doctor                              what is missing here, and the remedy");
}

int show_node(struct asker *asker) {
	bool owned = false;
	char node[160] = "", window[160] = "", ours[160] = "";
	if (!show_self(asker, &owned)) {
		return 1;
	}
	int nodes = show_nodes(asker, node);
	int windows = show_windows(asker, "", ours, 0);
	struct answer answer;
	size_t at = 0;
	bool good = list(asker, "/n", &answer);
	for (struct op_head entry; good && answer_next(&answer, &at, &entry);) {
		if (strcmp(get(&entry, OP_F_STATE), "up") == 0) { // the others would keep us waiting
			char prefix[160];
			snprintf(prefix, sizeof(prefix), "/n%.150s", get(&entry, OP_F_NAME));
			windows += show_windows(asker, prefix, window, windows);
		}
		op_head_finish(&entry);
	}
	answer_finish(&answer);
	show_next(owned, nodes, node, window);
	return 0;
}
