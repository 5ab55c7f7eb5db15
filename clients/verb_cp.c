/* SPDX-License-Identifier: MIT */
/*
 * verb_cp.c - box cp: bytes from a box or a file into a box or a file.
 *
 * A name begins with "/" and is a box; anything else is a file of this machine ("file:/tmp/x" one by
 * its whole path), "-" our own stdin or stdout. Between two boxes boxd is asked for a copy end to
 * end; where that is not served, the bytes pass through here. Folders of this machine are folder.c's.
 */
#include "box.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box/name.h"
#include "copying.h"
#include "elsewhere.h"
#include "folder.h"

#define PIECE 65536
#define QUEUE_MAX (1024 * 1024)
#define TIMES_MAX 8 // that a copy is begun, when machines go away

struct options {
	const char *type; // that the source's bytes are taken for; NULL: what they say
	const char *spec; // in what the two boxes agree; NULL
	bool whole_folder; // a folder to stdout is a tar stream
};

struct copier {
	struct asker *asker;
	struct call *from, *to; // NULL: a file, or over
	int in, out;            // -1: a box
	char *out_path;         // file being written, until it is whole; NULL for stdout
	const char *target;
	struct lost *lost;      // filled when the target went away with its machine; then nothing is said
	uint64_t done;
	bool failed, whole;
	bool is_folder;         // the source: its bytes are asked for otherwise
};

static bool is_box(const char *name) {
	return name[0] == '/';
}

static const char *file_path(const char *name) {
	return strncmp(name, "file:", 5) == 0 ? name + 5 : name;
}

static void fail(struct copier *copier, const struct op_refusal *why) {
	if (!copier->failed) {
		say_refusal(why);
	}
	copier->failed = true;
}

static void fail_errno(struct copier *copier, const char *what) {
	fprintf(stderr, "box: %s: %s\n", what, strerror(errno));
	copier->failed = true;
}

/* The target. */

static void to_reply(void *data, const struct op_head *reply) {
	struct copier *copier = data;
	lost_note(copier->lost, &reply->refusal, reply);
}

static void to_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct copier *copier = data;
	copier->to = NULL;
	if (lost_note(copier->lost, why, trailer) || copier->lost->name[0]) {
		copier->lost->done = copier->done;
		copier->failed = true;
	} else if (why->code != OP_OK) {
		fail(copier, why);
	}
}

static void to_drained(void *data) {
	struct copier *copier = data;
	if (copier->from) {
		call_pause(copier->from, false);
	}
}

static bool open_box(struct copier *copier, const char *name, const char *type) {
	static const struct call_events events = {
		.reply = to_reply, .ended = to_ended, .drained = to_drained,
	};
	struct op_head request;
	op_head_init_request(&request, OP_PUTMEM);
	if (!set_said(&request, OP_F_NAME, name)) {
		op_head_finish(&request);
		return false;
	}
	if (type) {
		op_set(&request, OP_F_TYPE, type);
	}
	op_set_body(&request, OP_BODY_CHUNKS, 0);
	copier->to = call_create(copier->asker->loop, &copier->asker->boxd.caller, &request, NULL,
		&events, copier);
	op_head_finish(&request);
	return copier->to;
}

// A file is written beside its place and appears whole or not at all.
static bool open_file(struct copier *copier, const char *name) {
	if (strcmp(name, "-") == 0) {
		copier->out = STDOUT_FILENO;
		return true;
	}
	if (asprintf(&copier->out_path, "%s.XXXXXX", name) < 0) {
		copier->out_path = NULL;
		return false;
	}
	copier->out = mkostemp(copier->out_path, O_CLOEXEC);
	if (copier->out < 0) {
		fail_errno(copier, name);
		free(copier->out_path);
		copier->out_path = NULL;
		return false;
	}
	struct stat st;
	mode_t mask = umask(0);
	umask(mask);
	bool there = stat(name, &st) == 0 && S_ISREG(st.st_mode);
	fchmod(copier->out, there ? st.st_mode & 0777 : 0666 & ~mask);
	return true;
}

