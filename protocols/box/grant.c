/* SPDX-License-Identifier: MIT */
/*
 * grant.c - grants as text, and what each is good for.
 *
 * A text that differs in one byte is another grant or none: no order, blank or number may be written
 * in two ways. Who signed it, and that he may be believed, is boxd/quic/signing.c.
 */
#include "box/grant.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/name.h"

// What may be done in another's name: whatever sends further, or makes, is asked by himself.
#define BYTES (1u << OP_KIND | 1u << OP_GETMEM | 1u << OP_PUTMEM)

static const struct {
	const char *word;
	int64_t seconds; // it holds for so long at most
	uint32_t verbs;  // and is good for these at most
} uses[] = {
	[GRANT_ONCE] = {"once", 600, BYTES},
	[GRANT_LINK] = {"link", 86400, BYTES},
	[GRANT_NS] = {"ns", 86400, BYTES | 1u << OP_SELECTORS},
	[GRANT_MEMBER] = {"member", INT64_MAX, 0},
};
#define USES (sizeof(uses) / sizeof(uses[0]))

int64_t grant_seconds(enum grant_use use) {
	return uses[use].seconds;
}

bool grant_print(const struct grant *grant, struct buf *out) {
	bool good = buf_printf(out, "grant/1\nid %s\nperson %s\nby %s\nholder %s\nto %s\nverbs", grant->id,
		grant->person, grant->by, grant->holder, grant->to);
	for (int verb = 0; verb < OP_VERBS; verb++) {
		if (grant->verbs & 1u << verb) {
			good = good && buf_printf(out, " %s", op_verb_name((enum op_verb)verb));
		}
	}
	return good && buf_printf(out, "\nname %s\nfrom %" PRId64 "\nuntil %" PRId64 "\nuse %s\n\n",
		grant->name, grant->from, grant->until, uses[grant->use].word);
}

/* What is left of a text; goes bad and stays bad. */
struct cursor {
	const char *at, *end;
	bool bad;
};

// The value of the next line, which must be of that field. Not 0-terminated.
static const char *take(struct cursor *cursor, const char *field, size_t *size) {
	size_t length = strlen(field), left = (size_t)(cursor->end - cursor->at);
	const char *line = cursor->at;
	const char *newline = cursor->bad || left == 0 ? NULL : memchr(line, '\n', left);
	if (!newline || (size_t)(newline - line) <= length || memcmp(line, field, length) != 0 ||
			line[length] != ' ') {
		cursor->bad = true;
		*size = 0;
		return "";
	}
	cursor->at = newline + 1;
	*size = (size_t)(newline - line) - length - 1;
	return line + length + 1;
}

static void take_hex(struct cursor *cursor, const char *field, char *out, size_t digits) {
	size_t size;
	const char *value = take(cursor, field, &size);
	if (size != digits || strspn(value, "0123456789abcdef") < digits) {
		cursor->bad = true;
	} else {
		memcpy(out, value, digits);
		out[digits] = '\0';
	}
}

static int64_t take_time(struct cursor *cursor, const char *field) {
	size_t size;
	const char *value = take(cursor, field, &size);
	int64_t seconds = 0;
	if (size == 0 || size > 12 || strspn(value, "0123456789") < size || value[0] == '0') {
		cursor->bad = true;
		return 0;
	}
	for (size_t i = 0; i < size; i++) {
		seconds = seconds * 10 + (value[i] - '0');
	}
	return seconds;
}

static void take_name(struct cursor *cursor, char out[static OP_MAX_NAME + 1]) {
	size_t size;
	const char *value = take(cursor, "name", &size);
	if (size == 0 || size > OP_MAX_NAME || memchr(value, '\0', size)) {
		cursor->bad = true;
		return;
	}
	memcpy(out, value, size);
	out[size] = '\0';
	cursor->bad = cursor->bad || name_check(out, NULL) != OP_OK;
}

static bool is_word(const char *value, size_t size, const char *word) {
	return size == strlen(word) && memcmp(value, word, size) == 0;
}

