/* SPDX-License-Identifier: MIT */
/*
 * proc_share.c - io0, io1 and io2 as devices of others: what is put into an output goes where the
 * program's own goes, and who reads an input is given what comes for the program, in its place. So a
 * shell's children are linked to its io boxes, and follow wherever those are linked to.
 * (Plan B: Boxes for network resources, 9.)
 *
 * Where a program's own streams go and come from is proc_io.c's.
 */
#include "boxes/proc.h"

#include <stdlib.h>

struct guest {
	struct wl_list link; // proc_io.guests
	struct proc_io *io;
	struct req *req;
	bool live; // of a reader
};

static void guest_destroy(struct guest *guest) {
	wl_list_remove(&guest->link);
	free(guest);
}

static void guest_gone(struct req *req) {
	guest_destroy(req->data);
}

static struct guest *guest_create(struct proc_io *io, struct req *req,
		const struct req_events *events) {
	struct guest *guest = calloc(1, sizeof(*guest));
	if (!guest) {
		req_fail(req, OP_EIO, "out of memory");
		return NULL;
	}
	guest->io = io;
	guest->req = req;
	req->data = guest;
	req->events = events;
	wl_list_insert(&io->guests, &guest->link); // the newest first
	return guest;
}

void proc_share_refuse(struct proc_io *io, enum op_code code, const char *sentence) {
	struct guest *guest, *next;
	wl_list_for_each_safe(guest, next, &io->guests, link) {
		struct req *req = guest->req;
		guest_destroy(guest);
		if (req->answered) {
			req_end_fail(req, code, "%s", sentence);
		} else {
			req_fail(req, code, "%s", sentence);
		}
	}
}

/* Outputs: several may write. */

static void writer_data(struct req *req, const void *bytes, size_t size) {
	struct guest *guest = req->data;
	proc_io_output(guest->io->proc, guest->io->io, bytes, size);
}

static void writer_frame(struct req *req, const struct frame *frame) {
	if (frame->kind == FRAME_DATA && frame->size > 0) {
		writer_data(req, frame->payload, frame->size);
	}
}

static void writer_end(struct req *req) {
	guest_destroy(req->data);
	if (req->answered) {
		req_end(req, NULL);
	} else {
		req_ok(req);
	}
}

void proc_share_pause(struct proc_io *io, bool paused) {
	struct guest *guest;
	wl_list_for_each(guest, &io->guests, link) {
		req_pause(guest->req, paused);
	}
}

void proc_share_putmem(struct box *box, struct req *req) {
	static const struct req_events events = {
		.data = writer_data, .frame = writer_frame, .end = writer_end, .gone = guest_gone,
	};
	struct proc_io *io = box->data;
	if (io->closed || !io->proc->process || io->proc->ended) {
		req_fail(req, OP_EBUSY, "%s: the program %s", box->name,
			io->closed ? "has closed it" : "does not run");
		return;
	}
	struct guest *guest = guest_create(io, req, &events);
	if (guest && op_body_of(req->head, NULL) == OP_BODY_FRAMES) {
		req_ok_open(req, OP_BODY_CHUNKS, 0); // who links it writes as soon as it is answered
	}
	proc_io_update(io); // until there is a place for it, it waits
}

/* The input: the newest reader has it. */

static struct guest *reader_of(const struct proc_io *io) {
	struct guest *guest = NULL;
	return wl_list_empty(&io->guests) ? NULL : wl_container_of(io->guests.next, guest, link);
}

static void reader_drained(struct req *req) {
	proc_io_drained(((struct guest *)req->data)->io->proc);
}

// What was held for it may go to the program now.
static void reader_gone(struct req *req) {
	struct proc *proc = ((struct guest *)req->data)->io->proc;
	guest_destroy(req->data);
	proc_io_drained(proc);
}

bool proc_share_full(const struct proc_io *io) {
	const struct guest *guest = reader_of(io);
	return guest && req_queued(guest->req) >= REQ_HIGH_MARK;
}

bool proc_share_input(struct proc_io *io, const void *bytes, size_t size) {
	struct guest *guest = reader_of(io);
	if (guest && guest->live) {
		req_write(guest->req, bytes, size);
	} else if (guest) {
		struct req *req = guest->req;
		guest_destroy(guest);
		req_ok_bytes(req, bytes, size);
	}
	return guest;
}

void proc_share_input_end(struct proc_io *io) {
	struct guest *guest, *next;
	wl_list_for_each_safe(guest, next, &io->guests, link) {
		struct req *req = guest->req;
		bool live = guest->live;
		guest_destroy(guest);
		if (live) {
			req_end(req, NULL);
		} else {
			req_ok_bytes(req, "", 0);
		}
	}
}

void proc_share_getmem(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = reader_gone, .drained = reader_drained};
	struct proc_io *io = box->data;
	op_set(req_reply(req), OP_F_TYPE, box->cnstr);
	if (io->over) {
		req_ok_bytes(req, "", 0);
		return;
	}
	struct guest *guest = guest_create(io, req, &events);
	if (guest && op_has(req->head, OP_F_LIVE)) {
		guest->live = true;
		req_ok_open(req, OP_BODY_CHUNKS, 0);
	}
}
