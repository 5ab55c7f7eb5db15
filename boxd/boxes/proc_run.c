/* SPDX-License-Identifier: MIT */
/*
 * proc_run.c - the exchange that makes a process and lasts as long: what it brings (arguments, the
 * program itself, input, signals, sizes), and what its end does.
 */
#include "boxes/proc.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "box/frame.h"

#define GRACE_MS 2000 // between the hang-up of who made it and its end by force

static void run_refuse(struct proc *proc, const struct op_refusal *why) {
	struct req *req = proc->run;
	proc->run = NULL;
	box_destroy(proc->box);
	req_refuse(req, why);
}

void proc_run_begun(struct proc *proc, const struct op_refusal *why) {
	if (why->code != OP_OK) {
		run_refuse(proc, why);
		return;
	}
	op_set(req_reply(proc->run), OP_F_NAME, op_get(proc->run->head, OP_F_NAME));
	req_ok_open(proc->run, OP_BODY_FRAMES, 0);
	req_pause(proc->run, false);
}

// Once all it needs has come. What comes behind that waits for the start.
static void run_begin(struct proc *proc) {
	if (!proc->words_left && proc->carried_left == 0) {
		req_pause(proc->run, true);
		proc_begin(proc, NULL, false);
	}
}

static enum op_code add_word(struct proc *proc, int word, const char *value,
		struct op_refusal *why) {
	struct buf *to = word == CONTROL_ARG ? &proc->args : word == CONTROL_ENV ? &proc->env_text : NULL;
	size_t size = strlen(value) + 1;
	if (!to) {
		return op_refuse(why, OP_EARG, "more arguments are lines arg and env, and nothing else");
	} else if (size > PROC_TEXT_MAX - to->size) {
		return op_refuse(why, OP_E2BIG, "arguments, and environment, are at most %d bytes each",
			PROC_TEXT_MAX);
	}
	return buf_append(to, value, size) ? OP_OK : op_refuse(why, OP_EIO, "out of memory");
}

// Arguments and environment that were too long for the head.
static void run_words(struct proc *proc, const struct frame *frame) {
	struct op_refusal why = {.code = OP_OK};
	size_t at = 0;
	int word;
	char *value;
	bool bad = frame->kind != FRAME_CONTROL;
	while (!bad && why.code == OP_OK && control_next(frame, &at, &word, &value, &bad)) {
		add_word(proc, word, value, &why);
		free(value);
	}
	if (bad) {
		op_refuse(&why, OP_EARG, "the head says more, so the first frame is control, lines arg and env");
	}
	if (why.code != OP_OK) {
		run_refuse(proc, &why);
		return;
	}
	proc->words_left = false;
	run_begin(proc);
}

static void run_carried(struct proc *proc, const struct frame *frame) {
	struct op_refusal why;
	if (frame->size > proc->carried_left) {
		op_refuse(&why, OP_EARG, "the carried program is longer than its head said");
		run_refuse(proc, &why);
	} else if (write(proc->prog_fd, frame->payload, frame->size) != (ssize_t)frame->size) {
		op_refuse(&why, OP_EIO, "no room for the carried program: %s", strerror(errno));
		run_refuse(proc, &why);
	} else {
		proc->carried_left -= frame->size;
		run_begin(proc);
	}
}

static void run_control(struct proc *proc, const struct frame *frame) {
	size_t at = 0;
	int word;
	char *value;
	bool bad = false;
	while (proc->process && control_next(frame, &at, &word, &value, &bad)) {
		if (word == CONTROL_RESIZE) {
			process_resize(proc->process, value, NULL);
		} else if (word == CONTROL_SIGNAL && atoi(value) > 0 && atoi(value) < NSIG) {
			process_signal(proc->process, atoi(value));
		}
		free(value);
	}
}

static void run_frame(struct req *req, const struct frame *frame) {
	struct proc *proc = req->data;
	if (proc->words_left) {
		run_words(proc, frame);
	} else if (frame->kind == FRAME_CONTROL) {
		run_control(proc, frame);
	} else if (frame->kind == FRAME_DATA && frame->sub == 3 && proc->carried_left > 0) {
		run_carried(proc, frame);
	} else if (frame->kind == FRAME_DATA && frame->sub == 0 && proc->carried_left > 0) {
		struct op_refusal why;
		op_refuse(&why, OP_EARG, "input came before the carried program was whole");
		run_refuse(proc, &why);
	} else if (frame->kind == FRAME_DATA && frame->sub == 0 && frame->size == 0) {
		proc_io_run_over(proc);
	} else if (frame->kind == FRAME_DATA && frame->sub == 0 && proc->process) {
		proc_io_input(proc, frame->payload, frame->size);
		req_pause(req, proc_io_input_full(proc));
	}
}

static void run_end(struct req *req) {
	struct proc *proc = req->data;
	struct op_refusal why;
	if (!proc->begun) {
		op_refuse(&why, OP_EARG, "the frames ended before %s", proc->words_left ?
			"the arguments came" : "the carried program was whole");
		run_refuse(proc, &why);
	} else {
		proc_io_run_over(proc);
	}
}

static void run_drained(struct req *req) {
	struct proc *proc = req->data;
	proc_io_update(&proc->io[PROCESS_OUT]);
	proc_io_update(&proc->io[PROCESS_ERR]);
}

static int handle_grace(void *data) {
	struct proc *proc = data;
	process_destroy(proc->process);
	proc->process = NULL;
	box_destroy(proc->box);
	return 0;
}

void proc_linger(struct proc *proc) {
	proc->grace = wl_event_loop_add_timer(proc->env->loop, handle_grace, proc);
	if (!proc->grace) {
		handle_grace(proc);
		return;
	}
	wl_event_source_timer_update(proc->grace, GRACE_MS);
}

// As when a terminal is closed.
void proc_let_go(struct proc *proc) {
	if (!proc->process || proc->ended) {
		box_destroy(proc->box);
		return;
	}
	process_hang_up(proc->process);
	proc_io_update(&proc->io[PROCESS_OUT]); // who shares them waits
	proc_io_update(&proc->io[PROCESS_ERR]);
	proc_linger(proc);
}

static void run_gone(struct req *req) {
	struct proc *proc = req->data;
	proc->run = NULL;
	proc_let_go(proc);
}

void proc_run_start(struct proc *proc, struct req *req) {
	static const struct req_events events = {
		.frame = run_frame,
		.end = run_end,
		.drained = run_drained,
		.gone = run_gone,
	};
	struct op_refusal why;
	proc->run = req;
	proc->words_left = op_has(req->head, OP_F_MORE);
	req->data = proc;
	req->events = &events;
	if (proc->carried_left > 0 && (proc->prog_fd = memfd_create("program", MFD_CLOEXEC)) < 0) {
		op_refuse(&why, OP_EIO, "no room for the carried program: %s", strerror(errno));
		run_refuse(proc, &why);
		return;
	}
	run_begin(proc);
}
