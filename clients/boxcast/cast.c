/* SPDX-License-Identifier: MIT */
/*
 * cast.c - joins the window (window.c), the two lanes of its picture (lossless.c, encoder.c) and its
 * viewer (viewer.c): its parts, its timer, and how it ends. When a frame is asked for is cast_ask.c's,
 * what is sent cast_send.c's, what window and viewer say cast_window.c's and cast_viewer.c's.
 */
#include "boxcast/cast.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "boxcast/cast_impl.h"

#define LOG_MODULE "cast"
#include "base/log.h"

#define STATS_NS 1000000000
#define END_NS 2000000000 // the viewer's end is not awaited longer
#define COLOUR_FIRST "bt601-limited" // said of tiles, which have none, until video says its own

int64_t cast_now(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void cast_over(struct cast *cast, int result) {
	if (cast->state != CAST_OVER) {
		cast->state = CAST_OVER;
		cast->result = result;
	}
}

void cast_end_with(struct cast *cast, const struct op_refusal *why, int result) {
	if (cast->state == CAST_RUNS) {
		cast->state = CAST_ENDS;
		cast->result = result;
		cast->ends_at = cast_now() + END_NS;
		viewer_end(cast->viewer, why);
	}
}

void cast_end(struct cast *cast) {
	cast_end_with(cast, NULL, EXIT_SUCCESS);
}

static int64_t stats_deadline(const struct cast *cast) {
	// a window at rest has nothing to say
	return cast->stats.frames > 0 ? cast->stats.since + STATS_NS : 0;
}

static void cast_tell_stats(struct cast *cast, int64_t now) {
	const struct steps_task task = cast_task(cast, cast->picture);
	const struct stats_facts facts = {
		.path = encoder_path(cast->encoder),
		.why = encoder_why(cast->encoder),
		.width = cast->picture.width,
		.height = cast->picture.height,
		.coded_width = cast->coded.width,
		.coded_height = cast->coded.height,
		.refresh_mhz = task.refresh_mhz,
		.divisor = steps_divisor(&cast->steps, &task),
		.lane = cast->tiled ? "tiles" : "video",
		.input = cast->input,
		.codec = codec_name(cast->codec),
		.decoder = cast->drawn.decoder,
		.presenter = cast->drawn.by,
		.near = lossless_near(cast->lossless),
		.rate = encoder_rate(cast->encoder, cast->picture),
		.limit = flight_limit(&cast->flight),
		.in_flight = flight_in_flight(&cast->flight),
		.stalls = cast->flight.stalls,
		.rtt_ns = cast->flight.rtt_ns,
		.network = cast->path,
	};
	char text[2048];
	window_stats(cast->window, stats_print(&cast->stats, &facts, now, text, sizeof(text)));
	if (cast->tell && stats_line(&cast->stats, &facts, now, text, sizeof(text))) {
		viewer_say(cast->viewer, CONTROL_STAGES, "%s", text);
	}
}

static int handle_timer(void *data) {
	struct cast *cast = data;
	int64_t now = cast_now();
	cast->timer_at = 0;
	if (cast->state == CAST_ENDS && now >= cast->ends_at) {
		cast_over(cast, cast->result);
	}
	if (cast->state != CAST_RUNS) {
		return 0;
	}
	viewer_check(cast->viewer, now);
	encoder_check(cast->encoder, now);
	cast_ask(cast);
	if (flight_check(&cast->flight, now)) {
		log_debug("no ack in time: all frames are given up for a keyframe");
		pace_stalled(&cast->pace, cast_rate(cast), now);
		cast_limit(cast);
		cast_ask(cast);
	}
	int64_t due = cast_refine_at(cast);
	if (due != 0 && now >= due) {
		cast_refine(cast);
	}
	due = stats_deadline(cast);
	if (due != 0 && now >= due) {
		cast_tell_stats(cast, now);
	}
	return 0;
}

static void sooner(int64_t *deadline, int64_t other) {
	if (other != 0 && (*deadline == 0 || other < *deadline)) {
		*deadline = other;
	}
}

enum cast_state cast_prepare(struct cast *cast) {
	int64_t deadline = 0;
	if (cast->state == CAST_ENDS) {
		sooner(&deadline, cast->ends_at);
	} else {
		sooner(&deadline, flight_deadline(&cast->flight));
		sooner(&deadline, encoder_deadline(cast->encoder));
		sooner(&deadline, viewer_deadline(cast->viewer));
		sooner(&deadline, cast_refine_at(cast));
		sooner(&deadline, stats_deadline(cast));
		sooner(&deadline, cast_ask_at(cast, cast_now()));
	}
	if (deadline != cast->timer_at) {
		cast->timer_at = deadline;
		int64_t wait = deadline - cast_now();
		// rounded up, so that it is due when it fires
		int ms = deadline == 0 ? 0 : wait <= 0 ? 1 : (int)((wait + 999999) / 1000000);
		wl_event_source_timer_update(cast->timer, ms);
	}
	window_flush(cast->window);
	return cast->state;
}

int cast_result(const struct cast *cast) {
	return cast->result;
}

struct cast *cast_create(struct wl_event_loop *loop, int fd) {
	struct cast *cast = calloc(1, sizeof(*cast));
	if (!cast) {
		log_errno("no cast");
		close(fd);
		return NULL;
	}
	flight_init(&cast->flight, 0);
	pace_init(&cast->pace);
	brief_init(&cast->brief);
	phase_init(&cast->phase);
	again_init(&cast->again);
	buf_init(&cast->again_bytes);
	steps_init(&cast->steps);
	stats_init(&cast->stats);
	cast->colour = COLOUR_FIRST;
	cast->input = "memfd";
	buf_init(&cast->tiles);
	cast->viewer = viewer_create(loop, fd, &cast_viewer_events, cast);
	if (!cast->viewer) {
		goto err_cast;
	}
	cast->lossless = lossless_create();
	if (!cast->lossless) {
		goto err_viewer;
	}
	cast->encoder = encoder_create(loop, &cast_encoder_events, cast);
	if (!cast->encoder) {
		goto err_lossless;
	}
	cast->window = window_create(loop, &cast_window_events, cast);
	if (!cast->window) {
		goto err_encoder;
	}
	cast->timer = wl_event_loop_add_timer(loop, handle_timer, cast);
	if (!cast->timer) {
		log_errno("no cast");
		goto err_window;
	}
	return cast;

err_window:
	window_destroy(cast->window);
err_encoder:
	encoder_destroy(cast->encoder);
err_lossless:
	lossless_destroy(cast->lossless);
err_viewer:
	viewer_destroy(cast->viewer);
err_cast:
	free(cast);
	return NULL;
}

void cast_destroy(struct cast *cast) {
	if (!cast) {
		return;
	}
	wl_event_source_remove(cast->timer);
	encoder_destroy(cast->encoder); // may release captures
	window_destroy(cast->window);
	lossless_destroy(cast->lossless);
	viewer_destroy(cast->viewer);
	buf_finish(&cast->tiles);
	buf_finish(&cast->again_bytes);
	free(cast);
}
