/* SPDX-License-Identifier: MIT */
/*
 * view.c - joins the source (source.c), order, decoder and canvas (order.c, decoder.c, canvas.c), the
 * window (window.c) and the local devices (seat.c). How a view ends, or waits for its source to return, is decided here.
 */
#include "boxview/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wayland-client.h>

#include "box-view-v1-client-protocol.h"
#include "boxview/canvas.h"
#include "boxview/control.h"
#include "boxview/decoder.h"
#include "boxview/order.h"
#include "boxview/seat.h"
#include "boxview/source.h"
#include "boxview/text.h"
#include "boxview/times.h"
#include "boxview/visible.h"
#include "boxview/window.h"

#define LOG_MODULE "view"
#include "base/log.h"

#define LOST_NS 30000000000 // a source that does not return by then will not
#define END_NS 2000000000   // its end is not awaited longer
#define SIZE_NS 16000000    // one size a frame while a border is dragged
#define STATS_NS 1000000000

struct view {
	struct wl_event_loop *loop;
	struct wl_event_source *timer;
	int64_t timer_at;
	struct globals globals;
	struct window *window;
	struct source *source;
	struct order order;
	struct decoder *decoder;
	struct canvas canvas;
	struct order_frame waiting; // tiles, for the decoder to be done with what is before them
	bool tiled; // the last picture was tiles
	struct seat *seat;
	struct control *control;
	char *node, *from;
	struct source_video video; // width 0: the source has not said
	enum view_state state;
	int result;
	int64_t ends_at;
	int64_t lost_at; // 0: not lost
	bool veiled;     // a sentence stands over the picture

	int wanted_width, wanted_height; // not yet told the source, 0: nothing
	int64_t size_said_at;

	uint64_t decoded, drawn, unseen; // pictures
	uint64_t shown_capture_ns;
	struct times wait, decode, draw, present;
	int64_t stats_since; // 0: nothing to say

	struct { // what the panel says
		bool on;
		int64_t said_at;
		uint64_t drawn; // pictures, by then
		bool told;      // by the source, of late
		struct source_stages stages;
	} panel;
};

static int64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void view_over(struct view *view, int result) {
	if (view->state != VIEW_OVER) {
		view->state = VIEW_OVER;
		view->result = result;
	}
}

void view_end(struct view *view) {
	if (view->state != VIEW_RUNS) {
		return;
	}
	if (!source_is_attached(view->source)) {
		view_over(view, EXIT_SUCCESS);
		return;
	}
	view->state = VIEW_ENDS;
	view->ends_at = now_ns() + END_NS;
	source_end(view->source);
}

/* A picture is here: it counts as decoded, and is to be shown. */
static void view_picture(struct view *view, struct picture *picture) {
	const struct ack ack = {
		.sequence = picture->sequence,
		.capture_ns = picture->capture_ns,
		.waited_us = picture->waited_us,
		.decoding_us = picture->decoding_us,
		.at_ns = (uint64_t)picture->decoded_ns,
	};
	source_ack(view->source, &ack);
	view->decoded++;
	times_add(&view->wait, (int64_t)picture->waited_us * 1000);
	times_add(&view->decode, (int64_t)picture->decoding_us * 1000);
	if (view->stats_since == 0) {
		view->stats_since = now_ns();
	}
	view->tiled = picture->canvas;
	source_set_drawn(view->source, decoder_name(view->decoder), window_path(view->window));
	if (order_outdated(&view->order, picture->sequence) && window_is_mapped(view->window)) {
		view->unseen++;
		picture_unref(picture);
	} else {
		window_show(view->window, picture);
	}
}

static void view_forget_waiting(struct view *view) {
	free(view->waiting.bytes);
	view->waiting = (struct order_frame){0};
}

static void view_tiles(struct view *view, const struct order_frame *frame) {
	const char *why;
	int64_t begin = now_ns();
	struct picture *picture = canvas_apply(&view->canvas, frame, &why);
	if (!picture) {
		log_debug("tiles %u are no use: %s", frame->sequence, why);
		order_broken(&view->order);
		return;
	}
	picture->scale = view->video.scale;
	picture->decoded_ns = now_ns();
	picture->waited_us = (uint32_t)((begin - frame->came_ns) / 1000);
	picture->decoding_us = (uint32_t)((picture->decoded_ns - begin) / 1000);
	view_picture(view, picture);
}

