/* SPDX-License-Identifier: MIT */
/*
 * test_streams.c - exchanges between two nodes: bytes, ends, frames, and what a slow reader costs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quic/quic_private.h"
#include "quic/stream_quic.h"
#include "unit/quic/town.h"

#define REQ_MARK (256 * 1024) // queued, where a writer stops

struct pair_of_nodes {
	struct town town;
	struct persona ann;
	struct node den, ibiza;
	struct peer *den_at_ibiza;
};

static int set_up(void **state) {
	struct pair_of_nodes *t = calloc(1, sizeof(*t));
	assert_non_null(t);
	town_init(&t->town);
	persona_init(&t->ann, "ann");
	node_init(&t->den, &t->town, "den", &t->ann);
	node_init(&t->ibiza, &t->town, "ibiza", &t->ann);
	t->den_at_ibiza = introduce(&t->ibiza, &t->den, 0);
	*state = t;
	return 0;
}

static int tear_down(void **state) {
	struct pair_of_nodes *t = *state;
	node_finish(&t->den);
	node_finish(&t->ibiza);
	persona_finish(&t->ann);
	town_finish(&t->town);
	free(t);
	return 0;
}

static void test_exchange(void **state) {
	struct pair_of_nodes *t = *state;
	struct end *ours = node_open(&t->ibiza, t->den_at_ibiza);
	end_say(ours, "op/1 kind\nname /\n\n"); // before there is a connection
	until(&t->town, node_newest(&t->den));
	struct end *theirs = node_newest(&t->den);
	until(&t->town, end_heard(theirs, "op/1 kind\nname /\n\n"));
	assert_string_equal(theirs->peer->subject.person, "ann");
	assert_string_equal(theirs->peer->subject.machine, "ibiza");
	assert_string_equal(theirs->peer->petname, "ibiza");
	assert_true(t->den_at_ibiza->up);
	end_say(theirs, "ok\n\n");
	theirs->stream->impl->end(theirs->stream);
	until(&t->town, ours->eof);
	assert_true(end_heard(ours, "ok\n\n"));
	assert_false(theirs->eof);
	end_say(ours, "more");
	ours->stream->impl->end(ours->stream);
	until(&t->town, theirs->eof);
	assert_true(end_heard(theirs, "op/1 kind\nname /\n\nmore"));
	assert_int_equal(ours->hangups, 0);
	assert_int_equal(theirs->hangups, 0);
	end_destroy(ours);
	end_destroy(theirs);
	assert_int_equal(t->den.added, 1);
	assert_int_equal(t->den.ups, 1);
	assert_true(t->den_at_ibiza->net[0] != '\0' && t->den_at_ibiza->rtt_ms > 0);
	struct connection *c = t->den_at_ibiza->connection;
	c->measured = 0; // the handshake's signatures are behind us
	end_destroy(node_open(&t->ibiza, t->den_at_ibiza));
	until(&t->town, c->measured != 0);
	assert_string_equal(t->den_at_ibiza->net, "lan");
}


/* An exchange with a word each way: ours at ibiza, theirs at den. */
static void begin(struct pair_of_nodes *t, struct end **ours, struct end **theirs) {
	*ours = node_open(&t->ibiza, t->den_at_ibiza);
	int before = wl_list_length(&t->den.ends);
	end_say(*ours, "hello");
	until(&t->town, wl_list_length(&t->den.ends) > before);
	*theirs = node_newest(&t->den);
	until(&t->town, end_heard(*theirs, "hello"));
	(*theirs)->stream->hangup_cancels = true; // as for a request that is not answered yet
	end_say(*theirs, "ok");
	until(&t->town, end_heard(*ours, "ok"));
	buf_drop(&(*ours)->in, 2);
	buf_drop(&(*theirs)->in, 5);
	(*ours)->taken = (*theirs)->taken = 0;
}

