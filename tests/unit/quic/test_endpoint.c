/* SPDX-License-Identifier: MIT */
/*
 * test_endpoint.c - the UDP socket: batches with and without the kernel's help, and a kernel that
 * takes nothing for a while.
 */
#include <errno.h>
#include <netinet/udp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "quic/endpoint.h"
#include "unit/quic/town.h"

static bool no_gso;   // as of a kernel or a device without it
static int full;      // calls that find the socket's buffer full
static int most_taken = 1024; // messages of one call
static int calls, trains;

int __real_sendmmsg(int fd, struct mmsghdr *messages, unsigned int size, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned int size, int flags);

static bool is_train(struct msghdr *msg) {
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_SEGMENT) {
			return true;
		}
	}
	return false;
}

int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned int size, int flags) {
	calls++;
	if (full > 0) {
		full--;
		errno = EAGAIN;
		return -1;
	}
	trains += is_train(&messages[0].msg_hdr);
	if (no_gso && is_train(&messages[0].msg_hdr)) {
		errno = EIO;
		return -1;
	}
	unsigned int most = (unsigned int)most_taken;
	return __real_sendmmsg(fd, messages, size < most ? size : most, flags);
}

#define SEEN_MAX 4000

struct ear {
	struct endpoint *endpoint;
	struct datagram last;
	int count, received, writable, unreachable, error;
	size_t sizes[SEEN_MAX];
	uint8_t firsts[SEEN_MAX], ecns[SEEN_MAX];
};

static void handle_datagram(void *data, const struct datagram *datagram) {
	struct ear *ear = data;
	assert_true(ear->count < SEEN_MAX);
	ear->sizes[ear->count] = datagram->size;
	ear->firsts[ear->count] = datagram->bytes[0];
	ear->ecns[ear->count] = datagram->ecn;
	ear->last = *datagram;
	ear->count++;
}

static void handle_received(void *data) {
	struct ear *ear = data;
	ear->received++;
}

static void handle_unreachable(void *data, const struct address *remote, int error) {
	struct ear *ear = data;
	ear->unreachable++;
	ear->error = error;
}

static void handle_writable(void *data) {
	struct ear *ear = data;
	ear->writable++;
}

static const struct endpoint_events events = {
	.datagram = handle_datagram,
	.received = handle_received,
	.unreachable = handle_unreachable,
	.writable = handle_writable,
};

struct two {
	struct town town;
	struct ear a, b;
	struct address from, to; // a's and b's
};

static void listen_at(struct two *t, struct ear *ear, const char *address, uint16_t port) {
	struct op_refusal why = {0};
	ear->endpoint = endpoint_create(t->town.loop, address, port, &events, ear, &why);
	if (!ear->endpoint) {
		fail_msg("%s", why.sentence);
	}
}

static int set_up(void **state) {
	struct two *t = calloc(1, sizeof(*t));
	assert_non_null(t);
	town_init(&t->town);
	listen_at(t, &t->a, "", 0);
	listen_at(t, &t->b, "", 0);
	assert_true(address_parse(&t->to, "127.0.0.1", endpoint_port(t->b.endpoint)));
	assert_true(address_fit(&t->to, endpoint_family(t->a.endpoint)));
	assert_true(endpoint_local(t->a.endpoint, &t->to, &t->from));
	no_gso = false;
	full = calls = trains = 0;
	most_taken = 1024;
	*state = t;
	return 0;
}

static int tear_down(void **state) {
	struct two *t = *state;
	endpoint_destroy(t->a.endpoint);
	endpoint_destroy(t->b.endpoint);
	town_finish(&t->town);
	free(t);
	return 0;
}

static void put(struct two *t, uint8_t first, size_t size, uint8_t ecn) {
	uint8_t *room = endpoint_room(t->a.endpoint);
	assert_non_null(room);
	memset(room, first, size);
	endpoint_add(t->a.endpoint, &t->from, &t->to, ecn, size);
}

static const size_t sizes[] = {1200, 1200, 1200, 700, 1452, 1452, 1452, 1452, 40, 40, 1300, 1, 1452};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static void send_all(struct two *t) {
	for (size_t i = 0; i < SIZES; i++) {
		put(t, (uint8_t)(i + 1), sizes[i], i == 5 ? 2 : 0);
	}
}

static void expect_all(struct two *t) {
	until(&t->town, t->b.count == SIZES);
	for (size_t i = 0; i < SIZES; i++) {
		assert_int_equal(t->b.sizes[i], sizes[i]);
		assert_int_equal(t->b.firsts[i], i + 1);
		assert_int_equal(t->b.ecns[i], i == 5 ? 2 : 0);
	}
	char text[ADDRESS_TEXT], from[ADDRESS_TEXT];
	assert_string_equal(address_print(&t->b.last.remote, text), address_print(&t->from, from));
	assert_string_equal(address_print(&t->b.last.local, text), address_print(&t->to, from));
}

static void test_batch(void **state) {
	struct two *t = *state;
	send_all(t);
	assert_int_equal(endpoint_flush(t->a.endpoint), 0);
	expect_all(t);
	assert_true(trains > 0);
	assert_true(calls < 4);
}

static void test_without_offload(void **state) {
	struct two *t = *state;
	no_gso = true;
	send_all(t);
	assert_int_equal(endpoint_flush(t->a.endpoint), 0);
	expect_all(t);
	int before = trains;
	t->b.count = 0;
	send_all(t); // it has learnt
	assert_int_equal(endpoint_flush(t->a.endpoint), 0);
	expect_all(t);
	assert_int_equal(trains, before);
}

