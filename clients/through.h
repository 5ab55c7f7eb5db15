/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_THROUGH_H
#define CLIENTS_THROUGH_H

#include "box.h"
#include "elsewhere.h"

/*
 * Copies whose bytes pass through here: between a box and a file of this machine, or stdin and stdout
 * ("-"). A large one goes on where an earlier one broke off, if the contents are what they were; and
 * waits for a line that broke. For box cp.
 */
struct through_wish {
	const char *source, *target;
	bool from_box, to_box;
	const char *type;  // that a file's bytes are taken for; NULL: nothing is said
	bool whole_folder; // a folder to stdout is a tar stream
};

/*
 * Returns the exit status; what was refused was said, unless the target is lost. *is_folder: nothing was
 * done, for the source is one.
 */
int copy_through(struct asker *asker, const struct through_wish *wish, struct lost *lost,
	bool *is_folder);

#endif
