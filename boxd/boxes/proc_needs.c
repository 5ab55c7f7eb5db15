/* SPDX-License-Identifier: MIT */
/*
 * proc_needs.c - between all that a process needs and its start: whether this node has what its
 * program needs, on a thread of the pool, since that reads files.
 *
 * What is looked for is needs.c's; the start itself is proc.c's.
 */
#include "boxes/proc.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "launch.h"
#include "needs.h"
#include "walls.h"

struct proc_look {
	struct proc *proc; // NULL: it is gone
	struct work_job *job;
	int fd;            // the program; -1: file
	char *file, *node, *path, *libraries; // its own: the thread uses no other's
	bool walled;
	struct op_refusal why;
	void (*looked)(struct proc *proc, struct op_refusal *why);
};

static void look_destroy(struct proc_look *look) {
	if (look->fd >= 0) {
		close(look->fd);
	}
	free(look->file);
	free(look->node);
	free(look->path);
	free(look->libraries);
	free(look);
}

static void look_run(void *data) {
	struct proc_look *look = data;
	const struct needs needs = {look->node, look->path, look->libraries, look->walled};
	if (look->fd < 0 && (!look->walled || walls_show(look->file))) {
		look->fd = open(look->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	}
	if (look->fd >= 0) { // else the start says why not
		needs_check(&needs, look->fd, &look->why);
	}
}

static void look_done(void *data, bool cancelled) {
	struct proc_look *look = data;
	struct proc *proc = look->proc;
	struct op_refusal why = look->why;
	void (*looked)(struct proc *proc, struct op_refusal *why) = look->looked;
	look_destroy(look);
	if (proc && cancelled) {
		op_refuse(&why, OP_EIO, "this node's boxd ends");
	}
	if (proc) {
		proc->look = NULL;
		looked(proc, &why);
	}
}

void proc_needs_cancel(struct proc *proc) {
	struct proc_look *look = proc->look;
	proc->look = NULL;
	if (look) {
		look->proc = NULL;
		work_cancel(look->job);
	}
}

static bool copy(char **to, const char *text) {
	*to = text ? strdup(text) : NULL;
	return !text || *to;
}

bool proc_needs_look(struct proc *proc, const struct process_start *start,
		void (*looked)(struct proc *proc, struct op_refusal *why)) {
	struct proc_look *look = calloc(1, sizeof(*look));
	if (!look) {
		return false;
	}
	const char *path = launch_variable(start, "PATH");
	look->proc = proc;
	look->looked = looked;
	look->walled = start->person != NULL;
	look->fd = start->prog ? -1 : fcntl(start->prog_fd, F_DUPFD_CLOEXEC, 0);
	look->file = start->prog ? launch_file(start) : NULL;
	look->why = (struct op_refusal){.code = OP_OK};
	bool good = (look->file || look->fd >= 0) && copy(&look->node, start->node) &&
		copy(&look->path, path ? path : launch_path(start)) &&
		copy(&look->libraries, launch_variable(start, "LD_LIBRARY_PATH"));
	look->job = good ? work_add(proc->env->pool, look_run, look_done, look) : NULL;
	if (!look->job) {
		look_destroy(look);
		return false;
	}
	proc->look = look;
	return true;
}
