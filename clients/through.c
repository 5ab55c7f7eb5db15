/* SPDX-License-Identifier: MIT */
/*
 * through.c - bytes from here to there, through this program.
 *
 * Each try moves what it can; why it ended decides whether there is another. What was kept of earlier
 * tries, of this copy or of one before it, is at a storage its own matter, and of a file parts.c's.
 */
#include "through.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box/name.h"
#include "box/printer_format.h"
#include "copying.h"
#include "parts.h"
#include "progress.h"

#define PIECE (256 * 1024)
#define QUEUE_MAX (1024 * 1024)
#define BUSY_MS 15000 // for an earlier try that is not known to have ended
#define BUSY_EACH_MS 300

struct copier {
	struct asker *asker;
	const struct through_wish *wish;
	struct lost *lost;
	struct progress progress;
	struct call *from, *to; // NULL: a file, or over
	int in, out;            // -1: a box
	char *out_path;         // file being written, until it is whole; NULL for stdout
	bool out_kept;          // it is a part, and stays when the copy breaks off
	char *contents;         // which the source's are; NULL: nothing is kept of it
	uint64_t offset;        // where this try goes on
	uint64_t done, size;    // size 0: not known
	uint64_t told;          // where it was said that it goes on
	struct op_refusal why;  // this try is over
	struct op_refusal before; // the one before it
	bool over, said, whole;
	const char *type;       // that the source is said to be; NULL: nothing is said
	bool again;             // the line broke: only what was kept may go on
	bool is_folder;         // the source: its bytes are asked for otherwise
};

static void end(struct copier *copier, const struct op_refusal *why) {
	if (!copier->over) {
		copier->over = true;
		copier->why = *why;
	}
}

static void end_errno(struct copier *copier, const char *what) {
	struct op_refusal why = {.code = OP_EIO};
	int error = errno;
	if (!copier->over) {
		fprintf(stderr, "box: %s: %s\n", what, strerror(error));
		copier->said = true;
	}
	end(copier, &why);
	copier->out_kept = copier->out_kept && error != ENOSPC && error != EDQUOT;
}

static void end_memory(struct copier *copier) {
	const struct op_refusal why = {.code = OP_EIO, .sentence = "out of memory"};
	end(copier, &why);
}

/* The target. */

static void to_reply(void *data, const struct op_head *reply) {
	struct copier *copier = data;
	lost_note(copier->lost, &reply->refusal, reply);
}

static void to_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct copier *copier = data;
	copier->to = NULL;
	copier->lost->done = copier->done;
	lost_note(copier->lost, why, trailer);
	end(copier, why);
}

static void to_drained(void *data) {
	struct copier *copier = data;
	if (copier->from) {
		call_pause(copier->from, false);
	}
}

static void open_box(struct copier *copier, const char *type) {
	static const struct call_events events = {
		.reply = to_reply, .ended = to_ended, .drained = to_drained,
	};
	struct op_head request;
	op_head_init_request(&request, OP_PUTMEM);
	op_set(&request, OP_F_NAME, copier->wish->target);
	if (type) {
		op_set(&request, OP_F_TYPE, type);
	}
	if (copier->contents) {
		op_set(&request, OP_F_PART, copier->contents);
	}
	if (copier->offset > 0) {
		op_set_number(&request, OP_F_OFFSET, copier->offset);
	}
	op_set_body(&request, OP_BODY_CHUNKS, 0);
	copier->to = call_create(copier->asker->loop, &copier->asker->boxd.caller, &request, NULL,
		&events, copier);
	op_head_finish(&request);
	if (!copier->to) {
		end_memory(copier);
	} else {
		call_set_class(copier->to, STREAM_BULK);
	}
}

static mode_t mode_of(const char *path) {
	struct stat st;
	mode_t mask = umask(0);
	umask(mask);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? st.st_mode & 0777 : 0666 & ~mask;
}

// A file is written beside its place and appears whole or not at all.
static void open_file(struct copier *copier) {
	const char *target = copier->wish->target;
	if (strcmp(target, "-") == 0) {
		copier->out = STDOUT_FILENO;
		return;
	}
	if (asprintf(&copier->out_path, "%s.XXXXXX", target) < 0) {
		copier->out_path = NULL;
		end_memory(copier);
		return;
	}
	copier->out = mkostemp(copier->out_path, O_CLOEXEC);
	if (copier->out < 0) {
		end_errno(copier, target);
		free(copier->out_path);
		copier->out_path = NULL;
	}
}

