/* SPDX-License-Identifier: MIT */
/*
 * text.c - texts for titles and sentences. Pure.
 */
#include "boxview/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/utf8.h"

#define TITLE_MAX 512

char *text_clean(const char *text, size_t max) {
	size_t size = strlen(text), used = 0;
	char *clean = malloc(max + 1);
	if (!clean) {
		return NULL;
	}
	for (size_t at = 0; at < size;) {
		size_t step = utf8_next(text + at, size - at);
		unsigned char first = (unsigned char)text[at];
		bool plain = step > 0 && first >= 0x20 && first != 0x7f &&
			!(first == 0xc2 && (unsigned char)text[at + 1] < 0xa0); // C1 controls
		size_t put = plain ? step : 1;
		if (put > max - used) {
			break;
		}
		if (plain) {
			memcpy(clean + used, text + at, step);
		} else {
			clean[used] = first < 0x20 ? ' ' : '?';
		}
		used += put;
		at += step > 0 ? step : 1;
	}
	clean[used] = '\0';
	return clean;
}

char *text_title(const char *title, const char *node) {
	char *clean = text_clean(title, TITLE_MAX), *whole = NULL;
	if (!clean) {
		return NULL;
	}
	if (asprintf(&whole, "%s%s%s", clean, *clean && *node ? " — " : "", node) < 0) {
		whole = NULL;
	}
	free(clean);
	return whole;
}

char *text_node(const char *from) {
	from += *from == '/';
	size_t size = strcspn(from, "/");
	char *node = strndup(from, size);
	char *clean = node ? text_clean(node, 64) : NULL;
	free(node);
	return clean;
}
