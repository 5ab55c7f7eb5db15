/* SPDX-License-Identifier: MIT */
/*
 * runner.c - see runner.h. One exchange, and for each signal one more. What is to be run, and where, is
 * verb_run.c's.
 */
#include "runner.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "box/frame.h"

#define PIECE 65536
#define QUEUE_MAX (256 * 1024)

struct telling { // of a signal
	struct wl_list link; // runner.tellings
	struct call *call;
};

/* Our input, to the program. */

static void send_data(struct runner *runner, uint16_t sub, const void *bytes, size_t size) {
	struct frame frame = {.kind = FRAME_DATA, .sub = sub, .payload = bytes, .size = size};
	call_send_frame(runner->call, &frame);
}

static void input_stop(struct runner *runner) {
	if (runner->input) {
		wl_event_source_remove(runner->input);
		runner->input = NULL;
	}
	if (runner->idle) {
		wl_event_source_remove(runner->idle);
		runner->idle = NULL;
	}
}

static void input_go_on(struct runner *runner);

// One piece of what goes in next: the carried program, then stdin.
static void input_read(struct runner *runner) {
	char bytes[PIECE];
	bool carried = runner->carried_fd >= 0;
	ssize_t size = read(carried ? runner->carried_fd : 0, bytes, sizeof(bytes));
	if (size < 0 && (errno == EINTR || errno == EAGAIN)) {
		return;
	}
	if (size > 0) {
		send_data(runner, carried ? 3 : 0, bytes, (size_t)size);
	} else if (carried) {
		close(runner->carried_fd);
		runner->carried_fd = -1;
	} else {
		runner->input_over = true;
		send_data(runner, 0, "", 0);
	}
	input_go_on(runner);
}

static int handle_input(int fd, uint32_t mask, void *data) {
	input_read(data);
	return 0;
}

static void handle_idle(void *data) {
	struct runner *runner = data;
	runner->idle = NULL;
	input_read(runner);
}

// Reads on unless enough is under way; what cannot be polled (a file) is read when idle.
static void input_go_on(struct runner *runner) {
	struct wl_event_loop *loop = runner->asker->loop;
	input_stop(runner);
	if (!runner->call || runner->input_over || call_queued(runner->call) > QUEUE_MAX) {
		return;
	}
	if (runner->carried_fd < 0) {
		runner->input = wl_event_loop_add_fd(loop, 0, WL_EVENT_READABLE, handle_input, runner);
	}
	if (!runner->input) {
		runner->idle = wl_event_loop_add_idle(loop, handle_idle, runner);
	}
}

/* The program's output, to ours. */

static bool is_writable(int fd) {
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	return poll(&poll_fd, 1, 0) == 1;
}

// Never blocks, without touching the flags of a descriptor that others share: what poll promises for
// a pipe is room for PIPE_BUF.
static void output_flush(struct output *output) {
	struct buf *queue = &output->queue;
	while (queue->size > 0 && !output->broken && (!output->source || is_writable(output->fd))) {
		size_t size = !output->source || queue->size < PIPE_BUF ? queue->size : PIPE_BUF;
		ssize_t n = write(output->fd, buf_front(queue), size);
		if (n >= 0) {
			buf_drop(queue, (size_t)n);
		} else if (errno != EINTR && errno != EAGAIN) {
			output->broken = true;
		}
	}
	if (output->broken) {
		buf_drop(queue, queue->size);
	}
	if (output->source) {
		wl_event_source_fd_update(output->source, queue->size > 0 ? WL_EVENT_WRITABLE : 0);
	}
}

static int handle_writable(int fd, uint32_t mask, void *data) {
	struct output *output = data;
	struct runner *runner = output->runner;
	if (mask & (WL_EVENT_HANGUP | WL_EVENT_ERROR)) {
		output->broken = true;
		wl_event_source_remove(output->source);
		output->source = NULL;
	}
	output_flush(output);
	if (runner->call && output->broken) {
		// As a local program would be told: the next write of the remote one meets a closed pipe.
		runner->status = 128 + SIGPIPE;
		call_destroy(runner->call);
		runner->call = NULL;
	} else if (runner->call) {
		call_pause(runner->call, output->queue.size > QUEUE_MAX);
	}
	return 0;
}

static void handle_frame(void *data, const struct frame *frame) {
	struct runner *runner = data;
	if (frame->kind == FRAME_DATA && (frame->sub == 1 || frame->sub == 2)) {
		struct output *output = &runner->outputs[frame->sub - 1];
		buf_append(&output->queue, frame->payload, frame->size);
		output_flush(output);
		call_pause(runner->call, output->queue.size > QUEUE_MAX);
	}
}

/* Its life. */

static void handle_reply(void *data, const struct op_head *reply) {
	struct runner *runner = data;
	const char *name = op_get(reply, OP_F_NAME);
	if (reply->refusal.code == OP_OK && name) {
		runner->name = strdup(name);
	}
}

static int refused_status(const struct runner *runner, enum op_code code) {
	if (runner->name) {
		return RUNNER_LOST;
	}
	return code == OP_ENOENT ? RUNNER_NO_PROGRAM :
		code == OP_EPERM || code == OP_EMATCH ? RUNNER_NOT_EXECUTED : RUNNER_LOST;
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct runner *runner = data;
	const char *legacy = trailer ? op_get(trailer, OP_F_LEGACY) : NULL;
	int number = 0;
	runner->call = NULL;
	if (why->code != OP_OK) {
		say_refusal(why);
		runner->status = refused_status(runner, why->code);
	} else if (legacy && sscanf(legacy, "exit %d", &number) == 1) {
		runner->status = number;
	} else if (legacy && sscanf(legacy, "signal %d", &number) == 1) {
		runner->status = 128 + number;
	}
}

