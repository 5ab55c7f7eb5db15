/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_TEXT_H
#define BOXVIEW_TEXT_H

#include <stddef.h>

/*
 * A stranger's text as it may be shown: well-formed UTF-8 (Wayland demands it), no control characters,
 * at most max bytes. What does not fit becomes "?" or is cut. malloc'd; NULL: no memory.
 */
char *text_clean(const char *text, size_t max);
/* "Minecraft — den". Either may be "". malloc'd; NULL: no memory. */
char *text_title(const char *title, const char *node);
/* The node of "den/win/3", malloc'd. */
char *text_node(const char *from);

#endif
