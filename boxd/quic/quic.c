/* SPDX-License-Identifier: MIT */
/*
 * quic.c - the room's door: made, run by the loop, and asked.
 *
 * All that happens is noted where it happens and told from quic_deliver(), when no packet, timer or
 * turn is half way through.
 */
#include "quic/quic.h"

#include <assert.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define LOG_MODULE "quic"
#include "base/log.h"
#include "base/saves.h"
#include "quic/detour.h"
#include "quic/dial.h"
#include "quic/filing.h"
#include "quic/forward_private.h"
#include "quic/groups.h"
#include "quic/incoming.h"
#include "quic/keys_files.h"
#include "quic/meeting.h"
#include "quic/pair.h"
#include "quic/peers.h"
#include "quic/revoked.h"
#include "quic/roam.h"
#include "quic/scheduler.h"
#include "quic/stream_quic.h"

#define MET_MAX 8 // addresses that a meeting point tells of one peer
#define ARMS_WINDOW (10 * MS)
#define ARMS_EXACT 4 // settings of the timer in a window; from then on one that is early stays

uint64_t quic_now(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

struct work_pool *quic_pool(struct quic *quic) {
	if (!quic->pool) {
		quic->pool = work_pool_create(quic->loop, 1);
	}
	return quic->pool;
}

/*
 * A call for every packet would cost as much as the packet. Under a heavy flow a timer that fires too
 * early, and is set again then, is cheaper; a node at rest sleeps through.
 */
static bool is_early_enough(struct quic *quic, uint64_t when) {
	uint64_t now = quic_now();
	if (now > quic->arms_since + ARMS_WINDOW) {
		quic->arms_since = now;
		quic->arms = 0;
	}
	return quic->armed <= when && ++quic->arms > ARMS_EXACT;
}

/* wl_event_loop's own timers have milliseconds; pacing needs less. */
static void set_timer(struct quic *quic, uint64_t when) {
	if (when == quic->armed || is_early_enough(quic, when)) {
		return;
	}
	struct itimerspec timer = {0};
	if (when != NEVER) {
		uint64_t at = when > 0 ? when : 1; // 0 would stop it; what is past fires at once
		timer.it_value.tv_sec = (time_t)(at / SECOND);
		timer.it_value.tv_nsec = (long)(at % SECOND);
	}
	if (timerfd_settime(quic->timer, TFD_TIMER_ABSTIME, &timer, NULL) != 0) {
		log_errno("timerfd");
	}
	quic->armed = when;
}

static void arm(struct quic *quic) {
	uint64_t when = NEVER;
	struct connection *c;
	wl_list_for_each(c, &quic->connections, link) {
		uint64_t deadline = connection_deadline(c);
		when = deadline < when ? deadline : when;
	}
	set_timer(quic, quic->again ? 1 : when);
}

static void deliver_connection(struct connection *c) {
	if (c->state == CONNECTION_DEAD) {
		if (c->user) {
			c->user->gone(c, &c->why);
		} else {
			log_debug("%s: %s", c->name, c->why.sentence);
		}
		connection_free(c);
		return;
	}
	if (c->state == CONNECTION_HANDSHAKE && c->confirmed) {
		c->state = CONNECTION_UP;
		c->up_since = c->idle_since = quic_now();
		if (!c->dialled) {
			c->quic->handshakes--;
			c->user = c->pairing ? &pair_user : &meeting_user;
		}
		c->user->up(c);
		connection_wake(c);
	}
	if (c->moved) {
		c->moved = false;
		if (c->state == CONNECTION_UP && c->user->moved) {
			c->user->moved(c);
		}
	}
	struct stream_quic *s, *next;
	wl_list_for_each_safe(s, next, &c->streams, link) {
		if (c->state == CONNECTION_UP && s->fresh) {
			s->fresh = false;
			stream_quic_tell(s);
			c->user->stream(c, s);
			connection_tell(c); // the rest later: the list may be another
			return;
		}
	}
}

static void deliver_peer(struct quic *quic, struct peer_entry *entry) {
	wl_list_remove(&entry->changed);
	wl_list_init(&entry->changed);
	if (!entry->known) {
		bool up = entry->peer.up; // it was added, before it is up
		entry->known = true;
		entry->peer.up = false;
		quic->events->peer_changed(quic->data, &entry->peer);
		entry->peer.up = up;
		if (!up) {
			return;
		}
	}
	quic->events->peer_changed(quic->data, &entry->peer);
}

void quic_deliver(struct quic *quic) {
	if (quic->delivering) {
		return;
	}
	quic->delivering = true;
	for (;;) {
		if (!wl_list_empty(&quic->news)) {
			struct connection *c = wl_container_of(quic->news.next, c, news);
			wl_list_remove(&c->news);
			wl_list_init(&c->news);
			deliver_connection(c);
		} else if (!wl_list_empty(&quic->changed)) {
			struct peer_entry *entry = wl_container_of(quic->changed.next, entry, changed);
			deliver_peer(quic, entry);
		} else if (!wl_list_empty(&quic->dirty)) {
			struct stream_quic *s = wl_container_of(quic->dirty.next, s, dirty);
			stream_quic_deliver(s);
		} else {
			break;
		}
	}
	quic->delivering = false;
	if (!quic->turn) { // else that comes before the loop sleeps, and ends here again
		arm(quic);
	}
}

static void handle_turn(void *data) {
	struct quic *quic = data;
	struct connection *c, *next;
	uint64_t now = quic_now();
	quic->turn = NULL;
	quic->turning = true;
	if (!endpoint_blocked(quic->endpoint)) {
		wl_list_for_each_safe(c, next, &quic->connections, link) {
			if (c->wants_turn) {
				meeting_measure(c, now);
				scheduler_turn(c, now);
			}
		}
	}
	quic_deliver(quic);
	quic->turning = false;
}

void quic_schedule(struct quic *quic) {
	if (quic->turning) {
		// libwayland runs idle sources until there are none: packets would wait for our writing.
		quic->again = true;
	} else if (!quic->turn) {
		quic->turn = wl_event_loop_add_idle(quic->loop, handle_turn, quic);
		quic->again = quic->again || !quic->turn;
	}
}

static int handle_timer(int fd, uint32_t mask, void *data) {
	struct quic *quic = data;
	uint64_t expirations, now = quic_now();
	if (read(fd, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN) {
		log_errno("timerfd");
	}
	quic->armed = NEVER;
	if (quic->again) {
		quic->again = false;
		quic_schedule(quic);
	}
	struct connection *c, *next;
	wl_list_for_each_safe(c, next, &quic->connections, link) {
		if (connection_deadline(c) <= now) {
			connection_expire(c, now);
		}
	}
	quic_deliver(quic);
	return 0;
}

static void handle_datagram(void *data, const struct datagram *datagram) {
	incoming_datagram(data, datagram);
}

static void handle_received(void *data) {
	struct quic *quic = data;
	if (!endpoint_blocked(quic->endpoint)) {
		endpoint_flush(quic->endpoint); // what was forwarded
	}
	quic_deliver(quic);
}

/* Believed only by who has no other sign: a dial that nobody has answered yet. */
static void handle_unreachable(void *data, const struct address *remote, int error) {
	struct quic *quic = data;
	struct connection *c, *next;
	wl_list_for_each_safe(c, next, &quic->connections, link) {
		if (c->state == CONNECTION_HANDSHAKE && c->dialled && !c->got_reply
				&& address_equal(&c->remote, remote)) {
			c->send_error = error;
			connection_fail(c, NGTCP2_ERR_HANDSHAKE_TIMEOUT);
		}
	}
}

static void handle_writable(void *data) {
	struct quic *quic = data;
	struct connection *c;
	wl_list_for_each(c, &quic->connections, link) {
		connection_wake(c);
	}
}

static const struct endpoint_events endpoint_events = {
	.datagram = handle_datagram,
	.received = handle_received,
	.unreachable = handle_unreachable,
	.writable = handle_writable,
};

static void init_lists(struct quic *quic) {
	cids_init(&quic->cids);
	wl_list_init(&quic->connections);
	wl_list_init(&quic->dead);
	wl_list_init(&quic->news);
	wl_list_init(&quic->streams);
	wl_list_init(&quic->dirty);
	wl_list_init(&quic->changed);
	wl_list_init(&quic->peers);
	wl_list_init(&quic->persons);
	wl_list_init(&quic->forgotten);
	wl_list_init(&quic->revoked);
	wl_list_init(&quic->groups);
	wl_list_init(&quic->pairs);
	wl_list_init(&quic->detours);
	wl_list_init(&quic->forwards);
}

static bool start(struct quic *quic, const struct quic_options *options,
		struct op_refusal *refusal) {
	quic->dir = strdup(options->dir);
	quic->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (quic->timer >= 0) {
		quic->timer_source = wl_event_loop_add_fd(quic->loop, quic->timer, WL_EVENT_READABLE,
			handle_timer, quic);
	}
	if (!quic->dir || !quic->timer_source
			|| !keys_secret(quic->keys, "boxland reset token", quic->reset_secret)
			|| gnutls_rnd(GNUTLS_RND_KEY, quic->retry_secret, sizeof(quic->retry_secret)) < 0) {
		op_refuse(refusal, OP_EIO, "no timer or no memory for the network");
		return false;
	}
	if (keys_check_dir(quic->dir, refusal) != OP_OK || !peers_load(quic, refusal)
			|| !revoked_load(quic, refusal) || !groups_load(quic, refusal)) {
		return false;
	}
	quic->endpoint = endpoint_create(quic->loop, options->address ? options->address : "",
		options->port, &endpoint_events, quic, refusal);
	if (!quic->endpoint) {
		return false;
	}
	quic->roam = roam_create(quic);
	if (!quic->roam) {
		op_refuse(refusal, OP_EIO, "no memory for the network");
	}
	return quic->roam != NULL;
}

struct quic *quic_create(const struct quic_options *options, const struct quic_events *events,
		void *data, struct op_refusal *refusal) {
	struct quic *quic = calloc(1, sizeof(*quic));
	if (!quic) {
		op_refuse(refusal, OP_EIO, "no memory for the network");
		return NULL;
	}
	quic->loop = options->loop;
	quic->keys = options->keys;
	quic->events = events;
	quic->data = data;
	quic->timer = -1;
	quic->armed = NEVER;
	init_lists(quic);
	quic->filing = saves_create(quic->loop);
	if (!quic->filing) {
		op_refuse(refusal, OP_EIO, "no memory for the network");
	}
	if (!quic->filing || !start(quic, options, refusal)) {
		quic_destroy(quic);
		return NULL;
	}
	return quic;
}

static void say_goodbye(struct quic *quic) {
	struct op_refusal why = {0};
	op_refuse(&why, OP_ELOST, "this node stops");
	struct peer *peer;
	wl_list_for_each(peer, &quic->peers, link) {
		meeting_end(peer_entry_from(peer), CLOSE_GOODBYE, &why);
	}
	struct connection *c, *next;
	wl_list_for_each_safe(c, next, &quic->connections, link) {
		connection_close(c, CLOSE_GOODBYE, &why); // pairings, and nobody's yet
	}
}

void quic_destroy(struct quic *quic) {
	if (!quic) {
		return;
	}
	assert(!quic->delivering);
	pairs_finish(quic);
	say_goodbye(quic);
	quic_deliver(quic);
	// A listener may keep a stream longer than there is a network; nothing more is said to it.
	struct stream_quic *s, *next;
	wl_list_for_each_safe(s, next, &quic->streams, all) {
		wl_list_remove(&s->all);
		wl_list_init(&s->all);
		s->quic = NULL;
	}
	detours_finish(quic);
	forwards_finish(quic);
	saves_destroy(quic->filing);
	peers_finish(quic);
	revoked_finish(quic);
	groups_finish(quic);
	cids_finish(&quic->cids);
	if (quic->turn) {
		wl_event_source_remove(quic->turn);
	}
	roam_destroy(quic->roam);
	endpoint_destroy(quic->endpoint);
	if (quic->timer_source) {
		wl_event_source_remove(quic->timer_source);
	}
	if (quic->timer >= 0) {
		close(quic->timer);
	}
	work_pool_destroy(quic->pool);
	explicit_bzero(quic->reset_secret, sizeof(quic->reset_secret));
	free(quic->dir);
	free(quic);
}

uint16_t quic_port(const struct quic *quic) {
	return endpoint_port(quic->endpoint);
}

struct wl_list *quic_peers(struct quic *quic) {
	return &quic->peers;
}

struct peer *quic_peer_by_petname(struct quic *quic, const char *petname) {
	struct peer *peer;
	wl_list_for_each(peer, &quic->peers, link) {
		if (strcmp(peer->petname, petname) == 0) {
			return peer;
		}
	}
	return NULL;
}

struct peer *quic_peer_by_key(struct quic *quic, const char *key) {
	struct peer_entry *entry = peers_find(quic, key);
	return entry ? &entry->peer : NULL;
}

void quic_peer_hint(struct quic *quic, struct peer *peer, const char *at) {
	char host[ADDRESS_HOST];
	uint16_t port;
	if (address_split(at, host, &port)) {
		peers_add_at(peer_entry_from(peer), at);
	}
}

void quic_met(struct quic *quic, struct peer *peer, struct peer *through, uint64_t id,
		char (*at)[64], int at_size) {
	struct address found[MET_MAX], detour = {0}, local;
	int size = 0;
	for (int i = 0; i < at_size && size < MET_MAX; i++) {
		char host[ADDRESS_HOST];
		uint16_t port;
		// In numbers: nobody has us look up names.
		size += address_split(at[i], host, &port) && address_parse(&found[size], host, port);
	}
	if (id != 0 && detour_add(quic, id, peer_entry_from(through))) {
		detour_path(id, &local, &detour);
	}
	dial_met(peer_entry_from(peer), found, size, &detour);
}

void quic_unmet(struct quic *quic, struct peer *peer, const struct op_refusal *why) {
	dial_unmet(peer_entry_from(peer), why);
}

int quic_own_addresses(struct quic *quic, char (*at)[64], int max) {
	struct ifaddrs *list = NULL;
	int size = 0;
	if (getifaddrs(&list) != 0) {
		log_errno("getifaddrs");
		return 0;
	}
	for (struct ifaddrs *i = list; i && size < max; i = i->ifa_next) {
		struct address address = {0};
		if (!i->ifa_addr || !(i->ifa_flags & IFF_UP)) {
			continue;
		}
		if (i->ifa_addr->sa_family == AF_INET) {
			address.size = sizeof(struct sockaddr_in);
		} else if (i->ifa_addr->sa_family == AF_INET6) {
			address.size = sizeof(struct sockaddr_in6);
		}
		memcpy(&address.u, i->ifa_addr, address.size);
		if (address.size > 0 && address_is_private(&address)) {
			address_set_port(&address, endpoint_port(quic->endpoint));
			address_print(&address, at[size++]);
		}
	}
	freeifaddrs(list);
	return size;
}

void quic_dismiss(struct peer_entry *entry, enum close_code code, const struct op_refusal *why) {
	struct quic *quic = entry->quic;
	meeting_end(entry, code, why);
	entry->peer.up = false;
	quic->events->peer_gone(quic->data, &entry->peer);
	peers_remove(entry, code == CLOSE_REVOKED);
	quic_schedule(quic);
}

void quic_peer_forget(struct quic *quic, struct peer *peer) {
	struct op_refusal why = {0};
	op_refuse(&why, OP_EPERM, "%s is forgotten here: pair again to reach it", peer->petname);
	quic_dismiss(peer_entry_from(peer), CLOSE_FORGOTTEN, &why);
}

const char *quic_person_key(struct quic *quic, const char *name) {
	return persons_key(quic, name);
}

const char *quic_person_name(struct quic *quic, const char *key) {
	return persons_name(quic, key);
}

bool quic_hears(const struct peer *peer) {
	return peer->up && peer->connection && quic_now() < peer->connection->heard + REPLACE_AFTER;
}

struct stream *quic_open(struct quic *quic, struct peer *peer, struct op_refusal *refusal) {
	struct stream_quic *s = meeting_open(peer_entry_from(peer), refusal);
	return s ? &s->base : NULL;
}
