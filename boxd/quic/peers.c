/* SPDX-License-Identifier: MIT */
/*
 * peers.c - persons and machines we know, in memory and on the disk.
 *
 * Names come from certificates, so they were checked as names (cert.c); which of two gets a name
 * that both want is decided here. Connections are meeting.c's.
 */
#include "quic/peers.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOG_MODULE "quic"
#include "base/buf.h"
#include "base/conf.h"
#include "base/log.h"
#include "quic/detour.h"
#include "quic/filing.h"
#include "quic/forward_private.h"
#include "quic/groups.h"

static bool is_key(const char *text) {
	return strlen(text) == KEYS_FINGERPRINT
		&& strspn(text, "0123456789abcdef") == KEYS_FINGERPRINT;
}

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
		if (!is_key(value)) {
			return "a key has 64 hex digits";
		}
		strcpy(person->key, value);
	} else if (strcmp(field, "cert") == 0) {
		free(person->cert);
		person->cert = strdup(value);
	}
	return NULL;
}

static void load_person(struct quic *quic, const char *path, const char *name) {
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

struct peer_entry *peers_find(struct quic *quic, const char *key) {
	struct peer *peer;
	wl_list_for_each(peer, &quic->peers, link) {
		if (strcmp(peer->key, key) == 0) {
			return peer_entry_from(peer);
		}
	}
	return NULL;
}

/* Into the list, by petname. */
static void insert_sorted(struct quic *quic, struct peer *peer) {
	struct wl_list *before = &quic->peers;
	struct peer *other;
	wl_list_for_each(other, &quic->peers, link) {
		if (strcmp(other->petname, peer->petname) > 0) {
			break;
		}
		before = &other->link;
	}
	wl_list_insert(before, &peer->link);
}

static struct peer_entry *new_entry(struct quic *quic) {
	struct peer_entry *entry = calloc(1, sizeof(*entry));
	if (entry) {
		entry->quic = quic;
		wl_list_init(&entry->peer.link);
		wl_list_init(&entry->changed);
		wl_list_init(&entry->connections);
		wl_list_init(&entry->waiting);
	}
	return entry;
}

static void free_entry(struct peer_entry *entry) {
	assert(wl_list_empty(&entry->connections) && wl_list_empty(&entry->waiting) && !entry->dial);
	wl_list_remove(&entry->peer.link);
	wl_list_remove(&entry->changed);
	free(entry->peer.at);
	free(entry);
}

static bool print_peer(const struct peer *peer, struct buf *text) {
	bool good = buf_printf(text, "key %s\nperson %s\nmachine %s\n", peer->key,
		peer->subject.person, peer->subject.machine);
	for (int i = 0; good && i < peer->at_size; i++) {
		good = buf_printf(text, "at %s\n", peer->at[i]);
	}
	return good;
}

static bool save(struct peer_entry *entry) {
	struct buf text;
	buf_init(&text);
	bool good = print_peer(&entry->peer, &text) &&
		filing_write(entry->quic, "peers", entry->peer.petname, &text);
	buf_finish(&text);
	return good;
}

// Where it was found, at every connection: nobody waits for it.
static void save_soon(struct peer_entry *entry) {
	struct buf text;
	buf_init(&text);
	if (print_peer(&entry->peer, &text)) {
		filing_write_soon(entry->quic, "peers", entry->peer.petname, &text);
	}
	buf_finish(&text);
}

static bool put_at(struct peer *peer, const char *at, bool front) {
	int found = 0;
	while (found < peer->at_size && strcmp(peer->at[found], at) != 0) {
		found++;
	}
	if ((found == 0 && peer->at_size > 0) || (found < peer->at_size && !front)
			|| strlen(at) >= sizeof(peer->at[0]) || (!front && peer->at_size == AT_MAX)) {
		return false;
	}
	if (found == peer->at_size && peer->at_size < AT_MAX) {
		char(*grown)[64] = reallocarray(peer->at, (size_t)peer->at_size + 1, sizeof(*grown));
		if (!grown) {
			return false;
		}
		peer->at = grown;
		peer->at_size++;
	}
	int last = found < peer->at_size ? found : peer->at_size - 1;
	if (front) {
		memmove(&peer->at[1], &peer->at[0], (size_t)last * sizeof(peer->at[0]));
		last = 0;
	}
	snprintf(peer->at[last], sizeof(peer->at[0]), "%s", at);
	return true;
}

void peers_add_at(struct peer_entry *entry, const char *at) {
	if (put_at(&entry->peer, at, true)) {
		save_soon(entry);
	}
}

static const char *read_peer_line(void *data, const char *field, char *value) {
	struct peer *peer = data;
	if (strcmp(field, "key") == 0) {
		if (!is_key(value)) {
			return "a key has 64 hex digits";
		}
		strcpy(peer->key, value);
	} else if (strcmp(field, "person") == 0) {
		if (cert_check_name(value, NULL) != OP_OK) {
			return "not a person's name";
		}
		snprintf(peer->subject.person, sizeof(peer->subject.person), "%s", value);
	} else if (strcmp(field, "machine") == 0) {
		if (cert_check_name(value, NULL) != OP_OK) {
			return "not a machine's name";
		}
		snprintf(peer->subject.machine, sizeof(peer->subject.machine), "%s", value);
	} else if (strcmp(field, "at") == 0) {
		char host[ADDRESS_HOST];
		uint16_t port;
		if (strlen(value) >= sizeof(peer->at[0]) || !address_split(value, host, &port)) {
			return "an address is HOST:PORT";
		}
		put_at(peer, value, false);
	}
	return NULL;
}

static void load_peer(struct quic *quic, const char *path, const char *name) {
	char error[512];
	struct peer_entry *entry = new_entry(quic);
	if (!entry) {
		return;
	}
	struct peer *peer = &entry->peer;
	bool good = strlen(name) < sizeof(peer->petname);
	if (!good || !conf_read(path, read_peer_line, peer, error, sizeof(error))) {
		log_error("%s", good ? error : path);
		good = false;
	} else if (!peer->key[0] || !peer->subject.person[0] || !peer->subject.machine[0]) {
		log_error("%s: a peer needs key, person and machine", path);
		good = false;
	} else if (peers_find(quic, peer->key)) {
		log_error("%s: another peer has this key", path);
		good = false;
	}
	if (!good) {
		free_entry(entry);
		return;
	}
	strcpy(peer->petname, name);
	insert_sorted(quic, peer);
	entry->known = true;
}

/* Machines that stay out. */

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
	if (strcmp(field, "key") != 0 || !is_key(value)) {
		return "it holds lines `key` with 64 hex digits";
	}
	add_forgotten(quic, value);
	return NULL;
}

