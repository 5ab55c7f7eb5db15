/* SPDX-License-Identifier: MIT */
#ifndef BOXES_ENV_H
#define BOXES_ENV_H

#include <stdbool.h>
#include <wayland-server-core.h>

#include "base/work.h"
#include "box/box.h"
#include "box/link.h"

/*
 * What the box types of this room are given, and how they are registered: one file each, and one
 * word in meson.build's box_types, from which box-types.inc is printed.
 */

struct config;
struct fetcher;
struct follow;
struct keys;
struct mounts;
struct nearby;
struct quic;
struct sandboxes;
struct saves;
struct spaces;
struct usr;

struct box_env {
	struct wl_event_loop *loop;
	struct box_tree *tree;
	struct work_pool *pool;
	struct saves *saves;   // small files of boxd's folder; NULL in tests that have none
	struct linker *linker;
	const struct config *config;
	struct keys *keys;     // of this machine; NULL in tests that need none
	struct quic *quic;     // NULL: a node without network
	struct follow *follow; // what other nodes advertise; NULL likewise
	struct nearby *nearby; // who was heard of in the local network; NULL likewise
	struct mounts *mounts; // who serves which prefix
	struct spaces *spaces; // of this node's programs
	struct sandboxes *sandboxes; // what programs of others see of boxes; NULL: nothing at all
	struct usr *usr;       // which devices the person prefers
	const struct fetcher *fetcher; // for who follows boxes of other nodes
	bool ending;           // what is on disk stays as it is
	/* keys_adopt succeeded: the tree's boxes and this node's socket are the new person's. */
	void (*owner_changed)(struct box_env *env);
	/* usr changed here, not by what another machine said; may be NULL. */
	void (*usr_changed)(struct box_env *env);
};

/* mount.c: groups are others, and mounted servers are told. */
void mount_groups_changed(struct box_env *env);

struct boxd_type {
	/*
	 * Makes the type's box below the root ("/chan"). What it keeps, it keeps in the box's data and
	 * gives back in its type's destroy. false: logged.
	 */
	bool (*init)(struct box_env *env);
};

#define BOX_TYPE(name) extern const struct boxd_type boxd_type_##name;
#include "box-types.inc"
#undef BOX_TYPE

#endif
