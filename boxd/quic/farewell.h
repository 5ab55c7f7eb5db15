/* SPDX-License-Identifier: MIT */
#ifndef QUIC_FAREWELL_H
#define QUIC_FAREWELL_H

#include <stdint.h>

#include "quic/connection.h"

/* Why a connection ended, in words for the person whose exchange was on it. */

/* The other side closed it: reads what it said. */
void farewell_closed(struct connection *connection, struct op_refusal *why);
/* Nothing came for so long though an exchange was open. */
void farewell_silent(const struct connection *connection, uint64_t ns, struct op_refusal *why);
/* Nothing came at all. */
void farewell_no_answer(const struct connection *connection, struct op_refusal *why);
/* We did not like what TLS showed us. */
void farewell_refused(const struct connection *connection, struct op_refusal *why);

#endif
