/* SPDX-License-Identifier: MIT */
/*
 * handed.c - a program that is handed an exchange as descriptor 3: reads as many bytes as it is
 * told to, answers "got: " and them, and what else it found open.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
	size_t wanted = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	char *bytes = malloc(wanted + 1);
	size_t size = 0;
	while (bytes && size < wanted) {
		ssize_t got = read(3, bytes + size, wanted - size);
		if (got <= 0) {
			return 1;
		}
		size += (size_t)got;
	}
	int others = 0;
	DIR *dir = opendir("/proc/self/fd");
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		others += atoi(entry->d_name) > 3 && atoi(entry->d_name) != dirfd(dir);
	}
	if (dir) {
		closedir(dir);
	}
	dprintf(3, "got: %.*s\nothers: %d\n", (int)size, bytes, others);
	free(bytes);
	return 0;
}
