/* SPDX-License-Identifier: MIT */
/*
 * conf.c - files of `field value` lines, read line by line and replaced as a whole.
 *
 * What a field means is its reader's business; nothing of a file is kept here.
 */
#include "base/conf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *trim(char *text) {
	while (isspace((unsigned char)*text)) {
		text++;
	}
	size_t size = strlen(text);
	while (size > 0 && isspace((unsigned char)text[size - 1])) {
		text[--size] = '\0';
	}
	return text;
}

bool conf_read(const char *path,
		const char *(*line)(void *data, const char *field, char *value), void *data,
		char *error, size_t error_size) {
	FILE *file = fopen(path, "re");
	if (!file) {
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
		return false;
	}
	char *text = NULL;
	size_t capacity = 0;
	bool good = true;
	for (int number = 1; good && getline(&text, &capacity, file) >= 0; number++) {
		char *field = trim(text);
		if (*field == '\0' || *field == '#') {
			continue;
		}
		char *value = field + strcspn(field, " \t");
		if (*value) {
			*value++ = '\0';
		}
		const char *wrong = line(data, field, trim(value));
		if (wrong) {
			snprintf(error, error_size, "%s:%d: %s", path, number, wrong);
			good = false;
			errno = EINVAL;
		}
	}
	if (good && ferror(file)) {
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
		good = false;
	}
	int kept = errno;
	free(text);
	fclose(file);
	errno = kept;
	return good;
}

char *conf_word(char **at) {
	char *word = *at + strspn(*at, " \t");
	if (!*word) {
		*at = word;
		return NULL;
	}
	char *end = word + strcspn(word, " \t");
	if (*end) {
		*end++ = '\0';
	}
	*at = end;
	return word;
}

static bool write_all(int fd, const char *bytes, size_t size) {
	while (size > 0) {
		ssize_t n = write(fd, bytes, size);
		if (n < 0 && errno != EINTR) {
			return false;
		}
		if (n > 0) {
			bytes += n;
			size -= (size_t)n;
		}
	}
	return true;
}

// The rename is durable only when the folder is.
static bool sync_folder(const char *path) {
	char *folder = strdup(path);
	if (!folder) {
		return false;
	}
	char *slash = strrchr(folder, '/');
	if (slash) {
		slash[slash == folder] = '\0';
	}
	int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	bool good = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0) {
		close(fd);
	}
	return good;
}

bool conf_write(const char *path, const void *bytes, size_t size) {
	char *part;
	if (asprintf(&part, "%s.XXXXXX", path) < 0) {
		return false;
	}
	int fd = mkostemp(part, O_CLOEXEC);
	if (fd < 0) {
		free(part);
		return false;
	}
	bool good = write_all(fd, bytes, size) && fsync(fd) == 0;
	good = close(fd) == 0 && good;
	good = good && rename(part, path) == 0 && sync_folder(path);
	if (!good) {
		int kept = errno;
		unlink(part);
		errno = kept;
	}
	free(part);
	return good;
}
