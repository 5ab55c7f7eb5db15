/* SPDX-License-Identifier: MIT */
/*
 * test_order.c - what a narrow path carries first, and what bulk may take while somebody types.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quic/quic_private.h"
#include "unit/quic/town.h"
#include "unit/quic/wire.h"

#define RATE (1000 * 1000) // bytes a second
#define POUR_MS 20000 // so long a busy machine has to be less so
#define KEY_MS 60
#define RETURN_MS 1000
#define QUESTIONS 8
#define ASKED 6 // times a second; 4 by what QUIC does of itself

struct nodes {
	struct town town;
	struct persona ann;
	struct node den, ibiza;
	struct wire wire;
};

static int set_up(void **state) {
	struct nodes *t = calloc(1, sizeof(*t));
	assert_non_null(t);
	town_init(&t->town);
	persona_init(&t->ann, "ann");
	node_init(&t->den, &t->town, "den", &t->ann);
	node_init(&t->ibiza, &t->town, "ibiza", &t->ann);
	wire_init(&t->wire, t->town.loop, quic_port(t->den.quic));
	t->wire.rate = RATE;
	t->wire.delay_ns = 3 * MS;
	t->wire.queue_max = RATE; // a bloated one: a second
	introduce(&t->ibiza, &t->den, t->wire.port);
	t->den.discard_default = true;
	*state = t;
	return 0;
}

static int tear_down(void **state) {
	struct nodes *t = *state;
	node_finish(&t->den);
	node_finish(&t->ibiza);
	wire_finish(&t->wire);
	persona_finish(&t->ann);
	town_finish(&t->town);
	free(t);
	return 0;
}

static void begin(struct nodes *t, enum stream_class class, struct end **ours, struct end **theirs) {
	int before = wl_list_length(&t->den.ends);
	*ours = node_open(&t->ibiza, peer_of(&t->ibiza, &t->den));
	(*ours)->stream->impl->set_class((*ours)->stream, class);
	end_say(*ours, "hello");
	until(&t->town, wl_list_length(&t->den.ends) > before && node_newest(&t->den)->taken == 5);
	*theirs = node_newest(&t->den);
	(*theirs)->stream->impl->set_class((*theirs)->stream, class);
	end_say(*theirs, "ok");
	until(&t->town, end_heard(*ours, "ok"));
	(*theirs)->taken = 0;
	(*theirs)->first_ms = (*theirs)->last_ms = 0;
}

static void put(struct end *end, size_t size) {
	uint8_t *bytes = calloc(1, size);
	assert_non_null(bytes);
	end->stream->impl->write(end->stream, bytes, size);
	free(bytes);
}

static void test_order(void **state) {
	struct nodes *t = *state;
	struct end *ours[5], *theirs[5];
	for (int class = STREAM_INPUT; class <= STREAM_BULK; class++) {
		begin(t, (enum stream_class)class, &ours[class], &theirs[class]);
	}
	put(ours[STREAM_BULK], 200000); // the last first
	for (uint32_t i = 1; i <= 10; i++) {
		end_frame(ours[STREAM_VIDEO], FRAME_VIDEO, i, 20000);
	}
	put(ours[STREAM_AUDIO], 100000);
	put(ours[STREAM_CONTROL], 100000);
	put(ours[STREAM_INPUT], 100000);
	until(&t->town, theirs[STREAM_BULK]->taken == 200000 && theirs[STREAM_VIDEO]->frames == 10
		&& theirs[STREAM_AUDIO]->taken == 100000 && theirs[STREAM_INPUT]->taken == 100000);
	for (int class = STREAM_INPUT; class < STREAM_BULK; class++) {
		// The next begins, but for what fits into the last packet, when this one is through.
		assert_true(theirs[class]->last_ms <= theirs[class + 1]->last_ms);
		assert_true(theirs[class]->last_ms <= theirs[class + 1]->first_ms + 10);
	}
	for (int i = 0; i < 10; i++) {
		assert_int_equal(theirs[STREAM_VIDEO]->sequences[i], i + 1);
	}
	for (int class = STREAM_INPUT; class <= STREAM_BULK; class++) {
		end_destroy(ours[class]);
		end_destroy(theirs[class]);
	}
}

/* What is told of the path is so: its delay, and packets that were lost. */
static void test_path(void **state) {
	struct nodes *t = *state;
	struct end *ours, *theirs;
	struct stream_path path, after;
	begin(t, STREAM_VIDEO, &ours, &theirs);
	assert_true(ours->stream->impl->path(ours->stream, &path));
	assert_int_equal(path.lost, 0);
	assert_in_range(path.least_us, 6000, 100000);
	assert_in_range(path.rtt_us, path.least_us, 1000000);
	t->wire.queue_max = 12000;
	for (uint32_t i = 1; i <= 8; i++) {
		end_frame(ours, FRAME_VIDEO, i, 30000);
	}
	until(&t->town, theirs->frames == 8);
	until(&t->town, ours->stream->impl->path(ours->stream, &after) && after.flight == 0);
	assert_true(after.window > 0);
	// a packet may hold parts of two frames, or be thought lost when it is only late
	uint64_t lost = (uint64_t)t->wire.lost;
	assert_true(lost > 10);
	assert_in_range(after.lost, lost / 2, lost * 2);
	assert_true(after.sent - path.sent > 8 * 30000 / 1500 + lost / 2);
	end_destroy(ours);
	end_destroy(theirs);
}

