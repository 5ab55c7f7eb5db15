/* SPDX-License-Identifier: MIT */
/*
 * forgotten.c - machines that are to stay out, though their person is known, in memory and on the disk.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "quic/peers_impl.h"

#include "base/buf.h"
#include "base/conf.h"
#include "quic/filing.h"

struct forgotten {
	struct wl_list link; // quic.forgotten
	char key[KEYS_FINGERPRINT + 1];
	struct subject subject; // as it was known; empty if that was not written down
};

static struct forgotten *find_forgotten(const struct quic *quic, const char *key) {
	struct forgotten *forgotten;
	wl_list_for_each(forgotten, &quic->forgotten, link) {
		if (strcmp(forgotten->key, key) == 0) {
			return forgotten;
		}
	}
	return NULL;
}

static struct forgotten *add_forgotten(struct quic *quic, const char *key) {
	struct forgotten *forgotten = find_forgotten(quic, key);
	if (!forgotten && (forgotten = calloc(1, sizeof(*forgotten)))) {
		strcpy(forgotten->key, key);
		wl_list_insert(quic->forgotten.prev, &forgotten->link);
	}
	return forgotten;
}

static void free_forgotten(struct forgotten *forgotten) {
	wl_list_remove(&forgotten->link);
	free(forgotten);
}

static void save_forgotten(struct quic *quic) {
	struct forgotten *forgotten;
	struct buf text;
	bool good = true;
	buf_init(&text);
	wl_list_for_each(forgotten, &quic->forgotten, link) {
		char subject[SUBJECT_SIZE];
		good = good && buf_printf(&text, "key %s\n", forgotten->key);
		if (good && forgotten->subject.person[0]) {
			good = buf_printf(&text, "subject %s\n", subject_print(&forgotten->subject, subject));
		}
	}
	if (good) {
		filing_write(quic, ".", "forgotten", &text);
	}
	buf_finish(&text);
}

bool peers_is_forgotten(const struct quic *quic, const char *key) {
	return find_forgotten(quic, key) != NULL;
}

static bool same_subject(const struct subject *a, const struct subject *b) {
	return strcmp(a->person, b->person) == 0 && strcmp(a->machine, b->machine) == 0;
}

static bool is_own(const struct quic *quic, const struct subject *subject) {
	const char *person = keys_person(quic->keys);
	return person && strcmp(person, subject->person) == 0 &&
		strcmp(keys_machine(quic->keys), subject->machine) == 0;
}

bool quic_is_gone(struct quic *quic, const struct subject *subject) {
	struct forgotten *forgotten;
	struct peer *peer;
	if (is_own(quic, subject)) {
		return false; // another machine had this one's name
	}
	wl_list_for_each(peer, &quic->peers, link) {
		if (same_subject(&peer->subject, subject)) {
			return false; // another machine has its name now
		}
	}
	wl_list_for_each(forgotten, &quic->forgotten, link) {
		if (same_subject(&forgotten->subject, subject)) {
			return true;
		}
	}
	return false;
}

void peers_readmit(struct quic *quic, const char *key) {
	struct forgotten *forgotten = find_forgotten(quic, key);
	if (forgotten) {
		free_forgotten(forgotten);
		save_forgotten(quic);
	}
}

static const char *read_forgotten_line(void *data, const char *field, char *value) {
	struct quic *quic = data;
	if (strcmp(field, "subject") == 0 && !wl_list_empty(&quic->forgotten)) {
		struct forgotten *last = wl_container_of(quic->forgotten.prev, last, link);
		return subject_parse(&last->subject, value, NULL) == OP_OK ? NULL : "not PERSON/MACHINE";
	}
	if (strcmp(field, "key") != 0 || !peers_is_key(value)) {
		return "it holds lines `key` with 64 hex digits";
	}
	add_forgotten(quic, value);
	return NULL;
}

// A list that cannot be read would let in who is to stay out.
bool forgotten_load(struct quic *quic, struct op_refusal *refusal) {
	char error[512];
	char *path = filing_path(quic, ".", "forgotten");
	bool good = path && (conf_read(path, read_forgotten_line, quic, error, sizeof(error)) ||
		errno == ENOENT);
	if (!good) {
		op_refuse(refusal, OP_EIO, "%s", path ? error : "no memory");
	}
	free(path);
	return good;
}

void forgotten_add(struct quic *quic, const struct peer *peer) {
	struct forgotten *forgotten = add_forgotten(quic, peer->key);
	if (forgotten) {
		forgotten->subject = peer->subject;
	}
	save_forgotten(quic);
}

void forgotten_finish(struct quic *quic) {
	struct forgotten *forgotten, *next;
	wl_list_for_each_safe(forgotten, next, &quic->forgotten, link) {
		free_forgotten(forgotten);
	}
}
