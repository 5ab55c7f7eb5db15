/* SPDX-License-Identifier: MIT */
/*
 * filing.c - where the files of persons and peers are. What stands in them is theirs (persons.c,
 * peers.c, forgotten.c), how they come to the disk base/saves.c's.
 */
#include "quic/filing.h"

#include <stdio.h>
#include <stdlib.h>

#define LOG_MODULE "quic"
#include "base/log.h"
#include "base/saves.h"

char *filing_path(const struct quic *quic, const char *kind, const char *name) {
	char *path;
	return asprintf(&path, "%s/%s/%s", quic->dir, kind, name) < 0 ? NULL : path;
}

bool filing_write(struct quic *quic, const char *kind, const char *name, struct buf *text) {
	char *path = filing_path(quic, kind, name);
	bool good = path && saves_now(quic->filing, path, buf_front(text), text->size);
	if (!good) {
		log_errno("%s/%s/%s cannot be written", quic->dir, kind, name);
	}
	free(path);
	return good;
}

void filing_write_soon(struct quic *quic, const char *kind, const char *name, struct buf *text) {
	char *path = filing_path(quic, kind, name);
	if (path) {
		saves_soon(quic->filing, path, buf_front(text), text->size);
	} else {
		log_errno("%s/%s/%s cannot be written", quic->dir, kind, name);
	}
	free(path);
}

void filing_remove(struct quic *quic, const char *kind, const char *name) {
	char *path = filing_path(quic, kind, name);
	if (!path || !saves_remove(quic->filing, path)) {
		log_errno("%s/%s/%s cannot be removed", quic->dir, kind, name);
	}
	free(path);
}
