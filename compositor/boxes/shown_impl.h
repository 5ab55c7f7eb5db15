/* SPDX-License-Identifier: MIT */
#ifndef BOXES_SHOWN_IMPL_H
#define BOXES_SHOWN_IMPL_H

#include "boxes/shown.h"

/* Private to shown.c and shown_protocol.c. */

#define SHOWN_KEY 32 // hex digits
#define SHOWN_CLOSED 16 // views remembered that were closed

struct shown_list {
	struct box_env *env;
	struct wl_list list; // shown.link
	struct wl_global *global; // box_view_v1
	struct wl_listener client_created;
	char closed[SHOWN_CLOSED][SHOWN_KEY + 1]; // keys of views that ended in order, a ring
	int closed_next;
};

struct shown {
	struct shown_list *list;
	struct wl_list link;
	struct box *box;
	char *from, *title;
	char by[130]; // who showed it
	char key[SHOWN_KEY + 1];
	char parent[SHOWN_KEY + 1]; // key of the view of the window it belongs to; "": of none
	int64_t started; // seconds since 1970
	struct spawn *program; // NULL: ended
	struct wl_event_source *patience;
	// what boxview said
	struct wl_resource *resource; // NULL: not yet, or no longer
	struct wlr_xdg_toplevel *xdg; // its window; NULL likewise
	struct wl_listener xdg_destroy, xdg_map;
	uint32_t sequence;   // on the screen
	uint64_t capture_ns; // 0: nothing yet
	char *stats;
	char *lost; // its source's last sentence; may be NULL
};

/* shown_protocol.c. The global; false: no memory. */
bool shown_protocol_create(struct shown_list *list);
/* Its resource knows no view any more. */
void shown_detach(struct shown *shown);
void shown_send_exchange(struct shown *shown, int fd);

#endif
