/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_VIEW_H
#define BOXVIEW_VIEW_H

#include <wayland-server-core.h>

#include "boxview/presenter.h"

/*
 * One view: a remote window's pictures in a window here, this window's input there.
 */

struct view_options {
	const char *from;  // NODE/name of the window shown
	const char *title; // until the source says one; may be NULL
	const char *key;   // for box_view_v1; may be NULL
	enum presenter_choice present;
	int exchange_fd;
	int control_fd; // -1: none
};

enum view_state {
	VIEW_RUNS,
	VIEW_ENDS, // our half is ended, the source's is awaited
	VIEW_OVER,
};

struct view;

/* Takes the descriptors over. NULL, logged. */
struct view *view_create(struct wl_event_loop *loop, const struct view_options *options);
void view_destroy(struct view *view); // NULL is fine
/* Before each wait for events. */
enum view_state view_prepare(struct view *view);
/* Ends the view in order. */
void view_end(struct view *view);
/* What main returns: 0 ended in order, 1 the compositor was lost, 3 the source was. */
int view_result(const struct view *view);

#endif