/* Bytes of which each place has its own value. */
struct source {
	struct end *end;
	uint64_t at, size, sum;
};

static void pour(struct source *source) {
	uint8_t bytes[32768];
	const struct stream_impl *impl = source->end->stream->impl;
	while (source->at < source->size && impl->queued(source->end->stream) < REQ_MARK) {
		size_t size = sizeof(bytes);
		size = source->size - source->at < size ? (size_t)(source->size - source->at) : size;
		for (size_t i = 0; i < size; i++) {
			bytes[i] = (uint8_t)((source->at + i) * 2654435761u >> 13);
			source->sum += bytes[i] * (source->at + i + 1);
		}
		impl->write(source->end->stream, bytes, size);
		source->at += size;
		if (source->at == source->size) {
			impl->end(source->end->stream);
		}
	}
}

static void test_both_ways(void **state) {
	struct pair_of_nodes *t = *state;
	struct end *ours, *theirs;
	begin(t, &ours, &theirs);
	ours->discard = theirs->discard = true;
	struct source there = {ours, 0, 10000000, 0}, back = {theirs, 0, 7000001, 0};
	uint64_t deadline = 0;
	while (!ours->eof || !theirs->eof) {
		pour(&there);
		pour(&back);
		assert_true(town_step(&t->town, &deadline));
	}
	assert_int_equal(theirs->taken, there.size);
	assert_int_equal(ours->taken, back.size);
	assert_int_equal(theirs->sum, there.sum);
	assert_int_equal(ours->sum, back.sum);
	end_destroy(ours);
	end_destroy(theirs);
}

static void test_slow_reader(void **state) {
	struct pair_of_nodes *t = *state;
	struct end *ours, *theirs;
	begin(t, &ours, &theirs);
	theirs->discard = true;
	ours->stream->impl->set_class(ours->stream, STREAM_BULK);
	theirs->stream->impl->set_class(theirs->stream, STREAM_BULK);
	struct source source = {ours, 0, 100000000, 0};
	struct stream_quic *reader = wl_container_of(theirs->stream, reader, base);
	size_t before = memory_used(), most = 0, held = 0;
	uint64_t end = now_ms() + 60000;
	bool paused = false;
	for (int step = 0; !theirs->eof; step++) {
		assert_true(now_ms() < end);
		pour(&source);
		if (step % 16 == 0) {
			paused = !paused && source.at < source.size;
			theirs->stream->impl->pause(theirs->stream, paused);
			size_t used = memory_used();
			most = used > most ? used : most;
		}
		held = reader->in.size > held ? reader->in.size : held;
		wl_event_loop_dispatch(t->town.loop, paused ? 2 : 100);
	}
	assert_int_equal(theirs->taken, source.size);
	assert_int_equal(theirs->sum, source.sum);
	assert_true(held > WINDOW && held <= WINDOW_BULK);
	if (before > 0) {
		print_message("slow reader: %zu KiB at most\n", (most - before) / 1024);
		assert_true(most - before < 8 * 1024 * 1024);
	}
	end_destroy(ours);
	end_destroy(theirs);
}

static void test_stalled_does_not_stop_others(void **state) {
	struct pair_of_nodes *t = *state;
	struct end *stalled, *stalled_there, *ours, *theirs;
	begin(t, &stalled, &stalled_there);
	begin(t, &ours, &theirs);
	stalled_there->stream->impl->pause(stalled_there->stream, true);
	struct source full = {stalled, 0, 4 * WINDOW, 0}, source = {ours, 0, 20000000, 0};
	theirs->discard = true;
	uint64_t deadline = 0;
	while (!theirs->eof) {
		pour(&full);
		pour(&source);
		assert_true(town_step(&t->town, &deadline));
	}
	assert_int_equal(theirs->sum, source.sum);
	assert_int_equal(stalled_there->taken, 0);
	stalled_there->stream->impl->pause(stalled_there->stream, false);
	deadline = 0;
	while (stalled_there->taken < full.size) {
		pour(&full);
		assert_true(town_step(&t->town, &deadline));
	}
	end_destroy(stalled);
	end_destroy(stalled_there);
	end_destroy(ours);
	end_destroy(theirs);
}

