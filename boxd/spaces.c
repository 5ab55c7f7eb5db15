/* SPDX-License-Identifier: MIT */
/*
 * spaces.c - the name spaces of this node's programs, and the file of the default one.
 *
 * They are shown as boxes by boxes/ns.c.
 */
#include "spaces.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/conf.h"

static struct space *add(struct spaces *spaces, const char *id, const struct ns *from) {
	struct space *space = calloc(1, sizeof(*space));
	bool good = space && (from ? ns_copy(&space->ns, from) : ns_init(&space->ns));
	if (!good) {
		free(space);
		return NULL;
	}
	if (!(space->id = strdup(id))) {
		ns_finish(&space->ns);
		free(space);
		return NULL;
	}
	wl_list_insert(spaces->list.prev, &space->link);
	spaces->count++;
	return space;
}

void space_destroy(struct spaces *spaces, struct space *space) {
	wl_list_remove(&space->link);
	spaces->count--;
	ns_finish(&space->ns);
	free(space->id);
	free(space);
}

struct space *spaces_default(const struct spaces *spaces) {
	struct space *space = wl_container_of(spaces->list.next, space, link);
	return space;
}

struct space *spaces_find(const struct spaces *spaces, const char *id) {
	struct space *space;
	if (!id) {
		return spaces_default(spaces);
	}
	wl_list_for_each(space, &spaces->list, link) {
		if (strcmp(space->id, id) == 0) {
			return space;
		}
	}
	return NULL;
}

struct space *space_create(struct spaces *spaces, const char *id, const struct space *from,
		struct op_refusal *refusal) {
	if (spaces->count >= SPACES_MAX) {
		op_refuse(refusal, OP_EQUOTA, "there are %d name spaces already (box ls /ns, and box rm those "
			"that no program uses)", SPACES_MAX);
		return NULL;
	}
	struct space *space = add(spaces, id, &from->ns);
	if (!space) {
		op_refuse(refusal, OP_EIO, "out of memory");
	}
	return space;
}

/* The file. */

struct reading {
	struct ns *ns;
	struct op_refusal why;
};

static const char *read_binding(struct reading *reading, char *value) {
	static const char usage[] = "a binding is: bind PREFIX TARGET [any] [want CONSTRAINT]";
	struct ns_binding binding = {0}, *made;
	binding.prefix = conf_word(&value);
	binding.target = conf_word(&value);
	for (char *word; (word = conf_word(&value));) {
		if (strcmp(word, "any") == 0) {
			binding.any = true;
		} else if (strcmp(word, "want") == 0 && (binding.want = conf_word(&value))) {
			continue;
		} else {
			return usage;
		}
	}
	if (!binding.prefix || !binding.target) {
		return usage;
	}
	return ns_bind(reading->ns, &binding, NS_BELOW, &made, &reading->why) == OP_OK ? NULL :
		reading->why.sentence;
}

static bool read_word(char *word) {
	if (strcmp(word, "\"\"") == 0) {
		*word = '\0';
	}
	return op_unescape(word);
}

static const char *read_cast(struct reading *reading, char *value) {
	static const char usage[] = "a cast is: cast FROM TO [want CONSTRAINT] [PROGRAM [ARGUMENT…]]";
	char *args[CAST_ARGS + 1] = {NULL}, *name, *to;
	struct cast *made;
	size_t count = 0;
	const char *from = conf_word(&value), *into = conf_word(&value);
	char *word = conf_word(&value), *want = NULL;
	if (word && strcmp(word, "want") == 0) {
		want = conf_word(&value);
		word = conf_word(&value);
	}
	char *prog = word;
	for (; word; word = conf_word(&value)) {
		if (count == CAST_ARGS || !read_word(word)) {
			return usage;
		}
		args[count++] = word;
	}
	if (prog && strrchr(prog, '/')) {
		args[0] = strrchr(prog, '/') + 1;
	}
	if (!from || !into || asprintf(&name, "%s:%s", from, into) < 0) {
		return usage;
	}
	enum op_code code = cast_split(name, &to, &reading->why);
	if (code == OP_OK) {
		const struct cast cast = {.from = name, .to = to, .prog = prog, .args = args, .want = want};
		code = casts_add(&reading->ns->casts, &cast, &made, &reading->why);
	}
	free(name);
	return code == OP_OK ? NULL : reading->why.sentence;
}

