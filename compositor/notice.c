/* SPDX-License-Identifier: MIT */
/*
 * notice.c - banners with a sentence for the person, at the top of every output.
 */
#include "notice.h"

#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "paint.h"
#include "picture.h"
#include "server.h"
#include "text.h"
#include "theme.h"

#define LOG_MODULE "notice"
#include "base/log.h"

#define TOP 14 // from the upper edge of what panels leave
#define GAP 8
#define HEIGHT 38
#define PADDING 18
#define DOT 8
#define DOT_GAP 11
#define FONT 13
#define HALO 10 // room around a banner for its shadow
#define MARGIN 40 // at least so much of the output stays free beside it

struct notices {
	struct server *server;
	struct wl_list list;    // notice.link, oldest first
	struct wl_list banners; // banner.link
	struct wl_listener changed, added, removed;
};

/* A notice on an output. */
struct banner {
	struct wl_list link;
	const struct notice *notice;
	struct output *output;
	struct picture *picture;
	int text_width; // room for it
};

static void draw(void *data, cairo_t *cr, int width, int height) {
	static const uint32_t dots[] = {
		[NOTICE_PLAIN] = THEME_PANEL_DIM,
		[NOTICE_WARNING] = THEME_URGENT,
		[NOTICE_STATE] = THEME_ACCENT,
	};
	const struct banner *banner = data;
	const struct notice *notice = banner->notice;
	double x = HALO, y = HALO, w = width - 2 * HALO, h = HEIGHT, radius = HEIGHT / 2.0;
	for (int i = HALO; i > 0; i--) {
		// Thin layers one over the other: darkest near the banner.
		paint_rounded(cr, x - i, y - i + 2, w + 2 * i, h + 2 * i - 1, radius + i);
		cairo_set_source_rgba(cr, 0, 0, 0, 0.035);
		cairo_fill(cr);
	}
	paint_rounded(cr, x, y, w, h, radius);
	paint_colour(cr, THEME_PANEL);
	cairo_fill(cr);
	paint_rounded(cr, x + 0.5, y + 0.5, w - 1, h - 1, radius - 0.5);
	cairo_set_line_width(cr, 1);
	paint_colour(cr, THEME_PANEL_EDGE);
	cairo_stroke(cr);
	cairo_arc(cr, x + PADDING + DOT / 2.0, y + h / 2, DOT / 2.0, 0, 6.2832);
	paint_colour(cr, dots[notice->kind]);
	cairo_fill(cr);
	struct text_style style = {.size = FONT, .width = banner->text_width};
	text_draw(banner->output->outputs->server->text, cr, notice->text, &style, THEME_PANEL_TEXT,
		x + PADDING + DOT + DOT_GAP, y + h / 2);
}

static void banner_destroy(struct banner *banner) {
	wl_list_remove(&banner->link);
	picture_destroy(banner->picture);
	free(banner);
}

static struct banner *find(struct notices *notices, const struct notice *notice,
		const struct output *output) {
	struct banner *banner;
	wl_list_for_each(banner, &notices->banners, link) {
		if (banner->notice == notice && banner->output == output) {
			return banner;
		}
	}
	return NULL;
}

static struct banner *banner_create(struct notices *notices, const struct notice *notice,
		struct output *output) {
	struct banner *banner = calloc(1, sizeof(*banner));
	if (!banner) {
		return NULL;
	}
	banner->notice = notice;
	banner->output = output;
	banner->picture = picture_create(notices->server,
		notices->server->layers[LAYER_NOTICES], draw, banner);
	if (!banner->picture) {
		free(banner);
		return NULL;
	}
	wl_list_insert(&notices->banners, &banner->link);
	return banner;
}

static void place(struct banner *banner, int y) {
	const struct wlr_box *area = &banner->output->usable;
	struct text_style style = {.size = FONT};
	int text_width;
	text_measure(banner->output->outputs->server->text, banner->notice->text, &style, &text_width,
		NULL);
	int taken = 2 * PADDING + DOT + DOT_GAP;
	int room = area->width - 2 * MARGIN - taken;
	text_width = text_width < room ? text_width : room;
	int width = text_width + taken + 2 * HALO;
	banner->text_width = text_width + 1; // rounding must not cut what fits
	wlr_scene_node_set_position(picture_node(banner->picture),
		area->x + (area->width - width) / 2, area->y + y - HALO);
	if (!picture_set_size(banner->picture, width, HEIGHT + 2 * HALO)) {
		picture_redraw(banner->picture);
	}
}

