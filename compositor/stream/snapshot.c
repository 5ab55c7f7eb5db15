/* SPDX-License-Identifier: MIT */
/*
 * snapshot.c - one picture of a window or of an output, now.
 */
#include "stream/snapshot.h"

#include <stdlib.h>
#include <time.h>
#include <wlr/types/wlr_output.h>

#include "output.h"
#include "server.h"
#include "stream/capture.h"

struct snapshot_request {
	struct server *server;
	snapshot_done done;
	void *data;
	struct capture *capture; // of a window
	struct wl_event_source *idle; // NULL: not taken yet
	struct snapshot taken;        // pixels NULL: out of memory
	struct wl_listener commit, destroy;
};

static void request_destroy(struct snapshot_request *request) {
	wl_list_remove(&request->commit.link);
	wl_list_remove(&request->destroy.link);
	capture_destroy(request->capture);
	if (request->idle) {
		wl_event_source_remove(request->idle);
	}
	free(request->taken.pixels);
	free(request);
}

static void finish(struct snapshot_request *request, const struct snapshot *snapshot) {
	struct snapshot_request over = *request;
	request_destroy(request);
	over.done(over.data, snapshot);
}

static void handle_taken(void *data) {
	struct snapshot_request *request = data;
	struct snapshot taken = request->taken;
	request->idle = NULL; // it goes by itself
	request->taken.pixels = NULL; // theirs
	finish(request, taken.pixels ? &taken : NULL);
}

// Ends later: this is in the middle of the output's own frame or commit event, and a capture's output
// goes with its request.
static void take(struct snapshot_request *request, struct wlr_buffer *buffer, int64_t when) {
	if (!request->idle) {
		request->taken.capture_ns = when;
		capture_copy(request->server, buffer, &request->taken);
		request->idle = wl_event_loop_add_idle(request->server->loop, handle_taken, request);
	}
}

static void handle_capture(void *data, const struct capture_frame *frame) {
	take(data, frame->buffer, frame->capture_ns);
}

static void handle_gone(void *data) {
	struct snapshot_request *request = data;
	if (!request->idle) {
		finish(request, NULL);
	}
}

struct snapshot_request *snapshot_toplevel(struct server *server, struct toplevel *toplevel,
		snapshot_done done, void *data) {
	static const struct capture_events events = {.frame = handle_capture, .gone = handle_gone};
	struct snapshot_request *request = calloc(1, sizeof(*request));
	if (!request) {
		return NULL;
	}
	request->server = server;
	request->done = done;
	request->data = data;
	wl_list_init(&request->commit.link);
	wl_list_init(&request->destroy.link);
	request->capture = capture_create(server, toplevel, &events, request);
	if (!request->capture) {
		free(request);
		return NULL;
	}
	capture_want(request->capture, true);
	return request;
}

/* An output's next commit has all of it, the pointer too. */

static void handle_commit(struct wl_listener *listener, void *data) {
	struct snapshot_request *request = wl_container_of(listener, request, commit);
	const struct wlr_output_event_commit *event = data;
	if (event->state->committed & WLR_OUTPUT_STATE_BUFFER) {
		struct timespec now;
		clock_gettime(CLOCK_MONOTONIC, &now);
		take(request, event->state->buffer, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
	}
}

static void handle_output_destroy(struct wl_listener *listener, void *data) {
	struct snapshot_request *request = wl_container_of(listener, request, destroy);
	wl_list_remove(&request->commit.link);
	wl_list_init(&request->commit.link);
	wl_list_remove(&request->destroy.link);
	wl_list_init(&request->destroy.link);
	if (!request->idle) {
		finish(request, NULL);
	}
}

struct snapshot_request *snapshot_output(struct server *server, struct output *output,
		snapshot_done done, void *data) {
	struct snapshot_request *request = calloc(1, sizeof(*request));
	if (!request) {
		return NULL;
	}
	request->server = server;
	request->done = done;
	request->data = data;
	request->commit.notify = handle_commit;
	wl_signal_add(&output->wlr->events.commit, &request->commit);
	request->destroy.notify = handle_output_destroy;
	wl_signal_add(&output->wlr->events.destroy, &request->destroy);
	wlr_output_schedule_frame(output->wlr);
	return request;
}

void snapshot_cancel(struct snapshot_request *request) {
	request_destroy(request);
}
