/* SPDX-License-Identifier: MIT */
/*
 * persons.c - the persons we know, by the key that was pinned, in memory and on the disk.
 *
 * Which of two gets a name that both want is decided here. Their machines are peers.c's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quic/peers_impl.h"

#define LOG_MODULE "quic"
#include "base/buf.h"
#include "base/conf.h"
#include "base/log.h"
#include "quic/filing.h"
#include "quic/groups.h"

static void free_person(struct person *person) {
	wl_list_remove(&person->link);
	free(person->cert);
	free(person);
}

static struct person *person_by_key(struct quic *quic, const char *key) {
	struct person *person;
	wl_list_for_each(person, &quic->persons, link) {
		if (strcmp(person->key, key) == 0) {
			return person;
		}
	}
	return NULL;
}

const char *persons_name(struct quic *quic, const char *key) {
	const char *own = keys_person_fingerprint(quic->keys);
	if (*key && own && strcmp(own, key) == 0) {
		return keys_person(quic->keys);
	}
	struct person *person = *key ? person_by_key(quic, key) : NULL;
	return person ? person->name : NULL;
}

static struct person *person_by_name(struct quic *quic, const char *name) {
	struct person *person;
	wl_list_for_each(person, &quic->persons, link) {
		if (strcmp(person->name, name) == 0) {
			return person;
		}
	}
	return NULL;
}

const char *persons_key(struct quic *quic, const char *name) {
	const char *own = keys_person(quic->keys);
	if (own && strcmp(own, name) == 0) {
		return keys_person_fingerprint(quic->keys);
	}
	struct person *person = person_by_name(quic, name);
	return person ? person->key : NULL;
}

char *persons_cert(struct quic *quic, const char *key) {
	const char *own = keys_person_fingerprint(quic->keys);
	if (own && strcmp(own, key) == 0) {
		return cert_base64(quic->keys->person_cert);
	}
	struct person *person = person_by_key(quic, key);
	return person && person->cert ? strdup(person->cert) : NULL;
}

bool persons_taken(struct quic *quic, const char *name, const char *key) {
	const char *own = keys_person(quic->keys);
	if (groups_has(quic, name)) {
		return true; // a line of an access list means the one or the other
	}
	if (own && strcmp(own, name) == 0 && strcmp(keys_person_fingerprint(quic->keys), key) != 0) {
		return true;
	}
	struct person *person;
	wl_list_for_each(person, &quic->persons, link) {
		if (strcmp(person->name, name) == 0 && strcmp(person->key, key) != 0) {
			return true;
		}
	}
	return false;
}

static struct person *add_person(struct quic *quic, const char *name) {
	struct person *person = calloc(1, sizeof(*person));
	if (person) {
		snprintf(person->name, sizeof(person->name), "%s", name);
		wl_list_insert(&quic->persons, &person->link);
	}
	return person;
}

/* name, or name-2, name-3 … that is nobody else's; out holds CERT_NAME_MAX + 1 bytes. */
static void free_name(struct quic *quic, const char *name, const char *key, char *out) {
	snprintf(out, CERT_NAME_MAX + 1, "%s", name);
	for (int n = 2; persons_taken(quic, out, key); n++) {
		snprintf(out, CERT_NAME_MAX + 1, "%.*s-%d", CERT_NAME_MAX - 12, name, n);
	}
}

const char *persons_pin(struct quic *quic, const char *name, const char *key, const char *cert,
		struct op_refusal *refusal) {
	const char *known = persons_name(quic, key);
	if (known) {
		return known;
	}
	char own_name[CERT_NAME_MAX + 1];
	struct buf text;
	free_name(quic, name, key, own_name);
	struct person *person = add_person(quic, own_name);
	buf_init(&text);
	bool good = person && buf_printf(&text, "key %s\n", key)
		&& (!cert || buf_printf(&text, "cert %s\n", cert))
		&& filing_write(quic, "persons", own_name, &text);
	buf_finish(&text);
	if (!good) {
		op_refuse(refusal, OP_EIO, "%s cannot be pinned: %s/persons cannot be written", own_name,
			quic->dir);
		if (person) {
			free_person(person);
		}
		return NULL;
	}
	snprintf(person->key, sizeof(person->key), "%s", key);
	person->cert = cert ? strdup(cert) : NULL;
	return person->name;
}

static const char *read_person_line(void *data, const char *field, char *value) {
	struct person *person = data;
	if (strcmp(field, "key") == 0) {
		if (!peers_is_key(value)) {
			return "a key has 64 hex digits";
		}
		strcpy(person->key, value);
	} else if (strcmp(field, "cert") == 0) {
		free(person->cert);
		person->cert = strdup(value);
	}
	return NULL;
}

void persons_load(struct quic *quic, const char *path, const char *name) {
	char error[512];
	struct person *person = add_person(quic, name);
	if (!person) {
		return;
	}
	bool good = cert_check_name(name, NULL) == OP_OK;
	if (!good) {
		log_error("%s: not a person's name", path);
	} else if (!conf_read(path, read_person_line, person, error, sizeof(error))) {
		log_error("%s", error);
		good = false;
	} else if (person->key[0] == '\0' || persons_taken(quic, name, person->key)) {
		log_error("%s: %s", path, person->key[0] ? "this machine's own person has that name"
							 : "says no key");
		good = false;
	}
	if (!good) {
		free_person(person);
	}
}

void persons_forget(struct quic *quic, const char *name) {
	struct person *person = person_by_name(quic, name);
	if (person) {
		filing_remove(quic, "persons", name);
		free_person(person);
	}
}

void persons_finish(struct quic *quic) {
	struct person *person, *next;
	wl_list_for_each_safe(person, next, &quic->persons, link) {
		free_person(person);
	}
}
