/* SPDX-License-Identifier: MIT */
/*
 * endpoint.c - one UDP socket: recvmmsg with UDP_GRO in, sendmmsg with UDP_SEGMENT out.
 *
 * A kernel without either is served one datagram at a time. QUIC repairs what is lost here, so no
 * failure to send is worth more than a word to whoever is dialling.
 */
#include "quic/endpoint.h"

#include <assert.h>
#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_MODULE "quic"
#include "base/log.h"
#include "quic/cmsg.h"

#define RX_MESSAGES 8      // of one recvmmsg
#define RX_SIZE 65536      // a GRO train
#define RX_ROUNDS 8        // recvmmsg calls before others get their turn
#define ERRORS_MAX 64      // read at once
#define TX_MESSAGES 32     // of one sendmmsg
#define RUNS_MAX 64        // runs of equal datagrams in one batch
#define SOCKET_BUFFER (2 * 1024 * 1024)
#define PORTS_TRIED 16

/* Datagrams of one size to one place, side by side in tx; the last may be shorter. */
struct run {
	size_t at, size;
	uint16_t segment;
	uint8_t ecn;
	struct address local, remote;
};

struct endpoint {
	const struct endpoint_events *events;
	void *data;
	int fd;
	sa_family_t family;
	uint16_t port;
	bool gso;
	uint32_t mask; // of the event source
	struct wl_event_source *source;
	uint8_t *rx;   // RX_MESSAGES * RX_SIZE
	uint8_t *tx;   // ENDPOINT_BATCH_MAX
	size_t tx_size;
	struct run runs[RUNS_MAX];
	int runs_size, runs_sent;
	size_t run_sent; // of runs[runs_sent], without GSO
};

static void hand_over(struct endpoint *endpoint, struct mmsghdr *message) {
	struct msghdr *msg = &message->msg_hdr;
	size_t size = message->msg_len, segment = size;
	struct datagram datagram = {.local.u.any.sa_family = endpoint->family};
	memcpy(&datagram.remote.u, msg->msg_name, msg->msg_namelen);
	datagram.remote.size = msg->msg_namelen;
	datagram.local.size = msg->msg_namelen;
	cmsg_read(msg, &datagram, &segment);
	address_set_port(&datagram.local, endpoint->port);
	const uint8_t *bytes = msg->msg_iov[0].iov_base;
	for (size_t at = 0; at < size; at += segment) {
		datagram.bytes = bytes + at;
		datagram.size = size - at < segment ? size - at : segment;
		endpoint->events->datagram(endpoint->data, &datagram);
	}
}

/* How many messages came; 0: no more for now. */
static int receive(struct endpoint *endpoint) {
	struct mmsghdr messages[RX_MESSAGES] = {0};
	struct iovec iov[RX_MESSAGES];
	struct sockaddr_in6 names[RX_MESSAGES];
	struct cmsg_room controls[RX_MESSAGES];
	for (int i = 0; i < RX_MESSAGES; i++) {
		iov[i] = (struct iovec){endpoint->rx + (size_t)i * RX_SIZE, RX_SIZE};
		messages[i].msg_hdr = (struct msghdr){
			.msg_name = &names[i],
			.msg_namelen = sizeof(names[i]),
			.msg_iov = &iov[i],
			.msg_iovlen = 1,
			.msg_control = &controls[i],
			.msg_controllen = sizeof(controls[i]),
		};
	}
	int n = recvmmsg(endpoint->fd, messages, RX_MESSAGES, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		// A train longer than the buffer was cut: its last datagram would be half of one.
		if (messages[i].msg_len > 0 && !(messages[i].msg_hdr.msg_flags & MSG_TRUNC)) {
			hand_over(endpoint, &messages[i]);
		}
	}
	return n;
}

