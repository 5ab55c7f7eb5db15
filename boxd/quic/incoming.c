/* SPDX-License-Identifier: MIT */
/*
 * incoming.c - where a datagram belongs, and what strangers get.
 *
 * Anybody may send anything here. A first packet that could be a handshake gets a connection, while
 * few are under way; when many are, it must first show that its address is its own (Retry), and when
 * too many are, it is dropped.
 */
#include "quic/incoming.h"

#include <gnutls/crypto.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <string.h>

#include "quic/detour.h"
#include "quic/forward_private.h"
#include "quic/quic_private.h"
#include "quic/transport.h"

#define HANDSHAKES_FREE 16 // under way without a proof of address
#define HANDSHAKES_MAX 128
#define FAILURES_PER_SECOND 50 // of one address and port
#define TOKEN_LIFE (10 * SECOND)
/*
 * A stateless reset is shorter than what it answers (RFC 9000, 10.3). The smallest packet of ours is
 * a keep-alive: flags, ID, number and frames, tag. What is smaller may itself be a reset: no answer.
 */
#define RESET_TRIGGER (1 + CIDS_SIZE + 5 + 16)
#define RESET_MAX 43

/* Whether one more answer may be given to nobody this second. */
static bool may_answer(struct quic *quic) {
	uint64_t second = quic_now() / SECOND;
	if (second != quic->stateless_second) {
		quic->stateless_second = second;
		quic->stateless_sent = 0;
	}
	return quic->stateless_sent++ < STATELESS_PER_SECOND;
}

static void answer(struct quic *quic, const struct datagram *to, const uint8_t *packet,
		ngtcp2_ssize size) {
	if (size > 0) {
		detour_send(quic, &to->local, &to->remote, packet, (size_t)size);
	}
}

static void send_versions(struct quic *quic, const struct datagram *datagram,
		const ngtcp2_version_cid *ids) {
	static const uint32_t versions[] = {NGTCP2_PROTO_VER_V1};
	uint8_t packet[256], noise = 0;
	if (datagram->size < NGTCP2_MAX_UDP_PAYLOAD_SIZE || !may_answer(quic)) {
		return;
	}
	gnutls_rnd(GNUTLS_RND_NONCE, &noise, 1);
	answer(quic, datagram, packet, ngtcp2_pkt_write_version_negotiation(packet, sizeof(packet),
		noise, ids->scid, ids->scidlen, ids->dcid, ids->dcidlen, versions, 1));
}

/*
 * A packet to no ID of ours, from where a connection of ours leads: it says that the other end has
 * forgotten the connection, or nothing. Its token is known to ngtcp2.
 */
static bool is_farewell(struct quic *quic, const struct datagram *datagram) {
	struct connection *c, *next;
	bool known = false;
	wl_list_for_each_safe(c, next, &quic->connections, link) {
		if (c->state == CONNECTION_UP && address_equal(&c->remote, &datagram->remote)) {
			known = true;
			connection_read_farewell(c, datagram);
		}
	}
	return known;
}

/* We have forgotten this connection, if it ever was: shorter than the packet, so no two play ball. */
static void send_reset(struct quic *quic, const struct datagram *datagram,
		const ngtcp2_version_cid *ids) {
	uint8_t packet[RESET_MAX], noise[RESET_MAX], token[NGTCP2_STATELESS_RESET_TOKENLEN];
	ngtcp2_cid id;
	if (datagram->size < RESET_TRIGGER || ids->dcidlen != CIDS_SIZE || !may_answer(quic)) {
		return;
	}
	ngtcp2_cid_init(&id, ids->dcid, ids->dcidlen);
	size_t size = datagram->size - 1 < sizeof(packet) ? datagram->size - 1 : sizeof(packet);
	size_t noise_size = size - NGTCP2_STATELESS_RESET_TOKENLEN;
	if (transport_reset_token(quic, &id, token)
			&& gnutls_rnd(GNUTLS_RND_NONCE, noise, noise_size) >= 0) {
		answer(quic, datagram, packet, ngtcp2_pkt_write_stateless_reset(packet, size, token, noise,
			noise_size));
	}
}

