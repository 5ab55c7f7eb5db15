/* SPDX-License-Identifier: MIT */
/*
 * crowd.c - how many things one client may have on the desktop at once.
 *
 * Memory that a client shares with us is its own; what grows with each surface is the time that the scene
 * takes for it at every change.
 */
#include "crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <wlr/types/wlr_compositor.h>

#include "notice.h"
#include "server.h"

#define LOG_MODULE "crowd"
#include "base/log.h"

#define NOTICE_MSEC 10000

/* More than any program needs: a browser has tens of windows, and a few surfaces in each. */
static const struct {
	int most;
	const char *name;
} kinds[CROWD_KINDS] = {
	[CROWD_WINDOWS] = {150, "windows"},
	[CROWD_POPUPS] = {100, "menus"},
	[CROWD_SURFACES] = {1000, "surfaces"},
};

struct crowd {
	struct server *server;
	struct wl_listener new_surface;
};

/* A client. It is found by its listener, which outlives what the client has. */
struct member {
	struct wl_listener gone;
	int counts[CROWD_KINDS];
	bool ended;
};

struct thing {
	struct wl_listener gone;
	struct member *member;
	enum crowd_kind kind;
};

static void handle_client_gone(struct wl_listener *listener, void *data) {
	struct member *member = wl_container_of(listener, member, gone);
	free(member);
}

static struct member *member_of(struct wl_client *client) {
	struct wl_listener *found = wl_client_get_destroy_late_listener(client, handle_client_gone);
	struct member *member = NULL;
	if (found) {
		return wl_container_of(found, member, gone);
	}
	member = calloc(1, sizeof(*member));
	if (member) {
		member->gone.notify = handle_client_gone;
		wl_client_add_destroy_late_listener(client, &member->gone);
	}
	return member;
}

static void handle_thing_gone(struct wl_listener *listener, void *data) {
	struct thing *thing = wl_container_of(listener, thing, gone);
	thing->member->counts[thing->kind]--;
	wl_list_remove(&thing->gone.link);
	free(thing);
}

/* As the system calls the program; one in a sandbox may be called as it likes. */
static void read_name(struct wl_client *client, char *name, size_t size) {
	char path[32];
	pid_t pid;
	wl_client_get_credentials(client, &pid, NULL, NULL);
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file || !fgets(name, (int)size, file)) {
		snprintf(name, size, "a program");
	}
	if (file) {
		fclose(file);
	}
	for (char *c = name; *c; c++) {
		if (*c == '\n') {
			*c = '\0';
		} else if (*c < 0x20 || *c > 0x7e) {
			*c = '?';
		}
	}
}

static void end(struct crowd *crowd, struct wl_client *client, enum crowd_kind kind) {
	char name[64], sentence[200];
	read_name(client, name, sizeof(name));
	snprintf(sentence, sizeof(sentence), "%s opened more than %d %s at once: it was ended", name,
		kinds[kind].most, kinds[kind].name);
	log_error("%s", sentence);
	notice_show(crowd->server->notices, NOTICE_WARNING, NOTICE_MSEC, sentence);
	wl_client_post_implementation_error(client, "more than %d %s at once: close some before more are "
		"opened", kinds[kind].most, kinds[kind].name);
}

bool crowd_add(struct crowd *crowd, enum crowd_kind kind, struct wl_client *client,
		struct wl_signal *gone) {
	struct member *member = member_of(client);
	struct thing *thing = member ? calloc(1, sizeof(*thing)) : NULL;
	if (!thing) {
		wl_client_post_no_memory(client);
		return false;
	}
	thing->member = member;
	thing->kind = kind;
	thing->gone.notify = handle_thing_gone;
	wl_signal_add(gone, &thing->gone);
	if (++member->counts[kind] > kinds[kind].most && !member->ended) {
		member->ended = true;
		end(crowd, client, kind);
	}
	return !member->ended;
}

static void handle_new_surface(struct wl_listener *listener, void *data) {
	struct crowd *crowd = wl_container_of(listener, crowd, new_surface);
	struct wlr_surface *surface = data;
	crowd_add(crowd, CROWD_SURFACES, wl_resource_get_client(surface->resource),
		&surface->events.destroy);
}

struct crowd *crowd_create(struct server *server) {
	struct crowd *crowd = calloc(1, sizeof(*crowd));
	if (!crowd) {
		return NULL;
	}
	crowd->server = server;
	crowd->new_surface.notify = handle_new_surface;
	wl_signal_add(&server->compositor->events.new_surface, &crowd->new_surface);
	return crowd;
}

void crowd_destroy(struct crowd *crowd) {
	if (crowd) {
		wl_list_remove(&crowd->new_surface.link);
		free(crowd);
	}
}
