/* SPDX-License-Identifier: MIT */
/*
 * leave.c - the key that ends the session: asked twice while there is something to lose.
 */
#include "leave.h"

#include <stdio.h>
#include <stdlib.h>

#include "bindings.h"
#include "notice.h"
#include "server.h"
#include "toplevel.h"

#define ASK_MSEC 5000

struct leave {
	struct server *server;
	struct notice *asked; // NULL: not asked, or long ago
	struct wl_listener asked_destroy;
};

struct leave *leave_create(struct server *server) {
	struct leave *leave = calloc(1, sizeof(*leave));
	if (leave) {
		leave->server = server;
	}
	return leave;
}

static void forget(struct leave *leave) {
	if (leave->asked) {
		wl_list_remove(&leave->asked_destroy.link);
		leave->asked = NULL;
	}
}

void leave_destroy(struct leave *leave) {
	if (leave) {
		forget(leave);
		free(leave);
	}
}

static void handle_asked_destroy(struct wl_listener *listener, void *data) {
	struct leave *leave = wl_container_of(listener, leave, asked_destroy);
	forget(leave);
}

void leave_ask(struct leave *leave) {
	struct server *server = leave->server;
	int windows = wl_list_length(&server->toplevels->list);
	if (windows == 0 || leave->asked) {
		server_stop(server);
		return;
	}
	char chord[64], text[160];
	bindings_describe(server->bindings, "quit", chord, sizeof(chord));
	const char *again = chord[0] ? chord : "The same key";
	if (windows == 1) {
		snprintf(text, sizeof(text), "%s again ends the session and closes its window", again);
	} else {
		snprintf(text, sizeof(text), "%s again ends the session and closes its %d windows",
			again, windows);
	}
	leave->asked = notice_show(server->notices, NOTICE_WARNING, ASK_MSEC, text);
	if (leave->asked) {
		leave->asked_destroy.notify = handle_asked_destroy;
		wl_signal_add(&leave->asked->events.destroy, &leave->asked_destroy);
	}
}
