/* SPDX-License-Identifier: MIT */
/*
 * mover.c - a getmem and a putmem joined.
 *
 * The putmem begins when the getmem has been answered, so nothing is begun at the target for a
 * source that is not there. A source that says it is a folder is asked again, for a tar stream. Of a
 * large one the target is asked first whether it has kept what came of a copy that broke off: then the
 * source is asked for the rest, and where that is refused, as with a grant for once, all comes again.
 */
#include "mover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "moving.h"

#define PART_MIN (4 * 1024 * 1024) // of less nothing is kept: it has come again as soon

struct mover {
	struct wl_event_loop *loop;
	const struct caller *caller;
	struct subject subject;
	char *source, *want, *target; // want may be NULL
	char *type;                   // NULL: as the source says
	bool is_folder;               // the source; then it is asked for tar
	struct moving moving;
	struct call *from; // NULL: all has come
	struct call *kept; // asks the target what it has; NULL: not under way
	struct call *rest; // asks the source for what it has not; likewise
	struct call *to;   // NULL: not begun
	char *said;            // the type that the source said; may be NULL
	char *part, *version;  // of a large source, once it has answered; else NULL
	uint64_t resumed;  // where it goes on; 0: from the beginning
};

void mover_destroy(struct mover *mover) {
	if (mover) {
		call_destroy(mover->from);
		call_destroy(mover->kept);
		call_destroy(mover->rest);
		call_destroy(mover->to);
		free(mover->part);
		free(mover->version);
		free(mover->said);
		free(mover->source);
		free(mover->want);
		free(mover->target);
		free(mover->type);
		free(mover);
	}
}

static void finish(struct mover *mover, const struct op_refusal *why,
		const struct op_head *trailer) {
	const struct mover_events *events = mover->moving.events;
	void *data = mover->moving.data;
	mover_destroy(mover);
	events->moved(data, why, trailer);
}

/* The target. */

static void to_drained(void *data) {
	struct mover *mover = data;
	if (mover->from) {
		call_pause(mover->from, false);
	}
}

static void to_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct mover *mover = data;
	struct op_refusal early;
	mover->to = NULL;
	const struct op_refusal *ended = moving_end(&mover->moving, !mover->from, why, &early);
	finish(mover, ended, ended == why ? trailer : NULL);
}

static bool open_target(struct mover *mover) {
	static const struct call_events events = {.drained = to_drained, .ended = to_ended};
	struct op_head head;
	op_head_init_request(&head, OP_PUTMEM);
	op_set(&head, OP_F_NAME, mover->target);
	const char *type = mover->type && !mover->is_folder ? mover->type : mover->said;
	if (type) {
		op_set(&head, OP_F_TYPE, type);
	}
	if (mover->part) {
		op_set(&head, OP_F_PART, mover->part);
	}
	if (mover->resumed > 0) {
		op_set_number(&head, OP_F_OFFSET, mover->resumed);
	}
	op_set_body(&head, OP_BODY_CHUNKS, 0);
	mover->to = call_create(mover->loop, mover->caller, &head, &mover->subject, &events, mover);
	op_head_finish(&head);
	return mover->to;
}

static void begin(struct mover *mover) {
	if (!open_target(mover)) {
		const struct op_refusal memory = {.code = OP_EIO, .sentence = "out of memory"};
		finish(mover, &memory, NULL);
		return;
	}
	mover->moving.done = mover->resumed;
	if (mover->from) {
		call_pause(mover->from, false);
	} else { // it has said all meanwhile
		call_send_end(mover->to);
	}
	mover->moving.events->moving(mover->moving.data, mover->resumed);
}

/* What the target has kept. */

static struct call *ask_source(struct mover *mover, const struct call_events *events);
static void from_bytes(void *data, const void *bytes, size_t size);
static void from_ended(void *data, const struct op_refusal *why, const struct op_head *trailer);

static void rest_reply(void *data, const struct op_head *reply) {
	struct mover *mover = data;
	if (reply->refusal.code == OP_OK) {
		call_destroy(mover->from);
		mover->from = mover->rest;
		mover->rest = NULL;
		begin(mover);
	}
}

static void rest_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct mover *mover = data;
	if (!mover->rest) {
		from_ended(mover, why, trailer);
		return;
	}
	mover->rest = NULL;
	mover->resumed = 0;
	begin(mover);
}

static const struct call_events rest_events = {
	.reply = rest_reply, .bytes = from_bytes, .ended = rest_ended,
};

static void kept_reply(void *data, const struct op_head *reply) {
	struct mover *mover = data;
	uint64_t kept = op_get_number(reply, OP_F_OFFSET, 0);
	mover->resumed = reply->refusal.code == OP_OK && kept <= mover->moving.size ? kept : 0;
}

