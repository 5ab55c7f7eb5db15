/* SPDX-License-Identifier: MIT */
/*
 * ns.c - the prefix table: which boxes a name may mean.
 *
 * Gives meanings in search order. Asking them, and choosing by constraint, is boxd's choose.c; what
 * a table looks like as boxes is boxd's boxes/ns.c.
 */
#include "box/ns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/cnstr.h"
#include "box/name.h"

#define DEPTH_MAX 8 // a target that is itself bound, and so on

static const char *const orders[] = {[NS_ABOVE] = "above", [NS_BELOW] = "below", [NS_ONLY] = "only"};

int ns_order_by_name(const char *name) {
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (strcmp(orders[i], name) == 0) {
			return (int)i;
		}
	}
	return -1;
}

bool ns_init(struct ns *ns) {
	wl_list_init(&ns->bindings);
	casts_init(&ns->casts);
	ns->dot = strdup("/");
	return ns->dot;
}

static void binding_free(struct ns_binding *binding) {
	free(binding->prefix);
	free(binding->target);
	free(binding->want);
	free(binding);
}

void ns_unbind(struct ns *ns, struct ns_binding *binding) {
	wl_list_remove(&binding->link);
	binding_free(binding);
}

void ns_finish(struct ns *ns) {
	struct ns_binding *binding, *next;
	wl_list_for_each_safe(binding, next, &ns->bindings, link) {
		ns_unbind(ns, binding);
	}
	casts_finish(&ns->casts);
	free(ns->dot);
	ns->dot = NULL;
}

static struct ns_binding *binding_copy(const struct ns_binding *from) {
	struct ns_binding *binding = calloc(1, sizeof(*binding));
	if (!binding) {
		return NULL;
	}
	binding->number = from->number;
	binding->any = from->any;
	binding->prefix = strdup(from->prefix);
	binding->target = strdup(from->target);
	binding->want = from->want ? strdup(from->want) : NULL;
	if (!binding->prefix || !binding->target || (from->want && !binding->want)) {
		binding_free(binding);
		return NULL;
	}
	return binding;
}

bool ns_copy(struct ns *to, const struct ns *from) {
	const struct ns_binding *binding;
	wl_list_init(&to->bindings);
	to->dot = strdup(from->dot);
	bool good = casts_copy(&to->casts, &from->casts) && to->dot;
	wl_list_for_each(binding, &from->bindings, link) {
		struct ns_binding *copy = good ? binding_copy(binding) : NULL;
		good = copy;
		if (good) {
			wl_list_insert(to->bindings.prev, &copy->link);
		}
	}
	if (!good) {
		ns_finish(to);
	}
	return good;
}

struct ns_binding *ns_find(const struct ns *ns, unsigned int number) {
	struct ns_binding *binding;
	wl_list_for_each(binding, &ns->bindings, link) {
		if (binding->number == number) {
			return binding;
		}
	}
	return NULL;
}

static unsigned int free_number(const struct ns *ns) {
	unsigned int number = 0;
	while (ns_find(ns, number)) {
		number++;
	}
	return number;
}

static enum op_code check(const struct ns *ns, const struct ns_binding *binding,
		struct op_refusal *refusal) {
	char key[65];
	const char *name;
	struct cnstr want;
	enum op_code code = name_check(binding->prefix, refusal);
	if (code == OP_OK && strcmp(binding->prefix, "/") == 0) {
		code = op_refuse(refusal, OP_EARG, "/ is no prefix: there is no root in a name space to be "
			"bound, only names below it");
	}
	if (code == OP_OK) {
		code = where_split(binding->target, key, &name, refusal);
	}
	if (code == OP_OK && binding->any && key[0]) {
		code = op_refuse(refusal, OP_EARG, "a binding to any node takes a name as "
			"every node has it, such as /proc, not a box of one node");
	}
	if (code == OP_OK && binding->want) {
		code = cnstr_parse(&want, binding->want, refusal);
	}
	if (code == OP_OK && wl_list_length(&ns->bindings) >= OP_MAX_BINDINGS) {
		code = op_refuse(refusal, OP_E2BIG, "a name space has at most %d bindings: forget some",
			OP_MAX_BINDINGS);
	}
	return code;
}

