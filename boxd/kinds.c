/* SPDX-License-Identifier: MIT */
/* kinds.c - the table. Which answers are worth a look is candidates.c's. */
#include "kinds.h"

#include <stdlib.h>
#include <string.h>

#include "box/name.h"

void kinds_init(struct kinds *kinds) {
	*kinds = (struct kinds){0};
	wl_list_init(&kinds->list);
}

static void drop(struct kinds *kinds, struct known_kind *known) {
	wl_list_remove(&known->link);
	kinds->count--;
	free(known->name);
	free(known->type);
	free(known->letters);
	free(known);
}

void kinds_finish(struct kinds *kinds) {
	struct known_kind *known, *next;
	wl_list_for_each_safe(known, next, &kinds->list, link) {
		drop(kinds, known);
	}
}

void kinds_forget(struct kinds *kinds, const char *key) {
	kinds_forget_below(kinds, key, "/");
}

void kinds_forget_below(struct kinds *kinds, const char *key, const char *name) {
	struct known_kind *known, *next;
	wl_list_for_each_safe(known, next, &kinds->list, link) {
		if (strcmp(known->key, key) == 0 && name_below(name, known->name)) {
			drop(kinds, known);
		}
	}
}

static struct known_kind *find(const struct kinds *kinds, const char *key, const char *name,
		const struct subject *subject) {
	struct known_kind *known;
	wl_list_for_each(known, &kinds->list, link) {
		if (strcmp(known->name, name) == 0 && strcmp(known->key, key) == 0 &&
				strcmp(known->subject.person, subject->person) == 0 &&
				strcmp(known->subject.machine, subject->machine) == 0) {
			return known;
		}
	}
	return NULL;
}

const struct known_kind *kinds_find(struct kinds *kinds, const char *key, const char *name,
		const struct subject *subject, int64_t now_ms) {
	struct known_kind *known = find(kinds, key, name, subject);
	if (known && now_ms >= known->until_ms) {
		drop(kinds, known);
		known = NULL;
	}
	return known;
}

// That nobody could be asked, or not in time, says nothing of the box.
static bool is_of_the_box(const struct op_head *reply) {
	enum op_code code = reply->refusal.code;
	return code == OP_OK ? op_has(reply, OP_F_TYPE) : code == OP_ENOENT;
}

void kinds_keep(struct kinds *kinds, const char *key, const char *name,
		const struct subject *subject, const struct op_head *reply, int64_t now_ms) {
	uint64_t ttl = op_get_number(reply, OP_F_TTL, 0);
	struct known_kind *known = find(kinds, key, name, subject);
	const char *letters = op_get(reply, OP_F_LETTERS);
	if (known) {
		drop(kinds, known);
	}
	if (ttl == 0 || !is_of_the_box(reply) || strlen(key) >= sizeof(known->key) ||
			!(known = calloc(1, sizeof(*known)))) {
		return;
	}
	bool there = reply->refusal.code == OP_OK;
	strcpy(known->key, key);
	known->subject = *subject;
	known->until_ms = now_ms + (int64_t)(ttl < KINDS_TTL_MAX_MS ? ttl : KINDS_TTL_MAX_MS);
	known->why = reply->refusal;
	known->name = strdup(name);
	known->type = there ? strdup(op_get(reply, OP_F_TYPE)) : NULL;
	known->letters = there ? strdup(letters ? letters : "") : NULL;
	wl_list_insert(&kinds->list, &known->link);
	kinds->count++;
	if (!known->name || (there && (!known->type || !known->letters))) {
		drop(kinds, known);
	} else if (kinds->count > KINDS_MAX) {
		drop(kinds, wl_container_of(kinds->list.prev, known, link));
	}
}
