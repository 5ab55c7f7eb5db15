/* SPDX-License-Identifier: MIT */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Config files and small state files: lines `field value`, "#" begins a comment line, blank lines
 * are free. Both parts come without surrounding blanks; value may be "".
 */

/*
 * Calls line for each. It returns NULL, or what is wrong with the line: then reading stops, false is
 * returned and error holds "path:3: what is wrong". A file that is not there is false with errno
 * ENOENT and error says so too.
 */
bool conf_read(const char *path,
	const char *(*line)(void *data, const char *field, char *value), void *data,
	char *error, size_t error_size);

/* The first word of *at, 0-terminated in place, and *at moved behind it; NULL when none is left. */
char *conf_word(char **at);
/* Replaces the file as a whole: written beside it (mode 0600), fsynced, renamed. false and errno. */
bool conf_write(const char *path, const void *bytes, size_t size);

#endif
