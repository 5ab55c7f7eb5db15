/* SPDX-License-Identifier: MIT */
/*
 * boxes.c - the desktop's own box server: its tree, its socket, and its place in the node's boxd.
 *
 * boxd says whose node this is (kind of its root) and takes the mount; when it dies both are asked
 * for again until it is back. Nothing of the desktop depends on that.
 */
#include "boxes/boxes.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boxes/access.h"
#include "boxes/env.h"
#include "boxes/guest.h"
#include "boxes/questions.h"
#include "idle.h"
#include "net/asker.h"
#include "net/call.h"
#include "net/link.h"
#include "net/serve.h"
#include "notice.h"
#include "server.h"
#include "stream/cast.h"

#define LOG_MODULE "boxes"
#include "base/log.h"

#define WORKERS 2
#define RETRY_MS 1000

struct boxes {
	struct server *server;
	struct box_env env;
	struct box_server boxes;
	struct net_linker linker;
	struct net_asker asker;
	char boxd_path[108];
	char path[108]; // our own socket
	struct caller_unix boxd;
	struct buf told;           // by boxd, of its mount: not a whole entry yet
	struct call *kind, *mount, *here; // NULL: none under way
	char *version;             // of boxd's root, when it was asked last
	bool mounted;
	struct wl_event_source *retry;
	struct access *access;
	struct questions *questions;
	struct call *asked;   // waits for another list of /ask; NULL: none under way
	struct buf asked_list;
	char *asked_version;  // of the list that was seen last
	struct wl_listener returned;
};

static const char *const prefixes[] = {"/display", "/kbd", "/ptr", "/win"};

/* Whose node this is. */

static bool open_door(struct boxes *boxes) {
	struct door door = {.trusted = true};
	snprintf(door.subject.person, sizeof(door.subject.person), "%s",
		box_tree_owner(boxes->env.tree));
	snprintf(door.subject.machine, sizeof(door.subject.machine), "%s", boxes->env.machine);
	if (!box_server_listen(&boxes->boxes, boxes->path, &door)) {
		log_errno("%s", boxes->path);
		return false;
	}
	return true;
}

static void ask_kind(struct boxes *boxes);

static void handle_kind(void *data, const struct op_head *reply) {
	struct boxes *boxes = data;
	const char *owner = op_get(reply, OP_F_OWNER), *machine = op_get(reply, OP_F_MACHINE);
	const char *version = op_get(reply, OP_F_VERSION);
	if (reply->refusal.code != OP_OK) {
		return;
	}
	if (machine) {
		snprintf(boxes->env.machine, sizeof(boxes->env.machine), "%s", machine);
	}
	if (owner && strcmp(owner, box_tree_owner(boxes->env.tree)) != 0) {
		box_tree_set_owner(boxes->env.tree, owner);
		box_server_unlisten(&boxes->boxes, boxes->path);
		open_door(boxes);
	}
	free(boxes->version);
	boxes->version = version ? strdup(version) : NULL;
}

static void handle_kind_ended(void *data, const struct op_refusal *why,
		const struct op_head *trailer) {
	struct boxes *boxes = data;
	boxes->kind = NULL;
	if (why->code == OP_OK && boxes->version) {
		ask_kind(boxes); // waits until it changes
	}
}

static void ask_kind(struct boxes *boxes) {
	static const struct call_events events = {.reply = handle_kind, .ended = handle_kind_ended};
	struct op_head head;
	if (boxes->kind) {
		return;
	}
	op_head_init_request(&head, OP_KIND);
	op_set(&head, OP_F_NAME, "/");
	if (boxes->version) {
		op_set(&head, OP_F_SINCE, boxes->version);
	}
	boxes->kind = call_create(boxes->server->loop, &boxes->boxd.caller, &head, NULL, &events, boxes);
	op_head_finish(&head);
}

/* What the person is asked. */

static void look_at_questions(struct boxes *boxes);

static void handle_asked(void *data, const struct op_head *reply) {
	struct boxes *boxes = data;
	const char *version = op_get(reply, OP_F_VERSION);
	free(boxes->asked_version);
	boxes->asked_version = version ? strdup(version) : NULL;
}

static void handle_asked_bytes(void *data, const void *bytes, size_t size) {
	struct boxes *boxes = data;
	buf_append(&boxes->asked_list, bytes, size);
}

static void handle_asked_ended(void *data, const struct op_refusal *why,
		const struct op_head *trailer) {
	struct boxes *boxes = data;
	boxes->asked = NULL;
	questions_show(boxes->questions, &boxes->asked_list); // none, if boxd is gone
	if (why->code == OP_OK && boxes->asked_version) {
		look_at_questions(boxes); // waits until it changes
		return;
	}
	free(boxes->asked_version);
	boxes->asked_version = NULL;
}

