/* SPDX-License-Identifier: MIT */
/*
 * verb_run.c - box run: a program on a processor, its streams and its end here. One exchange.
 *
 * A word is looked up on the processor; a path ("./hello") is a file of this machine and is carried
 * there. Without -c the processor is this machine's own.
 */
#include "box.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "box/frame.h"
#include "box/name.h"
#include "giving.h"

#define PIECE 65536
#define QUEUE_MAX (256 * 1024)
#define WORDS_MAX (8 * 1024) // of arguments and environment in the head
#define WORDS_BESIDE 1024    // the same, beside boxes that it is given

// Exit statuses of ours, as shells and ssh have them.
#define NOT_EXECUTED 126
#define NO_PROGRAM 127
#define LOST 255

struct output { // our stdout or stderr
	struct runner *runner;
	int fd;
	struct buf queue;
	struct wl_event_source *source; // NULL: a file, written at once
	bool broken;                    // nobody reads it any more
};

struct telling { // of a signal
	struct wl_list link; // runner.tellings
	struct call *call;
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

/* Options. */

struct options {
	const char *want, *cwd;
	bool tty, no_tty;
	struct gifts gifts;
	struct op_head *request;
};

static bool parse_options(struct options *options, int argc, char **argv) {
	static const struct option longs[] = {
		{"give", required_argument, NULL, 'g'},
		{"write", required_argument, NULL, 'w'},
		{0},
	};
	for (int c; (c = getopt_long(argc, argv, "+c:C:e:tT", longs, NULL)) != -1;) {
		switch (c) {
		case 'g':
		case 'w':
			if (!gifts_add(&options->gifts, optarg, c == 'w')) {
				return false;
			}
			break;
		case 'c':
			options->want = optarg;
			break;
		case 'C':
			options->cwd = optarg;
			break;
		case 'e':
			op_add(options->request, OP_F_ENV, optarg);
			break;
		case 't':
			options->tty = true;
			break;
		case 'T':
			options->no_tty = true;
			break;
		default:
			return false;
		}
	}
	options->tty = options->tty || (!options->no_tty && isatty(0) && isatty(1));
	return optind < argc;
}

// A name nobody else has: the program's and four random digits.
static void set_name(struct op_head *request, const char *prog, bool anywhere) {
	uint16_t random;
	const char *slash = strrchr(prog, '/');
	if (getrandom(&random, sizeof(random), 0) != sizeof(random)) {
		random = (uint16_t)getpid();
	}
	const char *base = slash ? slash + 1 : prog;
	if (strlen(base) > 200 || name_check_component(base, NULL) != OP_OK) {
		base = "program";
	}
	op_setf(request, OP_F_NAME, "%s/%s:%04x", anywhere ? "/b/proc" : "/proc", base, random);
}

static bool set_program(struct runner *runner, struct options *options, const char *prog) {
	struct op_head *request = options->request;
	if (!strchr(prog, '/')) {
		op_set(request, OP_F_PROG, prog);
		return true;
	}
	if (!options->want) { // this machine's own processor sees the file
		char *path = realpath(prog, NULL);
		op_set(request, OP_F_PROG, path ? path : prog);
		free(path);
		return true;
	}
	struct stat st;
	runner->carried_fd = open(prog, O_RDONLY | O_CLOEXEC);
	if (runner->carried_fd < 0 || fstat(runner->carried_fd, &st) < 0) {
		fprintf(stderr, "box: %s: %s (it would be carried there: a path is a file of this machine, "
			"a word without \"/\" a program of the other)\n", prog, strerror(errno));
		runner->status = errno == ENOENT || errno == ENOTDIR ? NO_PROGRAM : NOT_EXECUTED;
		return false;
	}
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111)) {
		fprintf(stderr, "box: %s is not a program: it is %s\n", prog,
			S_ISREG(st.st_mode) ? "not executable (chmod +x)" : "no file");
		runner->status = NOT_EXECUTED;
		return false;
	}
	op_set_number(request, OP_F_CARRIED, (uint64_t)st.st_size);
	return true;
}

