/* SPDX-License-Identifier: MIT */
/*
 * colour.c - matrices from YUV to RGB. Pure; drawing is gl.c's and shm.c's.
 */
#include "boxview/colour.h"

#include <stddef.h>
#include <string.h>

bool colour_parse(const char *text, struct colour *colour) {
	static const struct {
		const char *name;
		struct colour colour;
	} names[] = {
		{"bt601-limited", {false, false}},
		{"bt601-full", {false, true}},
		{"bt709-limited", {true, false}},
		{"bt709-full", {true, true}},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i].name) == 0) {
			*colour = names[i].colour;
			return true;
		}
	}
	return false;
}

void colour_matrix(struct colour colour, float to_rgb[static 9], float bias[static 3]) {
	// weights of red and blue in luma
	double r = colour.bt709 ? 0.2126 : 0.299;
	double b = colour.bt709 ? 0.0722 : 0.114;
	double g = 1 - r - b;
	double luma = colour.full ? 1 : 255.0 / (235 - 16);
	double chroma = colour.full ? 1 : 255.0 / (240 - 16);
	const double columns[9] = {
		luma, luma, luma,
		0, -2 * (1 - b) * b / g * chroma, 2 * (1 - b) * chroma,
		2 * (1 - r) * chroma, -2 * (1 - r) * r / g * chroma, 0,
	};
	for (int i = 0; i < 9; i++) {
		to_rgb[i] = (float)columns[i];
	}
	bias[0] = colour.full ? 0.0f : 16.0f / 255;
	bias[1] = bias[2] = 128.0f / 255;
}
