/* SPDX-License-Identifier: MIT */
/*
 * group.c - a group of persons: as text, signed and checked. Whose it is, where it is kept and who is
 * told of it is groups.c's.
 */
#include "quic/group.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "box/name.h"
#include "quic/cert.h"

void group_finish(struct group *group) {
	for (int i = 0; i < group->size; i++) {
		free(group->members[i].signature);
	}
	free(group->members);
	free(group->spki);
	free(group->signature);
	*group = (struct group){0};
}

static bool set_key(struct group *group, gnutls_pubkey_t key) {
	group->spki = cert_key_base64(key);
	return group->spki && cert_key_fingerprint(key, group->fingerprint);
}

bool group_init(struct group *group, const char *name, gnutls_x509_privkey_t key) {
	*group = (struct group){0};
	snprintf(group->name, sizeof(group->name), "%s", name);
	gnutls_pubkey_t public = cert_public_key(key);
	bool good = public && set_key(group, public);
	if (public) {
		gnutls_pubkey_deinit(public);
	}
	return good;
}

const struct group_member *group_find(const struct group *group, const char *person) {
	for (int i = 0; i < group->size; i++) {
		if (strcmp(group->members[i].grant.person, person) == 0) {
			return &group->members[i];
		}
	}
	return NULL;
}

const char *group_member_name(const struct group_member *member) {
	return name_last(member->grant.name);
}

/* Signatures. */

static bool signed_bytes(const char *context, const struct buf *text, struct buf *out) {
	return buf_append(out, context, strlen(context) + 1) &&
		buf_append(out, text->data + text->at, text->size);
}

// Base64, malloc'd; NULL: it cannot be.
static char *sign(gnutls_x509_privkey_t with, const char *context, const struct buf *text) {
	gnutls_privkey_t key = NULL;
	gnutls_datum_t signature = {0}, coded = {0};
	struct buf bytes;
	char *out = NULL;
	buf_init(&bytes);
	if (signed_bytes(context, text, &bytes) && gnutls_privkey_init(&key) >= 0) {
		gnutls_datum_t data = {buf_front(&bytes), (unsigned int)bytes.size};
		if (gnutls_privkey_import_x509(key, with, 0) >= 0 &&
				gnutls_privkey_sign_data2(key, GNUTLS_SIGN_EDDSA_ED25519, 0, &data, &signature) >= 0 &&
				gnutls_base64_encode2(&signature, &coded) >= 0) {
			out = strndup((const char *)coded.data, coded.size);
		}
		gnutls_privkey_deinit(key);
	}
	gnutls_free(coded.data);
	gnutls_free(signature.data);
	buf_finish(&bytes);
	return out;
}

static bool is_signed(gnutls_pubkey_t by, const char *context, const struct buf *text,
		const char *coded) {
	gnutls_datum_t in = {(unsigned char *)coded, (unsigned int)strlen(coded)}, signature = {0};
	struct buf bytes;
	buf_init(&bytes);
	bool good = in.size > 0 && gnutls_base64_decode2(&in, &signature) >= 0 &&
		signed_bytes(context, text, &bytes);
	if (good) {
		gnutls_datum_t data = {buf_front(&bytes), (unsigned int)bytes.size};
		good = gnutls_pubkey_verify_data2(by, GNUTLS_SIGN_EDDSA_ED25519, 0, &data, &signature) >= 0;
	}
	gnutls_free(signature.data);
	buf_finish(&bytes);
	return good;
}

/* Changes. */

static bool make_id(char out[static GRANT_ID + 1]) {
	uint8_t bytes[GRANT_ID / 2];
	if (gnutls_rnd(GNUTLS_RND_KEY, bytes, sizeof(bytes)) < 0) {
		return false;
	}
	for (size_t i = 0; i < sizeof(bytes); i++) {
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	}
	return true;
}

