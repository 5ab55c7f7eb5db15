/* SPDX-License-Identifier: MIT */
/*
 * proc.c - /proc: this node's processor, and /proc/P: a program on it.
 *
 * A process is made whole in one exchange (program, arguments, input in; output and legacy out), or
 * box by box: make, put args env cwd and prog, link io0 io1 io2, get legacy. Both are the same
 * process. Its streams are proc_io.c's; what is executed is launch.c's.
 */
#include "boxes/proc.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "rights.h"
#include "sandbox.h"

static void handle_output(void *data, enum process_io io, const void *bytes, size_t size) {
	proc_io_output(data, io, bytes, size);
}

static void handle_output_end(void *data, enum process_io io) {
	proc_io_output_end(data, io);
}

static void handle_drained(void *data) {
	proc_io_drained(data);
}

static void handle_ended(void *data, int status) {
	struct proc *proc = data;
	proc->ended = true;
	proc->status = status;
	sandbox_destroy(proc->sandbox);
	proc->sandbox = NULL;
	box_changed(proc->box);
	proc_settle(proc);
}

static const struct process_events process_events = {
	.output = handle_output,
	.output_end = handle_output_end,
	.input_drained = handle_drained,
	.ended = handle_ended,
};

// The exchange that made it is told how it ended.
static void run_answer(struct proc *proc, const char *legacy) {
	struct req *req = proc->run;
	struct op_head trailer;
	proc->run = NULL;
	op_head_init_reply(&trailer);
	op_set(&trailer, OP_F_LEGACY, legacy);
	req_end(req, &trailer);
	op_head_finish(&trailer);
}

static void handle_settling(void *data) {
	struct proc *proc = data;
	char legacy[32];
	proc->settling = NULL;
	if (proc->left && !proc->run && !proc->grace) {
		proc_let_go(proc);
		return;
	}
	if (!proc->ended) {
		return;
	}
	proc_legacy_ended(proc);
	if (proc->grace && proc->heirs == 0) {
		box_destroy(proc->box);
	} else if (proc->run && proc_io_over(proc) && proc->heirs == 0) {
		run_answer(proc, proc_legacy(proc, legacy));
		box_destroy(proc->box);
	}
}

// Not at once: the end of one of its inner boxes may be what it is over by.
void proc_settle(struct proc *proc) {
	if (!proc->settling) {
		proc->settling = wl_event_loop_add_idle(proc->env->loop, handle_settling, proc);
	}
}

// Lines of 0-terminated words as the NULL-terminated list that exec wants.
static const char **list_words(const struct buf *words, const char *first) {
	const char **list = calloc(words->size + 2, sizeof(char *));
	size_t count = 0, at = 0;
	if (!list) {
		return NULL;
	}
	while (at < words->size) {
		const char *word = (const char *)words->data + words->at + at;
		list[count++] = word;
		at += strlen(word) + 1;
	}
	if (count == 0 && first) {
		list[0] = first;
	}
	return list;
}

// What it is started with; descriptors, words and variables are as long as those are kept.
struct start {
	struct process_start start;
	const char **args, **env;
	struct spawn_fd segments[PROC_SEGMENTS];
	struct buf variables;
};

static void start_finish(struct start *start) {
	free(start->args);
	free(start->env);
	buf_finish(&start->variables);
}

// false: no memory; it is to be finished all the same.
static bool start_init(struct start *start, struct proc *proc) {
	const char *last = proc->prog ? strrchr(proc->prog, '/') : NULL;
	const char *name = !proc->prog ? proc->box->name : last ? last + 1 : proc->prog;
	*start = (struct start){.args = list_words(&proc->args, name)};
	buf_init(&start->variables);
	int count = proc_vm_fds(proc, start->segments, &start->variables);
	bool whole = count >= 0 && (proc->env_text.size == 0 || buf_append(&start->variables,
		proc->env_text.data + proc->env_text.at, proc->env_text.size));
	start->env = whole ? list_words(&start->variables, NULL) : NULL;
	start->start = (struct process_start){
		.node = proc->env->config->machine,
		.prog = proc->prog,
		.prog_fd = proc->prog_fd,
		.args = start->args,
		.env = start->env,
		.fds = start->segments,
		.fds_size = count,
		.cwd = proc->cwd,
		.tty = proc->tty,
		.person = proc->walled ? proc->box->maker : NULL,
		.network = proc->env->config->sandbox_network,
		.socket = proc->sandbox ? sandbox_socket(proc->sandbox) : NULL,
	};
	return start->args && start->env;
}

