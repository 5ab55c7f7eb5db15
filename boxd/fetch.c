/* SPDX-License-Identifier: MIT */
/*
 * fetch.c - a getmem by a box of this node. What is done with the bytes is the box's.
 */
#include "fetch.h"

#include <stdlib.h>

#include "net/call.h"
#include "net/link.h"

struct fetch {
	struct call *call;
	const struct fetch_events *events;
	void *data;
};

static void handle_bytes(void *data, const void *bytes, size_t size) {
	struct fetch *fetch = data;
	fetch->events->bytes(fetch->data, bytes, size);
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct fetch *fetch = data;
	const struct fetch over = *fetch;
	free(fetch);
	over.events->ended(over.data, why);
}

struct fetch *fetch_create(const struct fetcher *fetcher, const char *device, const char *below,
		const char *version, const struct subject *subject, const struct fetch_events *events,
		void *data) {
	static const struct call_events call_events = {.bytes = handle_bytes, .ended = handle_ended};
	struct fetch *fetch = calloc(1, sizeof(*fetch));
	struct op_head head;
	if (!fetch) {
		return NULL;
	}
	fetch->events = events;
	fetch->data = data;
	op_head_init_request(&head, OP_GETMEM);
	op_set(&head, OP_F_NS, "-");
	net_link_set_device(&head, device, below);
	if (version[0]) {
		op_set(&head, OP_F_IF_VERSION, version);
	}
	fetch->call = call_create(fetcher->loop, fetcher->caller, &head, subject, &call_events, fetch);
	op_head_finish(&head);
	if (!fetch->call) {
		free(fetch);
		return NULL;
	}
	return fetch;
}

void fetch_pause(struct fetch *fetch, bool paused) {
	call_pause(fetch->call, paused);
}

void fetch_destroy(struct fetch *fetch) {
	if (fetch) {
		call_destroy(fetch->call);
		free(fetch);
	}
}
