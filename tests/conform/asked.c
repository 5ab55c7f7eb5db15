/* SPDX-License-Identifier: MIT */
/*
 * asked.c - a carrier of requests in memory.
 */
#include "asked.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The request knows who carries it.
struct carried {
	struct req req; // first
	struct asked *asked;
	uint64_t left; // of a body of BYTES
};

static struct asked *asked_from(const struct req *req) {
	return ((const struct carried *)req)->asked;
}

static void drop(struct asked *asked) {
	struct req *req = asked->req;
	asked->req = NULL;
	asked->world->asking--;
	req_finish(req);
	free(req);
}

static void carrier_head(struct req *req, const struct op_head *head) {
	struct asked *asked = asked_from(req);
	struct carried *carried = (struct carried *)req;
	struct op_refusal why;
	struct buf lines;
	assert(!asked->answered);
	asked->answered = true;
	buf_init(&lines);
	if (op_encode(head, &lines, &why) != OP_OK) {
		fail_msg("an answer that cannot be said: %s", why.sentence);
	}
	// As the caller reads it.
	if (op_decode(&asked->reply, OP_REPLY, buf_front(&lines), lines.size, &why) != OP_OK) {
		fail_msg("an answer that cannot be read: %s", why.sentence);
	}
	buf_finish(&lines);
	op_body_of(&asked->reply, &carried->left);
	if (op_body_of(&asked->reply, NULL) != OP_BODY_BYTES) {
		carried->left = 0;
	}
}

static void take(struct asked *asked, const void *bytes, size_t size) {
	asked->size += size;
	asked->messages++;
	if (asked->slow) {
		asked->queued += size;
	}
	if (!asked->discard) {
		buf_append(&asked->body, bytes, size);
	}
}

static void carrier_bytes(struct req *req, const void *bytes, size_t size) {
	struct asked *asked = asked_from(req);
	struct carried *carried = (struct carried *)req;
	enum op_body body = op_body_of(&asked->reply, NULL);
	assert(asked->answered && size > 0 && size <= OP_MAX_CHUNK);
	assert(body == OP_BODY_CHUNKS || body == OP_BODY_BYTES);
	if (body == OP_BODY_BYTES) {
		assert(size <= carried->left);
		carried->left -= size;
	}
	take(asked, bytes, size);
}

static void carrier_frame(struct req *req, const struct frame *frame) {
	struct asked *asked = asked_from(req);
	assert(asked->answered && op_body_of(&asked->reply, NULL) == OP_BODY_FRAMES);
	take(asked, frame->payload, frame->size);
	if (frame->kind == FRAME_DATA && frame->sub < 3 && !asked->discard) {
		buf_append(&asked->sub[frame->sub], frame->payload, frame->size);
	}
}

static void carrier_end(struct req *req, const struct op_head *trailer) {
	struct asked *asked = asked_from(req);
	struct carried *carried = (struct carried *)req;
	assert(asked->answered && carried->left == 0);
	if (trailer) {
		op_head_finish(&asked->trailer);
		op_head_copy(&asked->trailer, trailer);
	}
	drop(asked);
}

static void carrier_abort(struct req *req) {
	struct asked *asked = asked_from(req);
	asked->aborted = true;
	drop(asked);
}

static void carrier_pause(struct req *req, bool paused) {
	asked_from(req)->paused = paused;
}

static size_t carrier_queued(const struct req *req) {
	return asked_from(req)->queued;
}

static const struct req_carrier carrier = {
	.head = carrier_head,
	.bytes = carrier_bytes,
	.frame = carrier_frame,
	.end = carrier_end,
	.abort = carrier_abort,
	.pause = carrier_pause,
	.queued = carrier_queued,
};

void asked_init(struct asked *asked, struct world *world, const char *who, const char *verb,
		const char *name, const char *lines) {
	struct op_refusal why = {.code = OP_OK};
	char *text;
	*asked = (struct asked){.world = world};
	op_head_init_reply(&asked->reply);
	op_head_init_reply(&asked->trailer);
	buf_init(&asked->body);
	for (int i = 0; i < 3; i++) {
		buf_init(&asked->sub[i]);
	}
	if (asprintf(&text, "op/1 %s\nname %s\n%s\n", verb, name, lines) < 0) {
		abort();
	}
	if (op_decode(&asked->head, OP_REQUEST, text, strlen(text), &why) != OP_OK ||
			subject_parse(&asked->subject, who, &why) != OP_OK) {
		fail_msg("the test's own request: %s: %s", text, why.sentence);
	}
	free(text);
}

void asked_begin(struct asked *asked) {
	struct carried *carried = calloc(1, sizeof(*carried));
	carried->asked = asked;
	asked->req = &carried->req;
	asked->world->asking++;
	req_init(&carried->req, &carrier, &asked->head, &asked->subject);
	box_serve(asked->world->tree, &carried->req);
	while (asked->req && asked->req->looking) { // no longer than the world's pool takes
		wl_event_loop_dispatch(asked->world->loop, 50);
	}
}

void ask(struct asked *asked, struct world *world, const char *who, const char *verb,
		const char *name, const char *lines) {
	asked_init(asked, world, who, verb, name, lines);
	asked_begin(asked);
}

