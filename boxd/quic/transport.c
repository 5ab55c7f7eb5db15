/* SPDX-License-Identifier: MIT */
/*
 * transport.c - ngtcp2's settings and callbacks.
 *
 * A callback notes what came and returns: ngtcp2 may not be entered from inside one, and listeners
 * do as they please. What is to be done about it is done behind ngtcp2's back, in quic_deliver().
 */
#include "quic/transport.h"

#include <gnutls/crypto.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <string.h>

#define LOG_MODULE "quic"
#include "base/log.h"
#include "quic/detour.h"
#include "quic/lane.h"
#include "quic/quic_private.h"

#define INITIAL_RTT (100 * MS)      // a guess that repeats a lost first packet after 0.3 s
#define HANDSHAKE_LIMIT (5 * SECOND)
/* ngtcp2's own silence limit: behind ours, which knows whether an exchange is open. */
#define TRANSPORT_IDLE (IDLE_LIMIT + 30 * SECOND)

static enum flow_kind kind_of(const void *flow) {
	return *(const enum flow_kind *)flow;
}

static int handle_stream_data(ngtcp2_conn *conn, uint32_t flags, int64_t id, uint64_t offset,
		const uint8_t *bytes, size_t size, void *user_data, void *flow) {
	bool fin = flags & NGTCP2_STREAM_DATA_FLAG_FIN;
	bool good = true;
	((struct connection *)user_data)->said_at = quic_now();
	ngtcp2_conn_extend_max_offset(conn, size);
	if (flow && kind_of(flow) == FLOW_STREAM) {
		good = stream_quic_receive(flow, bytes, size, fin);
	} else if (flow && kind_of(flow) == FLOW_LANE_IN) {
		good = lane_receive(flow, bytes, size, fin);
	}
	return good ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
}

static int handle_acked(ngtcp2_conn *conn, int64_t id, uint64_t offset, uint64_t size,
		void *user_data, void *flow) {
	if (flow && kind_of(flow) == FLOW_STREAM) {
		outflow_acked(&((struct stream_quic *)flow)->out, offset + size);
		connection_count(user_data);
	} else if (flow && kind_of(flow) == FLOW_LANE_OUT) {
		struct lane_out *lane = flow;
		outflow_acked(&lane->out, offset + size);
		train_acked(&lane->train, offset + size, quic_now());
	}
	return 0;
}

static int handle_stream_open(ngtcp2_conn *conn, int64_t id, void *user_data) {
	struct connection *c = user_data;
	void *flow;
	if (ngtcp2_is_bidi_stream(id)) {
		flow = stream_quic_accept(c, id);
		connection_tell(c);
	} else {
		flow = lane_accept(c, id);
	}
	if (!flow || ngtcp2_conn_set_stream_user_data(conn, id, flow) != 0) {
		return NGTCP2_ERR_CALLBACK_FAILURE;
	}
	return 0;
}

static int handle_stream_close(ngtcp2_conn *conn, uint32_t flags, int64_t id, uint64_t code,
		void *user_data, void *flow) {
	if (!flow) {
		return 0;
	}
	switch (kind_of(flow)) {
	case FLOW_STREAM:
		stream_quic_closed(flow);
		break;
	case FLOW_LANE_OUT:
		lane_out_closed(user_data, flow);
		break;
	case FLOW_LANE_IN:
		lane_in_closed(flow);
		break;
	}
	return 0;
}

static int handle_stream_reset(ngtcp2_conn *conn, int64_t id, uint64_t size, uint64_t code,
		void *user_data, void *flow) {
	if (flow && kind_of(flow) == FLOW_STREAM) {
		stream_quic_reset(flow);
	} else if (flow && kind_of(flow) == FLOW_LANE_IN) {
		lane_reset(flow);
	}
	return 0;
}

static int handle_window(ngtcp2_conn *conn, int64_t id, uint64_t max, void *user_data, void *flow) {
	if (flow && kind_of(flow) == FLOW_STREAM) {
		((struct stream_quic *)flow)->out.blocked = false;
	} else if (flow && kind_of(flow) == FLOW_LANE_OUT) {
		((struct lane_out *)flow)->out.blocked = false;
	}
	return 0;
}

