/* SPDX-License-Identifier: MIT */
/*
 * outflow.c - bytes on their way out of one stream, kept until acknowledged.
 *
 * When they leave and in which order is scheduler.c's.
 */
#include "quic/outflow.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE 16384 // of one made for small writes
#define CHUNK_SPARE 64   // behind a large write, for the length of the next

struct outflow_chunk {
	struct wl_list link; // outflow.chunks
	size_t size, capacity;
	uint8_t bytes[];
};

void outflow_init(struct outflow *flow, const struct outflow_impl *impl) {
	*flow = (struct outflow){.impl = impl, .id = -1, .class = STREAM_CONTROL};
	wl_list_init(&flow->link);
	wl_list_init(&flow->chunks);
}

static void drop(struct outflow_chunk *chunk) {
	wl_list_remove(&chunk->link);
	free(chunk);
}

void outflow_finish(struct outflow *flow) {
	struct outflow_chunk *chunk, *next;
	wl_list_for_each_safe(chunk, next, &flow->chunks, link) {
		drop(chunk);
	}
	wl_list_remove(&flow->link);
	wl_list_init(&flow->link);
	flow->at = NULL;
	flow->queued = 0;
}

static struct outflow_chunk *last_chunk(const struct outflow *flow) {
	if (wl_list_empty(&flow->chunks)) {
		return NULL;
	}
	struct outflow_chunk *chunk;
	return wl_container_of(flow->chunks.prev, chunk, link);
}

static struct outflow_chunk *next_chunk(const struct outflow *flow, struct outflow_chunk *chunk) {
	struct outflow_chunk *next = wl_container_of(chunk->link.next, next, link);
	return &next->link == &flow->chunks ? NULL : next;
}

bool outflow_add(struct outflow *flow, const void *bytes, size_t size) {
	assert(!flow->fin);
	if (size == 0 || flow->stopped) {
		return true;
	}
	struct outflow_chunk *chunk = last_chunk(flow);
	if (!chunk || chunk->capacity - chunk->size < size) {
		size_t capacity = size + CHUNK_SPARE > CHUNK_SIZE ? size + CHUNK_SPARE : CHUNK_SIZE;
		if (wl_list_empty(&flow->chunks) && size < CHUNK_SIZE / 16) {
			capacity = CHUNK_SIZE / 16; // most exchanges are a head and little else
		}
		chunk = malloc(sizeof(*chunk) + capacity);
		if (!chunk) {
			return false;
		}
		chunk->size = 0;
		chunk->capacity = capacity;
		wl_list_insert(flow->chunks.prev, &chunk->link);
	}
	if (!flow->at) {
		flow->at = chunk;
		flow->at_offset = chunk->size;
	}
	memcpy(chunk->bytes + chunk->size, bytes, size);
	chunk->size += size;
	flow->queued += size;
	return true;
}

void outflow_patch(struct outflow *flow, const void *bytes, size_t size) {
	struct outflow_chunk *chunk = wl_container_of(flow->chunks.next, chunk, link);
	assert(flow->at == chunk && flow->at_offset == 0 && chunk->size >= size);
	memcpy(chunk->bytes, bytes, size);
}

bool outflow_ready(const struct outflow *flow) {
	return !flow->stopped && !flow->fin_sent && (flow->queued > 0 || flow->fin);
}

size_t outflow_peek(const struct outflow *flow, ngtcp2_vec *vecs, size_t max, bool *last) {
	size_t n = 0, offset = flow->at_offset;
	struct outflow_chunk *chunk = flow->at;
	for (; chunk && n < max; chunk = next_chunk(flow, chunk)) {
		if (chunk->size > offset) {
			vecs[n++] = (ngtcp2_vec){chunk->bytes + offset, chunk->size - offset};
		}
		offset = 0;
	}
	*last = chunk == NULL;
	return n;
}

void outflow_sent(struct outflow *flow, size_t size, bool fin) {
	assert(size <= flow->queued);
	flow->begun = true;
	flow->queued -= size;
	while (size > 0) {
		size_t left = flow->at->size - flow->at_offset;
		if (size < left) {
			flow->at_offset += size;
			break;
		}
		size -= left;
		struct outflow_chunk *next = next_chunk(flow, flow->at);
		flow->at_offset = next ? 0 : flow->at->size;
		flow->at = next;
	}
	if (fin) {
		assert(flow->queued == 0 && flow->fin);
		flow->fin_sent = true;
	}
}

void outflow_acked(struct outflow *flow, uint64_t offset) {
	flow->acked = offset;
	struct outflow_chunk *chunk, *next;
	wl_list_for_each_safe(chunk, next, &flow->chunks, link) {
		if (flow->base + chunk->size > offset) {
			break; // what is not sent yet lies behind what is acknowledged
		}
		flow->base += chunk->size;
		drop(chunk);
	}
}

void outflow_empty(struct outflow *flow) {
	assert(!flow->begun);
	struct outflow_chunk *chunk, *next;
	wl_list_for_each_safe(chunk, next, &flow->chunks, link) {
		drop(chunk);
	}
	flow->at = NULL;
	flow->queued = 0;
	flow->fin = true;
}

void outflow_rewind(struct outflow *flow) {
	assert(flow->acked == 0);
	flow->id = -1;
	flow->at = NULL;
	flow->at_offset = 0;
	flow->queued = 0;
	flow->begun = flow->fin_sent = flow->blocked = flow->stopped = false;
	struct outflow_chunk *chunk;
	wl_list_for_each_reverse(chunk, &flow->chunks, link) {
		flow->at = chunk;
		flow->queued += chunk->size;
	}
	wl_list_remove(&flow->link);
	wl_list_init(&flow->link);
}

void outflow_stop(struct outflow *flow) {
	flow->stopped = true;
	flow->queued = 0;
	flow->at = NULL;
	wl_list_remove(&flow->link);
	wl_list_init(&flow->link);
}
