/* SPDX-License-Identifier: MIT */
#ifndef REPLICA_VECTOR_H
#define REPLICA_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A version vector: of each machine that has changed a box, the count of its last change that is in
 * the box as it is. As text, field vector: FINGERPRINT:COUNT by blanks, sorted. (D. S. Parker and
 * others, Detection of Mutual Inconsistency in Distributed Systems, 1983.)
 */
#define VECTOR_KEY 64 // hex digits of a machine's fingerprint
#define VECTOR_MAX 64 // machines
#define VECTOR_TEXT (VECTOR_MAX * (VECTOR_KEY + 21) + 1)

struct vector {
	int size;
	struct vector_entry {
		char key[VECTOR_KEY + 1];
		uint64_t count; // not 0
	} at[VECTOR_MAX]; // sorted by key
};

enum vector_order {
	VECTOR_EQUAL,
	VECTOR_BEFORE,     // all of a is in b, and more
	VECTOR_AFTER,      // the other way
	VECTOR_CONCURRENT, // neither knew of the other
};

/* NULL or "" is the empty one, of what nobody has changed. false: malformed, out is empty. */
bool vector_parse(struct vector *out, const char *text);
/* Returns out. */
const char *vector_print(const struct vector *vector, char out[static VECTOR_TEXT]);
enum vector_order vector_compare(const struct vector *a, const struct vector *b);
/* 0: it has changed nothing. */
uint64_t vector_count(const struct vector *vector, const char *key);
/* false: there are VECTOR_MAX machines already. A count never becomes smaller. */
bool vector_raise(struct vector *vector, const char *key, uint64_t count);
/* into has all that is in either. false: too many machines, into has some of it. */
bool vector_merge(struct vector *into, const struct vector *other);

#endif
