/* SPDX-License-Identifier: MIT */
#ifndef BOXD_STRINGS_H
#define BOXD_STRINGS_H

#include <stdbool.h>
#include <stddef.h>

/* A list of strings of its own, as exec wants argv and the environment. */
struct strings {
	char **list; // NULL-terminated once something was added
	size_t count, capacity;
	bool no_memory; // something could not be added; said once, at the end
};

void strings_finish(struct strings *strings);
void strings_add(struct strings *strings, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Each as it is; words is NULL-terminated. */
void strings_add_all(struct strings *strings, const char *const *words);
/* NAME=VALUE in place of another of that name. */
void strings_set_env(struct strings *strings, const char *variable);

#endif
