/* SPDX-License-Identifier: MIT */
/*
 * utf8.c - which bytes are text. No locale, no tables of characters.
 */
#include "box/utf8.h"

#include <stdint.h>

size_t utf8_next(const char *text, size_t size) {
	const uint8_t *at = (const uint8_t *)text;
	if (size == 0) {
		return 0;
	}
	if (at[0] < 0x80) {
		return 1;
	}
	// The second byte's range keeps out overlong forms, surrogates and what is above U+10FFFF.
	uint8_t low = 0x80, high = 0xbf;
	size_t length;
	if (at[0] >= 0xc2 && at[0] <= 0xdf) {
		length = 2;
	} else if (at[0] >= 0xe0 && at[0] <= 0xef) {
		length = 3;
		low = at[0] == 0xe0 ? 0xa0 : low;
		high = at[0] == 0xed ? 0x9f : high;
	} else if (at[0] >= 0xf0 && at[0] <= 0xf4) {
		length = 4;
		low = at[0] == 0xf0 ? 0x90 : low;
		high = at[0] == 0xf4 ? 0x8f : high;
	} else {
		return 0;
	}
	if (size < length || at[1] < low || at[1] > high) {
		return 0;
	}
	for (size_t i = 2; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	return length;
}

bool utf8_plain(const char *text, size_t size) {
	while (size > 0) {
		size_t step = utf8_next(text, size);
		if (step == 0 || (unsigned char)*text < 0x20 || *text == 0x7f) {
			return false;
		}
		text += step;
		size -= step;
	}
	return true;
}

size_t utf8_cut(const char *text, size_t size, size_t max) {
	size_t at = 0;
	while (at < size) {
		size_t step = utf8_next(text + at, size - at);
		step = step > 0 ? step : 1;
		if (at + step > max) {
			break;
		}
		at += step;
	}
	return at;
}
