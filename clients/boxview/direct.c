/* SPDX-License-Identifier: MIT */
/*
 * direct.c - decoded pictures as buffers of linux-dmabuf, with the fences that are in them.
 *
 * A compositor may name formats that it cannot import, of another graphics processor's memory for one; one
 * that is asked for a buffer at once ends the client then. So the first of a kind is asked for and not waited
 * for, and drawn; with the answer the next are shown.
 */
#include "boxview/direct.h"

#include <drm_fourcc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wayland-client.h>

#include "linux-dmabuf-v1-client-protocol.h"

#define LOG_MODULE "direct"
#include "base/log.h"

#define MODIFIERS_MAX 64
#define SHOWN_MAX 4 // pictures that the compositor has; a decoder has so many to spare

struct modifiers {
	uint64_t list[MODIFIERS_MAX];
	int count;
};

struct entry { // of the table of formats
	uint32_t format, padding;
	uint64_t modifier;
};

struct shown {
	struct wl_list link; // direct.shown
	struct direct *direct;
	struct wl_buffer *buffer;
	struct picture *picture;
};

enum answer {
	ANSWER_NONE, // not asked
	ANSWER_AWAITED,
	ANSWER_YES,
	ANSWER_NO,
};

struct direct {
	const struct globals *globals;
	struct wl_surface *surface;
	struct zwp_linux_dmabuf_feedback_v1 *feedback; // NULL: version 3
	const struct entry *table;
	size_t table_size;
	struct modifiers takes, coming; // of NV12
	struct { // the kind that was asked for
		uint64_t modifier;
		int width, height;
		enum answer answer;
		struct zwp_linux_buffer_params_v1 *params; // while it is awaited
	} asked;
	bool told; // the log, that pictures are drawn: a stranger changes their size as often as it likes
	struct wl_list shown; // shown.link
};

static void add_modifier(struct modifiers *modifiers, uint32_t format, uint64_t modifier) {
	if (format == DRM_FORMAT_NV12 && modifiers->count < MODIFIERS_MAX) {
		modifiers->list[modifiers->count++] = modifier;
	}
}

static bool takes(const struct direct *direct, uint64_t modifier) {
	for (int i = 0; i < direct->takes.count; i++) {
		if (direct->takes.list[i] == modifier) {
			return true;
		}
	}
	return false;
}

// version 3

static void dmabuf_format(void *data, struct zwp_linux_dmabuf_v1 *dmabuf, uint32_t format) {
}

static void dmabuf_modifier(void *data, struct zwp_linux_dmabuf_v1 *dmabuf, uint32_t format,
		uint32_t modifier_hi, uint32_t modifier_lo) {
	struct direct *direct = data;
	add_modifier(&direct->takes, format, (uint64_t)modifier_hi << 32 | modifier_lo);
}

static const struct zwp_linux_dmabuf_v1_listener dmabuf_listener = {
	.format = dmabuf_format,
	.modifier = dmabuf_modifier,
};

// feedback

static void forget_table(struct direct *direct) {
	if (direct->table) {
		munmap((void *)direct->table, direct->table_size);
		direct->table = NULL;
	}
}

static void feedback_done(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback) {
	struct direct *direct = data;
	direct->takes = direct->coming;
	direct->coming = (struct modifiers){0};
	if (direct->asked.answer == ANSWER_NO) {
		direct->asked.answer = ANSWER_NONE; // it may be another graphics processor now
		direct->told = false;
	}
}

static void feedback_format_table(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback,
		int32_t fd, uint32_t size) {
	struct direct *direct = data;
	forget_table(direct);
	void *table = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	direct->table = table == MAP_FAILED ? NULL : table;
	direct->table_size = size;
	close(fd);
}

static void feedback_main_device(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback,
		struct wl_array *device) {
}

static void feedback_tranche_done(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback) {
}

static void feedback_tranche_target_device(void *data,
		struct zwp_linux_dmabuf_feedback_v1 *feedback, struct wl_array *device) {
}