/* All notices on one output, from the top down. */
static void arrange(struct notices *notices, struct output *output) {
	int y = TOP;
	struct notice *notice;
	wl_list_for_each(notice, &notices->list, link) {
		struct banner *banner = find(notices, notice, output);
		if (!banner) {
			banner = banner_create(notices, notice, output);
		}
		if (banner) {
			place(banner, y);
			y += HEIGHT + GAP;
		}
	}
}

static void arrange_all(struct notices *notices) {
	struct output *output;
	wl_list_for_each(output, &notices->server->outputs->list, link) {
		if (output->in_layout) {
			arrange(notices, output);
		}
	}
}

static int handle_timer(void *data) {
	notice_destroy(data);
	return 0;
}

struct notice *notice_show(struct notices *notices, enum notice_kind kind, int lifetime_msec,
		const char *text) {
	struct notice *notice = calloc(1, sizeof(*notice));
	char *copy = strdup(text);
	if (!notice || !copy) {
		free(notice);
		free(copy);
		return NULL;
	}
	notice->notices = notices;
	notice->kind = kind;
	notice->text = copy;
	wl_signal_init(&notice->events.destroy);
	wl_list_insert(notices->list.prev, &notice->link);
	if (lifetime_msec > 0) {
		notice->timer = wl_event_loop_add_timer(notices->server->loop, handle_timer, notice);
		if (notice->timer) {
			wl_event_source_timer_update(notice->timer, lifetime_msec);
		}
	}
	log_debug("%s", text);
	arrange_all(notices);
	return notice;
}

void notice_set_text(struct notice *notice, const char *text) {
	char *copy = strdup(text);
	if (copy) {
		free(notice->text);
		notice->text = copy;
		arrange_all(notice->notices);
	}
}

void notice_destroy(struct notice *notice) {
	if (!notice) {
		return;
	}
	struct notices *notices = notice->notices;
	wl_signal_emit_mutable(&notice->events.destroy, notice);
	wl_list_remove(&notice->link);
	struct banner *banner, *next;
	wl_list_for_each_safe(banner, next, &notices->banners, link) {
		if (banner->notice == notice) {
			banner_destroy(banner);
		}
	}
	if (notice->timer) {
		wl_event_source_remove(notice->timer);
	}
	free(notice->text);
	free(notice);
	arrange_all(notices);
}

static void handle_changed(struct wl_listener *listener, void *data) {
	struct notices *notices = wl_container_of(listener, notices, changed);
	arrange(notices, data);
}

static void handle_added(struct wl_listener *listener, void *data) {
	struct notices *notices = wl_container_of(listener, notices, added);
	arrange(notices, data);
}

static void handle_removed(struct wl_listener *listener, void *data) {
	struct notices *notices = wl_container_of(listener, notices, removed);
	struct banner *banner, *next;
	wl_list_for_each_safe(banner, next, &notices->banners, link) {
		if (banner->output == data) {
			banner_destroy(banner);
		}
	}
}

struct notices *notices_create(struct server *server) {
	struct notices *notices = calloc(1, sizeof(*notices));
	if (!notices) {
		return NULL;
	}
	notices->server = server;
	wl_list_init(&notices->list);
	wl_list_init(&notices->banners);
	notices->changed.notify = handle_changed;
	wl_signal_add(&server->outputs->events.changed, &notices->changed);
	notices->added.notify = handle_added;
	wl_signal_add(&server->outputs->events.added, &notices->added);
	notices->removed.notify = handle_removed;
	wl_signal_add(&server->outputs->events.removed, &notices->removed);
	return notices;
}

void notices_destroy(struct notices *notices) {
	if (!notices) {
		return;
	}
	struct notice *notice, *next;
	wl_list_for_each_safe(notice, next, &notices->list, link) {
		notice_destroy(notice);
	}
	wl_list_remove(&notices->changed.link);
	wl_list_remove(&notices->added.link);
	wl_list_remove(&notices->removed.link);
	free(notices);
}