static void handle_drained(void *data) {
	input_go_on(data);
}

static void send_resize(struct runner *runner) {
	struct winsize size;
	struct buf line;
	if (ioctl(0, TIOCGWINSZ, &size) < 0) {
		return;
	}
	buf_init(&line);
	control_append(&line, CONTROL_RESIZE, "%ux%u", size.ws_row, size.ws_col);
	struct frame frame = {
		.kind = FRAME_CONTROL,
		.payload = buf_front(&line),
		.size = line.size,
	};
	call_send_frame(runner->call, &frame);
	buf_finish(&line);
}

static void telling_destroy(struct telling *telling) {
	wl_list_remove(&telling->link);
	call_destroy(telling->call);
	free(telling);
}

// Whatever came of it, the program's end tells.
static void telling_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct telling *telling = data;
	telling->call = NULL;
	telling_destroy(telling);
}

// On an exchange of its own, so that a program that does not read its input still hears it.
static void send_signal(struct runner *runner, int number) {
	static const struct call_events events = {.ended = telling_ended};
	struct telling *telling = calloc(1, sizeof(*telling));
	struct op_head request;
	char text[16];
	size_t size = (size_t)snprintf(text, sizeof(text), "%d", number);
	if (!telling) {
		return;
	}
	wl_list_insert(&runner->tellings, &telling->link);
	op_head_init_request(&request, OP_PUTMEM);
	op_setf(&request, OP_F_NAME, "%s/signal", runner->name);
	op_set_body(&request, OP_BODY_BYTES, size);
	telling->call = call_create(runner->asker->loop, &runner->asker->boxd.caller, &request, NULL,
		&events, telling);
	op_head_finish(&request);
	if (telling->call) {
		call_send_bytes(telling->call, text, size);
		call_send_end(telling->call);
	} else {
		telling_destroy(telling);
	}
}

static int handle_signal(int number, void *data) {
	struct runner *runner = data;
	if (!runner->call) {
		return 0;
	}
	if (number == SIGWINCH) {
		if (runner->raw) {
			send_resize(runner);
		}
	} else if (runner->name) {
		send_signal(runner, number);
	} else { // it has not begun: nobody but us to end
		runner->status = 128 + number;
		call_destroy(runner->call);
		runner->call = NULL;
	}
	return 0;
}

static void set_raw(struct runner *runner) {
	if (tcgetattr(0, &runner->saved) == 0) {
		struct termios raw = runner->saved;
		cfmakeraw(&raw);
		runner->raw = tcsetattr(0, TCSADRAIN, &raw) == 0;
	}
}

void runner_init(struct runner *runner, struct asker *asker) {
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH,
		SIGALRM};
	*runner = (struct runner){.asker = asker, .carried_fd = -1, .status = RUNNER_LOST};
	wl_list_init(&runner->tellings);
	buf_init(&runner->words);
	for (int i = 0; i < 2; i++) {
		struct output *output = &runner->outputs[i];
		output->runner = runner;
		output->fd = i + 1;
		buf_init(&output->queue);
		output->source = wl_event_loop_add_fd(asker->loop, i + 1, 0, handle_writable, output);
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		runner->signals[i] = wl_event_loop_add_signal(asker->loop, signals[i], handle_signal,
			runner);
	}
}

static bool output_waits(const struct runner *runner) {
	return runner->outputs[0].queue.size > 0 || runner->outputs[1].queue.size > 0;
}

void runner_run(struct runner *runner, const struct op_head *request, bool tty) {
	static const struct call_events events = {
		.reply = handle_reply,
		.frame = handle_frame,
		.ended = handle_ended,
		.drained = handle_drained,
	};
	runner->call = call_create(runner->asker->loop, &runner->asker->boxd.caller, request, NULL,
		&events, runner);
	if (runner->call && runner->words.size > 0) {
		const struct frame frame = {
			.kind = FRAME_CONTROL,
			.payload = buf_front(&runner->words),
			.size = runner->words.size,
		};
		call_send_frame(runner->call, &frame);
	}
	if (runner->call && tty && isatty(0)) {
		set_raw(runner);
	}
	input_go_on(runner);
	while (runner->call || output_waits(runner)) {
		wl_event_loop_dispatch(runner->asker->loop, -1);
	}
	if (runner->raw) {
		tcsetattr(0, TCSADRAIN, &runner->saved);
	}
}

void runner_finish(struct runner *runner) {
	struct telling *telling, *next;
	wl_list_for_each_safe(telling, next, &runner->tellings, link) {
		telling_destroy(telling);
	}
	input_stop(runner);
	for (int i = 0; i < 2; i++) {
		if (runner->outputs[i].source) {
			wl_event_source_remove(runner->outputs[i].source);
		}
		buf_finish(&runner->outputs[i].queue);
	}
	for (size_t i = 0; i < sizeof(runner->signals) / sizeof(runner->signals[0]); i++) {
		wl_event_source_remove(runner->signals[i]);
	}
	if (runner->carried_fd >= 0) {
		close(runner->carried_fd);
	}
	buf_finish(&runner->words);
	free(runner->name);
}
