/* SPDX-License-Identifier: MIT */
/*
 * verb_run.c - box run: a program on a processor, and what it is asked to run with. Its streams and its
 * end here are runner.c's.
 *
 * A word is looked up on the processor; a path ("./hello") is a file of this machine and is carried
 * there. Without -c the processor is this machine's own.
 */
#include "box.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "box/frame.h"
#include "box/name.h"
#include "giving.h"
#include "runner.h"

#define WORDS_MAX (8 * 1024) // of arguments and environment in the head
#define WORDS_BESIDE 1024    // the same, beside boxes that it is given

struct options {
	const char *want, *cwd;
	bool tty, no_tty;
	struct gifts gifts;
	struct op_head *request;
};

static bool parse_options(struct options *options, int argc, char **argv) {
	static const struct option longs[] = {
		{"give", required_argument, NULL, 'g'},
		{"write", required_argument, NULL, 'w'},
		{0},
	};
	for (int c; (c = getopt_long(argc, argv, "+c:C:e:tT", longs, NULL)) != -1;) {
		switch (c) {
		case 'g':
		case 'w':
			if (!gifts_add(&options->gifts, optarg, c == 'w')) {
				return false;
			}
			break;
		case 'c':
			options->want = optarg;
			break;
		case 'C':
			options->cwd = optarg;
			break;
		case 'e':
			op_add(options->request, OP_F_ENV, optarg);
			break;
		case 't':
			options->tty = true;
			break;
		case 'T':
			options->no_tty = true;
			break;
		default:
			return false;
		}
	}
	options->tty = options->tty || (!options->no_tty && isatty(0) && isatty(1));
	return optind < argc;
}

// A name nobody else has: the program's and four random digits.
static void set_name(struct op_head *request, const char *prog, bool anywhere) {
	uint16_t random;
	const char *slash = strrchr(prog, '/');
	if (getrandom(&random, sizeof(random), 0) != sizeof(random)) {
		random = (uint16_t)getpid();
	}
	const char *base = slash ? slash + 1 : prog;
	if (strlen(base) > 200 || name_check_component(base, NULL) != OP_OK) {
		base = "program";
	}
	op_setf(request, OP_F_NAME, "%s/%s:%04x", anywhere ? "/b/proc" : "/proc", base, random);
}

static bool set_program(struct runner *runner, struct options *options, const char *prog) {
	struct op_head *request = options->request;
	if (!strchr(prog, '/')) {
		op_set(request, OP_F_PROG, prog);
		return true;
	}
	if (!options->want) { // this machine's own processor sees the file
		char *path = realpath(prog, NULL);
		op_set(request, OP_F_PROG, path ? path : prog);
		free(path);
		return true;
	}
	struct stat st;
	runner->carried_fd = open(prog, O_RDONLY | O_CLOEXEC);
	if (runner->carried_fd < 0 || fstat(runner->carried_fd, &st) < 0) {
		fprintf(stderr, "box: %s: %s (it would be carried there: a path is a file of this machine, "
			"a word without \"/\" a program of the other)\n", prog, strerror(errno));
		runner->status = errno == ENOENT || errno == ENOTDIR ? RUNNER_NO_PROGRAM : RUNNER_NOT_EXECUTED;
		return false;
	}
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111)) {
		fprintf(stderr, "box: %s is not a program: it is %s\n", prog,
			S_ISREG(st.st_mode) ? "not executable (chmod +x)" : "no file");
		runner->status = RUNNER_NOT_EXECUTED;
		return false;
	}
	op_set_number(request, OP_F_CARRIED, (uint64_t)st.st_size);
	return true;
}

static void set_tty(struct op_head *request) {
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	const char *term = getenv("TERM");
	if (ioctl(0, TIOCGWINSZ, &size) < 0) {
		ioctl(1, TIOCGWINSZ, &size);
	}
	op_setf(request, OP_F_TTY, "%ux%u", size.ws_row, size.ws_col);
	if (term) {
		char variable[128];
		snprintf(variable, sizeof(variable), "TERM=%s", term);
		op_add(request, OP_F_ENV, variable);
	}
}

// A head holds 16 KiB; what is longer goes into the first frame.
static void add_arguments(struct runner *runner, struct op_head *request, char **command) {
	size_t size = 0, at = 0;
	for (char **arg = command; *arg; arg++) {
		size += strlen(*arg) + sizeof("arg ");
	}
	for (const char *env; (env = op_each(request, OP_F_ENV, &at));) {
		size += strlen(env) + sizeof("env ");
	}
	if (size <= (op_has(request, OP_F_BOUND) ? WORDS_BESIDE : WORDS_MAX)) {
		for (char **arg = command; *arg; arg++) {
			op_add(request, OP_F_ARG, *arg);
		}
		return;
	}
	op_set_flag(request, OP_F_MORE);
	for (char **arg = command; *arg; arg++) {
		control_append(&runner->words, CONTROL_ARG, "%s", *arg);
	}
	at = 0;
	for (const char *env; (env = op_each(request, OP_F_ENV, &at));) {
		control_append(&runner->words, CONTROL_ENV, "%s", env);
	}
	op_unset(request, OP_F_ENV);
}

static bool make_request(struct runner *runner, struct options *options, char **command) {
	struct op_head *request = options->request;
	char cwd[4096];
	set_name(request, command[0], options->want);
	if (!set_program(runner, options, command[0])) {
		return false;
	}
	// Here the program is the person, and sees all there is.
	if (options->want && !gifts_say(&options->gifts, runner->asker, request, command)) {
		return false;
	}
	add_arguments(runner, request, command);
	if (options->want && !set_said(request, OP_F_WANT, options->want)) {
		return false;
	}
	if (options->cwd) {
		op_set(request, OP_F_CWD, options->cwd);
	} else if (!options->want && getcwd(cwd, sizeof(cwd))) {
		op_set(request, OP_F_CWD, cwd);
	}
	if (options->tty) {
		set_tty(request);
	}
	op_set_body(request, OP_BODY_FRAMES, 0);
	return true;
}

static int run(struct asker *asker, int argc, char **argv) {
	struct op_head request;
	struct options options = {.request = &request};
	struct runner runner;
	op_head_init_request(&request, OP_MAKE);
	if (!parse_options(&options, argc, argv)) {
		op_head_finish(&request);
		return say_usage(&verb_run);
	}
	runner_init(&runner, asker);
	if (make_request(&runner, &options, argv + optind)) {
		runner_run(&runner, &request, options.tty);
	}
	runner_finish(&runner);
	op_head_finish(&request);
	return runner.status;
}

const struct verb verb_run = {
	.name = "run",
	.usage = "[-c CONSTRAINT] [-tT] [-C DIR] [-e N=V] [--give BOX[:LETTERS]] [--write BOX] PROGRAM …",
	.help = "run a program, here or on a processor that fits",
	.run = run,
};
