/* SPDX-License-Identifier: MIT */
/*
 * interact.c - the pointer on windows: frames pressed, windows moved and resized.
 *
 * The pointer itself is cursor.c; how far a window may go, and what sizes it takes, is
 * toplevel_state.c.
 */
#include "interact.h"

#include <linux/input-event-codes.h>
#include <math.h>
#include <stdlib.h>
#include <wlr/types/wlr_cursor.h>
#include <wlr/types/wlr_keyboard.h>

#include "cursor.h"
#include "cursor_image.h"
#include "frame.h"
#include "server.h"
#include "toplevel.h"

#define DOUBLE_CLICK_MSEC 400
#define DRAG_DISTANCE 4 // before a press on a titlebar becomes a move

enum doing {
	NOTHING,
	PRESSED, // a part of a frame
	MOVING,
	RESIZING,
};

struct interact {
	struct server *server;
	enum doing doing;
	struct toplevel *toplevel; // what it is done to
	struct wl_listener gone;
	uint32_t button; // ends it; 0: any
	double start_x, start_y;
	struct wlr_box start;
	enum frame_part part; // PRESSED: which
	uint32_t edges;       // RESIZING: which

	struct toplevel *hovered; // shows a hover on its frame
	struct wl_listener hovered_gone;

	uint64_t clicked_id; // window whose title was clicked last
	uint32_t clicked_msec;
};

static void set_hovered(struct interact *interact, struct toplevel *toplevel) {
	if (interact->hovered == toplevel) {
		return;
	}
	if (interact->hovered) {
		frame_set_hover(interact->hovered->frame, FRAME_NONE, false);
		wl_list_remove(&interact->hovered_gone.link);
	}
	interact->hovered = toplevel;
	if (toplevel) {
		wl_signal_add(&toplevel->events.gone, &interact->hovered_gone);
	}
}

static void handle_hovered_gone(struct wl_listener *listener, void *data) {
	struct interact *interact = wl_container_of(listener, interact, hovered_gone);
	set_hovered(interact, NULL);
}

static void end(struct interact *interact) {
	if (interact->doing == NOTHING) {
		return;
	}
	if (interact->doing == RESIZING) {
		wlr_xdg_toplevel_set_resizing(interact->toplevel->xdg, false);
	}
	interact->doing = NOTHING;
	interact->toplevel = NULL;
	wl_list_remove(&interact->gone.link);
}

static void handle_gone(struct wl_listener *listener, void *data) {
	struct interact *interact = wl_container_of(listener, interact, gone);
	end(interact);
	cursor_update(interact->server->cursor);
}

static void begin(struct interact *interact, struct toplevel *toplevel, enum doing doing) {
	struct wlr_cursor *cursor = interact->server->cursor->wlr;
	end(interact);
	interact->doing = doing;
	interact->toplevel = toplevel;
	interact->button = 0;
	interact->start_x = cursor->x;
	interact->start_y = cursor->y;
	interact->start = toplevel->geom;
	wl_signal_add(&toplevel->events.gone, &interact->gone);
}

/*
 * A window pulled out of its maximised state keeps the pointer over the same part of its bar.
 * Returns the geometry it is asked to take.
 */
static struct wlr_box unmaximise_at(struct toplevel *toplevel, double x, double y) {
	double part = (x - toplevel->geom.x) / fmax(1, toplevel->geom.width);
	toplevel->restore.x = (int)(x - part * toplevel->restore.width);
	toplevel->restore.y = toplevel->geom.y;
	struct wlr_box restore = toplevel->restore;
	toplevel_set_maximised(toplevel, false);
	return restore;
}

void interact_move(struct interact *interact, struct toplevel *toplevel) {
	if (toplevel->fullscreen || !toplevel->mapped) {
		return;
	}
	// From the press on, if it was on our frame; what moved until now is made up for.
	struct wlr_cursor *cursor = interact->server->cursor->wlr;
	bool pressed = interact->doing == PRESSED;
	uint32_t button = pressed ? interact->button : 0;
	double x = pressed ? interact->start_x : cursor->x;
	double y = pressed ? interact->start_y : cursor->y;
	struct wlr_box start = toplevel->geom;
	if (toplevel->maximised) {
		start = unmaximise_at(toplevel, x, y);
	}
	begin(interact, toplevel, MOVING);
	interact->start = start;
	interact->start_x = x;
	interact->start_y = y;
	interact->button = button;
	cursor_take(interact->server->cursor, "grabbing");
	interact_motion(interact);
}

