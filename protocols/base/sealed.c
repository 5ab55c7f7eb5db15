/* SPDX-License-Identifier: MIT */
/*
 * sealed.c - bytes in a sealed memfd. What they mean, and how many may be taken, is for the caller.
 */
#include "base/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static bool write_all(int fd, const char *bytes, size_t size) {
	while (size > 0) {
		ssize_t n = write(fd, bytes, size);
		if (n < 0 && errno != EINTR) {
			return false;
		}
		bytes += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

int sealed_create(const char *name, const void *bytes, size_t size) {
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0) {
		return -1;
	}
	if (!write_all(fd, bytes, size) || fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) < 0) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

char *sealed_read(int fd, size_t size) {
	struct stat st;
	// only memory has seals
	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0 ||
			(uint64_t)st.st_size < size) {
		errno = EINVAL;
		return NULL;
	}
	char *bytes = malloc(size + 1);
	if (!bytes) {
		return NULL;
	}
	for (size_t at = 0; at < size;) {
		ssize_t n = pread(fd, bytes + at, size - at, (off_t)at);
		if (n <= 0 && !(n < 0 && errno == EINTR)) {
			free(bytes);
			errno = EINVAL;
			return NULL;
		}
		at += n > 0 ? (size_t)n : 0;
	}
	bytes[size] = '\0';
	return bytes;
}
