/* SPDX-License-Identifier: MIT */
/*
 * shown.c - remote windows shown on this desktop: one boxview each.
 *
 * boxview is an ordinary client; what it says besides, which view it is and what it shows, is
 * shown_protocol.c's.
 */
#include "boxes/shown_impl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/helper.h"
#include "base/spawn.h"
#include "boxes/told.h"
#include "globals.h"
#include "launch.h"
#include "notice.h"
#include "server.h"

#define LOG_MODULE "shown"
#include "base/log.h"

#define EXCHANGE_FD 3 // in boxview
#define STATUS_LOST 3 // boxview's: its source was lost
#define PATIENCE_MS 3000 // between asking a boxview to end and ending it
#define SHOWN_MAX 64
#define SHOWN_EACH 16 // of each other person, so that nobody keeps the rest out
#define NOTICE_MS 5000

/* The box. */

static void shown_delete(struct box *box, struct req *req) {
	struct shown *shown = box->data;
	spawn_signal(shown->program, SIGTERM);
	wl_event_source_timer_update(shown->patience, PATIENCE_MS);
	req_ok(req); // the box goes with the program
}

static int handle_patience(void *data) {
	struct shown *shown = data;
	spawn_kill(shown->program);
	return 0;
}

static void shown_describe(struct box *box, struct op_head *entry) {
	const struct shown *shown = box->data;
	op_set(entry, OP_F_TITLE, shown->title);
	op_set(entry, OP_F_FROM, shown->from);
	op_set(entry, OP_F_BY, shown->by);
	op_set_number(entry, OP_F_STARTED, (uint64_t)shown->started);
	op_set(entry, OP_F_STATE, shown->capture_ns ? "shown" : "coming");
	told_describe(entry, shown->stats, "");
}

static void stats_getmem(struct box *box, struct req *req) {
	const struct shown *shown = box->data;
	struct buf text;
	buf_init(&text);
	buf_printf(&text, "sequence %u\ncapture_ns %llu\n%s", shown->sequence,
		(unsigned long long)shown->capture_ns, shown->stats ? shown->stats : "");
	op_set(req_reply(req), OP_F_TYPE, "text");
	req_ok_bytes(req, buf_front(&text), text.size);
	buf_finish(&text);
}

static const struct box_type stats_type = {
	.name = "stats",
	.fn = {[OP_GETMEM] = stats_getmem},
};

static void shown_destroy(struct box *box) {
	struct shown *shown = box->data;
	shown_detach(shown);
	wl_list_remove(&shown->link);
	spawn_destroy(shown->program);
	if (shown->patience) {
		wl_event_source_remove(shown->patience);
	}
	free(shown->title);
	free(shown->from);
	free(shown->stats);
	free(shown->lost);
	free(shown);
}

static const struct box_type shown_type = {
	.name = "view",
	.fn = {[OP_DELETE] = shown_delete},
	.describe = shown_describe,
	.destroy = shown_destroy,
};

/* The program. */

// A source that was lost may not have heard that its view was closed, and asks for it again.
static void note_closed(struct shown_list *list, const char *key) {
	strcpy(list->closed[list->closed_next], key);
	list->closed_next = (list->closed_next + 1) % SHOWN_CLOSED;
}

static bool was_closed(const struct shown_list *list, const char *key) {
	for (int i = 0; i < SHOWN_CLOSED; i++) {
		if (list->closed[i][0] && strcmp(list->closed[i], key) == 0) {
			return true;
		}
	}
	return false;
}

// What a person is told who did not close it. The name is a stranger's, but has no control characters.
static void say_ended(const struct shown *shown, int status) {
	char sentence[700];
	if (WIFSIGNALED(status)) {
		snprintf(sentence, sizeof(sentence), "the view of %.200s was lost: boxview was killed by "
			"signal %d", shown->from, WTERMSIG(status));
	} else if (WEXITSTATUS(status) != STATUS_LOST) {
		snprintf(sentence, sizeof(sentence), "the view of %.200s ended with status %d: the log of the "
			"desktop says why", shown->from, WEXITSTATUS(status));
	} else if (shown->lost) {
		snprintf(sentence, sizeof(sentence), "%.200s is not shown: %.400s", shown->from, shown->lost);
	} else if (shown->capture_ns == 0) {
		snprintf(sentence, sizeof(sentence), "%.200s was lost before its first picture came",
			shown->from);
	} else {
		snprintf(sentence, sizeof(sentence), "%.200s did not return: its view is closed", shown->from);
	}
	log_error("%s", sentence);
	notice_show(shown->list->env->server->notices, NOTICE_WARNING, NOTICE_MS, sentence);
}

