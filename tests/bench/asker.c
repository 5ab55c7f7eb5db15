/* SPDX-License-Identifier: MIT */
/*
 * asker.c - asks boxd for a box's bytes many times over, so many at once, and says how long each
 * took: the middle and the 95th of a hundred, and the whole, in ns. No program is started for a
 * request and nothing is printed between two.
 *
 *     asker COUNT AT_ONCE NAME        BOX_OP or the person's own socket
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "net/call.h"

struct run {
	struct wl_event_loop *loop;
	struct caller_unix boxd;
	const char *name;
	int count, begun, ended, failed;
	int64_t *took_ns; // count of them
};

struct request {
	struct run *run;
	int64_t begin_ns;
};

static int64_t now_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void request_begin(struct run *run);

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct request *request = data;
	struct run *run = request->run;
	run->took_ns[run->ended++] = now_ns() - request->begin_ns;
	if (why->code != OP_OK && run->failed++ == 0) {
		fprintf(stderr, "asker: %s: %s\n", run->name, why->sentence);
	}
	free(request);
	if (run->begun < run->count) {
		request_begin(run);
	}
}

static void request_begin(struct run *run) {
	static const struct call_events events = {.ended = handle_ended};
	struct request *request = malloc(sizeof(*request));
	struct op_head head;
	if (!request) {
		abort();
	}
	run->begun++;
	op_head_init_request(&head, OP_GETMEM);
	op_set(&head, OP_F_NAME, run->name);
	*request = (struct request){.run = run, .begin_ns = now_ns()};
	if (!call_create(run->loop, &run->boxd.caller, &head, NULL, &events, request)) {
		abort();
	}
	op_head_finish(&head);
}

static int compare(const void *a, const void *b) {
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

int main(int argc, char **argv) {
	struct run run = {.count = argc == 4 ? atoi(argv[1]) : 0};
	int at_once = argc == 4 ? atoi(argv[2]) : 0;
	char path[108];
	const char *runtime = getenv("XDG_RUNTIME_DIR"), *op = getenv("BOX_OP");
	if (run.count < 1 || at_once < 1 || at_once > run.count || (!op && !runtime)) {
		fprintf(stderr, "usage: asker COUNT AT_ONCE NAME\n");
		return 2;
	}
	snprintf(path, sizeof(path), op ? "%s" : "%s/boxland/op", op ? op : runtime);
	run.name = argv[3];
	run.took_ns = calloc((size_t)run.count, sizeof(*run.took_ns));
	run.loop = wl_event_loop_create();
	if (!run.took_ns || !run.loop) {
		abort();
	}
	caller_unix_init(&run.boxd, run.loop, path);
	int64_t begin = now_ns();
	for (int i = 0; i < at_once; i++) {
		request_begin(&run);
	}
	while (run.ended < run.count) {
		wl_event_loop_dispatch(run.loop, -1);
	}
	int64_t whole = now_ns() - begin;
	qsort(run.took_ns, (size_t)run.count, sizeof(*run.took_ns), compare);
	printf("%lld %lld %lld\n", (long long)run.took_ns[run.count / 2],
		(long long)run.took_ns[run.count * 95LL / 100], (long long)whole);
	wl_event_loop_destroy(run.loop);
	free(run.took_ns);
	return run.failed > 0;
}
