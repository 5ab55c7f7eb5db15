/* SPDX-License-Identifier: MIT */
#ifndef BOXD_MOUNTS_H
#define BOXD_MOUNTS_H

#include <wayland-util.h>

#include "box/op.h"

/*
 * Which local server answers for which names: a server mounts itself with a prefix and a socket, as
 * boxland does for /win. Only the table; who may change it is boxes/mount.c, who uses it is route.c.
 */

struct mount {
	struct wl_list link; // mounts.list, in order of mounting
	char *socket;        // path of the server's unix socket
	char **prefixes;     // NULL-terminated
};

struct mounts {
	struct wl_list list; // mount.link
};

void mounts_init(struct mounts *mounts);
void mounts_finish(struct mounts *mounts);

/*
 * prefixes and socket are those of a make request. NULL and refusal: EARG if a prefix is one that
 * boxd answers for itself or is not a single component, EEXIST if another server has it.
 */
struct mount *mounts_add(struct mounts *mounts, const struct op_head *make,
	struct op_refusal *refusal);
void mounts_remove(struct mount *mount);
/* Who answers for a name; NULL: nobody mounted. */
struct mount *mounts_find(const struct mounts *mounts, const char *name);

#endif