static void test_frames(void **state) {
	struct pair_of_nodes *t = *state;
	struct end *ours, *theirs;
	begin(t, &ours, &theirs);
	end_frame(theirs, FRAME_VIDEO, 1, 500000);
	end_frame(theirs, FRAME_VIDEO, 2, 0);
	end_frame(theirs, FRAME_TILES, 3, 1);
	end_frame(ours, FRAME_VIDEO, 4, 70000);
	assert_true(theirs->stream->impl->queued(theirs->stream) > 500000);
	until(&t->town, ours->frames == 3 && theirs->frames == 1 && theirs->drained);
	assert_int_equal(ours->frame_bytes, 500001);
	assert_int_equal(theirs->sequences[0], 4);
	assert_int_equal(theirs->stream->impl->queued(theirs->stream), 0);
	end_destroy(ours);
	end_destroy(theirs);
}

static void test_requester_waits_for_ok(void **state) {
	struct pair_of_nodes *t = *state;
	struct end *ours = node_open(&t->ibiza, t->den_at_ibiza);
	end_say(ours, "hello");
	end_frame(ours, FRAME_VIDEO, 1, 1000); // even before there is a connection
	until(&t->town, node_newest(&t->den) && end_heard(node_newest(&t->den), "hello"));
	struct end *theirs = node_newest(&t->den);
	end_frame(ours, FRAME_VIDEO, 2, 1000);
	struct end *other, *other_there;
	begin(t, &other, &other_there); // a round trip later
	assert_int_equal(theirs->frames, 0);
	end_say(theirs, "ok");
	until(&t->town, theirs->frames == 2);
	assert_int_equal(theirs->sequences[0], 1);
	end_destroy(ours);
	end_destroy(theirs);
	end_destroy(other);
	end_destroy(other_there);
}

static void test_frame_overtakes_ok(void **state) {
	struct pair_of_nodes *t = *state;
	struct end *ours = node_open(&t->ibiza, t->den_at_ibiza);
	end_say(ours, "hello");
	until(&t->town, node_newest(&t->den));
	struct end *theirs = node_newest(&t->den);
	end_frame(theirs, FRAME_VIDEO, 1, 1000);
	until(&t->town, ours->frames == 1); // net/exchange.c keeps it until the head has come
	assert_int_equal(ours->in.size, 0);
	end_say(theirs, "ok");
	until(&t->town, end_heard(ours, "ok"));
	end_destroy(ours);
	end_destroy(theirs);
}

static void test_frames_while_paused(void **state) {
	struct pair_of_nodes *t = *state;
	struct end *ours, *theirs;
	begin(t, &ours, &theirs);
	ours->stream->impl->pause(ours->stream, true);
	for (uint32_t i = 1; i <= 200; i++) {
		end_frame(theirs, FRAME_VIDEO, i, 20000);
	}
	struct stream_quic *s = wl_container_of(ours->stream, s, base);
	until(&t->town, wl_list_length(&s->connection->lanes_in) == OP_MAX_FRAME_STREAMS);
	town_pass(&t->town, 50);
	assert_int_equal(wl_list_length(&s->connection->lanes_in), OP_MAX_FRAME_STREAMS);
	assert_int_equal(ours->frames, 0);
	ours->stream->impl->pause(ours->stream, false);
	until(&t->town, ours->frames == 200 && theirs->drained);
	assert_int_equal(s->connection->frames_held, 0);
	assert_true(wl_list_empty(&s->connection->lanes_in));
	end_destroy(ours);
	end_destroy(theirs);
}

