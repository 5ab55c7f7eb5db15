/* SPDX-License-Identifier: MIT */
/*
 * cast_protocol.c - box_cast_v1, the compositor's side: facts and frames to a boxcast, and what its
 * viewer wants from it.
 */
#include <drm_fourcc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "box-cast-v1-protocol.h"
#include "output.h"
#include "server.h"
#include "stream/cast_impl.h"
#include "toplevel.h"

#define LOG_MODULE "cast"
#include "base/log.h"
#include "base/sealed.h"

#define VERSION 5
#define KEYMAP_MAX (128 * 1024 + 1) // what boxcast passes on, and its end
#define INPUT_MAX (128 * 24) // bytes of records in one request
#define STATS_MAX 4096
#define SIZE_MAX_PX 16384
#define PERIOD_LEAST_NS 4000000 // of the frame clock
#define PERIOD_MOST_NS 50000000

/* What boxcast says. NULL cast: the view is over. */

static struct cast *cast_from(struct wl_resource *resource) {
	return wl_resource_get_user_data(resource);
}

static void handle_destroy(struct wl_client *client, struct wl_resource *resource) {
	wl_resource_destroy(resource);
}

static void handle_next(struct wl_client *client, struct wl_resource *resource) {
	struct cast *cast = cast_from(resource);
	if (cast) {
		cast->asked = true;
		cast_capture(cast);
	}
}

static void handle_refresh(struct wl_client *client, struct wl_resource *resource) {
	struct cast *cast = cast_from(resource);
	if (cast) {
		cast->refresh = true;
		cast_capture(cast);
	}
}

static void handle_accept_dmabuf(struct wl_client *client, struct wl_resource *resource,
		uint32_t format, uint32_t modifier_hi, uint32_t modifier_lo) {
	struct cast *cast = cast_from(resource);
	if (cast && cast->kinds_size < CAST_KINDS) {
		cast->kinds[cast->kinds_size].format = format;
		cast->kinds[cast->kinds_size].modifier = (uint64_t)modifier_hi << 32 | modifier_lo;
		cast->kinds_size++;
	}
}

static void handle_refuse_dmabuf(struct wl_client *client, struct wl_resource *resource) {
	struct cast *cast = cast_from(resource);
	if (cast) {
		cast->kinds_size = 0;
	}
}

static void handle_release(struct wl_client *client, struct wl_resource *resource,
		uint32_t serial) {
	struct cast *cast = cast_from(resource);
	if (cast) {
		cast_release(cast, serial);
	}
}

static bool listens(const struct cast *cast) {
	return cast && cast->events && cast->toplevel;
}

static void handle_set_size(struct wl_client *client, struct wl_resource *resource, int32_t width,
		int32_t height) {
	struct cast *cast = cast_from(resource);
	if (listens(cast) && cast->events->size && width > 0 && height > 0 && width <= SIZE_MAX_PX &&
			height <= SIZE_MAX_PX) {
		cast->events->size(cast->data, width, height);
	}
}

static void handle_set_focus(struct wl_client *client, struct wl_resource *resource,
		uint32_t focused) {
	struct cast *cast = cast_from(resource);
	if (listens(cast) && cast->events->focus) {
		cast->events->focus(cast->data, focused);
	}
}

static void handle_set_visible(struct wl_client *client, struct wl_resource *resource,
		uint32_t visible) {
	struct cast *cast = cast_from(resource);
	if (!listens(cast)) {
		return;
	}
	capture_set_visible(cast->capture, visible);
	if (cast->events->visible) {
		cast->events->visible(cast->data, visible);
	}
}

static void handle_close(struct wl_client *client, struct wl_resource *resource) {
	struct cast *cast = cast_from(resource);
	if (listens(cast) && cast->events->close) {
		cast->events->close(cast->data);
	}
}

static void handle_input(struct wl_client *client, struct wl_resource *resource,
		struct wl_array *records) {
	struct cast *cast = cast_from(resource);
	if (listens(cast) && cast->events->input && records->size <= INPUT_MAX) {
		cast->events->input(cast->data, records->data, records->size);
	}
}