/* The next frame that may be taken now. */
static bool view_next(struct view *view, struct order_frame *frame) {
	if (view->waiting.bytes) {
		if (decoder_inside(view->decoder) > 0) {
			return false;
		}
		*frame = view->waiting;
		view->waiting = (struct order_frame){0};
		return true;
	}
	return decoder_inside(view->decoder) < DECODER_INSIDE_MAX &&
		order_take(&view->order, frame, now_ns());
}

/* Feeds the decoder and the canvas with what is in order. */
static void view_pump(struct view *view) {
	struct order_frame frame;
	while (view_next(view, &frame)) {
		if (frame.kind == FRAME_VIDEO) {
			decoder_push(view->decoder, frame.sequence, frame.key, frame.capture_ns, frame.came_ns,
				frame.bytes, frame.size);
		} else if (decoder_inside(view->decoder) > 0) {
			view->waiting = frame;
		} else {
			view_tiles(view, &frame);
			free(frame.bytes);
		}
	}
	if (order_ask_key(&view->order, now_ns())) {
		source_key(view->source);
	}
}

// the source

static void handle_video(void *data, const struct source_video *video) {
	struct view *view = data;
	view->video = *video;
	decoder_set_codec(view->decoder, video->codec);
	// It may come behind what it is about.
	window_know_scale(view->window, video->width, video->height, video->scale);
}

static void handle_frame(void *data, const struct frame *frame) {
	struct view *view = data;
	order_put(&view->order, frame, now_ns());
	view_pump(view);
}

static void handle_title(void *data, const char *title) {
	struct view *view = data;
	char *whole = text_title(title, view->node);
	if (whole) {
		window_set_title(view->window, whole);
	}
	free(whole);
}

static void handle_app_id(void *data, const char *app_id) {
	struct view *view = data;
	char *clean = text_clean(app_id, 256);
	if (clean) {
		window_set_app_id(view->window, clean);
	}
	free(clean);
}

static void handle_limits(void *data, const struct source_limits *limits) {
	struct view *view = data;
	window_set_limits(view->window, limits);
}

static void handle_lock(void *data, bool locked) {
	struct view *view = data;
	seat_set_lock(view->seat, locked);
}

static void handle_stages(void *data, const struct source_stages *stages) {
	struct view *view = data;
	view->panel.stages = *stages;
	view->panel.told = true;
}

/* Dims the picture and says so. */
static void veil(struct view *view, const char *first, const char *second, const char *third) {
	char sentence[700];
	snprintf(sentence, sizeof(sentence), "%s%s%s", first, second, third);
	char *clean = text_clean(sentence, 600);
	if (clean) {
		window_set_sentence(view->window, clean);
		view->veiled = true;
	}
	free(clean);
}

/* There is no picture to write it on. */
static void tell_desktop(struct view *view, const char *why) {
	struct box_view_v1 *box_view = view->globals.box_view;
	if (!box_view || box_view_v1_get_version(box_view) < BOX_VIEW_V1_LOST_SINCE_VERSION) {
		return;
	}
	char *clean = text_clean(why, 400);
	struct wl_event_queue *queue = wl_display_create_queue(view->globals.display);
	if (clean && queue) {
		box_view_v1_lost(box_view, clean);
		wl_display_roundtrip_queue(view->globals.display, queue); // before it hears of our end
	}
	if (queue) {
		wl_event_queue_destroy(queue);
	}
	free(clean);
}

static void handle_source_ended(void *data, const char *why, bool said) {
	struct view *view = data;
	if (view->state != VIEW_RUNS) {
		view_over(view, EXIT_SUCCESS);
	} else if (!why) {
		source_end(view->source);
		view_over(view, EXIT_SUCCESS);
	} else if (!window_is_mapped(view->window)) {
		log_error("%s was lost before its first picture: %s", view->from, why);
		if (said) {
			tell_desktop(view, why);
		}
		view_over(view, 3);
	} else {
		log_error("%s was lost: %s", view->from, why);
		view->lost_at = now_ns();
		seat_set_lock(view->seat, false); // a pointer held for nobody
		if (said) {
			veil(view, view->node, ": ", why);
		} else {
			veil(view, "lost touch with ", view->node, " — waiting for it to return");
		}
	}
}

