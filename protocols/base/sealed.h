/* SPDX-License-Identifier: MIT */
#ifndef BASE_SEALED_H
#define BASE_SEALED_H

#include <stddef.h>

/*
 * Bytes that go from one process to another in a descriptor. They are sealed: who reads them need
 * not trust who wrote them, for they lie in memory, do not change and do not shrink. Any other
 * descriptor (a pipe, a file of a file system that takes its time, memory that is cut off while it
 * is read) could make its reader wait or end.
 */

/* A descriptor to read these bytes from, close-on-exec; the caller's. -1: see errno. */
int sealed_create(const char *name, const void *bytes, size_t size);
/*
 * The first `size` bytes of what sealed_create() made elsewhere, with a 0 behind them; to be freed.
 * Never waits. NULL: errno is EINVAL if it is no such descriptor or holds fewer bytes. The
 * descriptor stays the caller's.
 */
char *sealed_read(int fd, size_t size);

#endif