static void handle_ended(void *data, int status) {
	struct shown *shown = data;
	shown->program = NULL;
	if (status == 0) {
		note_closed(shown->list, shown->key);
	} else {
		say_ended(shown, status);
	}
	box_destroy(shown->box);
}

static bool start(struct shown *shown, const char *path, int fd) {
	char display[128];
	snprintf(display, sizeof(display), "WAYLAND_DISPLAY=%s", shown->list->env->server->socket);
	const char **env = launch_env(display);
	const char *argv[] = {"boxview", "--from", shown->from, "--title", shown->title, "--key",
		shown->key, NULL};
	const struct spawn_fd fds[] = {{fd, EXCHANGE_FD}};
	const struct spawn_options options = {
		.argv = argv,
		.prog = path,
		.exec_fd = -1,
		.env = env,
		.fds = fds,
		.fds_size = 1,
		.tty = -1,
	};
	shown->program = env ?
		spawn_create(shown->list->env->server->loop, &options, handle_ended, shown) : NULL;
	if (!shown->program) {
		log_errno("%s", path);
	}
	free(env);
	return shown->program;
}

static void make_key(char key[static SHOWN_KEY + 1]) {
	uint8_t random[SHOWN_KEY / 2];
	if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
		abort(); // it never fails for so few bytes
	}
	for (size_t i = 0; i < sizeof(random); i++) {
		sprintf(key + 2 * i, "%02x", random[i]);
	}
}

// What the source calls itself; of another person's machine, as /n has it: ann.den/win/3.
static char *name_source(const struct shown_list *list, const struct req *req, const char *from) {
	const char *person = req->subject->person;
	bool ours = strcmp(person, box_tree_owner(list->env->tree)) == 0;
	char *name;
	return asprintf(&name, "%s%s%s", ours ? "" : person, ours ? "" : ".", from) < 0 ? NULL : name;
}

static struct shown *shown_create(struct shown_list *list, struct box *display, struct req *req) {
	const char *from = op_get(req->head, OP_F_FROM), *title = op_get(req->head, OP_F_TITLE);
	char name[16];
	struct shown *shown = calloc(1, sizeof(*shown));
	if (!shown) {
		return NULL;
	}
	shown->list = list;
	const char *parent = op_get(req->head, OP_F_PARENT);
	snprintf(shown->parent, sizeof(shown->parent), "%s", parent ? parent : "");
	wl_list_init(&shown->xdg_destroy.link);
	wl_list_init(&shown->xdg_map.link);
	shown->started = time(NULL);
	subject_print(req->subject, shown->by);
	make_key(shown->key);
	wl_list_insert(list->list.prev, &shown->link);
	snprintf(name, sizeof(name), "%u", box_free_number(display));
	shown->from = name_source(list, req, from ? from : req->subject->machine);
	shown->title = strdup(title ? title : "");
	shown->patience = wl_event_loop_add_timer(list->env->server->loop, handle_patience, shown);
	if (shown->from && shown->title && shown->patience) {
		shown->box = box_create(display, name, &shown_type, "view", shown);
	}
	if (!shown->box) {
		struct box none = {.data = shown};
		shown_destroy(&none);
		return NULL;
	}
	if (!box_create(shown->box, "stats", &stats_type, "text", shown)) {
		box_destroy(shown->box);
		return NULL;
	}
	return shown;
}

static struct shown *find(struct shown_list *list, const char *key, const struct req *req) {
	char by[130];
	struct shown *shown;
	subject_print(req->subject, by);
	wl_list_for_each(shown, &list->list, link) {
		if (strcmp(shown->key, key) == 0 && strcmp(shown->by, by) == 0 && shown->resource) {
			return shown;
		}
	}
	return NULL;
}