static void feedback_tranche_formats(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback,
		struct wl_array *indices) {
	struct direct *direct = data;
	uint16_t *index;
	wl_array_for_each(index, indices) {
		if (direct->table && *index < direct->table_size / sizeof(struct entry)) {
			const struct entry *entry = &direct->table[*index];
			add_modifier(&direct->coming, entry->format, entry->modifier);
		}
	}
}

static void feedback_tranche_flags(void *data, struct zwp_linux_dmabuf_feedback_v1 *feedback,
		uint32_t flags) {
}

static const struct zwp_linux_dmabuf_feedback_v1_listener feedback_listener = {
	.done = feedback_done,
	.format_table = feedback_format_table,
	.main_device = feedback_main_device,
	.tranche_done = feedback_tranche_done,
	.tranche_target_device = feedback_tranche_target_device,
	.tranche_formats = feedback_tranche_formats,
	.tranche_flags = feedback_tranche_flags,
};

// pictures

static void shown_destroy(struct shown *shown) {
	wl_list_remove(&shown->link);
	wl_buffer_destroy(shown->buffer);
	picture_unref(shown->picture);
	free(shown);
}

static void buffer_release(void *data, struct wl_buffer *buffer) {
	shown_destroy(data);
}

static const struct wl_buffer_listener buffer_listener = {
	.release = buffer_release,
};

static void answered(struct direct *direct, enum answer answer) {
	zwp_linux_buffer_params_v1_destroy(direct->asked.params);
	direct->asked.params = NULL;
	direct->asked.answer = answer;
}

static void params_created(void *data, struct zwp_linux_buffer_params_v1 *params,
		struct wl_buffer *buffer) {
	wl_buffer_destroy(buffer);
	answered(data, ANSWER_YES);
}

static void params_failed(void *data, struct zwp_linux_buffer_params_v1 *params) {
	struct direct *direct = data;
	if (!direct->told) {
		log_info("the compositor cannot show decoded pictures as they are: they are drawn");
		direct->told = true;
	}
	answered(direct, ANSWER_NO);
}

static const struct zwp_linux_buffer_params_v1_listener params_listener = {
	.created = params_created,
	.failed = params_failed,
};

static struct zwp_linux_buffer_params_v1 *make_params(const struct direct *direct,
		const struct picture_dmabuf *dmabuf) {
	struct zwp_linux_buffer_params_v1 *params =
		zwp_linux_dmabuf_v1_create_params(direct->globals->linux_dmabuf);
	for (int i = 0; i < dmabuf->count; i++) {
		zwp_linux_buffer_params_v1_add(params, dmabuf->planes[i].fd, (uint32_t)i,
			dmabuf->planes[i].offset, dmabuf->planes[i].stride, (uint32_t)(dmabuf->modifier >> 32),
			(uint32_t)dmabuf->modifier);
	}
	return params;
}

static void ask(struct direct *direct, const struct picture *picture,
		const struct picture_dmabuf *dmabuf) {
	if (direct->asked.params) {
		return; // one at a time
	}
	direct->asked.modifier = dmabuf->modifier;
	direct->asked.width = picture->width;
	direct->asked.height = picture->height;
	direct->asked.answer = ANSWER_AWAITED;
	direct->asked.params = make_params(direct, dmabuf);
	zwp_linux_buffer_params_v1_add_listener(direct->asked.params, &params_listener, direct);
	zwp_linux_buffer_params_v1_create(direct->asked.params, picture->width, picture->height,
		dmabuf->format, 0);
}

static bool show(struct direct *direct, struct picture *picture,
		const struct picture_dmabuf *dmabuf) {
	struct shown *shown = calloc(1, sizeof(*shown));
	if (!shown) {
		return false;
	}
	struct zwp_linux_buffer_params_v1 *params = make_params(direct, dmabuf);
	shown->buffer = zwp_linux_buffer_params_v1_create_immed(params, picture->width, picture->height,
		dmabuf->format, 0);
	zwp_linux_buffer_params_v1_destroy(params);
	wl_buffer_add_listener(shown->buffer, &buffer_listener, shown);
	shown->direct = direct;
	shown->picture = picture_ref(picture);
	wl_list_insert(&direct->shown, &shown->link);
	wl_surface_attach(direct->surface, shown->buffer, 0, 0);
	wl_surface_damage_buffer(direct->surface, 0, 0, picture->width, picture->height);
	wl_surface_commit(direct->surface);
	return true;
}

