/* SPDX-License-Identifier: MIT */
/*
 * folder.c - a folder of this machine and a box, one into the other. What a stream may hold is
 * base/tree.h's to say.
 */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tree.h"
#include "box/name.h"
#include "progress.h"

#define PIECE (256 * 1024)
#define QUEUE_MAX (1024 * 1024)

struct moving {
	struct asker *asker;
	struct call *call; // NULL: over
	bool failed;       // and it was said
	int ours, theirs;  // ends of the pipe; -1: closed. theirs is the thread's
	int dir;
	bool packs;
	bool done;         // by the thread
	struct tree_trouble trouble;
	struct progress progress;
	uint64_t moved;
};

static bool is_name(const char *name) {
	return name_check_component(name, NULL) == OP_OK;
}

static bool is_name_or_said(const char *name) {
	if (!is_name(name)) {
		fputs("box: left out, for no box can be called that: ", stderr);
		print_text(stderr, name);
		fputc('\n', stderr);
		return false;
	}
	return true;
}

static void *thread_main(void *data) {
	struct moving *moving = data;
	moving->done = moving->packs ?
		tree_pack(moving->dir, moving->theirs, is_name_or_said, NULL, &moving->trouble) :
		tree_unpack(moving->theirs, moving->dir, is_name, NULL, &moving->trouble);
	close(moving->theirs);
	return NULL;
}

static bool begin(struct moving *moving, pthread_t *thread) {
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0) {
		fprintf(stderr, "box: no pipe: %s\n", strerror(errno));
		return false;
	}
	moving->ours = ends[moving->packs ? 0 : 1];
	moving->theirs = ends[moving->packs ? 1 : 0];
	fcntl(moving->ours, F_SETPIPE_SZ, QUEUE_MAX);
	progress_init(&moving->progress);
	int error = pthread_create(thread, NULL, thread_main, moving);
	if (error) {
		fprintf(stderr, "box: no thread: %s\n", strerror(error));
		close(ends[0]);
		close(ends[1]);
	}
	return error == 0;
}

static void close_ours(struct moving *moving) {
	if (moving->ours >= 0) {
		close(moving->ours);
		moving->ours = -1;
	}
}

// The thread's part is over too. What it has to say goes before what the other side said of it.
static void end(struct moving *moving, pthread_t thread) {
	close_ours(moving);
	pthread_join(thread, NULL);
	progress_finish(&moving->progress);
	if (!moving->done && !moving->failed) {
		fputs("box: ", stderr);
		print_text(stderr, moving->trouble.what);
		fputc('\n', stderr);
		moving->failed = true;
	}
}

static void moved(struct moving *moving, size_t size) {
	moving->moved += size;
	progress_tell(&moving->progress, moving->moved, 0);
}

static void call_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct moving *moving = data;
	moving->call = NULL;
	if (why->code != OP_OK && !moving->failed) {
		progress_finish(&moving->progress);
		say_refusal(why);
		moving->failed = true;
	}
}

static bool ask_for(struct moving *moving, enum op_verb verb, const char *box,
		const struct call_events *events) {
	struct op_head request;
	op_head_init_request(&request, verb);
	bool good = set_said(&request, OP_F_NAME, box);
	op_set(&request, verb == OP_PUTMEM ? OP_F_TYPE : OP_F_WANT, "tar");
	if (verb == OP_PUTMEM) {
		op_set_body(&request, OP_BODY_CHUNKS, 0);
	}
	if (good) {
		moving->call = call_create(moving->asker->loop, &moving->asker->boxd.caller, &request, NULL,
			events, moving);
	}
	op_head_finish(&request);
	return moving->call;
}

/* Out. */

