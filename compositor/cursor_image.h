/* SPDX-License-Identifier: MIT */
#ifndef CURSOR_IMAGE_H
#define CURSOR_IMAGE_H

#include <stdbool.h>

/* How the pointer looks: our shapes from the person's theme, and clients' own. */

struct cursor;
struct cursor_image;
struct server;

/* For cursor.c: NULL: no memory. */
struct cursor_image *cursor_image_create(struct server *server, struct cursor *cursor);
void cursor_image_destroy(struct cursor_image *image);

/* Whether it is drawn at all: not while nothing can move it. */
void cursor_image_show(struct cursor *cursor, bool shown);
/* A shape of the theme by its CSS name. */
void cursor_image_set(struct cursor *cursor, const char *name);
/* The theme and size in use, to be told to programs. NULL: whatever "default" is. */
const char *cursor_image_theme(struct cursor *cursor);
int cursor_image_size(struct cursor *cursor);

#endif