enum op_code ns_bind(struct ns *ns, const struct ns_binding *binding, enum ns_order order,
		struct ns_binding **out, struct op_refusal *refusal) {
	enum op_code code = check(ns, binding, refusal);
	struct ns_binding *made = code == OP_OK ? binding_copy(binding) : NULL;
	if (!made) {
		return code != OP_OK ? code : op_refuse(refusal, OP_EIO, "out of memory");
	}
	struct ns_binding *other, *next;
	wl_list_for_each_safe(other, next, &ns->bindings, link) {
		if (order == NS_ONLY && strcmp(other->prefix, made->prefix) == 0) {
			ns_unbind(ns, other);
		}
	}
	made->number = free_number(ns);
	wl_list_insert(order == NS_ABOVE ? &ns->bindings : ns->bindings.prev, &made->link);
	*out = made;
	return OP_OK;
}

enum op_code ns_set_dot(struct ns *ns, const char *name, struct op_refusal *refusal) {
	enum op_code code = name_check(name, refusal);
	char *copy = code == OP_OK ? strdup(name) : NULL;
	if (!copy) {
		return code != OP_OK ? code : op_refuse(refusal, OP_EIO, "out of memory");
	}
	free(ns->dot);
	ns->dot = copy;
	return OP_OK;
}

/* Meanings. */

struct search {
	const struct ns *ns;
	struct ns_meaning *out;
	int count;
	bool no_memory;
	const struct ns_binding *used[DEPTH_MAX]; // on the way to what is looked at
};

static size_t longest_prefix(const struct ns *ns, const char *name) {
	const struct ns_binding *binding;
	size_t longest = 0;
	wl_list_for_each(binding, &ns->bindings, link) {
		size_t size = strlen(binding->prefix);
		if (size > longest && name_below(binding->prefix, name)) {
			longest = size;
		}
	}
	return longest;
}

static bool is_used(const struct search *search, int depth, const struct ns_binding *binding) {
	for (int i = 0; i < depth; i++) {
		if (search->used[i] == binding) {
			return true;
		}
	}
	return false;
}

// Without the last rest bytes and the slash before them, unless that is the root's.
static size_t size_above(const char *name, size_t rest) {
	size_t size = strlen(name) - rest;
	return rest > 0 && strchr(name, '/') != name + size - 1 ? size - 1 : size;
}

static void add(struct search *search, const char *name, size_t rest, bool any,
		const char *want) {
	char *copy = search->count < NS_MEANINGS ? strdup(name) : NULL;
	if (copy) {
		search->out[search->count++] = (struct ns_meaning){
			.name = copy, .any = any, .want = want, .bound = size_above(name, rest),
		};
	} else if (search->count < NS_MEANINGS) {
		search->no_memory = true;
	}
}

// "/" and KEY/ end in their slash already. malloc'd.
static char *join(const char *target, const char *rest) {
	char *whole;
	bool slash = *rest && target[strlen(target) - 1] != '/';
	return asprintf(&whole, "%s%s%s", target, slash ? "/" : "", rest) < 0 ? NULL : whole;
}

// The last rest bytes of name are below the box that want is for.
static void mean(struct search *search, const char *name, size_t rest, bool any, const char *want,
		int depth) {
	const struct ns_binding *binding;
	// What is said of any node, or of a node by its key, is no name of this table.
	size_t longest = any || name[0] != '/' ? 0 : longest_prefix(search->ns, name);
	bool found = false;
	wl_list_for_each(binding, &search->ns->bindings, link) {
		if (longest == 0 || depth == DEPTH_MAX || strlen(binding->prefix) != longest ||
				!name_below(binding->prefix, name) || is_used(search, depth, binding)) {
			continue;
		}
		const char *below = name_below(binding->prefix, name);
		char *whole = join(binding->target, below);
		found = true;
		search->used[depth] = binding;
		if (whole) {
			mean(search, whole, binding->want || strlen(below) < rest ? strlen(below) : rest,
				binding->any, binding->want ? binding->want : want, depth + 1);
		} else {
			search->no_memory = true;
		}
		free(whole);
	}
	if (!found) {
		add(search, name, rest, any, want);
	}
}

int ns_mean(const struct ns *ns, const char *name, struct ns_meaning out[static NS_MEANINGS]) {
	struct search search = {.ns = ns, .out = out};
	mean(&search, name, 0, false, NULL, 0);
	if (search.no_memory) {
		while (search.count > 0) {
			free(out[--search.count].name);
		}
		return -1;
	}
	return search.count;
}
