/* SPDX-License-Identifier: MIT */
/*
 * library.c - what libbox promises besides the paper's calls: threads, streams, patience, errors.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paper.h"

#define THREADS 4
#define ROUNDS 50

static struct box_space *shared;

// Each thread has its own box, and its own refusals.
static void *use_shared(void *data) {
	const char *letter = data;
	for (int i = 0; i < ROUNDS; i++) {
		void *bytes;
		must(box_put(shared, letter, NULL, letter, strlen(letter)));
		must(box_get(shared, letter, NULL, &bytes, NULL));
		check_text(letter, bytes);
		free(bytes);
		char *nowhere;
		check(asprintf(&nowhere, "%s-nowhere", letter) > 0);
		check(box_kind(shared, nowhere, NULL, NULL) == BOX_ENOENT);
		check(strstr(box_sentence(shared), nowhere));
		free(nowhere);
	}
	return NULL;
}

static void library_threads(void) {
	pthread_t threads[THREADS];
	char letters[THREADS][64];
	shared = box_open(NULL, NULL);
	check(shared);
	for (int i = 0; i < THREADS; i++) {
		snprintf(letters[i], sizeof(letters[i]), "%s-%d", own("/fs/desk/thread%d"), i);
		check(pthread_create(&threads[i], NULL, use_shared, letters[i]) == 0);
	}
	for (int i = 0; i < THREADS; i++) {
		check(pthread_join(threads[i], NULL) == 0);
	}
	box_close(shared);
}

// A thread that waits keeps no other from its calls.
static void *wait_for_message(void *data) {
	void *bytes;
	must(box_get(shared, data, NULL, &bytes, NULL));
	return bytes;
}

static void library_waiting_thread(void) {
	const char *chan = own("/chan/waited%d");
	pthread_t waiter;
	void *bytes;
	shared = box_open(NULL, NULL);
	must(box_make(shared, chan, NULL, NULL, NULL, NULL));
	check(pthread_create(&waiter, NULL, wait_for_message, (void *)(uintptr_t)chan) == 0);
	must(box_put(shared, chan, NULL, "at last", 7));
	check(pthread_join(waiter, &bytes) == 0);
	check_text("at last", bytes);
	must(box_delete(shared, chan));
	box_close(shared);
}

#define LARGE (96l * 1024 * 1024)

struct counted {
	long left;
	long came;
	bool good;
};

static char byte_at(long at) {
	return (char)(at * 2654435761u >> 13);
}

static ssize_t give_counted(void *data, void *bytes, size_t size) {
	struct counted *counted = data;
	size = (long)size < counted->left ? size : (size_t)counted->left;
	for (size_t i = 0; i < size; i++) {
		((char *)bytes)[i] = byte_at(LARGE - counted->left + (long)i);
	}
	counted->left -= (long)size;
	return (ssize_t)size;
}

static bool take_counted(void *data, const void *bytes, size_t size) {
	struct counted *counted = data;
	for (size_t i = 0; i < size; i++) {
		counted->good = counted->good && ((const char *)bytes)[i] == byte_at(counted->came++);
	}
	return true;
}

static long peak_kib(void) {
	char line[128];
	long peak = -1;
	FILE *status = fopen("/proc/self/status", "re");
	while (status && fgets(line, sizeof(line), status)) {
		sscanf(line, "VmHWM: %ld", &peak);
	}
	fclose(status);
	return peak;
}

// Far more goes through than is ever held.
static void library_streams(void) {
	const char *large = own("/fs/desk/large%d");
	struct counted counted = {.left = LARGE, .good = true};
	must(box_putmem(NULL, large, NULL, give_counted, &counted));
	must(box_getmem(NULL, large, NULL, take_counted, &counted));
	check(counted.came == LARGE && counted.good);
	check(peak_kib() < LARGE / 1024 / 3);
	must(box_delete(NULL, large));
}

static ssize_t give_and_give_up(void *data, void *bytes, size_t size) {
	int *times = data;
	memset(bytes, 'x', size);
	return (*times)++ < 3 ? (ssize_t)size : -1;
}

static bool take_once(void *data, const void *bytes, size_t size) {
	int *times = data;
	(*times)++;
	return false;
}

static void library_gives_up(void) {
	const char *letter = own("/fs/desk/kept%d"), *chan = own("/chan/live%d");
	int times = 0;
	put(letter, "old");
	must_refuse(BOX_EIO, box_putmem(NULL, letter, NULL, give_and_give_up, &times));
	check_box("old", letter);
	times = 0;
	must(box_getmem(NULL, letter, NULL, take_once, &times));
	check(times == 1);
	// One message of a feed, of which more might come.
	must(box_make(NULL, chan, NULL, NULL, NULL, NULL));
	put(chan, "one");
	times = 0;
	must(box_ask(NULL, "getmem", (const char *[]){own("name /chan/live%d"), "live", NULL}, NULL,
		take_once, &times, NULL));
	check(times == 1);
	must(box_delete(NULL, chan));
}

static void library_patience(void) {
	const char *chan = own("/chan/empty%d");
	must(box_make(NULL, chan, NULL, NULL, NULL, NULL));
	struct box_space *hasty = box_open(NULL, NULL);
	box_patience(hasty, 100);
	check(box_get(hasty, chan, NULL, NULL, NULL) == BOX_ELOST);
	check(strstr(box_sentence(hasty), "0.1 s"));
	box_close(hasty);
	must(box_delete(NULL, chan));
}

static void library_errors(void) {
	char long_path[200];
	struct box_space *nobody = box_open("/tmp/no-boxd-here", NULL);
	check(nobody && !box_sentence(nobody)[0]);
	check(box_delete(nobody, "/chan/x") == BOX_EUNREACH);
	check(strstr(box_sentence(nobody), "start boxd"));
	box_close(nobody);
	memset(long_path, 'x', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	check(!box_open(long_path, NULL) && errno == ENAMETOOLONG);
	struct box_space *elsewhere = box_open(NULL, "no-such-space");
	check(box_kind(elsewhere, "/proc", NULL, NULL) == BOX_ENOENT);
	box_close(elsewhere);
	must_refuse(BOX_EARG, box_kind(NULL, "/a//b", NULL, NULL));
	must_refuse(BOX_EARG, box_kind(NULL, "/proc", "no constraint", NULL));
	must_refuse(BOX_EARG, box_import(NULL, "relative", "here", "/null", NULL, NULL));
	must_refuse(BOX_EARG, box_cast(NULL, "a/b", "c", NULL));
	must_refuse(BOX_EARG, box_ask(NULL, "open", NULL, NULL, NULL, NULL, NULL));
	check_text("EBUSY", box_code_name(BOX_EBUSY));
	box_close(NULL);
}

const struct test library_tests[] = {
	{"library_errors", library_errors},
	{"library_gives_up", library_gives_up},
	{"library_patience", library_patience},
	{"library_streams", library_streams},
	{"library_threads", library_threads},
	{"library_waiting_thread", library_waiting_thread},
	{NULL, NULL},
};
