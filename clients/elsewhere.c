/* SPDX-License-Identifier: MIT */
/*
 * elsewhere.c - where a copy goes on when the machine of its target goes away.
 *
 * Which box a name means is boxd's to choose; it is asked again, and here is only looked whether that
 * is another machine's now.
 */
#include "elsewhere.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "box.h"
#include "box/cnstr.h"
#include "box/name.h"
#include "progress.h"

#define PATIENCE_MS 15000 // for all that its name may mean, one of which is away

bool lost_note(struct lost *lost, const struct op_refusal *why, const struct op_head *head) {
	const char *name = head ? op_get(head, OP_F_NAME) : NULL;
	if ((why->code != OP_ELOST && why->code != OP_EUNREACH) || !name || !name_below("/n", name)) {
		return false;
	}
	lost->why = *why;
	strcpy(lost->name, name);
	return true;
}

// Of a box that is there: its type, and its name where it is meant.
static bool ask_kind(struct asker *asker, const char *name, struct cnstr *type,
		char at[static OP_MAX_NAME + 1]) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_KIND);
	op_set(&request, OP_F_NAME, name);
	bool good = ask_within(asker, &request, &answer, PATIENCE_MS);
	const char *said = good ? op_get(&answer.reply, OP_F_TYPE) : NULL;
	const char *meant = good ? op_get(&answer.reply, OP_F_NAME) : NULL;
	good = said && cnstr_parse(type, said, NULL) == OP_OK;
	strcpy(at, meant ? meant : "");
	answer_finish(&answer);
	return good;
}

bool can_read_again(struct asker *asker, const char *source) {
	struct stat st;
	struct cnstr type;
	char at[OP_MAX_NAME + 1];
	if (source[0] != '/') {
		const char *path = strncmp(source, "file:", 5) == 0 ? source + 5 : source;
		return strcmp(source, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
	}
	return ask_kind(asker, source, &type, at) && strcmp(type.type, "file") == 0;
}

static int node_of(const char *name, const char **node) {
	size_t size = 0;
	const char *below = name_below("/n", name);
	*node = below ? name_next(&below, &size) : NULL;
	if (!*node) {
		*node = "this machine";
		size = strlen(*node);
	}
	return (int)size;
}

bool find_elsewhere(struct asker *asker, const struct lost *lost, const char *target) {
	const char *before, *now;
	char *parent = name_parent(target), so_far[16], at[OP_MAX_NAME + 1];
	struct cnstr type;
	bool found = parent && ask_kind(asker, parent, &type, at) && strcmp(type.type, "dir") == 0;
	free(parent);
	int before_size = node_of(lost->name, &before), now_size = found ? node_of(at, &now) : 0;
	if (!found || (before_size == now_size && memcmp(before, now, (size_t)now_size) == 0)) {
		return false;
	}
	fprintf(stderr, "box: %.*s went away after %s; going on with %.*s\n", before_size, before,
		progress_amount((double)lost->done, so_far), now_size, now);
	return true;
}
