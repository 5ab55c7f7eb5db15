/* SPDX-License-Identifier: MIT */
#ifndef BOXD_PROCESS_H
#define BOXD_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <wayland-server-core.h>

#include "base/spawn.h"
#include "box/op.h"

/*
 * One program run on this processor: its start, its three streams as bytes, its end. Knows no box
 * and no request; boxes/proc.c gives the streams their places.
 */

enum process_io {
	PROCESS_IN,
	PROCESS_OUT,
	PROCESS_ERR, // with a terminal there is none: all is PROCESS_OUT
};

#define PROCESS_FDS 16

struct process_start {
	const char *node;       // this one, for refusals
	const char *prog;       // a path or a word for PATH; NULL with prog_fd
	int prog_fd;            // a memfd to execute, kept open by the caller; -1
	const char *const *args; // NULL-terminated; args[0] is the program's own name
	const char *const *env; // NAME=VALUE, set over this node's environment; NULL-terminated
	const struct spawn_fd *fds; // more of them, not for 0-2
	int fds_size;           // PROCESS_FDS at most
	const char *cwd;        // NULL: the home directory
	const char *tty;        // ROWSxCOLUMNS; NULL: pipes
	const char *person;     // NULL: the owner; else whose it is, and it runs behind walls
	bool network;           // behind walls: it may use the network
	const char *socket;     // behind walls: where it finds boxes; NULL: nowhere
};

struct process_events {
	/* The program wrote. */
	void (*output)(void *data, enum process_io io, const void *bytes, size_t size);
	/* Every holder of that stream has closed it. */
	void (*output_end)(void *data, enum process_io io);
	/* What was written to the program has gone down to nothing. */
	void (*input_drained)(void *data);
	/* The program itself ended: status as of waitpid(2). Its streams may still be open. */
	void (*ended)(void *data, int status);
};

struct process;

/*
 * NULL and refusal: ENOENT no such program (or no such cwd), EPERM not executable, EMATCH not of this
 * architecture, EARG of tty, EUNSUPP no sandbox to be had here, EIO. Outputs begin paused.
 */
struct process *process_create(struct wl_event_loop *loop, const struct process_start *start,
	const struct process_events *events, void *data, struct op_refusal *refusal);
/* Kills the whole tree if it still runs; no event follows. NULL is fine. */
void process_destroy(struct process *process);

/* Bytes for its stdin; kept until the program reads. What comes after it closed stdin is dropped. */
void process_write(struct process *process, const void *bytes, size_t size);
void process_write_end(struct process *process);
size_t process_queued(const struct process *process);

void process_pause(struct process *process, enum process_io io, bool paused);
/* EARG unless ROWSxCOLUMNS; nothing happens without a terminal. */
enum op_code process_resize(struct process *process, const char *size, struct op_refusal *refusal);
/* To its process group; with a terminal, to that of its foreground job. false: it has ended. */
bool process_signal(struct process *process, int signal);
/* The other end is gone: SIGHUP, and what it still says goes nowhere. It may go on. */
void process_hang_up(struct process *process);
/* SIGKILL to it and all its descendants. */
void process_kill(struct process *process);
int process_pid(const struct process *process);

#endif
