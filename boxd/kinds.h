/* SPDX-License-Identifier: MIT */
#ifndef BOXD_KINDS_H
#define BOXD_KINDS_H

#include <stdint.h>
#include <wayland-util.h>

#include "box/op.h"
#include "box/perm.h"

/*
 * What other nodes have said of their boxes, for as long as they said that it may be kept (ttl): that
 * a box is there and what it is, or that it is not. Each answer is for the subject that asked, since
 * others may be told otherwise. A pure table; when it is, is for the caller to say, and so is which
 * answers are worth keeping.
 */

#define KINDS_MAX 512
#define KINDS_TTL_MAX_MS 60000 // whatever a node says

struct known_kind {
	struct wl_list link; // kinds.list
	char key[65];        // the node
	char *name;          // at that node
	struct subject subject;
	int64_t until_ms;
	char *type, *letters;  // NULL: there is no such box
	struct op_refusal why; // OP_ENOENT; code OP_OK: there is one
};

struct kinds {
	struct wl_list list; // known_kind.link, the newest first
	int count;
};

void kinds_init(struct kinds *kinds);
void kinds_finish(struct kinds *kinds);
/* Keeps an answer to kind if it says how long it may be kept. The oldest goes over KINDS_MAX. */
void kinds_keep(struct kinds *kinds, const char *key, const char *name,
	const struct subject *subject, const struct op_head *reply, int64_t now_ms);
/* NULL: nothing is known any more. Valid until the next call. */
const struct known_kind *kinds_find(struct kinds *kinds, const char *key, const char *name,
	const struct subject *subject, int64_t now_ms);
/* The node was lost, or says that something has changed. */
void kinds_forget(struct kinds *kinds, const char *key);
/* A box of the node is about to be changed from here: that one and those below it. */
void kinds_forget_below(struct kinds *kinds, const char *key, const char *name);

#endif
