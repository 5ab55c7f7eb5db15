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

#include "libbox/space.h"
#include "names.h"

extern char **environ;

static int show(struct asker *asker, bool plain) {
	char name[192];
	char *text = get_text(asker, space_name(asker, "", name));
	if (text && plain) {
		fputs(text, stdout);
	} else if (text) {
		names_show(asker, text);
	}
	free(text);
	return text ? 0 : 1;
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
