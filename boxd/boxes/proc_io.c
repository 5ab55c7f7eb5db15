/* SPDX-License-Identifier: MIT */
/*
 * proc_io.c - io0, io1 and io2 of a process box: where a program's streams go and come from, and how
 * that changes while it runs.
 */
#include "boxes/proc.h"

#include <stdlib.h>

#define INPUT_MAX (256 * 1024) // held for a program that does not read

static bool is_input(const struct proc_io *io) {
	return io->io == PROCESS_IN;
}

// With a terminal all is written to one stream.
static bool never_was(const struct proc_io *io) {
	return io->io == PROCESS_ERR && io->proc->tty;
}

static bool has_room(const struct proc_io *io) {
	if (io->links > 0) {
		return io->link && io->link->state == LINK_UP;
	}
	if (io->user) {
		return req_queued(io->user) < REQ_HIGH_MARK;
	}
	return io->proc->run && req_queued(io->proc->run) < REQ_HIGH_MARK;
}

void proc_io_update(struct proc_io *io) {
	if (!is_input(io) && io->proc->process) {
		process_pause(io->proc->process, io->io, !has_room(io));
		proc_share_pause(io, !has_room(io));
	}
}

static struct frame frame_of(enum process_io io, const void *bytes, size_t size) {
	return (struct frame){
		.kind = FRAME_DATA,
		.sub = (uint16_t)io,
		.payload = bytes,
		.size = size,
	};
}

void proc_io_output(struct proc *proc, enum process_io which, const void *bytes, size_t size) {
	struct proc_io *io = &proc->io[which];
	struct frame frame = frame_of(which, bytes, size);
	if (!proc->process || (io->links == 0 && !io->user && !proc->run)) {
		return; // nobody is left to whom it could go: who shares it may not have heard
	}
	if (io->links > 0) {
		if (!link_frame(io->link, &frame)) {
			process_pause(proc->process, which, true);
			proc_share_pause(io, true);
		}
		return;
	}
	if (!io->user) {
		req_frame(proc->run, &frame);
	} else if (io->user_live) {
		req_write(io->user, bytes, size);
	} else {
		struct req *req = io->user;
		io->user = NULL;
		req_ok_bytes(req, bytes, size);
	}
	proc_io_update(io);
}

// The link that served goes when it has all; those that wait will never get anything.
static void end_links(struct proc_io *io) {
	struct box *box, *next;
	bool up = io->link && io->link->state == LINK_UP;
	const struct box *serves = up ? io->link->box : NULL;
	if (up) {
		struct frame end = frame_of(io->io, "", 0);
		link_frame(io->link, &end);
		link_finish(io->link);
	}
	wl_list_for_each_safe(box, next, &io->box->inner, link) {
		if (box != serves) {
			box_destroy(box);
		}
	}
}

// An empty answer is the end of a stream, to readers that ask later too.
static void finish_reader(struct proc_io *io) {
	struct req *req = io->user;
	io->user = NULL;
	if (io->user_live) {
		req_end(req, NULL);
	} else {
		req_ok_bytes(req, "", 0);
	}
}

void proc_io_output_end(struct proc *proc, enum process_io which) {
	struct proc_io *io = &proc->io[which];
	io->closed = true;
	if (io->user) {
		finish_reader(io);
	}
	proc_share_refuse(io, OP_EBUSY, "the program has closed it");
	end_links(io);
	io->over = io->links == 0;
	proc_settle(proc);
}

bool proc_io_over(const struct proc *proc) {
	return proc->io[PROCESS_OUT].over && (proc->io[PROCESS_ERR].over || proc->tty);
}

void proc_io_drained(struct proc *proc) {
	struct proc_io *io = &proc->io[PROCESS_IN];
	if (proc->run) {
		req_pause(proc->run, false);
	}
	if (io->user) {
		req_pause(io->user, false);
	}
	if (io->link && io->link->state == LINK_UP) {
		link_pause(io->link, false);
	}
}

bool proc_io_input_full(const struct proc *proc) {
	return proc_share_full(&proc->io[PROCESS_IN]) ||
		(proc->process && process_queued(proc->process) > INPUT_MAX);
}

void proc_io_input(struct proc *proc, const void *bytes, size_t size) {
	if (!proc_share_input(&proc->io[PROCESS_IN], bytes, size) && proc->process) {
		process_write(proc->process, bytes, size);
	}
}

void proc_io_input_end(struct proc *proc) {
	struct proc_io *io = &proc->io[PROCESS_IN];
	io->over = io->over || proc->process;
	proc_share_input_end(io);
	if (proc->process) {
		process_write_end(proc->process);
	}
}

// The exchange's input has ended while a link stood in its place, and now it does not any more.
static void input_goes_on(struct proc_io *io) {
	if (io->links == 0 && io->proc->run_in_over && io->proc->process) {
		proc_io_input_end(io->proc);
	}
}

void proc_io_run_over(struct proc *proc) {
	proc->run_in_over = true;
	input_goes_on(&proc->io[PROCESS_IN]);
}

// Links: an input reads its device, an output writes to it.

static void link_up(struct link *link, const struct op_head *reply) {
	struct proc_io *io = link->data;
	io->link = link;
	proc_io_update(io);
}

static void link_bytes(struct link *link, const void *bytes, size_t size) {
	struct proc_io *io = link->data;
	proc_io_input(io->proc, bytes, size);
	link_pause(link, proc_io_input_full(io->proc));
}

static void link_drained(struct link *link) {
	proc_io_update(link->data);
}

static void link_is_down(struct link *link) {
	proc_io_update(link->data);
}

