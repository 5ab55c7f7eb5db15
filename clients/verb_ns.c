/* SPDX-License-Identifier: MIT */
/*
 * verb_ns.c - box ns: what each name is bound to, what that means now, and why; with -n, a program in
 * a copy of the name space, which goes with it.
 */
#include "box.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box/cnstr.h"
#include "libbox/space.h"

#define PATIENCE_MS 2000 // for one box's kind

extern char **environ;

/* What a binding means. */

struct row {
	const char *target, *want; // want: NULL, nothing
	bool found; // of its prefix: the ones behind it are not meant
};

static void print_name(char name[static OP_MAX_NAME + 1], const struct row *row, const char *node) {
	snprintf(name, OP_MAX_NAME + 1, "%s%s", node,
		*node && strcmp(row->target, "/") == 0 ? "" : row->target);
}

static void show_box(struct asker *asker, struct row *row, const char *node) {
	struct op_head request;
	struct answer answer;
	char name[OP_MAX_NAME + 1];
	print_name(name, row, node);
	op_head_init_request(&request, OP_KIND);
	op_set(&request, OP_F_NAME, name);
	op_set(&request, OP_F_NS, "-");
	bool good = ask_within(asker, &request, &answer, PATIENCE_MS);
	const char *type = good ? op_get(&answer.reply, OP_F_TYPE) : NULL;
	if (!type) {
		printf("    %-32s %s\n", name, op_code_name(answer.why.code));
	} else if (row->want && !cnstr_text_meets(type, row->want)) {
		printf("    %-32s %s, not %s\n", name, type, row->want);
	} else {
		printf("  %c %-32s %s\n", row->found ? ' ' : '*', name, type);
		row->found = true;
	}
	answer_finish(&answer);
}

// On a node that is not there. why: CODE sentence
static void show_unbound(const struct row *row, const char *node, const char *why) {
	char name[OP_MAX_NAME + 1];
	print_name(name, row, node);
	printf("    %-32s unbound: ", name);
	print_text(stdout, why + strcspn(why, " ") + (strchr(why, ' ') != NULL));
	putchar('\n');
}

static void show_any(struct asker *asker, struct row *row) {
	struct op_head request;
	struct answer answer;
	size_t at = 0;
	show_box(asker, row, "");
	op_head_init_request(&request, OP_SELECTORS);
	op_set(&request, OP_F_NAME, "/n");
	op_set(&request, OP_F_NS, "-");
	bool good = ask(asker, &request, &answer);
	for (struct op_head entry; good && answer_next(&answer, &at, &entry);) {
		char node[300];
		const char *state = op_get(&entry, OP_F_STATE);
		snprintf(node, sizeof(node), "/n%s", op_get(&entry, OP_F_NAME));
		if (state && strncmp(state, "down ", 5) == 0) {
			show_unbound(row, node, state + 5);
		} else {
			show_box(asker, row, node);
		}
		op_head_finish(&entry);
	}
	answer_finish(&answer);
}

// "cast FROM TO [PROGRAM …]".
static void show_cast(char *words, bool first) {
	const char *from = strsep(&words, " "), *to = strsep(&words, " ");
	printf("%s    %s to %s%*s %s\n", first ? "casts\n" : "", from, to,
		(int)(strlen(from) + strlen(to)) < 28 ? 28 - (int)(strlen(from) + strlen(to)) : 0, "",
		words ? words : "(as it is)");
}

// "bind PREFIX TARGET [any] [want CONSTRAINT]", as boxd prints it.
static void show_line(struct asker *asker, char *line, struct row *row, char prefix[static 256]) {
	char *words = line, *word = strsep(&words, " ");
	if (strcmp(word, "cast") == 0) {
		show_cast(words, strcmp(prefix, "cast") != 0);
		strcpy(prefix, "cast");
		return;
	}
	if (strcmp(word, "bind") != 0) {
		printf("current box %s\n", words ? words : "");
		return;
	}
	const char *bound = strsep(&words, " ");
	if (strcmp(bound, prefix) != 0) {
		row->found = false;
		snprintf(prefix, 256, "%s", bound);
		printf("%s\n", prefix);
	}
	row->target = strsep(&words, " ");
	row->want = NULL;
	bool any = false;
	while (words && (word = strsep(&words, " "))) {
		any = any || strcmp(word, "any") == 0;
		row->want = strcmp(word, "want") == 0 ? strsep(&words, " ") : row->want;
	}
	if (any) {
		show_any(asker, row);
	} else {
		show_box(asker, row, "");
	}
}

static int show(struct asker *asker, bool plain) {
	char name[192], prefix[256] = "";
	struct row row = {.found = false};
	char *text = get_text(asker, space_name(asker, "", name)), *lines = text;
	if (!text) {
		return 1;
	}
	if (plain) {
		fputs(text, stdout);
	}
	for (char *line; !plain && (line = strsep(&lines, "\n"));) {
		if (*line) {
			show_line(asker, line, &row, prefix);
		}
	}
	free(text);
	return 0;
}

/* A program in a copy. */

static bool make_copy(struct asker *asker, const char *id) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_MAKE);
	op_setf(&request, OP_F_NAME, "/ns/%s", id);
	op_set(&request, OP_F_FROM, space_id(asker));
	bool good = ask_or_say(asker, &request, &answer);
	answer_finish(&answer);
	return good;
}

static void remove_copy(struct asker *asker, const char *id) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_DELETE);
	op_setf(&request, OP_F_NAME, "/ns/%s", id);
	op_set(&request, OP_F_NS, "-");
	ask(asker, &request, &answer);
	answer_finish(&answer);
}

// In our process group and on our terminal, so not by base/spawn.c.
static int run_in(const char *id, char **argv) {
	pid_t pid;
	int status;
	setenv("BOX_NS", id, 1);
	int error = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	unsetenv("BOX_NS");
	if (error) {
		fprintf(stderr, "box: %s: %s\n", argv[0], strerror(error));
		return error == ENOENT ? 127 : 126;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run(struct asker *asker, int argc, char **argv) {
	uint32_t random;
	char id[16];
	bool inside = argc > 2 && strcmp(argv[1], "-n") == 0;
	bool plain = argc == 2 && strcmp(argv[1], "-p") == 0;
	if (argc > 1 && !inside && !plain) {
		return say_usage(&verb_ns);
	}
	if (!inside) {
		return show(asker, plain);
	}
	if (getrandom(&random, sizeof(random), 0) != sizeof(random)) {
		return 1;
	}
	snprintf(id, sizeof(id), "%08x", random);
	if (!make_copy(asker, id)) {
		return 1;
	}
	int status = run_in(id, argv + 2);
	remove_copy(asker, id);
	return status;
}

const struct verb verb_ns = {
	.name = "ns",
	.usage = "[-p | -n COMMAND…]",
	.help = "what names mean (-p: plainly; -n: a copy for COMMAND)",
	.run = run,
};