// What is behind walls has boxes by a socket of its own.
static bool open_sandbox(struct proc *proc, struct op_refusal *why) {
	if (proc->walled && proc->env->sandboxes) {
		proc->sandbox = sandbox_create(proc->env->sandboxes, &proc->by, proc->box->name, &proc->bound,
			why);
	}
	return proc->sandbox || !proc->walled || !proc->env->sandboxes;
}

static void begin_now(struct proc *proc, struct op_refusal *why) {
	struct start start;
	if (!open_sandbox(proc, why)) {
		return;
	}
	if (start_init(&start, proc)) {
		proc->process = process_create(proc->env->loop, &start.start, &process_events, proc, why);
	} else {
		op_refuse(why, OP_EIO, "out of memory");
	}
	start_finish(&start);
	if (proc->process) {
		why->code = OP_OK;
		proc->begun = true;
		box_changed(proc->box);
		proc_io_update(&proc->io[PROCESS_OUT]);
		proc_io_update(&proc->io[PROCESS_ERR]);
	} else {
		sandbox_destroy(proc->sandbox);
		proc->sandbox = NULL;
	}
}

// The box may be gone behind this.
static void starter_answer(struct proc *proc, const struct op_refusal *why) {
	struct req *starter = proc->starter;
	proc->starter = NULL;
	if (why->code != OP_OK && proc->fresh) {
		box_destroy(proc->box);
	}
	if (starter && why->code != OP_OK) {
		req_refuse(starter, why);
	} else if (starter) {
		if (starter->head->verb == OP_MAKE) {
			op_set(req_reply(starter), OP_F_NAME, op_get(starter->head, OP_F_NAME));
		}
		req_ok(starter);
	}
}

static void handle_looked(struct proc *proc, struct op_refusal *why) {
	if (why->code == OP_OK) {
		begin_now(proc, why);
	}
	if (proc->run) {
		proc_run_begun(proc, why);
	} else {
		starter_answer(proc, why);
	}
}

static void starter_gone(struct req *req) {
	struct proc *proc = req->data;
	proc->starter = NULL;
}

void proc_begin(struct proc *proc, struct req *starter, bool fresh) {
	static const struct req_events events = {.gone = starter_gone};
	struct start start;
	struct op_refusal why = {.code = OP_OK};
	proc->starter = starter;
	proc->fresh = fresh;
	if (starter) {
		starter->events = &events;
		starter->data = proc;
	}
	bool looks = start_init(&start, proc) && proc_needs_look(proc, &start.start, handle_looked);
	start_finish(&start);
	if (!looks) {
		handle_looked(proc, &why);
	}
}

bool proc_is_begun(const struct proc *proc) {
	return proc->begun || proc->look || proc->run;
}

static void proc_free(struct proc *proc) {
	if (proc->prog_fd >= 0) {
		close(proc->prog_fd);
	}
	buf_finish(&proc->args);
	buf_finish(&proc->env_text);
	strings_finish(&proc->bound);
	sandbox_destroy(proc->sandbox);
	free(proc->prog);
	free(proc->cwd);
	free(proc->tty);
	free(proc);
}

static void proc_destroy(struct box *box) {
	struct proc *proc = box->data;
	char legacy[32];
	proc_needs_cancel(proc);
	process_destroy(proc->process);
	proc_facts_deleted(proc);
	proc_legacy_deleted(proc);
	if (proc->run && proc->run->answered) {
		run_answer(proc, proc->ended ? proc_legacy(proc, legacy) : "signal 9");
	} else if (proc->run) {
		req_fail(proc->run, OP_ENOENT, "the process was deleted before it began");
	}
	if (proc->starter) {
		req_fail(proc->starter, OP_ENOENT, "the process was deleted before it began");
	}
	if (proc->deleter) {
		req_ok(proc->deleter);
	}
	if (proc->grace) {
		wl_event_source_remove(proc->grace);
	}
	if (proc->settling) {
		wl_event_source_remove(proc->settling);
	}
	proc_free(proc);
}

static void deleter_gone(struct req *req) {
	((struct proc *)req->data)->deleter = NULL;
}

