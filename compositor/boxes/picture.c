/* SPDX-License-Identifier: MIT */
/*
 * picture.c - a request that waits for a picture to be taken.
 */
#include "boxes/picture.h"

#include <stdlib.h>

#include "boxes/png.h"
#include "stream/snapshot.h"

struct waiting {
	struct box_env *env;
	struct req *req;
	struct snapshot_request *snapshot;
};

static void handle_done(void *data, const struct snapshot *snapshot) {
	struct waiting waiting = *(struct waiting *)data;
	free(data);
	if (snapshot) {
		png_answer(waiting.env, waiting.req, snapshot);
	} else {
		req_fail(waiting.req, OP_EIO, "there is nothing to be seen of it any more");
	}
}

static void handle_gone(struct req *req) {
	struct waiting *waiting = req->data;
	snapshot_cancel(waiting->snapshot);
	free(waiting);
}

static void take(struct box_env *env, struct req *req, struct toplevel *toplevel,
		struct output *output) {
	static const struct req_events events = {.gone = handle_gone};
	struct waiting *waiting = calloc(1, sizeof(*waiting));
	if (waiting) {
		waiting->env = env;
		waiting->req = req;
		waiting->snapshot = toplevel ?
			snapshot_toplevel(env->server, toplevel, handle_done, waiting) :
			snapshot_output(env->server, output, handle_done, waiting);
	}
	if (!waiting || !waiting->snapshot) {
		free(waiting);
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	req->data = waiting;
	req->events = &events;
}

void picture_of_toplevel(struct box_env *env, struct req *req, struct toplevel *toplevel) {
	take(env, req, toplevel, NULL);
}

void picture_of_output(struct box_env *env, struct req *req, struct output *output) {
	take(env, req, NULL, output);
}