static struct group_member *room(struct group *group, struct op_refusal *refusal) {
	if (group->size == GROUP_MEMBERS_MAX) {
		op_refuse(refusal, OP_E2BIG, "a group has at most %d members", GROUP_MEMBERS_MAX);
		return NULL;
	}
	struct group_member *members = reallocarray(group->members, (size_t)group->size + 1,
		sizeof(*members));
	if (!members) {
		op_refuse(refusal, OP_EIO, "out of memory");
		return NULL;
	}
	group->members = members;
	members[group->size] = (struct group_member){0};
	return &members[group->size];
}

enum op_code group_add(struct group *group, gnutls_x509_privkey_t key, const char *person,
		const char *name, const char *to, struct op_refusal *refusal) {
	struct group_member *member = room(group, refusal);
	struct buf head;
	if (!member) {
		return refusal ? refusal->code : OP_E2BIG;
	}
	struct grant *grant = &member->grant;
	snprintf(grant->person, sizeof(grant->person), "%s", person);
	strcpy(grant->by, group->fingerprint);
	strcpy(grant->holder, grant->person);
	snprintf(grant->to, sizeof(grant->to), "%s", to);
	snprintf(grant->name, sizeof(grant->name), "/peer/%s/%s", group->name, name);
	grant->verbs = 1u << OP_KIND;
	grant->from = time(NULL);
	grant->until = 999999999999; // until it is taken away
	grant->use = GRANT_MEMBER;
	buf_init(&head);
	if (make_id(grant->id) && grant_print(grant, &head)) {
		member->signature = sign(key, GRANT_CONTEXT, &head);
	}
	buf_finish(&head);
	if (!member->signature) {
		return op_refuse(refusal, OP_EIO, "a membership cannot be signed");
	}
	group->size++;
	return OP_OK;
}

void group_remove(struct group *group, const char *person) {
	const struct group_member *member = group_find(group, person);
	if (member) {
		ptrdiff_t at = member - group->members;
		free(group->members[at].signature);
		group->size--;
		memmove(&group->members[at], &group->members[at + 1],
			(size_t)(group->size - at) * sizeof(*member));
	}
}

static bool print_member(const struct group_member *member, struct buf *out) {
	gnutls_datum_t coded = {0};
	struct buf text;
	buf_init(&text);
	bool good = grant_print(&member->grant, &text) &&
		buf_printf(&text, "signature %s\n", member->signature);
	if (good) {
		gnutls_datum_t bytes = {buf_front(&text), (unsigned int)text.size};
		good = gnutls_base64_encode2(&bytes, &coded) >= 0 &&
			buf_printf(out, "member %.*s\n", (int)coded.size, coded.data);
		gnutls_free(coded.data);
	}
	buf_finish(&text);
	return good;
}

static bool print_signed(const struct group *group, struct buf *out) {
	bool good = buf_printf(out, "group %s\nkey %s\nserial %llu\n%s", group->name, group->spki,
		(unsigned long long)group->serial, group->gone ? "gone yes\n" : "");
	for (int i = 0; good && i < group->size; i++) {
		good = print_member(&group->members[i], out);
	}
	return good;
}

enum op_code group_sign(struct group *group, gnutls_x509_privkey_t key,
		struct op_refusal *refusal) {
	struct buf text;
	buf_init(&text);
	group->serial++;
	char *signature = print_signed(group, &text) ? sign(key, GROUP_CONTEXT, &text) : NULL;
	buf_finish(&text);
	if (!signature) {
		return op_refuse(refusal, OP_EIO, "the group %s cannot be signed", group->name);
	}
	free(group->signature);
	group->signature = signature;
	return OP_OK;
}

bool group_print(const struct group *group, struct buf *out) {
	return print_signed(group, out) && buf_printf(out, "signature %s\n", group->signature);
}

/* The other way. */

