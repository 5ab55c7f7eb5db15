/* SPDX-License-Identifier: MIT */
/*
 * convert.c - a getmem, the programs of a chain of casts, and a putmem, joined.
 *
 * Which casts lead from one type to another is box/plan.c's; what a program is run in is a process
 * box like any other (boxes/proc.c). Programs are looked for on this node first, then on the others
 * that the asker may use; if it runs on none of them and its file is here, it is carried from one to the
 * next. The putmem begins when all of them run.
 */
#include "convert.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "candidates.h"
#include "carry.h"
#include "moving.h"
#include "quic/keys.h"
#include "quic/quic.h"

#define WORDS_MAX 200 // of what a program says last

struct filter { // one program
	struct convert *convert;
	const struct cast *cast;
	struct call *call; // NULL: not begun, or over
	int node;          // where it is tried: 0 is this one, then the peers in their order
	bool runs, ended;
	struct carry *carry;   // its file; NULL: it runs by its name, or not yet
	uint64_t carried, carried_size; // of it, to the node where it is tried
	struct op_refusal refused; // by this node, or why its file is not carried
	char words[WORDS_MAX + 1]; // the last line it wrote to its standard error
	bool line_over;            // of words: what comes next is another line
};

struct convert {
	struct wl_event_loop *loop;
	const struct route *route;
	const struct caller *caller;
	struct work_pool *pool;
	struct subject subject;
	char *target;
	const char *type; // that the bytes have in the end; the last cast's
	struct moving moving;
	struct call *from; // NULL: all has come
	struct filter filters[PLAN_CASTS];
	int count;
	struct call *to;   // NULL: not begun
};

void convert_destroy(struct convert *convert) {
	if (!convert) {
		return;
	}
	call_destroy(convert->from);
	for (int i = 0; i < convert->count; i++) {
		call_destroy(convert->filters[i].call);
		carry_destroy(convert->filters[i].carry);
	}
	call_destroy(convert->to);
	free(convert->target);
	free(convert);
}

static void finish(struct convert *convert, const struct op_refusal *why,
		const struct op_head *trailer) {
	const struct mover_events *events = convert->moving.events;
	void *data = convert->moving.data;
	convert_destroy(convert);
	events->moved(data, why, trailer);
}

/* What one sends the next: 0 to count - 1 are the filters, count is the target. */

static struct call *sink_call(const struct convert *convert, int sink) {
	return sink < convert->count ? convert->filters[sink].call : convert->to;
}

static void pause_source(struct convert *convert, int sink, bool paused) {
	struct call *call = sink == 0 ? convert->from : convert->filters[sink - 1].call;
	if (call) {
		call_pause(call, paused);
	}
}

static void send_input(struct call *call, const void *bytes, size_t size) {
	const struct frame frame = {.kind = FRAME_DATA, .sub = 0, .payload = bytes, .size = size};
	call_send_frame(call, &frame);
}

static void pass(struct convert *convert, int sink, const void *bytes, size_t size) {
	struct call *call = sink_call(convert, sink);
	if (sink == convert->count) {
		call_send_bytes(call, bytes, size);
	} else {
		send_input(call, bytes, size);
	}
	pause_source(convert, sink, call_queued(call) > MOVING_QUEUE_MAX);
}

static void send_end(struct convert *convert, int sink) {
	struct call *call = sink_call(convert, sink);
	if (sink < convert->count) {
		send_input(call, "", 0);
	}
	call_send_end(call);
}

/* The target. */

static void to_drained(void *data) {
	struct convert *convert = data;
	pause_source(convert, convert->count, false);
}

static bool is_through(const struct convert *convert) {
	return convert->filters[convert->count - 1].ended;
}

static void to_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct convert *convert = data;
	struct op_refusal early;
	convert->to = NULL;
	const struct op_refusal *ended = moving_end(&convert->moving, is_through(convert), why, &early);
	finish(convert, ended, ended == why ? trailer : NULL);
}

// Once every program runs: until then all are held, and nothing is begun at the target.
static void go(struct convert *convert) {
	static const struct call_events events = {.drained = to_drained, .ended = to_ended};
	struct op_head head;
	op_head_init_request(&head, OP_PUTMEM);
	op_set(&head, OP_F_NAME, convert->target);
	op_set(&head, OP_F_TYPE, convert->type);
	op_set_body(&head, OP_BODY_CHUNKS, 0);
	convert->to = call_create(convert->loop, convert->caller, &head, &convert->subject, &events,
		convert);
	op_head_finish(&head);
	if (!convert->to) {
		const struct op_refusal memory = {.code = OP_EIO, .sentence = "out of memory"};
		finish(convert, &memory, NULL);
		return;
	}
	for (int i = 0; i <= convert->count; i++) {
		pause_source(convert, i, false);
	}
	if (!convert->from) {
		send_end(convert, 0);
	}
	convert->moving.events->moving(convert->moving.data, 0);
}

static void go_if_all_run(struct convert *convert) {
	for (int i = 0; i < convert->count; i++) {
		if (!convert->filters[i].runs) {
			return;
		}
	}
	go(convert);
}

