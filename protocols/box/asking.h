/* SPDX-License-Identifier: MIT */
#ifndef BOX_ASKING_H
#define BOX_ASKING_H

#include <stdbool.h>

#include "box/box.h"

/*
 * A capital letter in an access list: somebody is asked whether the subject may, and the request
 * waits. One question is about one subject, one name and one letter; requests that want the same
 * wait together. How a person is reached is behind struct asker (net/asker.c; tests), so that a
 * tree knows no socket and no clock.
 */

enum asking_leave {
	LEAVE_ONCE,   // the request that has waited longest
	LEAVE_UNTIL,  // this and the next ones, until it is taken back
	LEAVE_ALWAYS, // from now on it stands in the access list
};

struct asking {
	struct wl_list link;    // tree.askings
	struct wl_list waiting; // of asking.c: requests, oldest first
	struct asker *asker;    // who has the question, or the leave that stands; NULL: it ends
	struct box *box;        // whose list says so; NULL: it is gone
	char *name;             // the box that was asked for: box, or one that its type finds below
	char *list;             // whose list that is, below box; "": box's own
	char always[ACL_LINE_SIZE]; // the line of that list that would allow it
	char *title;            // the question, for a person
	struct subject subject;
	char letter;            // a small one
	bool stands;            // LEAVE_UNTIL was given
	struct wl_listener box_destroy;
	int held;               // not to be freed yet
	void *data;             // the asker's own
};

struct asker {
	/*
	 * Asks. asking_answer or asking_fail follows, from the loop, never from inside; unless
	 * withdraw comes first. false: no memory.
	 */
	bool (*ask)(struct asker *asker, struct asking *asking);
	/* Nobody wants to know any more, or the leave that stood is over: forget the asking. */
	void (*withdraw)(struct asker *asker, struct asking *asking);
};

/*
 * Who asks for the boxes of this tree. NULL, also before the first call: nobody can, and what needs
 * asking is refused; what is open is refused now.
 */
void box_tree_set_asker(struct box_tree *tree, struct asker *asker);

/*
 * The answer, by somebody; it counts if he may change the box's access list. A leave that stands
 * keeps the asking; any other frees it, or asks anew for those that wait still.
 */
void asking_answer(struct asking *asking, enum asking_leave leave, const struct subject *by);
/*
 * No, or nobody could be asked, or a leave that stood was taken back (why is not said then). Frees
 * the asking.
 */
void asking_fail(struct asking *asking, const struct op_refusal *why);

/* "bob, at pc, wants to read /fs/letters"; malloc'd. NULL: no memory. */
char *asking_sentence(const struct subject *subject, char letter, const char *name);

#endif
