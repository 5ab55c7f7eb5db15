/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_CAST_H
#define BOXCAST_CAST_H

#include <stdbool.h>
#include <wayland-server-core.h>

/*
 * One cast: a window's frames to its viewer, the viewer's wishes to the window.
 */

enum cast_state {
	CAST_RUNS,
	CAST_ENDS, // our half is ended, the viewer's is awaited
	CAST_OVER,
};

struct cast;

/* Takes over fd, the exchange to the viewer. NULL, logged. */
struct cast *cast_create(struct wl_event_loop *loop, int fd);
void cast_destroy(struct cast *cast); // NULL is fine
/* Before each wait for events: sends what was said, sets the timer. */
enum cast_state cast_prepare(struct cast *cast);
/* Ends the view in order. */
void cast_end(struct cast *cast);
/*
 * What main returns: 0 ended in order, 3 the viewer was lost, 4 nothing can be encoded, 5 every
 * encoder failed.
 */
int cast_result(const struct cast *cast);

#endif
