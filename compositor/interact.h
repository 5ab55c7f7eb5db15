/* SPDX-License-Identifier: MIT */
#ifndef INTERACT_H
#define INTERACT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What the person does to windows with the pointer: pressing frames, dragging windows about and
 * their edges. While it goes on, clients see nothing of the pointer.
 */

struct hit;
struct interact;
struct server;
struct toplevel;

struct interact *interact_create(struct server *server);
void interact_destroy(struct interact *interact);

/* Begins to move a window with the pointer as it is now, until the button is released. */
void interact_move(struct interact *interact, struct toplevel *toplevel);
/* Begins to resize it by enum wlr_edges; none: the nearest ones. */
void interact_resize(struct interact *interact, struct toplevel *toplevel, uint32_t edges);
/* Ends what is done to a window, or (NULL) to any. */
void interact_cancel(struct interact *interact, struct toplevel *toplevel);

/* Moving or resizing goes on. */
bool interact_active(const struct interact *interact);
/* The pointer moved while it goes on. */
void interact_motion(struct interact *interact);
/*
 * A button while the pointer is on something. true: it was for us. hit is what is under the pointer,
 * modifiers are WLR_MODIFIER_ bits.
 */
bool interact_button(struct interact *interact, const struct hit *hit, uint32_t time_msec,
	uint32_t button, bool pressed, uint32_t modifiers);
/* The pointer is over something and no button is down: frames show it, and the cursor. */
void interact_hover(struct interact *interact, const struct hit *hit);

#endif
