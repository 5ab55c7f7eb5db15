/* SPDX-License-Identifier: MIT */
/*
 * cmsg.c - control messages of a UDP socket, IPv4 and IPv6, which name the same things differently.
 */
#include "quic/cmsg.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/udp.h>
#include <string.h>

void cmsg_read(struct msghdr *msg, struct datagram *datagram, size_t *segment) {
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			datagram->local.u.in6.sin6_addr = info.ipi6_addr;
			if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) {
				datagram->local.u.in6.sin6_scope_id = info.ipi6_ifindex;
			}
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO
				&& datagram->local.u.any.sa_family == AF_INET) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			datagram->local.u.in.sin_addr = info.ipi_addr;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
			int class;
			memcpy(&class, CMSG_DATA(c), sizeof(class));
			datagram->ecn = class & 3;
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
			datagram->ecn = *CMSG_DATA(c) & 3;
		} else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
			int size;
			memcpy(&size, CMSG_DATA(c), sizeof(size));
			*segment = size > 0 ? (size_t)size : *segment;
		}
	}
}

static size_t put_control(struct msghdr *msg, int level, int type, const void *value, size_t size,
		size_t at) {
	struct cmsghdr *c = (struct cmsghdr *)((char *)msg->msg_control + at);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), value, size);
	return at + CMSG_SPACE(size);
}

void cmsg_write(struct msghdr *msg, struct cmsg_room *room, const struct address *local,
		const struct address *remote, uint8_t ecn_bits, uint16_t segment) {
	*room = (struct cmsg_room){0};
	msg->msg_control = room;
	size_t at = 0;
	int ecn = ecn_bits;
	if (local->u.any.sa_family == AF_INET) {
		struct in_pktinfo info = {.ipi_spec_dst = local->u.in.sin_addr};
		at = put_control(msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info), at);
	} else if (!IN6_IS_ADDR_UNSPECIFIED(&local->u.in6.sin6_addr)) {
		struct in6_pktinfo info = {
			.ipi6_addr = local->u.in6.sin6_addr,
			.ipi6_ifindex = local->u.in6.sin6_scope_id,
		};
		at = put_control(msg, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info), at);
	}
	if (ecn != 0) {
		const struct sockaddr_in6 *in6 = &remote->u.in6;
		bool v4 = in6->sin6_family == AF_INET || IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr);
		at = put_control(msg, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, &ecn,
			sizeof(ecn), at);
	}
	if (segment > 0) {
		at = put_control(msg, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment), at);
	}
	msg->msg_controllen = at;
	if (at == 0) {
		msg->msg_control = NULL;
	}
}

int cmsg_error(struct msghdr *msg) {
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
		bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
		struct sock_extended_err error;
		if (v4 || v6) {
			memcpy(&error, CMSG_DATA(c), sizeof(error));
			// A datagram that was too big is path MTU discovery's business.
			return error.ee_errno == EMSGSIZE ? 0 : (int)error.ee_errno;
		}
	}
	return 0;
}
