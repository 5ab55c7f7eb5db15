/* SPDX-License-Identifier: MIT */
/*
 * lend.c - lending a local device: the borrower, what he is told, and taking it back.
 *
 * What came from afar is never told on: the hook sees the local seat's devices only, and guests do
 * not come through it.
 */
#include "boxes/lend.h"

#include <linux/input-event-codes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wlr/backend/session.h>
#include <wlr/types/wlr_keyboard.h>

#include "base/buf.h"
#include "notice.h"
#include "server.h"

#define HEARTBEAT_MS 250
// Bytes a borrower may be behind before he loses the device: a few keymaps, of 70 KiB each.
#define LAG_MAX (512 * 1024)

uint64_t lend_now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void handle_notice_gone(struct wl_listener *listener, void *data) {
	struct lent *lent = wl_container_of(listener, lent, notice_gone);
	wl_list_remove(&lent->notice_gone.link);
	wl_list_init(&lent->notice_gone.link);
	lent->notice = NULL;
}

static void show_notice(struct lent *lent) {
	char text[300];
	snprintf(text, sizeof(text), "Your %s is lent to %s (%s). Super+Esc takes it back",
		lent->device->what, lent->borrower->subject->person, lent->borrower->subject->machine);
	lent->notice = notice_show(lent->env->server->notices, NOTICE_STATE, 0, text);
	if (lent->notice) {
		lent->notice_gone.notify = handle_notice_gone;
		wl_signal_add(&lent->notice->events.destroy, &lent->notice_gone);
	}
}

static void stop(struct lent *lent) {
	lent->borrower = NULL;
	lent->held_size = 0;
	wl_event_source_timer_update(lent->heartbeat, 0);
	input_hook_remove(&lent->hook);
	notice_destroy(lent->notice);
}

// Everything but the request, which its caller answers or which is gone.
static void take_back(struct lent *lent) {
	stop(lent);
	struct box *user = lent->user;
	lent->user = NULL;
	box_destroy(user);
	box_changed(lent->box);
	char text[100];
	snprintf(text, sizeof(text), "Your %s is yours again", lent->device->what);
	notice_show(lent->env->server->notices, NOTICE_PLAIN, 3000, text);
}

/*
 * What was taken back stays so. A link whose exchange ended in order ends too, but it does not hear
 * of that while the network is dead, and comes again when it is not.
 */
static char *link_of(const struct req *req) {
	const char *from = op_get(req->head, OP_F_FROM);
	char by[130], *link;
	bool known = from && asprintf(&link, "%s %s", subject_print(req->subject, by), from) >= 0;
	return known ? link : NULL; // asked for by no link
}

static void remember(struct lent *lent, const struct req *req) {
	char *link = link_of(req);
	if (link) {
		free(lent->taken[lent->taken_next]);
		lent->taken[lent->taken_next] = link;
		lent->taken_next = (lent->taken_next + 1) % LEND_TAKEN_MAX;
	}
}

static bool was_taken_back(const struct lent *lent, const struct req *req) {
	char *link = link_of(req);
	bool found = false;
	for (int i = 0; link && i < LEND_TAKEN_MAX; i++) {
		found = found || (lent->taken[i] && strcmp(lent->taken[i], link) == 0);
	}
	free(link);
	return found;
}

// By the lender.
static void end_borrowing(struct lent *lent) {
	struct req *req = lent->borrower;
	if (req) {
		remember(lent, req);
		take_back(lent);
		req_end(req, NULL); // in order: the link that borrowed it ends
	}
}

// The person has gone to another console: what is typed there is nobody else's.
static void handle_session_active(struct wl_listener *listener, void *data) {
	struct lent *lent = wl_container_of(listener, lent, session_active);
	if (!lent->env->server->session->active) {
		end_borrowing(lent);
	}
}

static void borrower_gone(struct req *req) {
	take_back(req->data);
}

/* What is told. */

