/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_LINES_H
#define BOXCAST_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "boxcast/picture.h"
#include "media/value.h"

/*
 * Values of the control lines a viewer may say. It is a stranger: what does not fit is refused by
 * false, and then nothing is set.
 */

#define LINE_KEYMAP_MAX (128 * 1024) // bytes of a keymap; the largest known has 80 KiB

/* What boxd knows of the way to the viewer. */
struct line_path {
	int64_t rtt_ns, least_ns; // round trip: now, and the least of late
	uint64_t window, flight;  // bytes that may be under way, and that are
	uint64_t sent, lost;      // packets, since the connection began
};

/* What makes pictures at the viewer. */
struct line_drawn {
	char decoder[VALUE_WORD], by[VALUE_WORD]; // "": not said
};

bool line_size(const char *value, struct picture_size *size); // "640x480"
bool line_switch(const char *value, bool *on);                // "on", "off"
bool line_number(const char *value, uint64_t max, uint64_t *number);
bool line_modifiers(const char *value, uint32_t values[static 4]);
bool line_repeat(const char *value, int *rate, int *delay);
/* "rtt=20000 least=… window=… flight=… sent=… lost=…", all of them, in any order; more is passed over. */
bool line_path(const char *value, struct line_path *path);
/* "decoder=avdec_h264 by=gles", both; letters, digits, - and _ only, as others are shown them. */
bool line_drawn(const char *value, struct line_drawn *drawn);
/* A keymap that xkbcommon compiles: boxland need not be the first to try. */
bool line_keymap(const char *value);

#endif
