/* SPDX-License-Identifier: MIT */
/*
 * revoked.c - machines that their person has taken back: kept, and cut at once.
 *
 * Lists come from anybody who may say them (boxes/peer_revoked.c), for they prove themselves. Who is
 * told of a new one is boxd's.
 */
#include "quic/revoked.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOG_MODULE "quic"
#include "base/log.h"
#include "quic/filing.h"
#include "quic/keys_files.h"
#include "quic/peers.h"
#include "quic/revocation.h"

struct revoked {
	struct wl_list link; // quic.revoked
	char person[KEYS_FINGERPRINT + 1];
	struct revocation list;
	uint64_t taken; // when it came; 0: it was on the disk
};

#define TAKEN_AGAIN SECOND // of another person's: each is a sync

static struct revoked *find(const struct quic *quic, const char *person) {
	struct revoked *revoked;
	wl_list_for_each(revoked, &quic->revoked, link) {
		if (strcmp(revoked->person, person) == 0) {
			return revoked;
		}
	}
	return NULL;
}

static void free_revoked(struct revoked *revoked) {
	wl_list_remove(&revoked->link);
	revocation_finish(&revoked->list);
	free(revoked);
}

bool revoked_has(const struct quic *quic, const char *person, const char *machine) {
	const struct revoked *revoked = find(quic, person);
	return revoked && revocation_has(&revoked->list, machine);
}

/* Whether the certificate is that person's, and the list what he signed. */
static enum op_code check(const struct revocation *list, const char *person, const char *cert,
		struct op_refusal *refusal) {
	char key[KEYS_FINGERPRINT + 1];
	gnutls_x509_crt_t crt = cert_from_base64(cert, refusal);
	if (!crt) {
		return OP_EARG;
	}
	enum op_code code = OP_OK;
	if (!cert_fingerprint(crt, key) || strcmp(key, person) != 0) {
		code = op_refuse(refusal, OP_EPERM, "the certificate is another person's");
	}
	if (code == OP_OK) {
		code = revocation_check(list, crt, refusal);
	}
	gnutls_x509_crt_deinit(crt);
	return code;
}

static bool load(struct quic *quic, const char *person, struct op_refusal *refusal) {
	struct op_refusal why = {0};
	struct revoked *revoked = calloc(1, sizeof(*revoked));
	if (!revoked) {
		op_refuse(refusal, OP_EIO, "no memory");
		return false;
	}
	wl_list_insert(quic->revoked.prev, &revoked->link);
	if (revocation_load(&revoked->list, quic->dir, person, &why) == OP_OK
			&& check(&revoked->list, person, revoked->list.cert, &why) == OP_OK) {
		strcpy(revoked->person, person);
		return true;
	}
	op_refuse(refusal, OP_EIO, "%s/revoked/%.80s is not what a person revoked: %s", quic->dir, person,
		why.sentence);
	free_revoked(revoked);
	return false;
}

bool revoked_load(struct quic *quic, struct op_refusal *refusal) {
	char *path = keys_path(quic->dir, "revoked");
	DIR *dir = path ? opendir(path) : NULL;
	bool good = dir || (path && errno == ENOENT);
	if (!good) {
		op_refuse(refusal, OP_EIO, "%s: %s", path ? path : "revoked", strerror(errno));
	}
	struct dirent *entry;
	while (good && dir && (entry = readdir(dir))) {
		// What was being written when the machine went down is no list.
		bool list = strlen(entry->d_name) == KEYS_FINGERPRINT;
		good = !list || load(quic, entry->d_name, refusal);
	}
	if (dir) {
		closedir(dir);
	}
	free(path);
	return good;
}

void revoked_finish(struct quic *quic) {
	struct revoked *revoked, *next;
	wl_list_for_each_safe(revoked, next, &quic->revoked, link) {
		free_revoked(revoked);
	}
}

/* Everything between this node and those machines ends. */
static void cut(struct quic *quic, const struct revoked *revoked) {
	const char *name = persons_name(quic, revoked->person);
	struct peer *peer, *next;
	wl_list_for_each_safe(peer, next, &quic->peers, link) {
		if (name && strcmp(peer->subject.person, name) == 0
				&& revocation_has(&revoked->list, peer->key)) {
			log_info("%s is revoked by %s", peer->petname, name);
			struct op_refusal why = {0};
			op_refuse(&why, OP_EPERM, "%s is revoked by %s", peer->petname, name);
			quic_dismiss(peer_entry_from(peer), CLOSE_REVOKED, &why);
		}
	}
	if (revocation_has(&revoked->list, keys_fingerprint(quic->keys))) {
		log_error("this machine is revoked by %s: other machines will have nothing to do with it until "
			"it has a new key, and is paired with it", name ? name : "its person");
	}
}