static void drop_file(struct copier *copier) {
	if (copier->out_path) {
		close(copier->out);
		if (!copier->out_kept) {
			unlink(copier->out_path);
		}
		free(copier->out_path);
	}
	copier->out_path = NULL;
	copier->out = -1;
	copier->out_kept = false;
}

// The contents are known, and what may be kept of them. false: nothing, for somebody else has it.
static bool open_part(struct copier *copier, uint64_t *size) {
	char *path;
	int fd = parts_open(copier->wish->target, copier->contents, size, &path);
	if (fd < 0) {
		return false;
	}
	drop_file(copier);
	copier->out = fd;
	copier->out_path = path;
	copier->out_kept = true;
	return true;
}

static void put(struct copier *copier, const void *bytes, size_t size) {
	copier->done += size;
	if (copier->to) {
		call_send_bytes(copier->to, bytes, size);
	}
	for (const char *at = bytes; !copier->wish->to_box && size > 0 && !copier->over;) {
		ssize_t n = write(copier->out, at, size);
		if (n < 0 && errno != EINTR) {
			end_errno(copier, copier->wish->target);
		} else if (n > 0) {
			at += n;
			size -= (size_t)n;
		}
	}
	if (copier->out != STDOUT_FILENO) {
		progress_tell(&copier->progress, copier->done, copier->size);
	}
}

static void put_end(struct copier *copier) {
	const struct op_refusal good = {.code = OP_OK};
	copier->whole = true;
	if (copier->to) {
		call_send_end(copier->to);
	} else {
		end(copier, &good);
	}
}

static void close_file(struct copier *copier) {
	const char *target = copier->wish->target;
	if (!copier->out_path || copier->why.code != OP_OK || !copier->whole) {
		drop_file(copier);
		return;
	}
	fchmod(copier->out, mode_of(target));
	if (rename(copier->out_path, target) < 0) {
		copier->over = false;
		end_errno(copier, target);
		drop_file(copier);
		return;
	}
	close(copier->out);
	free(copier->out_path);
	copier->out_path = NULL;
}

/* A box as the source. */

static char *contents_of(const struct copier *copier, const char *version, uint64_t size) {
	char *text;
	return version && size >= PART_MIN && asprintf(&text, "%s %s %llu", copier->wish->source, version,
		(unsigned long long)size) >= 0 ? text : NULL;
}

static void say_where(struct copier *copier) {
	copier->progress.from = copier->offset;
	if (copier->offset > 0 && copier->offset != copier->told) {
		progress_begin(&copier->progress, copier->offset);
	}
	copier->told = copier->offset;
}

