/* SPDX-License-Identifier: MIT */
/*
 * view_out.c - displays linked to a window: one exchange, one boxcast, one guest each. The dialogs of
 * a window come with it.
 *
 * Encoding and the exchange are boxcast's; capturing is stream/cast.c.
 */
#include "boxes/view_out.h"

#include <linux/input-event-codes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wlr/render/pixman.h>

#include "box/frame.h"
#include "boxes/guest.h"
#include "boxes/told.h"
#include "server.h"
#include "stream/cast.h"
#include "stream/snapshot.h"
#include "toplevel.h"

#define LOG_MODULE "view"
#include "base/log.h"

#define AREA_MAX (4096 * 4096) // of a size that a viewer wants, in units: 64 MiB a buffer
#define DIALOGS_MAX 8 // of a window that come with it to one display; each has a boxcast

struct out { // the box's data
	struct box_env *env;
	struct toplevel *toplevel;
	struct box *box;
	struct wl_list views; // view.node, oldest first
	struct wl_listener parent; // of the toplevel: another one, or none
};

struct view {
	struct wl_list node; // out.views
	struct out *out;
	struct link *link;
	struct cast *cast;   // NULL: not up
	struct guest *guest; // likewise
	char *stats;         // said last; may be NULL
	char *key;           // the display's, by which it is met again; NULL: never met
	struct view *leader; // of the window that this one belongs to, with which it came; NULL: none
	struct wl_list followers; // view.follower
	struct wl_list follower;
};

/* The viewer's input, while his person may. */

// A dialog is a part of the window it came with.
static bool may(const struct view *view, const char *device) {
	const struct view *first = view;
	while (first->leader) {
		first = first->leader;
	}
	struct box *box = box_inner(first->out->box->parent, device);
	return box && box_allows(box, &view->link->subject, op_verb_letter(OP_LINK)) == PERM_YES;
}

static bool is_key(const struct input_record *record) {
	return record->type == EV_KEY && (record->code < BTN_MISC || record->code >= KEY_OK);
}

static void handle_input(void *data, const void *records, size_t size) {
	struct view *view = data;
	int count = input_record_count(size);
	bool keys = may(view, "kbd"), pointer = may(view, "ptr");
	for (int i = 0; i < count; i++) {
		struct input_record record;
		input_record_decode(&record, records, i);
		if (is_key(&record) ? keys : pointer) {
			guest_record(view->guest, &record);
		}
	}
	guest_frame(view->guest);
}

static void handle_keymap(void *data, const char *text) {
	struct view *view = data;
	guest_set_keymap(view->guest, text);
}

static void handle_modifiers(void *data, uint32_t depressed, uint32_t latched, uint32_t locked,
		uint32_t group) {
	struct view *view = data;
	if (may(view, "kbd")) {
		guest_set_modifiers(view->guest, depressed, latched, locked, group);
	}
}

static void handle_repeat(void *data, int32_t rate, int32_t delay) {
	struct view *view = data;
	guest_set_repeat(view->guest, rate, delay);
}

static void handle_size(void *data, int32_t width, int32_t height) {
	struct view *view = data;
	if (may(view, "ptr") && width > 0 && height > 0 && width <= AREA_MAX / height) {
		toplevel_resize(view->out->toplevel, width, height, WLR_EDGE_NONE);
	}
}

static void handle_focus(void *data, bool focused) {
	struct view *view = data;
	if (may(view, "kbd")) {
		guest_set_focus(view->guest, focused);
	}
}

static void handle_close(void *data) {
	struct view *view = data;
	if (may(view, "kbd") || may(view, "ptr")) {
		toplevel_close(view->out->toplevel);
	} else {
		link_end(view->link); // who may only look can still stop looking
	}
}

static void handle_lock(void *data, bool locked) {
	struct view *view = data;
	if (view->cast) {
		cast_set_lock(view->cast, locked);
	}
}

static void handle_stats(void *data, const char *text) {
	struct view *view = data;
	free(view->stats);
	view->stats = strdup(text);
}

static void drop_guest(struct view *view) {
	guest_destroy(view->guest);
	view->guest = NULL;
}

static void handle_ended(void *data, bool in_order, const char *why) {
	struct view *view = data;
	view->cast = NULL;
	drop_guest(view);
	if (in_order) {
		link_end(view->link);
	} else {
		link_down(view->link, OP_ELOST, why);
	}
}

