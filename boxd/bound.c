/* SPDX-License-Identifier: MIT */
/*
 * bound.c - the lines of a sandbox's name space, as a head carries them (field bound of op.xml).
 *
 * What a sandbox does with them is sandbox.c's; that a name means the box it says was asked by who
 * wrote the line.
 */
#include "bound.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/name.h"
#include "grants.h"
#include "quic/keys.h"
#include "quic/quic.h"
#include "strings.h"

static bool check_letters(const char *letters) {
	bool good = *letters;
	for (const char *at = letters; *at; at++) {
		good = good && strchr(BOUND_LETTERS, *at) && !strchr(at + 1, *at);
	}
	return good;
}

static enum op_code check(const struct bound *bound, struct op_refusal *refusal) {
	const char *name;
	char key[65];
	if (!bound->letters || !bound->where) {
		return op_refuse(refusal, OP_EARG, "a bound box is its NAME, LETTERS and WHERE it is, with tabs "
			"between them");
	} else if (!check_letters(bound->letters)) {
		return op_refuse(refusal, OP_EARG, "what a program may do with %s is said with letters of k s g "
			"p, each once, not \"%.20s\"", bound->name, bound->letters);
	} else if (strcmp(bound->name, BOUND_DOT) != 0 && name_check(bound->name, refusal) != OP_OK) {
		return refusal->code;
	} else if (strcmp(bound->name, "/") == 0) {
		return op_refuse(refusal, OP_EARG, "a box is bound to a name below \"/\", not to that");
	}
	return where_split(bound->where, key, &name, refusal);
}

enum op_code bound_init(struct bound *bound, const char *line, struct op_refusal *refusal) {
	*bound = (struct bound){.text = strdup(line)};
	if (!bound->text) {
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	char *at = bound->text;
	const char **const words[] = {&bound->name, &bound->letters, &bound->where, &bound->grant};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && at; i++) {
		*words[i] = strsep(&at, "\t");
	}
	enum op_code code = check(bound, refusal);
	if (code != OP_OK) {
		bound_finish(bound);
	}
	return code;
}

void bound_finish(struct bound *bound) {
	free(bound->text);
	*bound = (struct bound){0};
}

/* At the asker. */

static uint32_t verbs_of(const char *letters) {
	static const enum op_verb verbs[] = {OP_KIND, OP_SELECTORS, OP_GETMEM, OP_PUTMEM};
	uint32_t bits = 0;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		bits |= strchr(letters, op_verb_letter(verbs[i])) ? 1u << verbs[i] : 0;
	}
	return bits;
}

// The box that a where means in the asker's name space; malloc'd. NULL: no memory.
static char *meaning(const struct ns *ns, const char *where) {
	struct ns_meaning meanings[NS_MEANINGS];
	if (*where != '/') {
		return strdup(where);
	}
	int count = ns_mean(ns, where, meanings);
	char *first = count > 0 ? meanings[0].name : count == 0 ? strdup(where) : NULL;
	for (int i = 1; i < count; i++) {
		free(meanings[i].name);
	}
	return first;
}

struct sending {
	const struct route *route;
	const struct ns *ns;
	const struct peer *peer; // the program's node
	struct strings lines;    // as that reads them
	int grants;
};

static enum op_code sign(struct sending *sending, const char *letters, const char *key,
		const char *name, struct op_head *granted, struct op_refusal *refusal) {
	if (strcmp(key, sending->peer->key) == 0) {
		return OP_OK; // decided there, by what the asker may there
	} else if (++sending->grants > BOUND_GRANTS_MAX) {
		return op_refuse(refusal, OP_E2BIG, "a program can be given %d boxes of other nodes: name fewer",
			BOUND_GRANTS_MAX);
	}
	const struct grants_leave leave = {
		.holder = sending->peer->key,
		.to = key,
		.use = GRANT_NS,
		.verbs = verbs_of(letters),
		.name = name,
	};
	return grants_sign(sending->route->grants, granted, &leave, NULL, refusal);
}

static enum op_code send_line(struct sending *sending, const char *line,
		struct op_refusal *refusal) {
	struct bound bound;
	struct op_head granted;
	char key[65];
	const char *name;
	if (bound_init(&bound, line, refusal) != OP_OK) {
		return refusal->code;
	}
	op_head_init_reply(&granted);
	char *where = meaning(sending->ns, bound.where);
	enum op_code code = where ? route_where(sending->route, where, key, &name, refusal) :
		op_refuse(refusal, OP_EIO, "out of memory");
	if (code == OP_OK) {
		code = sign(sending, bound.letters, key, name, &granted, refusal);
	}
	if (code == OP_OK) {
		const char *grant = op_get(&granted, OP_F_GRANT);
		strings_add(&sending->lines, "%s\t%s\t%s%s%s%s", bound.name, bound.letters, key, name,
			grant ? "\t" : "", grant ? grant : "");
	}
	free(where);
	op_head_finish(&granted);
	bound_finish(&bound);
	return code;
}

static bool needs_none(const struct route *route, const struct peer *peer,
		const struct subject *subject) {
	const char *person = keys_person(route->keys);
	return !person || strcmp(subject->person, person) != 0 || // not ours to give
		strcmp(peer->subject.person, person) == 0;
}

enum op_code bound_send(const struct route *route, const struct ns *ns, const struct way *way,
		struct op_head *head, const struct subject *subject, struct op_refusal *refusal) {
	struct sending sending = {.route = route, .ns = ns, .peer = way->peer};
	enum op_code code = OP_OK;
	size_t at = 0, count = 0;
	if (needs_none(route, way->peer, subject)) {
		op_unset(head, OP_F_BOUND);
		return OP_OK;
	}
	for (const char *line; code == OP_OK && (line = op_each(head, OP_F_BOUND, &at));) {
		code = ++count <= BOUND_MAX ? send_line(&sending, line, refusal) : op_refuse(refusal, OP_E2BIG,
			"a program can be given %d boxes: name fewer", BOUND_MAX);
	}
	if (code == OP_OK && sending.lines.no_memory) {
		code = op_refuse(refusal, OP_EIO, "out of memory");
	}
	op_unset(head, OP_F_BOUND);
	for (size_t i = 0; code == OP_OK && i < sending.lines.count; i++) {
		op_add(head, OP_F_BOUND, sending.lines.list[i]);
	}
	strings_finish(&sending.lines);
	return code;
}