// Answered when the box is gone, which it is once its heir knows, or does not want to.
static void proc_delete(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = deleter_gone};
	struct proc *proc = box->data;
	process_destroy(proc->process); // first: inner boxes still lead to it
	proc->process = NULL;
	if (proc->heir && !proc->told && !proc->grace) {
		proc->status = proc->ended ? proc->status : SIGKILL; // as waitpid(2) has it
		proc->ended = true;
		proc->deleter = req;
		for (int i = 0; i < 3; i++) {
			proc_share_refuse(&proc->io[i], OP_ENOENT, "the process was deleted");
		}
		req->data = proc;
		req->events = &events;
		proc_legacy_tell(proc);
		proc_linger(proc);
	} else {
		box_destroy(box);
		req_ok(req);
	}
}

static void proc_describe(struct box *box, struct op_head *entry) {
	const struct proc *proc = box->data;
	char legacy[32];
	const char *state = !proc->begun ? "made" : !proc->ended ? "running" : proc_legacy(proc, legacy);
	op_set(entry, OP_F_STATE, state);
	op_set(entry, OP_F_TITLE, proc->prog ? proc->prog : proc->begun ? "(carried)" : "");
}

static const struct box_type proc_type = {
	.name = "process",
	.fn = {[OP_DELETE] = proc_delete},
	.describe = proc_describe,
	.destroy = proc_destroy,
};

/* Making. */

static bool copy_list(struct buf *to, const struct op_head *head, enum op_field field) {
	size_t at = 0;
	for (const char *word; (word = op_each(head, field, &at));) {
		if (!buf_append(to, word, strlen(word) + 1)) {
			return false;
		}
	}
	return true;
}

static bool copy_text(char **to, const struct op_head *head, enum op_field field) {
	const char *text = op_get(head, field);
	*to = text ? strdup(text) : NULL;
	return !text || *to;
}

static bool copy_bound(struct proc *proc, const struct op_head *head) {
	size_t at = 0;
	for (const char *line; (line = op_each(head, OP_F_BOUND, &at));) {
		strings_add(&proc->bound, "%s", line);
	}
	return !proc->bound.no_memory;
}

static struct proc *proc_create(struct box *parent, struct req *req) {
	struct proc *proc = calloc(1, sizeof(*proc));
	if (!proc) {
		return NULL;
	}
	proc->env = parent->data;
	proc->prog_fd = -1;
	wl_list_init(&proc->waiters);
	wl_list_init(&proc->puts);
	buf_init(&proc->args);
	buf_init(&proc->env_text);
	proc->by = *req->subject;
	proc->carried_left = op_get_number(req->head, OP_F_CARRIED, 0);
	proc->walled = strcmp(req->subject->person, box_tree_owner(parent->tree)) != 0;
	bool good = copy_list(&proc->args, req->head, OP_F_ARG) &&
		copy_list(&proc->env_text, req->head, OP_F_ENV) &&
		copy_text(&proc->prog, req->head, OP_F_PROG) &&
		copy_text(&proc->cwd, req->head, OP_F_CWD) &&
		copy_text(&proc->tty, req->head, OP_F_TTY) && copy_bound(proc, req->head);
	proc->box = box_create(parent, req->rest, &proc_type, "process", proc);
	if (!proc->box) {
		proc_free(proc);
		return NULL;
	}
	good = good && rights_private(proc->box, req->subject) && proc_io_create(proc) &&
		proc_facts_create(proc) && proc_legacy_create(proc) && proc_vm_create(proc);
	if (!good) {
		box_destroy(proc->box);
		return NULL;
	}
	return proc;
}

static enum op_code check_make(const struct op_head *head, struct op_refusal *why) {
	uint64_t carried = op_get_number(head, OP_F_CARRIED, 0);
	enum op_body body = op_body_of(head, NULL);
	if (body != OP_BODY_NONE && body != OP_BODY_FRAMES) {
		return op_refuse(why, OP_EARG, "what a process is given comes as frames: body frames");
	} else if (carried > OP_MAX_CARRIED) {
		return op_refuse(why, OP_E2BIG, "a carried program is at most %d bytes", OP_MAX_CARRIED);
	} else if (carried > 0 && (body != OP_BODY_FRAMES || op_has(head, OP_F_PROG))) {
		return op_refuse(why, OP_EARG, "a carried program comes as frames, in place of prog");
	} else if (op_has(head, OP_F_MORE) && body != OP_BODY_FRAMES) {
		return op_refuse(why, OP_EARG, "more arguments come as frames: body frames");
	} else if (body == OP_BODY_FRAMES && carried == 0 && !op_has(head, OP_F_PROG)) {
		return op_refuse(why, OP_EARG, "frames for a process need its program: prog, or carried");
	}
	return OP_OK;
}

