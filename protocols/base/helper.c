/* SPDX-License-Identifier: MIT */
/*
 * helper.c - paths of our own programs and data, relative to the running program.
 */
#include "base/helper.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// PREFIX of PREFIX/bin/x and of PREFIX/libexec/boxland/x.
static char *find_prefix(void) {
	char path[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (size < 0) {
		return NULL;
	}
	path[size] = '\0';
	char *inner = strstr(path, "/libexec/boxland/");
	char *slash = inner ? inner : strrchr(path, '/');
	*slash = '\0';
	slash = inner ? NULL : strrchr(path, '/');
	if (slash) {
		*slash = '\0';
	}
	return strdup(path);
}

static char *below_prefix(const char *folder, const char *name) {
	char *prefix = find_prefix(), *path = NULL;
	if (prefix && asprintf(&path, "%s/%s/boxland/%s", prefix, folder, name) < 0) {
		path = NULL;
	}
	free(prefix);
	return path;
}

char *helper_path(const char *program) {
	return below_prefix("libexec", program);
}

char *data_path(const char *file) {
	return below_prefix("share", file);
}
