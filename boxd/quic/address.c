/* SPDX-License-Identifier: MIT */
/*
 * address.c - addresses as text, as numbers, and as one family. No look-ups: names are dial.c's.
 */
#include "quic/address.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/op.h"

static bool parse_port(const char *text, uint16_t *port) {
	if (*text == '\0' || strlen(text) > 5 || strspn(text, "0123456789") != strlen(text)) {
		return false;
	}
	unsigned long number = strtoul(text, NULL, 10);
	*port = (uint16_t)number;
	return number > 0 && number <= UINT16_MAX;
}

bool address_split(const char *text, char host[static ADDRESS_HOST], uint16_t *port) {
	const char *begin = text, *end, *rest;
	*port = OP_PORT;
	if (*text == '[') {
		begin = text + 1;
		end = strchr(begin, ']');
		if (!end) {
			return false;
		}
		rest = end + 1;
	} else {
		const char *colon = strchr(text, ':');
		// Two colons without brackets are an IPv6 address that says no port.
		end = colon && !strchr(colon + 1, ':') ? colon : text + strlen(text);
		rest = end;
	}
	size_t size = (size_t)(end - begin);
	if (size == 0 || size >= ADDRESS_HOST) {
		return false;
	}
	memcpy(host, begin, size);
	host[size] = '\0';
	return *rest == '\0' || (*rest == ':' && parse_port(rest + 1, port));
}

static bool parse_v6(struct sockaddr_in6 *in6, const char *host) {
	char plain[INET6_ADDRSTRLEN];
	const char *percent = strchr(host, '%');
	size_t size = percent ? (size_t)(percent - host) : strlen(host);
	if (size >= sizeof(plain)) {
		return false;
	}
	memcpy(plain, host, size);
	plain[size] = '\0';
	if (percent) {
		in6->sin6_scope_id = if_nametoindex(percent + 1);
		if (in6->sin6_scope_id == 0) {
			return false;
		}
	}
	return inet_pton(AF_INET6, plain, &in6->sin6_addr) == 1;
}

bool address_parse(struct address *address, const char *host, uint16_t port) {
	*address = (struct address){0};
	struct sockaddr_in *in = &address->u.in;
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		address->size = sizeof(*in);
		return true;
	}
	*address = (struct address){0};
	struct sockaddr_in6 *in6 = &address->u.in6;
	if (*host == '\0' || parse_v6(in6, host)) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		address->size = sizeof(*in6);
		return true;
	}
	return false;
}

const char *address_print(const struct address *address, char out[static ADDRESS_TEXT]) {
	char host[INET6_ADDRSTRLEN] = "?", interface[IF_NAMESIZE] = "";
	const struct sockaddr_in6 *in6 = &address->u.in6;
	unsigned int port = address_port(address);
	uint64_t id;
	if (address_is_detour(address, &id)) {
		snprintf(out, ADDRESS_TEXT, "detour %016" PRIx64, id);
	} else if (address->u.any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &address->u.in.sin_addr, host, sizeof(host));
		snprintf(out, ADDRESS_TEXT, "%s:%u", host, port);
	} else if (address->u.any.sa_family != AF_INET6) {
		snprintf(out, ADDRESS_TEXT, "nowhere");
	} else if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		inet_ntop(AF_INET, &in6->sin6_addr.s6_addr[12], host, sizeof(host));
		snprintf(out, ADDRESS_TEXT, "%s:%u", host, port);
	} else {
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		bool scoped = in6->sin6_scope_id != 0 && if_indextoname(in6->sin6_scope_id, interface);
		snprintf(out, ADDRESS_TEXT, "[%s%s%s]:%u", host, scoped ? "%" : "", interface, port);
	}
	return out;
}

void address_set_port(struct address *address, uint16_t port) {
	if (address->u.any.sa_family == AF_INET) {
		address->u.in.sin_port = htons(port);
	} else {
		address->u.in6.sin6_port = htons(port);
	}
}

uint16_t address_port(const struct address *address) {
	return ntohs(address->u.any.sa_family == AF_INET ? address->u.in.sin_port
							 : address->u.in6.sin6_port);
}

