/* SPDX-License-Identifier: MIT */
/*
 * farewell.c - the ends of connections put into sentences that name the node and the next step.
 */
#include "quic/farewell.h"

#include <errno.h>
#include <string.h>

#include "quic/detour.h"
#include "quic/quic_private.h"
#include "quic/tls.h"

#define CRYPTO_ERROR 0x100 // transport error codes from here on are TLS alerts (RFC 9001, 4.8)

static void say_code(struct connection *c, struct op_refusal *why) {
	const char *name = c->name;
	switch (c->closed_with) {
	case CLOSE_GOODBYE:
		op_refuse(why, OP_ELOST, "%s has stopped: start boxd there and ask again", name);
		return;
	case CLOSE_IDLE:
		op_refuse(why, OP_ELOST, "%s closed the connection, which was not in use: ask again", name);
		return;
	case CLOSE_REPLACED:
		op_refuse(why, OP_ELOST, "%s has made a new connection: ask again", name);
		return;
	case CLOSE_FORGOTTEN:
		op_refuse(why, OP_EPERM, "%s has forgotten this machine: pair again, `box pair "
			"--fingerprint …` on both", name);
		return;
	case CLOSE_FRAMING:
		op_refuse(why, OP_EARG, "%s did not understand what it was sent: has it another release "
			"of Boxland?", name);
		return;
	case CLOSE_PAIRED:
		op_refuse(why, OP_ELOST, "%s has ended the pairing", name);
		return;
	case CLOSE_CANCELLED:
		op_refuse(why, OP_EASK, "the pairing was given up on %s", name);
		return;
	case CLOSE_REVOKED:
		tls_explain(c, GNUTLS_A_CERTIFICATE_REVOKED);
		*why = c->why;
		return;
	}
	op_refuse(why, OP_ELOST, "%s closed the connection for a reason unknown to this release", name);
}

void farewell_closed(struct connection *c, struct op_refusal *why) {
	if (c->forgotten) {
		op_refuse(why, OP_ELOST, "%s was started anew and knows nothing of this: ask again", c->name);
		return;
	}
	const ngtcp2_ccerr *reason = ngtcp2_conn_get_ccerr(c->conn);
	uint64_t code = reason->error_code;
	c->closed_by_peer = true;
	if (reason->type == NGTCP2_CCERR_TYPE_APPLICATION) {
		c->closed_with = code <= CLOSE_REVOKED ? (enum close_code)code : (enum close_code)-1;
		say_code(c, why);
	} else if (code >= CRYPTO_ERROR && code < CRYPTO_ERROR + 256) {
		c->alert_received = (uint8_t)(code - CRYPTO_ERROR);
		tls_explain(c, c->alert_received);
		*why = c->why;
	} else {
		c->closed_with = (enum close_code)-1;
		op_refuse(why, OP_ELOST, "%s broke the connection off (QUIC error %llu)", c->name,
			(unsigned long long)code);
	}
}

void farewell_silent(const struct connection *c, uint64_t ns, struct op_refusal *why) {
	unsigned long long seconds = ns / SECOND;
	const char *through = detour_through(c->quic, &c->remote);
	if (through) {
		op_refuse(why, OP_ELOST, "%s has not answered for %llu s through the meeting point %s: are "
			"both on, and on the network?", c->name, seconds, through);
	} else {
		op_refuse(why, OP_ELOST, "%s has not answered for %llu s: is it on, and on the network?",
			c->name, seconds);
	}
}

void farewell_no_answer(const struct connection *c, struct op_refusal *why) {
	char at[ADDRESS_TEXT];
	const char *through = detour_through(c->quic, &c->remote);
	address_print(&c->remote, at);
	if (through) {
		op_refuse(why, OP_EUNREACH, "%s does not answer through the meeting point %s, where it was a "
			"moment ago: ask again", c->name, through);
	} else if (c->send_error == EPERM || c->send_error == EACCES) {
		op_refuse(why, OP_EUDP, "this machine's firewall lets no UDP out to %s", at);
	} else if (c->send_error == ECONNREFUSED) {
		op_refuse(why, OP_EUNREACH, "nothing listens at %s: is boxd running on %s?", at, c->name);
	} else if (c->send_error != 0) {
		op_refuse(why, OP_EUNREACH, "%s cannot be reached at %s: %s", c->name, at,
			strerror(c->send_error));
	} else if (c->got_reply) {
		op_refuse(why, OP_EUNREACH, "%s at %s began to answer and fell silent", c->name, at);
	} else {
		op_refuse(why, OP_EUNREACH, "%s does not answer at %s: is it on, on this network, and does "
			"boxd run there?", c->name, at);
	}
}

void farewell_refused(const struct connection *c, struct op_refusal *why) {
	if (c->why.code != OP_OK) {
		*why = c->why;
		return;
	}
	op_refuse(why, OP_EPERM, "no agreement with %s about encryption: has it another release of "
		"Boxland?", c->name);
}
