/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_SCREENS_H
#define BOXVIEW_SCREENS_H

#include <stdint.h>
#include <wayland-util.h>

struct wl_output;
struct wl_registry;

/*
 * The screens and how often each refreshes, for compositors whose presentation feedback does not say.
 */
struct screens {
	struct wl_list list; // screen.link
};

void screens_init(struct screens *screens);
void screens_finish(struct screens *screens);
/* The registry announced a wl_output, or took one back; of other names nothing is known, and that is fine. */
void screens_add(struct screens *screens, struct wl_registry *registry, uint32_t name,
	uint32_t version);
void screens_remove(struct screens *screens, uint32_t name);
/* From one refresh to the next, ns; 0: not known. */
int64_t screens_refresh_ns(const struct screens *screens, const struct wl_output *output);

#endif