static void send_all(struct moving *moving, char *piece) {
	ssize_t n = 1;
	while (n != 0 && moving->call) {
		wl_event_loop_dispatch(moving->asker->loop, call_queued(moving->call) > QUEUE_MAX ? -1 : 0);
		if (!moving->call || call_queued(moving->call) > QUEUE_MAX) {
			continue;
		}
		n = read(moving->ours, piece, PIECE);
		if (n > 0) {
			call_send_bytes(moving->call, piece, (size_t)n);
			moved(moving, (size_t)n);
		}
	}
}

int folder_to_box(struct asker *asker, const char *folder, const char *box) {
	static const struct call_events events = {.ended = call_ended};
	struct moving moving = {.asker = asker, .packs = true};
	char *piece = malloc(PIECE);
	pthread_t thread;
	moving.dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!piece || moving.dir < 0) {
		fprintf(stderr, "box: %s: %s\n", folder, strerror(errno));
		free(piece);
		return 1;
	}
	moving.failed = !ask_for(&moving, OP_PUTMEM, box, &events) || !begin(&moving, &thread);
	if (!moving.failed) {
		send_all(&moving, piece);
		end(&moving, thread);
		if (moving.call && !moving.failed) {
			call_send_end(moving.call);
		}
	}
	while (moving.call && !moving.failed) {
		wl_event_loop_dispatch(asker->loop, -1);
	}
	call_destroy(moving.call);
	close(moving.dir);
	free(piece);
	return moving.failed ? 1 : 0;
}

/* In. */

static void handle_bytes(void *data, const void *bytes, size_t size) {
	struct moving *moving = data;
	moved(moving, size);
	for (const char *at = bytes; size > 0 && moving->ours >= 0;) {
		ssize_t n = write(moving->ours, at, size); // waits for our own disk, no longer
		if (n > 0) {
			at += n;
			size -= (size_t)n;
		} else if (errno != EINTR) {
			close_ours(moving); // the thread says why
		}
	}
}

static bool give_name(struct moving *moving, const char *temporary, const char *folder) {
	struct stat st;
	if (lstat(folder, &st) < 0) {
		if (rename(temporary, folder) == 0) {
			return true;
		}
		fprintf(stderr, "box: %s: %s\n", folder, strerror(errno));
		return false;
	}
	int into = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (into < 0) {
		fprintf(stderr, "box: %s: %s\n", folder, strerror(errno));
		return false;
	}
	bool good = tree_merge(moving->dir, into, NULL, &moving->trouble);
	if (!good) {
		fprintf(stderr, "box: %s\n", moving->trouble.what);
	}
	close(into);
	tree_remove(AT_FDCWD, temporary); // empty folders, or all of it
	return good;
}

static bool receive(struct moving *moving, const char *box) {
	static const struct call_events events = {.bytes = handle_bytes, .ended = call_ended};
	pthread_t thread;
	if (!ask_for(moving, OP_GETMEM, box, &events) || !begin(moving, &thread)) {
		call_destroy(moving->call);
		return false;
	}
	while (moving->call && moving->ours >= 0) {
		wl_event_loop_dispatch(moving->asker->loop, -1);
	}
	end(moving, thread);
	call_destroy(moving->call);
	return !moving->failed;
}

int folder_from_box(struct asker *asker, const char *box, const char *folder) {
	struct moving moving = {.asker = asker, .ours = -1};
	char *temporary;
	if (asprintf(&temporary, "%s.XXXXXX", folder) < 0) {
		return 1;
	}
	if (!mkdtemp(temporary)) {
		fprintf(stderr, "box: %s: %s\n", folder, strerror(errno));
		free(temporary);
		return 1;
	}
	mode_t mask = umask(0);
	umask(mask);
	chmod(temporary, 0777 & ~mask); // unless the stream says otherwise
	moving.dir = open(temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = moving.dir >= 0 && receive(&moving, box);
	good = good ? give_name(&moving, temporary, folder) : (tree_remove(AT_FDCWD, temporary), false);
	if (moving.dir >= 0) {
		close(moving.dir);
	}
	free(temporary);
	return good ? 0 : 1;
}
