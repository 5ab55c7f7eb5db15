/* SPDX-License-Identifier: MIT */
/*
 * told.c - see told.h. What is measured is boxcast's and boxview's; all of it is in stats.
 */
#include "boxes/told.h"

#include <stdio.h>
#include <string.h>

#include "box/utf8.h"

#define STAGES_MAX 16

/* stages: how many of them may still be added. */
static void describe_line(struct op_head *entry, const char *line, const char *before, int *stages) {
	char stage[24], times[64];
	unsigned int median, high;
	if (strncmp(line, "way ", 4) == 0) {
		bool is_drawn = strncmp(line + 4, "own-", 4) != 0; // not by us
		op_setf(entry, OP_F_PATH, "%s%s", is_drawn ? before : "", line + 4);
	} else if (strncmp(line, "picture ", 8) == 0) {
		op_set(entry, OP_F_PICTURE, line + 8);
	} else if (*stages > 0 && sscanf(line, "%23[a-z]-us %u %u", stage, &median, &high) == 3) {
		snprintf(times, sizeof(times), "%s %.1f %.1f", stage, median / 1e3, high / 1e3);
		op_add(entry, OP_F_STAGE, times);
		(*stages)--;
	}
}

void told_describe(struct op_head *entry, const char *text, const char *before) {
	char line[256];
	int stages = STAGES_MAX;
	while (text && *text) {
		size_t size = strcspn(text, "\n");
		if (size < sizeof(line) && utf8_plain(text, size)) {
			memcpy(line, text, size);
			line[size] = '\0';
			describe_line(entry, line, before, &stages);
		}
		text += size + (text[size] == '\n');
	}
}
