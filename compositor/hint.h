/* SPDX-License-Identifier: MIT */
#ifndef HINT_H
#define HINT_H

/* The five keys to know, on the bare desktop, in the lower right corner of every output. */

struct hints;
struct server;

struct hints *hints_create(struct server *server);
void hints_destroy(struct hints *hints);

/* Hides them, or shows them again. `hint off` in the configuration keeps them hidden. */
void hints_toggle(struct hints *hints);

#endif
