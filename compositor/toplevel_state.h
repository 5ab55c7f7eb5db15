/* SPDX-License-Identifier: MIT */
#ifndef TOPLEVEL_STATE_H
#define TOPLEVEL_STATE_H

/* What toplevel.c and toplevel_state.c share of a window's size and state; for nobody else. */

struct toplevel;
struct toplevels;

/* Follows the outputs: windows stay on one, and fit where they fill one. */
void toplevel_state_watch(struct toplevels *toplevels);
void toplevel_state_unwatch(struct toplevels *toplevels);

/* Before the first configure: what the client asked for already, and what it may ask for. */
void toplevel_state_prepare(struct toplevel *toplevel);
/* Makes or removes the frame, as the window's state has it now. */
void toplevel_state_frame(struct toplevel *toplevel);
/* Puts the scene in line with geom and state. */
void toplevel_state_show(struct toplevel *toplevel);
/* Out of the minimised, without focus. */
void toplevel_state_unhide(struct toplevel *toplevel);

#endif