static void from_reply(void *data, const struct op_head *reply) {
	struct copier *copier = data;
	const char *type = op_get(reply, OP_F_TYPE), *version = op_get(reply, OP_F_VERSION);
	copier->is_folder = reply->refusal.code == OP_ETYPE && copier->out_path && type &&
		strcmp(type, "dir") == 0;
	if (reply->refusal.code != OP_OK) {
		return; // ended follows
	}
	uint64_t left = 0;
	bool known = op_body_of(reply, &left) == OP_BODY_BYTES;
	copier->size = known ? copier->offset + left : op_get_number(reply, OP_F_SIZE, 0);
	say_where(copier);
	if (copier->wish->to_box) {
		open_box(copier, type);
	} else if (copier->offset == 0 && copier->out_path) {
		uint64_t kept = 0;
		free(copier->contents);
		copier->contents = contents_of(copier, version, copier->size);
		if (copier->contents) {
			open_part(copier, &kept); // else it is written as a small one is
		}
		if (copier->out_kept && (ftruncate(copier->out, 0) < 0 ||
				lseek(copier->out, 0, SEEK_SET) < 0)) {
			end_errno(copier, copier->wish->target);
		}
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
	if (why->code == OP_OK) {
		put_end(copier);
	} else {
		end(copier, why);
	}
}

// Where something was kept, it is asked what the source is now. The version it has; malloc'd.
static char *find_kept(struct copier *copier) {
	struct op_head request;
	struct answer answer;
	char *version = NULL;
	if (!copier->out_path || !parts_any(copier->wish->target)) {
		return NULL;
	}
	op_head_init_request(&request, OP_KIND);
	op_set(&request, OP_F_NAME, copier->wish->source);
	if (ask(copier->asker, &request, &answer)) {
		const char *now = op_get(&answer.reply, OP_F_VERSION);
		uint64_t size = op_get_number(&answer.reply, OP_F_SIZE, 0), kept = 0;
		free(copier->contents);
		copier->contents = contents_of(copier, now, size);
		if (copier->contents && open_part(copier, &kept) && kept > 0 && kept <= size) {
			copier->offset = kept;
			version = strdup(now);
		}
	}
	answer_finish(&answer);
	return version;
}

static void try_from_box(struct copier *copier) {
	static const struct call_events events = {
		.reply = from_reply,
		.bytes = from_bytes,
		.ended = from_ended,
	};
	struct op_head request;
	char *version = find_kept(copier);
	op_head_init_request(&request, OP_GETMEM);
	op_set(&request, OP_F_NAME, copier->wish->source);
	if (version) {
		op_set_number(&request, OP_F_OFFSET, copier->offset);
		op_set(&request, OP_F_IF_VERSION, version);
	} else {
		copier->offset = 0;
	}
	free(version);
	copier->done = copier->offset;
	if (copier->wish->whole_folder && copier->out == STDOUT_FILENO) {
		op_set(&request, OP_F_WANT, "tar");
	}
	copier->from = call_create(copier->asker->loop, &copier->asker->boxd.caller, &request, NULL,
		&events, copier);
	op_head_finish(&request);
	if (!copier->from) {
		end_memory(copier);
	}
	while (!copier->over) {
		wl_event_loop_dispatch(copier->asker->loop, -1);
	}
}

/* A file as the source. */

static void ask_kept(struct copier *copier) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_KIND);
	op_set(&request, OP_F_NAME, copier->wish->target);
	op_set(&request, OP_F_PART, copier->contents);
	uint64_t kept = ask(copier->asker, &request, &answer) ?
		op_get_number(&answer.reply, OP_F_OFFSET, 0) : 0;
	copier->offset = kept <= copier->size ? kept : 0;
	// What takes bytes and keeps none, a printer, must not get them twice.
	if (answer.why.code == OP_ELOST || answer.why.code == OP_EUNREACH) {
		end(copier, &answer.why);
	} else if (copier->again && kept == 0) {
		end(copier, &copier->before);
	}
	answer_finish(&answer);
}

// What it was when the try began is what is said to be sent.
static bool look_at_source(struct copier *copier, struct stat *st) {
	free(copier->contents);
	copier->contents = NULL;
	copier->offset = copier->size = 0;
	if (fstat(copier->in, st) < 0 || !S_ISREG(st->st_mode) || copier->in == STDIN_FILENO) {
		return true;
	}
	copier->size = (uint64_t)st->st_size;
	if (copier->size >= PART_MIN) {
		copier->contents = parts_contents(st);
		if (!copier->contents) {
			end_memory(copier);
			return false;
		}
		ask_kept(copier);
	}
	if (!copier->over && lseek(copier->in, (off_t)copier->offset, SEEK_SET) < 0) {
		end_errno(copier, copier->wish->source);
	}
	return !copier->over;
}

// The beginning that was kept and the end that was read must be of the same contents.
static bool is_unchanged(struct copier *copier) {
	struct stat st;
	char *now = copier->offset > 0 && fstat(copier->in, &st) == 0 ? parts_contents(&st) : NULL;
	bool same = copier->offset == 0 || (now && strcmp(now, copier->contents) == 0);
	free(now);
	return same;
}

static void send_file(struct copier *copier) {
	const struct op_refusal changed = {.code = OP_ESTALE, .sentence = "the file was changed meanwhile"};
	static char bytes[PIECE];
	for (ssize_t n = 1; n != 0 && !copier->over;) {
		wl_event_loop_dispatch(copier->asker->loop, 0); // what is queued yet, the socket has not taken
		while (copier->to && call_queued(copier->to) > 0) {
			wl_event_loop_dispatch(copier->asker->loop, -1);
		}
		n = copier->over ? 0 : read(copier->in, bytes, sizeof(bytes));
		if (n > 0) {
			put(copier, bytes, (size_t)n);
		} else if (n < 0 && errno != EINTR) {
			end_errno(copier, copier->wish->source);
		}
	}
	if (!copier->over && !is_unchanged(copier)) {
		end(copier, &changed);
	} else if (!copier->over) {
		put_end(copier);
	}
}