/* Of pictures of this size: no compositor is asked twice, and none of them is handed out for nothing. */
static bool is_refused(const struct direct *direct, const struct picture *picture) {
	return direct->takes.count == 0 || (direct->asked.answer == ANSWER_NO &&
		direct->asked.width == picture->width && direct->asked.height == picture->height);
}

static void remember_refused(struct direct *direct, const struct picture *picture,
		const struct picture_dmabuf *dmabuf) {
	if (direct->asked.params) {
		return; // what is asked comes first
	}
	if (!direct->told) {
		log_info("the compositor shows no pictures like those decoded (modifier %#llx): they are drawn",
			(unsigned long long)dmabuf->modifier);
		direct->told = true;
	}
	direct->asked.width = picture->width;
	direct->asked.height = picture->height;
	direct->asked.answer = ANSWER_NO;
}

bool direct_show(struct direct *direct, struct picture *picture) {
	// what no compositor is told of is BT.601 and limited; half a pixel of chroma is no pixel
	bool plain = !picture->colour.bt709 && !picture->colour.full && picture->width % 2 == 0 &&
		picture->height % 2 == 0;
	struct picture_dmabuf dmabuf;
	if (!plain || is_refused(direct, picture) || wl_list_length(&direct->shown) >= SHOWN_MAX ||
			!picture_hand_out(picture, &dmabuf)) {
		return false;
	}
	bool known = direct->asked.answer == ANSWER_YES && direct->asked.modifier == dmabuf.modifier &&
		direct->asked.width == picture->width && direct->asked.height == picture->height;
	bool takes_it = dmabuf.format == DRM_FORMAT_NV12 && takes(direct, dmabuf.modifier);
	bool done = takes_it && known && show(direct, picture, &dmabuf);
	if (!takes_it) {
		remember_refused(direct, picture, &dmabuf);
	} else if (!known) {
		ask(direct, picture, &dmabuf);
	}
	picture_dmabuf_finish(&dmabuf);
	return done;
}

struct direct *direct_create(const struct globals *globals, struct wl_surface *surface) {
	struct zwp_linux_dmabuf_v1 *dmabuf = globals->linux_dmabuf;
	uint32_t version = dmabuf ? zwp_linux_dmabuf_v1_get_version(dmabuf) : 0;
	struct direct *direct = version >= ZWP_LINUX_DMABUF_V1_MODIFIER_SINCE_VERSION ?
		calloc(1, sizeof(*direct)) : NULL;
	if (!direct) {
		return NULL;
	}
	direct->globals = globals;
	direct->surface = surface;
	wl_list_init(&direct->shown);
	zwp_linux_dmabuf_v1_add_listener(dmabuf, &dmabuf_listener, direct);
	if (version >= ZWP_LINUX_DMABUF_V1_GET_SURFACE_FEEDBACK_SINCE_VERSION) {
		direct->feedback = zwp_linux_dmabuf_v1_get_surface_feedback(dmabuf, surface);
		zwp_linux_dmabuf_feedback_v1_add_listener(direct->feedback, &feedback_listener, direct);
	}
	return direct;
}

void direct_destroy(struct direct *direct) {
	if (!direct) {
		return;
	}
	struct shown *shown, *next;
	wl_list_for_each_safe(shown, next, &direct->shown, link) {
		shown_destroy(shown);
	}
	if (direct->asked.params) {
		zwp_linux_buffer_params_v1_destroy(direct->asked.params);
	}
	if (direct->feedback) {
		zwp_linux_dmabuf_feedback_v1_destroy(direct->feedback);
	}
	forget_table(direct);
	free(direct);
}