// The exchange, answered: what the view does there goes back on the same. -1: refused.
static int accept_view(const struct shown *shown, struct req *req) {
	struct op_refusal why;
	op_set(req_reply(req), OP_F_VIEW, shown->key);
	op_set_body(req_reply(req), OP_BODY_FRAMES, 0);
	int fd = req_hand_over(req, &why);
	if (fd < 0) {
		req_refuse(req, &why);
	}
	return fd;
}

static void serve_again(struct shown *shown, struct req *req) {
	int fd = accept_view(shown, req);
	if (fd < 0) {
		return;
	}
	shown_send_exchange(shown, fd);
	close(fd);
}

static void serve_new(struct shown_list *list, struct box *display, struct req *req) {
	char *path = helper_path("boxview");
	struct shown *shown = NULL;
	int fd = -1;
	if (!path || access(path, X_OK) < 0) {
		req_fail(req, OP_EUNSUPP, "this desktop has no boxview to show windows with: is all of "
			"Boxland installed there?");
	} else if (!(shown = shown_create(list, display, req))) {
		req_fail(req, OP_EIO, "out of memory");
	} else {
		fd = accept_view(shown, req);
		if (fd < 0 || !start(shown, path, fd)) {
			box_destroy(shown->box); // the exchange breaks off with its descriptor
		}
	}
	if (fd >= 0) {
		close(fd);
	}
	free(path);
}

static int count_by(const struct shown_list *list, const char *person) {
	const struct shown *shown;
	size_t size = strlen(person);
	int count = 0;
	wl_list_for_each(shown, &list->list, link) {
		count += strncmp(shown->by, person, size) == 0 && shown->by[size] == '/';
	}
	return count;
}

void shown_serve(struct shown_list *list, struct box *display, struct req *req) {
	const char *key = op_get(req->head, OP_F_VIEW);
	struct shown *again = key ? find(list, key, req) : NULL;
	if (again) {
		serve_again(again, req);
	} else if (key && was_closed(list, key)) {
		req_ok_open(req, OP_BODY_FRAMES, 0); // and over, in order: that ends the link
		req_end(req, NULL);
	} else if (wl_list_length(&list->list) >= SHOWN_MAX) {
		req_fail(req, OP_EQUOTA, "%d remote windows are shown here already: close some", SHOWN_MAX);
	} else if (strcmp(req->subject->person, box_tree_owner(list->env->tree)) != 0 &&
			count_by(list, req->subject->person) >= SHOWN_EACH) {
		req_fail(req, OP_EQUOTA, "%d windows of %s are shown here already: close some", SHOWN_EACH,
			req->subject->person);
	} else {
		serve_new(list, display, req);
	}
}

// Told apart as soon as it connects, before it reads a stranger's byte: what it sent may still be
// there to be served when the program has ended and its number is another's.
static void handle_client_created(struct wl_listener *listener, void *data) {
	struct shown_list *list = wl_container_of(listener, list, client_created);
	struct wl_client *client = data;
	const struct shown *shown;
	pid_t pid;
	wl_client_get_credentials(client, &pid, NULL, NULL);
	wl_list_for_each(shown, &list->list, link) {
		if (shown->program && spawn_pid(shown->program) == pid) {
			globals_confine(client);
			return;
		}
	}
}

struct shown_list *shown_list_create(struct box_env *env) {
	struct shown_list *list = calloc(1, sizeof(*list));
	if (!list) {
		return NULL;
	}
	list->env = env;
	wl_list_init(&list->list);
	if (!shown_protocol_create(list)) {
		free(list);
		return NULL;
	}
	list->client_created.notify = handle_client_created;
	wl_display_add_client_created_listener(env->server->display, &list->client_created);
	return list;
}

void shown_list_destroy(struct shown_list *list) {
	if (!list) {
		return;
	}
	struct shown *shown, *next;
	wl_list_for_each_safe(shown, next, &list->list, link) {
		box_destroy(shown->box);
	}
	// Resources outlive it only while the display is going down: clients end right behind.
	wl_list_remove(&list->client_created.link);
	wl_global_destroy(list->global);
	free(list);
}