static const struct source_events source_events = {
	.video = handle_video,
	.frame = handle_frame,
	.title = handle_title,
	.app_id = handle_app_id,
	.limits = handle_limits,
	.lock = handle_lock,
	.stages = handle_stages,
	.ended = handle_source_ended,
};

/* The source is met again. */
static void view_attach(void *data, int fd) {
	struct view *view = data;
	if (view->state != VIEW_RUNS) {
		close(fd);
		return;
	}
	order_finish(&view->order);
	order_init(&view->order);
	view_forget_waiting(view);
	decoder_reset(view->decoder);
	view->video.width = 0;
	view->video.scale = 120;
	if (source_attach(view->source, fd)) {
		view->lost_at = 0; // the sentence goes with the first picture
	}
}

static void box_view_exchange(void *data, struct box_view_v1 *box_view, int32_t fd) {
	view_attach(data, fd);
}

static const struct box_view_v1_listener box_view_listener = {
	.exchange = box_view_exchange,
};

// the decoder

/* What is to be seen of it, and how large. */
static void set_visible_part(const struct view *view, struct picture *picture) {
	visible_set(picture, &view->video);
	picture->colour = view->video.colour;
}

static void handle_picture(void *data, struct picture *picture) {
	struct view *view = data;
	set_visible_part(view, picture);
	canvas_set_video(&view->canvas, picture);
	view_picture(view, picture);
	view_pump(view);
}

static void handle_broken(void *data) {
	struct view *view = data;
	order_broken(&view->order);
	view_forget_waiting(view);
	// asked in view_prepare: this may be in the middle of a push
}

static void handle_takes(void *data) {
	struct view *view = data;
	source_set_takes(view->source, decoder_takes(view->decoder));
}

static const struct decoder_events decoder_events = {
	.takes = handle_takes,
	.picture = handle_picture,
	.broken = handle_broken,
};

// the window

static void view_say_size(struct view *view, int64_t now) {
	if (view->wanted_width > 0 && now - view->size_said_at >= SIZE_NS) {
		source_set_size(view->source, view->wanted_width, view->wanted_height);
		view->wanted_width = 0;
		view->size_said_at = now;
	}
}

static void handle_size(void *data, int width, int height) {
	struct view *view = data;
	view->wanted_width = width;
	view->wanted_height = height;
	view_say_size(view, now_ns());
}

static void handle_scale(void *data, uint32_t scale) {
	struct view *view = data;
	source_set_scale(view->source, scale < 120 ? 120 : scale);
}

static void handle_visible(void *data, bool visible) {
	struct view *view = data;
	source_set_visible(view->source, visible);
}

static void handle_close(void *data) {
	struct view *view = data;
	if (source_is_attached(view->source)) {
		source_close(view->source); // the application decides
	} else {
		view_over(view, EXIT_SUCCESS);
	}
}

/* Says on the panel what is known now. */
static void view_say_panel(struct view *view, int64_t now) {
	const double seconds = view->panel.said_at ? (double)(now - view->panel.said_at) / 1e9 : 0;
	const struct panel_facts facts = {
		.from = view->from,
		.codec = view->tiled ? "lossless" : codec_name(view->video.codec),
		.width = view->video.width,
		.height = view->video.height,
		.fps = seconds > 0 ? (double)(view->drawn - view->panel.drawn) / seconds : -1,
		.decoder = view->tiled ? "tiles" : decoder_name(view->decoder),
		.presenter = window_path(view->window),
		.stages = view->panel.told ? &view->panel.stages : NULL,
	};
	window_set_panel(view->window, &facts);
	view->panel.drawn = view->drawn;
	view->panel.said_at = now;
}

static void handle_chord(void *data) {
	struct view *view = data;
	view->panel.on = !view->panel.on;
	source_set_tell(view->source, view->panel.on);
	if (view->panel.on) {
		view->panel.told = false;
		view->panel.said_at = 0;
		view_say_panel(view, now_ns());
	} else {
		window_set_panel(view->window, NULL);
	}
}

