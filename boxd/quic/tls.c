/* SPDX-License-Identifier: MIT */
/*
 * tls.c - GnuTLS sessions for ngtcp2, and the one question asked of them: may this peer come in?
 */
#include "quic/tls.h"

#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <stdio.h>
#include <string.h>

#define LOG_MODULE "quic"
#include "base/log.h"
#include "quic/peers.h"
#include "quic/quic_private.h"
#include "quic/revoked.h"

#define PRIORITY "NONE:+VERS-TLS1.3:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AEAD" \
	":+ECDHE-ECDSA:+GROUP-X25519:+SIGN-EDDSA-ED25519:+CTYPE-X509:%DISABLE_TLS13_COMPAT_MODE"

static ngtcp2_conn *get_conn(ngtcp2_crypto_conn_ref *ref) {
	struct connection *c = ref->user_data;
	return c->conn;
}

static bool is_pairing(gnutls_session_t session) {
	gnutls_datum_t alpn = {0};
	return gnutls_alpn_get_selected_protocol(session, &alpn) >= 0
		&& alpn.size == strlen(OP_PAIRING_ALPN)
		&& memcmp(alpn.data, OP_PAIRING_ALPN, alpn.size) == 0;
}

/* The answering side: is it a person we know? */
static enum op_code check_known(struct connection *c) {
	struct identity *who = &c->identity;
	if (strcmp(who->key, keys_fingerprint(c->quic->keys)) == 0) {
		return op_refuse(&c->why, OP_EPERM, "%s is this machine itself", c->name);
	}
	const char *name = persons_name(c->quic, who->person_key);
	if (!name) {
		c->alert = GNUTLS_A_UNKNOWN_CA;
		return op_refuse(&c->why, OP_EPERM, "%s belongs to a %s who is not known here (key %.16s…): "
			"pair with it first, `box pair --fingerprint %s`", who->machine, who->person_name,
			who->person_key, who->key);
	}
	if (revoked_has(c->quic, who->person_key, who->key)) {
		c->alert = GNUTLS_A_CERTIFICATE_REVOKED;
		return op_refuse(&c->why, OP_EPERM, "%s is revoked by %s: with a new key it can be paired anew",
			who->machine, name);
	}
	if (peers_is_forgotten(c->quic, who->key)) {
		return op_refuse(&c->why, OP_EPERM, "%s was forgotten here: pair with it again, `box pair "
			"--fingerprint %s`", who->machine, who->key);
	}
	snprintf(who->person, sizeof(who->person), "%s", name);
	return OP_OK;
}

/* The dialling side: is it the machine we dialled? */
static enum op_code check_expected(struct connection *c) {
	if (c->expect[0] && strcmp(c->expect, c->identity.key) != 0) {
		char at[ADDRESS_TEXT];
		return op_refuse(&c->why, OP_EPERM, "the machine at %s is not %s: its key is %.16s…, not "
			"%.16s…; if %s has a new key, pair again, with the fingerprint that `box` shows there",
			address_print(&c->remote, at), c->name, c->identity.key, c->expect, c->name);
	}
	return OP_OK;
}

static int handle_verify(gnutls_session_t session) {
	ngtcp2_crypto_conn_ref *ref = gnutls_session_get_ptr(session);
	struct connection *c = ref->user_data;
	if (!c->dialled) {
		c->pairing = is_pairing(session);
	}
	if (verify_session(session, c->pairing, &c->identity, &c->alert, &c->why) != OP_OK) {
		return GNUTLS_E_CERTIFICATE_ERROR;
	}
	c->alert = GNUTLS_A_ACCESS_DENIED;
	if (c->dialled && !c->pairing && check_expected(c) != OP_OK) {
		return GNUTLS_E_CERTIFICATE_ERROR;
	}
	// Which side dialled makes no difference to whom we may talk to.
	if (!c->pairing && check_known(c) != OP_OK) {
		return GNUTLS_E_CERTIFICATE_ERROR;
	}
	c->alert = 0;
	return 0;
}

