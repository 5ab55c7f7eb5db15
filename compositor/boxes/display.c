/* SPDX-License-Identifier: MIT */
/*
 * display.c - /display/D: an output as a box. What is put there is shown: video as a window of its
 * own, an inner box. Getmem is a screenshot.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boxes/env.h"
#include "boxes/picture.h"
#include "boxes/shown.h"
#include "output.h"
#include "server.h"

struct displays {
	struct box_env *env;
	struct box *box; // /display
	struct shown_list *shown;
	struct wl_listener added;
};

struct display {
	struct displays *displays;
	struct output *output;
	struct box *box;
	struct wl_listener changed, removed;
};

static void display_getmem(struct box *box, struct req *req) {
	const struct display *display = box->data;
	picture_of_output(display->displays->env, req, display->output);
}

static void display_putmem(struct box *box, struct req *req) {
	const struct display *display = box->data;
	const char *type = op_get(req->head, OP_F_TYPE);
	if (op_body_of(req->head, NULL) != OP_BODY_FRAMES || !type ||
			!cnstr_text_meets(type, "video")) {
		req_fail(req, OP_ETYPE, "a display takes video, as frames (type video!*!*!codec=h264)");
	} else if (!cnstr_text_meets(type, "video!*!*!codec=h264")) {
		req_fail(req, OP_EMATCH, "this display shows codec=h264, not %.100s", type);
	} else {
		shown_serve(display->displays->shown, box, req);
	}
}

static void display_describe(struct box *box, struct op_head *entry) {
	const struct display *display = box->data;
	const struct wlr_output *wlr = display->output->wlr;
	op_set(entry, OP_F_TITLE, wlr->description ? wlr->description : wlr->name);
	op_setf(entry, OP_F_STATE, "%dx%d", display->output->geom.width, display->output->geom.height);
}

static void display_destroy(struct box *box) {
	struct display *display = box->data;
	wl_list_remove(&display->changed.link);
	wl_list_remove(&display->removed.link);
	free(display);
}

static const struct box_type display_type = {
	.name = "display",
	.fn = {[OP_GETMEM] = display_getmem, [OP_PUTMEM] = display_putmem},
	.takes_body = 1 << OP_PUTMEM,
	.describe = display_describe,
	.destroy = display_destroy,
};

static void handle_changed(struct wl_listener *listener, void *data) {
	struct display *display = wl_container_of(listener, display, changed);
	if (data == display->output) {
		box_changed(display->box);
	}
}

// The windows shown on it are its inner boxes: they go with it, and their sources link again.
static void handle_removed(struct wl_listener *listener, void *data) {
	struct display *display = wl_container_of(listener, display, removed);
	if (data == display->output) {
		box_destroy(display->box);
	}
}

static void add(struct displays *displays, struct output *output) {
	struct display *display = calloc(1, sizeof(*display));
	char name[16];
	if (!display) {
		return;
	}
	display->displays = displays;
	display->output = output;
	snprintf(name, sizeof(name), "%u", box_free_number(displays->box));
	display->box = box_create(displays->box, name, &display_type, "display", display);
	if (!display->box) {
		free(display);
		return;
	}
	display->changed.notify = handle_changed;
	wl_signal_add(&displays->env->server->outputs->events.changed, &display->changed);
	display->removed.notify = handle_removed;
	wl_signal_add(&displays->env->server->outputs->events.removed, &display->removed);
}

static void handle_added(struct wl_listener *listener, void *data) {
	struct displays *displays = wl_container_of(listener, displays, added);
	add(displays, data);
}

static void displays_destroy(struct box *box) {
	struct displays *displays = box->data;
	wl_list_remove(&displays->added.link);
	shown_list_destroy(displays->shown);
	free(displays);
}

static const struct box_type displays_type = {
	.name = "displays",
	.destroy = displays_destroy,
};

static bool display_init(struct box_env *env) {
	struct displays *displays = calloc(1, sizeof(*displays));
	if (!displays || !(displays->shown = shown_list_create(env))) {
		free(displays);
		return false;
	}
	displays->env = env;
	displays->box =
		box_create(box_tree_root(env->tree), "display", &displays_type, "dir", displays);
	if (!displays->box) {
		shown_list_destroy(displays->shown);
		free(displays);
		return false;
	}
	displays->added.notify = handle_added;
	wl_signal_add(&env->server->outputs->events.added, &displays->added);
	return true;
}

const struct boxland_type boxland_type_display = {.init = display_init};
