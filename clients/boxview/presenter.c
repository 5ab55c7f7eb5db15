/* SPDX-License-Identifier: MIT */
/*
 * presenter.c - chooses how pictures are drawn.
 */
#include "boxview/presenter.h"

#include <stddef.h>

#define LOG_MODULE "presenter"
#include "base/log.h"

struct presenter *presenter_create(enum presenter_choice choice, const struct globals *globals,
		struct wl_surface *surface, const struct presenter_events *events, void *data) {
	struct presenter *presenter = NULL;
	if (choice != PRESENTER_SHM) {
		presenter = presenter_gles_create(choice == PRESENTER_GLES, globals, surface);
	}
	if (!presenter && choice != PRESENTER_GLES) {
		presenter = presenter_shm_create(globals, surface);
	}
	if (presenter) {
		presenter->events = events;
		presenter->data = data;
		log_debug("pictures are drawn by %s", presenter->impl->name);
	}
	return presenter;
}

void presenter_destroy(struct presenter *presenter) {
	if (presenter) {
		presenter->impl->destroy(presenter);
	}
}
