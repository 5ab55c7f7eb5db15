/* SPDX-License-Identifier: MIT */
/*
 * head.c - a head as data: its fields, looked up and changed. How it stands in lines is op.c.
 */
#include "box/op.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/utf8.h"
#include "box/words.h"

enum op_code op_refuse(struct op_refusal *refusal, enum op_code code, const char *fmt, ...) {
	if (!refusal) {
		return code;
	}
	char text[2 * sizeof(refusal->sentence)];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	// The text may hold anything that a peer sent, cut anywhere.
	size_t size = strlen(text);
	for (size_t at = 0; at < size;) {
		size_t step = utf8_next(text + at, size - at);
		if (step == 0 || !utf8_plain(text + at, step)) {
			step = 1;
			text[at] = '?';
		}
		at += step;
	}
	size = utf8_cut(text, size, sizeof(refusal->sentence) - 1);
	memcpy(refusal->sentence, text, size);
	refusal->sentence[size] = '\0';
	refusal->code = code;
	return code;
}

void op_head_init_request(struct op_head *head, enum op_verb verb) {
	*head = (struct op_head){.role = OP_REQUEST, .verb = verb};
}

void op_head_init_reply(struct op_head *head) {
	*head = (struct op_head){.role = OP_REPLY};
}

void op_head_init_entry(struct op_head *head) {
	*head = (struct op_head){.role = OP_ENTRY};
}

static void entry_finish(struct op_entry *entry) {
	free(entry->key);
	free(entry->text);
}

void op_head_finish(struct op_head *head) {
	for (size_t i = 0; i < head->count; i++) {
		entry_finish(&head->entries[i]);
	}
	free(head->entries);
	head->entries = NULL;
	head->count = head->capacity = 0;
}

bool op_head_push(struct op_head *head, enum op_field field, char *key, char *text,
		uint64_t number) {
	if (head->count == head->capacity) {
		size_t capacity = head->capacity > 0 ? 2 * head->capacity : 8;
		struct op_entry *entries = realloc(head->entries, capacity * sizeof(entries[0]));
		if (!entries) {
			return false;
		}
		head->entries = entries;
		head->capacity = capacity;
	}
	head->entries[head->count++] = (struct op_entry){
		.field = field,
		.key = key,
		.text = text,
		.number = number,
	};
	return true;
}

static bool copy_entry(struct op_head *to, const struct op_entry *from) {
	char *key = from->key ? strdup(from->key) : NULL;
	char *text = strdup(from->text);
	if ((from->key && !key) || !text ||
			!op_head_push(to, from->field, key, text, from->number)) {
		free(key);
		free(text);
		return false;
	}
	return true;
}

bool op_head_copy(struct op_head *to, const struct op_head *from) {
	*to = (struct op_head){
		.role = from->role,
		.verb = from->verb,
		.refusal = from->refusal,
		.no_memory = from->no_memory,
	};
	for (size_t i = 0; i < from->count; i++) {
		if (!copy_entry(to, &from->entries[i])) {
			op_head_finish(to);
			to->no_memory = true;
			return false;
		}
	}
	return true;
}

static const struct op_entry *find(const struct op_head *head, enum op_field field) {
	assert(field < OP_F_UNKNOWN);
	for (size_t i = 0; i < head->count; i++) {
		if (head->entries[i].field == field) {
			return &head->entries[i];
		}
	}
	return NULL;
}

const char *op_get(const struct op_head *head, enum op_field field) {
	const struct op_entry *entry = find(head, field);
	return entry ? entry->text : NULL;
}

uint64_t op_get_number(const struct op_head *head, enum op_field field, uint64_t otherwise) {
	const struct op_entry *entry = find(head, field);
	return entry ? entry->number : otherwise;
}

bool op_has(const struct op_head *head, enum op_field field) {
	return find(head, field);
}

const char *op_each(const struct op_head *head, enum op_field field, size_t *at) {
	while (*at < head->count) {
		const struct op_entry *entry = &head->entries[(*at)++];
		if (entry->field == field) {
			return entry->text;
		}
	}
	return NULL;
}

// Takes text over.
static void append(struct op_head *head, enum op_field field, char *text) {
	uint64_t number;
	if (!text) {
		head->no_memory = true;
		return;
	}
	enum op_code code = words_check(field, text, &number, NULL);
	assert(code == OP_OK);
	(void)code;
	if (!op_head_push(head, field, NULL, text, number)) {
		free(text);
		head->no_memory = true;
	}
}

void op_add(struct op_head *head, enum op_field field, const char *text) {
	assert(words_field_is_list(field));
	append(head, field, strdup(text));
}

void op_unset(struct op_head *head, enum op_field field) {
	size_t kept = 0;
	for (size_t i = 0; i < head->count; i++) {
		if (head->entries[i].field == field) {
			entry_finish(&head->entries[i]);
		} else {
			head->entries[kept++] = head->entries[i];
		}
	}
	head->count = kept;
}

// Takes text over. It may have been made from the value that it replaces.
static void set(struct op_head *head, enum op_field field, char *text) {
	op_unset(head, field);
	append(head, field, text);
}

void op_set(struct op_head *head, enum op_field field, const char *text) {
	set(head, field, strdup(text));
}

void op_setf(struct op_head *head, enum op_field field, const char *fmt, ...) {
	char *text;
	va_list args;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0) {
		text = NULL;
	}
	va_end(args);
	set(head, field, text);
}

void op_set_number(struct op_head *head, enum op_field field, uint64_t number) {
	op_setf(head, field, "%" PRIu64, number);
}

void op_set_flag(struct op_head *head, enum op_field field) {
	op_set(head, field, "");
}

enum op_body op_body_of(const struct op_head *head, uint64_t *size) {
	const struct op_entry *entry = find(head, OP_F_BODY);
	if (!entry || strcmp(entry->text, "none") == 0) {
		return OP_BODY_NONE;
	}
	if (strcmp(entry->text, "chunks") == 0) {
		return OP_BODY_CHUNKS;
	}
	if (strcmp(entry->text, "frames") == 0) {
		return OP_BODY_FRAMES;
	}
	if (size) {
		*size = entry->number;
	}
	return OP_BODY_BYTES;
}

void op_set_body(struct op_head *head, enum op_body body, uint64_t size) {
	switch (body) {
	case OP_BODY_NONE:
		op_unset(head, OP_F_BODY);
		break;
	case OP_BODY_BYTES:
		op_set_number(head, OP_F_BODY, size);
		break;
	case OP_BODY_CHUNKS:
		op_set(head, OP_F_BODY, "chunks");
		break;
	case OP_BODY_FRAMES:
		op_set(head, OP_F_BODY, "frames");
		break;
	}
}
