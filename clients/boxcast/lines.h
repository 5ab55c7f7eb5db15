/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_LINES_H
#define BOXCAST_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "boxcast/picture.h"

/*
 * Values of the control lines a viewer may say. It is a stranger: what does not fit is refused by
 * false, and then nothing is set.
 */

#define LINE_KEYMAP_MAX (128 * 1024) // bytes of a keymap; the largest known has 80 KiB

bool line_size(const char *value, struct picture_size *size); // "640x480"
bool line_switch(const char *value, bool *on);                // "on", "off"
bool line_number(const char *value, uint64_t max, uint64_t *number);
bool line_modifiers(const char *value, uint32_t values[static 4]);
bool line_repeat(const char *value, int *rate, int *delay);
/* A keymap that xkbcommon compiles: boxland need not be the first to try. */
bool line_keymap(const char *value);

#endif
