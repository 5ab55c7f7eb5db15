/* SPDX-License-Identifier: MIT */
/*
 * verb_cp.c - box cp: bytes from a box or a file into a box or a file.
 *
 * A name begins with "/" and is a box; anything else is a file of this machine ("file:/tmp/x" one by
 * its whole path), "-" our own stdin or stdout. Between two boxes boxd is asked for a copy end to
 * end (copying.c); where that is not served, and between a box and a file, the bytes pass through here
 * (through.c). Folders of this machine are folder.c's.
 */
#include "box.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "box/name.h"
#include "copying.h"
#include "elsewhere.h"
#include "folder.h"
#include "through.h"

#define TIMES_MAX 8 // that a copy is begun, when machines go away

struct options {
	const char *type; // that the source's bytes are taken for; NULL: what they say
	const char *spec; // in what the two boxes agree; NULL
	bool whole_folder; // a folder to stdout is a tar stream
};

static bool is_box(const char *name) {
	return name[0] == '/';
}

static const char *file_path(const char *name) {
	return strncmp(name, "file:", 5) == 0 ? name + 5 : name;
}

// A name that ends with "/", or is a folder of this machine, is one into which it goes, called as it
// is called there. malloc'd; NULL: no memory.
static char *whole_target(const char *source, const char *target) {
	struct stat st;
	size_t size = strlen(target);
	bool into = size > 1 && target[size - 1] == '/';
	char *whole;
	if (!into && !is_box(target) && strcmp(target, "-") != 0 && strcmp(source, "-") != 0) {
		into = stat(file_path(target), &st) == 0 && S_ISDIR(st.st_mode);
	}
	if (!into) {
		return strdup(target);
	}
	return asprintf(&whole, "%s%s%s", target, target[size - 1] == '/' ? "" : "/",
		name_last(is_box(source) ? source : basename(file_path(source)))) < 0 ? NULL : whole;
}

// Boxes that a person may have called so. What is wrong was said.
static bool are_names(const struct through_wish *wish) {
	struct op_head request;
	op_head_init_request(&request, OP_COPY);
	bool good = (!wish->from_box || set_said(&request, OP_F_NAME, wish->source)) &&
		(!wish->to_box || set_said(&request, OP_F_TO, wish->target)) &&
		(!wish->type || set_said(&request, OP_F_TYPE, wish->type));
	op_head_finish(&request);
	return good;
}

static int copy_once(struct asker *asker, const struct options *options, const char *source,
		const char *target, struct lost *lost) {
	int status;
	bool from_box = is_box(source), to_box = is_box(target);
	const struct copy_wish wish = {source, target, options->type, options->spec};
	if (from_box && to_box && copy_boxes(asker, &wish, lost, &status)) {
		return status;
	}
	if (options->spec || (options->type && !to_box)) {
		fprintf(stderr, "box: %s is for copies %s\n", options->spec ? "--spec" : "-t",
			options->spec ? "from box to box: a file has no constraint" : "into a box");
		return 2;
	}
	source = file_path(source);
	target = file_path(target);
	struct stat st;
	if (!from_box && to_box && stat(source, &st) == 0 && S_ISDIR(st.st_mode)) {
		return folder_to_box(asker, source, target);
	}
	const struct through_wish through = {
		.source = source,
		.target = target,
		.from_box = from_box,
		.to_box = to_box,
		.type = options->type,
		.whole_folder = options->whole_folder,
	};
	if (!are_names(&through)) {
		return 2;
	}
	bool is_folder;
	status = copy_through(asker, &through, lost, &is_folder);
	return is_folder ? folder_from_box(asker, source, target) : status;
}

static int copy(struct asker *asker, const struct options *options, const char *source,
		const char *target) {
	for (int times = 1;; times++) {
		struct lost lost = {.done = 0};
		int status = copy_once(asker, options, source, target, &lost);
		if (!lost.name[0]) {
			return status;
		}
		// A name below /n means one machine only.
		if (times == TIMES_MAX || name_below("/n", target) || !can_read_again(asker, source) ||
				!find_elsewhere(asker, &lost, target)) {
			return say_refusal(&lost.why);
		}
	}
}

static void drop_slashes(char *name) {
	for (size_t size = strlen(name); size > 1 && name[size - 1] == '/'; size--) {
		name[size - 1] = '\0';
	}
}

static int run(struct asker *asker, int argc, char **argv) {
	static const struct option longs[] = {{"spec", required_argument, NULL, 's'}, {0}};
	struct options options = {0};
	for (int c; (c = getopt_long(argc, argv, "rt:", longs, NULL)) != -1;) {
		const char **to = c == 't' ? &options.type : c == 's' ? &options.spec : NULL;
		if (c == 'r') {
			options.whole_folder = true;
		} else if (!to) {
			return say_usage(&verb_cp);
		} else {
			*to = optarg;
		}
	}
	if (argc - optind != 2) {
		return say_usage(&verb_cp);
	}
	argv += optind;
	if (!is_box(argv[0]) && !is_box(argv[1])) {
		fprintf(stderr, "box: neither %s nor %s is a box, whose name begins with /; cp copies files\n",
			argv[0], argv[1]);
		return 2;
	}
	drop_slashes(argv[0]);
	char *target = whole_target(argv[0], argv[1]);
	int status = target ? copy(asker, &options, argv[0], target) : 1;
	free(target);
	return status;
}

const struct verb verb_cp = {
	.name = "cp",
	.usage = "[-r] [-t TYPE] [--spec SPEC] FROM TO",
	.help = "copy; /names are boxes, else files, - is stdio",
	.run = run,
};