static const struct cast_events cast_events = {
	.input = handle_input,
	.keymap = handle_keymap,
	.modifiers = handle_modifiers,
	.repeat = handle_repeat,
	.size = handle_size,
	.focus = handle_focus,
	.close = handle_close,
	.stats = handle_stats,
	.ended = handle_ended,
};

/* The link. */

static void link_request(struct link *link, struct op_head *head) {
	const struct view *view = link->data;
	char *name = box_name(view->out->box->parent);
	op_set(head, OP_F_TYPE, "video!*!*!codec=h264");
	op_setf(head, OP_F_FROM, "%s%s", view->out->env->machine, name ? name : "");
	op_set(head, OP_F_TITLE, toplevel_title(view->out->toplevel));
	if (view->key) {
		op_set(head, OP_F_VIEW, view->key);
	}
	if (view->leader && view->leader->key) {
		op_set(head, OP_F_PARENT, view->leader->key);
	}
	free(name);
}

static void bring_dialogs(struct view *view);

static void link_up(struct link *link, const struct op_head *reply) {
	static const struct guest_events guest_events = {.lock = handle_lock};
	struct view *view = link->data;
	struct out *out = view->out;
	const char *key = op_get(reply, OP_F_VIEW);
	free(view->key);
	view->key = key ? strdup(key) : NULL;
	int fd = link_take_fd(link);
	if (fd < 0) {
		link_down(link, OP_EIO, "the exchange cannot be handed to boxcast");
		return;
	}
	view->guest = guest_create(out->env->guests, out->toplevel, &guest_events, view);
	view->cast = view->guest ?
		cast_create(out->env->casts, out->toplevel, fd, &cast_events, view) : NULL;
	if (!view->cast) {
		drop_guest(view);
		link_down(link, OP_EIO, "no boxcast to be had (box doctor tells what is missing)");
		return;
	}
	bring_dialogs(view);
}

static void link_is_down(struct link *link) {
	struct view *view = link->data;
	cast_destroy(view->cast);
	view->cast = NULL;
	drop_guest(view);
}

static void view_free(struct view *view) {
	wl_list_remove(&view->node);
	wl_list_remove(&view->follower);
	free(view->stats);
	free(view->key);
	free(view);
}

static void link_gone(struct link *link) {
	struct view *view = link->data;
	link_is_down(link);
	while (!wl_list_empty(&view->followers)) {
		struct view *follower = wl_container_of(view->followers.next, follower, follower);
		link_end(follower->link);
	}
	view_free(view);
}

static void link_describe(const struct link *link, struct op_head *entry) {
	const struct view *view = link->data;
	const struct server *server = view->out->env->server;
	told_describe(entry, view->cast ? view->stats : NULL,
		wlr_renderer_is_pixman(server->renderer) ? "pixman " : "GPU ");
}

static const struct link_user view_user = {
	.verb = OP_PUTMEM,
	.body = OP_BODY_FRAMES,
	.request = link_request,
	.up = link_up,
	.down = link_is_down,
	.gone = link_gone,
	.describe = link_describe,
};

static struct view *view_create(struct out *out, struct view *leader) {
	struct view *view = calloc(1, sizeof(*view));
	if (!view) {
		return NULL;
	}
	view->out = out;
	wl_list_insert(out->views.prev, &view->node);
	wl_list_init(&view->followers);
	wl_list_init(&view->follower);
	if (leader) {
		view->leader = leader;
		wl_list_insert(leader->followers.prev, &view->follower);
	}
	return view;
}

static void out_link(struct box *box, struct req *req) {
	struct out *out = box->data;
	if (wl_list_length(&out->views) >= OP_MAX_VIEWERS && !op_has(req->head, OP_F_ONLY)) {
		req_fail(req, OP_EQUOTA, "%d displays show this window already (box ls %s/out, and box rm "
			"one of them; or link with -o)", OP_MAX_VIEWERS, box->parent->name);
		return;
	}
	struct view *view = view_create(out, NULL);
	if (!view) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	view->link = out->env->linker->make(out->env->linker, box, req, &view_user, view);
	if (!view->link) {
		view_free(view);
	}
}

/* Dialogs. */

