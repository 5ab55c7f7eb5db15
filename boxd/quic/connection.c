/* SPDX-License-Identifier: MIT */
/*
 * connection.c - a connection's life: dialled or answered, read, timed, closed.
 *
 * What ngtcp2 says of streams is transport.c's, what leaves when is scheduler.c's, and why it ends
 * is put into words by farewell.c.
 */
#include "quic/connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "quic"
#include "base/log.h"
#include "quic/detour.h"
#include "quic/farewell.h"
#include "quic/incoming.h"
#include "quic/lane.h"
#include "quic/quic_private.h"
#include "quic/tls.h"
#include "quic/transport.h"

static struct connection *create(struct quic *quic, const struct address *remote) {
	struct connection *c = calloc(1, sizeof(*c));
	if (!c) {
		return NULL;
	}
	c->quic = quic;
	c->remote = *remote;
	address_print(remote, c->name);
	wl_list_init(&c->news);
	wl_list_init(&c->user_link);
	wl_list_init(&c->cids);
	wl_list_init(&c->streams);
	wl_list_init(&c->lanes_out);
	wl_list_init(&c->lanes_in);
	for (int class = STREAM_INPUT; class <= STREAM_BULK; class++) {
		wl_list_init(&c->outflows[class]);
	}
	c->heard = c->idle_since = quic_now();
	c->next_turn = c->nudge = NEVER;
	wl_list_insert(quic->connections.prev, &c->link);
	return c;
}

static void free_transport(struct connection *c) {
	cids_remove_all(&c->cids);
	if (c->conn) {
		ngtcp2_conn_del(c->conn);
		c->conn = NULL;
	}
	if (c->tls) {
		gnutls_deinit(c->tls);
		c->tls = NULL;
	}
}

void connection_free(struct connection *c) {
	free_transport(c);
	identity_finish(&c->identity);
	wl_list_remove(&c->news);
	wl_list_remove(&c->user_link);
	wl_list_remove(&c->link);
	free(c);
}

struct connection *connection_dial(struct quic *quic, const struct address *to, bool pairing,
		const struct connection_user *user, void *user_data, struct op_refusal *refusal) {
	struct address local, remote = *to;
	char text[ADDRESS_TEXT];
	uint64_t detour;
	if (address_is_detour(&remote, &detour)) {
		detour_path(detour, &local, &remote);
	} else if (!address_fit(&remote, endpoint_family(quic->endpoint))) {
		op_refuse(refusal, OP_EUNREACH, "%s is IPv6, which this machine has not",
			address_print(to, text));
		return NULL;
	} else if (!endpoint_local(quic->endpoint, &remote, &local)) {
		op_refuse(refusal, OP_EUNREACH, "there is no way from here to %s (%s): is this machine on "
			"that network?", address_print(to, text), strerror(errno));
		return NULL;
	}
	struct connection *c = create(quic, &remote);
	if (c) {
		c->dialled = true;
		c->pairing = pairing;
		c->user = user;
		c->user_data = user_data;
	}
	if (!c || !tls_start(c) || !transport_dial(c, &local, &remote)) {
		op_refuse(refusal, OP_EIO, "no memory for a connection");
		if (c) {
			connection_free(c);
		}
		return NULL;
	}
	connection_wake(c);
	return c;
}

struct connection *connection_accept(struct quic *quic, const struct datagram *datagram,
		const ngtcp2_pkt_hd *header, const ngtcp2_cid *original_dcid) {
	struct connection *c = create(quic, &datagram->remote);
	if (!c || !tls_start(c) || !transport_accept(c, datagram, header, original_dcid)) {
		log_error("no memory for a connection");
		if (c) {
			connection_free(c);
		}
		return NULL;
	}
	quic->handshakes++;
	return c;
}

void connection_read_farewell(struct connection *c, const struct datagram *datagram) {
	ngtcp2_path path = transport_path(&datagram->local, &datagram->remote);
	ngtcp2_pkt_info info = {0};
	int error = ngtcp2_conn_read_pkt(c->conn, &path, &info, datagram->bytes, datagram->size,
		quic_now());
	if (error != 0) {
		connection_fail(c, error);
	}
}

/* A stream or a lane that may be opened now, something to send, or packets that are to be sent again. */
static bool has_work(struct connection *c) {
	uint64_t lost = lanes_lost(c), before = c->lost_seen;
	const struct stream_quic *s;
	const struct lane_out *lane;
	for (int class = STREAM_INPUT; class <= STREAM_BULK; class++) {
		if (!wl_list_empty(&c->outflows[class])) {
			return true;
		}
	}
	wl_list_for_each(lane, &c->lanes_out, link) {
		if (lane->out.id < 0) {
			return true;
		}
	}
	wl_list_for_each(s, &c->streams, link) {
		if (s->out.id < 0) {
			return true;
		}
		lost += ngtcp2_conn_get_stream_loss_count(c->conn, s->out.id);
	}
	c->lost_seen = lost;
	return lost != before;
}

