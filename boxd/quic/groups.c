/* SPDX-License-Identifier: MIT */
/*
 * groups.c - which groups this node's person has: made and changed here, if their key is here, or told
 * by another machine of the person.
 *
 * What a group is, and who signed it, is group.c's; who is told of a new one is boxd's.
 */
#include "quic/groups.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "quic/cert.h"
#include "quic/keys_files.h"
#include "quic/peers.h"

#define FOLDER "groups"
#define KEY_ENDING ".key"
#define GROUPS_MAX 128

static struct known_group *find(const struct quic *quic, const char *name) {
	struct known_group *known;
	wl_list_for_each(known, &quic->groups, link) {
		if (strcmp(known->group.name, name) == 0) {
			return known;
		}
	}
	return NULL;
}

static struct known_group *find_here(const struct quic *quic, const char *name,
		struct op_refusal *refusal) {
	struct known_group *known = find(quic, name);
	if (!known || known->group.gone) {
		op_refuse(refusal, OP_ENOENT, "there is no group %s (box group shows those there are)", name);
		return NULL;
	}
	return known;
}

bool groups_has(const struct quic *quic, const char *name) {
	const struct known_group *known = find(quic, name);
	return known && !known->group.gone;
}

static void insert(struct quic *quic, struct known_group *known) {
	struct wl_list *before = &quic->groups;
	struct known_group *other;
	wl_list_for_each(other, &quic->groups, link) {
		if (strcmp(other->group.name, known->group.name) > 0) {
			break;
		}
		before = &other->link;
	}
	wl_list_insert(before, &known->link);
}

static void known_destroy(struct known_group *known) {
	group_finish(&known->group);
	free(known);
}

/* The disk. */

static void file_name(const char *name, const char *ending, char out[static OP_MAX_SUBJECT + 16]) {
	snprintf(out, OP_MAX_SUBJECT + 16, FOLDER "/%s%s", name, ending);
}

static enum op_code save(struct quic *quic, const struct group *group, struct op_refusal *refusal) {
	char file[OP_MAX_SUBJECT + 16];
	char *folder = keys_path(quic->dir, FOLDER);
	struct buf text;
	enum op_code code = OP_EIO;
	buf_init(&text);
	file_name(group->name, "", file);
	if (folder && group_print(group, &text) && (mkdir(folder, 0700) == 0 || errno == EEXIST)) {
		code = keys_write(quic->dir, file, buf_front(&text), text.size, refusal);
	} else {
		op_refuse(refusal, OP_EIO, "%s/%s cannot be written", quic->dir, file);
	}
	buf_finish(&text);
	free(folder);
	return code;
}

// NULL: it was not made here, or cannot be read. Opened when it is needed, and not kept.
static gnutls_x509_privkey_t read_key(struct quic *quic, const char *name,
		struct op_refusal *refusal) {
	char file[OP_MAX_SUBJECT + 16];
	struct op_refusal why = {0};
	file_name(name, KEY_ENDING, file);
	gnutls_x509_privkey_t key = keys_read_key(quic->dir, file, NULL, &why);
	if (!key && why.code == OP_ENOENT) {
		op_refuse(&why, OP_EPERM, "the key of the group %s is on the machine where it was made: change "
			"it there", name);
	}
	if (!key) {
		*refusal = why;
	}
	return key;
}

static bool load(struct quic *quic, const char *name, struct op_refusal *refusal) {
	char file[OP_MAX_SUBJECT + 16], key_file[OP_MAX_SUBJECT + 16];
	struct known_group *known = calloc(1, sizeof(*known));
	struct op_refusal why = {0};
	bool locked;
	size_t size = 0;
	file_name(name, "", file);
	file_name(name, KEY_ENDING, key_file);
	char *text = known ? keys_read(quic->dir, file, &size, &why) : NULL;
	if (text && group_read(&known->group, text, size, &why) == OP_OK &&
			strcmp(known->group.name, name) == 0 &&
			(keys_is_locked(quic->dir, key_file, &locked, &why) == OP_OK || why.code == OP_ENOENT)) {
		free(text);
		insert(quic, known);
		return true;
	}
	free(text);
	if (known) {
		known_destroy(known);
	}
	if (why.code == OP_EPERM) {
		*refusal = why;
	} else {
		op_refuse(refusal, OP_EIO, "%s/%.80s is no group: %s", quic->dir, file, why.sentence);
	}
	return false;
}

