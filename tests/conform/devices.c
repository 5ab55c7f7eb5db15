/* SPDX-License-Identifier: MIT */
/*
 * devices.c - links in memory: struct linker without a socket.
 *
 * Replacing, ending and holding follow net/link.c, whose own tests are tests/unit/net's.
 */
#include "devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct device *device_from(struct link *link) {
	return (struct device *)link;
}

static void device_free(struct device *device) {
	buf_finish(&device->written);
	free(device->link.device);
	free(device);
}

// A link's user may end any link, this one too.
static bool let_go(struct device *device) {
	bool ended = device->ended;
	if (--device->held == 0 && ended) {
		device_free(device);
	}
	return !ended;
}

static void go_down(struct device *device) {
	bool up = device->link.state == LINK_UP;
	device->link.state = LINK_WAITING;
	if (up && device->link.user->down) {
		device->link.user->down(&device->link);
	}
}

static void link_box_describe(struct box *box, struct op_head *entry) {
	const struct device *device = box->data;
	char by[SUBJECT_SIZE];
	op_set(entry, OP_F_DEVICE, device->link.device);
	op_set(entry, OP_F_BY, subject_print(&device->link.subject, by));
	op_set(entry, OP_F_STATE, device->link.state == LINK_UP ? "up" : "waiting");
}

static void link_box_delete(struct box *box, struct req *req) {
	box_destroy(box);
	req_ok(req);
}

static void link_box_destroy(struct box *box) {
	struct device *device = box->data;
	device->ended = true;
	device->held++;
	wl_list_remove(&device->node);
	wl_list_init(&device->node);
	go_down(device);
	if (device->link.user->gone) {
		device->link.user->gone(&device->link);
	}
	let_go(device);
}

static const struct box_type link_type = {
	.name = "link",
	.fn = {[OP_DELETE] = link_box_delete},
	.describe = link_box_describe,
	.destroy = link_box_destroy,
};

static struct link *make(struct linker *linker, struct box *io, struct req *req,
		const struct link_user *user, void *data) {
	struct devices *devices = wl_container_of(linker, devices, linker);
	struct device *device = calloc(1, sizeof(*device));
	char number[16];
	snprintf(number, sizeof(number), "%u", box_free_number(io));
	device->devices = devices;
	device->link = (struct link){
		.io = io,
		.linker = linker,
		.user = user,
		.data = data,
		.device = strdup(op_get(req->head, OP_F_DEVICE)),
		.subject = *req->subject,
		.state = LINK_WAITING,
	};
	buf_init(&device->written);
	wl_list_insert(devices->links.prev, &device->node);
	device->link.box = box_create(io, number, &link_type, "link", device);
	char *name = box_name(device->link.box);
	op_set(req_reply(req), OP_F_NAME, name);
	free(name);
	req_ok(req);
	return &device->link;
}

static bool write_bytes(struct link *link, const void *bytes, size_t size) {
	struct device *device = device_from(link);
	if (link->state != LINK_UP) {
		return false;
	}
	buf_append(&device->written, bytes, size);
	return !device->full;
}

static bool write_frame(struct link *link, const struct frame *frame) {
	return write_bytes(link, frame->payload, frame->size);
}

static void pause_link(struct link *link, bool paused) {
	device_from(link)->paused = paused;
}

static int take_fd(struct link *link) {
	return -1;
}

static void down(struct link *link, enum op_code code, const char *sentence) {
	device_down(device_from(link));
}

static void end(struct link *link);

static void finish(struct link *link) {
	if (link->state == LINK_UP && link->user->verb == OP_PUTMEM) {
		device_from(link)->finishing = true;
	} else {
		end(link);
	}
}

static void end(struct link *link) {
	if (!device_from(link)->ended) {
		box_destroy(link->box);
	}
}

void devices_init(struct devices *devices) {
	devices->linker = (struct linker){
		.make = make,
		.write = write_bytes,
		.frame = write_frame,
		.pause = pause_link,
		.take_fd = take_fd,
		.down = down,
		.finish = finish,
		.end = end,
	};
	wl_list_init(&devices->links);
}

void devices_finish(struct devices *devices) {
	while (!wl_list_empty(&devices->links)) {
		struct device *device = wl_container_of(devices->links.next, device, node);
		end(&device->link);
	}
}

struct device *devices_find(struct devices *devices, const char *name) {
	struct device *device;
	wl_list_for_each_reverse(device, &devices->links, node) {
		if (strcmp(device->link.device, name) == 0) {
			return device;
		}
	}
	return NULL;
}

static void end_older(struct device *device) {
	while (!device->ended && device->node.prev != &device->devices->links) {
		struct device *other = NULL, *at;
		wl_list_for_each(at, &device->devices->links, node) {
			if (at == device) {
				break;
			}
			if (at->link.io == device->link.io) {
				other = at;
				break;
			}
		}
		if (!other) {
			return;
		}
		end(&other->link);
	}
}

void device_up(struct device *device) {
	struct op_head reply;
	op_head_init_reply(&reply);
	device->held++;
	device->link.state = LINK_UP;
	box_changed(device->link.box);
	if (device->link.user->single) {
		end_older(device);
	}
	if (!device->ended && device->link.user->up) {
		device->link.user->up(&device->link, &reply);
	}
	let_go(device);
	op_head_finish(&reply);
}

void device_down(struct device *device) {
	device->held++;
	go_down(device);
	let_go(device);
}

void device_sends(struct device *device, const char *text) {
	if (device->link.user->data) {
		device->link.user->data(&device->link, text, strlen(text));
	}
}

void device_drain(struct device *device) {
	device->full = false;
	if (device->link.user->drained) {
		device->link.user->drained(&device->link);
	}
}

void device_over(struct device *device) {
	device->link.over = true;
	end(&device->link);
}
