/* SPDX-License-Identifier: MIT */
/*
 * roam.c - this machine gets another address while connections are open.
 *
 * The kernel says so over netlink. A connection that we dialled goes on from the address that leads
 * there now (RFC 9000, 9.2): its streams notice a pause. One that was dialled from elsewhere cannot
 * be moved by us, so we dial that peer, which learns by it where we are. What the other side does
 * when its address changes is ngtcp2's: it validates the new path and answers there.
 *
 * A peer that we have only through a meeting point is dialled again then, and every minute: one of
 * the two may be somewhere now from where there is a direct way.
 */
#include "quic/roam.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOG_MODULE "quic"
#include "base/log.h"
#include "quic/dial.h"
#include "quic/meeting.h"
#include "quic/transport.h"

#define AGAIN_MS 100 // where no way leads to the peer yet, or no fresh connection ID is here yet
#define AGAIN_MAX 100
#define DIRECT_MS 60000

struct roam {
	struct quic *quic;
	int fd;
	struct wl_event_source *source, *timer;
	int left; // looks that are still to be taken
	struct wl_event_source *direct; // the next try to do without meeting points
};

static struct address address_of(const ngtcp2_addr *addr) {
	struct address address = {.size = addr->addrlen};
	memcpy(&address.u, addr->addr, addr->addrlen);
	return address;
}

/* Peers behind connections that we did not dial are told by a dial where we are. */
static bool show_ourselves(struct connection *c) {
	struct peer_entry *entry = c->user == &meeting_user ? c->user_data : NULL;
	if (!c->shown && entry && !entry->dial) {
		c->shown = true;
		dial_start(entry);
	}
	return true;
}

bool roam_try_direct(struct roam *roam) {
	bool any = false;
	struct peer *peer, *next;
	wl_list_for_each_safe(peer, next, &roam->quic->peers, link) {
		struct peer_entry *entry = peer_entry_from(peer);
		if (peer->through[0]) {
			any = true;
			if (!entry->dial) {
				dial_start(entry);
			}
		}
	}
	return any;
}

void roam_forwarded(struct roam *roam) {
	wl_event_source_timer_update(roam->direct, DIRECT_MS);
}

static int handle_direct(void *data) {
	struct roam *roam = data;
	if (roam_try_direct(roam)) {
		roam_forwarded(roam);
	}
	quic_deliver(roam->quic);
	return 0;
}

/* false: not yet. */
static bool move(struct connection *c) {
	const ngtcp2_path *path = ngtcp2_conn_get_path(c->conn);
	struct address now, was = address_of(&path->local), remote = address_of(&path->remote);
	if (address_is_detour(&remote, NULL)) {
		return true; // goes wherever the connection to the meeting point does
	}
	if (!endpoint_local(c->quic->endpoint, &remote, &now)) {
		return false;
	}
	if (address_equal(&now, &was)) {
		return true;
	}
	if (!c->dialled) {
		return show_ourselves(c);
	}
	ngtcp2_path next = transport_path(&now, &remote);
	if (ngtcp2_conn_initiate_immediate_migration(c->conn, &next, quic_now()) != 0) {
		return false;
	}
	char text[ADDRESS_TEXT];
	log_info("%s: goes on from %s", c->name, address_print(&now, text));
	connection_wake(c);
	return true;
}

static int look(void *data) {
	struct roam *roam = data;
	struct connection *c, *next;
	bool all = true;
	wl_list_for_each_safe(c, next, &roam->quic->connections, link) {
		if (c->state == CONNECTION_UP) {
			all = move(c) && all;
		}
	}
	roam->left = all ? 0 : roam->left - 1;
	wl_event_source_timer_update(roam->timer, roam->left > 0 ? AGAIN_MS : 0);
	quic_deliver(roam->quic);
	return 0;
}

static int handle_news(int fd, uint32_t mask, void *data) {
	struct roam *roam = data;
	char bytes[8192];
	// What it says does not matter: that something changed does. Lost messages are news too.
	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0) {
	}
	roam->left = AGAIN_MAX;
	roam_try_direct(roam);
	return look(roam);
}

static int open_netlink(void) {
	struct sockaddr_nl name = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof(name)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

struct roam *roam_create(struct quic *quic) {
	struct roam *roam = calloc(1, sizeof(*roam));
	if (!roam) {
		return NULL;
	}
	roam->quic = quic;
	roam->fd = open_netlink();
	if (roam->fd < 0) {
		log_errno("no news of addresses: connections end when this machine's changes");
	} else {
		roam->source =
			wl_event_loop_add_fd(quic->loop, roam->fd, WL_EVENT_READABLE, handle_news, roam);
	}
	roam->timer = wl_event_loop_add_timer(quic->loop, look, roam);
	roam->direct = wl_event_loop_add_timer(quic->loop, handle_direct, roam);
	if (!roam->timer || !roam->direct || (roam->fd >= 0 && !roam->source)) {
		roam_destroy(roam);
		return NULL;
	}
	return roam;
}

void roam_destroy(struct roam *roam) {
	if (!roam) {
		return;
	}
	if (roam->source) {
		wl_event_source_remove(roam->source);
	}
	if (roam->timer) {
		wl_event_source_remove(roam->timer);
	}
	if (roam->direct) {
		wl_event_source_remove(roam->direct);
	}
	if (roam->fd >= 0) {
		close(roam->fd);
	}
	free(roam);
}