bool groups_load(struct quic *quic, struct op_refusal *refusal) {
	char *path = keys_path(quic->dir, FOLDER);
	DIR *dir = path ? opendir(path) : NULL;
	bool good = dir || (path && errno == ENOENT);
	if (!good) {
		op_refuse(refusal, OP_EIO, "%s: %s", path ? path : FOLDER, strerror(errno));
	}
	struct dirent *entry;
	while (good && dir && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');
		// Keys, and what was being written when the machine went down, are no groups.
		good = dot || cert_check_name(entry->d_name, NULL) != OP_OK ||
			load(quic, entry->d_name, refusal);
	}
	if (dir) {
		closedir(dir);
	}
	free(path);
	return good;
}

void groups_finish(struct quic *quic) {
	struct known_group *known, *next;
	wl_list_for_each_safe(known, next, &quic->groups, link) {
		wl_list_remove(&known->link);
		known_destroy(known);
	}
}

/* Changes. */

static void tell(struct quic *quic, const char *name) {
	if (quic->events->group_changed) {
		quic->events->group_changed(quic->data, name);
	}
}

// Signed anew, then kept; as it was if that fails.
static enum op_code commit(struct quic *quic, struct known_group *known, struct group *changed,
		gnutls_x509_privkey_t key, struct op_refusal *refusal) {
	enum op_code code = group_sign(changed, key, refusal);
	if (code == OP_OK) {
		code = save(quic, changed, refusal);
	}
	if (code == OP_OK) {
		group_finish(&known->group);
		known->group = *changed;
		*changed = (struct group){0};
		tell(quic, known->group.name);
	}
	return code;
}

static bool copy(const struct group *group, struct group *out) {
	struct buf text;
	buf_init(&text);
	bool good = group_print(group, &text) &&
		group_read(out, (const char *)buf_front(&text), text.size, NULL) == OP_OK;
	buf_finish(&text);
	return good;
}

static bool is_free(struct quic *quic, const char *name, struct op_refusal *refusal) {
	const struct peer *peer;
	bool taken = persons_key(quic, name);
	if (strcmp(name, "new") == 0 || strncmp(name, "key-", 4) == 0) {
		op_refuse(refusal, OP_EARG, "%s is what a pairing is called below /peer: call the group something "
			"else", name);
		return false;
	}
	wl_list_for_each(peer, &quic->peers, link) {
		taken = taken || strcmp(peer->petname, name) == 0;
	}
	if (taken) {
		op_refuse(refusal, OP_EEXIST, "%s is a person or a machine that is known here: call the group "
			"something else", name);
	}
	return !taken;
}

static enum op_code check_new(struct quic *quic, const char *name, struct op_refusal *refusal) {
	if (!keys_person(quic->keys)) {
		return op_refuse(refusal, OP_EPERM, "this machine is nobody's yet, and groups are a person's "
			"(box init --person NAME, or box pair --mine)");
	}
	// With a dot in it, it could be taken for the file of a key.
	if (strchr(name, '.')) {
		return op_refuse(refusal, OP_EARG, "the name of a group has no dot in it");
	}
	if (cert_check_name(name, refusal) != OP_OK || subject_check_part(name, refusal) != OP_OK) {
		return OP_EARG;
	}
	if (groups_has(quic, name)) {
		return op_refuse(refusal, OP_EEXIST, "there is a group %s already", name);
	}
	if (wl_list_length(&quic->groups) >= GROUPS_MAX) {
		return op_refuse(refusal, OP_EQUOTA, "there are %d groups, which is the most", GROUPS_MAX);
	}
	return is_free(quic, name, refusal) ? OP_OK : refusal->code;
}

// A group that was deleted here comes back with its key, and a serial that goes on.
static enum op_code make_again(struct quic *quic, struct known_group *known,
		struct op_refusal *refusal) {
	struct group changed = {0};
	gnutls_x509_privkey_t key = read_key(quic, known->group.name, refusal);
	if (!key) {
		return refusal->code;
	}
	enum op_code code = copy(&known->group, &changed) ? OP_OK :
		op_refuse(refusal, OP_EIO, "out of memory");
	changed.gone = false;
	if (code == OP_OK) {
		code = commit(quic, known, &changed, key, refusal);
	}
	group_finish(&changed);
	gnutls_x509_privkey_deinit(key);
	return code;
}

