/* SPDX-License-Identifier: MIT */
#ifndef QUIC_ENDPOINT_H
#define QUIC_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wayland-server-core.h>

#include "box/op.h"
#include "quic/address.h"

/*
 * The one UDP socket: datagrams in and out in batches, with the kernel's segmentation offload where
 * it has it. It knows nothing of what they hold.
 */

#define ENDPOINT_DATAGRAM_MAX 1452    // bytes we send: Ethernet's 1500 less IPv6 and UDP
#define ENDPOINT_BATCH_MAX (63 * 1024) // bytes of one batch, below what one GSO send may hold

struct endpoint;

struct datagram {
	struct address local, remote;
	uint8_t ecn; // the two bits of the IP header
	const uint8_t *bytes;
	size_t size;
};

struct endpoint_events {
	void (*datagram)(void *data, const struct datagram *datagram);
	/* What had arrived has been handed over. */
	void (*received)(void *data);
	/* The network says that what was sent there did not arrive; errno. Anybody can forge this. */
	void (*unreachable)(void *data, const struct address *remote, int error);
	/* The socket takes datagrams again after endpoint_blocked(). */
	void (*writable)(void *data);
};

/*
 * Binds address ("": all, dual stack) and port, or the next free of the 16 behind it; 0: any.
 * NULL and refusal: EIO.
 */
struct endpoint *endpoint_create(struct wl_event_loop *loop, const char *address, uint16_t port,
	const struct endpoint_events *events, void *data, struct op_refusal *refusal);
void endpoint_destroy(struct endpoint *endpoint); // NULL is fine
uint16_t endpoint_port(const struct endpoint *endpoint);
sa_family_t endpoint_family(const struct endpoint *endpoint);
/* Which of our addresses the kernel would use towards remote. false and errno: no route. */
bool endpoint_local(const struct endpoint *endpoint, const struct address *remote,
	struct address *local);

/*
 * A batch: room() is where the next datagram of up to ENDPOINT_DATAGRAM_MAX bytes is to be written,
 * add() makes it one, flush() sends all. room() is NULL when the batch is full or the socket blocked.
 */
uint8_t *endpoint_room(struct endpoint *endpoint);
void endpoint_add(struct endpoint *endpoint, const struct address *local,
	const struct address *remote, uint8_t ecn, size_t size);
/*
 * 0, or the errno of the first datagram the kernel would not take: those are lost, as on any network.
 * What a full socket buffer did not take waits in the endpoint: that is not a failure.
 */
int endpoint_flush(struct endpoint *endpoint);
bool endpoint_blocked(const struct endpoint *endpoint);
/* One datagram at once, outside any batch; it is lost if the socket is blocked. */
void endpoint_send(struct endpoint *endpoint, const struct address *local,
	const struct address *remote, const void *bytes, size_t size);

#endif
