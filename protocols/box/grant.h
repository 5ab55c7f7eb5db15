/* SPDX-License-Identifier: MIT */
#ifndef BOX_GRANT_H
#define BOX_GRANT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "box/op.h"

/*
 * A grant: leave, signed by a machine of the person who asks, for one other machine to do one thing
 * with one box in his name. Here it is text and decisions; signatures are boxd/quic/signing.
 *
 *     grant/1
 *     id 32 hex digits
 *     person, by, holder, to    each a fingerprint: the asker, his machine that signs, the machine
 *                               that will come with it, the machine it comes to
 *     verbs getmem
 *     name /fs/letters/one
 *     from, until               seconds since 1970
 *     use once
 *     an empty line
 *
 * One form for one grant: these lines, in this order, nothing else. The signature is over
 * GRANT_CONTEXT and the bytes as they came.
 */

#define GRANT_CONTEXT "boxland grant/1" // and the zero byte behind it
#define GRANT_KEY 64   // characters of a fingerprint
#define GRANT_ID 32    // characters
#define GRANT_SKEW 300 // seconds that two clocks may differ

enum grant_use {
	GRANT_ONCE,   // for 10 minutes at most
	GRANT_LINK,   // for a day at most, one exchange at a time
	GRANT_NS,     // likewise, several at a time, and lists too
	GRANT_MEMBER, // names a person of a group
};

struct grant {
	char id[GRANT_ID + 1];
	char person[GRANT_KEY + 1], by[GRANT_KEY + 1], holder[GRANT_KEY + 1], to[GRANT_KEY + 1];
	uint32_t verbs; // bits 1 << OP_GETMEM
	char name[OP_MAX_NAME + 1];
	int64_t from, until;
	enum grant_use use;
};

/* So long a grant for that use holds at most. */
int64_t grant_seconds(enum grant_use use);

/* Appends the head. false: no memory. */
bool grant_print(const struct grant *grant, struct buf *out);
/*
 * Reads a head from the front of text. Returns its size with the empty line; 0 and refusal, EARG,
 * if it is not one.
 */
size_t grant_parse(struct grant *grant, const char *text, size_t size,
	struct op_refusal *refusal);

/* What somebody wants to do with a grant. */
struct grant_case {
	const char *holder; // the machine that came with it
	const char *to;     // the machine it came to
	enum op_verb verb;
	const char *name;   // as it is there
	int64_t now;        // seconds since 1970; 0: time is not looked at
};
/*
 * Whether the grant, whose signature holds, is for just that. EPERM with what it is for instead.
 * That it is used once is for who counts.
 */
enum op_code grant_covers(const struct grant *grant, const struct grant_case *wanted,
	struct op_refusal *refusal);

#endif