/* Another person's comes again whenever we meet one of his machines, so nobody waits for the disk. */
static enum op_code file(struct quic *quic, const char *person, const struct revocation *list,
		const char *cert, bool others, struct op_refusal *refusal) {
	char *folder = keys_path(quic->dir, "revoked");
	struct buf text;
	buf_init(&text);
	bool good = folder && revocation_print_file(list, cert, &text)
		&& (mkdir(folder, 0700) == 0 || errno == EEXIST);
	if (good && others) {
		filing_write_soon(quic, "revoked", person, &text);
	} else if (good) {
		good = filing_write(quic, "revoked", person, &text);
	}
	if (!good) {
		op_refuse(refusal, OP_EIO, "%s/revoked/%s cannot be written: %s", quic->dir, person,
			strerror(errno));
	}
	buf_finish(&text);
	free(folder);
	return good ? OP_OK : OP_EIO;
}

static enum op_code take(struct quic *quic, const char *person, struct revocation *list,
		const char *cert, struct op_refusal *refusal) {
	struct revoked *revoked = find(quic, person);
	if (revoked && list->serial == revoked->list.serial) {
		return OP_OK;
	}
	if (revoked && list->serial < revoked->list.serial) {
		return op_refuse(refusal, OP_ESTALE, "a list with serial %llu is known here, this has %llu",
			(unsigned long long)revoked->list.serial, (unsigned long long)list->serial);
	}
	const char *own = keys_person_fingerprint(quic->keys);
	bool others = !own || strcmp(person, own) != 0;
	if (revoked && others && revoked->taken > 0 && quic_now() < revoked->taken + TAKEN_AGAIN) {
		return op_refuse(refusal, OP_EQUOTA, "a list of that person came a moment ago: wait a "
			"second");
	}
	enum op_code code = file(quic, person, list, cert, others, refusal);
	if (code != OP_OK) {
		return code;
	}
	if (!revoked) {
		if (!(revoked = calloc(1, sizeof(*revoked)))) {
			return op_refuse(refusal, OP_EIO, "out of memory");
		}
		strcpy(revoked->person, person);
		wl_list_insert(quic->revoked.prev, &revoked->link);
	}
	struct revocation old = revoked->list;
	revoked->list = *list;
	*list = old; // freed by the caller
	revoked->taken = quic_now();
	cut(quic, revoked);
	if (quic->events->revoked) {
		quic->events->revoked(quic->data, revoked->person);
	}
	return OP_OK;
}

enum op_code quic_revoke(struct quic *quic, const char *person, const struct op_head *said,
		struct op_refusal *refusal) {
	struct revocation list = {0};
	char *cert = persons_cert(quic, person);
	enum op_code code = revocation_read(&list, said, refusal);
	if (code == OP_OK && !cert) {
		code = op_refuse(refusal, OP_ENOENT, "nobody with that key is known here");
	}
	if (code == OP_OK) {
		code = check(&list, person, cert, refusal);
	}
	if (code == OP_OK) {
		code = take(quic, person, &list, cert, refusal);
	}
	revocation_finish(&list);
	free(cert);
	return code;
}

bool quic_revoked(struct quic *quic, const char *person, struct op_head *head) {
	const struct revoked *revoked = find(quic, person);
	if (!revoked) {
		return false;
	}
	op_set_number(head, OP_F_SERIAL, revoked->list.serial);
	for (int i = 0; i < revoked->list.size; i++) {
		op_add(head, OP_F_REVOKED, revoked->list.revoked[i]);
	}
	op_set(head, OP_F_SIGNATURE, revoked->list.signature);
	return true;
}

void quic_each_revoked(struct quic *quic, void (*each)(void *data, const char *person),
		void *data) {
	struct revoked *revoked;
	wl_list_for_each(revoked, &quic->revoked, link) {
		each(data, revoked->person);
	}
}