/* Frames that fill no window tell all the same what a long way carries. */
static void test_path_carries(void **state) {
	struct nodes *t = *state;
	struct end *ours, *theirs;
	struct stream_path path;
	t->wire.rate = 10 * RATE;
	t->wire.delay_ns = 25 * MS;
	begin(t, STREAM_VIDEO, &ours, &theirs);
	uint32_t sent = 0;
	do {
		end_frame(ours, FRAME_VIDEO, ++sent, 12000);
		until(&t->town, theirs->frames == (int)sent);
		assert_true(ours->stream->impl->path(ours->stream, &path));
		assert_true(sent < 200);
	} while (path.window < 2 * RATE / 1000 * 50 * 2); // ten times RATE, on a machine at rest
	end_destroy(ours);
	end_destroy(theirs);
}

struct cut_seen {
	int asked;   // packets into the cut line, in its last second: whether it is back
	uint64_t ms; // from its return until the keyframe came
};

/*
 * Frames from first on; then the line is cut, and what is sent meanwhile has a keyframe at its end: that
 * one alone comes.
 */
static struct cut_seen cut_line(struct nodes *t, struct end *ours, struct end *theirs, uint32_t first) {
	static uint8_t payload[3000];
	struct cut_seen seen;
	uint32_t last = first + 28;
	for (size_t i = 0; i < sizeof(payload); i++) {
		payload[i] = (uint8_t)(last + i); // as end_frame has it
	}
	const struct frame key = {.kind = FRAME_VIDEO, .flags = FRAME_KEY, .sequence = last, .base = last,
		.payload = payload, .size = sizeof(payload)};
	int before = theirs->frames + 20;
	for (uint32_t i = 0; i < 20; i++) { // so that the window has room: without, nobody may even ask
		end_frame(ours, FRAME_VIDEO, first + i, 20000);
	}
	until(&t->town, theirs->frames == before);
	t->wire.cut = true;
	for (uint32_t i = 20; i < 28; i++) {
		end_frame(ours, FRAME_VIDEO, first + i, 900);
	}
	town_pass(&t->town, 300);
	ours->stream->impl->frame(ours->stream, &key);
	town_pass(&t->town, 500); // what is lost is sent again ever less often
	int lost = t->wire.lost;
	town_pass(&t->town, 1000);
	seen.asked = t->wire.lost - lost;
	t->wire.cut = false;
	uint64_t back = now_ms();
	until(&t->town, theirs->frames > before);
	assert_int_equal(theirs->sequences[before], last);
	seen.ms = theirs->last_ms - back;
	town_pass(&t->town, 200);
	assert_int_equal(theirs->frames, before + 1);
	print_message("asked %d times, back after %d ms\n", seen.asked, (int)seen.ms);
	return seen;
}

/* Frames of a line that was cut are not sent when it returns, if a keyframe has taken their place. */
static void test_a_keyframe_takes_the_place_of_old_frames(void **state) {
	struct nodes *t = *state;
	struct end *ours, *theirs;
	begin(t, STREAM_VIDEO, &ours, &theirs);
	t->wire.delay_ns = 30 * MS;
	struct cut_seen seen;
	uint32_t round = 0;
	do { // a busy machine may be late
		seen = cut_line(t, ours, theirs, 1 + round * 29);
	} while ((seen.asked < ASKED || seen.ms >= RETURN_MS) && ++round < 5);
	assert_true(seen.asked >= ASKED); // somebody looks often whether it is back
	assert_true(seen.ms < RETURN_MS);
	end_destroy(ours);
	end_destroy(theirs);
}

struct flow_seen {
	double queue_ms; // the worst of srtt - min_rtt, once settled
	double rate;     // bytes a second
};

#define ANY_QUEUE 1e9

static void fill(struct end *end) {
	while (end->stream->impl->queued(end->stream) < 256 * 1024) {
		put(end, 65536);
	}
}

/* Bulk for a while; what it did to the path. */
static struct flow_seen pour(struct nodes *t, struct end *ours, struct end *theirs, int ms) {
	struct flow_seen seen = {0};
	struct connection *c = peer_of(&t->ibiza, &t->den)->connection;
	uint64_t begin = now_ms(), settled = begin + 1500, before = theirs->taken;
	for (uint64_t now = begin; now < begin + (uint64_t)ms; now = now_ms()) {
		ngtcp2_conn_info info;
		fill(ours);
		wl_event_loop_dispatch(t->town.loop, 5);
		ngtcp2_conn_get_conn_info(c->conn, &info);
		double queue = (double)(info.smoothed_rtt - info.min_rtt) / MS;
		seen.queue_ms = now > settled && queue > seen.queue_ms ? queue : seen.queue_ms;
	}
	seen.rate = (double)(theirs->taken - before) * 1000 / (double)(now_ms() - begin);
	return seen;
}

