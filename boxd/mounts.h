/* SPDX-License-Identifier: MIT */
#ifndef BOXD_MOUNTS_H
#define BOXD_MOUNTS_H

#include <stdbool.h>
#include <wayland-server-core.h>

#include "box/op.h"

/*
 * Which local server answers for which names: a server mounts itself with a prefix and a socket, as
 * boxland does for /win. Several may have one prefix. Only the table; who may change it is boxes/mount.c, who uses it is route.c.
 */

struct mount {
	struct wl_list link; // mounts.list, in order of mounting
	unsigned int serial; // no other mount of this boxd had it
	char *socket;        // path of the server's unix socket
	char **prefixes;     // NULL-terminated
	bool silent;         // did not answer in time, and has not since
};

#define MOUNTS_SHARED 16 // servers with one prefix: a union, in order of mounting

struct mounts {
	struct wl_list list; // mount.link
	unsigned int serial; // of the last
	struct {
		struct wl_signal changed; // one came or went; data: NULL
	} events;
};

void mounts_init(struct mounts *mounts);
void mounts_finish(struct mounts *mounts);

/*
 * prefixes and socket are those of a make request. NULL and refusal: EARG if a prefix is one that
 * boxd answers for itself or is not a single component, EQUOTA over MOUNTS_SHARED.
 */
struct mount *mounts_add(struct mounts *mounts, const struct op_head *make,
	struct op_refusal *refusal);
void mounts_remove(struct mounts *mounts, struct mount *mount);
/* Who answers for a name, the first to have mounted; NULL: nobody mounted. */
struct mount *mounts_find(const struct mounts *mounts, const char *name);
/* And the next behind that one; NULL: no other. */
struct mount *mounts_next(const struct mounts *mounts, const struct mount *mount, const char *name);
struct mount *mounts_by_serial(const struct mounts *mounts, unsigned int serial);

#endif
