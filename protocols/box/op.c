/* SPDX-License-Identifier: MIT */
/*
 * op.c - heads as lines: read, written, and printed for a trace. One decoder and one encoder walk
 * the tables of words.c for every message.
 *
 * What a request means, and whether it is allowed, is box.c; what follows a head is net/exchange.c.
 */
#include "box/op.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/utf8.h"
#include "box/words.h"

#define PRINT_MAX 80 // bytes of a value in a trace

// Words that begin a first line.
static const char level[] = "op/";
static const char no[] = "no ";

size_t op_head_size(const void *bytes, size_t size, struct op_refusal *refusal) {
	const char *text = bytes;
	if (refusal) {
		refusal->code = OP_OK;
	}
	if (size == 0) {
		return 0;
	}
	if (text[0] == '\n') {
		return 1;
	}
	size_t searched = size < OP_MAX_HEAD ? size : OP_MAX_HEAD;
	const char *end = memmem(text, searched, "\n\n", 2);
	if (end) {
		return (size_t)(end + 2 - text);
	}
	if (size >= OP_MAX_HEAD) {
		op_refuse(refusal, OP_E2BIG,
			"a head has at most %d bytes, its empty line included; put what is large "
			"into the body", OP_MAX_HEAD);
	}
	return 0;
}

// Reading

struct decoder {
	struct op_head *head;
	int line;      // for sentences, from 1
	bool seen[OP_F_UNKNOWN];
	struct op_refusal *refusal;
};