static const char *read_line(void *data, const char *field, char *value) {
	struct reading *reading = data;
	if (strcmp(field, "bind") == 0) {
		return read_binding(reading, value);
	} else if (strcmp(field, "cast") == 0) {
		return read_cast(reading, value);
	} else if (strcmp(field, "dot") == 0) {
		return ns_set_dot(reading->ns, value, &reading->why) == OP_OK ? NULL :
			reading->why.sentence;
	}
	return "no such field (bind cast dot)";
}

static bool bind_usual(struct ns *ns) {
	// Each node has a /printer, but not each has printers.
	static const struct {
		const char *prefix, *target, *want;
	} usual[] = {{"/b", "/", NULL}, {"/any", "/", NULL}, {"/any/printer", "/printer", "printer"}};
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		struct ns_binding *made;
		const struct ns_binding binding = {
			.prefix = (char *)(uintptr_t)usual[i].prefix,
			.target = (char *)(uintptr_t)usual[i].target,
			.any = true,
			.want = (char *)(uintptr_t)usual[i].want,
		};
		if (ns_bind(ns, &binding, NS_BELOW, &made, NULL) != OP_OK) {
			return false;
		}
	}
	return true;
}

bool spaces_init(struct spaces *spaces, const char *path, char *error, size_t error_size) {
	*spaces = (struct spaces){0};
	wl_list_init(&spaces->list);
	if (!ns_init(&spaces->none)) {
		snprintf(error, error_size, "out of memory");
		return false;
	}
	struct space *space = add(spaces, "default", NULL);
	struct reading reading = {.ns = space ? &space->ns : NULL};
	if (space && path && conf_read(path, read_line, &reading, error, error_size)) {
		return true;
	}
	if (space && path && errno != ENOENT) {
		return false;
	}
	if (!space || !bind_usual(&space->ns)) {
		snprintf(error, error_size, "out of memory");
		return false;
	}
	return true;
}

void spaces_finish(struct spaces *spaces) {
	struct space *space, *next;
	wl_list_for_each_safe(space, next, &spaces->list, link) {
		space_destroy(spaces, space);
	}
	ns_finish(&spaces->none);
}

bool space_print_binding(const struct ns_binding *binding, struct buf *out) {
	return buf_printf(out, "bind %s %s%s%s%s\n", binding->prefix, binding->target,
		binding->any ? " any" : "", binding->want ? " want " : "",
		binding->want ? binding->want : "");
}

// A word of a line, whatever is in it; "" is an empty one.
static bool print_word(const char *word, struct buf *out) {
	struct buf escaped;
	buf_init(&escaped);
	bool good = buf_append(out, " ", 1) && op_escape(word, &escaped);
	for (size_t i = 0; i < escaped.size && good; i++) {
		char byte = (char)buf_front(&escaped)[i];
		bool parts = byte == ' ' || byte == '"';
		good = parts ? buf_printf(out, "\\x%02x", byte) : buf_append(out, &byte, 1);
	}
	buf_finish(&escaped);
	return good && (*word || buf_append(out, "\"\"", 2));
}

bool space_print_cast(const struct cast *cast, struct buf *out) {
	bool good = buf_printf(out, "cast %s %s%s%s", cast->from, cast->to, cast->want ? " want " : "",
		cast->want ? cast->want : "");
	if (good && cast->prog && strcmp(cast->prog, "want") == 0) {
		good = buf_printf(out, " \\x77ant"); // a program, not the word
	} else if (good && cast->prog) {
		good = print_word(cast->prog, out);
	}
	for (size_t i = 1; good && cast->prog && cast->args[i]; i++) {
		good = print_word(cast->args[i], out);
	}
	return good && buf_append(out, "\n", 1);
}

bool space_print(const struct space *space, struct buf *out) {
	const struct ns_binding *binding;
	wl_list_for_each(binding, &space->ns.bindings, link) {
		if (!space_print_binding(binding, out)) {
			return false;
		}
	}
	const struct cast *cast;
	wl_list_for_each(cast, &space->ns.casts.list, link) {
		if (!space_print_cast(cast, out)) {
			return false;
		}
	}
	return strcmp(space->ns.dot, "/") == 0 || buf_printf(out, "dot %s\n", space->ns.dot);
}
