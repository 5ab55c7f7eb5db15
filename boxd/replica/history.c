/* SPDX-License-Identifier: MIT */
/*
 * history.c - the records of a storage, in memory and in its file.
 *
 * The file has one record after another, each of three texts that a byte 0 ends: words with the
 * vector, the type, and the path. What the disk has now is fs_scan.c's to see.
 */
#include "replica/history.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOG_MODULE "history"
#include "base/buf.h"
#include "base/conf.h"
#include "base/log.h"
#include "box/name.h"

#define FIRST_WORD "boxland-history/1"
#define FILE_MAX (1024 * 1024 * 1024)

struct history *history_create(const char *root, const char *key) {
	struct history *history = calloc(1, sizeof(*history));
	if (!history) {
		return NULL;
	}
	pthread_mutex_init(&history->mutex, NULL);
	snprintf(history->key, sizeof(history->key), "%s", key);
	history->root = strdup(root);
	if (!history->root || asprintf(&history->file, "%s/" HISTORY_FILE, root) < 0) {
		history->file = NULL;
		history_destroy(history);
		return NULL;
	}
	return history;
}

bool history_is_there(const char *root) {
	char *file;
	if (asprintf(&file, "%s/" HISTORY_FILE, root) < 0) {
		return false;
	}
	bool there = access(file, F_OK) == 0;
	free(file);
	return there;
}

static void record_destroy(struct record *record) {
	free(record->path);
	free(record->vector);
	free(record->type);
	free(record);
}

static void drop_records(struct history *history) {
	for (size_t i = 0; i < history->size; i++) {
		record_destroy(history->records[i]);
	}
	history->size = 0;
	history->dirty = false;
}

void history_destroy(struct history *history) {
	if (!history) {
		return;
	}
	drop_records(history);
	free(history->records);
	free(history->root);
	free(history->file);
	pthread_mutex_destroy(&history->mutex);
	free(history);
}

/* Records. */

