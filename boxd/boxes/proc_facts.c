/* SPDX-License-Identifier: MIT */
/*
 * proc_facts.c - what a process box says and is told, each a small box of its own: args env cwd prog
 * before it begins, signal and status while it runs, legacy at its end.
 */
#include "boxes/proc.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct waiter {
	struct wl_list link; // proc.waiters
	struct req *req;
};

static void waiter_destroy(struct waiter *waiter) {
	wl_list_remove(&waiter->link);
	free(waiter);
}

static void legacy_gone(struct req *req) {
	waiter_destroy(req->data);
}

static void legacy_getmem(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = legacy_gone};
	struct proc *proc = box->data;
	struct waiter *waiter = calloc(1, sizeof(*waiter));
	if (!waiter) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	op_set(req_reply(req), OP_F_TYPE, box->cnstr);
	waiter->req = req;
	req->data = waiter;
	req->events = &events;
	wl_list_insert(proc->waiters.prev, &waiter->link);
	proc_settle(proc);
}

static const struct box_type legacy_type = {
	.name = "legacy",
	.fn = {[OP_GETMEM] = legacy_getmem},
};

static void status_getmem(struct box *box, struct req *req) {
	const struct proc *proc = box->data;
	char legacy[32], text[96];
	int size = snprintf(text, sizeof(text), "state %s\npid %d\n",
		!proc->begun ? "made" : !proc->ended ? "running" : proc_legacy(proc, legacy),
		proc->process ? process_pid(proc->process) : 0);
	op_set(req_reply(req), OP_F_TYPE, box->cnstr);
	req_ok_bytes(req, text, (size_t)size);
}

static const struct box_type status_type = {
	.name = "status",
	.fn = {[OP_GETMEM] = status_getmem},
};

/* Boxes that are put as a whole: signal, args, env, cwd, prog. */
struct put {
	struct proc *proc;
	struct buf bytes;
	void (*done)(struct proc *proc, struct req *req, struct buf *bytes);
};

static void put_destroy(struct put *put) {
	buf_finish(&put->bytes);
	free(put);
}

static void put_data(struct req *req, const void *bytes, size_t size) {
	struct put *put = req->data;
	if (put->bytes.size + size > OP_MAX_CARRIED || !buf_append(&put->bytes, bytes, size)) {
		put_destroy(put);
		req_fail(req, OP_E2BIG, "%s takes at most %d bytes", req->box->name, OP_MAX_CARRIED);
	}
}

static void put_end(struct req *req) {
	struct put *put = req->data;
	put->done(put->proc, req, &put->bytes);
	put_destroy(put);
}

static void put_gone(struct req *req) {
	put_destroy(req->data);
}

static void put_begin(struct box *box, struct req *req,
		void (*done)(struct proc *proc, struct req *req, struct buf *bytes)) {
	static const struct req_events events = {.data = put_data, .end = put_end, .gone = put_gone};
	struct put *put = calloc(1, sizeof(*put));
	if (!put) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	put->proc = box->data;
	put->done = done;
	buf_init(&put->bytes);
	req->data = put;
	req->events = &events;
}

static void signal_done(struct proc *proc, struct req *req, struct buf *bytes) {
	char text[16] = "";
	memcpy(text, buf_front(bytes), bytes->size < sizeof(text) ? bytes->size : sizeof(text) - 1);
	char *end;
	long number = strtol(text, &end, 10);
	if (end == text || (*end && *end != '\n') || number < 1 || number >= NSIG) {
		req_fail(req, OP_EARG, "a signal is put by its number, 1 to %d", NSIG - 1);
	} else if (!proc->process || !process_signal(proc->process, (int)number)) {
		req_fail(req, OP_ENOENT, "the program does not run");
	} else {
		req_ok(req);
	}
}

static void signal_putmem(struct box *box, struct req *req) {
	put_begin(box, req, signal_done);
}

static const struct box_type signal_type = {
	.name = "signal",
	.fn = {[OP_PUTMEM] = signal_putmem},
	.takes_body = 1 << OP_PUTMEM,
};

static bool refuse_begun(struct proc *proc, struct req *req) {
	if (proc->begun) {
		req_fail(req, OP_EBUSY, "%s has begun: that cannot be changed any more", proc->box->name);
	}
	return proc->begun;
}

static void set_lines(struct buf *to, struct buf *bytes) {
	buf_drop(to, to->size);
	if (bytes->size == 0) {
		return;
	}
	uint8_t *text = buf_front(bytes);
	for (size_t i = 0; i < bytes->size; i++) {
		text[i] = text[i] == '\n' ? '\0' : text[i];
	}
	buf_append(to, text, bytes->size);
	if (text[bytes->size - 1] != '\0') {
		buf_append(to, "", 1);
	}
}

