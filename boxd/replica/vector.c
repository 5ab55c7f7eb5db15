/* SPDX-License-Identifier: MIT */
/*
 * vector.c - version vectors: as text, in order, merged. What follows from their order is rules.c.
 */
#include "replica/vector.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int place_of(const struct vector *vector, const char *key, bool *found) {
	int at = 0, order = 1;
	while (at < vector->size && (order = strcmp(key, vector->at[at].key)) > 0) {
		at++;
	}
	*found = at < vector->size && order == 0;
	return at;
}

uint64_t vector_count(const struct vector *vector, const char *key) {
	bool found;
	int at = place_of(vector, key, &found);
	return found ? vector->at[at].count : 0;
}

bool vector_raise(struct vector *vector, const char *key, uint64_t count) {
	bool found;
	int at = place_of(vector, key, &found);
	if (!found && vector->size == VECTOR_MAX) {
		return false;
	}
	if (!found) {
		memmove(&vector->at[at + 1], &vector->at[at],
			(size_t)(vector->size - at) * sizeof(vector->at[0]));
		vector->size++;
		snprintf(vector->at[at].key, sizeof(vector->at[at].key), "%s", key);
		vector->at[at].count = count;
	} else if (count > vector->at[at].count) {
		vector->at[at].count = count;
	}
	return true;
}

bool vector_merge(struct vector *into, const struct vector *other) {
	bool good = true;
	for (int i = 0; i < other->size; i++) {
		good = vector_raise(into, other->at[i].key, other->at[i].count) && good;
	}
	return good;
}

// Whether b has all that is in a.
static bool is_in(const struct vector *a, const struct vector *b) {
	for (int i = 0; i < a->size; i++) {
		if (vector_count(b, a->at[i].key) < a->at[i].count) {
			return false;
		}
	}
	return true;
}

enum vector_order vector_compare(const struct vector *a, const struct vector *b) {
	bool before = is_in(a, b), after = is_in(b, a);
	return before && after ? VECTOR_EQUAL : before ? VECTOR_BEFORE : after ? VECTOR_AFTER :
		VECTOR_CONCURRENT;
}

// One FINGERPRINT:COUNT; *text moves behind it.
static bool parse_entry(struct vector *out, const char **text) {
	const char *at = *text;
	char key[VECTOR_KEY + 1];
	bool found;
	if (strspn(at, "0123456789abcdef") != VECTOR_KEY || at[VECTOR_KEY] != ':') {
		return false;
	}
	memcpy(key, at, VECTOR_KEY);
	key[VECTOR_KEY] = '\0';
	at += VECTOR_KEY + 1;
	size_t digits = strspn(at, "0123456789");
	uint64_t count = 0;
	if (digits == 0 || digits > 18 || *at == '0') { // below 2^63, with room to count
		return false;
	}
	for (size_t i = 0; i < digits; i++) {
		count = count * 10 + (uint64_t)(at[i] - '0');
	}
	place_of(out, key, &found);
	*text = at + digits;
	return !found && vector_raise(out, key, count);
}

bool vector_parse(struct vector *out, const char *text) {
	out->size = 0;
	if (!text || !*text) {
		return true;
	}
	for (;; text++) {
		if (!parse_entry(out, &text) || (*text && *text != ' ')) {
			out->size = 0;
			return false;
		}
		if (!*text) {
			return true;
		}
	}
}

const char *vector_print(const struct vector *vector, char out[static VECTOR_TEXT]) {
	size_t size = 0;
	out[0] = '\0';
	for (int i = 0; i < vector->size; i++) {
		size += (size_t)snprintf(out + size, VECTOR_TEXT - size, "%s%s:%" PRIu64, i > 0 ? " " : "",
			vector->at[i].key, vector->at[i].count);
	}
	return out;
}
