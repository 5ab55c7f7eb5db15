/* SPDX-License-Identifier: MIT */
/*
 * printer_put.c - one putmem, one job. Its format is what the putmem says, or what its first bytes are;
 * a printer that does not take it is not troubled with it. Then bytes go to CUPS as they come, over the
 * pool, and what waits here is bounded. A caller who goes before the end has printed nothing.
 *
 * Nothing is converted here: casts do that before, copy.c.
 */
#include "boxes/printer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "box/utf8.h"

#define QUEUE_MAX (1024 * 1024) // bytes held for a slow CUPS before the caller is paused
#define TITLE_MAX 200 // of a job

struct printer_put {
	struct wl_list link; // printers.puts
	struct printers *printers;
	struct printer *printer; // NULL: to be chosen, by format
	struct req *req;         // NULL: its caller is gone
	bool running;            // on a thread, which then has job and out
	bool begun;              // CUPS waits for bytes
	bool ended;              // the caller has said all
	bool no_memory;          // for what came
	bool failed;             // the thread's: as job.why says
	struct buf in;           // came, not taken by a thread
	struct buf out;          // the thread's
	struct cups_job job;
};

static void put_destroy(struct printer_put *put) {
	wl_list_remove(&put->link);
	buf_finish(&put->in);
	buf_finish(&put->out);
	cups_job_finish(&put->job);
	free(put);
}

static void put_refuse(struct printer_put *put) {
	struct req *req = put->req;
	struct op_refusal why = put->job.why;
	put_destroy(put);
	req_refuse(req, &why);
}

/* On a thread. */

static void run_begin(void *data) {
	struct printer_put *put = data;
	put->failed = !cups_job_begin(&put->job);
}

static void run_write(void *data) {
	struct printer_put *put = data;
	put->failed = !cups_job_write(&put->job, buf_front(&put->out), put->out.size);
	buf_drop(&put->out, put->out.size);
}

static void run_end(void *data) {
	struct printer_put *put = data;
	put->failed = !cups_job_end(&put->job);
}

/* In the loop. */

static void put_go_on(struct printer_put *put);

// false: it is over.
static bool is_back(struct printer_put *put, bool cancelled) {
	put->running = false;
	if (!put->req) {
		put_destroy(put);
		return false;
	}
	if (cancelled) {
		op_refuse(&put->job.why, OP_ELOST, "the node ends");
	} else if (put->no_memory) {
		op_refuse(&put->job.why, OP_EIO, "out of memory");
	}
	if (cancelled || put->no_memory || put->failed) {
		put_refuse(put);
		return false;
	}
	return true;
}

static void begin_done(void *data, bool cancelled) {
	struct printer_put *put = data;
	if (is_back(put, cancelled)) {
		put->begun = true;
		put_go_on(put);
	}
}

static void write_done(void *data, bool cancelled) {
	if (is_back(data, cancelled)) {
		put_go_on(data);
	}
}

// As CUPS calls the job, for lpq and cancel.
static void end_done(void *data, bool cancelled) {
	struct printer_put *put = data;
	if (is_back(put, cancelled)) {
		struct req *req = put->req;
		op_setf(req_reply(req), OP_F_TITLE, "%s-%d", strrchr(put->job.resource, '/') + 1, put->job.id);
		put->printers->fresh_until_ms = 0; // it prints now
		put_destroy(put);
		req_ok(req);
	}
}

static void put_run(struct printer_put *put, void (*run)(void *data),
		void (*done)(void *data, bool cancelled)) {
	put->running = work_add(put->printers->pool, run, done, put);
	if (!put->running) {
		op_refuse(&put->job.why, OP_EIO, "out of memory");
		put_refuse(put);
	}
}

/* Which printer it is for, and whether that takes it. */

static void refuse_format(struct printer_put *put, enum printer_format format, uint32_t taken) {
	char takes[PRINTER_WORDS + 80], list[PRINTER_WORDS];
	const char *type = op_get(put->req->head, OP_F_TYPE);
	struct op_refusal *why = &put->job.why;
	printer_format_list(taken, list);
	if (put->printer) {
		snprintf(takes, sizeof(takes), "%.64s takes %s", put->printer->told.name, list);
	} else {
		snprintf(takes, sizeof(takes), "the printers here take %s", list);
	}
	if (!put->printer && taken == 0) {
		op_refuse(why, OP_EBUSY, "no printer here takes jobs of yours now (box ls /printer says why)");
	} else if (put->in.size == 0) {
		op_refuse(why, OP_EARG, "there is nothing to print: no byte came");
	} else if (format < PRINTER_FORMATS) {
		const char *word = printer_format_word(format);
		op_refuse(why, OP_ETYPE, "this is %s, and %s (box cast %s WORD PROGRAM says what makes a WORD of "
			"it)", word, takes, word);
	} else if (printer_format_by_type(type) == PRINTER_OTHER) {
		op_refuse(why, OP_ETYPE, "this is %.60s, and %s", type, takes);
	} else {
		op_refuse(why, OP_ETYPE, "its first bytes do not tell what this is, and %s: say which it is (box "
			"cp -t WORD)", takes);
	}
	put_refuse(put);
}

