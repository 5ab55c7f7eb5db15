/* SPDX-License-Identifier: MIT */
#ifndef BOXD_SPACES_H
#define BOXD_SPACES_H

#include "box/ns.h"

/*
 * The name spaces of this node's programs, by id. Each request says in which its names are looked
 * up; one that does not means the first, "default", which is there from the start.
 */

#define SPACES_MAX 1024
#define CAST_ARGS 64 // of one converter

struct space {
	struct wl_list link; // spaces.list
	char *id;
	struct ns ns;
};

struct spaces {
	struct wl_list list; // space.link, the default first
	int count;
	struct ns none; // binds nothing, for requests whose names mean themselves
};

/*
 * The default is read from path, lines as space_print has them; a file that is not there makes it
 * "bind /b / any" and the same for /any. false: error says where and what is wrong.
 */
bool spaces_init(struct spaces *spaces, const char *path, char *error, size_t error_size);
void spaces_finish(struct spaces *spaces);
/* id NULL: the default. NULL: none of that id. */
struct space *spaces_find(const struct spaces *spaces, const char *id);
struct space *spaces_default(const struct spaces *spaces);
/* A copy of another; it begins with what that has now. EQUOTA over SPACES_MAX, EIO. NULL: refused. */
struct space *space_create(struct spaces *spaces, const char *id, const struct space *from,
	struct op_refusal *refusal);
void space_destroy(struct spaces *spaces, struct space *space); // not the default

/*
 * A binding, a cast, and a whole name space, as lines of its file:
 *
 *     bind PREFIX TARGET [any] [want CONSTRAINT]     in search order
 *     cast FROM TO [want CONSTRAINT] [PROGRAM [ARGUMENT…]]   words escaped as in heads, blanks too
 *     dot NAME
 *
 * false: no memory.
 */
struct buf;
bool space_print_cast(const struct cast *cast, struct buf *out);
bool space_print_binding(const struct ns_binding *binding, struct buf *out);
bool space_print(const struct space *space, struct buf *out);

#endif