static int hex_digit(char c) {
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool op_unescape(char *text) {
	char *to = text;
	while (*text) {
		if (*text != '\\') {
			*to++ = *text++;
			continue;
		}
		switch (text[1]) {
		case 'n':
			*to++ = '\n';
			text += 2;
			break;
		case 't':
			*to++ = '\t';
			text += 2;
			break;
		case '\\':
			*to++ = '\\';
			text += 2;
			break;
		case 'x': {
			int high = hex_digit(text[2]);
			int low = high < 0 ? -1 : hex_digit(text[3]);
			if (low < 0 || high + low == 0) {
				return false;
			}
			*to++ = (char)(high << 4 | low);
			text += 4;
			break;
		}
		default:
			return false;
		}
	}
	*to = '\0';
	return true;
}

static enum op_code decode_request_line(struct decoder *decoder, const char *line) {
	if (strncmp(line, level, strlen(level)) != 0) {
		return op_refuse(decoder->refusal, OP_EARG,
			"a request begins with op/%d and a verb, not \"%.40s\"", OP_LEVEL, line);
	}
	const char *verb = strchr(line, ' ');
	size_t size = verb ? (size_t)(verb - line) : strlen(line);
	char ours[16];
	snprintf(ours, sizeof(ours), "%s%d", level, OP_LEVEL);
	if (size != strlen(ours) || strncmp(line, ours, size) != 0) {
		return op_refuse(decoder->refusal, OP_EUNSUPP, "%s is spoken here, not \"%.*s\"",
			ours, size > 40 ? 40 : (int)size, line);
	}
	int known = verb ? op_verb_by_name(verb + 1) : -1;
	if (known < 0) {
		char verbs[160] = "";
		for (int i = 0; i < OP_VERBS; i++) {
			strcat(strcat(verbs, i > 0 ? ", " : ""), op_verb_name((enum op_verb)i));
		}
		return op_refuse(decoder->refusal, OP_EUNSUPP, "no verb \"%.40s\"; there are %s",
			verb ? verb + 1 : "", verbs);
	}
	decoder->head->verb = (enum op_verb)known;
	return OP_OK;
}

static enum op_code decode_reply_line(struct decoder *decoder, char *line) {
	struct op_refusal *said = &decoder->head->refusal;
	if (strcmp(line, "ok") == 0) {
		return OP_OK;
	}
	if (strncmp(line, no, strlen(no)) != 0) {
		return op_refuse(decoder->refusal, OP_EARG,
			"a reply begins with ok, or with no, a code and a sentence; not \"%.40s\"",
			line);
	}
	char *word = line + strlen(no);
	char *sentence = strchr(word, ' ');
	if (!sentence || sentence[1] == '\0') {
		return op_refuse(decoder->refusal, OP_EARG, "the code \"%.40s\" has no sentence",
			word);
	}
	*sentence++ = '\0';
	int code = op_code_by_name(word);
	if (code < 0) {
		return op_refuse(decoder->refusal, OP_EARG, "no code \"%.40s\" is known", word);
	}
	if (!op_unescape(sentence) || !utf8_plain(sentence, strlen(sentence))) {
		return op_refuse(decoder->refusal, OP_EARG,
			"the sentence of %s has a wrong escape or a control character", word);
	}
	if (strlen(sentence) > OP_MAX_SENTENCE) {
		return op_refuse(decoder->refusal, OP_E2BIG, "a sentence has at most %d bytes",
			OP_MAX_SENTENCE);
	}
	said->code = (enum op_code)code;
	strcpy(said->sentence, sentence);
	return OP_OK;
}

static bool is_field_word(const char *word) {
	size_t size = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-");
	return size > 0 && word[0] >= 'a' && word[0] <= 'z' && word[size] == '\0';
}

static bool head_takes(const struct op_head *head, int field) {
	return field >= 0 && (head->role != OP_REQUEST || field == OP_F_BODY ||
		words_verb_takes(head->verb, (enum op_field)field));
}

// Keeps a field nobody here knows, so that a proxy loses nothing.
static enum op_code keep_unknown(struct decoder *decoder, const char *word, const char *value) {
	char *key = strdup(word), *text = strdup(value);
	if (!key || !text || !op_head_push(decoder->head, OP_F_UNKNOWN, key, text, 0)) {
		free(key);
		free(text);
		return op_refuse(decoder->refusal, OP_EIO, "out of memory");
	}
	return OP_OK;
}

static enum op_code keep_field(struct decoder *decoder, enum op_field field, const char *value) {
	struct op_head *head = decoder->head;
	const char *word = op_field_name(field);
	uint64_t number;
	if (!words_field_is_list(field) && decoder->seen[field]) {
		return op_refuse(decoder->refusal, OP_EARG, "line %d gives %s a second time",
			decoder->line, word);
	}
	decoder->seen[field] = true;
	enum op_code code = words_check(field, value, &number, decoder->refusal);
	if (code != OP_OK) {
		return code;
	}
	if (field == OP_F_BODY && head->role == OP_REQUEST && strcmp(value, "none") != 0 &&
			!words_verb_takes(head->verb, field)) {
		return op_refuse(decoder->refusal, OP_EARG, "%s takes no body",
			op_verb_name(head->verb));
	}
	char *text = strdup(value);
	if (!text || !op_head_push(head, field, NULL, text, number)) {
		free(text);
		return op_refuse(decoder->refusal, OP_EIO, "out of memory");
	}
	return OP_OK;
}

static enum op_code decode_field(struct decoder *decoder, char *line) {
	char *value = strchr(line, ' ');
	if (value) {
		*value++ = '\0';
	} else {
		value = line + strlen(line);
	}
	size_t size = strlen(line);
	bool critical = size > 0 && line[size - 1] == '!';
	if (critical) {
		line[size - 1] = '\0';
	}
	if (!is_field_word(line)) {
		return op_refuse(decoder->refusal, OP_EARG,
			"line %d begins with \"%.40s\", which is no field (a to z, 0 to 9, -)",
			decoder->line, line);
	}
	if (!op_unescape(value)) {
		return op_refuse(decoder->refusal, OP_EARG,
			"line %d, %.40s: there are \\n, \\t, \\\\ and \\xHH but for byte 0",
			decoder->line, line);
	}
	int field = op_field_by_name(line);
	if (head_takes(decoder->head, field)) {
		return keep_field(decoder, (enum op_field)field, value);
	}
	if (critical) {
		if (decoder->head->role == OP_REQUEST) {
			return op_refuse(decoder->refusal, OP_EUNSUPP, "%s does not know %.40s",
				op_verb_name(decoder->head->verb), line);
		}
		return op_refuse(decoder->refusal, OP_EUNSUPP, "%.40s is not known here", line);
	}
	return keep_unknown(decoder, line, value);
}

static enum op_code decode_line(struct decoder *decoder, char *line, size_t size) {
	decoder->line++;
	if (!utf8_plain(line, size)) {
		return op_refuse(decoder->refusal, OP_EARG,
			"line %d holds bytes that are not plain UTF-8; write them as \\xHH",
			decoder->line);
	}
	if (decoder->line == 1 && decoder->head->role == OP_REQUEST) {
		return decode_request_line(decoder, line);
	}
	if (decoder->line == 1 && decoder->head->role == OP_REPLY) {
		return decode_reply_line(decoder, line);
	}
	return decode_field(decoder, line);
}

static enum op_code check_required(const struct decoder *decoder) {
	const struct op_head *head = decoder->head;
	if (head->role != OP_REQUEST) {
		return OP_OK;
	}
	for (int i = 0; i < OP_F_UNKNOWN; i++) {
		if (words_verb_requires(head->verb, (enum op_field)i) && !decoder->seen[i]) {
			return op_refuse(decoder->refusal, OP_EARG, "%s needs the field %s",
				op_verb_name(head->verb), op_field_name((enum op_field)i));
		}
	}
	return OP_OK;
}

// text is the head without its empty line, 0-terminated; it is cut up.
static enum op_code decode_lines(struct decoder *decoder, char *text, size_t size) {
	char *end = text + size;
	while (text < end) {
		char *newline = memchr(text, '\n', (size_t)(end - text));
		*newline = '\0';
		enum op_code code = decode_line(decoder, text, (size_t)(newline - text));
		if (code != OP_OK) {
			return code;
		}
		text = newline + 1;
	}
	if (decoder->line == 0 && decoder->head->role != OP_ENTRY) {
		return op_refuse(decoder->refusal, OP_EARG, "the head has no first line");
	}
	return check_required(decoder);
}

enum op_code op_decode(struct op_head *head, enum op_role role, const void *bytes, size_t size,
		struct op_refusal *refusal) {
	*head = (struct op_head){.role = role};
	size_t whole = op_head_size(bytes, size, refusal);
	if (whole != size || size == 0) {
		bool big = size > OP_MAX_HEAD && whole == 0;
		return big ? OP_E2BIG : op_refuse(refusal, OP_EARG, "that is not one whole head");
	}
	char *text = malloc(size);
	if (!text) {
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	memcpy(text, bytes, size);
	text[size - 1] = '\0';
	struct decoder decoder = {.head = head, .refusal = refusal};
	enum op_code code = decode_lines(&decoder, text, size - 1);
	free(text);
	if (code != OP_OK) {
		op_head_finish(head);
		*head = (struct op_head){.role = role};
	}
	return code;
}

// Writing

static bool escape(const char *text, size_t size, struct buf *out) {
	bool good = true;
	while (size > 0 && good) {
		size_t step = utf8_next(text, size);
		if (*text == '\\') {
			good = buf_append(out, "\\\\", 2);
		} else if (*text == '\n') {
			good = buf_append(out, "\\n", 2);
		} else if (*text == '\t') {
			good = buf_append(out, "\\t", 2);
		} else if (step == 0 || !utf8_plain(text, step)) {
			good = buf_printf(out, "\\x%02x", (unsigned char)*text);
			step = 1;
		} else {
			good = buf_append(out, text, step);
		}
		text += step;
		size -= step;
	}
	return good;
}

bool op_escape(const char *text, struct buf *out) {
	size_t before = out->size;
	if (!escape(text, strlen(text), out)) {
		out->size = before;
		return false;
	}
	return true;
}

static bool encode_first(const struct op_head *head, struct buf *out) {
	switch (head->role) {
	case OP_REQUEST:
		return buf_printf(out, "%s%d %s\n", level, OP_LEVEL, op_verb_name(head->verb));
	case OP_REPLY:
		if (head->refusal.code == OP_OK) {
			return buf_append(out, "ok\n", 3);
		}
		assert(head->refusal.sentence[0]); // a code alone helps nobody
		return buf_printf(out, "%s%s ", no, op_code_name(head->refusal.code)) &&
			op_escape(head->refusal.sentence, out) && buf_append(out, "\n", 1);
	case OP_ENTRY:
		return true;
	}
	return false;
}

static const char *entry_word(const struct op_entry *entry) {
	return entry->field == OP_F_UNKNOWN ? entry->key : op_field_name(entry->field);
}

static bool encode_entry(const struct op_entry *entry, struct buf *out) {
	return buf_printf(out, "%s%s", entry_word(entry), entry->text[0] ? " " : "") &&
		op_escape(entry->text, out) && buf_append(out, "\n", 1);
}

enum op_code op_encode(const struct op_head *head, struct buf *out, struct op_refusal *refusal) {
	size_t before = out->size;
	bool good = !head->no_memory && encode_first(head, out);
	for (size_t i = 0; i < head->count && good; i++) {
		good = encode_entry(&head->entries[i], out);
	}
	if (!good || !buf_append(out, "\n", 1)) {
		out->size = before;
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	if (out->size - before > OP_MAX_HEAD) {
		size_t size = out->size - before;
		out->size = before;
		return op_refuse(refusal, OP_E2BIG, "a head has at most %d bytes, this one has %zu",
			OP_MAX_HEAD, size);
	}
	return OP_OK;
}

// For a trace

static bool print_value(const char *text, struct buf *out) {
	size_t size = strlen(text), kept = utf8_cut(text, size, PRINT_MAX);
	const char *quote = strchr(text, ' ') ? "\"" : "";
	return buf_printf(out, " %s", quote) && escape(text, kept, out) &&
		buf_printf(out, "%s%s", kept < size ? "…" : "", quote);
}

static bool print_first(const struct op_head *head, struct buf *out) {
	if (head->role == OP_REQUEST) {
		return buf_printf(out, "> %s", op_verb_name(head->verb));
	}
	if (head->role == OP_ENTRY) {
		return buf_append(out, "-", 1);
	}
	return buf_printf(out, "< %s%s", head->refusal.code == OP_OK ? "" : no,
		op_code_name(head->refusal.code)) &&
		(head->refusal.code == OP_OK || buf_printf(out, " %s", head->refusal.sentence));
}

const char *op_print(const struct op_head *head, char *out, size_t size) {
	struct buf text;
	assert(size > 0);
	buf_init(&text);
	bool good = print_first(head, &text);
	for (size_t i = 0; i < head->count && good; i++) {
		const struct op_entry *entry = &head->entries[i];
		good = buf_printf(&text, " %s", entry_word(entry)) &&
			(!entry->text[0] || print_value(entry->text, &text));
	}
	size_t kept = utf8_cut((const char *)buf_front(&text), text.size, size - 1);
	if (kept > 0) {
		memcpy(out, buf_front(&text), kept);
	}
	out[kept] = '\0';
	buf_finish(&text);
	return out;
}