static void handle_keymap(struct wl_client *client, struct wl_resource *resource, int32_t fd,
		uint32_t size) {
	struct cast *cast = cast_from(resource);
	bool wanted = listens(cast) && cast->events->keymap && size > 0 && size <= KEYMAP_MAX;
	char *text = wanted ? sealed_read(fd, size) : NULL; // whoever wrote it may be a stranger's by now
	close(fd);
	if (text) {
		cast->events->keymap(cast->data, text);
		free(text);
	}
}

static void handle_modifiers(struct wl_client *client, struct wl_resource *resource,
		uint32_t depressed, uint32_t latched, uint32_t locked, uint32_t group) {
	struct cast *cast = cast_from(resource);
	if (listens(cast) && cast->events->modifiers) {
		cast->events->modifiers(cast->data, depressed, latched, locked, group);
	}
}

static void handle_repeat(struct wl_client *client, struct wl_resource *resource, int32_t rate,
		int32_t delay) {
	struct cast *cast = cast_from(resource);
	if (listens(cast) && cast->events->repeat) {
		cast->events->repeat(cast->data, rate, delay);
	}
}

static void handle_stats(struct wl_client *client, struct wl_resource *resource,
		const char *text) {
	struct cast *cast = cast_from(resource);
	if (listens(cast) && cast->events->stats && strlen(text) <= STATS_MAX) {
		cast->events->stats(cast->data, text);
	}
}

static void handle_set_scale(struct wl_client *client, struct wl_resource *resource,
		uint32_t scale) {
	struct cast *cast = cast_from(resource);
	if (listens(cast)) {
		capture_set_scale(cast->capture, scale);
	}
}

static void handle_set_clock(struct wl_client *client, struct wl_resource *resource, uint32_t at_hi,
		uint32_t at_lo, uint32_t period_ns) {
	struct cast *cast = cast_from(resource);
	uint64_t at = (uint64_t)at_hi << 32 | at_lo;
	if (listens(cast) && at < INT64_MAX / 2 && period_ns >= PERIOD_LEAST_NS &&
			period_ns <= PERIOD_MOST_NS) {
		capture_set_clock(cast->capture, (int64_t)at, period_ns);
	}
}

static const struct box_cast_v1_interface implementation = {
	.destroy = handle_destroy,
	.next = handle_next,
	.refresh = handle_refresh,
	.accept_dmabuf = handle_accept_dmabuf,
	.refuse_dmabuf = handle_refuse_dmabuf,
	.release = handle_release,
	.set_size = handle_set_size,
	.set_focus = handle_set_focus,
	.set_visible = handle_set_visible,
	.close = handle_close,
	.input = handle_input,
	.keymap = handle_keymap,
	.modifiers = handle_modifiers,
	.repeat = handle_repeat,
	.stats = handle_stats,
	.set_scale = handle_set_scale,
	.set_clock = handle_set_clock,
};

/* What boxcast is told. */

static void send_title(struct cast *cast) {
	free(cast->title);
	cast->title = strdup(toplevel_title(cast->toplevel));
	if (cast->resource && cast->title) {
		box_cast_v1_send_title(cast->resource, cast->title);
	}
}

static void send_limits(struct cast *cast) {
	const struct wlr_xdg_toplevel_state *now = &cast->toplevel->xdg->current;
	if (cast->resource) {
		box_cast_v1_send_limits(cast->resource, now->min_width, now->min_height, now->max_width,
			now->max_height);
	}
}

void cast_send_lock(struct cast *cast) {
	if (cast->resource) {
		box_cast_v1_send_lock(cast->resource, cast->locked);
	}
}

void cast_send_gone(struct cast *cast) {
	if (cast->resource) {
		box_cast_v1_send_gone(cast->resource);
	} else if (cast->client) {
		// It has not even bound: its connection's end tells it.
		wl_client_destroy(cast->client);
	}
}

static void send_facts(struct cast *cast) {
	const struct output *output = toplevel_output(cast->toplevel);
	send_title(cast);
	box_cast_v1_send_app_id(cast->resource, toplevel_app_id(cast->toplevel));
	send_limits(cast);
	cast_send_lock(cast);
	box_cast_v1_send_start(cast->resource, output && output->wlr->refresh > 0 ?
		(uint32_t)output->wlr->refresh : 60000);
}

static void handle_title(struct wl_listener *listener, void *data) {
	struct cast *cast = wl_container_of(listener, cast, title_changed);
	send_title(cast);
}