static void send_retry(struct quic *quic, const struct datagram *datagram,
		const ngtcp2_pkt_hd *header) {
	uint8_t packet[512], token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2];
	ngtcp2_cid id = {.datalen = CIDS_SIZE};
	if (!may_answer(quic) || gnutls_rnd(GNUTLS_RND_RANDOM, id.data, id.datalen) < 0) {
		return;
	}
	ngtcp2_ssize size = ngtcp2_crypto_generate_retry_token2(token, quic->retry_secret,
		sizeof(quic->retry_secret), header->version, &datagram->remote.u.any,
		datagram->remote.size, &id, &header->dcid, quic_now());
	if (size > 0) {
		answer(quic, datagram, packet, ngtcp2_crypto_write_retry(packet, sizeof(packet),
			header->version, &header->scid, &id, &header->dcid, token, (size_t)size));
	}
}

/* Whether the packet brings back a token that we gave to its address. */
static bool check_token(struct quic *quic, const struct datagram *datagram,
		const ngtcp2_pkt_hd *header, ngtcp2_cid *original) {
	return header->tokenlen > 0 && ngtcp2_crypto_verify_retry_token2(original, header->token,
		header->tokenlen, quic->retry_secret, sizeof(quic->retry_secret), header->version,
		&datagram->remote.u.any, datagram->remote.size, &header->dcid, TOKEN_LIFE,
		quic_now()) == 0;
}

static struct failing *find_failing(struct quic *quic, const struct address *remote) {
	for (int i = 0; i < FAILING_MAX; i++) {
		if (quic->failing[i].count > 0 && address_equal(&quic->failing[i].remote, remote)) {
			return &quic->failing[i];
		}
	}
	return NULL;
}

void incoming_failed(struct quic *quic, const struct address *remote) {
	uint64_t second = quic_now() / SECOND;
	struct failing *failing = find_failing(quic, remote);
	for (int i = 0; !failing && i < FAILING_MAX; i++) { // else that which was quiet longest
		failing = quic->failing[i].second != second ? &quic->failing[i] : NULL;
	}
	failing = failing ? failing : &quic->failing[0];
	if (failing->second != second || !address_equal(&failing->remote, remote)) {
		*failing = (struct failing){.remote = *remote, .second = second};
	}
	failing->count++;
}

static bool fails_too_often(struct quic *quic, const struct address *remote) {
	const struct failing *failing = find_failing(quic, remote);
	return failing && failing->count >= FAILURES_PER_SECOND
		&& failing->second == quic_now() / SECOND;
}

static void begin(struct quic *quic, const struct datagram *datagram) {
	ngtcp2_pkt_hd header;
	ngtcp2_cid original;
	if (ngtcp2_accept(&header, datagram->bytes, datagram->size) != 0
			|| fails_too_often(quic, &datagram->remote)) {
		return;
	}
	bool proven = check_token(quic, datagram, &header, &original);
	if (!proven && header.tokenlen > 0) {
		return; // a token of another life, or of nobody: the dialler starts over
	}
	if (quic->handshakes >= HANDSHAKES_MAX) {
		return;
	}
	if (quic->handshakes >= HANDSHAKES_FREE && !proven) {
		send_retry(quic, datagram, &header);
		return;
	}
	struct connection *c =
		connection_accept(quic, datagram, &header, proven ? &original : NULL);
	if (!c) {
		return;
	}
	connection_read(c, datagram);
	if (c->wants_retry) {
		send_retry(quic, datagram, &header);
	}
}

static void deal(struct quic *quic, const struct datagram *datagram) {
	ngtcp2_version_cid ids;
	int result =
		ngtcp2_pkt_decode_version_cid(&ids, datagram->bytes, datagram->size, CIDS_SIZE);
	if (result == NGTCP2_ERR_VERSION_NEGOTIATION) {
		send_versions(quic, datagram, &ids);
		return;
	}
	if (result != 0) {
		return;
	}
	struct connection *c = cids_find(&quic->cids, ids.dcid, ids.dcidlen);
	if (c) {
		connection_read(c, datagram);
	} else if (ids.version == 0 && !is_farewell(quic, datagram)) {
		send_reset(quic, datagram, &ids); // a short header: somebody's idea of a connection
	} else if (ids.version != 0) {
		begin(quic, datagram);
	}
}

void incoming_datagram(struct quic *quic, const struct datagram *datagram) {
	struct envelope envelope;
	struct datagram inner;
	if (address_is_detour(&datagram->remote, NULL)) {
		return; // no network has this address
	}
	if (!envelope_is(datagram->bytes, datagram->size)) {
		deal(quic, datagram);
	} else if (envelope_open(datagram->bytes, datagram->size, &envelope)
			&& !forward_datagram(quic, datagram, envelope.id)
			&& detour_unwrap(quic, datagram, &envelope, &inner)) {
		deal(quic, &inner);
	}
}