static uint32_t nearest_edges(const struct toplevel *toplevel, double x, double y) {
	const struct wlr_box *geom = &toplevel->geom;
	uint32_t edges = x < geom->x + geom->width / 2.0 ? WLR_EDGE_LEFT : WLR_EDGE_RIGHT;
	return edges | (y < geom->y + geom->height / 2.0 ? WLR_EDGE_TOP : WLR_EDGE_BOTTOM);
}

static const char *edges_cursor(uint32_t edges) {
	switch (edges) {
	case WLR_EDGE_TOP:
		return "n-resize";
	case WLR_EDGE_BOTTOM:
		return "s-resize";
	case WLR_EDGE_LEFT:
		return "w-resize";
	case WLR_EDGE_RIGHT:
		return "e-resize";
	case WLR_EDGE_TOP | WLR_EDGE_LEFT:
		return "nw-resize";
	case WLR_EDGE_TOP | WLR_EDGE_RIGHT:
		return "ne-resize";
	case WLR_EDGE_BOTTOM | WLR_EDGE_LEFT:
		return "sw-resize";
	case WLR_EDGE_BOTTOM | WLR_EDGE_RIGHT:
		return "se-resize";
	default:
		return "default";
	}
}

void interact_resize(struct interact *interact, struct toplevel *toplevel, uint32_t edges) {
	if (toplevel->fullscreen || toplevel->maximised || !toplevel->mapped) {
		return;
	}
	begin(interact, toplevel, RESIZING);
	interact->edges =
		edges ? edges : nearest_edges(toplevel, interact->start_x, interact->start_y);
	wlr_xdg_toplevel_set_resizing(toplevel->xdg, true);
	cursor_take(interact->server->cursor, edges_cursor(interact->edges));
}

void interact_cancel(struct interact *interact, struct toplevel *toplevel) {
	if (interact->doing != NOTHING && (!toplevel || interact->toplevel == toplevel)) {
		end(interact);
		cursor_update(interact->server->cursor);
	}
}

bool interact_active(const struct interact *interact) {
	return interact->doing != NOTHING;
}

static void resize_by(struct interact *interact, double dx, double dy) {
	int width = interact->start.width, height = interact->start.height;
	if (interact->edges & WLR_EDGE_LEFT) {
		width -= (int)dx;
	} else if (interact->edges & WLR_EDGE_RIGHT) {
		width += (int)dx;
	}
	if (interact->edges & WLR_EDGE_TOP) {
		height -= (int)dy;
	} else if (interact->edges & WLR_EDGE_BOTTOM) {
		height += (int)dy;
	}
	toplevel_resize(interact->toplevel, width, height, interact->edges);
}

void interact_motion(struct interact *interact) {
	struct wlr_cursor *cursor = interact->server->cursor->wlr;
	struct toplevel *toplevel = interact->toplevel;
	double dx = cursor->x - interact->start_x, dy = cursor->y - interact->start_y;
	uint32_t edges;
	switch (interact->doing) {
	case PRESSED:
		if (interact->part == FRAME_TITLE && hypot(dx, dy) >= DRAG_DISTANCE) {
			interact_move(interact, toplevel);
		} else if (interact->part != FRAME_TITLE && toplevel->frame) {
			bool over = frame_at(toplevel->frame, cursor->x, cursor->y, &edges) ==
				interact->part;
			frame_set_hover(toplevel->frame, over ? interact->part : FRAME_NONE, over);
		}
		break;
	case MOVING:
		toplevel_move(toplevel, interact->start.x + (int)dx, interact->start.y + (int)dy);
		break;
	case RESIZING:
		resize_by(interact, dx, dy);
		break;
	case NOTHING:
		break;
	}
}

static void click_title(struct interact *interact, struct toplevel *toplevel,
		uint32_t time_msec) {
	bool again = interact->clicked_id == toplevel->id &&
		time_msec - interact->clicked_msec < DOUBLE_CLICK_MSEC;
	interact->clicked_id = again ? 0 : toplevel->id;
	interact->clicked_msec = time_msec;
	if (again) {
		toplevel_set_maximised(toplevel, !toplevel->maximised);
	}
}

