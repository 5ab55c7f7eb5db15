/* SPDX-License-Identifier: MIT */
#ifndef BOXD_UNION_IMPL_H
#define BOXD_UNION_IMPL_H

#include "union.h"
#include "union_list.h"

/* What union.c and union_ask.c share. */

// Whoever has not said by then whether it has the box does not take part.
#define UNION_PATIENCE_MS 3000
// Likewise, if it did not the last time.
#define UNION_SILENT_MS 500

enum phase {
	PHASE_KIND,   // who has the box?
	PHASE_PARENT, // who lets one come into being?
	PHASE_LIST,
	PHASE_WAIT, // whose list has changed?
};

struct member {
	struct united *united;
	struct union_part part;
	char *socket;
	struct caller caller;
	struct call *call; // NULL: none under way
	bool answered;     // or was passed over
	bool has, meets;   // the box that is asked for; what is wanted
	bool may;          // make something in it, or put
	struct op_head no; // what it refused
};

struct united {
	struct wl_list link; // unions.list
	struct unions *unions;
	struct exchange *exchange;
	struct op_head head;
	struct subject subject;
	enum phase phase;
	struct member members[MOUNTS_SHARED]; // in order of mounting
	int count;
	struct wl_event_source *timer;
	bool impatient; // the silent ones had their time
	struct wl_listener changed; // mounts.events.changed
};

/* union.c */

/* Somebody has answered, or was passed over. */
void union_look(struct united *united);

/* union_ask.c; false: no memory */

/* Those that are mounted now; what was asked of others is broken off. */
bool union_find_members(struct united *united);
void union_forget_members(struct united *united);
bool union_ask_kinds(struct united *united, enum phase phase, const char *name);
bool union_ask_lists(struct united *united);
/*
 * Only while all that made the list are there, and no other, waits is set. A server that was silent is
 * asked without a version: that it answers is a change.
 */
bool union_wait_for_change(struct united *united, bool *waits);

#endif