static void handle_app_id(struct wl_listener *listener, void *data) {
	struct cast *cast = wl_container_of(listener, cast, app_id_changed);
	if (cast->resource) {
		box_cast_v1_send_app_id(cast->resource, toplevel_app_id(cast->toplevel));
	}
}

// Limits change with commits; the ones that matter change the size too.
static void handle_geom(struct wl_listener *listener, void *data) {
	struct cast *cast = wl_container_of(listener, cast, geom_changed);
	send_limits(cast);
}

static void forget_toplevel(struct cast *cast) {
	wl_list_remove(&cast->title_changed.link);
	wl_list_remove(&cast->app_id_changed.link);
	wl_list_remove(&cast->geom_changed.link);
	wl_list_remove(&cast->gone.link);
	cast->toplevel->viewers--;
	cast->toplevel = NULL;
}

static void handle_gone(struct wl_listener *listener, void *data) {
	struct cast *cast = wl_container_of(listener, cast, gone);
	forget_toplevel(cast);
}

void cast_listen(struct cast *cast) {
	struct toplevel *toplevel = cast->toplevel;
	toplevel->viewers++;
	wl_list_init(&cast->client_destroy.link);
	cast->title_changed.notify = handle_title;
	wl_signal_add(&toplevel->events.title, &cast->title_changed);
	cast->app_id_changed.notify = handle_app_id;
	wl_signal_add(&toplevel->events.app_id, &cast->app_id_changed);
	cast->geom_changed.notify = handle_geom;
	wl_signal_add(&toplevel->events.geom, &cast->geom_changed);
	cast->gone.notify = handle_gone;
	wl_signal_add(&toplevel->events.gone, &cast->gone);
}

/* Frames. */

bool cast_accepts(const struct cast *cast, const struct wlr_dmabuf_attributes *dmabuf) {
	for (int i = 0; i < cast->kinds_size; i++) {
		if (cast->kinds[i].format == dmabuf->format &&
				cast->kinds[i].modifier == dmabuf->modifier && dmabuf->n_planes == 1) {
			return true;
		}
	}
	return false;
}

static void send_damage(struct cast *cast, const pixman_region32_t *damage) {
	int count;
	const pixman_box32_t *parts =
		pixman_region32_rectangles((pixman_region32_t *)damage, &count);
	for (int i = 0; i < count; i++) {
		box_cast_v1_send_damage(cast->resource, parts[i].x1, parts[i].y1,
			parts[i].x2 - parts[i].x1, parts[i].y2 - parts[i].y1);
	}
}

struct lying { // a frame's memory
	int fd;
	bool dmabuf;
	uint32_t format, offset, stride;
	uint64_t modifier;
};

static void send(struct cast *cast, uint32_t serial, const struct capture_frame *frame,
		const struct lying *lying) {
	uint64_t when = (uint64_t)frame->capture_ns;
	if (frame->scale != cast->scale) {
		cast->scale = frame->scale;
		box_cast_v1_send_scale(cast->resource, frame->scale);
	}
	send_damage(cast, frame->damage);
	if (frame->committed_ns != 0) {
		uint64_t committed = (uint64_t)frame->committed_ns;
		box_cast_v1_send_committed(cast->resource, (uint32_t)(committed >> 32), (uint32_t)committed);
	}
	if (frame->own &&
			wl_resource_get_version(cast->resource) >= BOX_CAST_V1_OWN_SINCE_VERSION) {
		box_cast_v1_send_own(cast->resource);
	}
	box_cast_v1_send_frame(cast->resource, serial, lying->fd, lying->dmabuf, lying->format,
		(uint32_t)(lying->modifier >> 32), (uint32_t)lying->modifier, frame->buffer->width,
		frame->buffer->height, lying->offset, lying->stride, (uint32_t)(when >> 32),
		(uint32_t)when);
}

// Memory of no kind that can be handed on (a GPU's, which boxcast does not take) is copied once.
static bool send_copy(struct cast *cast, uint32_t serial, const struct capture_frame *frame) {
	struct snapshot snapshot = {0};
	if (!capture_copy(cast->casts->server, frame->buffer, &snapshot)) {
		return false;
	}
	size_t size = snapshot.stride * (size_t)snapshot.height;
	struct lying lying = {
		.fd = memfd_create("frame", MFD_CLOEXEC),
		.format = DRM_FORMAT_XRGB8888,
		.stride = (uint32_t)snapshot.stride,
	};
	bool good = lying.fd >= 0 && write(lying.fd, snapshot.pixels, size) == (ssize_t)size;
	if (good) {
		send(cast, serial, frame, &lying);
	}
	if (lying.fd >= 0) {
		close(lying.fd); // the event holds a copy
	}
	free(snapshot.pixels);
	return good;
}

