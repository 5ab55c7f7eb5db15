/* SPDX-License-Identifier: MIT */
/*
 * access.c - the configuration's access lines, set in the access lists of boxes and taken back.
 *
 * Who may what is decided by box/perm.c.
 */
#include "boxes/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/name.h"
#include "config.h"
#include "notice.h"
#include "server.h"

#define LOG_MODULE "access"
#include "base/log.h"

struct given { // a line in force
	struct wl_list link; // access.given
	char *line;
};

struct access {
	struct box_env *env;
	struct wl_list given; // given.link
	struct wl_event_source *idle;
	struct wl_listener configured;
};

/* The box of a line; *entry becomes what the line says of it. NULL: why is set. */
static struct box *find(struct access *access, const char *line, const char **entry,
		struct op_refusal *why) {
	char name[OP_MAX_NAME + 1];
	const char *rest;
	size_t size = strcspn(line, " \t");
	*entry = line + size + strspn(line + size, " \t");
	if (size > OP_MAX_NAME) {
		op_refuse(why, OP_E2BIG, "a name has at most %d bytes", OP_MAX_NAME);
		return NULL;
	}
	memcpy(name, line, size);
	name[size] = '\0';
	if (name_check(name, why) != OP_OK) {
		return NULL;
	}
	struct box *box = box_find(access->env->tree, name, &rest);
	if (*rest) {
		op_refuse(why, OP_ENOENT, "there is no box %.100s here", name);
		return NULL;
	}
	return box;
}

static void complain(struct access *access, const char *line, const struct op_refusal *why) {
	struct server *server = access->env->server;
	char sentence[700];
	snprintf(sentence, sizeof(sentence), "%s: access %s: %s", server->config->path, line,
		why->sentence);
	log_error("%s", sentence);
	notice_show(server->notices, NOTICE_WARNING, 10000, sentence);
}

static void give(struct access *access, const char *line) {
	struct op_refusal why;
	const char *entry;
	struct box *box = find(access, line, &entry, &why);
	struct given *given = calloc(1, sizeof(*given));
	if (!given || !(given->line = strdup(line))) {
		free(given);
		op_refuse(&why, OP_EIO, "out of memory");
		complain(access, line, &why);
	} else if (!box || box_set_acl(box, entry, &why) != OP_OK) {
		free(given->line);
		free(given);
		complain(access, line, &why);
	} else {
		wl_list_insert(access->given.prev, &given->link);
	}
}

// Inner boxes too: a list of their own began as a copy of this one.
static void take_from(struct box *box, const char *nothing) {
	struct op_refusal why;
	struct box *inner;
	if (box->acl) {
		box_set_acl(box, nothing, &why); // it was a good line with letters, and is one without
	}
	wl_list_for_each(inner, &box->inner, link) {
		take_from(inner, nothing);
	}
}

static void take_back(struct access *access, struct given *given) {
	struct op_refusal why;
	const char *entry;
	struct box *box = find(access, given->line, &entry, &why);
	char nothing[OP_MAX_NAME];
	int size = (int)strcspn(entry, " ");
	if (box && snprintf(nothing, sizeof(nothing), "%.*s -", size, entry) < OP_MAX_NAME) {
		take_from(box, nothing);
	}
	wl_list_remove(&given->link);
	free(given->line);
	free(given);
}

static void set_all(struct access *access) {
	const struct config_line *line;
	struct given *given, *next;
	wl_list_for_each_safe(given, next, &access->given, link) {
		take_back(access, given);
	}
	wl_list_for_each(line, &access->env->server->config->access, link) {
		give(access, line->text);
	}
}

static void handle_idle(void *data) {
	struct access *access = data;
	access->idle = NULL;
	set_all(access);
}

static void handle_configured(struct wl_listener *listener, void *data) {
	struct access *access = wl_container_of(listener, access, configured);
	set_all(access);
}

struct access *access_create(struct box_env *env) {
	struct access *access = calloc(1, sizeof(*access));
	if (!access) {
		return NULL;
	}
	access->env = env;
	wl_list_init(&access->given);
	access->configured.notify = handle_configured;
	wl_signal_add(&env->server->events.configured, &access->configured);
	access->idle = wl_event_loop_add_idle(env->server->loop, handle_idle, access);
	if (!access->idle) {
		access_destroy(access);
		return NULL;
	}
	return access;
}

void access_destroy(struct access *access) {
	if (!access) {
		return;
	}
	wl_list_remove(&access->configured.link);
	if (access->idle) {
		wl_event_source_remove(access->idle);
	}
	struct given *given, *next;
	wl_list_for_each_safe(given, next, &access->given, link) {
		free(given->line);
		free(given);
	}
	free(access);
}
