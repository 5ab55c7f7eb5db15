/* SPDX-License-Identifier: MIT */
/*
 * png.c - pixels as PNG, off the loop.
 */
#include "boxes/png.h"

#include <cairo.h>
#include <stdlib.h>

#include "base/buf.h"
#include "stream/snapshot.h"

struct job {
	struct req *req; // NULL: the caller is gone
	struct snapshot snapshot;
	struct buf png;
	bool failed;
};

static cairo_status_t take(void *data, const unsigned char *bytes, unsigned int size) {
	struct job *job = data;
	return buf_append(&job->png, bytes, size) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static void run(void *data) {
	struct job *job = data;
	cairo_surface_t *surface = cairo_image_surface_create_for_data(job->snapshot.pixels,
		CAIRO_FORMAT_RGB24, job->snapshot.width, job->snapshot.height,
		(int)job->snapshot.stride);
	job->failed = cairo_surface_write_to_png_stream(surface, take, job) != CAIRO_STATUS_SUCCESS;
	cairo_surface_destroy(surface);
}

static void job_destroy(struct job *job) {
	buf_finish(&job->png);
	free(job->snapshot.pixels);
	free(job);
}

static void done(void *data, bool cancelled) {
	struct job *job = data;
	struct req *req = job->req;
	if (req && (job->failed || cancelled)) {
		req_fail(req, OP_EIO, "the picture could not be made: out of memory");
	} else if (req) {
		op_set(req_reply(req), OP_F_TYPE, "image!*!*!format=png");
		op_setf(req_reply(req), OP_F_AT, "%lld", (long long)job->snapshot.capture_ns);
		req_ok_bytes(req, buf_front(&job->png), job->png.size);
	}
	job_destroy(job);
}

static void gone(struct req *req) {
	struct job *job = req->data;
	job->req = NULL;
}

void png_answer(struct box_env *env, struct req *req, const struct snapshot *snapshot) {
	static const struct req_events events = {.gone = gone};
	struct job *job = calloc(1, sizeof(*job));
	if (!job) {
		free(snapshot->pixels);
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	job->req = req;
	job->snapshot = *snapshot;
	buf_init(&job->png);
	req->data = job;
	req->events = &events;
	if (!work_add(env->pool, run, done, job)) {
		job_destroy(job);
		req_fail(req, OP_EIO, "out of memory");
	}
}
