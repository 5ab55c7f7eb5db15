/* SPDX-License-Identifier: MIT */
#ifndef BOXES_PRINTER_H
#define BOXES_PRINTER_H

#include "boxes/env.h"
#include "boxes/printer_cups.h"
#include "box/printer_format.h"

/*
 * /printer, and what its files share: printer.c has the boxes, printer_put.c what is put into them. All
 * of it is in the loop; threads see copies only.
 */
struct printers {
	struct box_env *env;
	struct work_pool *pool; // of their own: a cupsd that hangs holds up printing alone
	bool ending;            // what threads bring back makes no boxes
	struct box *root;
	struct wl_list puts;    // printer_put.link
	struct wl_list waiting; // waiting.link: for what CUPS says
	struct wl_list kept;    // kept_list.link: access lists of queues that went
	struct listing *listing; // CUPS is asked; NULL: not now
	int64_t fresh_until_ms;  // CLOCK_MONOTONIC: what the boxes say need not be asked before
};

/* The data of /printer/Q. */
struct printer {
	struct printers *printers;
	struct box *box;
	struct cups_queue told; // its link is of no list
};

/* A putmem for this printer, or for the best that takes it: NULL. Its rights were looked at. */
void printer_put(struct printers *printers, struct printer *printer, struct req *req);
/* The printer is no more: what goes there is refused. */
void printer_puts_forget(struct printers *printers, const struct printer *printer);
/*
 * The best of all for this format, as far as the subject may print there; NULL: none takes it, and
 * taken has the formats of those that would take something.
 */
struct printer *printer_best(const struct printers *printers, const struct subject *subject,
	enum printer_format format, uint32_t *taken);

#endif