// The rest of the next line behind "field "; NULL: it is another, and text stays.
static char *take(char **text, const char *field) {
	size_t size = strlen(field);
	char *newline = strchr(*text, '\n');
	if (!newline || strncmp(*text, field, size) != 0 || (*text)[size] != ' ') {
		return NULL;
	}
	char *value = *text + size + 1;
	*newline = '\0';
	*text = newline + 1;
	return value;
}

static bool read_member(struct group *group, gnutls_pubkey_t key, const char *coded,
		struct op_refusal *refusal) {
	gnutls_datum_t in = {(unsigned char *)coded, (unsigned int)strlen(coded)}, bytes = {0};
	struct group_member *member = room(group, refusal);
	struct buf head;
	char prefix[OP_MAX_SUBJECT + 16];
	if (!member || in.size == 0 || gnutls_base64_decode2(&in, &bytes) < 0) {
		return false;
	}
	char *text = strndup((const char *)bytes.data, bytes.size);
	size_t size = text ? grant_parse(&member->grant, text, strlen(text), NULL) : 0;
	char *rest = size > 0 ? text + size : NULL;
	const char *signature = rest ? take(&rest, "signature") : NULL;
	const struct grant *grant = &member->grant;
	snprintf(prefix, sizeof(prefix), "/peer/%s/", group->name);
	buf_init(&head);
	bool good = signature && !*rest && grant->use == GRANT_MEMBER &&
		strcmp(grant->by, group->fingerprint) == 0 && strcmp(grant->holder, grant->person) == 0 &&
		strncmp(grant->name, prefix, strlen(prefix)) == 0 &&
		cert_check_name(grant->name + strlen(prefix), NULL) == OP_OK &&
		!group_find(group, grant->person) && buf_append(&head, text, size) &&
		is_signed(key, GRANT_CONTEXT, &head, signature) &&
		(member->signature = strdup(signature));
	buf_finish(&head);
	free(text);
	gnutls_free(bytes.data);
	group->size += good;
	return good;
}

static bool read_head(struct group *group, char **text, gnutls_pubkey_t *key) {
	char *end = NULL;
	const char *name = take(text, "group"), *spki = name ? take(text, "key") : NULL;
	const char *serial = spki ? take(text, "serial") : NULL;
	const char *gone = serial ? take(text, "gone") : NULL;
	if (!serial || cert_check_name(name, NULL) != OP_OK || (gone && strcmp(gone, "yes") != 0) ||
			!(*key = cert_key_from_base64(spki, NULL)) || !set_key(group, *key)) {
		return false;
	}
	snprintf(group->name, sizeof(group->name), "%s", name);
	group->gone = gone;
	group->serial = strtoull(serial, &end, 10);
	return *end == '\0' && group->serial > 0;
}

enum op_code group_read(struct group *group, const char *text, size_t size,
		struct op_refusal *refusal) {
	char *copy = size <= GROUP_TEXT_MAX ? strndup(text, size) : NULL, *rest = copy, *member;
	gnutls_pubkey_t key = NULL;
	struct buf said;
	*group = (struct group){0};
	bool good = copy && strlen(copy) == size && read_head(group, &rest, &key);
	while (good && (member = take(&rest, "member"))) {
		good = !group->gone && read_member(group, key, member, refusal);
	}
	const char *signature = good ? take(&rest, "signature") : NULL;
	good = signature && !*rest && (group->signature = strdup(signature));
	buf_init(&said);
	// There is one text for one group: what it says, printed anew, is that.
	good = good && print_signed(group, &said) && said.size < size &&
		memcmp(buf_front(&said), text, said.size) == 0;
	enum op_code code = !good ? op_refuse(refusal, OP_EARG, "that is no group, or not all of it") :
		is_signed(key, GROUP_CONTEXT, &said, group->signature) ? OP_OK :
		op_refuse(refusal, OP_EPERM, "the group %s is not signed by its key", group->name);
	buf_finish(&said);
	if (key) {
		gnutls_pubkey_deinit(key);
	}
	free(copy);
	if (code != OP_OK) {
		group_finish(group);
	}
	return code;
}