static void test_frames_of_nobody(void **state) {
	struct pair_of_nodes *t = *state;
	struct end *ours, *theirs, *other, *other_there;
	begin(t, &other, &other_there);
	begin(t, &ours, &theirs);
	struct stream_quic *s = wl_container_of(other->stream, s, base);
	struct connection *c = s->connection;
	theirs->stream->hangup_cancels = false;
	for (uint32_t i = 1; i <= 100; i++) {
		end_frame(theirs, FRAME_VIDEO, i, 20000);
	}
	end_destroy(ours);
	until(&t->town, theirs->hangups == 1 || theirs->drained);
	for (uint32_t i = 1; i <= 100; i++) { // the lanes are there for others
		end_frame(other_there, FRAME_VIDEO, i, 20000);
	}
	until(&t->town, other->frames == 100 && wl_list_empty(&c->lanes_in));
	assert_int_equal(c->frames_held, 0);
	end_destroy(theirs);
	end_destroy(other);
	end_destroy(other_there);
}

static void test_cancel(void **state) {
	struct pair_of_nodes *t = *state;
	struct end *ours, *theirs;
	begin(t, &ours, &theirs); // in the middle of the request
	end_destroy(ours);
	until(&t->town, theirs->hangups == 1);
	assert_int_equal(theirs->code, OP_ELOST);
	assert_string_equal(theirs->sentence, "ibiza broke the exchange off");
	end_destroy(theirs);

	begin(t, &ours, &theirs); // behind its end, which has long arrived
	ours->stream->impl->end(ours->stream);
	until(&t->town, theirs->eof);
	theirs->stream->impl->pause(theirs->stream, true);
	struct end *other, *other_there;
	begin(t, &other, &other_there);
	ours->stream->impl->abort(ours->stream);
	until(&t->town, theirs->hangups == 1);
	assert_int_equal(theirs->code, OP_ELOST);
	end_destroy(ours);
	end_destroy(theirs);

	begin(t, &ours, &theirs); // by who answers
	end_destroy(theirs);
	until(&t->town, ours->hangups == 1);
	assert_int_equal(ours->code, OP_ELOST);
	assert_string_equal(ours->sentence, "den broke the exchange off");
	end_destroy(ours);
	end_destroy(other);
	end_destroy(other_there);
}

static void test_answer_before_the_end(void **state) {
	struct pair_of_nodes *t = *state;
	struct end *ours, *theirs;
	begin(t, &ours, &theirs);
	struct source source = {ours, 0, 10 * WINDOW, 0};
	pour(&source);
	end_say(theirs, "no");
	theirs->stream->impl->end(theirs->stream);
	end_destroy(theirs);
	until(&t->town, ours->eof);
	assert_true(end_heard(ours, "no"));
	uint64_t deadline = 0;
	while (source.at < source.size) { // dropped unseen
		pour(&source);
		assert_true(town_step(&t->town, &deadline));
	}
	assert_int_equal(ours->hangups, 0);
	end_destroy(ours);
}

static void test_end_is_flushed(void **state) {
	struct pair_of_nodes *t = *state;
	struct end *ours, *theirs;
	begin(t, &ours, &theirs);
	theirs->keep = 0;
	struct source source = {ours, 0, WINDOW - 1, 0};
	pour(&source);
	assert_int_equal(source.at, source.size);
	end_frame(theirs, FRAME_VIDEO, 1, 300000);
	end_destroy(ours);
	until(&t->town, theirs->eof);
	assert_int_equal(theirs->taken, source.size);
	end_destroy(theirs);

	ours = node_open(&t->ibiza, t->den_at_ibiza); // and of one that never was connected
	node_stop(&t->den);
	until(&t->town, !t->den_at_ibiza->up);
	end_destroy(ours);
	node_start(&t->den, 0);
	t->den_at_ibiza = introduce(&t->ibiza, &t->den, 0);
	ours = node_open(&t->ibiza, t->den_at_ibiza);
	end_say(ours, "bye");
	ours->stream->impl->end(ours->stream);
	end_destroy(ours);
	until(&t->town, node_newest(&t->den) && node_newest(&t->den)->eof);
	assert_true(end_heard(node_newest(&t->den), "bye"));
}