/* A program. */

static const char *filter_name(const struct filter *filter) {
	return filter->cast->args[0];
}

static void filter_reply(void *data, const struct op_head *reply) {
	struct filter *filter = data;
	if (reply->refusal.code == OP_OK) {
		filter->runs = true;
		call_pause(filter->call, true);
		go_if_all_run(filter->convert);
	}
}

// The last line that says something is why it failed.
static void remember_words(struct filter *filter, const char *bytes, size_t size) {
	for (size_t i = 0; i < size; i++) {
		size_t length = strlen(filter->words);
		if (bytes[i] == '\n') {
			filter->line_over = true;
			continue;
		}
		if (filter->line_over) {
			filter->line_over = false;
			filter->words[0] = '\0';
			length = 0;
		}
		if (length < WORDS_MAX && bytes[i] != '\0') {
			filter->words[length] = bytes[i];
			filter->words[length + 1] = '\0';
		}
	}
}

static void filter_frame(void *data, const struct frame *frame) {
	struct filter *filter = data;
	struct convert *convert = filter->convert;
	if (frame->kind == FRAME_DATA && frame->sub == 1 && frame->size > 0) {
		pass(convert, (int)(filter - convert->filters) + 1, frame->payload, frame->size);
	} else if (frame->kind == FRAME_DATA && frame->sub == 2) {
		remember_words(filter, frame->payload, frame->size);
	}
}

static void filter_read_on(struct filter *filter);

static void filter_drained(void *data) {
	struct filter *filter = data;
	if (filter->carry && filter->carried < filter->carried_size) {
		filter_read_on(filter);
	} else if (filter->convert->to) { // what is before it is held until all run
		pause_source(filter->convert, (int)(filter - filter->convert->filters), false);
	}
}

static bool filter_begin(struct filter *filter);
static bool filter_carry(struct filter *filter);

// No such program there, not what is wanted, or no way to run one: another node may.
static bool filter_try_next(struct filter *filter, const struct op_refusal *why) {
	if (filter->node == 0) {
		filter->refused = *why;
	}
	filter->node++;
	return filter_begin(filter) || filter_carry(filter);
}

// Nowhere, by its name or carried. What this node says of it is what he who asks can mend.
static void filter_give_up(struct filter *filter) {
	struct op_refusal failed;
	op_refuse(&failed, filter->refused.code, "the converter %.60s from %.60s to %.60s does not "
		"start: %s", filter_name(filter), filter->cast->from, filter->cast->to,
		filter->refused.sentence);
	finish(filter->convert, &failed, NULL);
}

// Nobody waits for what is before it: a program may end before it has read all.
static void drop_before(struct convert *convert, const struct filter *filter) {
	for (struct filter *before = convert->filters; before < filter; before++) {
		call_destroy(before->call);
		before->call = NULL;
		before->ended = true;
	}
	call_destroy(convert->from);
	convert->from = NULL;
}

static void filter_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct filter *filter = data;
	struct convert *convert = filter->convert;
	struct op_refusal failed;
	const char *legacy = trailer ? op_get(trailer, OP_F_LEGACY) : NULL;
	filter->call = NULL;
	if (why->code != OP_OK && !filter->runs) {
		if (filter_try_next(filter, why)) {
			return;
		}
		filter_give_up(filter);
	} else if (why->code != OP_OK) {
		op_refuse(&failed, why->code, "the converter %.60s was lost: %s", filter_name(filter),
			why->sentence);
		finish(convert, &failed, NULL);
	} else if (!legacy || strcmp(legacy, "exit 0") != 0) {
		op_refuse(&failed, OP_EIO, "the converter %.60s from %.60s to %.60s ended with %.20s%s%s",
			filter_name(filter), filter->cast->from, filter->cast->to, legacy ? legacy : "nothing",
			filter->words[0] ? ": " : "", filter->words);
		finish(convert, &failed, NULL);
	} else {
		filter->ended = true;
		drop_before(convert, filter);
		send_end(convert, (int)(filter - convert->filters) + 1);
	}
}

// false: there is no such node any more, or no memory.
static bool filter_begin(struct filter *filter) {
	static const struct call_events events = {
		.reply = filter_reply,
		.frame = filter_frame,
		.drained = filter_drained,
		.ended = filter_ended,
	};
	struct convert *convert = filter->convert;
	struct op_head head;
	int count = 0;
	struct peer **peers = filter->node > 0 ?
		candidate_peers(convert->route, &convert->subject, &count) : NULL;
	if (filter->node > count) {
		free(peers);
		return false;
	}
	op_head_init_request(&head, OP_MAKE);
	op_setf(&head, OP_F_NAME, "%s%s/proc/cast-%08" PRIx32, filter->node > 0 ? "/n/" : "",
		filter->node > 0 ? peers[filter->node - 1]->petname : "", arc4random());
	free(peers);
	if (filter->carry) {
		op_set_number(&head, OP_F_CARRIED, filter->carried_size);
	} else {
		op_set(&head, OP_F_PROG, filter->cast->prog);
	}
	for (size_t i = 0; filter->cast->args[i]; i++) {
		op_add(&head, OP_F_ARG, filter->cast->args[i]);
	}
	if (filter->cast->want) {
		op_set(&head, OP_F_WANT, filter->cast->want);
	}
	op_set_body(&head, OP_BODY_FRAMES, 0);
	filter->call = call_create(convert->loop, convert->caller, &head, &convert->subject, &events,
		filter);
	op_head_finish(&head);
	filter->carried = 0;
	if (filter->call && filter->carry && !carry_read(filter->carry, 0)) {
		call_destroy(filter->call);
		filter->call = NULL;
	}
	return filter->call;
}

