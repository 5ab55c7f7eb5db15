/* SPDX-License-Identifier: MIT */
/*
 * replay.c - runs a fuzz target over what lies in folders: an ordinary test of inputs that once
 * mattered. Each is also tried cut short at every byte.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

#define LARGEST (1024 * 1024)

static void replay_cuts(const uint8_t *bytes, size_t size) {
	for (size_t cut = 0; cut <= size; cut++) {
		// A copy of just that size, so that a read behind it is seen.
		uint8_t *copy = malloc(cut > 0 ? cut : 1);
		must(copy);
		memcpy(copy, bytes, cut);
		LLVMFuzzerTestOneInput(copy, cut);
		free(copy);
	}
}

static int replay_file(const char *path) {
	static uint8_t bytes[LARGEST];
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		return 0;
	}
	size_t size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	replay_cuts(bytes, size);
	return 1;
}

static int replay_folder(const char *path) {
	int count = 0;
	DIR *dir = opendir(path);
	if (!dir) {
		perror(path);
		return 0;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		char name[4096];
		if (entry->d_name[0] != '.') {
			snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
			count += replay_file(name);
		}
	}
	closedir(dir);
	return count;
}

int main(int argc, char *argv[]) {
	int count = 0;
	for (int i = 1; i < argc; i++) {
		count += replay_folder(argv[i]);
	}
	printf("%d inputs\n", count);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE; // no corpus is no test
}
