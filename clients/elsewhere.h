/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_ELSEWHERE_H
#define CLIENTS_ELSEWHERE_H

#include "libbox/ask.h"

/*
 * A copy whose target went away with its machine, while its name means others too: it may go on with
 * the next of them, if the source can be read once more.
 */
struct lost {
	struct op_refusal why;
	char name[OP_MAX_NAME + 1]; // of the target that was meant, below /n; "": nothing is lost
	uint64_t done;              // bytes that had been sent
};

/* Whether a call ended like that; head is what told it, a reply or a trailer, and may be NULL. */
bool lost_note(struct lost *lost, const struct op_refusal *why, const struct op_head *head);
/* Whether all of a source is there again: a file, of this machine or in a storage. */
bool can_read_again(struct asker *asker, const char *source);
/*
 * Whether target is in a storage of another machine now. Says so: who went away, after how much, and
 * who goes on.
 */
bool find_elsewhere(struct asker *asker, const struct lost *lost, const char *target);

#endif
