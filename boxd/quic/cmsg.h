/* SPDX-License-Identifier: MIT */
#ifndef QUIC_CMSG_H
#define QUIC_CMSG_H

#include <stdint.h>
#include <sys/socket.h>

#include "quic/endpoint.h"

/* What travels beside a datagram: which of our addresses, ECN, the size of segments, errors. */

struct cmsg_room {
	_Alignas(struct cmsghdr) char bytes[256];
};

/* Sets datagram's local address (not its port) and ecn, and *segment if the message is a train. */
void cmsg_read(struct msghdr *msg, struct datagram *datagram, size_t *segment);
/* segment 0: it is one datagram. The room must last as long as msg. */
void cmsg_write(struct msghdr *msg, struct cmsg_room *room, const struct address *local,
	const struct address *remote, uint8_t ecn, uint16_t segment);
/* Of a message of the error queue: errno; 0: nothing that ends an attempt. */
int cmsg_error(struct msghdr *msg);

#endif