static int handle_proven(ngtcp2_conn *conn, void *user_data) {
	struct connection *c = user_data;
	c->confirmed = true;
	connection_tell(c);
	return 0;
}

static int handle_forgotten(ngtcp2_conn *conn, const ngtcp2_pkt_stateless_reset *reset,
		void *user_data) {
	struct connection *c = user_data;
	c->forgotten = true;
	return 0;
}

/* Packets come from elsewhere, and whoever sends them has shown that they go there too. */
static int handle_path(ngtcp2_conn *conn, uint32_t flags, const ngtcp2_path *path,
		const ngtcp2_path *old_path, ngtcp2_path_validation_result result, void *user_data) {
	struct connection *c = user_data;
	struct address remote = {.size = path->remote.addrlen};
	memcpy(&remote.u, path->remote.addr, path->remote.addrlen);
	if (result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS && !address_equal(&remote, &c->remote)) {
		c->remote = remote;
		c->moved = true;
		connection_tell(c);
	}
	return 0;
}

/* The answering side's: the dialler's certificate has been seen. The dialler waits to be confirmed. */
static int handle_completed(ngtcp2_conn *conn, void *user_data) {
	return ngtcp2_conn_is_server(conn) ? handle_proven(conn, user_data) : 0;
}

static void handle_random(uint8_t *bytes, size_t size, const ngtcp2_rand_ctx *context) {
	gnutls_rnd(GNUTLS_RND_NONCE, bytes, size);
}

bool transport_reset_token(const struct quic *quic, const ngtcp2_cid *id, uint8_t *token) {
	return ngtcp2_crypto_generate_stateless_reset_token(token, quic->reset_secret,
		sizeof(quic->reset_secret), id) == 0;
}

static int handle_new_id(ngtcp2_conn *conn, ngtcp2_cid *id, uint8_t *token, size_t size,
		void *user_data) {
	struct connection *c = user_data;
	if (gnutls_rnd(GNUTLS_RND_RANDOM, id->data, size) < 0) {
		return NGTCP2_ERR_CALLBACK_FAILURE;
	}
	id->datalen = size;
	bool good = transport_reset_token(c->quic, id, token)
		&& cids_add(&c->quic->cids, id->data, size, c, &c->cids);
	return good ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
}

static int handle_old_id(ngtcp2_conn *conn, const ngtcp2_cid *id, void *user_data) {
	struct connection *c = user_data;
	cids_remove(&c->quic->cids, id->data, id->datalen);
	return 0;
}

static const ngtcp2_callbacks callbacks = {
	.client_initial = ngtcp2_crypto_client_initial_cb,
	.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
	.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
	.handshake_completed = handle_completed,
	.handshake_confirmed = handle_proven,
	.encrypt = ngtcp2_crypto_encrypt_cb,
	.decrypt = ngtcp2_crypto_decrypt_cb,
	.hp_mask = ngtcp2_crypto_hp_mask_cb,
	.recv_stream_data = handle_stream_data,
	.acked_stream_data_offset = handle_acked,
	.stream_open = handle_stream_open,
	.stream_close = handle_stream_close,
	.stream_reset = handle_stream_reset,
	.recv_stateless_reset = handle_forgotten,
	.recv_retry = ngtcp2_crypto_recv_retry_cb,
	.extend_max_stream_data = handle_window,
	.path_validation = handle_path,
	.rand = handle_random,
	.get_new_connection_id = handle_new_id,
	.remove_connection_id = handle_old_id,
	.update_key = ngtcp2_crypto_update_key_cb,
	.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
	.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
	.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
	.version_negotiation = ngtcp2_crypto_version_negotiation_cb,
};

static void set_settings(ngtcp2_settings *settings, const struct address *remote) {
	ngtcp2_settings_default(settings);
	settings->initial_ts = quic_now();
	settings->initial_rtt = INITIAL_RTT;
	settings->handshake_timeout = HANDSHAKE_LIMIT;
	settings->cc_algo = NGTCP2_CC_ALGO_BBR;
	settings->ack_thresh = 1; // with what leaves next; which may wait for that is connection.c's to say
	settings->max_tx_udp_payload_size =
		address_is_detour(remote, NULL) ? DETOUR_DATAGRAM_MAX : ENDPOINT_DATAGRAM_MAX;
}

