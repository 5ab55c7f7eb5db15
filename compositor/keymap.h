/* SPDX-License-Identifier: MIT */
#ifndef KEYMAP_H
#define KEYMAP_H

#include <stddef.h>
#include <xkbcommon/xkbcommon.h>

struct config;

/*
 * The person's keymap: what the configuration says; where it says nothing, XKB_DEFAULT_*; where
 * those say nothing, /etc/default/keyboard, which Debian's installer wrote. If that makes no keymap,
 * a US one, and error says what was wrong; otherwise error is "". The caller unreferences the
 * keymap. NULL: no memory.
 */
struct xkb_keymap *keymap_create(const struct config *config, char *error, size_t error_size);

#endif
