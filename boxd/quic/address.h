/* SPDX-License-Identifier: MIT */
#ifndef QUIC_ADDRESS_H
#define QUIC_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Where a datagram comes from or goes to. IPv4 travels as ::ffff:a.b.c.d on a dual-stack socket. */
struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} u;
	socklen_t size; // 0: none
};

#define ADDRESS_TEXT 64 // bytes of "[v6%interface]:port"
#define ADDRESS_HOST 256

/*
 * Splits HOST:PORT, [V6]:PORT, HOST or a bare IPv6 address; the port is OP_PORT when it is not said.
 * false: it is none of these.
 */
bool address_split(const char *text, char host[static ADDRESS_HOST], uint16_t *port);
/* A numeric host, which may be "" for all. false: not numeric, so a name to be looked up. */
bool address_parse(struct address *address, const char *host, uint16_t port);
/* "10.0.0.2:7447", "[fd00::2]:7447"; mapped IPv4 as plain. Returns out. */
const char *address_print(const struct address *address, char out[static ADDRESS_TEXT]);

void address_set_port(struct address *address, uint16_t port);
uint16_t address_port(const struct address *address);
bool address_equal(const struct address *a, const struct address *b);
/* The same host, whatever the port. */
bool address_same_host(const struct address *a, const struct address *b);
/* Of a network that is not the world's: RFC 1918, RFC 6598, fc00::/7. */
bool address_is_private(const struct address *address);
/*
 * The address that stands for a way through a meeting point (detour.h). It is one of the block that
 * no network routes (RFC 6666), with the way's id as host. id may be NULL.
 */
void address_set_detour(struct address *address, uint64_t id);
bool address_is_detour(const struct address *address, uint64_t *id);
/* As a socket of that family needs it. false: IPv6 on an IPv4 socket. */
bool address_fit(struct address *address, sa_family_t family);

#endif