static void link_gone(struct link *link) {
	struct proc_io *io = link->data;
	io->links--;
	if (io->link == link) {
		io->link = NULL;
	}
	if (is_input(io) && link->over) {
		proc_io_input_end(io->proc);
	} else if (is_input(io)) {
		input_goes_on(io);
	}
	if (io->closed && io->links == 0) {
		io->over = true;
		proc_settle(io->proc);
	}
	proc_io_update(io);
}

static const struct link_user input_user = {
	.verb = OP_GETMEM,
	.body = OP_BODY_CHUNKS,
	.single = true,
	.up = link_up,
	.data = link_bytes,
	.down = link_is_down,
	.gone = link_gone,
};

static const struct link_user output_user = {
	.verb = OP_PUTMEM,
	.body = OP_BODY_FRAMES, // each write is a message
	.single = true,
	.up = link_up,
	.drained = link_drained,
	.down = link_is_down,
	.gone = link_gone,
};

static void io_link(struct box *box, struct req *req) {
	struct proc_io *io = box->data;
	struct linker *linker = io->proc->env->linker;
	if (io->closed || never_was(io)) {
		req_fail(req, OP_EBUSY, never_was(io) ? "%s: a program with a terminal writes all to io1" :
			"%s: the program has closed it", box->name);
		return;
	}
	struct link *link = linker->make(linker, box, req, is_input(io) ? &input_user : &output_user, io);
	if (link) {
		io->link = io->link ? io->link : link; // an older one serves until the new one is up
		io->links++;
		proc_io_update(io);
	}
}

// Direct use of a stream's box.

static void user_gone(struct req *req) {
	struct proc_io *io = req->data;
	if (io->user == req) {
		io->user = NULL;
		proc_io_update(io);
	}
}

static void user_drained(struct req *req) {
	proc_io_update(req->data);
}

static void output_getmem(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = user_gone, .drained = user_drained};
	struct proc_io *io = box->data;
	op_set(req_reply(req), OP_F_TYPE, box->cnstr);
	if (io->user || io->links > 0) {
		req_fail(req, OP_EBUSY, "%s goes to another reader or link now", box->name);
		return;
	}
	if (io->over || never_was(io)) {
		req_ok_bytes(req, "", 0);
		return;
	}
	req->data = io;
	req->events = &events;
	io->user = req;
	io->user_live = op_has(req->head, OP_F_LIVE);
	if (io->user_live) {
		req_ok_open(req, OP_BODY_CHUNKS, 0);
	}
	proc_io_update(io);
}

static void input_data(struct req *req, const void *bytes, size_t size) {
	struct proc_io *io = req->data;
	io->user_size += size;
	proc_io_input(io->proc, bytes, size);
	req_pause(req, proc_io_input_full(io->proc));
}

static void input_frame(struct req *req, const struct frame *frame) {
	struct proc_io *io = req->data;
	if (frame->kind == FRAME_DATA && frame->size > 0) {
		input_data(req, frame->payload, frame->size);
	} else if (frame->kind == FRAME_DATA) {
		proc_io_input_end(io->proc);
	}
}

// The message is in; the program's input stays open for the next, unless this one was empty.
static void input_end(struct req *req) {
	struct proc_io *io = req->data;
	io->user = NULL;
	if (req->answered) {
		req_end(req, NULL);
		return;
	}
	if (io->user_size == 0) {
		proc_io_input_end(io->proc);
	}
	req_ok(req);
}

static void input_putmem(struct box *box, struct req *req) {
	static const struct req_events events = {
		.data = input_data,
		.frame = input_frame,
		.end = input_end,
		.gone = user_gone,
	};
	struct proc_io *io = box->data;
	if (io->user || !io->proc->process || io->proc->ended) {
		req_fail(req, OP_EBUSY, io->user ? "somebody else is putting into io0 now" :
			"the program does not run");
		return;
	}
	io->user = req;
	io->user_size = 0;
	req->data = io;
	req->events = &events;
	if (op_body_of(req->head, NULL) == OP_BODY_FRAMES) {
		req_ok_open(req, OP_BODY_CHUNKS, 0); // who links it writes as soon as it is answered
	}
}

static void io_destroy(struct box *box) {
	struct proc_io *io = box->data;
	struct req *req = io->user;
	io->user = NULL;
	io->box = NULL;
	proc_share_refuse(io, OP_ENOENT, "the process was deleted");
	if (!req) {
		return;
	}
	if (req->answered) {
		req_end_fail(req, OP_ENOENT, "the process was deleted");
	} else {
		req_fail(req, OP_ENOENT, "the process was deleted");
	}
}

static const struct box_type input_type = {
	.name = "io0",
	.fn = {
		[OP_GETMEM] = proc_share_getmem, [OP_PUTMEM] = input_putmem, [OP_LINK] = io_link,
	},
	.takes_body = 1 << OP_PUTMEM,
	.destroy = io_destroy,
};

static const struct box_type output_type = {
	.name = "io1",
	.fn = {
		[OP_GETMEM] = output_getmem, [OP_PUTMEM] = proc_share_putmem, [OP_LINK] = io_link,
	},
	.takes_body = 1 << OP_PUTMEM,
	.destroy = io_destroy,
};

bool proc_io_create(struct proc *proc) {
	static const char *const names[] = {"io0", "io1", "io2"};
	for (int i = 0; i < 3; i++) {
		struct proc_io *io = &proc->io[i];
		*io = (struct proc_io){.proc = proc, .io = (enum process_io)i};
		wl_list_init(&io->guests);
		io->box = box_create(proc->box, names[i], i ? &output_type : &input_type, "*", io);
		if (!io->box) {
			return false;
		}
	}
	return true;
}
