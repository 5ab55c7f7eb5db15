/* SPDX-License-Identifier: MIT */
/*
 * own.c - whether what is seen of a window is one buffer of its application's.
 *
 * That it is neither cut, turned nor scaled, and as large as the output, wlroots sees to when it is to show
 * it (scene_entry_try_direct_scanout); who may have it and for how long is cast.c's.
 */
#include "stream/own.h"

#include <pixman.h>
#include <wlr/types/wlr_buffer.h>

struct seen {
	int count;
	const struct wlr_scene_buffer *last;
};

static void count(struct wlr_scene_buffer *buffer, int x, int y, void *data) {
	struct seen *seen = data;
	if (pixman_region32_not_empty(&buffer->node.visible)) {
		seen->count++;
		seen->last = buffer;
	}
}

struct wlr_buffer *own_find(struct wlr_scene *scene, struct wlr_dmabuf_attributes *dmabuf) {
	struct seen seen = {0};
	wlr_scene_node_for_each_buffer(&scene->tree.node, count, &seen);
	if (seen.count != 1 || !seen.last->buffer || seen.last->opacity < 1) {
		return NULL;
	}
	const struct wlr_client_buffer *client = wlr_client_buffer_get(seen.last->buffer);
	struct wlr_buffer *source = client ? client->source : NULL;
	// without a lock it was given back, and the application may be drawing into it
	return source && source->n_locks > 0 && wlr_buffer_get_dmabuf(source, dmabuf) ? source : NULL;
}
