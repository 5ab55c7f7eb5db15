/* SPDX-License-Identifier: MIT */
/*
 * proc_facts.c - what a process box says and is told, each a small box of its own: args env cwd prog
 * before it begins, signal and status while it runs. Its legacy is proc_legacy.c's.
 */
#include "boxes/proc.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIGNAL_MAX 16                // bytes of its number

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

/*
 * Boxes that are put as a whole: signal, args, env and cwd are held here until they are, a program
 * goes into a file in memory. The process may begin, or go, meanwhile.
 */
struct put {
	struct wl_list link; // proc.puts
	struct proc *proc;
	struct req *req;
	struct buf bytes;
	int fd; // of a program; -1
	size_t size, max;
	void (*done)(struct put *put); // answers
};

static void put_destroy(struct put *put) {
	wl_list_remove(&put->link);
	buf_finish(&put->bytes);
	if (put->fd >= 0) {
		close(put->fd);
	}
	free(put);
}

static void put_fail(struct put *put, enum op_code code, const char *sentence) {
	struct req *req = put->req;
	put_destroy(put);
	req_fail(req, code, "%s", sentence);
}

static void put_data(struct req *req, const void *bytes, size_t size) {
	struct put *put = req->data;
	const struct proc *proc = put->proc;
	struct op_refusal why;
	if (size > put->max - put->size) {
		size_t max = put->max;
		const char *name = req->box->name;
		put_destroy(put);
		req_fail(req, OP_E2BIG, "%s takes at most %zu bytes", name, max);
	} else if (put->fd >= 0 &&
			proc_check_held(proc->box->parent, &proc->by, size, &why) != OP_OK) {
		put_destroy(put);
		req_refuse(req, &why);
	} else if (put->fd >= 0 && write(put->fd, bytes, size) != (ssize_t)size) {
		put_fail(put, OP_EIO, "no room for the program in this node's memory");
	} else if (put->fd < 0 && !buf_append(&put->bytes, bytes, size)) {
		put_fail(put, OP_EIO, "out of memory");
	} else {
		put->size += size;
	}
}

static void put_end(struct req *req) {
	struct put *put = req->data;
	put->done(put);
	put_destroy(put);
}

static void put_gone(struct req *req) {
	put_destroy(req->data);
}

static struct put *put_begin(struct box *box, struct req *req, size_t max,
		void (*done)(struct put *put)) {
	static const struct req_events events = {.data = put_data, .end = put_end, .gone = put_gone};
	struct proc *proc = box->data;
	if (op_body_of(req->head, NULL) == OP_BODY_FRAMES) {
		req_fail(req, OP_EUNSUPP, "%s takes bytes, not frames: body N, or body chunks", box->name);
		return NULL;
	}
	struct put *put = calloc(1, sizeof(*put));
	if (!put) {
		req_fail(req, OP_EIO, "out of memory");
		return NULL;
	}
	put->proc = proc;
	put->req = req;
	put->fd = -1;
	put->max = max;
	put->done = done;
	buf_init(&put->bytes);
	wl_list_insert(proc->puts.prev, &put->link);
	req->data = put;
	req->events = &events;
	return put;
}

// What was put, 0-terminated; malloc'd.
static char *put_text(const struct put *put) {
	return put->size > 0 ? strndup((const char *)put->bytes.data + put->bytes.at, put->size) :
		strdup("");
}

static void signal_done(struct put *put) {
	char *text = put_text(put), *end = NULL;
	long number = text ? strtol(text, &end, 10) : 0;
	bool whole = text && end > text && (!*end || strcmp(end, "\n") == 0);
	if (!whole || number < 1 || number >= NSIG) {
		req_fail(put->req, OP_EARG, "a signal is put by its number, 1 to %d", NSIG - 1);
	} else if (!put->proc->process || !process_signal(put->proc->process, (int)number)) {
		req_fail(put->req, OP_ENOENT, "the program does not run");
	} else {
		req_ok(put->req);
	}
	free(text);
}

static void signal_putmem(struct box *box, struct req *req) {
	put_begin(box, req, SIGNAL_MAX, signal_done);
}

static const struct box_type signal_type = {
	.name = "signal",
	.fn = {[OP_PUTMEM] = signal_putmem},
	.takes_body = 1 << OP_PUTMEM,
};

static bool refuse_begun(struct proc *proc, struct req *req) {
	if (proc_is_begun(proc)) {
		req_fail(req, OP_EBUSY, "%s has begun: that cannot be changed any more; make another process",
			proc->box->name);
	}
	return proc_is_begun(proc);
}

