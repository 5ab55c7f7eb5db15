/* SPDX-License-Identifier: MIT */
/*
 * lookup.c - the system's resolver on a worker thread. It may take seconds, and the loop may not.
 */
#include "quic/lookup.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lookup {
	char host[ADDRESS_HOST], port[8];
	struct work_job *job;
	/* The job's own until it is done. */
	struct address found[LOOKUP_MAX];
	int size, error;
	/* The loop's. */
	void (*done)(void *data, const struct address *found, int size, const char *why);
	void *data;
};

static void handle_run(void *data) {
	struct lookup *lookup = data;
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV};
	struct addrinfo *list = NULL;
	lookup->error = getaddrinfo(lookup->host, lookup->port, &hints, &list);
	for (struct addrinfo *at = list; at && lookup->size < LOOKUP_MAX; at = at->ai_next) {
		struct address *address = &lookup->found[lookup->size];
		if (at->ai_addrlen <= sizeof(address->u)) {
			memcpy(&address->u, at->ai_addr, at->ai_addrlen);
			address->size = at->ai_addrlen;
			lookup->size++;
		}
	}
	if (list) {
		freeaddrinfo(list);
	}
}

static void handle_done(void *data, bool cancelled) {
	struct lookup *lookup = data;
	if (!cancelled && lookup->done) {
		lookup->done(lookup->data, lookup->found, lookup->size,
			lookup->error ? gai_strerror(lookup->error) : "it has no address");
	}
	free(lookup);
}

struct lookup *lookup_start(struct quic *quic, const char *host, uint16_t port,
		void (*done)(void *data, const struct address *found, int size, const char *why),
		void *data) {
	struct work_pool *pool = quic_pool(quic);
	struct lookup *lookup = pool ? calloc(1, sizeof(*lookup)) : NULL;
	if (!lookup) {
		return NULL;
	}
	snprintf(lookup->host, sizeof(lookup->host), "%s", host);
	snprintf(lookup->port, sizeof(lookup->port), "%u", port);
	lookup->done = done;
	lookup->data = data;
	lookup->job = work_add(pool, handle_run, handle_done, lookup);
	if (!lookup->job) {
		free(lookup);
		return NULL;
	}
	return lookup;
}

void lookup_cancel(struct lookup *lookup) {
	if (lookup) {
		lookup->done = NULL;
		work_cancel(lookup->job); // it frees itself in handle_done
	}
}