/*
 * Whether there is nothing to write but the acknowledgement of one packet of streams, the first after a rest:
 * a key, its picture, a request. Such a one waits a moment, for mostly a program answers what came, and it
 * leaves with that. Not where much comes, for the sender judges the path by it; not that of a ping, which
 * nobody answers. said_at, due: what was known and due before the packet came.
 */
static bool may_wait(struct connection *c, uint64_t said_at, uint64_t due, uint64_t now) {
	return c->said_at != said_at && c->said_at >= said_at + ACK_REST && c->held == 0 && !c->wants_turn
		&& c->state == CONNECTION_UP && due > now + ACK_WAIT && !has_work(c);
}

void connection_read(struct connection *c, const struct datagram *datagram) {
	if (c->state == CONNECTION_DEAD) {
		return;
	}
	ngtcp2_path path = transport_path(&datagram->local, &datagram->remote);
	ngtcp2_pkt_info info = {.ecn = datagram->ecn};
	uint64_t now = quic_now(), due = ngtcp2_conn_get_expiry(c->conn), said_at = c->said_at;
	int error = ngtcp2_conn_read_pkt(c->conn, &path, &info, datagram->bytes, datagram->size, now);
	c->heard = c->quic->heard = now;
	c->got_reply = true;
	if (error != 0) {
		connection_fail(c, error);
	} else if (c->failing) {
		struct op_refusal why = {0};
		op_refuse(&why, OP_EARG, "%s broke the protocol: %s", c->name, c->broke);
		connection_close(c, CLOSE_FRAMING, &why);
	} else if (may_wait(c, said_at, due, now)) {
		c->held = now + ACK_WAIT;
	} else {
		connection_wake(c);
	}
}

static uint64_t silent_since(const struct connection *c) {
	return c->heard > c->busy_since ? c->heard : c->busy_since;
}

bool connection_silent(const struct connection *c, uint64_t now, uint64_t ns) {
	return c->busy_since == 0 || now >= silent_since(c) + ns;
}

/* How long it is kept without an exchange. */
static uint64_t idle_limit(const struct connection *c) {
	return c->spare ? LINGER : address_is_detour(&c->remote, NULL) ? DETOUR_IDLE : IDLE_LIMIT;
}

uint64_t connection_deadline(struct connection *c) {
	uint64_t deadline = ngtcp2_conn_get_expiry(c->conn), own = NEVER;
	if (c->state == CONNECTION_UP && c->busy_since != 0) {
		own = silent_since(c) + (c->contested ? REPLACE_AFTER : SILENCE_LIMIT);
	} else if (c->state == CONNECTION_UP) {
		own = c->idle_since + idle_limit(c);
	}
	own = own < c->next_turn ? own : c->next_turn;
	own = own < c->nudge ? own : c->nudge;
	deadline = c->held != 0 ? c->held : deadline; // ngtcp2 would have it acknowledged at once
	return own < deadline ? own : deadline;
}

void connection_expire(struct connection *c, uint64_t now) {
	struct op_refusal why = {0};
	if (c->held <= now && ngtcp2_conn_get_expiry(c->conn) <= now) {
		int error = ngtcp2_conn_handle_expiry(c->conn, now);
		if (error != 0) {
			connection_fail(c, error);
			return;
		}
	}
	uint64_t limit = c->contested ? REPLACE_AFTER : SILENCE_LIMIT;
	if (c->state == CONNECTION_UP && c->busy_since != 0 && connection_silent(c, now, limit)) {
		farewell_silent(c, limit, &why);
		connection_bury(c, &why);
		return;
	}
	limit = idle_limit(c);
	if (c->state == CONNECTION_UP && c->busy_since == 0 && now >= c->idle_since + limit) {
		op_refuse(&why, OP_ELOST, "the connection to %s was not in use", c->name);
		connection_close(c, CLOSE_IDLE, &why);
		return;
	}
	if (now >= c->nudge) {
		ngtcp2_conn_set_keep_alive_timeout(c->conn, 1); // the turn that follows sends a ping
	}
	connection_wake(c);
}

/* The last packet, if ngtcp2 still makes one. */
static void say_goodbye(struct connection *c, const ngtcp2_ccerr *reason) {
	uint8_t packet[ENDPOINT_DATAGRAM_MAX];
	ngtcp2_path_storage storage;
	ngtcp2_pkt_info info;
	ngtcp2_path_storage_zero(&storage);
	ngtcp2_ssize size = ngtcp2_conn_write_connection_close(c->conn, &storage.path, &info, packet,
		sizeof(packet), reason, quic_now());
	if (size > 0) {
		struct address local = {.size = storage.path.local.addrlen};
		struct address remote = {.size = storage.path.remote.addrlen};
		memcpy(&local.u, storage.path.local.addr, local.size);
		memcpy(&remote.u, storage.path.remote.addr, remote.size);
		detour_send(c->quic, &local, &remote, packet, (size_t)size);
	}
}

