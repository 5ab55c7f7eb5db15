/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_SPACE_H
#define CLIENTS_SPACE_H

#include "box.h"

/* The name space of the command: that of $BOX_NS, else the default. */
const char *space_id(void);
/* A box of it, as "bind"; "" the name space itself. Returns out. */
const char *space_name(const char *below, char out[static 128]);
/* The bytes of a box, 0-terminated, malloc'd; NULL: it has been said why not. */
char *get_text(struct asker *asker, const char *name);

#endif
