/* SPDX-License-Identifier: MIT */
/*
 * process.c - one program and the pumps of its streams.
 *
 * Forking is base/spawn.c's, walls are walls.c's. What a stream is worth to whom is not known here.
 */
#include "process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LOG_MODULE "process"
#include "base/buf.h"
#include "base/log.h"
#include "base/spawn.h"
#include "box/cnstr.h"
#include "launch.h"

#define READ_SIZE 65536

struct pump { // one output
	struct process *process;
	enum process_io io;
	int fd; // -1: closed
	struct wl_event_source *source;
};

struct process {
	struct wl_event_loop *loop;
	const struct process_events *events;
	void *data;
	struct spawn *spawn; // NULL: ended
	int tty;             // master, also the fd of in and out (dup'd); -1
	int in;              // -1: closed
	struct wl_event_source *in_source;
	struct buf in_queue;
	bool in_ending;
	bool sandboxed;
	bool hung_up; // its output is read, and goes nowhere
	struct pump pumps[3]; // by process_io; [PROCESS_IN] unused
};

static void pump_close(struct pump *pump) {
	if (pump->source) {
		wl_event_source_remove(pump->source);
		pump->source = NULL;
	}
	if (pump->fd >= 0) {
		close(pump->fd);
		pump->fd = -1;
	}
}

static int handle_output(int fd, uint32_t mask, void *data) {
	struct pump *pump = data;
	struct process *process = pump->process;
	uint8_t bytes[READ_SIZE];
	ssize_t n = read(fd, bytes, sizeof(bytes));
	if (n > 0 && !process->hung_up) {
		process->events->output(process->data, pump->io, bytes, (size_t)n);
	} else if (n > 0) {
		return 0;
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		pump_close(pump); // a terminal whose last program is gone reads EIO
		process->events->output_end(process->data, pump->io);
	}
	return 0;
}

static void input_close(struct process *process) {
	if (process->in_source) {
		wl_event_source_remove(process->in_source);
		process->in_source = NULL;
	}
	if (process->in >= 0) {
		close(process->in);
		process->in = -1;
	}
	buf_drop(&process->in_queue, process->in_queue.size);
}

// A terminal has no end of file of its own: the line discipline makes one of VEOF.
static void input_end(struct process *process) {
	if (process->tty >= 0) {
		char eof = 4; // VEOF of a new terminal
		if (write(process->in, &eof, 1) < 0) {
			log_debug("end of input to a terminal: %s", strerror(errno));
		}
	}
	input_close(process);
}

static void input_flush(struct process *process) {
	while (process->in >= 0 && process->in_queue.size > 0) {
		ssize_t n = write(process->in, buf_front(&process->in_queue), process->in_queue.size);
		if (n >= 0) {
			buf_drop(&process->in_queue, (size_t)n);
		} else if (errno == EAGAIN) {
			wl_event_source_fd_update(process->in_source, WL_EVENT_WRITABLE);
			return;
		} else if (errno != EINTR) {
			input_close(process); // the program does not read any more
		}
	}
	if (process->in >= 0) {
		wl_event_source_fd_update(process->in_source, 0);
		if (process->in_ending) {
			input_end(process);
		}
	}
}

static int handle_input(int fd, uint32_t mask, void *data) {
	struct process *process = data;
	if (mask & (WL_EVENT_HANGUP | WL_EVENT_ERROR)) {
		input_close(process);
	} else {
		input_flush(process);
	}
	if (process->in_queue.size == 0) {
		process->events->input_drained(process->data);
	}
	return 0;
}

static void handle_ended(void *data, int status) {
	struct process *process = data;
	process->spawn = NULL;
	process->events->ended(process->data, status);
}