void connection_close(struct connection *c, enum close_code code, const struct op_refusal *why) {
	if (c->state == CONNECTION_DEAD) {
		return;
	}
	ngtcp2_ccerr reason;
	ngtcp2_ccerr_set_application_error(&reason, code, NULL, 0);
	say_goodbye(c, &reason);
	connection_bury(c, why);
}

void connection_fail(struct connection *c, int error) {
	ngtcp2_ccerr reason;
	struct op_refusal why = {0};
	if (c->state == CONNECTION_DEAD) {
		return;
	}
	switch (error) {
	case NGTCP2_ERR_DRAINING:
	case NGTCP2_ERR_CLOSING:
		farewell_closed(c, &why);
		break;
	case NGTCP2_ERR_RETRY:
		c->wants_retry = true;
		break;
	case NGTCP2_ERR_DROP_CONN:
		break;
	case NGTCP2_ERR_IDLE_CLOSE:
	case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
		farewell_no_answer(c, &why);
		break;
	case NGTCP2_ERR_CRYPTO:
		ngtcp2_ccerr_set_tls_alert(&reason, tls_alert(c), NULL, 0);
		say_goodbye(c, &reason);
		farewell_refused(c, &why);
		break;
	default:
		ngtcp2_ccerr_set_liberr(&reason, error, NULL, 0);
		say_goodbye(c, &reason);
		op_refuse(&why, OP_ELOST, "the connection to %s broke: %s", c->name,
			ngtcp2_strerror(error));
	}
	connection_bury(c, &why);
}

/* Its streams go to another connection, or hang up. */
static void leave_streams(struct connection *c) {
	struct stream_quic *s, *next;
	wl_list_for_each_safe(s, next, &c->streams, link) {
		if (c->user && c->user->rescue && c->user->rescue(c, s)) {
			continue;
		}
		wl_list_remove(&s->link);
		wl_list_init(&s->link);
		s->connection = NULL;
		s->owned = s->owned && !s->fresh; // nobody has heard of it
		stream_quic_lose(s, &c->why);
	}
}

void connection_bury(struct connection *c, const struct op_refusal *why) {
	if (c->state == CONNECTION_DEAD) {
		return;
	}
	if (c->state == CONNECTION_HANDSHAKE && !c->dialled) {
		c->quic->handshakes--;
		incoming_failed(c->quic, &c->remote);
	}
	c->state = CONNECTION_DEAD;
	c->why = *why;
	if (c->why.code == OP_OK) {
		op_refuse(&c->why, OP_ELOST, "the connection to %s is over", c->name);
	}
	free_transport(c); // first: it points into what the streams hold
	leave_streams(c);
	lanes_finish(c);
	wl_list_remove(&c->link);
	wl_list_insert(&c->quic->dead, &c->link);
	connection_tell(c);
}

void connection_wake(struct connection *c) {
	if (c->state != CONNECTION_DEAD) {
		c->wants_turn = true;
		quic_schedule(c->quic);
	}
}

void connection_tell(struct connection *c) {
	if (wl_list_empty(&c->news)) {
		wl_list_insert(c->quic->news.prev, &c->news);
	}
	quic_schedule(c->quic);
}

void connection_count(struct connection *c) {
	struct stream_quic *s;
	bool busy = false;
	if (c->state == CONNECTION_DEAD) {
		return;
	}
	wl_list_for_each(s, &c->streams, link) {
		if (stream_quic_busy(s)) {
			busy = true;
			break;
		}
	}
	if (busy == (c->busy_since != 0)) {
		return;
	}
	uint64_t now = quic_now();
	c->busy_since = busy ? now : 0;
	c->idle_since = now;
	connection_keep_alive(c, false, now);
	connection_wake(c);
}

void connection_keep_alive(struct connection *c, bool sent, uint64_t now) {
	ngtcp2_conn_info info;
	uint64_t after = c->dialled ? KEEP_ALIVE : KEEP_ALIVE + KEEP_ALIVE_YIELD;
	ngtcp2_conn_get_conn_info(c->conn, &info);
	if (info.bytes_in_flight == 0) {
		c->nudge = NEVER;
	} else if (sent || c->nudge <= now) {
		uint64_t pause = info.smoothed_rtt * 2;
		c->nudge = now + (pause > NUDGE_AFTER ? pause : NUDGE_AFTER);
	}
	ngtcp2_conn_set_keep_alive_timeout(c->conn, c->busy_since != 0 ? after : NEVER);
}