static enum printer_format format_of(struct printer_put *put) {
	enum printer_format format = printer_format_by_type(op_get(put->req->head, OP_F_TYPE));
	return format == PRINTER_UNSAID ? printer_format_detect(buf_front(&put->in), put->in.size) : format;
}

// Whose job it is for CUPS: who asked. The node's own person is the user that this program runs as.
static void set_job(struct printer_put *put, enum printer_format format) {
	struct cups_job *job = &put->job;
	const struct subject *subject = put->req->subject;
	const char *said = op_get(put->req->head, OP_F_TITLE), *title = said ? said : "box";
	bool own = strcmp(subject->person, box_tree_owner(put->printers->env->tree)) == 0;
	snprintf(job->resource, sizeof(job->resource), "%s", put->printer->told.resource);
	snprintf(job->user, sizeof(job->user), "%s", own ? "" : subject->person);
	snprintf(job->title, sizeof(job->title), "%.*s", (int)utf8_cut(title, strlen(title), TITLE_MAX), title);
	job->mime = printer_format_mime(format);
}

static void choose(struct printer_put *put) {
	enum printer_format format = format_of(put);
	uint32_t taken;
	if (put->printer) {
		taken = put->printer->told.takes;
	} else {
		put->printer = printer_best(put->printers, put->req->subject, format, &taken);
	}
	if (!put->printer || format >= PRINTER_FORMATS || !(taken & 1u << format)) {
		refuse_format(put, format, taken);
		return;
	}
	set_job(put, format);
	put_run(put, run_begin, begin_done);
}

// What there is to do next, if nothing is under way.
static void put_go_on(struct printer_put *put) {
	if (put->running) {
		return;
	}
	req_pause(put->req, put->in.size > QUEUE_MAX);
	if (!put->begun && (put->ended || put->in.size >= PRINTER_HEAD)) {
		choose(put);
	} else if (put->begun && put->in.size > 0) {
		struct buf taken = put->in;
		put->in = put->out; // empty
		put->out = taken;
		req_pause(put->req, false);
		put_run(put, run_write, write_done);
	} else if (put->begun && put->ended) {
		put_run(put, run_end, end_done);
	}
}

static void put_data(struct req *req, const void *bytes, size_t size) {
	struct printer_put *put = req->data;
	if (!buf_append(&put->in, bytes, size)) {
		put->no_memory = true;
		if (!put->running) {
			op_refuse(&put->job.why, OP_EIO, "out of memory");
			put_refuse(put);
		}
		return;
	}
	if (put->in.size > QUEUE_MAX) {
		req_pause(req, true);
	}
	put_go_on(put);
}

static void put_end(struct req *req) {
	struct printer_put *put = req->data;
	put->ended = true;
	put_go_on(put);
}

static void put_gone(struct req *req) {
	struct printer_put *put = req->data;
	put->req = NULL;
	if (!put->running) {
		put_destroy(put);
	}
}

void printer_put(struct printers *printers, struct printer *printer, struct req *req) {
	static const struct req_events events = {.data = put_data, .end = put_end, .gone = put_gone};
	if (op_body_of(req->head, NULL) == OP_BODY_FRAMES) {
		req_fail(req, OP_EUNSUPP, "printers take bytes, not frames: body N, or body chunks");
		return;
	}
	struct printer_put *put = calloc(1, sizeof(*put));
	if (!put) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	put->printers = printers;
	put->printer = printer;
	put->req = req;
	buf_init(&put->in);
	buf_init(&put->out);
	wl_list_insert(&printers->puts, &put->link);
	req->data = put;
	req->events = &events;
}

void printer_puts_forget(struct printers *printers, const struct printer *printer) {
	struct printer_put *put, *next;
	wl_list_for_each_safe(put, next, &printers->puts, link) {
		if (put->printer != printer) {
			continue;
		}
		struct req *req = put->req;
		put->printer = NULL;
		put->req = NULL;
		if (!put->running) {
			put_destroy(put);
		}
		if (req) {
			req_fail(req, OP_ELOST, "%s", printer ? "the printer was removed from CUPS before it had all, so "
				"nothing was printed (box ls /printer shows what there is)" : "the node ends");
		}
	}
}