static void set_params(ngtcp2_transport_params *params) {
	ngtcp2_transport_params_default(params);
	params->initial_max_data = WINDOW_CONNECTION;
	params->initial_max_stream_data_bidi_local = WINDOW;
	params->initial_max_stream_data_bidi_remote = WINDOW;
	params->initial_max_stream_data_uni = WINDOW;
	params->initial_max_streams_bidi = OP_MAX_EXCHANGES;
	params->initial_max_streams_uni = OP_MAX_FRAME_STREAMS;
	params->max_idle_timeout = TRANSPORT_IDLE;
	params->max_ack_delay = ACK_DELAY_MAX;
}

ngtcp2_path transport_path(const struct address *local, const struct address *remote) {
	return (ngtcp2_path){
		.local = {(ngtcp2_sockaddr *)&local->u.any, local->size},
		.remote = {(ngtcp2_sockaddr *)&remote->u.any, remote->size},
	};
}

static struct address address_of(const ngtcp2_addr *addr) {
	struct address address = {.size = addr->addrlen};
	memcpy(&address.u, addr->addr, addr->addrlen);
	return address;
}

bool transport_direct(const struct connection *c, struct address *local, struct address *remote) {
	if (!c || c->state != CONNECTION_UP) {
		return false;
	}
	const ngtcp2_path *path = ngtcp2_conn_get_path(c->conn);
	*local = address_of(&path->local);
	*remote = address_of(&path->remote);
	return !address_is_detour(remote, NULL);
}

static bool new_id(ngtcp2_cid *id, size_t size) {
	id->datalen = size;
	return gnutls_rnd(GNUTLS_RND_RANDOM, id->data, size) >= 0;
}

bool transport_dial(struct connection *c, const struct address *local,
		const struct address *remote) {
	ngtcp2_settings settings;
	ngtcp2_transport_params params;
	ngtcp2_cid dcid, scid;
	ngtcp2_path path = transport_path(local, remote);
	set_settings(&settings, remote);
	set_params(&params);
	if (!new_id(&dcid, CIDS_SIZE) || !new_id(&scid, CIDS_SIZE)
			|| !cids_add(&c->quic->cids, scid.data, scid.datalen, c, &c->cids)
			|| ngtcp2_conn_client_new(&c->conn, &dcid, &scid, &path, NGTCP2_PROTO_VER_V1,
				&callbacks, &settings, &params, NULL, c) != 0) {
		return false;
	}
	ngtcp2_conn_set_tls_native_handle(c->conn, c->tls);
	return true;
}

bool transport_accept(struct connection *c, const struct datagram *datagram,
		const ngtcp2_pkt_hd *header, const ngtcp2_cid *original_dcid) {
	ngtcp2_settings settings;
	ngtcp2_transport_params params;
	ngtcp2_cid scid;
	ngtcp2_path path = transport_path(&datagram->local, &datagram->remote);
	set_settings(&settings, &datagram->remote);
	set_params(&params);
	params.original_dcid = original_dcid ? *original_dcid : header->dcid;
	params.original_dcid_present = 1;
	if (original_dcid) {
		params.retry_scid = header->dcid;
		params.retry_scid_present = 1;
		settings.token = header->token;
		settings.tokenlen = header->tokenlen;
		settings.token_type = NGTCP2_TOKEN_TYPE_RETRY;
	}
	params.stateless_reset_token_present = 1;
	if (!new_id(&scid, CIDS_SIZE)
			|| !transport_reset_token(c->quic, &scid, params.stateless_reset_token)
			|| !cids_add(&c->quic->cids, scid.data, scid.datalen, c, &c->cids)
			// The dialler goes on using what it chose until it has heard from us.
			|| !cids_add(&c->quic->cids, header->dcid.data, header->dcid.datalen, c, &c->cids)
			|| ngtcp2_conn_server_new(&c->conn, &header->scid, &scid, &path, header->version,
				&callbacks, &settings, &params, NULL, c) != 0) {
		return false;
	}
	ngtcp2_conn_set_tls_native_handle(c->conn, c->tls);
	return true;
}