// The first that is not before path.
static size_t place_of(const struct history *history, const char *path) {
	size_t low = 0, high = history->size;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (name_compare(history->records[middle]->path, path) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

struct record *history_find(const struct history *history, const char *path) {
	size_t at = place_of(history, path);
	return at < history->size && strcmp(history->records[at]->path, path) == 0 ?
		history->records[at] : NULL;
}

static bool is_below(const char *path, const char *above) {
	size_t size = strlen(above);
	return size == 0 || (strncmp(path, above, size) == 0 && (path[size] == '/' || !path[size]));
}

size_t history_range(const struct history *history, const char *path, size_t *end) {
	size_t first = place_of(history, path);
	*end = first;
	while (*end < history->size && is_below(history->records[*end]->path, path)) {
		++*end;
	}
	return first;
}

struct record *history_add(struct history *history, const char *path) {
	if (history->size == HISTORY_MAX) {
		return NULL;
	}
	if (history->size == history->capacity) {
		size_t capacity = history->capacity ? history->capacity * 2 : 64;
		struct record **records = reallocarray(history->records, capacity, sizeof(*records));
		if (!records) {
			return NULL;
		}
		history->records = records;
		history->capacity = capacity;
	}
	struct record *record = calloc(1, sizeof(*record));
	if (!record) {
		return NULL;
	}
	record->what = REPLICA_GONE;
	record->gone = (int64_t)time(NULL);
	record->path = strdup(path);
	record->vector = strdup("");
	record->type = strdup("");
	if (!record->path || !record->vector || !record->type) {
		record_destroy(record);
		return NULL;
	}
	size_t at = place_of(history, path);
	memmove(&history->records[at + 1], &history->records[at],
		(history->size - at) * sizeof(history->records[0]));
	history->records[at] = record;
	history->size++;
	return record;
}

void history_forget(struct history *history, const char *path) {
	size_t end, first = history_range(history, path, &end);
	for (size_t i = first; i < end; i++) {
		record_destroy(history->records[i]);
	}
	if (end > first) {
		memmove(&history->records[first], &history->records[end],
			(history->size - end) * sizeof(history->records[0]));
		history->size -= end - first;
		history->dirty = true;
	}
}

void history_side(const struct record *record, struct replica_side *side) {
	side->what = record ? record->what : REPLICA_UNKNOWN;
	vector_parse(&side->vector, record ? record->vector : NULL);
}

bool history_set(struct history *history, struct record *record, enum replica_what what,
		const struct vector *vector) {
	char text[VECTOR_TEXT];
	char *copy = strdup(vector_print(vector, text));
	if (!copy) {
		return false;
	}
	if (what == REPLICA_GONE && record->what != REPLICA_GONE) {
		record->gone = (int64_t)time(NULL);
	}
	free(record->vector);
	record->vector = copy;
	record->what = what;
	record->serial = ++history->serial;
	history->dirty = true;
	return true;
}

bool history_set_type(struct record *record, const char *type) {
	char *copy = strdup(type);
	if (copy) {
		free(record->type);
		record->type = copy;
	}
	return copy;
}

// One count for all storages of this machine: they may be replicas of each other. It is the time, so
// that no count is given twice even if a history is lost, and only grows.
bool history_count(struct history *history, struct vector *vector) {
	static _Atomic uint64_t last;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t count = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000, before = last;
	uint64_t known = vector_count(vector, history->key);
	uint64_t next;
	do {
		next = count > before ? count : before + 1;
		next = next > known ? next : known + 1;
	} while (!atomic_compare_exchange_weak(&last, &before, next));
	return vector_raise(vector, history->key, next);
}

/* The file. */

static const char *const letters = "?dfD"; // by enum replica_what

static bool print_record(const struct record *record, struct buf *out) {
	return buf_printf(out, "%c %" PRIu64 " %" PRIu64 " %lld.%ld %lld.%ld %" PRId64 " %s",
		letters[record->what], record->ino, record->size, (long long)record->mtime.tv_sec,
		record->mtime.tv_nsec, (long long)record->ctime.tv_sec, record->ctime.tv_nsec, record->gone,
		record->vector) && buf_append(out, "", 1) &&
		buf_append(out, record->type, strlen(record->type) + 1) &&
		buf_append(out, record->path, strlen(record->path) + 1);
}

bool history_save(struct history *history) {
	if (!history->dirty) {
		return true;
	}
	struct buf text;
	buf_init(&text);
	bool good = buf_append(&text, FIRST_WORD, sizeof(FIRST_WORD));
	for (size_t i = 0; i < history->size && good; i++) {
		good = print_record(history->records[i], &text);
	}
	if (!good) {
		errno = ENOMEM;
	}
	good = good && conf_write(history->file, buf_front(&text), text.size) &&
		stat(history->file, &history->there) == 0;
	int error = errno;
	buf_finish(&text);
	history->dirty = history->dirty && !good;
	errno = error;
	return good;
}

static bool parse_words(struct record *record, const char *text, const char **vector) {
	char letter;
	int size = 0;
	long long mtime, ctime;
	if (sscanf(text, "%c %" SCNu64 " %" SCNu64 " %lld.%ld %lld.%ld %" SCNd64 "%n", &letter,
			&record->ino, &record->size, &mtime, &record->mtime.tv_nsec, &ctime,
			&record->ctime.tv_nsec, &record->gone, &size) != 8 || text[size] != ' ' ||
			letter == letters[0] || !strchr(letters, letter)) {
		return false;
	}
	record->what = (enum replica_what)(strchr(letters, letter) - letters);
	record->mtime.tv_sec = (time_t)mtime;
	record->ctime.tv_sec = (time_t)ctime;
	*vector = text + size + 1;
	return true;
}

static bool parse_record(struct history *history, const char *words, const char *type,
		const char *path) {
	struct record said = {0};
	struct vector vector;
	const char *text;
	if (!parse_words(&said, words, &text) || !vector_parse(&vector, text) || !*path) {
		return false;
	}
	if (said.what == REPLICA_GONE && said.gone < (int64_t)time(NULL) - HISTORY_DAYS * 86400LL) {
		return true; // long forgotten
	}
	struct record *record = history_add(history, path);
	if (!record || !history_set(history, record, said.what, &vector) ||
			!history_set_type(record, type)) {
		return false;
	}
	record->ino = said.ino;
	record->size = said.size;
	record->mtime = said.mtime;
	record->ctime = said.ctime;
	record->gone = said.gone;
	return true;
}

static bool parse(struct history *history, char *text, size_t size) {
	if (size == 0 || text[size - 1] != '\0' || strcmp(text, FIRST_WORD) != 0) {
		return false;
	}
	const char *end = text + size;
	for (const char *at = text + strlen(text) + 1; at < end;) {
		const char *type = at + strlen(at) + 1, *path = type < end ? type + strlen(type) + 1 : end;
		if (path >= end || !parse_record(history, at, type, path)) {
			return false;
		}
		at = path + strlen(path) + 1;
	}
	history->dirty = false;
	return true;
}

static char *read_all(int fd, size_t size) {
	char *text = malloc(size + 1);
	size_t at = 0;
	ssize_t n = 1;
	while (text && at < size && n > 0) {
		n = read(fd, text + at, size - at);
		at += n > 0 ? (size_t)n : 0;
	}
	if (text && at < size) {
		free(text);
		text = NULL;
	}
	return text;
}

static bool load(struct history *history) {
	int fd = open(history->file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	history->there = (struct stat){0};
	if (fd < 0) {
		return errno == ENOENT; // nothing is remembered here
	}
	bool good = fstat(fd, &history->there) == 0 && history->there.st_size < FILE_MAX;
	size_t size = (size_t)history->there.st_size;
	char *text = good ? read_all(fd, size) : NULL;
	close(fd);
	if (!text) {
		log_errno("%s", history->file);
		return false;
	}
	if (!parse(history, text, size)) {
		log_error("%s: it is not whole: what was deleted here before is not known any more",
			history->file);
		drop_records(history);
	}
	free(text);
	return true;
}

bool history_lock(struct history *history) {
	struct stat now = {0};
	pthread_mutex_lock(&history->mutex);
	if (stat(history->file, &now) < 0 && errno != ENOENT && errno != ENOTDIR) {
		int error = errno;
		pthread_mutex_unlock(&history->mutex);
		errno = error;
		return false;
	}
	if (history->loaded && now.st_ino == history->there.st_ino && now.st_dev == history->there.st_dev) {
		return true;
	}
	drop_records(history); // of another disk, or of none
	history->loaded = load(history);
	if (!history->loaded) {
		int error = errno;
		pthread_mutex_unlock(&history->mutex);
		errno = error;
	}
	return history->loaded;
}

void history_unlock(struct history *history) {
	pthread_mutex_unlock(&history->mutex);
}