bool address_equal(const struct address *a, const struct address *b) {
	if (a->u.any.sa_family != b->u.any.sa_family || address_port(a) != address_port(b)) {
		return false;
	}
	if (a->u.any.sa_family == AF_INET) {
		return a->u.in.sin_addr.s_addr == b->u.in.sin_addr.s_addr;
	}
	return memcmp(&a->u.in6.sin6_addr, &b->u.in6.sin6_addr, sizeof(struct in6_addr)) == 0
		&& a->u.in6.sin6_scope_id == b->u.in6.sin6_scope_id;
}

/* The four bytes of an IPv4 address, mapped or not; NULL: it is none. */
static const uint8_t *v4_of(const struct address *address) {
	if (address->u.any.sa_family == AF_INET) {
		return (const uint8_t *)&address->u.in.sin_addr;
	}
	bool mapped = address->u.any.sa_family == AF_INET6
		&& IN6_IS_ADDR_V4MAPPED(&address->u.in6.sin6_addr);
	return mapped ? &address->u.in6.sin6_addr.s6_addr[12] : NULL;
}

bool address_same_host(const struct address *a, const struct address *b) {
	const uint8_t *v4_a = v4_of(a), *v4_b = v4_of(b);
	if (v4_a || v4_b) {
		return v4_a && v4_b && memcmp(v4_a, v4_b, 4) == 0;
	}
	return a->u.any.sa_family == AF_INET6 && b->u.any.sa_family == AF_INET6
		&& memcmp(&a->u.in6.sin6_addr, &b->u.in6.sin6_addr, sizeof(struct in6_addr)) == 0;
}

bool address_is_private(const struct address *address) {
	const uint8_t *v4 = v4_of(address);
	if (v4) {
		return v4[0] == 10 || (v4[0] == 172 && (v4[1] & 0xf0) == 16)
			|| (v4[0] == 192 && v4[1] == 168) || (v4[0] == 100 && (v4[1] & 0xc0) == 64);
	}
	return address->u.any.sa_family == AF_INET6
		&& (address->u.in6.sin6_addr.s6_addr[0] & 0xfe) == 0xfc;
}

static const uint8_t detour_block[8] = {0x01, 0x00}; // 100::/64
#define DETOUR_PORT 1

void address_set_detour(struct address *address, uint64_t id) {
	*address = (struct address){.size = sizeof(struct sockaddr_in6)};
	struct sockaddr_in6 *in6 = &address->u.in6;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(DETOUR_PORT);
	memcpy(in6->sin6_addr.s6_addr, detour_block, sizeof(detour_block));
	for (int i = 0; i < 8; i++) {
		in6->sin6_addr.s6_addr[8 + i] = (uint8_t)(id >> (56 - 8 * i));
	}
}

bool address_is_detour(const struct address *address, uint64_t *id) {
	const uint8_t *bytes = address->u.in6.sin6_addr.s6_addr;
	if (address->u.any.sa_family != AF_INET6
			|| memcmp(bytes, detour_block, sizeof(detour_block)) != 0) {
		return false;
	}
	for (int i = 0; id && i < 8; i++) {
		*id = (i == 0 ? 0 : *id << 8) | bytes[8 + i];
	}
	return true;
}

static void map_to_v6(struct address *address) {
	struct sockaddr_in in = address->u.in;
	*address = (struct address){.size = sizeof(struct sockaddr_in6)};
	struct sockaddr_in6 *in6 = &address->u.in6;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = in.sin_port;
	in6->sin6_addr.s6_addr[10] = in6->sin6_addr.s6_addr[11] = 0xff;
	memcpy(&in6->sin6_addr.s6_addr[12], &in.sin_addr, sizeof(in.sin_addr));
}

static bool map_to_v4(struct address *address) {
	struct sockaddr_in6 in6 = address->u.in6;
	bool any = IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr);
	if (!any && !IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
		return false;
	}
	*address = (struct address){.size = sizeof(struct sockaddr_in)};
	struct sockaddr_in *in = &address->u.in;
	in->sin_family = AF_INET;
	in->sin_port = in6.sin6_port;
	if (!any) {
		memcpy(&in->sin_addr, &in6.sin6_addr.s6_addr[12], sizeof(in->sin_addr));
	}
	return true;
}

bool address_fit(struct address *address, sa_family_t family) {
	if (address->u.any.sa_family == AF_INET && family == AF_INET6) {
		map_to_v6(address);
	} else if (address->u.any.sa_family == AF_INET6 && family == AF_INET) {
		return map_to_v4(address);
	}
	return true;
}
