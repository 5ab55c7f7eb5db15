/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_NAMES_H
#define CLIENTS_NAMES_H

#include "libbox/ask.h"

/* Tells a person what each name of the asker's name space is bound to, what that is now, and why. */

/* lines: the name space, as boxd prints it; changed. */
void names_show(struct asker *asker, char *lines);

#endif
