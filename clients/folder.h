/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_FOLDER_H
#define CLIENTS_FOLDER_H

#include "box.h"

/*
 * Folders of this machine into boxes, and back, for box cp: as tar streams, packed and unpacked by a
 * thread. Both return the exit status; what went wrong has been said.
 */

int folder_to_box(struct asker *asker, const char *folder, const char *box);
/* The folder appears whole or not at all; into one that is there, file by file. */
int folder_from_box(struct asker *asker, const char *box, const char *folder);

#endif
