/* SPDX-License-Identifier: MIT */
#ifndef BOX_OP_H
#define BOX_OP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "box/op-tables.h" // generated: enums op_verb, op_field, op_code, op_kind, op_control

/*
 * A head: the lines before the empty line, of a request, a reply, a trailer, or one entry of a list
 * of selectors. Decoded, it holds only fields whose values are well formed; encoded, it is the same
 * lines again, unknown fields included, so a proxy loses nothing.
 */

/* Why a request is refused: a code, and a sentence for the person, which says what to do next. */
struct op_refusal {
	enum op_code code; // OP_OK: it is not
	char sentence[OP_MAX_SENTENCE + 1]; // one line of UTF-8
};

/*
 * Fills refusal (which may be NULL) and returns code, so that a check can end `return
 * op_refuse(…)`. Control characters and what is not UTF-8, as a peer may have sent, become "?"; too
 * long is cut.
 */
enum op_code op_refuse(struct op_refusal *refusal, enum op_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

enum op_role {
	OP_REQUEST, // first line: op/1 VERB
	OP_REPLY,   // first line: ok, or no CODE sentence; trailers too
	OP_ENTRY,   // no first line: one box in the body of selectors
};

struct op_entry {
	enum op_field field; // OP_F_UNKNOWN: key says which
	char *key;           // only of fields that are unknown, or not this verb's
	char *text;          // decoded: escapes undone; may hold any byte but 0; "" for a flag
	uint64_t number;     // of number fields, and of body when it is N
};

enum op_body {
	OP_BODY_NONE,
	OP_BODY_BYTES, // exactly so many
	OP_BODY_CHUNKS,
	OP_BODY_FRAMES,
};

struct op_head {
	enum op_role role;
	enum op_verb verb;         // of a request
	struct op_refusal refusal; // of a reply; code OP_OK is "ok"
	struct op_entry *entries;  // in the order they were said
	size_t count, capacity;
	bool no_memory; // an op_set or op_add failed: op_encode will refuse
};

void op_head_init_request(struct op_head *head, enum op_verb verb);
void op_head_init_reply(struct op_head *head); // ok, until op_refuse(&head->refusal, …)
void op_head_init_entry(struct op_head *head);
/* to is initialised here; false: no memory, then to is empty and op_encode refuses it. */
bool op_head_copy(struct op_head *to, const struct op_head *from);
void op_head_finish(struct op_head *head); // twice is fine

/* The value of a field, the first one of a list; NULL: not said. Valid until the head changes. */
const char *op_get(const struct op_head *head, enum op_field field);
uint64_t op_get_number(const struct op_head *head, enum op_field field, uint64_t otherwise);
bool op_has(const struct op_head *head, enum op_field field);
/* Walks the values of a list field: begin with *at = 0; NULL at the end. */
const char *op_each(const struct op_head *head, enum op_field field, size_t *at);

/*
 * Set replaces, add appends to a list; texts are copied. A failure is kept in the head, so callers
 * set all fields and look once, at op_encode. Values must be well formed: that is our own bug.
 */
void op_set(struct op_head *head, enum op_field field, const char *text);
void op_setf(struct op_head *head, enum op_field field, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void op_set_number(struct op_head *head, enum op_field field, uint64_t number);
void op_set_flag(struct op_head *head, enum op_field field);
void op_add(struct op_head *head, enum op_field field, const char *text);
void op_unset(struct op_head *head, enum op_field field);

enum op_body op_body_of(const struct op_head *head, uint64_t *size); // size only of OP_BODY_BYTES
void op_set_body(struct op_head *head, enum op_body body, uint64_t size);

/*
 * The size of the head that begins at bytes, its empty line included; 0: not whole yet, or refused:
 * refusal says E2BIG when it is over OP_MAX_HEAD, else OP_OK.
 */
size_t op_head_size(const void *bytes, size_t size, struct op_refusal *refusal);

/*
 * Decodes exactly one whole head. On refusal (EARG with what was wrong and where, EUNSUPP for an
 * unknown verb or an unknown field that ends in "!", E2BIG, EIO for want of memory) head holds
 * nothing and is finished. A field that the verb does not take counts as unknown, but for body: a
 * body that nobody would read is EARG.
 */
enum op_code op_decode(struct op_head *head, enum op_role role, const void *bytes, size_t size,
	struct op_refusal *refusal);
/* Appends the lines. E2BIG over OP_MAX_HEAD, EIO for want of memory; then nothing was appended. */
enum op_code op_encode(const struct op_head *head, struct buf *out, struct op_refusal *refusal);

/*
 * One line for a trace: "> link device /b/cons/1 name /proc/lb/io1", "< no ENOENT no such box …",
 * "- name /win/3 type win". Values are escaped as in a head, quoted if they hold a space; more than
 * 80 bytes are cut with "…". Returns out, always terminated.
 */
const char *op_print(const struct op_head *head, char *out, size_t size);

/* Escapes a value as a head has it, onto out. false: no memory, and nothing was appended. */
bool op_escape(const char *text, struct buf *out);
/* And back, in place. false: a wrong escape, or byte 0. */
bool op_unescape(char *text);

/* By name; -1: none of that name. "ok" is no code. */
int op_verb_by_name(const char *name);
int op_field_by_name(const char *name);
int op_code_by_name(const char *name);
int op_control_by_name(const char *name); // enum op_control
/* "ENOENT" … ; "ok" of OP_OK. */
const char *op_code_name(enum op_code code);
const char *op_field_name(enum op_field field); // not of OP_F_UNKNOWN
const char *op_kind_name(enum op_kind kind);
const char *op_control_name(enum op_control control);
const char *op_verb_name(enum op_verb verb);
char op_verb_letter(enum op_verb verb);

#endif