// What a process holds of its program, what is yet to come, and its segments.
static uint64_t held_size(const struct proc *proc) {
	struct stat st;
	bool has = proc->prog_fd >= 0 && fstat(proc->prog_fd, &st) == 0;
	return proc->carried_left + (has ? (uint64_t)st.st_size : 0) + proc_facts_size(proc) +
		proc_vm_size(proc);
}

enum op_code proc_check_held(const struct box *procs, const struct subject *by, uint64_t bytes,
		struct op_refusal *refusal) {
	uint64_t sum = bytes;
	struct box *box;
	char who[SUBJECT_SIZE];
	wl_list_for_each(box, &procs->inner, link) {
		const struct proc *proc = box->type == &proc_type ? box->data : NULL;
		if (proc && strcmp(proc->by.person, by->person) == 0
				&& strcmp(proc->by.machine, by->machine) == 0) {
			sum += held_size(proc);
		}
	}
	return bytes == 0 || sum <= OP_MAX_CARRIED_ALL ? OP_OK : op_refuse(refusal, OP_EQUOTA,
		"programs and segments of %s in the memory here would be over %d MiB: end one of its processes, "
		"or install the program", subject_print(by, who), OP_MAX_CARRIED_ALL / 1024 / 1024);
}

// Not at once: one of its own programs may be who says so. What an exchange made ends with that.
void proc_peer_gone(struct box_env *env, const struct subject *subject) {
	struct box *box, *procs = box_inner(box_tree_root(env->tree), "proc");
	wl_list_for_each(box, &procs->inner, link) {
		struct proc *proc = box->type == &proc_type ? box->data : NULL;
		if (proc && strcmp(proc->by.person, subject->person) == 0 &&
				strcmp(proc->by.machine, subject->machine) == 0) {
			proc->left = true;
			proc_settle(proc);
		}
	}
}

static void procs_make(struct box *parent, struct req *req) {
	struct op_refusal why;
	if (check_make(req->head, &why) != OP_OK ||
			proc_check_held(parent, req->subject, op_get_number(req->head, OP_F_CARRIED, 0), &why) !=
			OP_OK ||
			rights_check_room(parent, req->subject, &why) != OP_OK) {
		req_refuse(req, &why);
		return;
	}
	struct proc *proc = proc_create(parent, req);
	if (!proc) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	if (op_body_of(req->head, NULL) == OP_BODY_FRAMES) {
		proc_run_start(proc, req);
		return;
	}
	if (proc->prog) {
		proc_begin(proc, req, true);
		return;
	}
	op_set(req_reply(req), OP_F_NAME, op_get(req->head, OP_F_NAME));
	req_ok(req);
}

static const struct box_type procs_type = {
	.name = "procs",
	.fn = {[OP_MAKE] = procs_make},
	.takes_body = 1 << OP_MAKE,
};

// The kernel's name of the render node's driver is the word for its kind: i915, amdgpu, v3d.
static void find_gpu(char out[static 32]) {
	FILE *file = fopen("/sys/class/drm/renderD128/device/uevent", "re");
	char line[128];
	out[0] = '\0';
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "DRIVER=%31[a-zA-Z0-9_-]", out) == 1) {
			break;
		}
	}
	if (file) {
		fclose(file);
	}
}

static bool proc_init(struct box_env *env) {
	char gpu[32], cnstr[OP_MAX_CNSTR + 1];
	find_gpu(gpu);
	snprintf(cnstr, sizeof(cnstr), "proc!%s!*!node=%s%s%s", cnstr_arch_here(),
		env->config->machine, gpu[0] ? "!gpu=" : "", gpu);
	return box_create(box_tree_root(env->tree), "proc", &procs_type, cnstr, env);
}

const struct boxd_type boxd_type_proc = {.init = proc_init};
