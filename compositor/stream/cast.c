/* SPDX-License-Identifier: MIT */
/*
 * cast.c - one view of one window: its capture, its boxcast, and what they hold between them.
 *
 * The protocol's requests and events are cast_protocol.c's; encoding is boxcast's.
 */
#include "stream/cast_impl.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/helper.h"
#include "base/spawn.h"
#include "config.h"
#include "launch.h"
#include "server.h"
#include "toplevel.h"

#define LOG_MODULE "cast"
#include "base/log.h"

#define EXCHANGE_FD 3
#define WAYLAND_FD 4
#define PATIENCE_MS 2000 // between telling boxcast to end and ending it
#define GRACE_MS 1000 // likewise, where the desktop waits for it

/* The ring of captures, for whoever wants to see what was sent. */

static void ring_add(struct cast *cast, const struct capture_frame *frame) {
	struct snapshot *slot;
	if (cast->ring_size == 0) {
		return;
	}
	slot = &cast->ring[cast->ring_next];
	cast->ring_next = (cast->ring_next + 1) % cast->ring_size;
	free(slot->pixels);
	*slot = (struct snapshot){.capture_ns = frame->capture_ns};
	if (!capture_copy(cast->casts->server, frame->buffer, slot)) {
		slot->capture_ns = 0;
	}
}

const struct snapshot *cast_captured(struct cast *cast, int64_t capture_ns) {
	for (int i = 0; i < cast->ring_size; i++) {
		if (cast->ring[i].pixels && cast->ring[i].capture_ns == capture_ns) {
			return &cast->ring[i];
		}
	}
	return NULL;
}

/* Captures. */

static struct cast_held *held_own(struct cast *cast) {
	for (int i = 0; i < CAST_HELD; i++) {
		if (cast->held[i].buffer && cast->held[i].own) {
			return &cast->held[i];
		}
	}
	return NULL;
}

static void let_go(struct cast_held *held) {
	wlr_buffer_unlock(held->buffer);
	held->buffer = NULL;
}

/*
 * An application has few buffers, and stands still when it has none left: boxcast holds one of them at
 * most, and not for as long as it likes. What it still reads of it then may be torn.
 */
static int handle_spare(void *data) {
	struct cast *cast = data;
	struct cast_held *held = held_own(cast);
	if (held) {
		log_debug("boxcast keeps an application's buffer: given back");
		let_go(held);
		cast_capture(cast);
	}
	return 0;
}

static bool handle_takes(void *data, const struct wlr_dmabuf_attributes *dmabuf) {
	struct cast *cast = data;
	return cast_accepts(cast, dmabuf);
}

void cast_release(struct cast *cast, uint32_t serial) {
	for (int i = 0; i < CAST_HELD; i++) {
		struct cast_held *held = &cast->held[i];
		if (held->buffer && held->serial == serial) {
			let_go(held);
			cast_capture(cast);
			return;
		}
	}
}

static struct cast_held *free_slot(struct cast *cast) {
	for (int i = 0; i < CAST_HELD; i++) {
		if (!cast->held[i].buffer) {
			return &cast->held[i];
		}
	}
	return NULL;
}

void cast_capture(struct cast *cast) {
	// not drawn meanwhile: that is another kind of memory, for which an encoder may have to begin anew
	if (cast->asked && free_slot(cast) && !held_own(cast)) {
		capture_want(cast->capture, cast->refresh);
	}
}

static void handle_frame(void *data, const struct capture_frame *frame) {
	struct cast *cast = data;
	struct cast_held *held = free_slot(cast);
	if (!held || !cast->resource || !cast->asked) {
		return;
	}
	ring_add(cast, frame);
	held->serial = ++cast->serial;
	if (cast_send_frame(cast, held->serial, frame)) {
		held->buffer = wlr_buffer_lock(frame->buffer);
		held->own = frame->own;
		if (held->own) {
			wl_event_source_timer_update(cast->spare, CAST_SPARE_MS);
		}
		cast->asked = cast->refresh = false;
	}
}

static void handle_window_gone(void *data) {
	cast_send_gone(data); // boxcast ends, and that ends the cast
}

static const struct capture_events capture_events = {
	.frame = handle_frame,
	.gone = handle_window_gone,
	.takes = handle_takes,
};

/* The program. */

static void cast_free(struct cast *cast) {
	wl_list_remove(&cast->link);
	cast_forget_client(cast);
	spawn_destroy(cast->program);
	capture_destroy(cast->capture);
	for (int i = 0; i < CAST_HELD; i++) {
		if (cast->held[i].buffer) {
			let_go(&cast->held[i]);
		}
	}
	for (int i = 0; i < cast->ring_size; i++) {
		free(cast->ring[i].pixels);
	}
	free(cast->ring);
	if (cast->patience) {
		wl_event_source_remove(cast->patience);
	}
	if (cast->spare) {
		wl_event_source_remove(cast->spare);
	}
	if (cast->client) {
		wl_client_destroy(cast->client);
	}
	free(cast);
}