static bool set_alpn(struct connection *c) {
	gnutls_datum_t op = {(unsigned char *)OP_ALPN, sizeof(OP_ALPN) - 1};
	gnutls_datum_t pair = {(unsigned char *)OP_PAIRING_ALPN, sizeof(OP_PAIRING_ALPN) - 1};
	gnutls_datum_t known[2] = {op, pair};
	unsigned int size = wl_list_empty(&c->quic->pairs) ? 1 : 2;
	if (c->dialled) {
		known[0] = c->pairing ? pair : op;
		size = 1;
	}
	return gnutls_alpn_set_protocols(c->tls, known, size, GNUTLS_ALPN_MANDATORY) >= 0;
}

bool tls_start(struct connection *c) {
	unsigned int flags = GNUTLS_NO_TICKETS | GNUTLS_NO_AUTO_SEND_TICKET;
	c->ref = (ngtcp2_crypto_conn_ref){.get_conn = get_conn, .user_data = c};
	int result = gnutls_init(&c->tls, flags | (c->dialled ? GNUTLS_CLIENT : GNUTLS_SERVER));
	if (result < 0) {
		log_error("no TLS session: %s", gnutls_strerror(result));
		return false;
	}
	result = gnutls_priority_set_direct(c->tls, PRIORITY, NULL);
	if (result >= 0) {
		result = gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, c->quic->keys->credentials);
	}
	bool good = result >= 0 && set_alpn(c)
		&& (c->dialled ? ngtcp2_crypto_gnutls_configure_client_session(c->tls)
			       : ngtcp2_crypto_gnutls_configure_server_session(c->tls)) == 0;
	if (!good) {
		log_error("no TLS session: %s", result < 0 ? gnutls_strerror(result) : "no ALPN");
		gnutls_deinit(c->tls);
		c->tls = NULL;
		return false;
	}
	gnutls_session_set_ptr(c->tls, &c->ref);
	gnutls_session_set_verify_function(c->tls, handle_verify);
	if (!c->dialled) {
		gnutls_certificate_server_set_request(c->tls, GNUTLS_CERT_REQUIRE);
	}
	return true;
}

uint8_t tls_alert(const struct connection *c) {
	return c->alert ? c->alert : ngtcp2_conn_get_tls_alert(c->conn);
}

void tls_explain(struct connection *c, uint8_t alert) {
	const char *own = keys_fingerprint(c->quic->keys);
	switch (alert) {
	case GNUTLS_A_UNKNOWN_CA:
	case GNUTLS_A_ACCESS_DENIED:
		op_refuse(&c->why, OP_EPERM, "%s does not know this machine: run `box pair --fingerprint "
			"%s` there, and `box pair --fingerprint` with its own here", c->name, own);
		break;
	case GNUTLS_A_CERTIFICATE_REVOKED:
		op_refuse(&c->why, OP_EPERM, "%s was told that this machine is revoked by its person (box "
			"revoke): it needs a new key, and to be paired with that", c->name);
		break;
	case GNUTLS_A_BAD_CERTIFICATE:
	case GNUTLS_A_CERTIFICATE_REQUIRED:
	case GNUTLS_A_UNSUPPORTED_CERTIFICATE:
		op_refuse(&c->why, OP_EPERM, "%s does not accept this machine's certificate: has a person "
			"signed it? `box` says whose it is", c->name);
		break;
	case GNUTLS_A_NO_APPLICATION_PROTOCOL:
		if (c->pairing) {
			op_refuse(&c->why, OP_EASK, "%s does not wait to be paired: run `box pair --fingerprint "
				"%s` there", c->name, own);
		} else {
			op_refuse(&c->why, OP_EUNSUPP, "%s does not speak %s: one of the two machines has "
				"another release of Boxland", c->name, OP_ALPN);
		}
		break;
	default:
		op_refuse(&c->why, OP_EUNREACH, "%s broke the handshake off: %s", c->name,
			gnutls_alert_get_strname(alert) ? gnutls_alert_get_strname(alert) : "no reason given");
	}
}