static void send_frame(struct lent *lent, enum op_kind kind, const void *payload, size_t size) {
	struct frame frame = {
		.kind = kind,
		.sequence = ++lent->sequence,
		.base = lent->sequence,
		.capture_ns = lend_now_ns(),
		.payload = payload,
		.size = size,
	};
	req_frame(lent->borrower, &frame);
	if (req_queued(lent->borrower) > LAG_MAX) {
		struct req *req = lent->borrower;
		take_back(lent);
		req_end_fail(req, OP_EQUOTA, "the %s was taken back: its borrower does not keep up",
			lent->device->what);
	}
}

static void note_held(struct lent *lent, uint32_t code, bool down) {
	int max = sizeof(lent->held) / sizeof(lent->held[0]);
	for (int i = 0; i < lent->held_size; i++) {
		if (lent->held[i] == code) {
			lent->held[i] = lent->held[--lent->held_size];
			break;
		}
	}
	if (down && lent->held_size < max) {
		lent->held[lent->held_size++] = code;
	}
	wl_event_source_timer_update(lent->heartbeat, lent->held_size > 0 ? HEARTBEAT_MS : 0);
}

void lend_record(struct lent *lent, const struct input_record *record) {
	uint8_t bytes[INPUT_RECORD_SIZE];
	if (lent->borrower) {
		if (record->type == EV_KEY) {
			note_held(lent, record->code, record->value);
		}
		input_record_encode(record, bytes);
		send_frame(lent, FRAME_INPUT, bytes, sizeof(bytes));
	}
}

void lend_line(struct lent *lent, int word, const char *fmt, ...) {
	char *text;
	va_list args;
	va_start(args, fmt);
	int size = vasprintf(&text, fmt, args);
	va_end(args);
	if (size < 0) {
		return;
	}
	struct buf line;
	buf_init(&line);
	if (lent->borrower && control_append(&line, word, "%s", text)) {
		send_frame(lent, FRAME_CONTROL, buf_front(&line), line.size);
	}
	buf_finish(&line);
	free(text);
}

// While something is down it is said again and again, so that silence means that we are gone.
static int handle_heartbeat(void *data) {
	struct lent *lent = data;
	char codes[128] = "";
	size_t size = 0;
	for (int i = 0; i < lent->held_size; i++) {
		size += (size_t)snprintf(codes + size, sizeof(codes) - size, "%s%u", i ? "," : "",
			lent->held[i]);
	}
	wl_event_source_timer_update(lent->heartbeat, HEARTBEAT_MS);
	lend_line(lent, CONTROL_HELD, "%s", codes);
	return 0;
}

// By place, which no borrowed layout takes away, or by what the person made Escape.
static bool is_chord(const struct input_event *event) {
	return event->type == INPUT_KEY && event->key.pressed &&
		(event->key.modifiers & WLR_MODIFIER_LOGO) &&
		(event->key.code == KEY_ESC || event->key.sym == XKB_KEY_Escape);
}

static bool handle_event(struct input_hook *hook, const struct input_event *event);

// Every device, not only the one whose hook is asked first: each notice promises it.
static void end_all(struct input *input) {
	struct input_hook *hook, *next;
	wl_list_for_each_safe(hook, next, &input->hooks, link) {
		if (hook->event == handle_event) {
			struct lent *lent = wl_container_of(hook, lent, hook);
			end_borrowing(lent);
		}
	}
}

static bool handle_event(struct input_hook *hook, const struct input_event *event) {
	struct lent *lent = wl_container_of(hook, lent, hook);
	if (is_chord(event)) {
		end_all(lent->env->server->input);
		return true;
	}
	if (!lent->device->is_ours(event)) {
		return false;
	}
	lent->device->tell(lent, event);
	return true;
}

/* The boxes. */

static void user_delete(struct box *box, struct req *req) {
	end_borrowing(box->data); // the box goes with it
	req_ok(req);
}

