/* SPDX-License-Identifier: MIT */
/*
 * test_parts.c - the small parts that need no network: addresses, bytes on their way out, the table
 * of connection IDs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "box/op.h"
#include "quic/address.h"
#include "quic/cids.h"
#include "quic/outflow.h"

static void test_split(void **state) {
	static const struct {
		const char *text, *host;
		uint16_t port; // 0: refused
	} cases[] = {
		{"10.0.0.2:7448", "10.0.0.2", 7448},
		{"den", "den", OP_PORT},
		{"den.local:1", "den.local", 1},
		{"[fd00::2]:65535", "fd00::2", 65535},
		{"[fd00::2]", "fd00::2", OP_PORT},
		{"fd00::2", "fd00::2", OP_PORT},
		{"::1", "::1", OP_PORT},
		{"", "", 0},
		{":7447", "", 0},
		{"den:", "", 0},
		{"den:0", "", 0},
		{"den:65536", "", 0},
		{"den:744x", "", 0},
		{"den:-1", "", 0},
		{"den:000000001", "", 0},
		{"[fd00::2", "", 0},
		{"[fd00::2]x", "", 0},
		{"[]:1", "", 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char host[ADDRESS_HOST];
		uint16_t port = 0;
		bool good = address_split(cases[i].text, host, &port);
		if (good != (cases[i].port != 0)) {
			fail_msg("%s", cases[i].text);
		}
		if (good) {
			assert_string_equal(host, cases[i].host);
			assert_int_equal(port, cases[i].port);
		}
	}
	char long_text[400], host[ADDRESS_HOST];
	uint16_t port;
	memset(long_text, 'a', sizeof(long_text));
	long_text[ADDRESS_HOST - 1] = '\0';
	assert_true(address_split(long_text, host, &port)); // at the limit
	long_text[ADDRESS_HOST - 1] = 'a';
	long_text[ADDRESS_HOST] = '\0';
	assert_false(address_split(long_text, host, &port)); // and past it
}

static void test_print(void **state) {
	struct address address;
	char text[ADDRESS_TEXT];
	assert_true(address_parse(&address, "10.0.0.2", 7448));
	assert_string_equal(address_print(&address, text), "10.0.0.2:7448");
	assert_true(address_fit(&address, AF_INET6));
	assert_int_equal(address.u.any.sa_family, AF_INET6);
	assert_string_equal(address_print(&address, text), "10.0.0.2:7448");
	struct address mapped = address;
	assert_true(address_fit(&address, AF_INET));
	assert_int_equal(address.u.any.sa_family, AF_INET);
	assert_string_equal(address_print(&address, text), "10.0.0.2:7448");
	assert_false(address_equal(&address, &mapped)); // of two families, until they fit one socket
	assert_true(address_parse(&address, "fd00::2", 1));
	assert_string_equal(address_print(&address, text), "[fd00::2]:1");
	assert_false(address_fit(&address, AF_INET));
	assert_true(address_parse(&address, "", 7447));
	assert_int_equal(address.u.any.sa_family, AF_INET6);
	assert_true(address_fit(&address, AF_INET));
	assert_true(address_parse(&address, "fe80::1%lo", 1));
	assert_string_equal(address_print(&address, text), "[fe80::1%lo]:1");
	assert_false(address_parse(&address, "fe80::1%no-such-interface", 1));
	assert_false(address_parse(&address, "den", 1));
	assert_false(address_parse(&address, "1.2.3", 1));
}

static int lefts, stops;

static void handle_left(struct outflow *flow) {
	lefts++;
}

static void handle_stopped(struct outflow *flow) {
	stops++;
}

static const struct outflow_impl outflow_impl = {.left = handle_left, .stopped = handle_stopped};

static size_t peek(struct outflow *flow, uint8_t *out, bool *last) {
	ngtcp2_vec vecs[4];
	size_t size = 0, count = outflow_peek(flow, vecs, 4, last);
	for (size_t i = 0; i < count; i++) {
		memcpy(out + size, vecs[i].base, vecs[i].len);
		size += vecs[i].len;
	}
	return size;
}

static void test_outflow(void **state) {
	static uint8_t in[200000], out[200000];
	struct outflow flow;
	bool last;
	for (size_t i = 0; i < sizeof(in); i++) {
		in[i] = (uint8_t)(i * 7 + i / 256);
	}
	outflow_init(&flow, &outflow_impl);
	assert_false(outflow_ready(&flow));
	size_t written = 0, sent = 0, acked = 0;
	ngtcp2_vec kept[1];
	for (size_t step = 1; sent < sizeof(in); step++) {
		size_t size = step * 37 % 5000;
		size = sizeof(in) - written < size ? sizeof(in) - written : size;
		assert_true(outflow_add(&flow, in + written, size));
		written += size;
		assert_int_equal(flow.queued, written - sent);
		size_t there = peek(&flow, out, &last);
		assert_memory_equal(out, in + sent, there);
		assert_true(there == written - sent || !last);
		if (step == 1) {
			assert_int_equal(outflow_peek(&flow, kept, 1, &last), 1);
		}
		if (step == 50) { // what is not acknowledged has not moved
			assert_memory_equal(kept[0].base, in, kept[0].len);
		}
		size_t some = there < 1400 ? there : 1400 + step % 3000;
		some = some < there ? some : there;
		outflow_sent(&flow, some, false);
		sent += some;
		if (step > 60 && step % 3 == 0) {
			acked = sent - (sent - acked) / 2;
			outflow_acked(&flow, acked);
		}
	}
	assert_false(outflow_ready(&flow));
	flow.fin = true;
	assert_true(outflow_ready(&flow));
	assert_int_equal(outflow_peek(&flow, kept, 1, &last), 0);
	assert_true(last);
	outflow_sent(&flow, 0, true);
	assert_false(outflow_ready(&flow));
	outflow_acked(&flow, sent);
	assert_true(wl_list_empty(&flow.chunks)); // all memory is given back
	outflow_finish(&flow);
}

static void test_rewind(void **state) {
	struct outflow flow;
	uint8_t out[64];
	bool last;
	outflow_init(&flow, &outflow_impl);
	assert_true(outflow_add(&flow, "hello ", 6));
	outflow_sent(&flow, 4, false);
	assert_true(outflow_add(&flow, "world", 5));
	outflow_sent(&flow, 7, false);
	flow.fin = true;
	outflow_sent(&flow, 0, true);
	outflow_rewind(&flow);
	assert_int_equal(flow.id, -1);
	assert_int_equal(flow.queued, 11);
	assert_true(outflow_ready(&flow));
	assert_int_equal(peek(&flow, out, &last), 11);
	assert_memory_equal(out, "hello world", 11);
	assert_true(last);
	outflow_stop(&flow);
	assert_false(outflow_ready(&flow));
	assert_int_equal(flow.queued, 0);
	outflow_finish(&flow);
}

static void test_cids(void **state) {
	struct cids cids;
	struct wl_list a, b;
	uint8_t id[NGTCP2_MAX_CIDLEN] = {0};
	struct connection *one = (struct connection *)&a, *two = (struct connection *)&b;
	wl_list_init(&a);
	wl_list_init(&b);
	cids_init(&cids);
	for (uint8_t i = 0; i < 200; i++) {
		id[3] = i;
		assert_true(cids_add(&cids, id, 16, i % 2 ? one : two, i % 2 ? &a : &b));
	}
	id[3] = 7;
	assert_ptr_equal(cids_find(&cids, id, 16), one);
	assert_null(cids_find(&cids, id, 15)); // its length is part of it
	assert_false(cids_add(&cids, id, 16, two, &b)); // and nobody takes another's
	cids_remove(&cids, id, 16);
	assert_null(cids_find(&cids, id, 16));
	cids_remove(&cids, id, 16);
	cids_remove_all(&a);
	id[3] = 9;
	assert_null(cids_find(&cids, id, 16));
	id[3] = 8;
	assert_ptr_equal(cids_find(&cids, id, 16), two);
	cids_remove_all(&b);
	cids_finish(&cids);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_outflow),
		cmocka_unit_test(test_rewind),
		cmocka_unit_test(test_cids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