/* What ICMP says of datagrams that left. */
static void receive_errors(struct endpoint *endpoint) {
	for (int i = 0; i < ERRORS_MAX; i++) {
		struct address remote = {0};
		struct cmsg_room control;
		struct msghdr msg = {
			.msg_name = &remote.u,
			.msg_namelen = sizeof(remote.u),
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};
		if (recvmsg(endpoint->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
			return;
		}
		remote.size = msg.msg_namelen;
		int error = cmsg_error(&msg);
		if (error != 0 && remote.size > 0) {
			endpoint->events->unreachable(endpoint->data, &remote, error);
		}
	}
}

static void watch(struct endpoint *endpoint, uint32_t mask) {
	if (endpoint->mask != mask) {
		endpoint->mask = mask;
		wl_event_source_fd_update(endpoint->source, mask);
	}
}

static int handle_socket(int fd, uint32_t mask, void *data) {
	struct endpoint *endpoint = data;
	if (mask & WL_EVENT_WRITABLE) {
		endpoint_flush(endpoint);
		if (!endpoint_blocked(endpoint)) {
			endpoint->events->writable(endpoint->data);
		}
	}
	if (mask & WL_EVENT_ERROR) {
		receive_errors(endpoint);
	}
	if (mask & (WL_EVENT_READABLE | WL_EVENT_ERROR)) {
		int rounds = 0;
		while (rounds++ < RX_ROUNDS && receive(endpoint) == RX_MESSAGES) {
		}
		endpoint->events->received(endpoint->data);
	}
	return 0;
}

/* Up to max messages from what is left of the batch: whole runs with GSO, else single datagrams. */
static int gather(struct endpoint *endpoint, struct mmsghdr *messages, struct iovec *iov,
		struct cmsg_room *controls, int max) {
	int n = 0;
	size_t sent = endpoint->run_sent;
	for (int i = endpoint->runs_sent; i < endpoint->runs_size && n < max;) {
		struct run *run = &endpoint->runs[i];
		size_t left = run->size - sent;
		bool gso = endpoint->gso && left > run->segment;
		iov[n].iov_base = endpoint->tx + run->at + sent;
		iov[n].iov_len = gso || left < run->segment ? left : run->segment;
		messages[n].msg_hdr = (struct msghdr){
			.msg_name = &run->remote.u,
			.msg_namelen = run->remote.size,
			.msg_iov = &iov[n],
			.msg_iovlen = 1,
		};
		cmsg_write(&messages[n].msg_hdr, &controls[n], &run->local, &run->remote, run->ecn,
			gso ? run->segment : 0);
		sent += iov[n++].iov_len;
		if (sent == run->size) {
			i++;
			sent = 0;
		}
	}
	return n;
}

static void sent(struct endpoint *endpoint, size_t size) {
	endpoint->run_sent += size;
	if (endpoint->run_sent == endpoint->runs[endpoint->runs_sent].size) {
		endpoint->runs_sent++;
		endpoint->run_sent = 0;
	}
}

int endpoint_flush(struct endpoint *endpoint) {
	int first = 0;
	while (endpoint->runs_sent < endpoint->runs_size) {
		struct mmsghdr messages[TX_MESSAGES] = {0};
		struct iovec iov[TX_MESSAGES];
		struct cmsg_room controls[TX_MESSAGES];
		int count = gather(endpoint, messages, iov, controls, TX_MESSAGES);
		int n = sendmmsg(endpoint->fd, messages, (unsigned int)count, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			watch(endpoint, WL_EVENT_READABLE | WL_EVENT_WRITABLE);
			return first;
		}
		bool was_gso = iov[0].iov_len > endpoint->runs[endpoint->runs_sent].segment;
		if (n < 0 && was_gso && (errno == EIO || errno == EINVAL || errno == EOPNOTSUPP)) {
			log_info("no UDP segmentation offload here: datagrams go one by one");
			endpoint->gso = false;
		} else if (n < 0 && errno != EINTR && errno != ECONNREFUSED) { // of some datagram before
			first = first == 0 && errno != ENOBUFS ? errno : first; // a full queue is no news
			sent(endpoint, iov[0].iov_len); // given up
		}
		for (int i = 0; i < n; i++) {
			sent(endpoint, iov[i].iov_len);
		}
	}
	endpoint->runs_size = endpoint->runs_sent = 0;
	endpoint->tx_size = 0;
	watch(endpoint, WL_EVENT_READABLE);
	return first;
}

bool endpoint_blocked(const struct endpoint *endpoint) {
	return (endpoint->mask & WL_EVENT_WRITABLE) != 0;
}

uint8_t *endpoint_room(struct endpoint *endpoint) {
	if (endpoint_blocked(endpoint) || endpoint->runs_size == RUNS_MAX
			|| endpoint->tx_size + ENDPOINT_DATAGRAM_MAX > ENDPOINT_BATCH_MAX) {
		return NULL;
	}
	return endpoint->tx + endpoint->tx_size;
}

void endpoint_add(struct endpoint *endpoint, const struct address *local,
		const struct address *remote, uint8_t ecn, size_t size) {
	assert(size > 0 && size <= ENDPOINT_DATAGRAM_MAX && endpoint_room(endpoint));
	struct run *last =
		endpoint->runs_size > 0 ? &endpoint->runs[endpoint->runs_size - 1] : NULL;
	bool whole = last && last->size % last->segment == 0;
	if (whole && size <= last->segment && ecn == last->ecn
			&& address_equal(remote, &last->remote) && address_equal(local, &last->local)) {
		last->size += size;
	} else {
		endpoint->runs[endpoint->runs_size++] = (struct run){
			.at = endpoint->tx_size,
			.size = size,
			.segment = (uint16_t)size,
			.ecn = ecn,
			.local = *local,
			.remote = *remote,
		};
	}
	endpoint->tx_size += size;
}

void endpoint_send(struct endpoint *endpoint, const struct address *local,
		const struct address *remote, const void *bytes, size_t size) {
	uint8_t *room = endpoint_room(endpoint);
	if (room && size <= ENDPOINT_DATAGRAM_MAX) {
		memcpy(room, bytes, size);
		endpoint_add(endpoint, local, remote, 0, size);
		endpoint_flush(endpoint);
	}
}

/* Options that make it better where the kernel knows them; none is needed. */
static bool set_options(int fd, sa_family_t family, bool *gso) {
	int on = 1, off = 0, size = SOCKET_BUFFER, probe;
	if (family == AF_INET6) {
		// An IPv4 mapped address needs IPv4's options as well.
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof(on));
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
		probe = IPV6_PMTUDISC_PROBE;
		setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe, sizeof(probe));
	}
	probe = IP_PMTUDISC_PROBE;
	setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof(probe));
	setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	*gso = setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &off, sizeof(off)) == 0;
	return family == AF_INET6
		? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) == 0
		: setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) == 0;
}