static void handle_ended(void *data, int status) {
	struct cast *cast = data;
	const struct cast_events *events = cast->events;
	void *listener = cast->data;
	bool uncoded = WIFEXITED(status) && WEXITSTATUS(status) == CAST_UNCODED;
	bool in_order = uncoded || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
	bool lost = WIFEXITED(status) && WEXITSTATUS(status) == CAST_LOST;
	char why[100];
	cast->program = NULL;
	if (WIFSIGNALED(status)) {
		snprintf(why, sizeof(why), "boxcast was killed by signal %d", WTERMSIG(status));
	} else if (uncoded) {
		snprintf(why, sizeof(why), "no encoder works for it (boxcast says why): the view is ended");
	} else if (WIFEXITED(status) && WEXITSTATUS(status) == CAST_FAILED) {
		snprintf(why, sizeof(why), "every encoder failed (the log of the desktop says why)");
	} else if (lost) {
		snprintf(why, sizeof(why), "the viewer is gone");
	} else {
		snprintf(why, sizeof(why), "boxcast ended with status %d", WEXITSTATUS(status));
	}
	if (!in_order || uncoded) {
		log_info("a view of \"%s\": %s",
			cast->toplevel ? toplevel_title(cast->toplevel) : "", why);
	}
	cast_free(cast);
	if (events) {
		events->ended(listener, in_order, why);
	}
}

static int handle_patience(void *data) {
	struct cast *cast = data;
	spawn_kill(cast->program);
	return 0;
}

static bool start(struct cast *cast, int exchange_fd) {
	int ends[2];
	char display[32];
	snprintf(display, sizeof(display), "WAYLAND_SOCKET=%d", WAYLAND_FD);
	const char **env = launch_env(display);
	char *path = helper_path("boxcast");
	const char *argv[] = {"boxcast", NULL};
	struct wl_event_loop *loop = cast->casts->server->loop;
	if (env && path && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0) {
		const struct spawn_fd fds[] = {{exchange_fd, EXCHANGE_FD}, {ends[1], WAYLAND_FD}};
		const struct spawn_options options = {
			.argv = argv,
			.prog = path,
			.exec_fd = -1,
			.env = env,
			.fds = fds,
			.fds_size = 2,
			.tty = -1,
		};
		cast->program = spawn_create(loop, &options, handle_ended, cast);
		if (!cast->program) {
			log_errno("%s", path);
		}
		close(ends[1]);
		cast->client = wl_client_create(cast->casts->server->display, ends[0]);
		if (!cast->client) {
			close(ends[0]);
		}
	}
	free(env);
	free(path);
	return cast->program && cast->client;
}

struct cast *cast_create(struct casts *casts, struct toplevel *toplevel, int exchange_fd,
		const struct cast_events *events, void *data) {
	struct cast *cast = calloc(1, sizeof(*cast));
	if (!cast) {
		close(exchange_fd);
		return NULL;
	}
	cast->casts = casts;
	cast->toplevel = toplevel;
	cast->events = events;
	cast->data = data;
	cast_listen(cast);
	wl_list_insert(&casts->list, &cast->link);
	cast->ring_size = casts->server->config->frame_ring;
	cast->ring = cast->ring_size ? calloc((size_t)cast->ring_size, sizeof(cast->ring[0])) : NULL;
	cast->ring_size = cast->ring ? cast->ring_size : 0;
	cast->patience = wl_event_loop_add_timer(casts->server->loop, handle_patience, cast);
	cast->spare = wl_event_loop_add_timer(casts->server->loop, handle_spare, cast);
	cast->capture = capture_create(casts->server, toplevel, &capture_events, cast);
	cast->scale = 120;
	if (cast->capture) {
		capture_set_scale(cast->capture, cast->scale);
	}
	bool good = cast->patience && cast->spare && cast->capture && start(cast, exchange_fd);
	close(exchange_fd);
	if (!good) {
		cast_free(cast);
		return NULL;
	}
	cast_watch_client(cast);
	globals_confine(cast->client);
	return cast;
}

void cast_destroy(struct cast *cast) {
	if (!cast) {
		return;
	}
	cast->events = NULL;
	cast_send_gone(cast);
	wl_event_source_timer_update(cast->patience, PATIENCE_MS);
}

void cast_set_lock(struct cast *cast, bool locked) {
	cast->locked = locked;
	cast_send_lock(cast);
}

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void casts_end(struct casts *casts) {
	if (!casts) {
		return;
	}
	struct cast *cast;
	wl_list_for_each(cast, &casts->list, link) {
		if (cast->client) {
			wl_client_destroy(cast->client); // as at our death: boxcast knows what to say then
		}
	}
	int64_t until = now_ms() + GRACE_MS;
	for (int64_t left = GRACE_MS; !wl_list_empty(&casts->list) && left > 0; left = until - now_ms()) {
		wl_event_loop_dispatch(casts->server->loop, (int)left);
	}
}

void casts_destroy(struct casts *casts) {
	if (!casts) {
		return;
	}
	struct cast *cast, *next;
	wl_list_for_each_safe(cast, next, &casts->list, link) {
		cast_free(cast); // with its boxcast: those that were told to end have had no time for it
	}
	globals_remove_rule(&casts->rule);
	if (casts->global) {
		wl_global_destroy(casts->global);
	}
	free(casts);
}
