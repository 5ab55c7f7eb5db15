/* SPDX-License-Identifier: MIT */
/*
 * strings.c - argv and environments being put together. What is in them is launch.c's and walls.c's.
 */
#include "strings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void strings_finish(struct strings *strings) {
	for (size_t i = 0; i < strings->count; i++) {
		free(strings->list[i]);
	}
	free(strings->list);
	*strings = (struct strings){0};
}

static bool make_room(struct strings *strings) {
	if (strings->count + 2 > strings->capacity) {
		size_t capacity = strings->capacity ? strings->capacity * 2 : 32;
		char **list = reallocarray(strings->list, capacity, sizeof(char *));
		if (!list) {
			strings->no_memory = true;
			return false;
		}
		strings->list = list;
		strings->capacity = capacity;
	}
	return true;
}

void strings_add(struct strings *strings, const char *fmt, ...) {
	char *word;
	if (!make_room(strings)) {
		return;
	}
	va_list args;
	va_start(args, fmt);
	if (vasprintf(&word, fmt, args) < 0) {
		strings->no_memory = true;
	} else {
		strings->list[strings->count++] = word;
	}
	strings->list[strings->count] = NULL;
	va_end(args);
}

void strings_add_all(struct strings *strings, const char *const *words) {
	for (; *words; words++) {
		strings_add(strings, "%s", *words);
	}
}

static bool same_name(const char *a, const char *b) {
	size_t size = strcspn(a, "=");
	return strncmp(a, b, size) == 0 && b[size] == '=';
}

void strings_set_env(struct strings *strings, const char *variable) {
	for (size_t i = 0; i < strings->count; i++) {
		if (same_name(variable, strings->list[i])) {
			char *copy = strdup(variable);
			if (copy) {
				free(strings->list[i]);
				strings->list[i] = copy;
			}
			strings->no_memory = strings->no_memory || !copy;
			return;
		}
	}
	strings_add(strings, "%s", variable);
}
