/* SPDX-License-Identifier: MIT */
#ifndef BOXD_WALLS_H
#define BOXD_WALLS_H

#include "launch.h"

/*
 * launch is empty: it becomes bubblewrap with namespaces of its own, /usr read-only, an empty home,
 * and the program in it. ENOENT: none that is seen from inside; EUNSUPP: no bubblewrap here; EIO.
 */
enum op_code walls_init(struct launch *launch, const struct process_start *start,
	struct op_refusal *refusal);

/* Whether that file is there and seen from inside. */
bool walls_show(const char *file);

#endif
