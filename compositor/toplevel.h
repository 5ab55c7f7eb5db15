/* SPDX-License-Identifier: MIT */
#ifndef TOPLEVEL_H
#define TOPLEVEL_H

#include <stdbool.h>
#include <stdint.h>
#include <wayland-server-core.h>
#include <wlr/types/wlr_scene.h>
#include <wlr/types/wlr_xdg_shell.h>
#include <wlr/util/box.h>
#include <wlr/util/edges.h>

#include "layers.h"

/*
 * The windows: where they are, which is above which, which has the focus, and what can be done to
 * them. A window is listed here from when it first shows something until it shows nothing more.
 *
 * geom is the window's content without frame and shadow, in the layout's logical pixels.
 */

struct capture;
struct frame;
struct output;
struct server;

struct toplevels {
	struct server *server;
	struct wl_list list;   // toplevel.link, topmost first
	struct wl_list recent; // toplevel.recent, the focused one first
	struct {
		struct wl_signal added; // struct toplevel *; its end is its events.gone
	} events;

	// private state
	uint64_t last_id;
	struct wl_listener output_changed, output_added, output_removed;
};

struct toplevel {
	struct toplevels *toplevels;
	struct wl_list link;   // toplevels.list
	struct wl_list recent; // toplevels.recent
	uint64_t id;           // never used twice in a session
	struct wlr_xdg_toplevel *xdg; // title, app_id, parent and limits are there

	struct wlr_box geom;
	bool mapped; // listed
	bool activated, maximised, fullscreen, minimised, urgent;
	struct capture *pacer; // whose clock its frame callbacks follow; NULL: the screen's it is on
	int viewers; // displays elsewhere that show it: they see its popups only within it

	struct {
		struct wl_signal title;     // struct toplevel *
		struct wl_signal app_id;    // struct toplevel *
		struct wl_signal parent;    // struct toplevel *
		struct wl_signal geom;      // struct toplevel *: moved, or has another size
		struct wl_signal activated; // struct toplevel *: or no longer
		struct wl_signal state;     // struct toplevel *: maximised, fullscreen, minimised, urgent
		struct wl_signal gone;      // struct toplevel *: no longer listed
	} events;

	// private state
	struct owner owner;
	struct wlr_scene_tree *tree;    // at the content's corner: frame and content
	struct wlr_scene_tree *content; // the surface and its popups
	struct frame *frame;            // NULL: it draws its own, or has none
	bool decorated;                 // by us, when there is room for it
	struct wlr_scene_rect *backdrop; // behind it while it is fullscreen; NULL otherwise
	struct output *fullscreen_output; // NULL: the one it is on
	struct wlr_box restore;           // geom when neither maximised nor fullscreen
	struct wlr_box placed;            // geom where it was placed: who has moved it since has decided
	struct {
		bool active;
		struct wlr_box geom;   // asked of the client
		uint32_t edges;        // enum wlr_edges that move with the size
		uint32_t serial;       // of the configure
	} asked;
};

struct toplevels *toplevels_create(struct server *server);
void toplevels_destroy(struct toplevels *toplevels);

/* The window that has the focus among windows; NULL if there is none that is not minimised. */
struct toplevel *toplevels_focused(struct toplevels *toplevels);
/* NULL if the owner is no window, or NULL. */
struct toplevel *toplevel_from_owner(struct owner *owner);
/* The window whose content a surface is, or is a part of, or is a popup of; NULL if none. */
struct toplevel *toplevel_from_surface(struct wlr_surface *surface);

/* For the shells: a window to be; it is listed once it is mapped. NULL: no memory. */
struct toplevel *toplevel_create(struct toplevels *toplevels, struct wlr_xdg_toplevel *xdg);
void toplevel_destroy(struct toplevel *toplevel);
/* For the shells: it has something to show for the first time; it is placed, listed, focused. */
void toplevel_map(struct toplevel *toplevel);
void toplevel_unmap(struct toplevel *toplevel);
/* For the shells: it has another parent, over which it goes unless somebody has moved it. */
void toplevel_join(struct toplevel *toplevel);
/* For the shells: the client has committed; another size is taken over. */
void toplevel_committed(struct toplevel *toplevel);
/* For the decorations: whether we draw a frame around it. */
void toplevel_set_decorated(struct toplevel *toplevel, bool decorated);
/* For the seat: which one shows itself active; NULL: none does. */
void toplevels_show_active(struct toplevels *toplevels, struct toplevel *toplevel);

/* Above all others of its kind, its dialogs above it. */
void toplevel_raise(struct toplevel *toplevel);
/* Shows, raises and focuses it. */
void toplevel_focus(struct toplevel *toplevel);
/* Focuses it where it is in the stack. */
void toplevel_focus_only(struct toplevel *toplevel);
/* Asks the client to close it. */
void toplevel_close(struct toplevel *toplevel);
/* Moves it, as far as it stays in reach. */
void toplevel_move(struct toplevel *toplevel, int x, int y);
/*
 * Asks the client for a size, within its limits; edges are those that move: with WLR_EDGE_LEFT the
 * right one stays where it is.
 */
void toplevel_resize(struct toplevel *toplevel, int width, int height, uint32_t edges);
/* The limits of a size applied to it. */
void toplevel_clamp_size(struct toplevel *toplevel, int *width, int *height);
void toplevel_set_maximised(struct toplevel *toplevel, bool maximised);
/* output may be NULL: the one it is on. */
void toplevel_set_fullscreen(struct toplevel *toplevel, bool fullscreen, struct output *output);
/* Minimised windows are in the switcher and nowhere else. */
void toplevel_set_minimised(struct toplevel *toplevel, bool minimised);
/* Wants to be looked at; over when it is focused. */
void toplevel_set_urgent(struct toplevel *toplevel, bool urgent);

/* With the frame, if we draw one. */
struct wlr_box toplevel_outer(const struct toplevel *toplevel);
/* A client that never said one has "". */
const char *toplevel_title(const struct toplevel *toplevel);
const char *toplevel_app_id(const struct toplevel *toplevel);
struct output *toplevel_output(const struct toplevel *toplevel);

#endif
