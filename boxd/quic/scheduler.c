/* SPDX-License-Identifier: MIT */
/*
 * scheduler.c - what leaves next.
 *
 * Input, control, audio, video, bulk; of one class the oldest first, bulk in rounds. How much may be
 * in flight is ngtcp2's; this decides only what it consists of, and holds bulk back while a live
 * class is open and the path's queue grows.
 */
#include "quic/scheduler.h"

#include "quic/detour.h"
#include "quic/lane.h"
#include "quic/quic_private.h"
#include "quic/transport.h"

#define PIECES 8
#define QUEUE_LIMIT (10 * MS)        // of delay above the path's own, for bulk under a live class
#define RTT_MEMORY (5 * SECOND)      // and as much again
#define BULK_FLIGHT_MIN (16.0 * 1024)
#define WINDOW_TRIPS 2 // of what is carried, by BBR's rule
#define RATE_WINDOW (500 * MS)
#define RATE_FADE 0.9 // of what was seen before, each window
#define BULK_SHARE 16                // then it gets this part of the rate
#define BULK_CREDIT_MAX (64.0 * 1024) // bytes it may save up

/* What is decided once for a turn. */
struct turn {
	struct connection *c;
	uint64_t now;
	bool held;   // bulk has only its share
	double rate; // bytes per ns of the whole connection
	bool limited; // or no more than bulk_room bytes
	double bulk_room;
	bool said; // bytes of streams, not of ngtcp2's own alone
};

static bool has_live(const struct connection *c) {
	const struct stream_quic *s;
	if (!wl_list_empty(&c->lanes_out)) {
		return true;
	}
	wl_list_for_each(s, &c->streams, link) {
		enum stream_class class = s->out.class;
		if ((class == STREAM_INPUT || class == STREAM_AUDIO || class == STREAM_VIDEO)
				&& stream_quic_busy(s)) {
			return true;
		}
	}
	return false;
}

/*
 * The path's own round trip: the least of late. Not the least ever: a path may have become longer,
 * and bulk would never be let go again.
 */
static uint64_t path_rtt(struct connection *c, const ngtcp2_conn_info *info, uint64_t now) {
	if (now > c->rtt_since + 2 * RTT_MEMORY) { // nobody has looked for long
		c->rtt_least[0] = c->rtt_least[1] = info->min_rtt;
		c->rtt_since = now;
	} else if (now > c->rtt_since + RTT_MEMORY) {
		c->rtt_least[1] = c->rtt_least[0];
		c->rtt_least[0] = info->latest_rtt;
		c->rtt_since = now;
	}
	if (info->latest_rtt < c->rtt_least[0]) {
		c->rtt_least[0] = info->latest_rtt;
	}
	return c->rtt_least[0] < c->rtt_least[1] ? c->rtt_least[0] : c->rtt_least[1];
}

static void judge_bulk(struct turn *turn) {
	struct connection *c = turn->c;
	turn->bulk_room = ENDPOINT_BATCH_MAX;
	if (wl_list_empty(&c->outflows[STREAM_BULK]) || !has_live(c)) {
		c->bulk_since = 0;
		return;
	}
	ngtcp2_conn_info info;
	ngtcp2_conn_get_conn_info(c->conn, &info);
	// The last sample tells of a queue before the smoothed one does.
	uint64_t rtt = info.latest_rtt > info.smoothed_rtt ? info.latest_rtt : info.smoothed_rtt;
	uint64_t target = path_rtt(c, &info, turn->now) + QUEUE_LIMIT;
	if (rtt < target) {
		// Before any sample comes back, no more than would make that queue.
		double flight = c->sent_rate * (double)target;
		flight = flight > BULK_FLIGHT_MIN ? flight : BULK_FLIGHT_MIN;
		turn->bulk_room = flight - (double)info.bytes_in_flight;
		turn->limited = true;
		c->bulk_since = 0;
		return;
	}
	if (c->bulk_since == 0) {
		c->bulk_since = turn->now;
		c->bulk_credit = 0;
	}
	turn->held = true;
	turn->rate = c->sent_rate > 0 ? c->sent_rate : (double)info.cwnd / (double)info.smoothed_rtt;
	c->bulk_credit += turn->rate / BULK_SHARE * (double)(turn->now - c->bulk_since);
	c->bulk_since = turn->now;
	if (c->bulk_credit > BULK_CREDIT_MAX) {
		c->bulk_credit = BULK_CREDIT_MAX;
	}
}

