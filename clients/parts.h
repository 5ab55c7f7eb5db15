/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_PARTS_H
#define CLIENTS_PARTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * Files of this machine that come or go in parts: what came of a large one before it broke off is kept
 * beside its place, hidden, as .NAME.part-HASH; the hash is of what it is a part of.
 */

#define PART_MIN (4 * 1024 * 1024) // of less nothing is kept: it has come again as soon

/* Whether anything of that file was kept. */
bool parts_any(const char *path);
/*
 * Opens what was kept of these contents of it, or begins it; held against others as long as it is open,
 * *size is what is there. What was kept of other contents goes. out_path is malloc'd. -1 and errno:
 * EWOULDBLOCK, somebody else writes it.
 */
int parts_open(const char *path, const char *contents, uint64_t *size, char **out_path);
/* Which contents an open file has: another text when it was changed. malloc'd; NULL: no memory. */
char *parts_contents(const struct stat *st);

#endif
