/* SPDX-License-Identifier: MIT */
#ifndef BOXD_SANDBOX_H
#define BOXD_SANDBOX_H

#include <wayland-server-core.h>

#include "box/perm.h"
#include "strings.h"

/*
 * What a program of another person sees of boxes: a socket of its own, on which every request is its
 * asker's, and no name is there but those it was given. Each is one box, of this node or another; with
 * it may be done what its line says, and what the asker may do there.
 */

struct box_tree;
struct exchange;
struct op_head;
struct route;
struct sandbox;

struct sandboxes {
	struct wl_event_loop *loop;
	const struct route *route;
	struct box_tree *tree; // this node's boxes
	const char *socket;    // of this node's own programs: folders are made beside it
	/*
	 * Goes on with a request that has a name of this node's, as of its own programs (local) or of
	 * another node; false: it is for the tree.
	 */
	bool (*pass_on)(void *data, struct exchange *exchange, struct op_head *head,
		const struct subject *subject, bool local);
	void (*name_groups)(void *data, struct subject *subject); // as box_server's; NULL: it has none
	void *data;
	int rate;              // exchanges that one may begin each second; 0: no limit
	struct wl_list list;   // of sandbox.c
};

void sandboxes_init(struct sandboxes *sandboxes, struct wl_event_loop *loop,
	const struct route *route, struct box_tree *tree, const char *socket);
/* Groups are others: as box_server_regroup. */
void sandboxes_regroup(struct sandboxes *sandboxes);
/* Takes away what another boxd, which is dead, has left. */
void sandboxes_sweep(const struct sandboxes *sandboxes);
/* Breaks off what this subject's programs have open: a peer that is gone, or revoked. */
void sandboxes_drop(struct sandboxes *sandboxes, const struct subject *subject);
/* Ends what goes on in them; who holds one still destroys it. */
void sandboxes_finish(struct sandboxes *sandboxes);
void sandboxes_free(struct sandboxes *sandboxes); // behind that, what is left

/*
 * For the process of that name in /proc, whose asker is by, with lines as field bound has them. Its
 * folder and its socket are there behind this. NULL and refusal: EARG (a line), EIO.
 */
struct sandbox *sandbox_create(struct sandboxes *sandboxes, const struct subject *by,
	const char *process, const struct strings *lines, struct op_refusal *refusal);
/* Its socket and folder are gone at once; what goes on is broken off. NULL is fine. */
void sandbox_destroy(struct sandbox *sandbox);
const char *sandbox_socket(const struct sandbox *sandbox);

#endif