static void test_quota(void **state) {
	struct pair_of_nodes *t = *state;
	struct end *ends[OP_MAX_EXCHANGES];
	struct op_refusal why = {0};
	for (int i = 0; i < OP_MAX_EXCHANGES; i++) {
		ends[i] = node_open(&t->ibiza, t->den_at_ibiza);
		end_say(ends[i], "x");
	}
	assert_null(quic_open(t->ibiza.quic, t->den_at_ibiza, &why));
	assert_int_equal(why.code, OP_EQUOTA);
	until(&t->town, wl_list_length(&t->den.ends) == OP_MAX_EXCHANGES);
	assert_null(quic_open(t->ibiza.quic, t->den_at_ibiza, &why));
	struct end *first = wl_container_of(t->den.ends.next, first, link);
	end_destroy(first);
	until(&t->town, ends[0]->hangups == 1);
	end_destroy(ends[0]);
	struct stream *stream = NULL;
	until(&t->town, (stream = quic_open(t->ibiza.quic, t->den_at_ibiza, &why)));
	ends[0] = end_create(stream);
	end_say(ends[0], "y");
	until(&t->town, wl_list_length(&t->den.ends) == OP_MAX_EXCHANGES);
	for (int i = 0; i < OP_MAX_EXCHANGES; i++) {
		end_destroy(ends[i]);
	}
}

static void test_goodbye(void **state) {
	struct pair_of_nodes *t = *state;
	struct end *ours, *theirs;
	begin(t, &ours, &theirs);
	node_stop(&t->den);
	assert_int_equal(theirs->hangups, 1);
	until(&t->town, ours->hangups == 1);
	assert_int_equal(ours->code, OP_ELOST);
	assert_string_equal(ours->sentence, "den has stopped: start boxd there and ask again");
	assert_false(t->den_at_ibiza->up);
	end_destroy(ours);
	node_start(&t->den, 0);
	introduce(&t->ibiza, &t->den, 0);
	begin(t, &ours, &theirs);
	end_destroy(ours);
	end_destroy(theirs);
}

// What is not asked for before the last of it has left comes when the path has been idle.
static void test_bulk_is_asked_for_early(void **state) {
	struct pair_of_nodes *t = *state;
	struct end *ours, *theirs;
	const size_t more = 100000;
	begin(t, &ours, &theirs);
	ours->stream->impl->set_class(ours->stream, STREAM_BULK);
	theirs->stream->impl->set_class(theirs->stream, STREAM_BULK);
	theirs->stream->impl->pause(theirs->stream, true); // its window is all that leaves
	uint8_t *bytes = calloc(1, WINDOW_BULK + more);
	assert_non_null(bytes);
	ours->stream->impl->write(ours->stream, bytes, WINDOW_BULK + more);
	free(bytes);
	assert_false(ours->drained);
	until(&t->town, ours->drained);
	assert_in_range(ours->stream->impl->queued(ours->stream), 1, 128 * 1024);
	end_destroy(ours);
	end_destroy(theirs);
}

int main(void) {
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_exchange),
		TEST(test_both_ways),
		TEST(test_slow_reader),
		TEST(test_bulk_is_asked_for_early),
		TEST(test_stalled_does_not_stop_others),
		TEST(test_frames),
		TEST(test_requester_waits_for_ok),
		TEST(test_frame_overtakes_ok),
		TEST(test_frames_while_paused),
		TEST(test_frames_of_nobody),
		TEST(test_cancel),
		TEST(test_answer_before_the_end),
		TEST(test_end_is_flushed),
		TEST(test_quota),
		TEST(test_goodbye),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
