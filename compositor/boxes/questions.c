/* SPDX-License-Identifier: MIT */
/*
 * questions.c - notices of the questions that wait at boxd's /ask, whose list boxes.c has.
 *
 * They are not answered here: a key pressed for something else must not give leave.
 */
#include "boxes/questions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/op.h"
#include "notice.h"
#include "server.h"

#define SHOWN_MAX 4 // at once; who asks more waits in box ask

struct shown {
	struct wl_list link; // questions.shown
	char *name;          // "/3", below /ask
	bool open;           // it is in the newest list
	struct notice *notice; // NULL: taken away by somebody else
	struct wl_listener notice_destroy;
};

struct questions {
	struct server *server;
	struct wl_list shown;
};

static void drop_notice(struct shown *shown) {
	wl_list_remove(&shown->notice_destroy.link);
	wl_list_init(&shown->notice_destroy.link);
	shown->notice = NULL;
}

static void handle_notice_destroy(struct wl_listener *listener, void *data) {
	struct shown *shown = wl_container_of(listener, shown, notice_destroy);
	drop_notice(shown);
}

static void shown_destroy(struct shown *shown) {
	struct notice *notice = shown->notice;
	drop_notice(shown);
	notice_destroy(notice);
	wl_list_remove(&shown->link);
	free(shown->name);
	free(shown);
}

static void show(struct questions *questions, const char *name, const char *title) {
	char text[600];
	struct shown *shown;
	wl_list_for_each(shown, &questions->shown, link) {
		if (strcmp(shown->name, name) == 0) {
			shown->open = true;
			return;
		}
	}
	if (wl_list_length(&questions->shown) >= SHOWN_MAX || !(shown = calloc(1, sizeof(*shown)))) {
		return;
	}
	snprintf(text, sizeof(text), "%.500s: box ask in a terminal answers", title);
	shown->name = strdup(name);
	shown->notice_destroy.notify = handle_notice_destroy;
	wl_list_init(&shown->notice_destroy.link);
	wl_list_insert(&questions->shown, &shown->link);
	shown->notice = notice_show(questions->server->notices, NOTICE_STATE, 0, text);
	if (!shown->name || !shown->notice) {
		shown_destroy(shown);
		return;
	}
	shown->open = true;
	wl_signal_add(&shown->notice->events.destroy, &shown->notice_destroy);
}

void questions_show(struct questions *questions, struct buf *list) {
	struct shown *shown, *next;
	struct op_head entry;
	size_t size;
	wl_list_for_each(shown, &questions->shown, link) {
		shown->open = false;
	}
	while (list->size > 0 && (size = op_head_size(buf_front(list), list->size, NULL)) > 0 &&
			op_decode(&entry, OP_ENTRY, buf_front(list), size, NULL) == OP_OK) {
		const char *name = op_get(&entry, OP_F_NAME), *title = op_get(&entry, OP_F_TITLE);
		const char *state = op_get(&entry, OP_F_STATE);
		if (name && title && state && strcmp(state, "waiting") == 0) {
			show(questions, name, title);
		}
		op_head_finish(&entry);
		buf_drop(list, size);
	}
	buf_drop(list, list->size);
	wl_list_for_each_safe(shown, next, &questions->shown, link) {
		if (!shown->open) {
			shown_destroy(shown);
		}
	}
}

struct questions *questions_create(struct server *server) {
	struct questions *questions = calloc(1, sizeof(*questions));
	if (questions) {
		questions->server = server;
		wl_list_init(&questions->shown);
	}
	return questions;
}

void questions_destroy(struct questions *questions) {
	struct shown *shown, *next;
	if (!questions) {
		return;
	}
	wl_list_for_each_safe(shown, next, &questions->shown, link) {
		shown_destroy(shown);
	}
	free(questions);
}
