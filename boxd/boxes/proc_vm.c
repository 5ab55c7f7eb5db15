/* SPDX-License-Identifier: MIT */
/*
 * proc_vm.c - /proc/P/vm: memory that a program shares with whoever may use its boxes. A segment is
 * made before the program begins, which finds it as an open file: BOX_VM has NAME=DESCRIPTOR of each,
 * by blanks. What is put into the box from then on is in the program's memory, and the other way.
 */
#include "boxes/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE (256 * 1024)
#define SEGMENTS_SIZE (64 * 1024 * 1024) // of a process, all together
#define FIRST_FD 64 // in the program

struct segment {
	struct proc *proc;
	struct box *box;
	int fd; // memfd
	struct wl_list puts; // segment_put.link
};

struct segment_put {
	struct wl_list link; // segment.puts
	struct segment *segment;
	struct req *req;
	uint64_t at;
	bool whole; // what is behind the last byte goes
};

struct segment_get {
	int fd; // its own: the process may go meanwhile
	uint64_t at, left;
};

static uint64_t size_of(const struct segment *segment) {
	struct stat st;
	return fstat(segment->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void segment_describe(struct box *box, struct op_head *entry) {
	op_set_number(entry, OP_F_SIZE, size_of(box->data));
}

/* Out. */

static void get_destroy(struct segment_get *get) {
	close(get->fd);
	free(get);
}

static void get_more(struct req *req) {
	struct segment_get *get = req->data;
	uint8_t *piece = malloc(PIECE);
	bool more = piece;
	while (more && get->left > 0) {
		size_t size = get->left < PIECE ? (size_t)get->left : PIECE;
		ssize_t got = pread(get->fd, piece, size, (off_t)get->at);
		if (got < (ssize_t)size) { // it never becomes shorter
			break;
		}
		get->at += size;
		get->left -= size;
		more = req_write(req, piece, size);
	}
	free(piece);
	if (get->left > 0 && more) {
		get_destroy(get);
		req_end_fail(req, OP_EIO, "the segment cannot be read");
	} else if (!piece) {
		get_destroy(get);
		req_end_fail(req, OP_EIO, "out of memory");
	} else if (get->left == 0) {
		get_destroy(get);
		req_end(req, NULL);
	}
}

static void get_gone(struct req *req) {
	get_destroy(req->data);
}

static void segment_getmem(struct box *box, struct req *req) {
	static const struct req_events events = {.drained = get_more, .gone = get_gone};
	struct segment *segment = box->data;
	struct segment_get *get = malloc(sizeof(*get));
	uint64_t size = size_of(segment), at = op_get_number(req->head, OP_F_OFFSET, 0);
	uint64_t length = op_get_number(req->head, OP_F_LENGTH, UINT64_MAX);
	int fd = fcntl(segment->fd, F_DUPFD_CLOEXEC, 0);
	if (!get || fd < 0) {
		free(get);
		if (fd >= 0) {
			close(fd);
		}
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	at = at < size ? at : size;
	*get = (struct segment_get){fd, at, length < size - at ? length : size - at};
	op_set(req_reply(req), OP_F_TYPE, box->cnstr);
	req->data = get;
	req->events = &events;
	req_ok_open(req, OP_BODY_CHUNKS, 0);
	get_more(req);
}

/* In. */

static void put_destroy(struct segment_put *put) {
	wl_list_remove(&put->link);
	free(put);
}

// What the other segments of the process leave for this one.
static uint64_t room_of(const struct segment *segment) {
	uint64_t room = SEGMENTS_SIZE;
	struct box *other;
	wl_list_for_each(other, &segment->box->parent->inner, link) {
		uint64_t size = other == segment->box ? 0 : size_of(other->data);
		room -= size < room ? size : room; // the program itself may have made it larger
	}
	return room;
}

// Whoever puts it, the memory is charged to who made the process.
static bool may_grow(const struct segment *segment, uint64_t to, struct op_refusal *why) {
	uint64_t size = size_of(segment);
	const struct proc *proc = segment->proc;
	return to <= size || proc_check_held(proc->box->parent, &proc->by, to - size, why) == OP_OK;
}

static void put_data(struct req *req, const void *bytes, size_t size) {
	struct segment_put *put = req->data;
	uint64_t room = room_of(put->segment);
	struct op_refusal why;
	if (put->at > room || size > room - put->at) {
		put_destroy(put);
		req_fail(req, OP_E2BIG, "the segments of a process have at most %d bytes", SEGMENTS_SIZE);
	} else if (!may_grow(put->segment, put->at + size, &why)) {
		put_destroy(put);
		req_refuse(req, &why);
	} else if (pwrite(put->segment->fd, bytes, size, (off_t)put->at) != (ssize_t)size) {
		put_destroy(put);
		req_fail(req, OP_EIO, "no room for the segment in this node's memory");
	} else {
		put->at += size;
	}
}

// A program that has it in its memory must not find it gone: then the rest is zeros.
static bool cut_behind(const struct segment *segment, uint64_t at) {
	uint64_t size = size_of(segment);
	if (!segment->proc->begun) {
		return ftruncate(segment->fd, (off_t)at) == 0;
	}
	return at >= size || fallocate(segment->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at,
		(off_t)(size - at)) == 0;
}

static void put_end(struct req *req) {
	struct segment_put *put = req->data;
	struct box *box = req->box;
	bool good = !put->whole || cut_behind(put->segment, put->at);
	put_destroy(put);
	if (good) {
		box_changed(box);
		req_ok(req);
	} else {
		req_fail(req, OP_EIO, "the segment cannot be written: %s", strerror(errno));
	}
}

static void put_gone(struct req *req) {
	put_destroy(req->data);
}

static void segment_putmem(struct box *box, struct req *req) {
	static const struct req_events events = {.data = put_data, .end = put_end, .gone = put_gone};
	struct segment_put *put = malloc(sizeof(*put));
	if (op_body_of(req->head, NULL) == OP_BODY_FRAMES) {
		free(put);
		req_fail(req, OP_EUNSUPP, "%s takes bytes, not frames: body N, or body chunks", box->name);
	} else if (!put) {
		req_fail(req, OP_EIO, "out of memory");
	} else {
		*put = (struct segment_put){
			.segment = box->data,
			.req = req,
			.at = op_get_number(req->head, OP_F_OFFSET, 0),
			.whole = !op_has(req->head, OP_F_OFFSET),
		};
		wl_list_insert(&put->segment->puts, &put->link);
		req->data = put;
		req->events = &events;
	}
}

static void segment_delete(struct box *box, struct req *req) {
	const struct segment *segment = box->data;
	if (segment->proc->begun) {
		req_fail(req, OP_EBUSY, "%s is in the memory of a program: it goes with that", box->name);
	} else {
		box_destroy(box);
		req_ok(req);
	}
}

static void segment_destroy(struct box *box) {
	struct segment *segment = box->data;
	struct segment_put *put, *next;
	wl_list_for_each_safe(put, next, &segment->puts, link) {
		struct req *req = put->req;
		put_destroy(put);
		req_fail(req, OP_ENOENT, "the process was deleted");
	}
	close(segment->fd);
	free(segment);
}

static const struct box_type segment_type = {
	.name = "segment",
	.fn = {
		[OP_GETMEM] = segment_getmem,
		[OP_PUTMEM] = segment_putmem,
		[OP_DELETE] = segment_delete,
	},
	.takes_body = 1 << OP_PUTMEM,
	.describe = segment_describe,
	.destroy = segment_destroy,
};

static void vm_make(struct box *parent, struct req *req) {
	struct proc *proc = parent->data;
	if (proc->begun) {
		req_fail(req, OP_EBUSY, "the program has begun: segments are made before");
		return;
	}
	if (wl_list_length(&parent->inner) >= PROC_SEGMENTS) {
		req_fail(req, OP_EQUOTA, "a process has at most %d segments", PROC_SEGMENTS);
		return;
	}
	if (req->rest[strcspn(req->rest, " =")]) {
		req_fail(req, OP_EARG, "a segment's name has no blank and no \"=\": BOX_VM lists them");
		return;
	}
	struct segment *segment = calloc(1, sizeof(*segment));
	int fd = memfd_create(req->rest, MFD_CLOEXEC);
	if (segment && fd >= 0) {
		*segment = (struct segment){.proc = proc, .fd = fd};
		wl_list_init(&segment->puts);
		segment->box = box_create(parent, req->rest, &segment_type, "mem", segment);
	}
	if (!segment || !segment->box) {
		if (fd >= 0) {
			close(fd);
		}
		free(segment);
		req_fail(req, OP_EIO, "no room for the segment in this node's memory");
		return;
	}
	op_set(req_reply(req), OP_F_NAME, op_get(req->head, OP_F_NAME));
	req_ok(req);
}

static const struct box_type vm_type = {.name = "vm", .fn = {[OP_MAKE] = vm_make}};

bool proc_vm_create(struct proc *proc) {
	return box_create(proc->box, "vm", &vm_type, "dir", proc);
}

uint64_t proc_vm_size(const struct proc *proc) {
	const struct box *vm = proc->box ? box_inner(proc->box, "vm") : NULL, *box;
	uint64_t size = 0;
	if (vm) { // not while it is being made, or goes
		wl_list_for_each(box, &vm->inner, link) {
			size += size_of(box->data);
		}
	}
	return size;
}

int proc_vm_fds(const struct proc *proc, struct spawn_fd fds[static PROC_SEGMENTS],
		struct buf *variable) {
	const struct box *vm = box_inner(proc->box, "vm"), *box;
	int count = 0;
	bool good = true;
	wl_list_for_each(box, &vm->inner, link) {
		const struct segment *segment = box->data;
		fds[count] = (struct spawn_fd){segment->fd, FIRST_FD + count};
		good = good && buf_printf(variable, "%s%s=%d", count ? " " : "BOX_VM=", box->name,
			fds[count].to);
		count++;
	}
	return good && (count == 0 || buf_append(variable, "", 1)) ? count : -1;
}
