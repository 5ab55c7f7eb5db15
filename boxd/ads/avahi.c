/* SPDX-License-Identifier: MIT */
/*
 * avahi.c - the door to the thread that speaks with Avahi, and what the two say to each other. What it
 * says to Avahi is avahi_run.c's.
 */
#include "ads/avahi_private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define LOG_MODULE "avahi"
#include "base/log.h"

#define STOP_S 1 // until the thread is left alone

struct mdns {
	struct mdns_shared *shared;
	pthread_t thread;
	struct wl_event_source *source;
	const struct mdns_events *events;
	void *data;
};

static void wake(int fd) {
	uint64_t one = 1;
	if (write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN) {
		log_errno("eventfd");
	}
}

static void drain(int fd) {
	uint64_t count;
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN) {
		log_errno("eventfd");
	}
}

void mdns_release(struct mdns_shared *shared) {
	pthread_mutex_lock(&shared->mutex);
	bool last = --shared->users == 0;
	pthread_mutex_unlock(&shared->mutex);
	if (last) {
		close(shared->to_main);
		close(shared->to_thread);
		pthread_mutex_destroy(&shared->mutex);
		free(shared);
	}
}

void mdns_tell(struct mdns_shared *shared, const char *key, const char *at) {
	pthread_mutex_lock(&shared->mutex);
	if (shared->news_count < MDNS_NEWS) {
		int i = (shared->news_first + shared->news_count++) % MDNS_NEWS;
		snprintf(shared->news[i].key, sizeof(shared->news[i].key), "%s", key);
		snprintf(shared->news[i].at, sizeof(shared->news[i].at), "%s", at);
	}
	pthread_mutex_unlock(&shared->mutex);
	wake(shared->to_main);
}

bool mdns_wishes(struct mdns_shared *shared, char wishes[static MDNS_WISHES][MDNS_KEY + 1],
		int *count) {
	drain(shared->to_thread);
	pthread_mutex_lock(&shared->mutex);
	bool go_on = !shared->stop;
	memcpy(wishes, shared->wishes, sizeof(shared->wishes));
	*count = shared->wishes_count;
	shared->wishes_count = 0;
	pthread_mutex_unlock(&shared->mutex);
	return go_on;
}

void mdns_look_for(struct mdns *mdns, const char *key) {
	struct mdns_shared *shared = mdns->shared;
	pthread_mutex_lock(&shared->mutex);
	int i = 0;
	while (i < shared->wishes_count && strcmp(shared->wishes[i], key) != 0) {
		i++;
	}
	if (i == shared->wishes_count && i < MDNS_WISHES) {
		snprintf(shared->wishes[i], sizeof(shared->wishes[i]), "%s", key);
		shared->wishes_count++;
	}
	pthread_mutex_unlock(&shared->mutex);
	wake(shared->to_thread);
}

static bool take(struct mdns_shared *shared, struct mdns_news *news) {
	pthread_mutex_lock(&shared->mutex);
	bool any = shared->news_count > 0;
	if (any) {
		*news = shared->news[shared->news_first];
		shared->news_first = (shared->news_first + 1) % MDNS_NEWS;
		shared->news_count--;
	}
	pthread_mutex_unlock(&shared->mutex);
	return any;
}

// As many as there can be at once: a flood of them does not hold the loop.
static int handle_news(int fd, uint32_t mask, void *data) {
	struct mdns *mdns = data;
	struct mdns_news news;
	drain(fd);
	for (int i = 0; i < MDNS_NEWS && take(mdns->shared, &news); i++) {
		if (news.at[0]) {
			mdns->events->heard(mdns->data, news.key, news.at);
		} else {
			mdns->events->gone(mdns->data, news.key);
		}
	}
	return 0;
}

static void *thread_main(void *data) {
	struct mdns_shared *shared = data;
	mdns_run(shared);
	mdns_release(shared);
	return NULL;
}

static struct mdns_shared *shared_create(const char *key, uint16_t port) {
	struct mdns_shared *shared = calloc(1, sizeof(*shared));
	if (!shared) {
		return NULL;
	}
	pthread_mutex_init(&shared->mutex, NULL);
	shared->users = 1;
	snprintf(shared->key, sizeof(shared->key), "%s", key);
	shared->port = port;
	shared->to_main = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	shared->to_thread = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return shared;
}

// Signals are the main thread's.
static int start_thread(struct mdns *mdns) {
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	mdns->shared->users++;
	int error = pthread_create(&mdns->thread, NULL, thread_main, mdns->shared);
	if (error) {
		mdns->shared->users--;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error;
}

struct mdns *mdns_create(struct wl_event_loop *loop, const char *key, uint16_t port,
		const struct mdns_events *events, void *data) {
	struct mdns *mdns = calloc(1, sizeof(*mdns));
	if (mdns) {
		*mdns = (struct mdns){.shared = shared_create(key, port), .events = events, .data = data};
	}
	if (mdns && mdns->shared) {
		mdns->source = wl_event_loop_add_fd(loop, mdns->shared->to_main, WL_EVENT_READABLE,
			handle_news, mdns);
	}
	if (!mdns || !mdns->source || start_thread(mdns) != 0) {
		log_error("no thread or no memory for Avahi: other machines are not found by themselves");
		if (mdns && mdns->source) {
			wl_event_source_remove(mdns->source);
		}
		if (mdns && mdns->shared) {
			mdns_release(mdns->shared);
		}
		free(mdns);
		return NULL;
	}
	return mdns;
}

void mdns_destroy(struct mdns *mdns) {
	struct timespec limit;
	if (!mdns) {
		return;
	}
	wl_event_source_remove(mdns->source);
	pthread_mutex_lock(&mdns->shared->mutex);
	mdns->shared->stop = true;
	pthread_mutex_unlock(&mdns->shared->mutex);
	wake(mdns->shared->to_thread);
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += STOP_S;
	if (pthread_timedjoin_np(mdns->thread, NULL, &limit) != 0) {
		pthread_detach(mdns->thread); // it waits for an Avahi that does not answer
	}
	mdns_release(mdns->shared);
	free(mdns);
}
