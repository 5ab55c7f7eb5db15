/* SPDX-License-Identifier: MIT */
/*
 * window.c - /win/W: a window as a box. Its inner boxes: title app geom state (what it is), out kbd
 * ptr (what may be linked to it), frame (a PNG), stats (how its view goes). Delete asks it to close.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boxes/env.h"
#include "boxes/feed_input.h"
#include "boxes/picture.h"
#include "boxes/png.h"
#include "boxes/view_out.h"
#include "server.h"
#include "stream/snapshot.h"
#include "toplevel.h"

struct windows {
	struct box_env *env;
	struct box *box; // /win
	struct wl_listener added;
};

struct window {
	struct box_env *env;
	struct toplevel *toplevel;
	struct box *box;
	struct box *out;
	struct wl_listener title, app_id, geom, activated, state, gone;
};

static const char *state_of(const struct toplevel *toplevel) {
	return toplevel->minimised ? "minimised" : toplevel->fullscreen ? "fullscreen" :
		toplevel->maximised ? "maximised" : toplevel->activated ? "active" : "open";
}

/* Facts: small texts. */

static void answer_text(struct req *req, const char *text) {
	op_set(req_reply(req), OP_F_TYPE, "text");
	req_ok_bytes(req, text, strlen(text));
}

static void title_getmem(struct box *box, struct req *req) {
	const struct window *window = box->data;
	answer_text(req, toplevel_title(window->toplevel));
}

static void app_getmem(struct box *box, struct req *req) {
	const struct window *window = box->data;
	answer_text(req, toplevel_app_id(window->toplevel));
}

static void geom_getmem(struct box *box, struct req *req) {
	const struct window *window = box->data;
	const struct wlr_box *geom = &window->toplevel->geom;
	char text[64];
	snprintf(text, sizeof(text), "%dx%d+%d+%d", geom->width, geom->height, geom->x, geom->y);
	answer_text(req, text);
}

static void state_getmem(struct box *box, struct req *req) {
	const struct window *window = box->data;
	answer_text(req, state_of(window->toplevel));
}

static void stats_getmem(struct box *box, struct req *req) {
	const struct window *window = box->data;
	answer_text(req, view_out_stats(window->out));
}

static void answer_captured(struct box_env *env, struct req *req,
		const struct snapshot *captured) {
	struct snapshot copy = *captured;
	size_t size = copy.stride * (size_t)copy.height;
	copy.pixels = malloc(size);
	if (!copy.pixels) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	memcpy(copy.pixels, captured->pixels, size);
	png_answer(env, req, &copy);
}

static void frame_getmem(struct box *box, struct req *req) {
	const struct window *window = box->data;
	const char *at = op_get(req->head, OP_F_AT);
	if (!at) {
		picture_of_toplevel(window->env, req, window->toplevel);
		return;
	}
	char *end;
	long long capture_ns = strtoll(at, &end, 10);
	const struct snapshot *captured = view_out_captured(window->out, capture_ns);
	if (end == at || *end) {
		req_fail(req, OP_EARG, "at %.40s is not a time in ns", at);
	} else if (!captured) {
		req_fail(req, OP_ENOENT, "no capture of that time is kept (frame-ring N in boxland.conf keeps "
			"the last N of a view)");
	} else {
		answer_captured(window->env, req, captured);
	}
}

#define FACT(word) \
	static const struct box_type word##_type = { \
		.name = #word, \
		.fn = {[OP_GETMEM] = word##_getmem}, \
	}
FACT(title);
FACT(app);
FACT(geom);
FACT(state);
FACT(stats);
FACT(frame);
#undef FACT

/* The window. */

static void window_delete(struct box *box, struct req *req) {
	const struct window *window = box->data;
	toplevel_close(window->toplevel); // the box goes when the window does
	req_ok(req);
}

static void window_describe(struct box *box, struct op_head *entry) {
	const struct window *window = box->data;
	const struct wlr_box *geom = &window->toplevel->geom;
	op_set(entry, OP_F_TITLE, toplevel_title(window->toplevel));
	op_setf(entry, OP_F_STATE, "%s %dx%d", state_of(window->toplevel), geom->width, geom->height);
}

