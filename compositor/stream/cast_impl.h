/* SPDX-License-Identifier: MIT */
#ifndef STREAM_CAST_IMPL_H
#define STREAM_CAST_IMPL_H

#include <wayland-server-core.h>

#include "globals.h"
#include "stream/capture.h"
#include "stream/cast.h"
#include "stream/snapshot.h"

/* Private to cast.c and cast_protocol.c. */

#define CAST_HELD 3  // buffers that boxcast may hold; the swapchain has one more
#define CAST_LOST 3  // boxcast's status when its exchange broke off
#define CAST_UNCODED 4 // when nothing can be encoded; it has told the viewer
#define CAST_FAILED 5  // when every encoder failed; likewise
#define CAST_KINDS 64 // of dmabuf that it may accept
#define CAST_SPARE_MS 500 // that an application is without a buffer of its own; an encoder takes a few

struct casts {
	struct server *server;
	struct wl_global *global; // box_cast_v1
	struct global_rule rule;
	struct wl_list list; // cast.link
};

struct cast_held {
	struct wlr_buffer *buffer; // NULL: free
	bool own;                  // the application's
	uint32_t serial;
};

struct cast {
	struct casts *casts;
	struct wl_list link;
	struct toplevel *toplevel; // NULL: gone
	const struct cast_events *events; // NULL: nobody listens any more
	void *data;
	struct capture *capture;
	struct spawn *program; // NULL: ended
	struct wl_event_source *patience;
	struct wl_client *client; // NULL: disconnected
	struct wl_resource *resource; // NULL: not bound yet, or no longer
	struct wl_listener client_destroy, title_changed, app_id_changed, geom_changed, gone;
	char *title;
	bool asked, refresh; // boxcast wants a frame; damaged or not
	bool locked;
	uint32_t serial; // of the last frame
	uint32_t scale;  // said last, in 120ths
	struct cast_held held[CAST_HELD]; // at most one of them the application's
	struct wl_event_source *spare;    // when that is given back in any case
	struct {
		uint32_t format;
		uint64_t modifier;
	} kinds[CAST_KINDS]; // of dmabuf
	int kinds_size;
	struct snapshot *ring;
	int ring_size, ring_next;
};

/* cast.c */
void cast_capture(struct cast *cast); // if a frame is asked for and can be held
void cast_release(struct cast *cast, uint32_t serial);

/* cast_protocol.c */
void cast_listen(struct cast *cast);       // to its toplevel
void cast_watch_client(struct cast *cast); // and to its client
void cast_forget_client(struct cast *cast);
bool cast_accepts(const struct cast *cast, const struct wlr_dmabuf_attributes *dmabuf);
/* false: it cannot be passed on as it is; nothing was sent. */
bool cast_send_frame(struct cast *cast, uint32_t serial, const struct capture_frame *frame);
void cast_send_gone(struct cast *cast);
void cast_send_lock(struct cast *cast);

#endif
