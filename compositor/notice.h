/* SPDX-License-Identifier: MIT */
#ifndef NOTICE_H
#define NOTICE_H

#include <wayland-server-core.h>

/*
 * Short sentences for the person, on a small banner at the top of every output, above everything:
 * the newest lowest. They take no input and no focus.
 */

struct server;
struct notices;

enum notice_kind {
	NOTICE_PLAIN,
	NOTICE_WARNING, // something is wrong
	NOTICE_STATE,   // something is so, and stays so until the notice goes: "keyboard lent to ann"
};

struct notice {
	struct {
		struct wl_signal destroy; // struct notice *: taken away, or its time is over
	} events;

	// private state
	struct notices *notices;
	struct wl_list link; // notices.list
	enum notice_kind kind;
	char *text;
	struct wl_event_source *timer; // NULL: until it is taken away
};

struct notices *notices_create(struct server *server);
void notices_destroy(struct notices *notices);

/*
 * Shows a sentence for some milliseconds, or (0) until notice_destroy. The text is copied. Whoever
 * keeps the notice listens to its destroy. NULL: no memory.
 */
struct notice *notice_show(struct notices *notices, enum notice_kind kind, int lifetime_msec,
	const char *text);
/* Another sentence in its place; its lifetime goes on. */
void notice_set_text(struct notice *notice, const char *text);
/* Takes it away. NULL is fine. */
void notice_destroy(struct notice *notice);

#endif