bool cast_send_frame(struct cast *cast, uint32_t serial, const struct capture_frame *frame) {
	struct wlr_dmabuf_attributes dmabuf;
	struct wlr_shm_attributes shm;
	if (wlr_buffer_get_dmabuf(frame->buffer, &dmabuf) && cast_accepts(cast, &dmabuf)) {
		struct lying lying = {dmabuf.fd[0], true, dmabuf.format, dmabuf.offset[0],
			dmabuf.stride[0], dmabuf.modifier};
		send(cast, serial, frame, &lying);
		return true;
	}
	if (wlr_buffer_get_shm(frame->buffer, &shm) &&
			(shm.format == DRM_FORMAT_XRGB8888 || shm.format == DRM_FORMAT_ARGB8888)) {
		struct lying lying = {shm.fd, false, shm.format, (uint32_t)shm.offset,
			(uint32_t)shm.stride, DRM_FORMAT_MOD_LINEAR};
		send(cast, serial, frame, &lying);
		return true;
	}
	return send_copy(cast, serial, frame);
}

/* The client and the global. */

static void handle_client_destroy(struct wl_listener *listener, void *data) {
	struct cast *cast = wl_container_of(listener, cast, client_destroy);
	wl_list_remove(&cast->client_destroy.link);
	wl_list_init(&cast->client_destroy.link);
	cast->client = NULL; // the program's end follows, and says why
}

void cast_watch_client(struct cast *cast) {
	cast->client_destroy.notify = handle_client_destroy;
	wl_client_add_destroy_listener(cast->client, &cast->client_destroy);
}

void cast_forget_client(struct cast *cast) {
	wl_list_remove(&cast->client_destroy.link);
	wl_list_init(&cast->client_destroy.link);
	if (cast->resource) {
		wl_resource_set_user_data(cast->resource, NULL);
		cast->resource = NULL;
	}
	if (cast->toplevel) {
		forget_toplevel(cast);
	}
	free(cast->title);
	cast->title = NULL;
}

static struct cast *cast_of(struct casts *casts, const struct wl_client *client) {
	struct cast *cast;
	wl_list_for_each(cast, &casts->list, link) {
		if (cast->client == client) {
			return cast;
		}
	}
	return NULL;
}

static void handle_resource_destroy(struct wl_resource *resource) {
	struct cast *cast = cast_from(resource);
	if (cast) {
		cast->resource = NULL;
	}
}

static void bind(struct wl_client *client, void *data, uint32_t version, uint32_t id) {
	struct cast *cast = cast_of(data, client);
	struct wl_resource *resource =
		wl_resource_create(client, &box_cast_v1_interface, (int)version, id);
	if (!resource) {
		wl_client_post_no_memory(client);
		return;
	}
	bool first = cast && !cast->resource;
	wl_resource_set_implementation(resource, &implementation, first ? cast : NULL,
		handle_resource_destroy);
	if (first) {
		cast->resource = resource;
		if (cast->toplevel && cast->events) {
			send_facts(cast);
		} else {
			cast_send_gone(cast);
		}
	}
}

static bool is_visible(struct global_rule *rule, const struct wl_client *client) {
	struct casts *casts = wl_container_of(rule, casts, rule);
	return cast_of(casts, client);
}

struct casts *casts_create(struct server *server) {
	struct casts *casts = calloc(1, sizeof(*casts));
	if (!casts) {
		return NULL;
	}
	casts->server = server;
	wl_list_init(&casts->list);
	casts->rule.interface = &box_cast_v1_interface;
	casts->rule.visible = is_visible;
	globals_add_rule(server->globals, &casts->rule);
	casts->global = wl_global_create(server->display, &box_cast_v1_interface, VERSION, casts, bind);
	if (!casts->global) {
		casts_destroy(casts);
		return NULL;
	}
	return casts;
}