/*
 * Bulk until it was so for a while; at once, where the machine has time for us. Where it has not, what is
 * read late looks like a queue, and bulk gives way to that too.
 */
static void pour_until(struct nodes *t, struct end *ours, struct end *theirs, int ms, double rate,
		double queue_ms, const char *what) {
	uint64_t end = now_ms() + POUR_MS;
	struct flow_seen seen;
	do {
		seen = pour(t, ours, theirs, ms);
		print_message("%s: %.0f kB/s of %d, queue %.0f ms at most\n", what, seen.rate / 1000,
			RATE / 1000, seen.queue_ms);
	} while ((seen.rate <= rate || seen.queue_ms >= queue_ms) && now_ms() < end);
	assert_true(seen.rate > rate);
	assert_true(seen.queue_ms < queue_ms);
}

static void test_bulk_keeps_its_share(void **state) {
	struct nodes *t = *state;
	struct end *bulk, *bulk_there, *live, *live_there;
	begin(t, STREAM_BULK, &bulk, &bulk_there);
	begin(t, STREAM_INPUT, &live, &live_there);
	// It will have its share of this.
	pour_until(t, bulk, bulk_there, 1000, RATE / 2.0, ANY_QUEUE, "in no queue");
	t->wire.delay_ns = 30 * MS; // others fill the queue, whatever bulk does
	pour(t, bulk, bulk_there, 500);
	double rate = pour(t, bulk, bulk_there, 2000).rate;
	print_message("in a queue of others: %.0f kB/s of %d\n", rate / 1000, RATE / 1000);
	assert_true(rate > RATE / 32.0 && rate < RATE / 4.0);
	// it was the path that has changed, then
	pour_until(t, bulk, bulk_there, 2000, RATE / 8.0, ANY_QUEUE, "on the longer path");
	end_destroy(bulk);
	end_destroy(bulk_there);
	end_destroy(live);
	end_destroy(live_there);
}

/* How long a key takes while bulk is poured. */
static uint64_t key_ms(struct nodes *t, struct end *live, struct end *there) {
	uint64_t begun = now_ms(), before = there->taken;
	put(live, 24);
	until(&t->town, there->taken == before + 24);
	return now_ms() - begun;
}

static void test_bulk_gives_way(void **state) {
	struct nodes *t = *state;
	struct end *bulk, *bulk_there, *live, *live_there;
	begin(t, STREAM_BULK, &bulk, &bulk_there);
	begin(t, STREAM_INPUT, &live, &live_there);
	pour_until(t, bulk, bulk_there, 3000, RATE / 16.0, 40, "with a live class");
	uint64_t took = key_ms(t, live, live_there); // it arrives at once
	for (uint64_t end = now_ms() + POUR_MS; took >= KEY_MS && now_ms() < end;) {
		pour(t, bulk, bulk_there, 300);
		took = key_ms(t, live, live_there);
	}
	assert_true(took < KEY_MS);
	end_destroy(live);
	until(&t->town, live_there->hangups == 1);
	end_destroy(live_there);

	pour_until(t, bulk, bulk_there, 3000, RATE * 0.6, ANY_QUEUE, "alone"); // it has the whole path
	end_destroy(bulk);
	end_destroy(bulk_there);
}

/* How many packets some questions take, each after a rest and answered at once. */
static int questions(struct nodes *t, struct end *ours, struct end *theirs) {
	struct stream_path path;
	int packets = 0;
	for (int i = 0; i < QUESTIONS; i++) {
		town_pass(&t->town, 2 * ACK_REST / MS);
		uint64_t asked = theirs->taken + 40, answered = ours->taken + 40;
		int before = t->wire.passed;
		put(ours, 40);
		until(&t->town, theirs->taken == asked);
		put(theirs, 40);
		until(&t->town, ours->taken == answered &&
			theirs->stream->impl->path(theirs->stream, &path) && path.flight == 0);
		packets += t->wire.passed - before;
	}
	return packets;
}

/* What is answered at once needs no packet of its own to be acknowledged; what is not answered gets one. */
static void test_an_answer_acknowledges(void **state) {
	struct nodes *t = *state;
	struct end *ours, *theirs;
	struct stream_path path;
	begin(t, STREAM_INPUT, &ours, &theirs);
	int packets, rounds = 0;
	do { // a busy machine may be late
		packets = questions(t, ours, theirs);
	} while (packets > QUESTIONS * 7 / 2 && ++rounds < 5);
	// the question, its answer, and that the answer came; four or five, were each acknowledged alone
	assert_in_range(packets, QUESTIONS * 3, QUESTIONS * 7 / 2);
	put(ours, 40);
	until(&t->town, ours->stream->impl->path(ours->stream, &path) && path.flight == 0);
	end_destroy(ours);
	end_destroy(theirs);
}

int main(void) {
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_order),
		TEST(test_path),
		TEST(test_path_carries),
		TEST(test_an_answer_acknowledges),
		TEST(test_a_keyframe_takes_the_place_of_old_frames),
		TEST(test_bulk_gives_way),
		TEST(test_bulk_keeps_its_share),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
