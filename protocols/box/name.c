/* SPDX-License-Identifier: MIT */
/*
 * name.c - names of boxes: what splits on "/". Which box a name means is box.c and whoever has a
 * name space; nothing here looks anything up.
 */
#include "box/name.h"

#include <stdlib.h>
#include <string.h>

#include "box/utf8.h"

#define KEY_DIGITS 64

static enum op_code check_component(const char *component, size_t size,
		struct op_refusal *refusal) {
	int shown = size > 40 ? 40 : (int)size;
	if (size == 0) {
		return op_refuse(refusal, OP_EARG, "a name has no empty component, so no // and no "
			"/ at its end");
	}
	if (size > OP_MAX_COMPONENT) {
		return op_refuse(refusal, OP_E2BIG, "a component of a name has at most %d bytes, "
			"not %zu", OP_MAX_COMPONENT, size);
	}
	if ((size == 1 || size == 2) && strncmp(component, "..", size) == 0) {
		return op_refuse(refusal, OP_EARG, "a name is absolute and has no component "
			"\"%.*s\"", shown, component);
	}
	if (!utf8_plain(component, size)) {
		return op_refuse(refusal, OP_EARG,
			"a name is UTF-8 without control characters, so not \"%.*s\"", shown,
			component);
	}
	return OP_OK;
}

enum op_code name_check_component(const char *component, struct op_refusal *refusal) {
	if (strchr(component, '/')) {
		return op_refuse(refusal, OP_EARG, "\"%.40s\" is more than one component of a name",
			component);
	}
	return check_component(component, strlen(component), refusal);
}

enum op_code name_check(const char *name, struct op_refusal *refusal) {
	size_t size = strlen(name);
	int components = 0;
	if (name[0] != '/') {
		return op_refuse(refusal, OP_EARG, "a name begins with /, so not \"%.40s\"", name);
	}
	if (size > OP_MAX_NAME) {
		return op_refuse(refusal, OP_E2BIG, "a name has at most %d bytes, not %zu",
			OP_MAX_NAME, size);
	}
	if (size == 1) {
		return OP_OK;
	}
	while (*name == '/') {
		size = strcspn(name + 1, "/");
		enum op_code code = check_component(name + 1, size, refusal);
		if (code != OP_OK) {
			return code;
		}
		name += 1 + size;
		components++;
	}
	if (components > OP_MAX_COMPONENTS) {
		return op_refuse(refusal, OP_E2BIG, "a name has at most %d components, not %d",
			OP_MAX_COMPONENTS, components);
	}
	return OP_OK;
}

const char *name_below(const char *prefix, const char *name) {
	size_t size = strlen(prefix);
	if (strcmp(prefix, "/") == 0) {
		return name + 1;
	}
	if (strncmp(prefix, name, size) != 0 || (name[size] != '\0' && name[size] != '/')) {
		return NULL;
	}
	return name[size] == '/' ? name + size + 1 : name + size;
}

const char *name_next(const char **at, size_t *size) {
	const char *component = *at;
	while (*component == '/') {
		component++;
	}
	*size = strcspn(component, "/");
	*at = component + *size;
	return *size > 0 ? component : NULL;
}

const char *name_last(const char *name) {
	const char *slash = strrchr(name, '/');
	return slash ? slash + 1 : name;
}

char *name_join(const char *prefix, const char *rest) {
	size_t size = strcmp(prefix, "/") == 0 ? 0 : strlen(prefix);
	char *name = malloc(size + strlen(rest) + 2);
	if (!name) {
		return NULL;
	}
	memcpy(name, prefix, size);
	name[size] = '\0';
	if (*rest || size == 0) {
		name[size] = '/';
		strcpy(name + size + 1, rest);
	}
	return name;
}

char *name_parent(const char *name) {
	const char *slash = strrchr(name, '/');
	return !slash || slash == name ? strdup("/") : strndup(name, (size_t)(slash - name));
}

int name_compare(const char *a, const char *b) {
	// "/" sorts before all, so that what is below a name comes right behind it.
	while (*a && *a == *b) {
		a++;
		b++;
	}
	unsigned char one = *a == '/' ? 1 : (unsigned char)*a;
	unsigned char other = *b == '/' ? 1 : (unsigned char)*b;
	return one - other;
}

enum op_code where_split(const char *where, char key[static 65], const char **name,
		struct op_refusal *refusal) {
	size_t digits = strspn(where, "0123456789abcdef");
	key[0] = '\0';
	if (where[0] != '/') {
		if (digits != KEY_DIGITS || where[digits] != '/') {
			return op_refuse(refusal, OP_EARG,
				"a box is named by /NAME, or by %d hex digits of a node's key and "
				"/NAME, so not by \"%.40s\"", KEY_DIGITS, where);
		}
	} else {
		digits = 0;
	}
	enum op_code code = name_check(where + digits, refusal);
	if (code == OP_OK) {
		memcpy(key, where, digits);
		key[digits] = '\0';
		*name = where + digits;
	}
	return code;
}
