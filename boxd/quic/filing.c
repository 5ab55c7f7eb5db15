/* SPDX-License-Identifier: MIT */
/*
 * filing.c - files of persons and peers, written now or by a thread of their own, which keeps them in
 * order. What stands in them is peers.c's.
 */
#include "quic/filing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_MODULE "quic"
#include "base/conf.h"
#include "base/log.h"
#include "base/work.h"

struct filed {
	struct quic *quic;
	char *path;
	void *text;
	size_t size;
	int error; // errno; 0: it is written
};

char *filing_path(const struct quic *quic, const char *kind, const char *name) {
	char *path;
	return asprintf(&path, "%s/%s/%s", quic->dir, kind, name) < 0 ? NULL : path;
}

// On the thread, or in the loop.
static void run_write(void *data) {
	struct filed *filed = data;
	filed->error = conf_write(filed->path, filed->text, filed->size) ? 0 : errno;
}

static void filed_destroy(struct filed *filed) {
	free(filed->path);
	free(filed->text);
	free(filed);
}

static void write_done(void *data, bool cancelled) {
	struct filed *filed = data;
	if (cancelled) { // those behind the one that ran come here in their order
		run_write(filed);
	}
	filed->quic->filings--;
	if (filed->error) {
		errno = filed->error;
		log_errno("%s cannot be written", filed->path);
	}
	filed_destroy(filed);
}

void filing_finish(struct quic *quic) {
	work_pool_destroy(quic->filing);
	quic->filing = NULL;
}

static void flush(struct quic *quic) {
	if (quic->filings > 0) {
		filing_finish(quic);
	}
}

bool filing_write(struct quic *quic, const char *kind, const char *name, struct buf *text) {
	char *path = filing_path(quic, kind, name);
	flush(quic);
	bool good = path && conf_write(path, buf_front(text), text->size);
	if (!good) {
		log_errno("%s/%s/%s cannot be written", quic->dir, kind, name);
	}
	free(path);
	return good;
}

void filing_write_soon(struct quic *quic, const char *kind, const char *name, struct buf *text) {
	struct filed *filed = calloc(1, sizeof(*filed));
	if (filed) {
		filed->quic = quic;
		filed->path = filing_path(quic, kind, name);
		filed->size = text->size;
		filed->text = malloc(text->size + 1);
	}
	if (!quic->filing) {
		quic->filing = work_pool_create(quic->loop, 1);
	}
	if (!filed || !filed->path || !filed->text || !quic->filing) {
		if (filed) {
			filed_destroy(filed);
		}
		filing_write(quic, kind, name, text);
		return;
	}
	memcpy(filed->text, buf_front(text), text->size);
	if (work_add(quic->filing, run_write, write_done, filed)) {
		quic->filings++;
	} else {
		filed_destroy(filed);
		filing_write(quic, kind, name, text);
	}
}

void filing_remove(struct quic *quic, const char *kind, const char *name) {
	char *path = filing_path(quic, kind, name);
	flush(quic);
	if (!path || (unlink(path) != 0 && errno != ENOENT)) {
		log_errno("%s/%s/%s cannot be removed", quic->dir, kind, name);
	}
	free(path);
}
