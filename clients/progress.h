/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_PROGRESS_H
#define CLIENTS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* One line on a terminal that says how far a copy is; nothing where stderr is none. */
struct progress {
	bool shown;        // the line stands there
	int64_t begun_ms, told_ms;
	uint64_t from;     // bytes that had been moved before
};

void progress_init(struct progress *progress);
/* It moves. from: it goes on where an earlier one broke off, which is said to anybody; 0: it does not. */
void progress_begin(struct progress *progress, uint64_t from);
/* size 0: not known. Said often, shown ten times a second at most, and not in the first half second. */
void progress_tell(struct progress *progress, uint64_t done, uint64_t size);
/* Takes the line away. */
void progress_finish(struct progress *progress);
/* "1.4 GB". Returns out. */
const char *progress_amount(double bytes, char out[static 16]);

#endif
