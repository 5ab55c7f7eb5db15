/* SPDX-License-Identifier: MIT */
/*
 * outlet.c - the one place where a pipeline's threads and the loop meet.
 */
#include "boxcast/outlet.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct outlet {
	gint references;
	GMutex mutex;
	bool closed;
	GQueue items; // struct outlet_item, malloc'd
	int fd;
};

struct outlet *outlet_create(void) {
	struct outlet *outlet = calloc(1, sizeof(*outlet));
	if (!outlet) {
		return NULL;
	}
	outlet->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (outlet->fd < 0) {
		free(outlet);
		return NULL;
	}
	outlet->references = 1;
	g_mutex_init(&outlet->mutex);
	g_queue_init(&outlet->items);
	return outlet;
}

struct outlet *outlet_ref(struct outlet *outlet) {
	g_atomic_int_inc(&outlet->references);
	return outlet;
}

void outlet_unref(struct outlet *outlet) {
	if (!g_atomic_int_dec_and_test(&outlet->references)) {
		return;
	}
	outlet_close(outlet);
	close(outlet->fd);
	g_mutex_clear(&outlet->mutex);
	free(outlet);
}

void outlet_item_finish(struct outlet_item *item) {
	if (item->sample) {
		gst_sample_unref(item->sample);
	}
	g_free(item->why);
}

void outlet_put(struct outlet *outlet, const struct outlet_item *item) {
	struct outlet_item *copy = g_new(struct outlet_item, 1);
	*copy = *item;
	g_mutex_lock(&outlet->mutex);
	bool closed = outlet->closed;
	if (!closed) {
		g_queue_push_tail(&outlet->items, copy);
		uint64_t one = 1;
		// it cannot fail: the counter is far from full
		(void)!write(outlet->fd, &one, sizeof(one));
	}
	g_mutex_unlock(&outlet->mutex);
	if (closed) {
		outlet_item_finish(copy);
		g_free(copy);
	}
}

int outlet_fd(const struct outlet *outlet) {
	return outlet->fd;
}

bool outlet_take(struct outlet *outlet, struct outlet_item *item) {
	g_mutex_lock(&outlet->mutex);
	struct outlet_item *first = g_queue_pop_head(&outlet->items);
	if (!first) {
		uint64_t count;
		(void)!read(outlet->fd, &count, sizeof(count));
	}
	g_mutex_unlock(&outlet->mutex);
	if (!first) {
		return false;
	}
	*item = *first;
	g_free(first);
	return true;
}

void outlet_close(struct outlet *outlet) {
	g_mutex_lock(&outlet->mutex);
	outlet->closed = true;
	GQueue items = outlet->items;
	g_queue_init(&outlet->items);
	g_mutex_unlock(&outlet->mutex);
	struct outlet_item *item;
	while ((item = g_queue_pop_head(&items))) {
		outlet_item_finish(item);
		g_free(item);
	}
}
