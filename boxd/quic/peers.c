/* SPDX-License-Identifier: MIT */
/*
 * peers.c - machines we know, in memory and on the disk. Their persons are persons.c's, those that are to
 * stay out forgotten.c's, connections meeting.c's.
 *
 * Names come from certificates, so they were checked as names (cert.c); which of two gets a petname
 * that both want is decided here.
 */
#include "quic/peers_impl.h"

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

bool peers_is_key(const char *text) {
	return strlen(text) == KEYS_FINGERPRINT
		&& strspn(text, "0123456789abcdef") == KEYS_FINGERPRINT;
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
		if (!peers_is_key(value)) {
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
	return load_dir(quic, "persons", refusal, persons_load)
		&& load_dir(quic, "peers", refusal, load_peer) && forgotten_load(quic, refusal);
}

void peers_finish(struct quic *quic) {
	struct peer *peer, *next_peer;
	wl_list_for_each_safe(peer, next_peer, &quic->peers, link) {
		free_entry(peer_entry_from(peer));
	}
	persons_finish(quic);
	forgotten_finish(quic);
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
	forgotten_add(quic, &entry->peer);
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
	persons_forget(quic, person);
}