static void take_use(struct cursor *cursor, enum grant_use *use) {
	size_t size, i;
	const char *value = take(cursor, "use", &size);
	for (i = 0; i < USES && !is_word(value, size, uses[i].word); i++) {
	}
	cursor->bad = cursor->bad || i == USES;
	*use = i == USES ? GRANT_ONCE : (enum grant_use)i;
}

// In the order of op.xml, each once.
static void take_verbs(struct cursor *cursor, uint32_t *verbs) {
	size_t size;
	const char *value = take(cursor, "verbs", &size), *end = value + size;
	int verb = 0;
	while (!cursor->bad && value < end) {
		size_t word = 0;
		while (value + word < end && value[word] != ' ') {
			word++;
		}
		while (verb < OP_VERBS && !is_word(value, word, op_verb_name((enum op_verb)verb))) {
			verb++;
		}
		if (verb == OP_VERBS) {
			cursor->bad = true;
			return;
		}
		*verbs |= 1u << verb++;
		value += word;
		if (value < end && ++value == end) {
			cursor->bad = true; // a blank at the end
		}
	}
	cursor->bad = cursor->bad || *verbs == 0;
}

size_t grant_parse(struct grant *grant, const char *text, size_t size,
		struct op_refusal *refusal) {
	static const char first[] = "grant/1\n";
	struct cursor cursor = {.at = text, .end = text + size};
	*grant = (struct grant){0};
	cursor.bad = size < strlen(first) || memcmp(text, first, strlen(first)) != 0;
	cursor.at += cursor.bad ? 0 : strlen(first);
	take_hex(&cursor, "id", grant->id, GRANT_ID);
	take_hex(&cursor, "person", grant->person, GRANT_KEY);
	take_hex(&cursor, "by", grant->by, GRANT_KEY);
	take_hex(&cursor, "holder", grant->holder, GRANT_KEY);
	take_hex(&cursor, "to", grant->to, GRANT_KEY);
	take_verbs(&cursor, &grant->verbs);
	take_name(&cursor, grant->name);
	grant->from = take_time(&cursor, "from");
	grant->until = take_time(&cursor, "until");
	take_use(&cursor, &grant->use);
	if (cursor.bad || cursor.at == cursor.end || *cursor.at != '\n') {
		op_refuse(refusal, OP_EARG, "that is no grant: its lines are not those of grant/1");
		return 0;
	}
	return (size_t)(cursor.at + 1 - text);
}

static enum op_code check_time(const struct grant *grant, int64_t now,
		struct op_refusal *refusal) {
	if (grant->until < grant->from || grant->until - grant->from > uses[grant->use].seconds) {
		return op_refuse(refusal, OP_EPERM, "a grant for use %s holds for %" PRId64 " s at most",
			uses[grant->use].word, uses[grant->use].seconds);
	}
	if (now != 0 && now < grant->from - GRANT_SKEW) {
		return op_refuse(refusal, OP_EPERM, "the grant begins %" PRId64 " s from now: set the clocks "
			"of the two machines", grant->from - now);
	}
	if (now != 0 && now > grant->until + GRANT_SKEW) {
		return op_refuse(refusal, OP_EPERM, "the grant ran out %" PRId64 " s ago: ask anew, or set the "
			"clocks of the two machines", now - grant->until);
	}
	return OP_OK;
}

enum op_code grant_covers(const struct grant *grant, const struct grant_case *wanted,
		struct op_refusal *refusal) {
	if (strcmp(grant->holder, wanted->holder) != 0) {
		return op_refuse(refusal, OP_EPERM, "the grant was given to another machine than came with "
			"it");
	}
	if (strcmp(grant->to, wanted->to) != 0) {
		return op_refuse(refusal, OP_EPERM, "the grant is for another machine than this one");
	}
	if (!(grant->verbs & uses[grant->use].verbs & 1u << wanted->verb)) {
		return op_refuse(refusal, OP_EPERM, "the grant is not for %s", op_verb_name(wanted->verb));
	}
	if (strcmp(grant->name, wanted->name) != 0) {
		return op_refuse(refusal, OP_EPERM, "the grant is for %.150s, not for %.150s", grant->name,
			wanted->name);
	}
	return check_time(grant, wanted->now, refusal);
}