static void user_describe(struct box *box, struct op_head *entry) {
	const struct lent *lent = box->data;
	char by[130];
	if (lent->borrower) {
		op_set(entry, OP_F_BY, subject_print(lent->borrower->subject, by));
		op_set_number(entry, OP_F_STARTED, (uint64_t)lent->started);
	}
}

static const struct box_type user_type = {
	.name = "user",
	.fn = {[OP_DELETE] = user_delete},
	.describe = user_describe,
};

static void device_getmem(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = borrower_gone};
	struct lent *lent = box->data;
	char by[130];
	if (!op_has(req->head, OP_F_LIVE)) {
		req_fail(req, OP_EARG, "a %s is a feed: ask with live", lent->device->what);
		return;
	}
	if (was_taken_back(lent, req)) {
		op_set(req_reply(req), OP_F_TYPE, box->cnstr);
		req_ok_open(req, OP_BODY_FRAMES, 0);
		req_end(req, NULL); // as it would have heard: the link ends
		return;
	}
	if (lent->borrower) {
		req_fail(req, OP_EBUSY, "the %s is lent to %s (delete %s/users/0 takes it back)",
			lent->device->what, subject_print(lent->borrower->subject, by), box->parent->name);
		return;
	}
	lent->user = box_create(lent->users, "0", &user_type, "user", lent);
	if (!lent->user) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	lent->device->let_go(lent);
	lent->borrower = req;
	lent->started = time(NULL);
	req->data = lent;
	req->events = &events;
	input_hook_add(lent->env->server->input, &lent->hook);
	op_set(req_reply(req), OP_F_TYPE, box->cnstr);
	req_ok_open(req, OP_BODY_FRAMES, 0);
	show_notice(lent);
	lent->device->greet(lent);
	box_changed(box);
}

static void device_describe(struct box *box, struct op_head *entry) {
	const struct lent *lent = box->data;
	char by[130];
	if (lent->borrower) {
		op_setf(entry, OP_F_STATE, "lent to %s", subject_print(lent->borrower->subject, by));
	} else {
		op_set(entry, OP_F_STATE, "here");
	}
}

static void device_destroy(struct box *box) {
	struct lent *lent = box->data;
	if (lent->borrower) {
		struct req *req = lent->borrower;
		stop(lent);
		req_end_fail(req, OP_ELOST, "the desktop ends");
	}
	wl_event_source_remove(lent->heartbeat);
	wl_list_remove(&lent->session_active.link);
	if (lent->device->finish) {
		lent->device->finish(lent);
	}
	for (int i = 0; i < LEND_TAKEN_MAX; i++) {
		free(lent->taken[i]);
	}
	free(lent);
}

static const struct box_type device_type = {
	.name = "device",
	.fn = {[OP_GETMEM] = device_getmem},
	.describe = device_describe,
	.destroy = device_destroy,
};

struct lent *lend_create(struct box *parent, struct box_env *env, const struct lend_device *device,
		void *data) {
	struct lent *lent = calloc(1, sizeof(*lent));
	if (!lent) {
		free(data);
		return NULL;
	}
	lent->env = env;
	lent->device = device;
	lent->data = data;
	lent->hook.event = handle_event;
	wl_list_init(&lent->notice_gone.link);
	lent->heartbeat = wl_event_loop_add_timer(env->server->loop, handle_heartbeat, lent);
	lent->box = lent->heartbeat ?
		box_create(parent, "0", &device_type, parent->name, lent) : NULL;
	if (!lent->box) {
		if (lent->heartbeat) {
			wl_event_source_remove(lent->heartbeat);
		}
		if (device->finish) {
			device->finish(lent);
		}
		free(lent);
		return NULL;
	}
	wl_list_init(&lent->session_active.link);
	if (env->server->session) {
		lent->session_active.notify = handle_session_active;
		wl_signal_add(&env->server->session->events.active, &lent->session_active);
	}
	lent->users = box_create(lent->box, "users", &box_type_dir, "dir", NULL);
	if (!lent->users) {
		box_destroy(lent->box);
		return NULL;
	}
	return lent;
}