static void look_at_questions(struct boxes *boxes) {
	static const struct call_events events = {
		.reply = handle_asked,
		.bytes = handle_asked_bytes,
		.ended = handle_asked_ended,
	};
	struct op_head head;
	if (boxes->asked) {
		return;
	}
	op_head_init_request(&head, OP_SELECTORS);
	op_set(&head, OP_F_NAME, "/ask");
	op_set(&head, OP_F_NS, "-");
	if (boxes->asked_version) {
		op_set(&head, OP_F_SINCE, boxes->asked_version);
	}
	boxes->asked = call_create(boxes->server->loop, &boxes->boxd.caller, &head, NULL, &events, boxes);
	op_head_finish(&head);
}

/* The mount. */

static void handle_mounted(void *data, const struct op_head *reply) {
	struct boxes *boxes = data;
	if (reply->refusal.code == OP_OK) {
		boxes->mounted = true;
		log_debug("mounted in boxd");
		ask_kind(boxes);
		look_at_questions(boxes);
		net_linker_retry(&boxes->linker);
	}
}

// In which groups somebody is: what he began here may have rested on one.
static void take_groups(struct boxes *boxes, const struct op_head *entry) {
	const char *as = op_get(entry, OP_F_AS);
	struct subject subject = {0};
	if (as && subject_parse_as(&subject, as, NULL) == OP_OK) {
		net_linker_set_groups(&boxes->linker, &subject);
		box_server_set_groups(&boxes->boxes, &subject);
	}
}

static void handle_mount_bytes(void *data, const void *bytes, size_t size) {
	struct boxes *boxes = data;
	struct op_head entry;
	size_t whole;
	bool any = false;
	buf_append(&boxes->told, bytes, size);
	while ((whole = op_head_size(buf_front(&boxes->told), boxes->told.size, NULL)) > 0) {
		if (op_decode(&entry, OP_ENTRY, buf_front(&boxes->told), whole, NULL) == OP_OK) {
			take_groups(boxes, &entry);
			op_head_finish(&entry);
			any = true;
		}
		buf_drop(&boxes->told, whole);
	}
	if (any) {
		box_tree_rights_changed(boxes->env.tree);
	}
}

static void handle_mount_ended(void *data, const struct op_refusal *why,
		const struct op_head *trailer) {
	struct boxes *boxes = data;
	boxes->mount = NULL;
	buf_drop(&boxes->told, boxes->told.size);
	if (boxes->mounted) {
		notice_show(boxes->server->notices, NOTICE_WARNING, 5000,
			"boxd is gone: no other machine sees this desktop until it is back");
		log_info("boxd is gone; trying again until it is back");
	} else if (why->code != OP_EUNREACH) {
		log_debug("%s", why->sentence);
	}
	boxes->mounted = false;
	free(boxes->version);
	boxes->version = NULL;
	wl_event_source_timer_update(boxes->retry, RETRY_MS);
}

static void mount(struct boxes *boxes) {
	static const struct call_events events = {
		.reply = handle_mounted,
		.bytes = handle_mount_bytes,
		.ended = handle_mount_ended,
	};
	struct op_head head;
	op_head_init_request(&head, OP_MAKE);
	op_setf(&head, OP_F_NAME, "/mount/boxland:%s", boxes->server->socket);
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		op_add(&head, OP_F_PREFIX, prefixes[i]);
	}
	op_add(&head, OP_F_AT, boxes->path);
	boxes->mount =
		call_create(boxes->server->loop, &boxes->boxd.caller, &head, NULL, &events, boxes);
	op_head_finish(&head);
	if (!boxes->mount) {
		wl_event_source_timer_update(boxes->retry, RETRY_MS);
	}
}

static int handle_retry(void *data) {
	struct boxes *boxes = data;
	if (!boxes->mount) {
		mount(boxes);
	}
	return 0;
}

/* The person came to this desktop: their devices are these now, on all their machines. */

static void handle_here_ended(void *data, const struct op_refusal *why,
		const struct op_head *trailer) {
	struct boxes *boxes = data;
	boxes->here = NULL;
	if (why->code != OP_OK) {
		log_debug("/usr: %s", why->sentence);
	}
}

static void handle_returned(struct wl_listener *listener, void *data) {
	static const struct call_events events = {.ended = handle_here_ended};
	struct boxes *boxes = wl_container_of(listener, boxes, returned);
	struct op_head head;
	if (boxes->here || !boxes->mounted) {
		return;
	}
	op_head_init_request(&head, OP_PUTMEM);
	op_set(&head, OP_F_NAME, "/usr");
	op_set_body(&head, OP_BODY_BYTES, 0);
	boxes->here = call_create(boxes->server->loop, &boxes->boxd.caller, &head, NULL, &events, boxes);
	op_head_finish(&head);
	if (boxes->here) {
		call_send_end(boxes->here);
	}
}

