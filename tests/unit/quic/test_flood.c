/* SPDX-License-Identifier: MIT */
/*
 * test_flood.c - what strangers send costs nothing that stays: memory, descriptors, connections.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "quic/incoming.h"
#include "quic/quic_private.h"
#include "unit/quic/town.h"
#include "unit/quic/wire.h"

#define MEMORY_SLACK (256 * 1024)

struct nodes {
	struct town town;
	struct persona ann, bob;
	struct node den, ibiza, pc;
	struct sockaddr_in den_at;
};

static int set_up(void **state) {
	struct nodes *t = calloc(1, sizeof(*t));
	assert_non_null(t);
	town_init(&t->town);
	persona_init(&t->ann, "ann");
	persona_init(&t->bob, "bob");
	node_init(&t->den, &t->town, "den", &t->ann);
	node_init(&t->ibiza, &t->town, "ibiza", &t->ann);
	node_init(&t->pc, &t->town, "pc", &t->bob);
	introduce(&t->ibiza, &t->den, 0);
	introduce(&t->pc, &t->den, 0);
	t->den_at = (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons(quic_port(t->den.quic)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	srand(7);
	*state = t;
	return 0;
}

static int tear_down(void **state) {
	struct nodes *t = *state;
	node_finish(&t->den);
	node_finish(&t->ibiza);
	node_finish(&t->pc);
	persona_finish(&t->ann);
	persona_finish(&t->bob);
	town_finish(&t->town);
	free(t);
	return 0;
}

static void talk_shortly(struct nodes *t) {
	int before = wl_list_length(&t->den.ends);
	struct end *ours = node_open(&t->ibiza, peer_of(&t->ibiza, &t->den));
	end_say(ours, "hello");
	until(&t->town, wl_list_length(&t->den.ends) > before);
	struct end *theirs = node_newest(&t->den);
	until(&t->town, end_heard(theirs, "hello"));
	end_say(theirs, "ok");
	until(&t->town, end_heard(ours, "ok"));
	end_destroy(ours);
	end_destroy(theirs);
}

static int open_socket(void) {
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	return fd;
}

static void send_to(struct nodes *t, int fd, const uint8_t *bytes, size_t size) {
	assert_int_equal(sendto(fd, bytes, size, 0, (struct sockaddr *)&t->den_at, sizeof(t->den_at)),
		size);
}

/* Answers that came, and their bytes. */
static int drain(int fd, size_t *bytes) {
	uint8_t buffer[2048];
	int count = 0;
	for (ssize_t n; (n = recv(fd, buffer, sizeof(buffer), 0)) >= 0; count++) {
		*bytes += (size_t)n;
	}
	return count;
}

/* Noise of many kinds: short and long headers, known and unknown versions, first packets. */
static size_t make_noise(uint8_t *bytes, int i) {
	static const size_t sizes[] = {0, 1, 7, 20, 40, 199, 1199, 1200, 1252, 1452};
	size_t size = sizes[(size_t)i % (sizeof(sizes) / sizeof(sizes[0]))];
	for (size_t at = 0; at < size; at++) {
		bytes[at] = (uint8_t)(rand() >> 7);
	}
	if (size >= 7 && i % 3 == 0) {
		memcpy(bytes, "\xc3\0\0\0\1\x10", 6); // an Initial of version 1, of 16 bytes' ID
	} else if (size >= 7 && i % 3 == 1) {
		bytes[0] = 0x40 | (bytes[0] & 0x3f);
	}
	if (size > 60 && i % 6 == 0) {
		bytes[22] = 16; // the sender's ID
		bytes[39] = 0;  // no token
		bytes[40] = 0x40 | (uint8_t)((size - 42) >> 8);
		bytes[41] = (uint8_t)(size - 42);
	}
	return size;
}

static void test_garbage(void **state) {
	struct nodes *t = *state;
	uint8_t bytes[1500];
	talk_shortly(t);
	int fd = open_socket(), answers = 0, descriptors = 0;
	size_t answered = 0, sent = 0, memory = 0;
	uint64_t begin = now_ms();
	for (int i = 0; i < 10000; i++) {
		size_t size = make_noise(bytes, i);
		send_to(t, fd, bytes, size);
		sent += size;
		wl_event_loop_dispatch(t->town.loop, 0);
		if (i % 100 == 99) {
			answers += drain(fd, &answered);
		}
		if (i == 999) {
			memory = memory_used();
			descriptors = descriptors_used();
		}
	}
	uint64_t seconds = (now_ms() - begin) / 1000 + 2;
	until(&t->town, t->den.quic->handshakes == 0);
	assert_true(answers <= (int)seconds * STATELESS_PER_SECOND);
	assert_true(answered < sent / 10);
	assert_int_equal(descriptors_used(), descriptors);
	assert_true(memory_used() <= memory + MEMORY_SLACK);
	assert_int_equal(wl_list_length(&t->den.quic->connections), 1);
	talk_shortly(t); // and it still works
	close(fd);
}

