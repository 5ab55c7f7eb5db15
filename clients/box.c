/* SPDX-License-Identifier: MIT */
/*
 * box.c - the command: finds the verb, connects to this node's boxd, runs it.
 */
#include "box.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static const struct verb *const verbs[] = { // alphabetical
	&verb_ads, &verb_ask, &verb_cast, &verb_change, &verb_chinfo, &verb_cp, &verb_doctor, &verb_dot,
	&verb_forget, &verb_group, &verb_import, &verb_info, &verb_init, &verb_ln, &verb_ls, &verb_mk, &verb_ns,
	&verb_pair, &verb_revoke, &verb_rm, &verb_run, &verb_uncast,
};

// Columns, not bytes: "…" takes one.
static int width(const char *text) {
	int columns = 0;
	for (; *text; text++) {
		columns += (*text & 0xc0) != 0x80;
	}
	return columns;
}

static int help(FILE *out) {
	const int column = 46;
	fprintf(out, "usage: box [VERB …]\n\n");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		int used = fprintf(out, "  box %s ", verbs[i]->name) + width(verbs[i]->usage);
		fputs(verbs[i]->usage, out);
		if (used + 2 > column) {
			fputc('\n', out);
			used = 0;
		}
		fprintf(out, "%*s%s\n", column - used, "", verbs[i]->help);
	}
	fprintf(out, "\nbox alone tells of this node and what to type next; man box tells the rest.\n");
	return out == stdout ? 0 : 2;
}

static int run_verb(struct asker *asker, int argc, char **argv) {
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i]->name, argv[0]) == 0) {
			return verbs[i]->run(asker, argc, argv);
		}
	}
	fprintf(stderr, "box: there is no verb %s; there are:\n", argv[0]);
	return help(stderr);
}

// A number of these that is closed would be given to a socket of ours, and be taken for it.
static bool fill_standard_fds(void) {
	int fd;
	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd <= 2);
	return fd >= 0 && close(fd) == 0;
}

int main(int argc, char **argv) {
	if (!fill_standard_fds()) {
		return 1;
	}
	log_init("box", getenv("BOX_DEBUG") ? LOG_DEBUG : LOG_ERROR);
	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
		return help(stdout);
	}
	if (argc > 1 && (strcmp(argv[1], "-v") == 0 || strcmp(argv[1], "--version") == 0)) {
		puts("box " BOXLAND_VERSION);
		return 0;
	}
	struct asker asker;
	if (!asker_init(&asker, NULL, NULL)) {
		fprintf(stderr, "box: where boxd listens is not known: %s\n", errno == ENOENT ?
			"XDG_RUNTIME_DIR is not set (log in through a session, or set BOX_OP)" :
			errno == ENAMETOOLONG ? "BOX_OP, or BOX_NS, is too long" : strerror(errno));
		return 1;
	}
	int status = argc > 1 ? run_verb(&asker, argc - 1, argv + 1) : show_node(&asker);
	asker_finish(&asker);
	return status;
}
