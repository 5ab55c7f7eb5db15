/* SPDX-License-Identifier: MIT */
/*
 * value.c - see value.h. What a value as a whole has to be is known where it is read: boxcast/lines.c and
 * boxview/facts.c. Pure.
 */
#include "media/value.h"

#include <string.h>

bool value_take_number(const char **at, uint64_t max, uint64_t *number) {
	const char *begin = *at;
	uint64_t n = 0;
	while (**at >= '0' && **at <= '9') {
		uint64_t digit = (uint64_t)(**at - '0');
		if (max < digit || n > (max - digit) / 10) {
			return false;
		}
		n = n * 10 + digit;
		(*at)++;
	}
	if (*at == begin) {
		return false;
	}
	*number = n;
	return true;
}

bool value_take_word(const char **at, const char *name, char word[static VALUE_WORD]) {
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	size_t size = strlen(name);
	if (strncmp(*at, name, size) != 0) {
		return false;
	}
	*at += size;
	size = strspn(*at, letters);
	if (size == 0 || size >= VALUE_WORD) {
		return false;
	}
	memcpy(word, *at, size);
	word[size] = '\0';
	*at += size;
	return true;
}
