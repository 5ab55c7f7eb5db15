/* SPDX-License-Identifier: MIT */
#ifndef BOXES_SHOWN_H
#define BOXES_SHOWN_H

#include "boxes/env.h"

/*
 * A remote window shown here: /display/D/V, and its boxview. It lasts as long as that program; delete
 * ends it in order, and the window's source hears that.
 */

struct shown;
struct shown_list;

/* The protocol box_view_v1 and all that is shown. NULL: no memory. */
struct shown_list *shown_list_create(struct box_env *env);
/* Ends every boxview. NULL is fine. */
void shown_list_destroy(struct shown_list *list);

/*
 * Serves a putmem of video on a display: hands the exchange to a new boxview, or to the one whose
 * key the request says. The request is answered here.
 */
void shown_serve(struct shown_list *list, struct box *display, struct req *req);

#endif
