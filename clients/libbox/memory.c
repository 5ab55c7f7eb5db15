/* SPDX-License-Identifier: MIT */
/*
 * memory.c - the program's own memory as source and target: getmem, putmem, and any request as Op
 * has it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "libbox/space.h"
#include "libbox/turn.h"

typedef ssize_t (*give_fn)(void *data, void *bytes, size_t size);
typedef bool (*take_fn)(void *data, const void *bytes, size_t size);

static enum box_code talk(struct box_space *space, enum op_verb verb, const char *name,
		const char *cnstr, give_fn give, take_fn take, void *data) {
	struct turn turn;
	struct op_head request;
	struct answer answer;
	if (!turn_begin(&turn, space)) {
		return turn_end(&turn);
	}
	op_head_init_request(&request, verb);
	if (space_say(&turn.asker, &request, OP_F_NAME, name, &turn.why) != OP_OK ||
			(cnstr && head_say(&request, OP_F_WANT, cnstr, &turn.why) != OP_OK)) {
		op_head_finish(&request);
		return turn_end(&turn);
	}
	turn_talk(&turn, &request, give, take, data, &answer);
	answer_finish(&answer);
	return turn_end(&turn);
}

enum box_code box_getmem(struct box_space *space, const char *name, const char *cnstr,
		bool (*take)(void *data, const void *bytes, size_t size), void *data) {
	return talk(space, OP_GETMEM, name, cnstr, NULL, take, data);
}

enum box_code box_putmem(struct box_space *space, const char *name, const char *cnstr,
		ssize_t (*give)(void *data, void *bytes, size_t size), void *data) {
	return talk(space, OP_PUTMEM, name, cnstr, give, NULL, data);
}

// boxd said in BOX_VM which descriptors of ours are whose memory: "x=64 y=65".
static int find_segment(const char *name) {
	size_t size = strlen(name);
	const char *at = getenv("BOX_VM");
	while (at && *at) {
		if (strncmp(at, name, size) == 0 && at[size] == '=') {
			return atoi(at + size + 1);
		}
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	return -1;
}

void *box_segment(const char *name, size_t *size) {
	int fd = find_segment(name);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0) {
		errno = ENOENT;
		return NULL;
	}
	if (st.st_size == 0) {
		errno = ENODATA;
		return NULL;
	}
	void *block = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (block == MAP_FAILED) {
		return NULL;
	}
	if (size) {
		*size = (size_t)st.st_size;
	}
	return block;
}

/* A block of memory. */

struct block {
	char *bytes;
	size_t size, capacity;
	bool full; // there is no memory for more
};

static bool block_take(void *data, const void *bytes, size_t size) {
	struct block *block = data;
	if (block->size + size + 1 > block->capacity) {
		size_t capacity = 2 * block->capacity + size + 1;
		char *larger = realloc(block->bytes, capacity);
		if (!larger) {
			block->full = true;
			return false;
		}
		block->bytes = larger;
		block->capacity = capacity;
	}
	memcpy(block->bytes + block->size, bytes, size);
	block->size += size;
	block->bytes[block->size] = '\0';
	return true;
}

enum box_code box_get(struct box_space *space, const char *name, const char *cnstr, void **bytes,
		size_t *size) {
	struct block block = {0};
	enum box_code code = box_getmem(space, name, cnstr, block_take, &block);
	if (code == BOX_OK && !block.bytes) {
		block_take(&block, "", 0);
	}
	if (code == BOX_OK && block.full) {
		struct turn turn;
		turn_begin(&turn, space);
		op_refuse(&turn.why, OP_EIO, "out of memory");
		code = turn_end(&turn);
	}
	if (code == BOX_OK && bytes) {
		*bytes = block.bytes;
	} else {
		free(block.bytes);
		if (bytes) {
			*bytes = NULL;
		}
	}
	if (size) {
		*size = code == BOX_OK ? block.size : 0;
	}
	return code;
}

struct given {
	const char *bytes;
	size_t left;
};

static ssize_t given_give(void *data, void *bytes, size_t size) {
	struct given *given = data;
	size = size < given->left ? size : given->left;
	if (size > 0) {
		memcpy(bytes, given->bytes, size);
	}
	given->bytes += size;
	given->left -= size;
	return (ssize_t)size;
}

enum box_code box_put(struct box_space *space, const char *name, const char *cnstr,
		const void *bytes, size_t size) {
	struct given given = {.bytes = size > 0 ? bytes : "", .left = size};
	return box_putmem(space, name, cnstr, given_give, &given);
}

/* Any request. */

static bool add_lines(struct buf *text, struct op_head *head) {
	head->role = OP_ENTRY;
	size_t before = text->size;
	bool good = op_encode(head, text, NULL) == OP_OK;
	text->size -= good && text->size > before; // the empty line
	return good;
}

enum box_code box_ask(struct box_space *space, const char *verb, const char *const *fields,
		ssize_t (*give)(void *data, void *bytes, size_t size),
		bool (*take)(void *data, const void *bytes, size_t size), void *data, char **reply) {
	struct turn turn;
	struct op_head request;
	struct answer answer;
	struct buf text;
	int number = op_verb_by_name(verb);
	if (reply) {
		*reply = NULL;
	}
	if (!turn_begin(&turn, space)) {
		return turn_end(&turn);
	}
	if (number < 0) {
		op_refuse(&turn.why, OP_EARG, "%.40s is no verb (man 7 op tells which there are)", verb);
		return turn_end(&turn);
	}
	op_head_init_request(&request, (enum op_verb)number);
	if (!turn_say_fields(&turn, &request, fields)) {
		op_head_finish(&request);
		return turn_end(&turn);
	}
	buf_init(&text);
	if (turn_talk(&turn, &request, give, take, data, &answer) && reply) {
		bool good = add_lines(&text, &answer.reply) && add_lines(&text, &answer.trailer) &&
			buf_append(&text, "", 1);
		*reply = good ? strdup((const char *)buf_front(&text)) : NULL;
		if (!*reply) {
			op_refuse(&turn.why, OP_EIO, "out of memory");
		}
	}
	answer_finish(&answer);
	buf_finish(&text);
	return turn_end(&turn);
}

char *box_field(const char *lines, const char *field, unsigned int nth) {
	size_t size = strlen(field);
	for (const char *line = lines; line && *line;) {
		const char *end = strchrnul(line, '\n');
		bool flag = line + size == end;
		if (strncmp(line, field, size) == 0 && (flag || line[size] == ' ') && nth-- == 0) {
			char *value = flag ? strdup("") : strndup(line + size + 1, (size_t)(end - line) - size - 1);
			if (value && !op_unescape(value)) {
				free(value);
				return NULL;
			}
			return value;
		}
		line = *end ? end + 1 : end;
	}
	return NULL;
}