static int open_socket(const char *host, uint16_t port, struct address *address) {
	if (!address_parse(address, host, port)) {
		errno = EINVAL;
		return -1;
	}
	int fd = socket(address->u.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 && errno == EAFNOSUPPORT && address_fit(address, AF_INET)) {
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	}
	return fd;
}

static bool bind_socket(struct endpoint *endpoint, const char *host, uint16_t port) {
	struct address address;
	endpoint->fd = open_socket(host, port, &address);
	if (endpoint->fd < 0) {
		return false;
	}
	endpoint->family = address.u.any.sa_family;
	if (!set_options(endpoint->fd, endpoint->family, &endpoint->gso)) {
		return false;
	}
	for (int i = 0; i < PORTS_TRIED; i++) {
		if (bind(endpoint->fd, &address.u.any, address.size) == 0) {
			address.size = sizeof(address.u);
			endpoint->port = getsockname(endpoint->fd, &address.u.any, &address.size) == 0
				? address_port(&address)
				: 0;
			return endpoint->port != 0;
		}
		if (errno != EADDRINUSE || port == 0 || port + i + 1 > UINT16_MAX) {
			return false;
		}
		address_set_port(&address, (uint16_t)(port + i + 1));
	}
	return false;
}

struct endpoint *endpoint_create(struct wl_event_loop *loop, const char *address, uint16_t port,
		const struct endpoint_events *events, void *data, struct op_refusal *refusal) {
	struct endpoint *endpoint = calloc(1, sizeof(*endpoint));
	if (!endpoint) {
		op_refuse(refusal, OP_EIO, "no memory for a UDP socket");
		return NULL;
	}
	endpoint->events = events;
	endpoint->data = data;
	endpoint->rx = malloc((size_t)RX_MESSAGES * RX_SIZE);
	endpoint->tx = malloc(ENDPOINT_BATCH_MAX);
	endpoint->fd = -1;
	if (!endpoint->rx || !endpoint->tx || !bind_socket(endpoint, address, port)) {
		op_refuse(refusal, OP_EIO, "no UDP socket on %s port %u: %s",
			*address ? address : "any address", port, strerror(errno));
		endpoint_destroy(endpoint);
		return NULL;
	}
	endpoint->mask = WL_EVENT_READABLE;
	endpoint->source =
		wl_event_loop_add_fd(loop, endpoint->fd, endpoint->mask, handle_socket, endpoint);
	if (!endpoint->source) {
		op_refuse(refusal, OP_EIO, "no memory for a UDP socket");
		endpoint_destroy(endpoint);
		return NULL;
	}
	return endpoint;
}

void endpoint_destroy(struct endpoint *endpoint) {
	if (!endpoint) {
		return;
	}
	if (endpoint->source) {
		wl_event_source_remove(endpoint->source);
	}
	if (endpoint->fd >= 0) {
		close(endpoint->fd);
	}
	free(endpoint->rx);
	free(endpoint->tx);
	free(endpoint);
}

uint16_t endpoint_port(const struct endpoint *endpoint) {
	return endpoint->port;
}

sa_family_t endpoint_family(const struct endpoint *endpoint) {
	return endpoint->family;
}

bool endpoint_local(const struct endpoint *endpoint, const struct address *remote,
		struct address *local) {
	*local = (struct address){.size = sizeof(local->u)};
	int fd = socket(endpoint->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return false;
	}
	bool good = connect(fd, &remote->u.any, remote->size) == 0
		&& getsockname(fd, &local->u.any, &local->size) == 0;
	int kept = errno;
	close(fd);
	errno = kept;
	address_set_port(local, endpoint->port);
	return good;
}