static void put(struct copier *copier, const void *bytes, size_t size) {
	copier->done += size;
	if (copier->to) {
		call_send_bytes(copier->to, bytes, size);
		return;
	}
	for (const char *at = bytes; size > 0 && !copier->failed;) {
		ssize_t n = write(copier->out, at, size);
		if (n < 0 && errno != EINTR) {
			fail_errno(copier, copier->target);
		} else if (n > 0) {
			at += n;
			size -= (size_t)n;
		}
	}
}

static void put_end(struct copier *copier) {
	copier->whole = true;
	if (copier->to) {
		call_send_end(copier->to);
	}
}

static void close_file(struct copier *copier) {
	if (!copier->out_path) {
		return;
	}
	bool good = !copier->failed && copier->whole;
	if (good && (close(copier->out) < 0 || rename(copier->out_path, copier->target) < 0)) {
		fail_errno(copier, copier->target);
		good = false;
	}
	if (!good) {
		unlink(copier->out_path);
	}
	free(copier->out_path);
}

/* The source. */

static void from_reply(void *data, const struct op_head *reply) {
	struct copier *copier = data;
	const char *type = op_get(reply, OP_F_TYPE);
	copier->is_folder = reply->refusal.code == OP_ETYPE && copier->out_path && type &&
		strcmp(type, "dir") == 0;
	if (reply->refusal.code == OP_OK && copier->out < 0 && !copier->to &&
			!open_box(copier, copier->target, type)) {
		copier->failed = true;
	}
}

static void from_bytes(void *data, const void *bytes, size_t size) {
	struct copier *copier = data;
	put(copier, bytes, size);
	if (copier->to) {
		call_pause(copier->from, call_queued(copier->to) > QUEUE_MAX);
	}
}

static void from_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct copier *copier = data;
	copier->from = NULL;
	if (copier->is_folder) {
		copier->failed = true; // as a file
	} else if (why->code != OP_OK) {
		fail(copier, why);
	} else {
		put_end(copier);
	}
}

static void copy_box(struct copier *copier, const char *name, bool whole_folder) {
	static const struct call_events events = {
		.reply = from_reply,
		.bytes = from_bytes,
		.ended = from_ended,
	};
	struct op_head request;
	op_head_init_request(&request, OP_GETMEM);
	if (!set_said(&request, OP_F_NAME, name)) {
		copier->failed = true;
		op_head_finish(&request);
		return;
	}
	if (whole_folder && copier->out == STDOUT_FILENO) {
		op_set(&request, OP_F_WANT, "tar");
	}
	copier->from = call_create(copier->asker->loop, &copier->asker->boxd.caller, &request, NULL,
		&events, copier);
	op_head_finish(&request);
	while (copier->from && !copier->failed) {
		wl_event_loop_dispatch(copier->asker->loop, -1);
	}
}

static void copy_file(struct copier *copier, const char *name) {
	char bytes[PIECE];
	copier->in = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	if (copier->in < 0) {
		fail_errno(copier, name);
		return;
	}
	bool to_box = copier->to;
	for (ssize_t n = 1; n != 0 && !copier->failed && (!to_box || copier->to);) {
		while (copier->to && call_queued(copier->to) > QUEUE_MAX) {
			wl_event_loop_dispatch(copier->asker->loop, -1);
		}
		n = read(copier->in, bytes, sizeof(bytes));
		if (n > 0 && (!to_box || copier->to)) {
			put(copier, bytes, (size_t)n);
		} else if (n < 0 && errno != EINTR) {
			fail_errno(copier, name);
		}
	}
	if (!copier->failed) {
		put_end(copier);
	}
	if (copier->in != STDIN_FILENO) {
		close(copier->in);
	}
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
	struct copier copier = {.asker = asker, .in = -1, .out = -1, .target = target, .lost = lost};
	if (to_box ? !from_box && !open_box(&copier, target, options->type) : !open_file(&copier, target)) {
		return 1;
	}
	if (from_box) {
		copy_box(&copier, source, options->whole_folder);
	} else {
		copy_file(&copier, source);
	}
	while (copier.to && !copier.failed) {
		wl_event_loop_dispatch(asker->loop, -1);
	}
	call_destroy(copier.from);
	call_destroy(copier.to);
	close_file(&copier);
	return copier.is_folder ? folder_from_box(asker, source, target) : copier.failed ? 1 : 0;
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
