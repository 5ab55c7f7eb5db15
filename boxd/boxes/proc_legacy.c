/* SPDX-License-Identifier: MIT */
/*
 * proc_legacy.c - legacy of a process box: how the program ended. Who gets it waits for that; a box
 * that is linked to it, such as a channel, is given it when it is known, and then the link goes.
 * (Plan B: Boxes for network resources, 9.)
 */
#include "boxes/proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

struct waiter {
	struct wl_list link; // proc.waiters
	struct req *req;
};

const char *proc_legacy(const struct proc *proc, char out[static 32]) {
	if (!proc->ended) {
		out[0] = '\0';
	} else if (WIFSIGNALED(proc->status)) {
		snprintf(out, 32, "signal %d", WTERMSIG(proc->status));
	} else {
		snprintf(out, 32, "exit %d", WEXITSTATUS(proc->status));
	}
	return out;
}

static void waiter_destroy(struct waiter *waiter) {
	wl_list_remove(&waiter->link);
	free(waiter);
}

static void waiter_gone(struct req *req) {
	waiter_destroy(req->data);
}

static void legacy_getmem(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = waiter_gone};
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

/* Links. */

static void tell(struct link *link) {
	char legacy[32];
	proc_legacy(link->data, legacy);
	const struct frame frame = {
		.kind = FRAME_DATA,
		.payload = (const uint8_t *)legacy,
		.size = strlen(legacy),
	};
	link_frame(link, &frame);
	link_finish(link);
}

static void heir_up(struct link *link, const struct op_head *reply) {
	struct proc *proc = link->data;
	proc->heir = link;
	if (proc->ended) {
		proc->heir = NULL;
		tell(link);
	}
}

static void heir_down(struct link *link) {
	struct proc *proc = link->data;
	proc->heir = proc->heir == link ? NULL : proc->heir;
}

static void heir_gone(struct link *link) {
	struct proc *proc = link->data;
	heir_down(link);
	proc->heirs--;
	proc_settle(proc);
}

static void legacy_link(struct box *box, struct req *req) {
	static const struct link_user user = {
		.verb = OP_PUTMEM,
		.body = OP_BODY_FRAMES, // so that it is up before there is something to say
		.single = true,
		.up = heir_up,
		.down = heir_down,
		.gone = heir_gone,
	};
	struct proc *proc = box->data;
	struct linker *linker = proc->env->linker;
	if (linker->make(linker, box, req, &user, proc)) {
		proc->heirs++;
	}
}

static const struct box_type legacy_type = {
	.name = "legacy",
	.fn = {[OP_GETMEM] = legacy_getmem, [OP_LINK] = legacy_link},
};

bool proc_legacy_create(struct proc *proc) {
	proc->legacy = box_create(proc->box, "legacy", &legacy_type, "text", proc);
	return proc->legacy;
}

// A link that is not up yet is told when it is, if the process stays for that.
void proc_legacy_tell(struct proc *proc) {
	struct box *box, *next;
	struct link *heir = proc->heir;
	if (proc->told) {
		return;
	}
	proc->told = true;
	proc->heir = NULL;
	wl_list_for_each_safe(box, next, &proc->legacy->inner, link) {
		if (proc->run && (!heir || box != heir->box)) {
			box_destroy(box);
		}
	}
	if (heir) {
		tell(heir);
	}
}

void proc_legacy_ended(struct proc *proc) {
	char legacy[32];
	proc_legacy(proc, legacy);
	struct waiter *waiter, *next;
	wl_list_for_each_safe(waiter, next, &proc->waiters, link) {
		struct req *req = waiter->req;
		waiter_destroy(waiter);
		req_ok_bytes(req, legacy, strlen(legacy));
	}
	proc_legacy_tell(proc);
}

void proc_legacy_deleted(struct proc *proc) {
	struct waiter *waiter, *next;
	wl_list_for_each_safe(waiter, next, &proc->waiters, link) {
		struct req *req = waiter->req;
		waiter_destroy(waiter);
		req_fail(req, OP_ENOENT, "the process was deleted");
	}
}
