/* SPDX-License-Identifier: MIT */
/*
 * verb_init.c - box init: makes a person, whose first machine this one is; or changes the passphrase of
 * the person's key.
 */
#include "box.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boxkey.h"

// The base64 inside a PEM file, malloc'd; NULL: cannot be read.
static char *read_cert(const char *dir, const char *name) {
	char line[128], *path;
	struct buf text;
	if (asprintf(&path, "%s/%s", dir, name) < 0) {
		return NULL;
	}
	FILE *file = fopen(path, "re");
	if (!file) {
		perror(path);
	}
	free(path);
	buf_init(&text);
	while (file && fgets(line, sizeof(line), file)) {
		if (line[0] != '-') {
			buf_append(&text, line, strcspn(line, "\r\n"));
		}
	}
	if (file) {
		fclose(file);
	}
	char *cert = text.size > 0 ? strndup((char *)buf_front(&text), text.size) : NULL;
	buf_finish(&text);
	return cert;
}

// A boxd that runs already learns whose it is now.
static int tell_boxd(struct asker *asker, const char *dir) {
	char *machine = read_cert(dir, "machine.crt"), *person = read_cert(dir, "person.crt");
	struct op_head request;
	struct answer answer;
	int status = 1;
	if (machine && person) {
		op_head_init_request(&request, OP_CHINFO);
		op_set(&request, OP_F_NAME, "/peer");
		op_add(&request, OP_F_CERT, machine);
		op_add(&request, OP_F_CERT, person);
		bool good = ask(asker, &request, &answer);
		bool runs = answer.why.code != OP_EUNREACH;
		status = good || !runs ? 0 : say_refusal(&answer.why);
		if (!runs) {
			puts("boxd does not run yet: it will know when it starts");
		}
		answer_finish(&answer);
	}
	free(machine);
	free(person);
	return status;
}

// As boxd calls it: its configuration may have another name than the host's. NULL: it does not run.
static char *ask_machine(struct asker *asker) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_KIND);
	op_set(&request, OP_F_NAME, "/");
	bool good = ask(asker, &request, &answer);
	const char *machine = good ? op_get(&answer.reply, OP_F_MACHINE) : NULL;
	char *copy = machine ? strdup(machine) : NULL;
	answer_finish(&answer);
	return copy;
}

static int change_passphrase(void) {
	char *dir = keys_dir(), *said = NULL;
	if (dir) {
		const char *args[] = {"passphrase", "--dir", dir, NULL};
		said = run_boxkey(args);
	}
	if (said) {
		fputs(said, stdout);
	}
	int status = said ? 0 : 1;
	free(said);
	free(dir);
	return status;
}

static int run(struct asker *asker, int argc, char **argv) {
	static const struct option longs[] = {
		{"person", required_argument, NULL, 'p'},
		{"machine", required_argument, NULL, 'm'},
		{"passphrase", no_argument, NULL, 'P'},
		{0},
	};
	const char *person = NULL, *machine = NULL;
	bool passphrase = false;
	for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
		if (c == 'p') {
			person = optarg;
		} else if (c == 'm') {
			machine = optarg;
		} else if (c == 'P') {
			passphrase = true;
		} else {
			return say_usage(&verb_init);
		}
	}
	if (passphrase) {
		return person || machine || optind != argc ? say_usage(&verb_init) : change_passphrase();
	}
	char *dir = keys_dir(), *told = machine ? NULL : ask_machine(asker);
	machine = machine ? machine : told;
	if (!person || optind != argc || !dir) {
		free(dir);
		free(told);
		return say_usage(&verb_init);
	}
	const char *args[] = {"init", "--person", person, "--dir", dir, machine ? "--machine" : NULL,
		machine, NULL};
	char *said = run_boxkey(args);
	int status = 1;
	if (said) {
		fputs(said, stdout);
		status = tell_boxd(asker, dir);
	}
	free(said);
	free(told);
	free(dir);
	return status;
}

const struct verb verb_init = {
	.name = "init",
	.usage = "--person NAME [--machine NAME] | --passphrase",
	.help = "make a person; this machine is the first of theirs",
	.run = run,
};
