/* SPDX-License-Identifier: MIT */
#ifndef BASE_SAVES_H
#define BASE_SAVES_H

#include <stdbool.h>
#include <stddef.h>
#include <wayland-server-core.h>

/*
 * Small files that each hold the latest text of something: replaced as a whole, synced, by a thread, in
 * the order in which they were asked for. A text that a newer one overtakes may never be written. What
 * cannot be written, on a full disk, is logged and tried again until it can.
 */
struct saves;

struct saves *saves_create(struct wl_event_loop *loop); // NULL: no memory
/* All that waits is written, or logged. */
void saves_destroy(struct saves *saves);

/* By the thread; all is copied. Without memory for that: now. */
void saves_soon(struct saves *saves, const char *path, const void *text, size_t size);
/*
 * Now: on the disk when it returns, and so is what waited. For what somebody waits for; the loop stands
 * meanwhile. false: errno, and it is not tried again.
 */
bool saves_now(struct saves *saves, const char *path, const void *text, size_t size);
/* The file goes, and with it what waits for it. false: errno. */
bool saves_remove(struct saves *saves, const char *path);

#endif