/*
 * What the path carried of late, of which bulk keeps its share. While bulk is held back less is
 * sent than could be, so then the memory does not fade.
 */
static void measure_rate(struct turn *turn, size_t sent) {
	struct connection *c = turn->c;
	c->was_held = c->was_held || turn->held;
	c->sent_bytes += sent;
	if (c->sent_since != 0 && turn->now < c->sent_since + RATE_WINDOW) {
		return;
	}
	if (c->sent_since != 0) {
		double rate = (double)c->sent_bytes / (double)(turn->now - c->sent_since);
		double before = c->sent_rate * (c->was_held ? 1 : RATE_FADE);
		c->sent_rate = rate > before ? rate : before;
	}
	c->was_held = turn->held;
	c->sent_bytes = 0;
	c->sent_since = turn->now;
}

/* Bulk that is held back wakes up by itself when it has earned a packet. */
static void wake_bulk(struct turn *turn) {
	struct connection *c = turn->c;
	c->next_turn = NEVER;
	if (turn->held && c->bulk_credit < ENDPOINT_DATAGRAM_MAX && turn->rate > 0) {
		double missing = ENDPOINT_DATAGRAM_MAX - c->bulk_credit;
		c->next_turn = turn->now + (uint64_t)(missing * BULK_SHARE / turn->rate) + 1;
	}
}

static struct outflow *pick(struct turn *turn) {
	struct connection *c = turn->c;
	for (int class = STREAM_INPUT; class <= STREAM_BULK; class++) {
		double may = turn->held ? c->bulk_credit : turn->bulk_room;
		if (class == STREAM_BULK && may < ENDPOINT_DATAGRAM_MAX) {
			return NULL;
		}
		struct outflow *flow, *next;
		wl_list_for_each_safe(flow, next, &c->outflows[class], link) {
			if (!outflow_ready(flow)) {
				wl_list_remove(&flow->link);
				wl_list_init(&flow->link);
			} else if (!flow->blocked) {
				return flow;
			}
		}
	}
	return NULL;
}

static void took(struct turn *turn, struct outflow *flow, size_t size, bool fin) {
	struct connection *c = turn->c;
	turn->said = turn->said || size > 0;
	outflow_sent(flow, size, fin);
	if (flow->class == STREAM_BULK) {
		c->bulk_credit -= turn->held ? (double)size : 0;
		turn->bulk_room -= turn->limited ? (double)size : 0;
		if (outflow_ready(flow)) { // to the end of the line
			wl_list_remove(&flow->link);
			wl_list_insert(c->outflows[STREAM_BULK].prev, &flow->link);
		}
	}
	if (flow->queued <= flow->low) {
		flow->impl->left(flow);
	}
}

/* One datagram into room. 0: nothing may leave now; below: an error of ngtcp2's. */
static ngtcp2_ssize fill(struct turn *turn, uint8_t *room, ngtcp2_path *path, ngtcp2_pkt_info *info) {
	struct connection *c = turn->c;
	for (;;) {
		ngtcp2_vec vecs[PIECES];
		size_t count = 0, size = 0;
		bool last = false;
		struct outflow *flow = c->state == CONNECTION_UP ? pick(turn) : NULL;
		uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_NONE;
		if (flow) {
			count = outflow_peek(flow, vecs, PIECES, &last);
			flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
			flags |= flow->fin && last ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0;
		}
		lanes_repay(c, flow != NULL);
		for (size_t i = 0; i < count; i++) {
			size += vecs[i].len;
		}
		ngtcp2_ssize taken = -1;
		ngtcp2_ssize n = ngtcp2_conn_writev_stream(c->conn, path, info, room,
			ENDPOINT_DATAGRAM_MAX, &taken, flags, flow ? flow->id : -1, vecs, count, turn->now);
		if (flow && taken >= 0) {
			bool fin = (flags & NGTCP2_WRITE_STREAM_FLAG_FIN) && (size_t)taken == size;
			took(turn, flow, (size_t)taken, fin);
		}
		if (n == NGTCP2_ERR_STREAM_DATA_BLOCKED) {
			flow->blocked = true;
		} else if (n == NGTCP2_ERR_STREAM_SHUT_WR || n == NGTCP2_ERR_STREAM_NOT_FOUND) {
			flow->impl->stopped(flow);
		} else if (n != NGTCP2_ERR_WRITE_MORE) {
			return n;
		}
	}
}