static void set_tty(struct op_head *request) {
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	const char *term = getenv("TERM");
	if (ioctl(0, TIOCGWINSZ, &size) < 0) {
		ioctl(1, TIOCGWINSZ, &size);
	}
	op_setf(request, OP_F_TTY, "%ux%u", size.ws_row, size.ws_col);
	if (term) {
		char variable[128];
		snprintf(variable, sizeof(variable), "TERM=%s", term);
		op_add(request, OP_F_ENV, variable);
	}
}

// A head holds 16 KiB; what is longer goes into the first frame.
static void add_arguments(struct runner *runner, struct op_head *request, char **command) {
	size_t size = 0, at = 0;
	for (char **arg = command; *arg; arg++) {
		size += strlen(*arg) + sizeof("arg ");
	}
	for (const char *env; (env = op_each(request, OP_F_ENV, &at));) {
		size += strlen(env) + sizeof("env ");
	}
	if (size <= (op_has(request, OP_F_BOUND) ? WORDS_BESIDE : WORDS_MAX)) {
		for (char **arg = command; *arg; arg++) {
			op_add(request, OP_F_ARG, *arg);
		}
		return;
	}
	op_set_flag(request, OP_F_MORE);
	for (char **arg = command; *arg; arg++) {
		control_append(&runner->words, CONTROL_ARG, "%s", *arg);
	}
	at = 0;
	for (const char *env; (env = op_each(request, OP_F_ENV, &at));) {
		control_append(&runner->words, CONTROL_ENV, "%s", env);
	}
	op_unset(request, OP_F_ENV);
}

static bool make_request(struct runner *runner, struct options *options, char **command) {
	struct op_head *request = options->request;
	char cwd[4096];
	set_name(request, command[0], options->want);
	if (!set_program(runner, options, command[0])) {
		return false;
	}
	// Here the program is the person, and sees all there is.
	if (options->want && !gifts_say(&options->gifts, runner->asker, request, command)) {
		return false;
	}
	add_arguments(runner, request, command);
	if (options->want && !set_said(request, OP_F_WANT, options->want)) {
		return false;
	}
	if (options->cwd) {
		op_set(request, OP_F_CWD, options->cwd);
	} else if (!options->want && getcwd(cwd, sizeof(cwd))) {
		op_set(request, OP_F_CWD, cwd);
	}
	if (options->tty) {
		set_tty(request);
	}
	op_set_body(request, OP_BODY_FRAMES, 0);
	return true;
}

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
		return LOST;
	}
	return code == OP_ENOENT ? NO_PROGRAM :
		code == OP_EPERM || code == OP_EMATCH ? NOT_EXECUTED : LOST;
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

static void runner_init(struct runner *runner, struct asker *asker) {
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH,
		SIGALRM};
	*runner = (struct runner){.asker = asker, .carried_fd = -1, .status = LOST};
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

static void runner_run(struct runner *runner, struct options *options) {
	static const struct call_events events = {
		.reply = handle_reply,
		.frame = handle_frame,
		.ended = handle_ended,
		.drained = handle_drained,
	};
	runner->call = call_create(runner->asker->loop, &runner->asker->boxd.caller, options->request,
		NULL, &events, runner);
	if (runner->call && runner->words.size > 0) {
		const struct frame frame = {
			.kind = FRAME_CONTROL,
			.payload = buf_front(&runner->words),
			.size = runner->words.size,
		};
		call_send_frame(runner->call, &frame);
	}
	if (runner->call && options->tty && isatty(0)) {
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

static void runner_finish(struct runner *runner) {
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

static int run(struct asker *asker, int argc, char **argv) {
	struct op_head request;
	struct options options = {.request = &request};
	struct runner runner;
	op_head_init_request(&request, OP_MAKE);
	if (!parse_options(&options, argc, argv)) {
		op_head_finish(&request);
		return say_usage(&verb_run);
	}
	runner_init(&runner, asker);
	if (make_request(&runner, &options, argv + optind)) {
		runner_run(&runner, &options);
	}
	runner_finish(&runner);
	op_head_finish(&request);
	return runner.status;
}

const struct verb verb_run = {
	.name = "run",
	.usage = "[-c CONSTRAINT] [-tT] [-C DIR] [-e N=V] [--give BOX[:LETTERS]] [--write BOX] PROGRAM …",
	.help = "run a program, here or on a processor that fits",
	.run = run,
};