// A list that cannot be read would let in who is to stay out.
static bool load_forgotten(struct quic *quic, struct op_refusal *refusal) {
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

static bool load_dir(struct quic *quic, const char *kind, struct op_refusal *refusal,
		void (*load)(struct quic *quic, const char *path, const char *name)) {
	char *dir = NULL;
	if (asprintf(&dir, "%s/%s", quic->dir, kind) < 0) {
		op_refuse(refusal, OP_EIO, "no memory");
		return false;
	}
	DIR *entries = mkdir(dir, 0700) == 0 || errno == EEXIST ? opendir(dir) : NULL;
	if (!entries) {
		op_refuse(refusal, OP_EIO, "%s: %s", dir, strerror(errno));
		free(dir);
		return false;
	}
	struct dirent *entry;
	while ((entry = readdir(entries))) {
		char *path = entry->d_name[0] == '.' ? NULL : filing_path(quic, kind, entry->d_name);
		if (path) {
			load(quic, path, entry->d_name);
		}
		free(path);
	}
	closedir(entries);
	free(dir);
	return true;
}

bool peers_load(struct quic *quic, struct op_refusal *refusal) {
	return load_dir(quic, "persons", refusal, load_person)
		&& load_dir(quic, "peers", refusal, load_peer) && load_forgotten(quic, refusal);
}

void peers_finish(struct quic *quic) {
	struct peer *peer, *next_peer;
	wl_list_for_each_safe(peer, next_peer, &quic->peers, link) {
		free_entry(peer_entry_from(peer));
	}
	struct person *person, *next_person;
	wl_list_for_each_safe(person, next_person, &quic->persons, link) {
		free_person(person);
	}
	struct forgotten *forgotten, *next_forgotten;
	wl_list_for_each_safe(forgotten, next_forgotten, &quic->forgotten, link) {
		free_forgotten(forgotten);
	}
}

static struct peer *by_petname(struct quic *quic, const char *petname) {
	struct peer *peer;
	wl_list_for_each(peer, &quic->peers, link) {
		if (strcmp(peer->petname, petname) == 0) {
			return peer;
		}
	}
	return NULL;
}

static void choose_petname(struct quic *quic, struct peer *peer) {
	const char *own = keys_person(quic->keys);
	bool ours = own && strcmp(own, peer->subject.person) == 0;
	char base[130];
	snprintf(base, sizeof(base), "%s%s%s", ours ? "" : peer->subject.person, ours ? "" : ".",
		peer->subject.machine);
	snprintf(peer->petname, sizeof(peer->petname), "%s", base);
	// A person has a box beside those of machines: neither gets the other's name.
	for (int n = 2; by_petname(quic, peer->petname) || persons_key(quic, peer->petname) ||
			groups_has(quic, peer->petname); n++) {
		snprintf(peer->petname, sizeof(peer->petname), "%.117s-%d", base, n);
	}
}

struct peer_entry *peers_meet(struct quic *quic, const char *key, const char *person,
		const char *machine) {
	struct peer_entry *entry = peers_find(quic, key);
	if (entry && strcmp(entry->peer.subject.person, person) == 0
			&& strcmp(entry->peer.subject.machine, machine) == 0) {
		return entry;
	}
	bool new = !entry;
	entry = entry ? entry : new_entry(quic);
	if (!entry) {
		log_error("no memory for a peer");
		return NULL;
	}
	struct peer *peer = &entry->peer;
	snprintf(peer->key, sizeof(peer->key), "%s", key);
	snprintf(peer->subject.person, sizeof(peer->subject.person), "%s", person);
	snprintf(peer->subject.machine, sizeof(peer->subject.machine), "%s", machine);
	if (new) {
		choose_petname(quic, peer);
		insert_sorted(quic, peer);
	}
	save(entry);
	return entry;
}

struct peer_entry *peers_keep(struct quic *quic, const char *key, const char *person,
		const char *machine, struct op_refusal *refusal) {
	bool new = !peers_find(quic, key);
	struct peer_entry *entry = peers_meet(quic, key, person, machine);
	if (!entry) {
		op_refuse(refusal, OP_EIO, "no memory for a peer");
		return NULL;
	}
	if (!save(entry)) {
		op_refuse(refusal, OP_EIO, "%s cannot be kept: %s/peers cannot be written", machine, quic->dir);
		if (new) {
			free_entry(entry);
		}
		return NULL;
	}
	return entry;
}

void peers_rename(struct peer_entry *entry) {
	struct quic *quic = entry->quic;
	struct peer *peer = &entry->peer;
	char old[sizeof(peer->petname)];
	strcpy(old, peer->petname);
	wl_list_remove(&peer->link); // it is not in its own way
	choose_petname(quic, peer);
	if (strcmp(old, peer->petname) != 0) {
		if (save(entry)) {
			filing_remove(quic, "peers", old);
		} else {
			strcpy(peer->petname, old);
		}
	}
	insert_sorted(quic, peer);
}

void peers_remove(struct peer_entry *entry, bool keep_person) {
	struct quic *quic = entry->quic;
	detours_drop(quic, entry);
	forwards_drop(quic, &entry->peer);
	char person[sizeof(entry->peer.subject.person)];
	strcpy(person, entry->peer.subject.person);
	struct forgotten *forgotten = add_forgotten(quic, entry->peer.key);
	if (forgotten) {
		forgotten->subject = entry->peer.subject;
	}
	save_forgotten(quic);
	filing_remove(quic, "peers", entry->peer.petname);
	free_entry(entry);
	if (keep_person) {
		return;
	}
	struct peer *peer;
	wl_list_for_each(peer, &quic->peers, link) {
		if (strcmp(peer->subject.person, person) == 0) {
			return;
		}
	}
	struct person *known, *next;
	wl_list_for_each_safe(known, next, &quic->persons, link) {
		if (strcmp(known->name, person) == 0) {
			filing_remove(quic, "persons", person);
			free_person(known);
		}
	}
}
