/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CONFORM_FS_TESTS_H
#define TESTS_CONFORM_FS_TESTS_H

#include "conform.h"

/* What type_fs.c and the files of its tests share. */

extern const struct conform_more fs_writes, fs_trees, fs_rights;

#define FS(function) {#function, function, fs_setup, world_teardown, NULL}
int fs_setup(void **state); // a world with a few files in /fs/dir
/* Paths on disk of names in /fs/dir and in /fs/store; valid until the next call. */
const char *path_of(struct world *world, const char *name);
const char *stored(struct world *world, const char *name);
/* How many names a folder has, hidden ones too. */
int count_names(const char *path);
/* What selectors answers, each name with a blank behind it. */
void expect_names(struct world *world, const char *name, const char *lines, const char *wanted);

#endif