static void try_from_file(struct copier *copier) {
	struct stat st;
	if (!look_at_source(copier, &st)) {
		return;
	}
	copier->done = copier->offset;
	say_where(copier);
	if (copier->wish->to_box) {
		open_box(copier, copier->type);
	}
	send_file(copier);
	while (!copier->over) {
		wl_event_loop_dispatch(copier->asker->loop, -1);
	}
}

/* All of it. */

static void begin(struct copier *copier) {
	copier->over = copier->said = copier->whole = false;
	copier->before = copier->why;
	copier->why = (struct op_refusal){.code = OP_OK};
	copier->lost->name[0] = '\0';
	progress_init(&copier->progress);
	if (!copier->wish->to_box) {
		open_file(copier);
	}
	if (!copier->over && copier->wish->from_box) {
		try_from_box(copier);
	} else if (!copier->over) {
		try_from_file(copier);
	}
	progress_finish(&copier->progress);
	call_destroy(copier->from);
	call_destroy(copier->to);
	copier->from = copier->to = NULL;
	close_file(copier);
}

// A printer did not take it, and others may: by what its first bytes are, one is chosen that does.
static bool says_what_it_is(struct copier *copier) {
	uint8_t bytes[PRINTER_HEAD];
	const struct through_wish *wish = copier->wish;
	struct stat st;
	ssize_t size = 0;
	if (!copier->type && !wish->from_box && !name_below("/n", wish->target) &&
			fstat(copier->in, &st) == 0 && S_ISREG(st.st_mode) && copier->in != STDIN_FILENO) {
		size = pread(copier->in, bytes, sizeof(bytes), 0);
	}
	enum printer_format format = printer_format_detect(bytes, size > 0 ? (size_t)size : 0);
	copier->type = format < PRINTER_FORMATS ? printer_format_word(format) : NULL;
	return copier->type;
}

struct patience {
	uint64_t reached; // bytes that are known to be there
	int64_t line_ms; // when the line broke; 0: it did not
	bool broke;      // it was there, and did
	int busy_ms;     // waited for an earlier try
	int anew;        // times that what was kept was of no use
};

static bool try_again(struct copier *copier, struct patience *patience) {
	const struct through_wish *wish = copier->wish;
	// A target whose name may mean another machine's box goes there, and does not wait.
	bool elsewhere = copier->lost->name[0] && !name_below("/n", wish->target);
	uint64_t reached = wish->to_box ? copier->offset : copier->done;
	if (reached > patience->reached) {
		patience->reached = reached;
		patience->line_ms = 0;
	}
	copier->again = copier->why.code == OP_ELOST || copier->why.code == OP_EUNREACH;
	switch (copier->why.code) {
	case OP_ESTALE:
		return copier->offset > 0 && patience->anew++ < 3;
	case OP_ETYPE:
		return !copier->type && says_what_it_is(copier);
	case OP_EBUSY:
		patience->busy_ms += BUSY_EACH_MS;
		return copier->contents && wish->to_box && patience->busy_ms < BUSY_MS &&
			copying_wait(copier->asker, BUSY_EACH_MS);
	case OP_ELOST:
	case OP_EUNREACH:
		return copier->contents && !elsewhere &&
			(copier->why.code == OP_ELOST || patience->broke) &&
			(patience->broke = true) &&
			copying_wait_for_line(copier->asker, &patience->line_ms, &copier->why);
	default:
		return false;
	}
}

int copy_through(struct asker *asker, const struct through_wish *wish, struct lost *lost,
		bool *is_folder) {
	struct copier copier = {.asker = asker, .wish = wish, .lost = lost, .type = wish->type,
		.in = -1, .out = -1};
	struct patience patience = {0};
	if (!wish->from_box) {
		copier.in = strcmp(wish->source, "-") == 0 ? STDIN_FILENO :
			open(wish->source, O_RDONLY | O_CLOEXEC);
	}
	if (!wish->from_box && copier.in < 0) {
		end_errno(&copier, wish->source);
		return 1;
	}
	do {
		begin(&copier);
	} while (!copier.said && !copier.is_folder && try_again(&copier, &patience));
	if (copier.in > STDIN_FILENO) {
		close(copier.in);
	}
	free(copier.contents);
	*is_folder = copier.is_folder;
	if (copier.why.code != OP_OK && !copier.said && !copier.is_folder && !lost->name[0]) {
		say_refusal(&copier.why);
	}
	return copier.why.code == OP_OK ? 0 : 1;
}