/* Its life. */

static bool find_paths(struct boxes *boxes) {
	const char *dir = getenv("XDG_RUNTIME_DIR");
	char own[108];
	if (!op_socket_path(boxes->boxd_path) || !dir) {
		log_error("XDG_RUNTIME_DIR is not set: this desktop is no box server");
		return false;
	}
	int size = snprintf(own, sizeof(own), "%s/boxland", dir);
	if (size < 0 || (size_t)size >= sizeof(own) || (mkdir(own, 0700) < 0 && errno != EEXIST)) {
		log_errno("%s", own);
		return false;
	}
	size = snprintf(boxes->path, sizeof(boxes->path), "%s/boxland/%s.op", dir,
		boxes->server->socket);
	return size > 0 && (size_t)size < sizeof(boxes->path);
}

static bool create_boxes(struct boxes *boxes) {
	static const struct boxland_type *const types[] = {
#define BOX_TYPE(name) &boxland_type_##name,
#include "box-types.inc"
#undef BOX_TYPE
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!types[i]->init(&boxes->env)) {
			log_error("a box cannot be made: out of memory");
			return false;
		}
	}
	return true;
}

static bool create_env(struct boxes *boxes) {
	struct box_env *env = &boxes->env;
	const struct passwd *user = getpwuid(getuid());
	env->server = boxes->server;
	env->linker = &boxes->linker.linker;
	gethostname(env->machine, sizeof(env->machine) - 1);
	env->tree = box_tree_create(user ? user->pw_name : "owner");
	env->pool = work_pool_create(boxes->server->loop, WORKERS);
	env->guests = guests_create(boxes->server);
	env->casts = casts_create(boxes->server);
	return env->tree && env->pool && env->guests && env->casts;
}

struct boxes *boxes_create(struct server *server) {
	struct boxes *boxes = calloc(1, sizeof(*boxes));
	if (!boxes) {
		return NULL;
	}
	boxes->server = server;
	buf_init(&boxes->asked_list);
	buf_init(&boxes->told);
	caller_unix_init(&boxes->boxd, server->loop, boxes->boxd_path);
	boxes->boxd.hands_over = true; // a window's exchange, to its encoder
	net_linker_init(&boxes->linker, server->loop, &boxes->boxd.caller);
	net_asker_init(&boxes->asker, server->loop, &boxes->boxd.caller);
	bool good = create_env(boxes);
	if (boxes->env.tree) {
		box_tree_set_asker(boxes->env.tree, &boxes->asker.asker);
	}
	box_server_init(&boxes->boxes, server->loop, boxes->env.tree);
	boxes->boxes.hands_over = true; // a view's exchange, to its window's boxview
	boxes->retry = wl_event_loop_add_timer(server->loop, handle_retry, boxes);
	boxes->returned.notify = handle_returned;
	wl_signal_add(idle_returned(server->idle), &boxes->returned);
	if (!good || !boxes->retry || !find_paths(boxes) || !create_boxes(boxes) ||
			!open_door(boxes) || !(boxes->access = access_create(&boxes->env)) ||
			!(boxes->questions = questions_create(server))) {
		boxes_destroy(boxes);
		return NULL;
	}
	net_linker_watch(&boxes->linker, boxes->env.tree);
	mount(boxes);
	return boxes;
}

void boxes_destroy(struct boxes *boxes) {
	if (!boxes) {
		return;
	}
	casts_end(boxes->env.casts);
	wl_list_remove(&boxes->returned.link);
	access_destroy(boxes->access);
	questions_destroy(boxes->questions);
	call_destroy(boxes->asked);
	buf_finish(&boxes->asked_list);
	buf_finish(&boxes->told);
	free(boxes->asked_version);
	call_destroy(boxes->kind);
	call_destroy(boxes->here);
	call_destroy(boxes->mount);
	if (boxes->retry) {
		wl_event_source_remove(boxes->retry);
	}
	if (boxes->env.tree) {
		box_tree_set_asker(boxes->env.tree, NULL);
	}
	net_asker_finish(&boxes->asker);
	box_server_finish(&boxes->boxes);
	net_linker_finish(&boxes->linker);
	if (boxes->env.tree) {
		box_tree_destroy(boxes->env.tree);
	}
	casts_destroy(boxes->env.casts);
	guests_destroy(boxes->env.guests);
	if (boxes->env.pool) {
		work_pool_destroy(boxes->env.pool);
	}
	free(boxes->version);
	free(boxes);
}
