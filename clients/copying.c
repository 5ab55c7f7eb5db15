/* SPDX-License-Identifier: MIT */
/*
 * copying.c - copies that boxd does for us, and patience with lines that break.
 *
 * What was moved before a break is not moved again: the nodes see to that; here it is only asked again.
 */
#include "copying.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "box/name.h"
#include "progress.h"

#define PATIENCE_MS 30000
#define AGAIN_MS 500

struct copying {
	struct progress progress;
	struct buf said; // entries, as far as they have come
	struct lost *lost;
	bool began, over;
	struct op_refusal why;
};

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int handle_time(void *data) {
	*(bool *)data = true;
	return 0;
}

bool copying_wait(struct asker *asker, int ms) {
	bool over = false;
	struct wl_event_source *timer = wl_event_loop_add_timer(asker->loop, handle_time, &over);
	if (timer) {
		wl_event_source_timer_update(timer, ms);
		while (!over) {
			wl_event_loop_dispatch(asker->loop, -1);
		}
		wl_event_source_remove(timer);
	}
	return timer;
}

bool copying_wait_for_line(struct asker *asker, int64_t *since_ms, const struct op_refusal *why) {
	if (why->code != OP_ELOST && why->code != OP_EUNREACH) {
		return false;
	}
	if (*since_ms == 0) {
		*since_ms = now_ms();
		fputs("box: ", stderr);
		print_text(stderr, why->sentence);
		fputs("; waiting for it to come back\n", stderr);
	}
	if (now_ms() - *since_ms > PATIENCE_MS) {
		return false;
	}
	return copying_wait(asker, AGAIN_MS);
}

// state, if the nodes could not do it themselves: "refused CODE sentence".
static void tell_detour(const char *state) {
	const char *code = state && strncmp(state, "refused ", 8) == 0 ? state + 8 : NULL;
	const char *sentence = code ? strchr(code, ' ') : NULL;
	if (sentence) {
		fputs("box: it passes through this machine, for straight it was refused: ", stderr);
		print_text(stderr, sentence + 1);
		fputc('\n', stderr);
	}
}

static void copying_reply(void *data, const struct op_head *reply) {
	struct copying *copying = data;
	lost_note(copying->lost, &reply->refusal, reply);
	if (reply->refusal.code == OP_OK) {
		copying->began = true;
		tell_detour(op_get(reply, OP_F_STATE));
		progress_begin(&copying->progress, op_get_number(reply, OP_F_OFFSET, 0));
	}
}

static void copying_bytes(void *data, const void *bytes, size_t size) {
	struct copying *copying = data;
	struct op_head entry;
	size_t whole;
	buf_append(&copying->said, bytes, size);
	while ((whole = op_head_size(buf_front(&copying->said), copying->said.size, NULL)) > 0) {
		if (op_decode(&entry, OP_ENTRY, buf_front(&copying->said), whole, NULL) == OP_OK) {
			copying->lost->done = op_get_number(&entry, OP_F_OFFSET, 0);
			progress_tell(&copying->progress, copying->lost->done,
				op_get_number(&entry, OP_F_SIZE, 0));
			op_head_finish(&entry);
		}
		buf_drop(&copying->said, whole);
	}
}

static void copying_ended(void *data, const struct op_refusal *why,
		const struct op_head *trailer) {
	struct copying *copying = data;
	copying->over = true;
	copying->why = *why;
	lost_note(copying->lost, why, trailer);
}

static bool say_wish(struct op_head *request, const struct copy_wish *wish) {
	op_head_init_request(request, OP_COPY);
	return set_said(request, OP_F_NAME, wish->source) && set_said(request, OP_F_TO, wish->target) &&
		(!wish->type || set_said(request, OP_F_TYPE, wish->type)) &&
		(!wish->spec || set_said(request, OP_F_SPEC, wish->spec));
}

// Asks once; whether it began to move is told.
static void ask_once(struct asker *asker, const struct op_head *request, struct lost *lost,
		struct copying *copying) {
	static const struct call_events events = {
		.reply = copying_reply, .bytes = copying_bytes, .ended = copying_ended,
	};
	lost->name[0] = '\0';
	*copying = (struct copying){.lost = lost, .why = {.code = OP_EIO, .sentence = "out of memory"}};
	progress_init(&copying->progress);
	buf_init(&copying->said);
	struct call *call = call_create(asker->loop, &asker->boxd.caller, request, NULL, &events,
		copying);
	while (call && !copying->over) {
		wl_event_loop_dispatch(asker->loop, -1);
	}
	progress_finish(&copying->progress);
	buf_finish(&copying->said);
}

bool copy_boxes(struct asker *asker, const struct copy_wish *wish, struct lost *lost, int *status) {
	struct copying copying;
	struct op_head request;
	bool began = false, again;
	int64_t since_ms = 0;
	if (!say_wish(&request, wish)) {
		op_head_finish(&request);
		*status = 2;
		return true;
	}
	do {
		ask_once(asker, &request, lost, &copying);
		if (copying.began) {
			began = true;
			since_ms = 0;
		}
		// A target whose name may mean another machine's box goes there, and does not wait.
		bool elsewhere = lost->name[0] && !name_below("/n", wish->target);
		again = began && !elsewhere && copying_wait_for_line(asker, &since_ms, &copying.why);
	} while (again);
	op_head_finish(&request);
	*status = copying.why.code == OP_OK ? 0 : 1;
	if (copying.why.code == OP_EUNSUPP && !began) {
		return false;
	}
	if (*status && !lost->name[0]) {
		say_refusal(&copying.why);
	}
	return true;
}
