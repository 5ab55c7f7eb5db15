/* SPDX-License-Identifier: MIT */
/*
 * view.c - joins the source (source.c), order, decoder and canvas (order.c, decoder.c, canvas.c), the
 * window (window.c) and the local devices (seat.c). How a view ends, or waits for its source to return,
 * is decided here. The way of a frame is view_picture.c's, what source and window say view_source.c's and
 * view_window.c's, what is told of it view_tell.c's.
 */
#include "boxview/view_impl.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <wayland-client.h>

#include "box-view-v1-client-protocol.h"
#include "boxview/text.h"

#define LOG_MODULE "view"
#include "base/log.h"

#define LOST_NS 30000000000 // a source that does not return by then will not
#define END_NS 2000000000   // its end is not awaited longer
#define STATS_NS 1000000000

int64_t view_now(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void view_over(struct view *view, int result) {
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
	view->ends_at = view_now() + END_NS;
	source_end(view->source);
}

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

static int handle_timer(void *data) {
	struct view *view = data;
	int64_t now = view_now();
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
	sooner(&deadline, view_size_at(view));
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
		int64_t wait = deadline - view_now();
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
	view->source = source_create(view->loop, &view_source_events, view);
	view->decoder = decoder_create(view->loop, hand_out, &view_decoder_events, view);
	view->window = window_create(&view->globals, options->present, &view_window_events, view);
	if (!canvas_init(&view->canvas) || !view->source || !view->decoder || !view->window) {
		return false;
	}
	source_set_takes(view->source, decoder_takes(view->decoder));
	view->seat = seat_create(&view->globals, view->window, view->source);
	view->timer = wl_event_loop_add_timer(view->loop, handle_timer, view);
	if (!view->seat || !view->timer) {
		return false;
	}
	view_set_title(view, options->title ? options->title : "");
	if (view->globals.box_view && options->key) {
		box_view_v1_add_listener(view->globals.box_view, &box_view_listener, view);
		box_view_v1_attach(view->globals.box_view, options->key, window_surface(view->window));
	}
	return true;
}

/* NULL, logged. */
static struct view *view_alloc(struct wl_event_loop *loop, const struct view_options *options) {
	struct view *view = calloc(1, sizeof(*view));
	char *node = text_node(options->from), *from = text_clean(options->from, 512);
	if (!view || !node || !from) {
		log_errno("no view");
		free(node);
		free(from);
		free(view);
		return NULL;
	}
	view->loop = loop;
	view->video.scale = 120;
	view->node = node;
	view->from = from;
	order_init(&view->order);
	return view;
}

struct view *view_create(struct wl_event_loop *loop, const struct view_options *options) {
	struct view *view = view_alloc(loop, options);
	if (!view) {
		close(options->exchange_fd);
		if (options->control_fd >= 0) {
			close(options->control_fd);
		}
		return NULL;
	}
	if (options->control_fd >= 0) {
		view->control = control_create(loop, options->control_fd, view_attach, view);
	}
	if (!globals_init(&view->globals, loop) || !view_open(view, options)) {
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