static struct out *out_of(const struct out *any, const struct toplevel *toplevel) {
	char name[24];
	snprintf(name, sizeof(name), "%llu", (unsigned long long)toplevel->id);
	struct box *window = box_inner(any->box->parent->parent, name);
	struct box *box = window ? box_inner(window, "out") : NULL;
	return box ? box->data : NULL;
}

static struct out *parent_of(const struct out *out) {
	const struct wlr_xdg_toplevel *xdg = out->toplevel->xdg->parent;
	const struct toplevel *parent = xdg ? toplevel_from_surface(xdg->base->surface) : NULL;
	return parent ? out_of(out, parent) : NULL;
}

// By hand, or it came before.
static bool is_there(const struct out *out, const struct link *link) {
	const struct view *view;
	wl_list_for_each(view, &out->views, node) {
		const struct subject *by = &view->link->subject;
		if (strcmp(view->link->device, link->device) == 0 &&
				strcmp(by->person, link->subject.person) == 0 &&
				strcmp(by->machine, link->subject.machine) == 0) {
			return true;
		}
	}
	return false;
}

// A display that refuses it has it told in the link's state, and the dialog stays here.
static void bring(struct out *out, struct view *leader) {
	struct linker *linker = out->env->linker;
	if (is_there(out, leader->link) || wl_list_length(&out->views) >= OP_MAX_VIEWERS) {
		return;
	}
	if (wl_list_length(&leader->followers) >= DIALOGS_MAX) {
		log_info("\"%s\" stays here: %d dialogs of its window are shown there already",
			toplevel_title(out->toplevel), DIALOGS_MAX);
		return;
	}
	struct view *view = view_create(out, leader);
	if (view) {
		view->link = linker->follow(linker, out->box, leader->link, &view_user, view);
	}
	if (!view || !view->link) {
		log_error("\"%s\" does not come with its window: out of memory",
			toplevel_title(out->toplevel));
	}
	if (view && !view->link) {
		view_free(view);
	}
}

static void bring_dialogs(struct view *view) {
	const struct toplevel *toplevel;
	wl_list_for_each(toplevel, &view->out->env->server->toplevels->list, link) {
		struct out *out = out_of(view->out, toplevel);
		if (out && out != view->out && parent_of(out) == view->out) {
			bring(out, view);
		}
	}
}

static void come_with_parent(struct out *out) {
	struct out *parent = parent_of(out);
	struct view *view;
	if (!parent) {
		return;
	}
	wl_list_for_each(view, &parent->views, node) {
		if (view->cast) {
			bring(out, view);
		}
	}
}

static void handle_parent(struct wl_listener *listener, void *data) {
	struct out *out = wl_container_of(listener, out, parent);
	const struct out *parent = parent_of(out);
	struct view *view, *next;
	wl_list_for_each_safe(view, next, &out->views, node) {
		if (view->leader && view->leader->out != parent) {
			link_end(view->link);
		}
	}
	come_with_parent(out);
}

/* The box. */

static void out_destroy(struct box *box) {
	struct out *out = box->data;
	wl_list_remove(&out->parent.link);
	free(out); // links, and with them views, are inner boxes: gone already
}

static const struct box_type out_type = {
	.name = "out",
	.fn = {[OP_LINK] = out_link},
	.destroy = out_destroy,
};

struct box *view_out_create(struct box *window, struct box_env *env, struct toplevel *toplevel) {
	struct out *out = calloc(1, sizeof(*out));
	if (!out) {
		return NULL;
	}
	out->env = env;
	out->toplevel = toplevel;
	wl_list_init(&out->views);
	out->box = box_create(window, "out", &out_type, "video!*!*!codec=h264", out);
	if (!out->box) {
		free(out);
		return NULL;
	}
	out->parent.notify = handle_parent;
	wl_signal_add(&toplevel->events.parent, &out->parent);
	come_with_parent(out);
	return out->box;
}

const char *view_out_stats(const struct box *box) {
	const struct out *out = box->data;
	const struct view *view;
	wl_list_for_each_reverse(view, &out->views, node) {
		if (view->cast && view->stats) {
			return view->stats;
		}
	}
	return "";
}

const struct snapshot *view_out_captured(const struct box *box, int64_t capture_ns) {
	const struct out *out = box->data;
	const struct view *view;
	wl_list_for_each(view, &out->views, node) {
		const struct snapshot *found = view->cast ? cast_captured(view->cast, capture_ns) : NULL;
		if (found) {
			return found;
		}
	}
	return NULL;
}