static enum op_code make(struct quic *quic, const char *name, gnutls_x509_privkey_t key,
		struct op_refusal *refusal) {
	char file[OP_MAX_SUBJECT + 16];
	struct group group = {0};
	struct known_group *known = calloc(1, sizeof(*known));
	char *folder = keys_path(quic->dir, FOLDER);
	if (known) {
		wl_list_init(&known->link);
	}
	file_name(name, KEY_ENDING, file);
	bool good = known && folder && group_init(&group, name, key) &&
		(mkdir(folder, 0700) == 0 || errno == EEXIST);
	free(folder);
	enum op_code code = good ? keys_write_key(quic->dir, file, key, NULL, refusal) :
		op_refuse(refusal, OP_EIO, "a group cannot be made in %s", quic->dir);
	if (code == OP_OK) {
		snprintf(known->group.name, sizeof(known->group.name), "%s", name);
		insert(quic, known);
		code = commit(quic, known, &group, key, refusal);
	}
	if (code != OP_OK && known) {
		wl_list_remove(&known->link);
		known_destroy(known);
	}
	group_finish(&group);
	return code;
}

enum op_code quic_group_make(struct quic *quic, const char *name, struct op_refusal *refusal) {
	enum op_code code = check_new(quic, name, refusal);
	struct known_group *known = find(quic, name);
	if (code != OP_OK || known) {
		return code != OP_OK ? code : make_again(quic, known, refusal);
	}
	gnutls_x509_privkey_t key = cert_new_key();
	if (!key) {
		return op_refuse(refusal, OP_EIO, "a key for the group cannot be made");
	}
	code = make(quic, name, key, refusal);
	gnutls_x509_privkey_deinit(key);
	return code;
}

static int count_groups(const struct quic *quic, const char *person) {
	const struct known_group *known;
	int count = 0;
	wl_list_for_each(known, &quic->groups, link) {
		count += group_find(&known->group, person) != NULL;
	}
	return count;
}

static enum op_code check_member(struct quic *quic, const struct group *group, const char *name,
		struct op_refusal *refusal) {
	const char *person = persons_key(quic, name);
	if (!person) {
		return op_refuse(refusal, OP_ENOENT, "%s is no person who is known here (box pair makes two "
			"persons known to each other)", name);
	}
	if (strcmp(person, keys_person_fingerprint(quic->keys)) == 0) {
		return op_refuse(refusal, OP_EARG, "%s is whose machines these are, and needs no group", name);
	}
	if (group_find(group, person)) {
		return op_refuse(refusal, OP_EEXIST, "%s is in the group %s already", name, group->name);
	}
	if (count_groups(quic, person) >= SUBJECT_GROUPS) {
		return op_refuse(refusal, OP_EQUOTA, "%s is in %d groups, which is the most: take him out of "
			"one first", name, SUBJECT_GROUPS);
	}
	return OP_OK;
}

enum change {
	CHANGE_ADD,
	CHANGE_REMOVE,
	CHANGE_DELETE,
};

// person: a name to be added, a key to be removed.
static enum op_code change(struct quic *quic, const char *name, enum change what,
		const char *person, struct op_refusal *refusal) {
	struct known_group *known = find_here(quic, name, refusal);
	struct group changed = {0};
	if (!known || (what == CHANGE_ADD && check_member(quic, &known->group, person, refusal) != OP_OK)) {
		return refusal->code;
	}
	gnutls_x509_privkey_t key = read_key(quic, name, refusal);
	if (!key) {
		return refusal->code;
	}
	enum op_code code = copy(&known->group, &changed) ? OP_OK :
		op_refuse(refusal, OP_EIO, "out of memory");
	if (code == OP_OK && what == CHANGE_ADD) {
		code = group_add(&changed, key, persons_key(quic, person), person,
			keys_person_fingerprint(quic->keys), refusal);
	} else if (code == OP_OK && what == CHANGE_REMOVE) {
		group_remove(&changed, person);
	} else if (code == OP_OK) {
		while (changed.size > 0) {
			group_remove(&changed, changed.members[0].grant.person);
		}
		changed.gone = true;
	}
	if (code == OP_OK) {
		code = commit(quic, known, &changed, key, refusal);
	}
	group_finish(&changed);
	gnutls_x509_privkey_deinit(key);
	return code;
}

