/* SPDX-License-Identifier: MIT */
/*
 * golden.c - reads tests/golden: what box/op.h and box/frame.h make of each message is written down
 * as the lines of its NAME.txt, and must be the same text. The format is told in golden/README.md.
 */
#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "box/frame.h"
#include "box/op.h"
#include "box/utf8.h"

#define CASES_MIN 100 // that the folder was found

struct message {
	const uint8_t *at, *end;
	struct buf seen; // lines
};

static char *read_file(const char *path, size_t *size) {
	FILE *file = fopen(path, "re");
	struct buf bytes;
	buf_init(&bytes);
	assert_non_null(file);
	for (size_t got = 1; got > 0;) {
		uint8_t *room = buf_room(&bytes, 65536);
		got = fread(room, 1, 65536, file);
		buf_grew(&bytes, got);
	}
	fclose(file);
	char *copy = calloc(1, bytes.size + 1);
	memcpy(copy, buf_front(&bytes), bytes.size);
	*size = bytes.size;
	buf_finish(&bytes);
	return copy;
}

static void say_value(struct buf *seen, const void *bytes, size_t size) {
	if (utf8_plain(bytes, size)) {
		buf_printf(seen, " =%s%.*s\n", size > 0 ? " " : "", (int)size, (const char *)bytes);
		return;
	}
	buf_printf(seen, " : ");
	for (size_t i = 0; i < size; i++) {
		buf_printf(seen, "%02x", ((const uint8_t *)bytes)[i]);
	}
	buf_printf(seen, "\n");
}

static void say_fields(struct buf *seen, const struct op_head *head) {
	for (size_t i = 0; i < head->count; i++) {
		const struct op_entry *entry = &head->entries[i];
		if (entry->field == OP_F_UNKNOWN) {
			buf_printf(seen, "unknown %s", entry->key);
		} else {
			buf_printf(seen, "field %s", op_field_name(entry->field));
		}
		say_value(seen, entry->text, strlen(entry->text));
	}
}

static void say_result(struct buf *seen, const struct op_head *head) {
	if (head->refusal.code == OP_OK) {
		buf_printf(seen, "ok\n");
		return;
	}
	buf_printf(seen, "no %s\nsentence", op_code_name(head->refusal.code));
	say_value(seen, head->refusal.sentence, strlen(head->refusal.sentence));
}

static const uint8_t *take(struct message *message, size_t size) {
	if ((size_t)(message->end - message->at) < size) {
		buf_printf(&message->seen, "cut\n");
		return NULL;
	}
	message->at += size;
	return message->at - size;
}

static void read_trailer(struct message *message) {
	struct op_refusal refusal;
	struct op_head trailer;
	size_t left = (size_t)(message->end - message->at);
	size_t size = op_head_size(message->at, left, &refusal);
	if (size == 0) {
		buf_printf(&message->seen, "cut\n");
		return;
	}
	assert_int_equal(size, left); // nothing behind a message
	enum op_code code = op_decode(&trailer, OP_REPLY, message->at, size, &refusal);
	if (code != OP_OK) {
		buf_printf(&message->seen, "broken %s\n", op_code_name(code));
		return;
	}
	buf_printf(&message->seen, "trailer ");
	say_result(&message->seen, &trailer);
	say_fields(&message->seen, &trailer);
	op_head_finish(&trailer);
}

static void read_chunks(struct message *message) {
	const uint8_t *at;
	while ((at = take(message, 4))) {
		uint32_t size = get_u32(at);
		if (size > OP_MAX_CHUNK) {
			buf_printf(&message->seen, "broken E2BIG\n");
			return;
		}
		if (size == 0) {
			read_trailer(message);
			return;
		}
		if (!(at = take(message, size))) {
			return;
		}
		buf_printf(&message->seen, "chunk");
		say_value(&message->seen, at, size);
	}
}

static void read_frames(struct message *message) {
	const uint8_t *at;
	struct frame frame;
	while ((at = take(message, FRAME_HEADER_SIZE))) {
		enum op_code code = frame_header_decode(&frame, at, NULL);
		if (code != OP_OK) {
			buf_printf(&message->seen, "broken %s\n", op_code_name(code));
			return;
		}
		if (!(at = take(message, frame.size))) {
			return;
		}
		buf_printf(&message->seen, "frame %s %u %u %" PRIu32 " %" PRIu32 " %" PRIu64,
			op_kind_name(frame.kind), frame.flags, frame.sub, frame.sequence,
			frame.base, frame.capture_ns);
		say_value(&message->seen, at, frame.size);
		if (frame.kind == FRAME_END) {
			read_trailer(message);
			return;
		}
	}
}

static void read_body(struct message *message, const struct op_head *head) {
	uint64_t size;
	size_t left = (size_t)(message->end - message->at);
	switch (op_body_of(head, &size)) {
	case OP_BODY_NONE:
		if (op_has(head, OP_F_BODY)) {
			buf_printf(&message->seen, "body none\n");
		}
		assert_int_equal(left, 0);
		break;
	case OP_BODY_BYTES:
		buf_printf(&message->seen, "body bytes %" PRIu64 "\n", size);
		if (left > 0) {
			buf_printf(&message->seen, "bytes");
			say_value(&message->seen, message->at, left);
		}
		if (left < size) {
			buf_printf(&message->seen, "cut\n");
		}
		break;
	case OP_BODY_CHUNKS:
		buf_printf(&message->seen, "body chunks\n");
		read_chunks(message);
		break;
	case OP_BODY_FRAMES:
		buf_printf(&message->seen, "body frames\n");
		read_frames(message);
		break;
	}
}

