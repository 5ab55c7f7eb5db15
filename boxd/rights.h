/* SPDX-License-Identifier: MIT */
#ifndef BOXD_RIGHTS_H
#define BOXD_RIGHTS_H

#include "box/box.h"

#define RIGHTS_MADE_MAX 64 // boxes of one kind that one of the others may have here

/*
 * Whose a box is that somebody made here: his, and under the eyes of the node's owner. Called right
 * after box_create. false: no memory.
 */

/*
 * Whether maker may have one more box below parent: the node's owner may, others have so many.
 * EQUOTA with what to do.
 */
enum op_code rights_check_room(const struct box *parent, const struct subject *maker,
	struct op_refusal *refusal);

/* Nobody else's: what its parent's access list allows others stops here. A process. */
bool rights_private(struct box *box, const struct subject *maker);
/* The parent's list holds for others. A channel. */
bool rights_shared(struct box *box, const struct subject *maker);

#endif