static struct address address_of(const ngtcp2_addr *addr) {
	struct address address = {.size = addr->addrlen};
	__builtin_memcpy(&address.u, addr->addr, addr->addrlen);
	return address;
}

void scheduler_turn(struct connection *c, uint64_t now) {
	struct turn turn = {.c = c, .now = now};
	struct endpoint *endpoint = c->quic->endpoint;
	c->wants_turn = false;
	c->held = 0;
	if (c->state == CONNECTION_UP) {
		struct stream_quic *s;
		wl_list_for_each(s, &c->streams, link) {
			if (s->out.id < 0 && !stream_quic_open(s)) {
				break;
			}
			lanes_release(s);
		}
		judge_bulk(&turn);
	}
	size_t quantum = ngtcp2_conn_get_send_quantum(c->conn), sent = 0;
	quantum = quantum < ENDPOINT_BATCH_MAX ? quantum : ENDPOINT_BATCH_MAX;
	ngtcp2_ssize n = 0;
	do {
		ngtcp2_path_storage storage;
		ngtcp2_pkt_info info = {0};
		uint8_t *room = endpoint_room(endpoint);
		if (!room) {
			break; // full, or blocked: endpoint's writable event brings the next turn
		}
		if (c->state == CONNECTION_UP) {
			lanes_open(c);
		}
		ngtcp2_path_storage_zero(&storage);
		n = fill(&turn, room, &storage.path, &info);
		if (n > 0) {
			struct address local = address_of(&storage.path.local);
			struct address remote = address_of(&storage.path.remote);
			detour_batch(c->quic, &local, &remote, info.ecn & 3, (size_t)n);
			sent += (size_t)n;
			c->packets_sent++;
		}
	} while (n > 0 && sent < quantum);
	if (n < 0) {
		endpoint_flush(endpoint);
		connection_fail(c, (int)n);
		return;
	}
	// Of a keep-alive or an acknowledgement ngtcp2 would wake us when more may leave, and there is none. What
	// they were it adds to what follows.
	if (turn.said || sent >= ENDPOINT_DATAGRAM_MAX) {
		ngtcp2_conn_update_pkt_tx_time(c->conn, now);
	}
	measure_rate(&turn, sent);
	wake_bulk(&turn);
	if (c->state == CONNECTION_UP) {
		connection_keep_alive(c, sent > 0, now);
	}
	int error = endpoint_flush(endpoint);
	c->send_error = sent > 0 ? error : c->send_error;
}

/*
 * BBR's window is two round trips of what it saw carried. It sees that only where the window is filled;
 * of frames that do not fill it ngtcp2's stays at a hundred kilobytes, which on a long way is little.
 */
static uint64_t window_of(const struct connection *c, const ngtcp2_conn_info *info, uint64_t rtt) {
	uint64_t seen = (uint64_t)(trains_rate(&c->trains) * (double)rtt * WINDOW_TRIPS);
	return seen > info->cwnd ? seen : info->cwnd;
}

void scheduler_path(struct connection *c, struct stream_path *path) {
	ngtcp2_conn_info info;
	ngtcp2_conn_get_conn_info(c->conn, &info);
	uint64_t least = path_rtt(c, &info, quic_now());
	*path = (struct stream_path){
		.rtt_us = info.smoothed_rtt / 1000,
		.least_us = least / 1000,
		.window = window_of(c, &info, least),
		.flight = info.bytes_in_flight,
		.sent = c->packets_sent,
		.lost = lanes_lost(c),
	};
}