static bool parse_size(const char *text, struct winsize *size) {
	unsigned int rows, columns;
	int end = 0;
	if (text[strspn(text, "0123456789x")] || // %u takes blanks and signs
			sscanf(text, "%4ux%4u%n", &rows, &columns, &end) != 2 || text[end] || !rows || !columns) {
		return false;
	}
	*size = (struct winsize){.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
	return true;
}

static void set_nonblocking(int fd) {
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

// The child's ends of its streams: theirs[0..2], closed by the caller once it runs.
static bool open_pipes(struct process *process, int theirs[3]) {
	int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
	for (int i = 0; i < 3; i++) {
		if (pipe2(pipes[i], O_CLOEXEC) < 0) {
			goto err;
		}
	}
	theirs[0] = pipes[0][0];
	process->in = pipes[0][1];
	set_nonblocking(process->in);
	for (int i = PROCESS_OUT; i <= PROCESS_ERR; i++) {
		process->pumps[i].fd = pipes[i][0];
		theirs[i] = pipes[i][1];
		set_nonblocking(pipes[i][0]);
	}
	return true;

err:
	for (int i = 0; i < 3; i++) {
		if (pipes[i][0] >= 0) {
			close(pipes[i][0]);
			close(pipes[i][1]);
		}
	}
	return false;
}

static bool open_tty(struct process *process, const struct winsize *size, int *slave) {
	if (openpty(&process->tty, slave, NULL, NULL, size) < 0) {
		return false;
	}
	fcntl(process->tty, F_SETFD, FD_CLOEXEC);
	fcntl(*slave, F_SETFD, FD_CLOEXEC);
	set_nonblocking(process->tty);
	process->in = fcntl(process->tty, F_DUPFD_CLOEXEC, 0);
	process->pumps[PROCESS_OUT].fd = fcntl(process->tty, F_DUPFD_CLOEXEC, 0);
	return process->in >= 0 && process->pumps[PROCESS_OUT].fd >= 0;
}

static enum op_code refuse_exec(const struct process_start *start, int error,
		struct op_refusal *refusal) {
	const char *prog = start->prog ? start->prog : start->args[0];
	const char *node = start->node;
	switch (error) {
	case ENOENT:
		return launch_no_program(start, refusal);
	case EACCES:
		return op_refuse(refusal, OP_EPERM, "%s may not be executed on %s (chmod +x makes a file a "
			"program)", prog, node);
	case ENOEXEC:
		return op_refuse(refusal, OP_EMATCH, "%s is not a program for %s, which is %s", prog, node,
			cnstr_arch_here());
	default:
		return op_refuse(refusal, OP_EIO, "%s did not start on %s: %s", prog, node, strerror(error));
	}
}

static enum op_code start_program(struct process *process, const struct process_start *start,
		const int theirs[3], int slave, struct op_refusal *refusal) {
	struct spawn_fd fds[3 + PROCESS_FDS + LAUNCH_FDS] = {{theirs[0], 0}, {theirs[1], 1}, {theirs[2], 2}};
	struct spawn_options options = {
		.exec_fd = -1,
		.fds = fds,
		.fds_size = 3,
		.tty = slave,
		.tree = true,
	};
	if (slave >= 0) {
		options.fds_size = 0;
	}
	for (int i = 0; i < start->fds_size; i++) {
		fds[options.fds_size++] = start->fds[i];
	}
	struct launch launch;
	enum op_code code = launch_init(&launch, start, refusal);
	if (code != OP_OK) {
		return code;
	}
	launch_apply(&launch, &options, fds);
	process->sandboxed = start->person != NULL;
	process->spawn = spawn_create(process->loop, &options, handle_ended, process);
	int error = errno;
	launch_finish(&launch);
	return process->spawn ? OP_OK : refuse_exec(start, error, refusal);
}

struct process *process_create(struct wl_event_loop *loop, const struct process_start *start,
		const struct process_events *events, void *data, struct op_refusal *refusal) {
	struct winsize size = {0};
	if (start->tty && !parse_size(start->tty, &size)) {
		op_refuse(refusal, OP_EARG, "tty %s is not ROWSxCOLUMNS, as 24x80", start->tty);
		return NULL;
	}
	struct process *process = calloc(1, sizeof(*process));
	if (!process) {
		op_refuse(refusal, OP_EIO, "out of memory");
		return NULL;
	}
	process->loop = loop;
	process->events = events;
	process->data = data;
	process->tty = process->in = -1;
	buf_init(&process->in_queue);
	for (int i = PROCESS_IN; i <= PROCESS_ERR; i++) {
		process->pumps[i] = (struct pump){.process = process, .io = (enum process_io)i, .fd = -1};
	}
	int theirs[3] = {-1, -1, -1}, slave = -1;
	bool good = start->tty ? open_tty(process, &size, &slave) : open_pipes(process, theirs);
	if (good) {
		process->in_source = wl_event_loop_add_fd(loop, process->in, 0, handle_input, process);
	}
	if (!process->in_source) {
		op_refuse(refusal, OP_EIO, "no streams for a program: %s", strerror(errno));
		good = false;
	} else {
		good = start_program(process, start, theirs, slave, refusal) == OP_OK;
	}
	for (int i = 0; i < 3; i++) {
		if (theirs[i] >= 0) {
			close(theirs[i]);
		}
	}
	if (slave >= 0) {
		close(slave);
	}
	if (!good) {
		process_destroy(process);
		return NULL;
	}
	return process;
}

void process_destroy(struct process *process) {
	if (!process) {
		return;
	}
	spawn_destroy(process->spawn);
	input_close(process);
	for (int i = PROCESS_OUT; i <= PROCESS_ERR; i++) {
		pump_close(&process->pumps[i]);
	}
	if (process->tty >= 0) {
		close(process->tty);
	}
	buf_finish(&process->in_queue);
	free(process);
}

void process_write(struct process *process, const void *bytes, size_t size) {
	if (process->in < 0 || process->in_ending) {
		return;
	}
	if (!buf_append(&process->in_queue, bytes, size)) {
		log_error("a program's input is cut: out of memory");
		input_close(process);
		return;
	}
	input_flush(process);
}

void process_write_end(struct process *process) {
	process->in_ending = true;
	if (process->in >= 0 && process->in_queue.size == 0) {
		input_end(process);
	}
}

size_t process_queued(const struct process *process) {
	return process->in_queue.size;
}

// Without a source rather than with an empty mask: a closed pipe would report its hang-up for ever.
void process_pause(struct process *process, enum process_io io, bool paused) {
	struct pump *pump = &process->pumps[io];
	paused = paused && !process->hung_up;
	if (pump->fd >= 0 && !paused && !pump->source) {
		pump->source = wl_event_loop_add_fd(process->loop, pump->fd, WL_EVENT_READABLE,
			handle_output, pump);
		if (!pump->source) {
			log_errno("a program's output cannot be watched");
		}
	} else if (paused && pump->source) {
		wl_event_source_remove(pump->source);
		pump->source = NULL;
	}
}

enum op_code process_resize(struct process *process, const char *text,
		struct op_refusal *refusal) {
	struct winsize size;
	if (!parse_size(text, &size)) {
		return op_refuse(refusal, OP_EARG, "size %s is not ROWSxCOLUMNS, as 24x80", text);
	}
	if (process->tty >= 0 && ioctl(process->tty, TIOCSWINSZ, &size) < 0) {
		log_errno("TIOCSWINSZ");
	}
	return OP_OK;
}

bool process_signal(struct process *process, int signal) {
	if (!process->spawn) {
		return false;
	}
	pid_t foreground = process->tty >= 0 ? tcgetpgrp(process->tty) : -1;
	if (foreground > 0 && kill(-foreground, signal) == 0) {
		return true;
	}
	if (process->sandboxed) {
		// The walls around it must outlive it to say how it ended.
		return launch_signal_inner(spawn_pid(process->spawn), signal);
	}
	return spawn_signal(process->spawn, signal);
}

// A pipe stays open: a shell says of its child "Hangup", and is not to die of SIGPIPE before what it
// does on the signal. A terminal's programs are told by its end, and may write to it.
void process_hang_up(struct process *process) {
	process_signal(process, SIGHUP);
	input_close(process);
	process->hung_up = true;
	for (int i = PROCESS_OUT; i <= PROCESS_ERR; i++) {
		if (process->tty >= 0) {
			pump_close(&process->pumps[i]);
		} else {
			process_pause(process, (enum process_io)i, false);
		}
	}
	if (process->tty >= 0) {
		close(process->tty);
		process->tty = -1;
	}
}

void process_kill(struct process *process) {
	if (process->spawn) {
		spawn_kill(process->spawn);
	}
}

int process_pid(const struct process *process) {
	return process->spawn ? (int)spawn_pid(process->spawn) : 0;
}