static void handle_drawn(void *data, const struct picture *picture) {
	struct view *view = data;
	view->drawn++;
	view->shown_capture_ns = picture->capture_ns;
	if (view->veiled && view->lost_at == 0) {
		view->veiled = false;
		window_set_sentence(view->window, NULL);
	}
}

static void handle_presented(void *data, const struct window_shown *shown) {
	struct view *view = data;
	if (shown->at_ns == 0) {
		view->unseen++;
		return;
	}
	if (shown->refresh_ns > 0) {
		source_set_refresh(view->source, (uint32_t)(shown->refresh_ns / 1000));
	}
	times_add(&view->draw, shown->drawn_ns - shown->decoded_ns);
	times_add(&view->present, shown->at_ns - shown->drawn_ns);
	const struct ack ack = {
		.sequence = shown->sequence,
		.capture_ns = shown->capture_ns,
		.presented_ns = (uint64_t)shown->at_ns,
		.at_ns = (uint64_t)shown->drawn_ns,
	};
	source_ack(view->source, &ack);
}

static void handle_failed(void *data) {
	struct view *view = data;
	view_end(view);
}

static const struct window_events window_events = {
	.size = handle_size,
	.scale = handle_scale,
	.visible = handle_visible,
	.close = handle_close,
	.chord = handle_chord,
	.drawn = handle_drawn,
	.presented = handle_presented,
	.failed = handle_failed,
};

// time

static void view_tell_stats(struct view *view) {
	uint32_t wait[2], decode[2], draw[2], present[2];
	times_take(&view->wait, &wait[0], &wait[1]);
	times_take(&view->decode, &decode[0], &decode[1]);
	times_take(&view->draw, &draw[0], &draw[1]);
	times_take(&view->present, &present[0], &present[1]);
	view->stats_since = 0;
	if (!view->globals.box_view) {
		return;
	}
	char text[2048];
	snprintf(text, sizeof(text),
		"way %s → %s\npicture %dx%d %s\nfrom %s\nsize %dx%d\ncoded %dx%d\nlane %s\npresent %s\ndecoder %s\n"
		"decoded %" PRIu64 "\nshown %" PRIu64 "\nunseen %" PRIu64 "\ndropped %u\n"
		"keyframes-asked %u\ncapture-ns %" PRIu64 "\n"
		"wait-us %u %u\ndecode-us %u %u\ndraw-us %u %u\npresent-us %u %u\n",
		view->tiled ? "tiles" : decoder_name(view->decoder), window_path(view->window),
		view->video.width, view->video.height, view->tiled ? "lossless" : codec_name(view->video.codec),
		view->from, view->video.width, view->video.height,
		view->video.coded_width, view->video.coded_height, view->tiled ? "tiles" : "video",
		window_path(view->window),
		decoder_name(view->decoder), view->decoded, view->drawn, view->unseen,
		view->order.dropped, view->order.asked, view->shown_capture_ns, wait[0], wait[1],
		decode[0], decode[1], draw[0], draw[1], present[0], present[1]);
	box_view_v1_stats(view->globals.box_view, text);
}

static int handle_timer(void *data) {
	struct view *view = data;
	int64_t now = now_ns();
	view->timer_at = 0;
	if (view->state == VIEW_ENDS && now >= view->ends_at) {
		view_over(view, EXIT_SUCCESS);
	}
	if (view->state != VIEW_RUNS) {
		return 0;
	}
	if (view->lost_at != 0 && now >= view->lost_at + LOST_NS) {
		log_error("%s did not return", view->from);
		view_over(view, 3);
		return 0;
	}
	view_say_size(view, now);
	source_check(view->source, now);
	window_check(view->window, now);
	decoder_check(view->decoder, now);
	view_pump(view);
	if (view->stats_since != 0 && now >= view->stats_since + STATS_NS) {
		view_tell_stats(view);
	}
	if (view->panel.on && now >= view->panel.said_at + STATS_NS) {
		view_say_panel(view, now);
	}
	return 0;
}

static void sooner(int64_t *deadline, int64_t other) {
	if (other != 0 && (*deadline == 0 || other < *deadline)) {
		*deadline = other;
	}
}