// Lines become 0-terminated words, the last one with or without its newline.
static void lines_done(struct put *put, struct buf *to) {
	struct buf words;
	if (refuse_begun(put->proc, put->req)) {
		return;
	}
	buf_init(&words);
	const char *text = put->size > 0 ? (const char *)buf_front(&put->bytes) : "";
	bool good = true;
	for (size_t at = 0; at < put->size && good;) {
		const char *end = memchr(text + at, '\n', put->size - at);
		size_t size = end ? (size_t)(end - text) - at : put->size - at;
		good = buf_append(&words, text + at, size) && buf_append(&words, "", 1);
		at += size + 1;
	}
	if (!good) {
		buf_finish(&words);
		req_fail(put->req, OP_EIO, "out of memory");
		return;
	}
	buf_finish(to);
	*to = words;
	req_ok(put->req);
}

static void args_done(struct put *put) {
	lines_done(put, &put->proc->args);
}

static void env_done(struct put *put) {
	lines_done(put, &put->proc->env_text);
}

static void cwd_done(struct put *put) {
	char *text = put_text(put);
	if (!text) {
		req_fail(put->req, OP_EIO, "out of memory");
	} else if (!refuse_begun(put->proc, put->req)) {
		text[strcspn(text, "\n")] = '\0';
		free(put->proc->cwd);
		put->proc->cwd = text;
		text = NULL;
		req_ok(put->req);
	}
	free(text);
}

static void prog_done(struct put *put) {
	struct proc *proc = put->proc;
	if (refuse_begun(proc, put->req)) {
		return;
	}
	if (proc->prog_fd >= 0) {
		close(proc->prog_fd);
	}
	proc->prog_fd = put->fd;
	put->fd = -1;
	proc_begin(proc, put->req, false);
}

static void get_lines(struct req *req, const struct buf *lines) {
	struct buf text;
	buf_init(&text);
	if (lines->size > 0 && !buf_append(&text, lines->data + lines->at, lines->size)) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
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
	put_begin(box, req, PROC_TEXT_MAX, args_done);
}

static void env_getmem(struct box *box, struct req *req) {
	get_lines(req, &((struct proc *)box->data)->env_text);
}

static void env_putmem(struct box *box, struct req *req) {
	put_begin(box, req, PROC_TEXT_MAX, env_done);
}

static void cwd_getmem(struct box *box, struct req *req) {
	const struct proc *proc = box->data;
	op_set(req_reply(req), OP_F_TYPE, box->cnstr);
	req_ok_bytes(req, proc->cwd ? proc->cwd : "", proc->cwd ? strlen(proc->cwd) : 0);
}

static void cwd_putmem(struct box *box, struct req *req) {
	put_begin(box, req, OP_MAX_NAME, cwd_done);
}

static void prog_putmem(struct box *box, struct req *req) {
	const struct proc *proc = box->data;
	struct op_refusal why;
	if (proc->run) {
		req_fail(req, OP_EBUSY, "the program of %s comes with the exchange that made it",
			proc->box->name);
		return;
	}
	if (proc_check_held(proc->box->parent, &proc->by, 1, &why) != OP_OK) {
		req_refuse(req, &why);
		return;
	}
	struct put *put = put_begin(box, req, OP_MAX_CARRIED, prog_done);
	if (put && (put->fd = memfd_create("program", MFD_CLOEXEC)) < 0) {
		put_fail(put, OP_EIO, "no room for the program in this node's memory");
	}
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
		&args_type, &cwd_type, &env_type, &prog_type, &signal_type, &status_type,
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		char bin[32];
		snprintf(bin, sizeof(bin), "bin!%s", cnstr_arch_here());
		const char *cnstr = types[i] == &prog_type ? bin : "text";
		if (!box_create(proc->box, types[i]->name, types[i], cnstr, proc)) {
			return false;
		}
	}
	return true;
}

uint64_t proc_facts_size(const struct proc *proc) {
	const struct put *put;
	uint64_t size = 0;
	wl_list_for_each(put, &proc->puts, link) {
		size += put->fd >= 0 ? put->size : 0;
	}
	return size;
}

void proc_facts_deleted(struct proc *proc) {
	struct put *put, *next;
	wl_list_for_each_safe(put, next, &proc->puts, link) {
		put_fail(put, OP_ENOENT, "the process was deleted");
	}
}
