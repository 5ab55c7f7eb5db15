/* SPDX-License-Identifier: MIT */
/*
 * carry.c - a program's file between the disk and a call. Who sends it where is convert.c's.
 */
#include "carry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launch.h"

#define PIECE (256 * 1024)

struct carry {
	struct work_pool *pool;
	const struct carry_events *events; // NULL: destroyed while a thread has it
	void *data;
	bool running; // a thread has what is below
	bool asked;   // for the piece from wanted on
	uint64_t wanted;
	char *prog, *path; // where words are looked up
	int fd;            // -1: not open
	uint64_t size, offset;
	uint8_t *bytes; // the piece
	size_t bytes_size;
	struct op_refusal why; // what failed
};

static void carry_free(struct carry *carry) {
	if (carry->fd >= 0) {
		close(carry->fd);
	}
	free(carry->bytes);
	free(carry->path);
	free(carry->prog);
	free(carry);
}

void carry_destroy(struct carry *carry) {
	if (carry && carry->running) {
		carry->events = NULL;
	} else if (carry) {
		carry_free(carry);
	}
}

/* On a thread. */

static void run_open(void *data) {
	struct carry *carry = data;
	struct stat st;
	char *file = launch_look_up(carry->prog, carry->path);
	bool is_program = file && launch_is_program(file);
	carry->fd = is_program ? open(file, O_RDONLY | O_CLOEXEC) : -1;
	if (carry->fd < 0 || fstat(carry->fd, &st) < 0 || st.st_size == 0) {
		op_refuse(&carry->why, OP_ENOENT, "no program %.100s here that could be carried", carry->prog);
	} else if (st.st_size > OP_MAX_CARRIED) {
		op_refuse(&carry->why, OP_E2BIG, "a carried program is at most %d bytes, and %.100s is larger",
			OP_MAX_CARRIED, carry->prog);
	} else {
		carry->size = (uint64_t)st.st_size;
	}
	free(file);
}

static void run_read(void *data) {
	struct carry *carry = data;
	uint64_t left = carry->size - carry->offset;
	size_t size = left < PIECE ? (size_t)left : PIECE;
	ssize_t n = pread(carry->fd, carry->bytes, size, (off_t)carry->offset);
	if (n <= 0) {
		op_refuse(&carry->why, OP_EIO, "%.100s cannot be read: %s", carry->prog,
			n < 0 ? strerror(errno) : "it is shorter than it was");
	}
	carry->bytes_size = n > 0 ? (size_t)n : 0;
}

/* In the loop. */

// false: it is over.
static bool is_back(struct carry *carry, bool cancelled) {
	carry->running = false;
	if (!carry->events || cancelled) { // cancelled: the node ends, and nobody waits for it
		carry_free(carry);
		return false;
	}
	if (carry->why.code != OP_OK) {
		carry->events->failed(carry->data, &carry->why);
		return false;
	}
	return true;
}

static void open_done(void *data, bool cancelled) {
	struct carry *carry = data;
	if (is_back(carry, cancelled)) {
		carry->events->opened(carry->data, carry->size);
	}
}

static void read_done(void *data, bool cancelled) {
	struct carry *carry = data;
	if (!is_back(carry, cancelled)) {
		return;
	}
	if (carry->asked) { // for another piece since
		if (!carry_read(carry, carry->wanted)) {
			op_refuse(&carry->why, OP_EIO, "out of memory");
			carry->events->failed(carry->data, &carry->why);
		}
	} else {
		carry->events->piece(carry->data, carry->bytes, carry->bytes_size);
	}
}

static bool run(struct carry *carry, void (*work)(void *data), void (*done)(void *data, bool cancelled)) {
	carry->running = work_add(carry->pool, work, done, carry);
	return carry->running;
}

bool carry_read(struct carry *carry, uint64_t offset) {
	carry->asked = carry->running;
	carry->wanted = offset;
	if (carry->running) {
		return true;
	}
	carry->offset = offset;
	return run(carry, run_read, read_done);
}

struct carry *carry_create(struct work_pool *pool, const char *prog, const struct carry_events *events,
		void *data) {
	const char *path = getenv("PATH");
	struct carry *carry = calloc(1, sizeof(*carry));
	if (!carry) {
		return NULL;
	}
	*carry = (struct carry){.pool = pool, .events = events, .data = data, .fd = -1};
	carry->prog = strdup(prog);
	carry->path = strdup(path ? path : LAUNCH_PATH);
	carry->bytes = malloc(PIECE);
	if (!carry->prog || !carry->path || !carry->bytes || !run(carry, run_open, open_done)) {
		carry_free(carry);
		return NULL;
	}
	return carry;
}