enum op_code quic_group_add(struct quic *quic, const char *name, const char *person,
		struct op_refusal *refusal) {
	return change(quic, name, CHANGE_ADD, person, refusal);
}

enum op_code quic_group_remove(struct quic *quic, const char *name, const char *key,
		struct op_refusal *refusal) {
	return change(quic, name, CHANGE_REMOVE, key, refusal);
}

enum op_code quic_group_delete(struct quic *quic, const char *name, struct op_refusal *refusal) {
	return change(quic, name, CHANGE_DELETE, NULL, refusal);
}

// What another machine of the person says.
static enum op_code check_told(struct quic *quic, const struct group *group,
		const struct known_group *known, struct op_refusal *refusal) {
	if (known && strcmp(known->group.fingerprint, group->fingerprint) != 0) {
		return op_refuse(refusal, OP_EEXIST, "another group %s is known here, with another key: delete "
			"one of the two", group->name);
	}
	if (known && group->serial < known->group.serial) {
		return op_refuse(refusal, OP_ESTALE, "the group %s is known here with serial %llu, this has "
			"%llu", group->name, (unsigned long long)known->group.serial,
			(unsigned long long)group->serial);
	}
	if (!known && wl_list_length(&quic->groups) >= GROUPS_MAX) {
		return op_refuse(refusal, OP_EQUOTA, "there are %d groups, which is the most", GROUPS_MAX);
	}
	return groups_has(quic, group->name) || is_free(quic, group->name, refusal) ? OP_OK :
		refusal->code;
}

enum op_code quic_group_take(struct quic *quic, const char *text, size_t size,
		struct op_refusal *refusal) {
	struct group group;
	enum op_code code = group_read(&group, text, size, refusal);
	if (code != OP_OK) {
		return code;
	}
	struct known_group *known = find(quic, group.name), *made = NULL;
	if (known && known->group.serial == group.serial &&
			strcmp(known->group.signature, group.signature) == 0) {
		group_finish(&group);
		return OP_OK;
	}
	code = strchr(group.name, '.') ? op_refuse(refusal, OP_EARG, "the name of a group has no dot") :
		check_told(quic, &group, known, refusal);
	if (code == OP_OK && !known && !(known = made = calloc(1, sizeof(*made)))) {
		code = op_refuse(refusal, OP_EIO, "out of memory");
	}
	if (code == OP_OK) {
		code = save(quic, &group, refusal);
	}
	if (code != OP_OK) {
		group_finish(&group);
		free(made);
		return code;
	}
	group_finish(&known->group);
	known->group = group;
	if (made) {
		insert(quic, made);
	}
	tell(quic, known->group.name);
	return OP_OK;
}

/* Questions. */

bool quic_group_print(const struct quic *quic, const char *name, struct buf *out) {
	const struct known_group *known = find(quic, name);
	return known && group_print(&known->group, out);
}

void quic_each_group(const struct quic *quic, void (*each)(void *data, const char *name, bool gone),
		void *data) {
	const struct known_group *known;
	wl_list_for_each(known, &quic->groups, link) {
		each(data, known->group.name, known->group.gone);
	}
}

void quic_each_member(struct quic *quic, const char *name,
		void (*each)(void *data, const char *person, const char *key), void *data) {
	const struct known_group *known = find(quic, name);
	for (int i = 0; known && i < known->group.size; i++) {
		const struct group_member *member = &known->group.members[i];
		const char *here = persons_name(quic, member->grant.person);
		each(data, here ? here : group_member_name(member), member->grant.person);
	}
}

bool quic_group_is_there(const struct quic *quic, const char *name) {
	return groups_has(quic, name);
}

uint64_t quic_group_serial(const struct quic *quic, const char *name) {
	const struct known_group *known = find(quic, name);
	return known ? known->group.serial : 0;
}

void quic_name_groups(struct quic *quic, struct subject *subject) {
	const char *person = persons_key(quic, subject->person);
	const struct known_group *known;
	subject->groups_size = 0;
	wl_list_for_each(known, &quic->groups, link) {
		if (person && group_find(&known->group, person) && subject->groups_size < SUBJECT_GROUPS) {
			strcpy(subject->groups[subject->groups_size++], known->group.name);
		}
	}
}