static void test_partly_taken(void **state) {
	struct two *t = *state;
	most_taken = 1;
	send_all(t);
	assert_int_equal(endpoint_flush(t->a.endpoint), 0);
	expect_all(t);
	no_gso = true;
	t->b.count = 0;
	send_all(t);
	assert_int_equal(endpoint_flush(t->a.endpoint), 0);
	expect_all(t);
}

static void test_full_socket(void **state) {
	struct two *t = *state;
	send_all(t);
	full = 3;
	assert_int_equal(endpoint_flush(t->a.endpoint), 0);
	assert_true(endpoint_blocked(t->a.endpoint));
	assert_null(endpoint_room(t->a.endpoint));
	endpoint_send(t->a.endpoint, &t->from, &t->to, "lost", 4); // as the header says
	expect_all(t);
	until(&t->town, t->a.writable == 1);
	assert_false(endpoint_blocked(t->a.endpoint));
	endpoint_send(t->a.endpoint, &t->from, &t->to, "here", 4);
	until(&t->town, t->b.count == SIZES + 1);
}

static void test_batch_is_bounded(void **state) {
	struct two *t = *state;
	int count = 0;
	for (; endpoint_room(t->a.endpoint); count++) {
		put(t, 1, ENDPOINT_DATAGRAM_MAX, 0);
	}
	assert_int_equal(count, ENDPOINT_BATCH_MAX / ENDPOINT_DATAGRAM_MAX);
	assert_int_equal(endpoint_flush(t->a.endpoint), 0);
	until(&t->town, t->b.count == count);
	for (count = 0; endpoint_room(t->a.endpoint); count++) { // each a run of its own
		put(t, 1, count % 2 ? 100 : 50, 0);
	}
	assert_true(count >= 64);
	assert_int_equal(endpoint_flush(t->a.endpoint), 0);
	until(&t->town, t->b.count == ENDPOINT_BATCH_MAX / ENDPOINT_DATAGRAM_MAX + count);
}

static void test_nobody_there(void **state) {
	struct two *t = *state;
	endpoint_destroy(t->b.endpoint);
	t->b.endpoint = NULL;
	endpoint_send(t->a.endpoint, &t->from, &t->to, "hello", 5);
	until(&t->town, t->a.unreachable == 1);
	assert_int_equal(t->a.error, ECONNREFUSED);
	listen_at(t, &t->b, "", address_port(&t->to));
	endpoint_send(t->a.endpoint, &t->from, &t->to, "hello", 5); // that was of the one before
	until(&t->town, t->b.count == 1);
}

static void test_next_port(void **state) {
	struct two *t = *state;
	struct ear third = {0};
	uint16_t port = endpoint_port(t->a.endpoint);
	listen_at(t, &third, "", port);
	assert_in_range(endpoint_port(third.endpoint), port + 1, port + 15);
	endpoint_destroy(third.endpoint);
	struct op_refusal why = {0};
	assert_null(endpoint_create(t->town.loop, "192.0.2.1", 0, &events, &third, &why));
	assert_int_equal(why.code, OP_EIO);
	assert_null(endpoint_create(t->town.loop, "nonsense", 0, &events, &third, &why));
}

static void test_families(void **state) {
	struct two *t = *state;
	if (endpoint_family(t->b.endpoint) != AF_INET6) {
		skip(); // this kernel has no IPv6
	}
	struct address to, from;
	assert_true(address_parse(&to, "::1", endpoint_port(t->b.endpoint)));
	assert_true(endpoint_local(t->a.endpoint, &to, &from));
	uint8_t *room = endpoint_room(t->a.endpoint);
	memset(room, 7, 30);
	endpoint_add(t->a.endpoint, &from, &to, 1, 30);
	endpoint_flush(t->a.endpoint);
	until(&t->town, t->b.count == 1);
	char text[ADDRESS_TEXT];
	assert_non_null(strstr(address_print(&t->b.last.remote, text), "[::1]:"));
	assert_int_equal(t->b.ecns[0], 1);

	struct ear v4 = {0}; // and a socket of IPv4 alone speaks with a dual one
	listen_at(t, &v4, "127.0.0.1", 0);
	assert_int_equal(endpoint_family(v4.endpoint), AF_INET);
	assert_true(address_parse(&to, "127.0.0.1", endpoint_port(t->b.endpoint)));
	assert_true(endpoint_local(v4.endpoint, &to, &from));
	room = endpoint_room(v4.endpoint);
	memset(room, 8, 30);
	endpoint_add(v4.endpoint, &from, &to, 3, 30);
	endpoint_flush(v4.endpoint);
	until(&t->town, t->b.count == 2);
	assert_int_equal(t->b.ecns[1], 3);
	endpoint_send(t->b.endpoint, &t->b.last.local, &t->b.last.remote, "back", 4);
	until(&t->town, v4.count == 1);
	endpoint_destroy(v4.endpoint);
}

int main(void) {
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_batch),
		TEST(test_without_offload),
		TEST(test_partly_taken),
		TEST(test_full_socket),
		TEST(test_batch_is_bounded),
		TEST(test_nobody_there),
		TEST(test_next_port),
		TEST(test_families),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
