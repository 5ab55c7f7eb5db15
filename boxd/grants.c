/* SPDX-License-Identifier: MIT */
/*
 * grants.c - grants signed for what this node asks for, and looked at where a request goes on.
 *
 * What a grant covers is box/grant.c; whose signature it bears, quic/signing.c; where it arrives,
 * granted.c.
 */
#include "grants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quic/quic.h"
#include "quic/signing.h"

enum op_code grants_sign(const struct grants *grants, struct op_head *head,
		const struct grants_leave *leave, char *id, struct op_refusal *refusal) {
	struct grant *grant = calloc(1, sizeof(*grant));
	if (!grant) {
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	snprintf(grant->id, sizeof(grant->id), "%s", leave->renews ? leave->renews : "");
	snprintf(grant->holder, sizeof(grant->holder), "%s", leave->holder);
	snprintf(grant->to, sizeof(grant->to), "%s", leave->to);
	snprintf(grant->name, sizeof(grant->name), "%s", leave->name);
	grant->verbs = 1u << OP_KIND | leave->verbs;
	grant->use = leave->use;
	grant->from = grants->now_ms() / 1000;
	grant->until = grant->from + grant_seconds(leave->use);
	char *text = signing_grant(grants->keys, grant, refusal);
	if (text) {
		op_add(head, OP_F_GRANT, text);
	}
	if (text && id) {
		strcpy(id, grant->id);
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