static void args_done(struct proc *proc, struct req *req, struct buf *bytes) {
	if (!refuse_begun(proc, req)) {
		set_lines(&proc->args, bytes);
		req_ok(req);
	}
}

static void env_done(struct proc *proc, struct req *req, struct buf *bytes) {
	if (!refuse_begun(proc, req)) {
		set_lines(&proc->env_text, bytes);
		req_ok(req);
	}
}

static void cwd_done(struct proc *proc, struct req *req, struct buf *bytes) {
	if (!refuse_begun(proc, req)) {
		free(proc->cwd);
		proc->cwd = strndup((char *)buf_front(bytes), bytes->size);
		req_ok(req);
	}
}

static void prog_done(struct proc *proc, struct req *req, struct buf *bytes) {
	struct op_refusal refusal;
	if (refuse_begun(proc, req)) {
		return;
	}
	if (proc->prog_fd >= 0) {
		close(proc->prog_fd);
	}
	proc->prog_fd = memfd_create("program", MFD_CLOEXEC);
	if (proc->prog_fd < 0 ||
			write(proc->prog_fd, buf_front(bytes), bytes->size) != (ssize_t)bytes->size) {
		req_fail(req, OP_EIO, "no room for the program: %s", strerror(errno));
	} else if (proc_begin(proc, &refusal) != OP_OK) {
		req_refuse(req, &refusal);
	} else {
		req_ok(req);
	}
}

static void get_lines(struct req *req, const struct buf *lines) {
	struct buf text;
	buf_init(&text);
	buf_append(&text, lines->data + lines->at, lines->size);
	for (size_t i = 0; i < text.size; i++) {
		uint8_t *byte = buf_front(&text) + i;
		*byte = *byte == '\0' ? '\n' : *byte;
	}
	op_set(req_reply(req), OP_F_TYPE, req->box->cnstr);
	req_ok_bytes(req, buf_front(&text), text.size);
	buf_finish(&text);
}

static void args_getmem(struct box *box, struct req *req) {
	get_lines(req, &((struct proc *)box->data)->args);
}

static void args_putmem(struct box *box, struct req *req) {
	put_begin(box, req, args_done);
}

static void env_getmem(struct box *box, struct req *req) {
	get_lines(req, &((struct proc *)box->data)->env_text);
}

static void env_putmem(struct box *box, struct req *req) {
	put_begin(box, req, env_done);
}

static void cwd_getmem(struct box *box, struct req *req) {
	const struct proc *proc = box->data;
	op_set(req_reply(req), OP_F_TYPE, box->cnstr);
	req_ok_bytes(req, proc->cwd ? proc->cwd : "", proc->cwd ? strlen(proc->cwd) : 0);
}

static void cwd_putmem(struct box *box, struct req *req) {
	put_begin(box, req, cwd_done);
}

static void prog_putmem(struct box *box, struct req *req) {
	put_begin(box, req, prog_done);
}

static const struct box_type args_type = {
	.name = "args",
	.fn = {[OP_GETMEM] = args_getmem, [OP_PUTMEM] = args_putmem},
	.takes_body = 1 << OP_PUTMEM,
};

static const struct box_type env_type = {
	.name = "env",
	.fn = {[OP_GETMEM] = env_getmem, [OP_PUTMEM] = env_putmem},
	.takes_body = 1 << OP_PUTMEM,
};

static const struct box_type cwd_type = {
	.name = "cwd",
	.fn = {[OP_GETMEM] = cwd_getmem, [OP_PUTMEM] = cwd_putmem},
	.takes_body = 1 << OP_PUTMEM,
};

static const struct box_type prog_type = {
	.name = "prog",
	.fn = {[OP_PUTMEM] = prog_putmem},
	.takes_body = 1 << OP_PUTMEM,
};

bool proc_facts_create(struct proc *proc) {
	static const struct box_type *const types[] = {
		&args_type, &cwd_type, &env_type, &legacy_type, &prog_type, &signal_type, &status_type,
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const char *cnstr = types[i] == &prog_type ? "bin" : "text";
		if (!box_create(proc->box, types[i]->name, types[i], cnstr, proc)) {
			return false;
		}
	}
	return true;
}

void proc_facts_ended(struct proc *proc) {
	char legacy[32];
	proc_legacy(proc, legacy);
	struct waiter *waiter, *next;
	wl_list_for_each_safe(waiter, next, &proc->waiters, link) {
		struct req *req = waiter->req;
		waiter_destroy(waiter);
		req_ok_bytes(req, legacy, strlen(legacy));
	}
}

void proc_facts_deleted(struct proc *proc) {
	struct waiter *waiter, *next;
	wl_list_for_each_safe(waiter, next, &proc->waiters, link) {
		struct req *req = waiter->req;
		waiter_destroy(waiter);
		req_fail(req, OP_ENOENT, "the process was deleted");
	}
}