static void say_canonical(struct buf *seen, const struct op_head *head, const void *bytes,
		size_t size) {
	struct buf again;
	buf_init(&again);
	assert_int_equal(op_encode(head, &again, NULL), OP_OK);
	if (again.size == size && memcmp(buf_front(&again), bytes, size) == 0) {
		buf_printf(seen, "canonical\n");
	}
	buf_finish(&again);
}

static void read_message(struct message *message, enum op_role role) {
	struct op_head head;
	struct op_refusal refusal;
	const uint8_t *begin = message->at;
	size_t left = (size_t)(message->end - message->at);
	size_t size = op_head_size(begin, left, &refusal);
	enum op_code code = size > 0 ? op_decode(&head, role, begin, size, &refusal) : refusal.code;
	if (code != OP_OK) {
		buf_printf(&message->seen, "refused %s\n", op_code_name(code));
		return;
	}
	if (size == 0) {
		buf_printf(&message->seen, "cut\n");
		return;
	}
	message->at += size;
	if (role == OP_REQUEST) {
		buf_printf(&message->seen, "verb %s\n", op_verb_name(head.verb));
	} else if (role == OP_REPLY) {
		say_result(&message->seen, &head);
	}
	say_fields(&message->seen, &head);
	read_body(message, &head);
	say_canonical(&message->seen, &head, begin, size);
	op_head_finish(&head);
}

// The next line of text that is no comment, with its newline; NULL at the end.
static const char *next_line(const char **text, size_t *size) {
	while (**text) {
		const char *line = *text;
		*size = strcspn(line, "\n");
		*size += line[*size] == '\n';
		*text += *size;
		if (*line != '#') {
			return line;
		}
	}
	return NULL;
}

/*
 * What is expected may leave "canonical" out, where it is not the point; "number" lines ask for a
 * value of their own.
 */
static void compare(const char *name, const char *expected, struct buf *seen, enum op_role role,
		const uint8_t *bytes, size_t size) {
	const char *line, *got, *at = (const char *)buf_front(seen);
	size_t line_size, got_size;
	bool canonical = false;
	next_line(&expected, &line_size); // role
	while ((line = next_line(&expected, &line_size))) {
		char field[32];
		uint64_t number;
		if (sscanf(line, "number %31s %" SCNu64, field, &number) == 2) {
			struct op_head head;
			size = op_head_size(bytes, size, NULL);
			assert_int_equal(op_decode(&head, role, bytes, size, NULL), OP_OK);
			assert_int_equal(op_get_number(&head,
				(enum op_field)op_field_by_name(field), 0), number);
			op_head_finish(&head);
			continue;
		}
		canonical = strncmp(line, "canonical", 9) == 0;
		got = next_line(&at, &got_size);
		if (!got || got_size != line_size || memcmp(got, line, line_size) != 0) {
			fail_msg("%s: expected %.*sbut read %.*s", name, (int)line_size, line,
				got ? (int)got_size : 7, got ? got : "no more");
		}
	}
	got = next_line(&at, &got_size);
	if (got && (canonical || strncmp(got, "canonical", 9) != 0)) {
		fail_msg("%s: read %.*s", name, (int)got_size, got);
	}
}

static void check_case(const char *folder, const char *name) {
	char path[4096], role_name[16];
	size_t size, expected_size;
	snprintf(path, sizeof(path), "%s/%s.op", folder, name);
	char *bytes = read_file(path, &size);
	snprintf(path, sizeof(path), "%s/%s.txt", folder, name);
	char *expected = read_file(path, &expected_size);
	const char *text = expected;
	size_t line_size;
	assert_int_equal(sscanf(next_line(&text, &line_size), "role %15s", role_name), 1);
	enum op_role role = strcmp(role_name, "request") == 0 ? OP_REQUEST :
		strcmp(role_name, "reply") == 0 ? OP_REPLY : OP_ENTRY;
	struct message message = {
		.at = (const uint8_t *)bytes,
		.end = (const uint8_t *)bytes + size,
	};
	buf_init(&message.seen);
	read_message(&message, role);
	assert_true(buf_append(&message.seen, "", 1));
	compare(name, expected, &message.seen, role, (const uint8_t *)bytes, size);
	buf_finish(&message.seen);
	free(expected);
	free(bytes);
}

static void test_golden(void **state) {
	const char *folder = *state;
	DIR *dir = opendir(folder);
	int count = 0;
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		char *dot = strrchr(entry->d_name, '.');
		if (dot && strcmp(dot, ".op") == 0) {
			*dot = '\0';
			check_case(folder, entry->d_name);
			count++;
		}
	}
	closedir(dir);
	assert_true(count >= CASES_MIN);
}

int main(int argc, char *argv[]) {
	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return EXIT_FAILURE;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_golden, argv[1]),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