/* A program that is carried. */

static void carry_opened(void *data, uint64_t size) {
	struct filter *filter = data;
	filter->carried_size = size;
	filter->node = 1;
	if (!filter_begin(filter)) {
		filter_give_up(filter);
	}
}

static void carry_piece(void *data, const void *bytes, size_t size) {
	struct filter *filter = data;
	const struct frame frame = {.kind = FRAME_DATA, .sub = 3, .payload = bytes, .size = size};
	if (!filter->call || filter->runs) {
		return;
	}
	filter->carried += size;
	call_send_frame(filter->call, &frame);
	if (filter->carried < filter->carried_size && call_queued(filter->call) <= MOVING_QUEUE_MAX) {
		filter_read_on(filter);
	}
}

static void filter_read_on(struct filter *filter) {
	if (!carry_read(filter->carry, filter->carried)) {
		filter_give_up(filter);
	}
}

// No such file here: what this node said of its name is the better reason.
static void carry_failed(void *data, const struct op_refusal *why) {
	struct filter *filter = data;
	if (why->code != OP_ENOENT) {
		filter->refused = *why;
	}
	filter_give_up(filter);
}

// A file of this node is read for this node's own person only. false: it is not carried, or no more.
static bool filter_carry(struct filter *filter) {
	static const struct carry_events events = {
		.opened = carry_opened, .piece = carry_piece, .failed = carry_failed,
	};
	struct convert *convert = filter->convert;
	const struct keys *keys = convert->route->keys;
	const char *person = keys ? keys_person(keys) : NULL;
	if (filter->carry || !person || strcmp(convert->subject.person, person) != 0 ||
			strcmp(convert->subject.machine, keys_machine(keys)) != 0) {
		return false;
	}
	filter->carry = carry_create(convert->pool, filter->cast->prog, &events, filter);
	return filter->carry;
}

/* The source. */

static void from_reply(void *data, const struct op_head *reply) {
	struct convert *convert = data;
	struct op_refusal why = {.code = OP_EIO, .sentence = "out of memory"};
	if (reply->refusal.code != OP_OK) {
		return; // ended follows
	}
	if (!moving_begin(&convert->moving, reply, &why)) {
		finish(convert, &why, NULL);
		return;
	}
	call_pause(convert->from, true);
	for (int i = 0; i < convert->count; i++) {
		if (!filter_begin(&convert->filters[i])) {
			finish(convert, &why, NULL);
			return;
		}
	}
	go_if_all_run(convert);
}

static void from_bytes(void *data, const void *bytes, size_t size) {
	struct convert *convert = data;
	convert->moving.done += size;
	pass(convert, 0, bytes, size);
	moving_tell(&convert->moving, false);
}

static void from_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct convert *convert = data;
	convert->from = NULL;
	if (why->code != OP_OK) {
		finish(convert, why, trailer);
	} else if (convert->to) {
		send_end(convert, 0);
	}
}

struct convert *convert_create(const struct convert_plan *way, const struct mover_events *events,
		void *data) {
	static const struct call_events from_events = {
		.reply = from_reply,
		.bytes = from_bytes,
		.ended = from_ended,
	};
	struct convert *convert = calloc(1, sizeof(*convert));
	struct op_head head;
	if (!convert) {
		return NULL;
	}
	convert->loop = way->route->loop;
	convert->route = way->route;
	convert->caller = way->caller;
	convert->pool = way->pool;
	convert->subject = *way->subject;
	convert->type = way->chain[way->length - 1]->to;
	convert->moving = (struct moving){.events = events, .data = data};
	for (int i = 0; i < way->length; i++) {
		if (way->chain[i]->prog) {
			convert->filters[convert->count++] = (struct filter){
				.convert = convert,
				.cast = way->chain[i],
			};
		}
	}
	convert->target = strdup(way->target);
	op_head_init_request(&head, OP_GETMEM);
	op_set(&head, OP_F_NAME, way->source);
	if (way->want) {
		op_set(&head, OP_F_WANT, way->want);
	}
	if (convert->target) {
		convert->from = call_create(convert->loop, convert->caller, &head, &convert->subject,
			&from_events, convert);
	}
	op_head_finish(&head);
	if (!convert->from) {
		convert_destroy(convert);
		return NULL;
	}
	return convert;
}