static void window_destroy(struct box *box) {
	struct window *window = box->data;
	wl_list_remove(&window->title.link);
	wl_list_remove(&window->app_id.link);
	wl_list_remove(&window->geom.link);
	wl_list_remove(&window->activated.link);
	wl_list_remove(&window->state.link);
	wl_list_remove(&window->gone.link);
	free(window);
}

static const struct box_type window_type = {
	.name = "window",
	.fn = {[OP_DELETE] = window_delete},
	.describe = window_describe,
	.destroy = window_destroy,
};

static void changed(struct window *window, const char *fact) {
	box_changed(box_inner(window->box, fact));
	box_changed(window->box);
}

static void handle_title(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, title);
	changed(window, "title");
}

static void handle_app_id(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, app_id);
	changed(window, "app");
}

static void handle_geom(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, geom);
	changed(window, "geom");
}

static void handle_activated(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, activated);
	changed(window, "state");
}

static void handle_state(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, state);
	changed(window, "state");
}

static void handle_gone(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, gone);
	box_destroy(window->box);
}

static bool create_inner(struct window *window) {
	static const struct box_type *const facts[] = {
		&title_type, &app_type, &geom_type, &state_type, &stats_type,
	};
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		if (!box_create(window->box, facts[i]->name, facts[i], "text", window)) {
			return false;
		}
	}
	if (!box_create(window->box, "frame", &frame_type, "image!*!*!format=png", window) ||
			!feed_input_create(window->box, "kbd", window->env, window->toplevel) ||
			!feed_input_create(window->box, "ptr", window->env, window->toplevel)) {
		return false;
	}
	window->out = view_out_create(window->box, window->env, window->toplevel);
	return window->out;
}

static void listen(struct window *window) {
	struct toplevel *toplevel = window->toplevel;
	window->title.notify = handle_title;
	wl_signal_add(&toplevel->events.title, &window->title);
	window->app_id.notify = handle_app_id;
	wl_signal_add(&toplevel->events.app_id, &window->app_id);
	window->geom.notify = handle_geom;
	wl_signal_add(&toplevel->events.geom, &window->geom);
	window->activated.notify = handle_activated;
	wl_signal_add(&toplevel->events.activated, &window->activated);
	window->state.notify = handle_state;
	wl_signal_add(&toplevel->events.state, &window->state);
	window->gone.notify = handle_gone;
	wl_signal_add(&toplevel->events.gone, &window->gone);
}

static void handle_added(struct wl_listener *listener, void *data) {
	struct windows *windows = wl_container_of(listener, windows, added);
	struct toplevel *toplevel = data;
	struct window *window = calloc(1, sizeof(*window));
	char name[24];
	snprintf(name, sizeof(name), "%llu", (unsigned long long)toplevel->id);
	if (!window) {
		return;
	}
	window->env = windows->env;
	window->toplevel = toplevel;
	window->box = box_create(windows->box, name, &window_type, "win", window);
	if (!window->box) {
		free(window);
		return;
	}
	listen(window);
	if (!create_inner(window)) {
		box_destroy(window->box);
	}
}

static void windows_destroy(struct box *box) {
	struct windows *windows = box->data;
	wl_list_remove(&windows->added.link);
	free(windows);
}

static const struct box_type windows_type = {
	.name = "windows",
	.destroy = windows_destroy,
};

static bool window_init(struct box_env *env) {
	struct windows *windows = calloc(1, sizeof(*windows));
	if (!windows) {
		return false;
	}
	windows->env = env;
	windows->box = box_create(box_tree_root(env->tree), "win", &windows_type, "dir", windows);
	if (!windows->box) {
		free(windows);
		return false;
	}
	windows->added.notify = handle_added;
	wl_signal_add(&env->server->toplevels->events.added, &windows->added);
	return true;
}

const struct boxland_type boxland_type_window = {.init = window_init};
