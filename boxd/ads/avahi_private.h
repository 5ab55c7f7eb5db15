/* SPDX-License-Identifier: MIT */
#ifndef ADS_AVAHI_PRIVATE_H
#define ADS_AVAHI_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <wayland-server-core.h>

#include "ads/avahi.h"

/* What the two threads share, and the thread's own main. */

#define MDNS_TYPE "_boxland._udp"
#define MDNS_KEY 64
#define MDNS_NAME 32 // hex digits of the key that are the service's name
#define MDNS_NEWS 256
#define MDNS_WISHES 16

struct mdns_news {
	char key[MDNS_KEY + 1];
	char at[64]; // "": gone
};

/* Freed by whoever of the two lets go last. */
struct mdns_shared {
	pthread_mutex_t mutex; // of all that is not said once, at the start
	int users;
	char key[MDNS_KEY + 1]; // said at the start, as are port and the descriptors
	uint16_t port;
	int to_main, to_thread; // eventfds: there is something to look at
	bool stop;
	struct mdns_news news[MDNS_NEWS]; // a ring
	int news_first, news_count;
	char wishes[MDNS_WISHES][MDNS_KEY + 1]; // keys to be looked for
	int wishes_count;
};

/* For the thread. What finds no room is lost: it comes again when somebody looks for it. */
void mdns_tell(struct mdns_shared *shared, const char *key, const char *at);
/* false: it is to stop. Takes what is wished for. */
bool mdns_wishes(struct mdns_shared *shared, char wishes[static MDNS_WISHES][MDNS_KEY + 1],
	int *count);
void mdns_release(struct mdns_shared *shared);

/* Runs until it is to stop. Does not release. */
void mdns_run(struct mdns_shared *shared);

#endif