static void release(struct interact *interact, uint32_t time_msec) {
	struct wlr_cursor *cursor = interact->server->cursor->wlr;
	struct toplevel *toplevel = interact->toplevel;
	enum doing was = interact->doing;
	enum frame_part part = interact->part;
	uint32_t edges;
	end(interact);
	if (was == PRESSED && toplevel->frame &&
			frame_at(toplevel->frame, cursor->x, cursor->y, &edges) == part) {
		switch (part) {
		case FRAME_TITLE:
			click_title(interact, toplevel, time_msec);
			break;
		case FRAME_MINIMISE:
			toplevel_set_minimised(toplevel, true);
			break;
		case FRAME_MAXIMISE:
			toplevel_set_maximised(toplevel, !toplevel->maximised);
			break;
		case FRAME_CLOSE:
			toplevel_close(toplevel);
			break;
		case FRAME_EDGE:
		case FRAME_NONE:
			break;
		}
	}
	cursor_update(interact->server->cursor);
}

static bool press_frame(struct interact *interact, struct toplevel *toplevel, uint32_t button) {
	struct wlr_cursor *cursor = interact->server->cursor->wlr;
	uint32_t edges;
	enum frame_part part = frame_at(toplevel->frame, cursor->x, cursor->y, &edges);
	if (part == FRAME_NONE) {
		return false;
	}
	if (button != BTN_LEFT) {
		return true; // on a frame other buttons do nothing yet
	}
	if (part == FRAME_EDGE) {
		interact_resize(interact, toplevel, edges);
	} else {
		begin(interact, toplevel, PRESSED);
		interact->part = part;
		frame_set_hover(toplevel->frame, part, true);
	}
	interact->button = button;
	return true;
}

bool interact_button(struct interact *interact, const struct hit *hit, uint32_t time_msec,
		uint32_t button, bool pressed, uint32_t modifiers) {
	if (interact->doing != NOTHING) {
		if (!pressed && (interact->button == 0 || interact->button == button)) {
			release(interact, time_msec);
		}
		return true;
	}
	struct toplevel *toplevel = toplevel_from_owner(hit->owner);
	if (!pressed || !toplevel) {
		return false;
	}
	toplevel_focus(toplevel);
	uint32_t held = modifiers & (WLR_MODIFIER_LOGO | WLR_MODIFIER_ALT | WLR_MODIFIER_CTRL);
	if (held == WLR_MODIFIER_LOGO && !toplevel->fullscreen &&
			(button == BTN_LEFT || button == BTN_RIGHT)) {
		if (button == BTN_LEFT) {
			interact_move(interact, toplevel);
		} else {
			interact_resize(interact, toplevel, WLR_EDGE_NONE);
		}
		interact->button = button;
		return true;
	}
	return !hit->surface && toplevel->frame && press_frame(interact, toplevel, button);
}

void interact_hover(struct interact *interact, const struct hit *hit) {
	struct wlr_cursor *cursor = interact->server->cursor->wlr;
	struct toplevel *toplevel = hit->surface ? NULL : toplevel_from_owner(hit->owner);
	if (!toplevel || !toplevel->frame) {
		set_hovered(interact, NULL);
		return;
	}
	uint32_t edges;
	enum frame_part part = frame_at(toplevel->frame, cursor->x, cursor->y, &edges);
	set_hovered(interact, toplevel);
	frame_set_hover(toplevel->frame, part, false);
	cursor_image_set(interact->server->cursor, part == FRAME_EDGE ? edges_cursor(edges) : "default");
}

struct interact *interact_create(struct server *server) {
	struct interact *interact = calloc(1, sizeof(*interact));
	if (!interact) {
		return NULL;
	}
	interact->server = server;
	interact->gone.notify = handle_gone;
	interact->hovered_gone.notify = handle_hovered_gone;
	return interact;
}

void interact_destroy(struct interact *interact) {
	if (!interact) {
		return;
	}
	end(interact);
	set_hovered(interact, NULL);
	free(interact);
}
