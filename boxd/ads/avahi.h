/* SPDX-License-Identifier: MIT */
#ifndef ADS_AVAHI_H
#define ADS_AVAHI_H

#include <stdint.h>
#include <wayland-server-core.h>

/*
 * This machine's word in the local network, through Avahi: a service of type _boxland._udp that tells
 * key and port, and nothing else; and the words of others. Avahi's client library waits for its daemon,
 * up to half a minute, so all of it runs on a thread of its own, with a loop of its own. Without Avahi
 * nothing happens but one line in the log, and it is looked for again every so often.
 */
struct mdns;

struct mdns_events { // from the loop
	/* A machine with that key is said to be at HOST:PORT. */
	void (*heard)(void *data, const char *key, const char *at);
	/* It has said goodbye, or was not heard of any more. */
	void (*gone)(void *data, const char *key);
};

/* NULL: no thread or no memory, logged. */
struct mdns *mdns_create(struct wl_event_loop *loop, const char *key, uint16_t port,
	const struct mdns_events *events, void *data);
/* Takes the word back, unless Avahi does not answer: then that is left to it. NULL is fine. */
void mdns_destroy(struct mdns *mdns);
/* Where is it now? It may have moved without a word. */
void mdns_look_for(struct mdns *mdns, const char *key);

#endif
