/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_COLOUR_H
#define BOXVIEW_COLOUR_H

#include <stdbool.h>

/*
 * What the numbers in a picture mean: matrix (ITU-R BT.601 or BT.709) and range.
 */
struct colour {
	bool bt709; // else BT.601
	bool full;  // black is 0 and white 255, else 16 and 235
};

/* As the control line video says it: "bt601-limited". false: none of those; nothing is set. */
bool colour_parse(const char *text, struct colour *colour);

/*
 * For shaders/yuv.frag, where samples are 0 to 1: to_rgb by columns, as glUniformMatrix3fv takes it.
 * Equations: BT.601-7 2.5 and BT.709-6 item 3, inverted.
 */
void colour_matrix(struct colour colour, float to_rgb[static 9], float bias[static 3]);

#endif
