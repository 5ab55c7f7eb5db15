/* SPDX-License-Identifier: MIT */
/*
 * cast.c - the table of type conversions of a name space.
 *
 * Which casts lead from one type to another is plan.c's; running them is boxd's convert.c.
 */
#include "box/cast.h"

#include <stdlib.h>
#include <string.h>

#include "box/cnstr.h"
#include "box/name.h"

void casts_init(struct casts *casts) {
	wl_list_init(&casts->list);
}

static void free_args(char **args) {
	for (char **arg = args; arg && *arg; arg++) {
		free(*arg);
	}
	free(args);
}

static void cast_free(struct cast *cast) {
	free(cast->from);
	free(cast->to);
	free(cast->prog);
	free_args(cast->args);
	free(cast->want);
	free(cast);
}

void casts_remove(struct cast *cast) {
	wl_list_remove(&cast->link);
	cast_free(cast);
}

void casts_finish(struct casts *casts) {
	struct cast *cast, *next;
	wl_list_for_each_safe(cast, next, &casts->list, link) {
		casts_remove(cast);
	}
}

// NULL: no memory.
static char **copy_args(const char *prog, char *const *args) {
	size_t count = 0;
	while (args && args[count]) {
		count++;
	}
	char **copy = calloc(count + 2, sizeof(char *));
	const char *last = strrchr(prog, '/');
	bool good = copy && (count > 0 || (copy[0] = strdup(last ? last + 1 : prog)));
	for (size_t i = 0; i < count && good; i++) {
		copy[i] = strdup(args[i]);
		good = copy[i];
	}
	if (!good) {
		free_args(copy);
		return NULL;
	}
	return copy;
}

static struct cast *cast_copy(const struct cast *from) {
	struct cast *cast = calloc(1, sizeof(*cast));
	if (!cast) {
		return NULL;
	}
	cast->from = strdup(from->from);
	cast->to = strdup(from->to);
	cast->prog = from->prog ? strdup(from->prog) : NULL;
	cast->args = from->prog ? copy_args(from->prog, from->args) : NULL;
	cast->want = from->want ? strdup(from->want) : NULL;
	if (!cast->from || !cast->to || (from->prog && (!cast->prog || !cast->args)) ||
			(from->want && !cast->want)) {
		cast_free(cast);
		return NULL;
	}
	return cast;
}

bool casts_copy(struct casts *to, const struct casts *from) {
	const struct cast *cast;
	casts_init(to);
	wl_list_for_each(cast, &from->list, link) {
		struct cast *copy = cast_copy(cast);
		if (!copy) {
			casts_finish(to);
			return false;
		}
		wl_list_insert(to->list.prev, &copy->link);
	}
	return true;
}

// A word for a type: also as it stands in a line of the name space's file.
static bool is_type(const char *word) {
	return *word && strpbrk(word, " :!*=<>/") == NULL &&
		name_check_component(word, NULL) == OP_OK;
}

enum op_code cast_split(char *name, char **to, struct op_refusal *refusal) {
	char *colon = strlen(name) <= OP_MAX_COMPONENT ? strchr(name, ':') : NULL;
	if (colon) {
		*colon = '\0';
	}
	if (!colon || !is_type(name) || !is_type(colon + 1)) {
		return op_refuse(refusal, OP_EARG, "a cast is called FROM:TO after two types, as text:page; "
			"types are words, without constraints");
	}
	*to = colon + 1;
	return strcmp(name, *to) == 0 ? op_refuse(refusal, OP_EARG, "%.80s is %.80s already: a cast is "
		"between two types", name, *to) : OP_OK;
}

struct cast *casts_find(const struct casts *casts, const char *from, const char *to) {
	struct cast *cast;
	wl_list_for_each(cast, &casts->list, link) {
		if (strcmp(cast->from, from) == 0 && strcmp(cast->to, to) == 0) {
			return cast;
		}
	}
	return NULL;
}

static enum op_code check(const struct casts *casts, const struct cast *cast,
		struct op_refusal *refusal) {
	struct cnstr want;
	if (!cast->prog && ((cast->args && cast->args[0]) || cast->want)) {
		return op_refuse(refusal, OP_EARG, "arguments, and what the processor must be, are for a program: "
			"prog says which");
	} else if (cast->prog && !*cast->prog) {
		return op_refuse(refusal, OP_EARG, "prog is a path or a word for a program; a cast without "
			"one takes the first type as the second");
	} else if (casts_find(casts, cast->from, cast->to)) {
		return op_refuse(refusal, OP_EEXIST, "there is a cast from %.80s to %.80s already (box uncast "
			"takes it away)", cast->from, cast->to);
	} else if (wl_list_length(&casts->list) >= OP_MAX_BINDINGS) {
		return op_refuse(refusal, OP_E2BIG, "a name space has at most %d casts: box uncast takes some "
			"away", OP_MAX_BINDINGS);
	}
	return cast->want ? cnstr_parse(&want, cast->want, refusal) : OP_OK;
}

enum op_code casts_add(struct casts *casts, const struct cast *cast, struct cast **out,
		struct op_refusal *refusal) {
	enum op_code code = check(casts, cast, refusal);
	struct cast *made = code == OP_OK ? cast_copy(cast) : NULL;
	if (!made) {
		return code != OP_OK ? code : op_refuse(refusal, OP_EIO, "out of memory");
	}
	wl_list_insert(casts->list.prev, &made->link);
	*out = made;
	return OP_OK;
}

static bool says_nothing(const char *type) {
	static const char *const words[] = {"*", "box", "file", "dir", "device"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i], type) == 0) {
			return true;
		}
	}
	return false;
}

bool cast_is_free(const char *from, const char *to) {
	return strcmp(from, to) == 0 || says_nothing(from) || says_nothing(to);
}