static int64_t view_deadline(const struct view *view) {
	int64_t deadline = 0;
	if (view->state == VIEW_ENDS) {
		return view->ends_at;
	}
	sooner(&deadline, view->lost_at ? view->lost_at + LOST_NS : 0);
	sooner(&deadline, view->wanted_width > 0 ? view->size_said_at + SIZE_NS : 0);
	sooner(&deadline, source_deadline(view->source));
	sooner(&deadline, window_deadline(view->window));
	sooner(&deadline, decoder_deadline(view->decoder));
	sooner(&deadline, order_deadline(&view->order));
	sooner(&deadline, view->stats_since ? view->stats_since + STATS_NS : 0);
	sooner(&deadline, view->panel.on ? view->panel.said_at + STATS_NS : 0);
	return deadline;
}

enum view_state view_prepare(struct view *view) {
	globals_flush(&view->globals);
	if (view->globals.lost) {
		view_over(view, EXIT_FAILURE);
		return view->state;
	}
	view_pump(view);
	// what the decoder or the compositor cannot take now waits in the socket
	source_pause(view->source, view->globals.choked ||
		view->waiting.bytes || decoder_inside(view->decoder) >= DECODER_INSIDE_MAX);
	int64_t deadline = view_deadline(view);
	if (deadline != view->timer_at) {
		view->timer_at = deadline;
		int64_t wait = deadline - now_ns();
		// rounded up, so that it is due when it fires
		int ms = deadline == 0 ? 0 : wait <= 0 ? 1 : (int)((wait + 999999) / 1000000);
		wl_event_source_timer_update(view->timer, ms);
	}
	globals_flush(&view->globals);
	return view->state;
}

int view_result(const struct view *view) {
	return view->result;
}

/* The parts that need the connection. */
static bool view_open(struct view *view, const struct view_options *options) {
	bool hand_out = view->globals.linux_dmabuf && options->present == PRESENTER_BEST;
	view->source = source_create(view->loop, &source_events, view);
	view->decoder = decoder_create(view->loop, hand_out, &decoder_events, view);
	view->window = window_create(&view->globals, options->present, &window_events, view);
	if (!canvas_init(&view->canvas) || !view->source || !view->decoder || !view->window) {
		return false;
	}
	source_set_takes(view->source, decoder_takes(view->decoder));
	view->seat = seat_create(&view->globals, view->window, view->source);
	view->timer = wl_event_loop_add_timer(view->loop, handle_timer, view);
	if (!view->seat || !view->timer) {
		return false;
	}
	handle_title(view, options->title ? options->title : "");
	if (view->globals.box_view && options->key) {
		box_view_v1_add_listener(view->globals.box_view, &box_view_listener, view);
		box_view_v1_attach(view->globals.box_view, options->key, window_surface(view->window));
	}
	return true;
}

struct view *view_create(struct wl_event_loop *loop, const struct view_options *options) {
	struct view *view = calloc(1, sizeof(*view));
	char *node = text_node(options->from), *from = text_clean(options->from, 512);
	if (!view || !node || !from) {
		log_errno("no view");
		free(node);
		free(from);
		free(view);
		close(options->exchange_fd);
		if (options->control_fd >= 0) {
			close(options->control_fd);
		}
		return NULL;
	}
	view->loop = loop;
	view->video.scale = 120;
	view->node = node;
	view->from = from;
	order_init(&view->order);
	if (options->control_fd >= 0) {
		view->control = control_create(loop, options->control_fd, view_attach, view);
	}
	if (!globals_init(&view->globals, loop)) {
		close(options->exchange_fd);
		goto err;
	}
	if (!view_open(view, options)) {
		close(options->exchange_fd);
		goto err;
	}
	if (!source_attach(view->source, options->exchange_fd)) {
		goto err;
	}
	return view;
err:
	view_destroy(view);
	return NULL;
}

void view_destroy(struct view *view) {
	if (!view) {
		return;
	}
	control_destroy(view->control);
	seat_destroy(view->seat); // lets go of what is held
	window_destroy(view->window);
	view_forget_waiting(view);
	canvas_finish(&view->canvas);
	decoder_destroy(view->decoder);
	source_destroy(view->source);
	order_finish(&view->order);
	if (view->timer) {
		wl_event_source_remove(view->timer);
	}
	if (view->globals.display) {
		globals_finish(&view->globals);
	}
	free(view->node);
	free(view->from);
	free(view);
}
