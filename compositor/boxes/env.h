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

struct casts;
struct guests;
struct server;

struct box_env {
	struct server *server; // the compositor
	struct box_tree *tree;
	struct linker *linker;
	struct work_pool *pool;
	struct guests *guests;
	struct casts *casts;
	char machine[64]; // this node, as others know it; the host's name until boxd has said
};

struct boxland_type {
	/*
	 * Makes the type's box below the root ("/win"). What it keeps, it keeps in the box's data and
	 * gives back in its type's destroy. false: logged.
	 */
	bool (*init)(struct box_env *env);
};

#define BOX_TYPE(name) extern const struct boxland_type boxland_type_##name;
#include "box-types.inc"
#undef BOX_TYPE

#endif