// A target that is not there, or not to be looked at, has kept nothing.
static void kept_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct mover *mover = data;
	mover->kept = NULL;
	if (mover->resumed == 0) {
		begin(mover);
		return;
	}
	mover->rest = ask_source(mover, &rest_events);
	if (!mover->rest) {
		mover->resumed = 0;
		begin(mover);
	}
}

static bool ask_kept(struct mover *mover, const char *version) {
	static const struct call_events events = {.reply = kept_reply, .ended = kept_ended};
	struct op_head head;
	mover->version = strdup(version);
	if (!mover->version || asprintf(&mover->part, "%s %s %llu", mover->source, version,
			(unsigned long long)mover->moving.size) < 0) {
		mover->part = NULL;
		return false;
	}
	call_pause(mover->from, true);
	op_head_init_request(&head, OP_KIND);
	op_set(&head, OP_F_NAME, mover->target);
	op_set(&head, OP_F_PART, mover->part);
	mover->kept = call_create(mover->loop, mover->caller, &head, &mover->subject, &events, mover);
	op_head_finish(&head);
	return mover->kept;
}

/* The source. */

static bool open_source(struct mover *mover);

static void from_reply(void *data, const struct op_head *reply) {
	struct mover *mover = data;
	const char *type = op_get(reply, OP_F_TYPE), *version = op_get(reply, OP_F_VERSION);
	if (reply->refusal.code != OP_OK) { // ended follows
		mover->is_folder = !mover->want && !mover->is_folder && type && strcmp(type, "dir") == 0 &&
			reply->refusal.code == OP_ETYPE;
		return;
	}
	struct op_refusal why = {.code = OP_EIO, .sentence = "out of memory"};
	bool good = moving_begin(&mover->moving, reply, &why);
	mover->said = type ? strdup(type) : NULL;
	if (type && strcmp(type, "dir") == 0 && !mover->want && !mover->is_folder) {
		mover->is_folder = true; // with bytes of its own: they are in the stream too
		free(mover->said);
		mover->said = NULL;
		call_destroy(mover->from);
		if (!open_source(mover)) {
			finish(mover, &why, NULL);
		}
		return;
	}
	if (!good || (type && !mover->said)) {
		finish(mover, &why, NULL);
	} else if (mover->moving.size < PART_MIN || !version) {
		begin(mover);
	} else if (!ask_kept(mover, version)) {
		finish(mover, &why, NULL);
	}
}

static void from_bytes(void *data, const void *bytes, size_t size) {
	struct mover *mover = data;
	mover->moving.done += size;
	call_send_bytes(mover->to, bytes, size);
	call_pause(mover->from, call_queued(mover->to) > MOVING_QUEUE_MAX);
	moving_tell(&mover->moving, false);
}

static void from_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct mover *mover = data;
	mover->from = NULL;
	if (why->code == OP_ETYPE && mover->is_folder && !mover->to && open_source(mover)) {
		return;
	}
	if (why->code != OP_OK) {
		finish(mover, why, trailer);
	} else if (mover->to) {
		call_send_end(mover->to);
	}
}

static struct call *ask_source(struct mover *mover, const struct call_events *events) {
	struct op_head head;
	op_head_init_request(&head, OP_GETMEM);
	op_set(&head, OP_F_NAME, mover->source);
	if (mover->want || mover->is_folder) {
		op_set(&head, OP_F_WANT, mover->want ? mover->want : "tar");
	}
	if (mover->resumed > 0) {
		op_set_number(&head, OP_F_OFFSET, mover->resumed);
		op_set(&head, OP_F_IF_VERSION, mover->version);
	}
	struct call *call = call_create(mover->loop, mover->caller, &head, &mover->subject, events, mover);
	op_head_finish(&head);
	return call;
}

static bool open_source(struct mover *mover) {
	static const struct call_events events = {
		.reply = from_reply,
		.bytes = from_bytes,
		.ended = from_ended,
	};
	return (mover->from = ask_source(mover, &events));
}

struct mover *mover_create(struct wl_event_loop *loop, const struct caller *caller,
		const struct subject *subject, const char *source, const char *want, const char *type,
		const char *target, const struct mover_events *events, void *data) {
	struct mover *mover = calloc(1, sizeof(*mover));
	if (!mover) {
		return NULL;
	}
	mover->loop = loop;
	mover->caller = caller;
	mover->subject = *subject;
	mover->moving = (struct moving){.events = events, .data = data};
	mover->source = strdup(source);
	mover->want = want ? strdup(want) : NULL;
	mover->target = strdup(target);
	mover->type = type ? strdup(type) : NULL;
	if (!mover->source || !mover->target || (want && !mover->want) || (type && !mover->type) ||
			!open_source(mover)) {
		mover_destroy(mover);
		return NULL;
	}
	return mover;
}
