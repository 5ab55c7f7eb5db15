/* SPDX-License-Identifier: MIT */
/*
 * test_pair.c - an exchange within one program: what holds over a socket (test_exchange.c) holds
 * over a pair of streams.
 */
#include "net/stream_pair.h"
#include "side.h"

static const enum op_body forms[] = {OP_BODY_NONE, OP_BODY_BYTES, OP_BODY_CHUNKS, OP_BODY_FRAMES};
#define FORMS ((int)(sizeof(forms) / sizeof(forms[0])))
#define MUCH (3 * 1024 * 1024 + 17)

struct ends {
	struct wl_event_loop *loop;
	struct side client, server;
};

static void begin(struct ends *ends) {
	struct stream *streams[2];
	assert_true(stream_pair_create(ends->loop, streams));
	side_init_stream(&ends->client, streams[0], OP_REPLY);
	side_init_stream(&ends->server, streams[1], OP_REQUEST);
}

static int setup(void **state) {
	static struct ends ends;
	ends.loop = wl_event_loop_create();
	*state = &ends;
	return ends.loop ? 0 : -1;
}

static int teardown(void **state) {
	struct ends *ends = *state;
	wl_event_loop_destroy(ends->loop);
	return 0;
}

static void hang_up(struct side *side) {
	exchange_destroy(side->exchange);
	side->exchange = NULL;
}

static void both_ways(struct ends *ends, size_t size) {
	for (int i = 0; i < FORMS * FORMS; i++) {
		enum op_body asked = forms[i / FORMS], answered = forms[i % FORMS];
		begin(ends);
		side_send(&ends->client, asked == OP_BODY_NONE ? "getmem" : "putmem", asked, size);
		side_send(&ends->server, "ok", answered, size);
		assert_int_equal(ends->server.heads, 0); // never from inside
		pump_until(ends->loop, ends->client.ends > 0 && ends->server.ends > 0);
		pump_quiet(ends->loop);
		side_check_payload(&ends->server, asked == OP_BODY_NONE ? 0 : size);
		side_check_payload(&ends->client, answered == OP_BODY_NONE ? 0 : size);
		assert_int_equal(ends->client.gones + ends->server.gones, 0);
		assert_true(exchange_over(ends->client.exchange) && exchange_over(ends->server.exchange));
		side_finish(&ends->client);
		side_finish(&ends->server);
	}
}

static void test_both_ways(void **state) {
	both_ways(*state, 0);
	both_ways(*state, 1);
	both_ways(*state, MUCH);
}

static void test_pause_loses_nothing(void **state) {
	struct ends *ends = *state;
	begin(ends);
	ends->server.pause_always = true;
	side_send(&ends->client, "putmem", OP_BODY_FRAMES, MUCH);
	pump_quiet(ends->loop);
	assert_int_equal(ends->server.ends, 0);
	assert_int_not_equal(exchange_queued(ends->client.exchange), 0);
	assert_int_equal(ends->client.drains, 0);
	ends->server.pause_always = false;
	exchange_pause(ends->server.exchange, false);
	pump_until(ends->loop, ends->server.ends > 0);
	pump_quiet(ends->loop);
	side_check_payload(&ends->server, MUCH);
	assert_int_equal(exchange_queued(ends->client.exchange), 0);
	assert_int_equal(ends->client.drains, 1);
	side_finish(&ends->client);
	side_finish(&ends->server);
}

static void test_cancel_while_paused(void **state) {
	struct ends *ends = *state;
	begin(ends);
	side_send(&ends->client, "getmem", OP_BODY_NONE, 0);
	pump_until(ends->loop, ends->server.heads > 0);
	exchange_pause(ends->server.exchange, true);
	hang_up(&ends->client);
	pump_until(ends->loop, ends->server.gones > 0);
	assert_int_equal(ends->server.why.code, OP_ELOST);
	side_finish(&ends->server);
	side_finish(&ends->client);
}

static void test_answer_outlives_its_server(void **state) {
	struct ends *ends = *state;
	begin(ends);
	side_send(&ends->client, "getmem", OP_BODY_NONE, 0);
	pump_until(ends->loop, ends->server.heads > 0);
	exchange_pause(ends->client.exchange, true);
	side_send(&ends->server, "ok", OP_BODY_CHUNKS, MUCH);
	hang_up(&ends->server);
	pump_quiet(ends->loop);
	assert_int_equal(ends->client.gones, 0);
	exchange_pause(ends->client.exchange, false);
	pump_until(ends->loop, ends->client.ends > 0);
	side_check_payload(&ends->client, MUCH);
	side_finish(&ends->client);
	side_finish(&ends->server);
}

static void test_destroyed_unfinished_is_a_cut(void **state) {
	struct ends *ends = *state;
	begin(ends);
	side_send(&ends->client, "getmem", OP_BODY_NONE, 0);
	pump_until(ends->loop, ends->server.heads > 0);
	side_send_head(&ends->server, "ok", OP_BODY_CHUNKS, 0);
	side_send_body(&ends->server, OP_BODY_CHUNKS, 0, 1000);
	hang_up(&ends->server);
	pump_until(ends->loop, ends->client.gones > 0);
	assert_int_equal(ends->client.ends, 0);
	assert_int_equal(ends->client.why.code, OP_ELOST);
	side_finish(&ends->client);
	side_finish(&ends->server);
}

static void test_never_used(void **state) {
	struct ends *ends = *state;
	struct stream *streams[2];
	assert_true(stream_pair_create(ends->loop, streams));
	streams[0]->impl->destroy(streams[0]);
	side_init_stream(&ends->server, streams[1], OP_REQUEST);
	pump_until(ends->loop, ends->server.gones > 0);
	side_finish(&ends->server);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_both_ways, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pause_loses_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel_while_paused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answer_outlives_its_server, setup, teardown),
		cmocka_unit_test_setup_teardown(test_destroyed_unfinished_is_a_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_never_used, setup, teardown),
	};
	return cmocka_run_group_tests_name("pair", tests, NULL, NULL);
}