void asked_finish(struct asked *asked) {
	asked_gone(asked);
	op_head_finish(&asked->head);
	op_head_finish(&asked->reply);
	op_head_finish(&asked->trailer);
	buf_finish(&asked->body);
	for (int i = 0; i < 3; i++) {
		buf_finish(&asked->sub[i]);
	}
}

bool asked_put(struct asked *asked, const void *bytes, size_t size) {
	if (asked->paused) {
		return false;
	}
	if (asked->req && asked->req->events && asked->req->events->data) {
		asked->req->events->data(asked->req, bytes, size);
	}
	return true;
}

bool asked_put_frame(struct asked *asked, enum op_kind kind, uint16_t sub, const void *bytes,
		size_t size) {
	struct frame frame = {.kind = kind, .sub = sub, .payload = bytes, .size = size};
	if (asked->paused) {
		return false;
	}
	if (asked->req && asked->req->events && asked->req->events->frame) {
		asked->req->events->frame(asked->req, &frame);
	}
	return true;
}

void asked_put_end(struct asked *asked) {
	if (asked->req && asked->req->events && asked->req->events->end) {
		asked->req->events->end(asked->req);
	}
}

void asked_gone(struct asked *asked) {
	if (asked->req) {
		req_gone(asked->req);
		drop(asked);
	}
}

void asked_drain(struct asked *asked) {
	bool waited = asked->queued > 0;
	asked->queued = 0;
	if (waited && asked->req && asked->req->events && asked->req->events->drained) {
		asked->req->events->drained(asked->req);
	}
}

bool asked_over(const struct asked *asked) {
	return !asked->req;
}

int asked_code(const struct asked *asked) {
	if (asked->req || !asked->answered) {
		return -1;
	}
	enum op_code code = asked->reply.refusal.code;
	return (int)(code != OP_OK ? code : asked->trailer.refusal.code);
}

const char *asked_print(const struct asked *asked) {
	static char lines[2000];
	char request[600] = "", reply[600] = "";
	op_print(&asked->head, request, sizeof(request));
	if (asked->answered) {
		op_print(&asked->reply, reply, sizeof(reply));
	}
	snprintf(lines, sizeof(lines), "%s: %s%s%s", request, asked->answered ? reply : "no answer",
		asked->req ? ", not over" : "", asked->aborted ? ", aborted" : "");
	return lines;
}

static bool buf_is(const struct buf *buf, const char *text) {
	return buf->size == strlen(text) &&
		(buf->size == 0 || memcmp(buf->data + buf->at, text, buf->size) == 0);
}

bool asked_body_is(const struct asked *asked, const char *text) {
	return buf_is(&asked->body, text);
}

// A sentence for a person: one line, no full stop to be put together with others, and not empty.
static bool is_well_said(const char *sentence) {
	size_t size = strlen(sentence);
	return size > 8 && sentence[size - 1] != '.' && !strpbrk(sentence, "\n\t");
}

void expect_code_at(const char *file, int line, struct asked *asked, enum op_code code) {
	int64_t end_ms = world_now_ms() + 20000;
	while (asked->req && world_now_ms() < end_ms) {
		wl_event_loop_dispatch(asked->world->loop, 50);
	}
	if (asked_code(asked) != (int)code) {
		print_error("%s:%d: wanted %s of %s\n", file, line, op_code_name(code),
			asked_print(asked));
		fail();
	}
	const char *sentence = asked->reply.refusal.code != OP_OK ? asked->reply.refusal.sentence :
		asked->trailer.refusal.sentence;
	if (code != OP_OK && !is_well_said(sentence)) {
		fail_msg("%s:%d: not well said: \"%s\"", file, line, sentence);
	}
}

void expect_body_at(const char *file, int line, struct asked *asked, const char *text) {
	expect_code_at(file, line, asked, OP_OK);
	if (!asked_body_is(asked, text)) {
		fail_msg("%s:%d: wanted \"%s\", got \"%.*s\" of %s", file, line, text,
			(int)asked->body.size, (const char *)buf_front(&asked->body), asked_print(asked));
	}
}

void expect_at(const char *file, int line, struct world *world, const char *who, enum op_code code,
		const char *verb, const char *name, const char *lines) {
	struct asked asked;
	ask(&asked, world, who, verb, name, lines);
	expect_code_at(file, line, &asked, code);
	asked_finish(&asked);
}

void expect_put_at(const char *file, int line, struct world *world, const char *name,
		const char *text, enum op_code code) {
	struct asked asked;
	char lines[32];
	snprintf(lines, sizeof(lines), "body %zu\n", strlen(text));
	ask(&asked, world, OWNER, "putmem", name, lines);
	if (*text) {
		asked_put(&asked, text, strlen(text));
	}
	asked_put_end(&asked);
	expect_code_at(file, line, &asked, code);
	asked_finish(&asked);
}

void expect_get_at(const char *file, int line, struct world *world, const char *name,
		const char *text) {
	struct asked asked;
	ask(&asked, world, OWNER, "getmem", name, "");
	expect_body_at(file, line, &asked, text);
	asked_finish(&asked);
}
