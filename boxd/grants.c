/* SPDX-License-Identifier: MIT */
/*
 * grants.c - grants in use: signed for what this node asks for, looked at where a request goes on,
 * and taken, once, where it arrives.
 *
 * What a grant covers is box/grant.c; whose signature it bears, quic/signing.c; whether he who granted
 * it may, is decided as ever by the box.
 */
#include "grants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "quic/quic.h"
#include "quic/signing.h"

#define ONCE_S 600
#define TRIES 2 // grants of one request that are looked at: a copy has one for each box
#define USED_MAX 4096
#define USED_MAX_PERSON 256 // of one person, who may have any number of machines

struct used {
	struct wl_list link; // grants.used
	char id[GRANT_ID + 1];
	char by[GRANT_KEY + 1], person[GRANT_KEY + 1];
	int64_t until; // no later can it come again
};

static int64_t uptime_s(void) {
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

void grants_init(struct grants *grants, const struct keys *keys) {
	*grants = (struct grants){.keys = keys, .started = uptime_s()};
	wl_list_init(&grants->used);
}

static void used_destroy(struct used *used) {
	wl_list_remove(&used->link);
	free(used);
}

void grants_finish(struct grants *grants) {
	struct used *used, *next;
	wl_list_for_each_safe(used, next, &grants->used, link) {
		used_destroy(used);
	}
}

enum op_code grants_sign(const struct grants *grants, struct op_head *head, const char *holder,
		const char *to, enum op_verb verb, const char *name, struct op_refusal *refusal) {
	struct grant *grant = calloc(1, sizeof(*grant));
	if (!grant) {
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	snprintf(grant->holder, sizeof(grant->holder), "%s", holder);
	snprintf(grant->to, sizeof(grant->to), "%s", to);
	snprintf(grant->name, sizeof(grant->name), "%s", name);
	grant->verbs = 1u << OP_KIND | 1u << verb;
	grant->from = time(NULL);
	grant->until = grant->from + ONCE_S;
	grant->use = GRANT_ONCE;
	char *text = signing_grant(grants->keys, grant, refusal);
	if (text) {
		op_add(head, OP_F_GRANT, text);
	}
	free(text);
	free(grant);
	return text ? OP_OK : refusal->code;
}

static bool same_subject(const struct subject *a, const struct subject *b) {
	return strcmp(a->person, b->person) == 0 && strcmp(a->machine, b->machine) == 0;
}

enum op_code grants_let(const struct grants *grants, const struct op_head *head,
		const struct subject *subject, const struct peer *to, enum op_verb verb, const char *name,
		struct op_refusal *refusal) {
	struct grant *grant = malloc(sizeof(*grant));
	struct subject signer;
	size_t at = 0;
	const struct grant_case wanted = {
		.holder = keys_fingerprint(grants->keys), .to = to->key, .verb = verb, .name = name,
	};
	enum op_code code = op_refuse(refusal, OP_EPERM, "a request of %s goes on to %s's node with a "
		"grant only", subject->person, to->subject.person);
	for (const char *text; grant && grants->quic && (text = op_each(head, OP_F_GRANT, &at));) {
		code = signing_check(grants->quic, text, grant, &signer, refusal);
		if (code == OP_OK && !same_subject(&signer, subject)) {
			code = op_refuse(refusal, OP_EPERM, "the grant is of %s at %s, who did not ask",
				signer.person, signer.machine);
		}
		if (code == OP_OK) {
			code = grant_covers(grant, &wanted, refusal);
		}
		if (code == OP_OK) {
			break;
		}
	}
	free(grant);
	return code;
}

/* At the target. */

// The machine that a subject stands for: what came by its connection is its.
static const char *key_of(const struct grants *grants, const struct subject *subject) {
	const char *key = NULL;
	const struct peer *peer;
	wl_list_for_each(peer, quic_peers(grants->quic), link) {
		if (peer->up && same_subject(&peer->subject, subject)) {
			if (key) {
				return NULL; // two machines of one name: neither is believed
			}
			key = peer->key;
		}
	}
	return key;
}

static enum op_code count_use(struct grants *grants, const struct grant *grant, int64_t now,
		struct op_refusal *refusal) {
	struct used *used, *next;
	int all = 0, of_person = 0;
	wl_list_for_each_safe(used, next, &grants->used, link) {
		if (used->until < now) {
			used_destroy(used);
			continue;
		}
		if (strcmp(used->by, grant->by) == 0 && strcmp(used->id, grant->id) == 0) {
			return op_refuse(refusal, OP_EPERM, "the grant was used already: ask anew");
		}
		of_person += strcmp(used->person, grant->person) == 0;
		all++;
	}
	// Reckoned back from now: a machine without a clock has another one later.
	if (grant->from < now - (uptime_s() - grants->started)) {
		return op_refuse(refusal, OP_EPERM, "the grant is older than this boxd: ask anew");
	}
	if (all >= USED_MAX || of_person >= USED_MAX_PERSON) {
		return op_refuse(refusal, OP_EQUOTA, "so many grants were used here that no more can be "
			"remembered: ask again in %d minutes", ONCE_S / 60);
	}
	if (!(used = calloc(1, sizeof(*used)))) {
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	strcpy(used->id, grant->id);
	strcpy(used->by, grant->by);
	strcpy(used->person, grant->person);
	used->until = grant->until + GRANT_SKEW;
	wl_list_insert(&grants->used, &used->link);
	return OP_OK;
}

// One of them; subject becomes who signed it.
static enum op_code admit_by(struct grants *grants, const char *text, const struct op_head *head,
		const char *holder, struct grant *grant, struct subject *subject,
		struct op_refusal *refusal) {
	struct subject signer;
	int64_t now = time(NULL);
	const struct grant_case wanted = {
		.holder = holder,
		.to = keys_fingerprint(grants->keys),
		.verb = head->verb,
		.name = op_get(head, OP_F_NAME),
		.now = now,
	};
	enum op_code code = signing_check(grants->quic, text, grant, &signer, refusal);
	if (code == OP_OK) {
		code = grant_covers(grant, &wanted, refusal);
	}
	if (code == OP_OK && grant->use != GRANT_ONCE) {
		code = op_refuse(refusal, OP_EUNSUPP, "this node takes grants for use once");
	}
	// Kinds may be looked at before; the bytes are the use.
	if (code == OP_OK && head->verb != OP_KIND) {
		code = count_use(grants, grant, now, refusal);
	}
	if (code == OP_OK) {
		*subject = signer;
	}
	return code;
}

enum op_code grants_admit(struct grants *grants, struct op_head *head, struct subject *subject,
		struct op_refusal *refusal) {
	const char *holder = grants->quic ? key_of(grants, subject) : NULL;
	struct grant *grant = malloc(sizeof(*grant));
	size_t at = 0;
	enum op_code code = op_refuse(refusal, OP_EPERM, "it is not clear which machine %s/%s is, so no "
		"grant is taken from it", subject->person, subject->machine);
	int tries = 0; // each costs two signatures
	for (const char *text; grant && holder && tries < TRIES && (text = op_each(head, OP_F_GRANT, &at));
			tries++) {
		code = admit_by(grants, text, head, holder, grant, subject, refusal);
		if (code == OP_OK) {
			break;
		}
	}
	free(grant);
	op_unset(head, OP_F_GRANT);
	return code;
}

bool grants_meant(const struct op_head *head) {
	return op_has(head, OP_F_GRANT) && (head->verb == OP_KIND || head->verb == OP_GETMEM ||
		head->verb == OP_PUTMEM);
}
