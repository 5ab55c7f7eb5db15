/* SPDX-License-Identifier: MIT */
#ifndef BOX_UTF8_H
#define BOX_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The size in bytes of the well-formed character at text, which has size bytes left: 1 to 4; 0 if
 * there is none (Unicode 3.9, table 3-7: no surrogates, no overlong forms).
 */
size_t utf8_next(const char *text, size_t size);
/* UTF-8 without control characters (below 0x20, 0x7f): what may stand in a line as it is. */
bool utf8_plain(const char *text, size_t size);
/* The most bytes of text, at most max, that end with a whole character. */
size_t utf8_cut(const char *text, size_t size, size_t max);

#endif