static void test_failed_handshakes(void **state) {
	struct nodes *t = *state;
	struct peer *den = peer_of(&t->pc, &t->den);
	int descriptors = 0;
	size_t memory = 0;
	talk_shortly(t);
	uint64_t begin = now_ms();
	for (int i = 0; i < 300; i++) {
		struct end *end = node_open(&t->pc, den);
		end_say(end, "hello");
		until(&t->town, end->hangups == 1);
		assert_int_equal(end->code, OP_EPERM);
		end_destroy(end);
		if (i == 99) {
			memory = memory_used();
			descriptors = descriptors_used();
		}
	}
	// 50 in a second, and the rest of it nothing: that is all that he can make den calculate.
	assert_true(now_ms() - begin >= 4000);
	until(&t->town, wl_list_empty(&t->pc.quic->connections)
		&& wl_list_length(&t->den.quic->connections) == 1);
	assert_int_equal(t->den.quic->handshakes, 0);
	assert_int_equal(descriptors_used(), descriptors);
	assert_true(memory_used() <= memory + MEMORY_SLACK);
	talk_shortly(t);
}

/* Answers what has come to den. */
static int answer_all(struct nodes *t) {
	struct end *end, *next;
	int count = 0;
	wl_list_for_each_safe(end, next, &t->den.ends, link) {
		if (end_heard(end, "hello")) {
			end_say(end, "ok");
			end->stream->impl->end(end->stream);
			end_destroy(end);
			count++;
		}
	}
	return count;
}

#define FLOOD 100 // exchanges of one peer at once

/* One that asks as fast as it can, on many exchanges, leaves another its turn. */
static void test_one_peer_asks_and_asks(void **state) {
	struct nodes *t = *state;
	struct end *flood[FLOOD] = {0};
	int answered = 0, times = 0;
	uint64_t longest = 0;
	introduce(&t->den, &t->pc, 0); // a friend
	struct peer *from_pc = peer_of(&t->pc, &t->den), *from_ibiza = peer_of(&t->ibiza, &t->den);
	while (times < 20) {
		struct end *ours = node_open(&t->ibiza, from_ibiza);
		uint64_t begin = now_ms();
		end_say(ours, "hello");
		while (!end_heard(ours, "ok")) {
			assert_true(now_ms() - begin < 5000);
			for (int i = 0; i < FLOOD; i++) {
				if (flood[i] && flood[i]->eof) {
					end_destroy(flood[i]);
					flood[i] = NULL;
				}
				struct op_refusal full;
				struct stream *stream = flood[i] ? NULL : quic_open(t->pc.quic, from_pc, &full);
				if (stream) { // as many as it may have
					flood[i] = end_create(stream);
					end_say(flood[i], "hello");
				}
			}
			wl_event_loop_dispatch(t->town.loop, 1);
			answered += answer_all(t);
		}
		end_destroy(ours);
		longest = times > 0 && now_ms() - begin > longest ? now_ms() - begin : longest;
		times++;
	}
	print_message("%d exchanges of the flood, the longest other took %d ms\n", answered,
		(int)longest);
	assert_true(answered > 10 * times); // it was one
	assert_true(longest < 1000);
	for (int i = 0; i < FLOOD; i++) {
		if (flood[i]) {
			end_destroy(flood[i]);
		}
	}
}

/* First packets of true handshakes, from addresses that never go on. */
static void test_half_open(void **state) {
	struct nodes *t = *state;
	struct wire wire;
	struct node other; // whose first packets are taken down and sent by others
	int fds[60], retries = 0;
	wire_init(&wire, t->town.loop, quic_port(t->den.quic));
	wire.cut = true;
	node_init(&other, &t->town, "other", &t->ann);
	talk_shortly(t);
	size_t memory = memory_used();
	for (int i = 0; i < 60; i++) {
		struct peer *den = introduce(&other, &t->den, wire.port);
		struct end *end = node_open(&other, den);
		wire.first_size = 0;
		until(&t->town, wire.first_size > 0);
		end_destroy(end);
		quic_peer_forget(other.quic, den);
		fds[i] = open_socket();
		send_to(t, fds[i], wire.first, wire.first_size);
		until(&t->town, t->den.quic->handshakes > i || i > 15);
	}
	town_pass(&t->town, 50);
	for (int i = 0; i < 60; i++) {
		uint8_t packet[2048];
		// A Retry: long header, type 3.
		retries += recv(fds[i], packet, sizeof(packet), 0) > 0 && (packet[0] & 0xf0) == 0xf0;
		close(fds[i]);
	}
	assert_int_equal(t->den.quic->handshakes, 16);
	assert_int_equal(retries, 60 - 16);
	struct node honest; // who is honest gets in all the same, a round trip later
	node_init(&honest, &t->town, "honest", &t->ann);
	struct end *end = node_open(&honest, introduce(&honest, &t->den, 0));
	end_say(end, "hello");
	until(&t->town, node_newest(&t->den) && end_heard(node_newest(&t->den), "hello"));
	end_destroy(end);
	node_finish(&honest);
	node_finish(&other);
	until(&t->town, t->den.quic->handshakes == 0 && node_newest(&t->den)->hangups == 1);
	end_destroy(node_newest(&t->den));
	assert_true(memory_used() <= memory + MEMORY_SLACK);
	wire_finish(&wire);
}

int main(void) {
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_garbage),
		TEST(test_failed_handshakes),
		TEST(test_half_open),
		TEST(test_one_peer_asks_and_asks),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
