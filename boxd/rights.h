/* SPDX-License-Identifier: MIT */
#ifndef BOXD_RIGHTS_H
#define BOXD_RIGHTS_H

#include "box/box.h"

/*
 * Whose a box is that somebody made here: his, and under the eyes of the node's owner. Called right
 * after box_create. false: no memory.
 */

/* Nobody else's: what its parent's access list allows others stops here. A process. */
bool rights_private(struct box *box, const struct subject *maker);
/* The parent's list holds for others. A channel. */
bool rights_shared(struct box *box, const struct subject *maker);

#endif
