/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_RUNNER_H
#define CLIENTS_RUNNER_H

#include <termios.h>

#include "box.h"

/*
 * A program that runs on a processor: its streams and its terminal are ours, signals that we are sent
 * are its, and so is the status we end with.
 */

// Exit statuses of ours, as shells and ssh have them.
#define RUNNER_NOT_EXECUTED 126
#define RUNNER_NO_PROGRAM 127
#define RUNNER_LOST 255

struct output { // our stdout or stderr
	struct runner *runner;
	int fd;
	struct buf queue;
	struct wl_event_source *source; // NULL: a file, written at once
	bool broken;                    // nobody reads it any more
};

struct runner {
	struct asker *asker;
	struct call *call; // NULL: over
	char *name;        // of the process, once it runs
	struct output outputs[2];
	struct wl_event_source *input, *idle, *signals[8];
	struct wl_list tellings; // telling.link: on their way
	struct buf words; // arguments and environment that are too long for the head, as control lines
	int carried_fd;   // program still to be sent; -1
	bool input_over, raw;
	struct termios saved;
	int status;
};

/* From here on signals are kept for the program. words and carried_fd may be set then. */
void runner_init(struct runner *runner, struct asker *asker);
/* Until its end, and until all it said is out; status says how. tty: it has a terminal. */
void runner_run(struct runner *runner, const struct op_head *request, bool tty);
void runner_finish(struct runner *runner);

#endif
