/* SPDX-License-Identifier: MIT */
/*
 * code.h - a number as squares of black and white, and back, for whoever sees only pixels.
 *
 * Two rows: the bits, lowest first, and their opposites, so that a picture of two frames, or of
 * anything else, is no number. A square is a macroblock of H.264: it survives any bitrate.
 */
#ifndef BENCH_CODE_H
#define BENCH_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CODE_BITS 16
#define CODE_SQUARE 16
#define CODE_WIDTH (CODE_BITS * CODE_SQUARE)
#define CODE_HEIGHT (2 * CODE_SQUARE)
#define CODE_EDGE 4    // of a square, which the codec or a scaler may have blurred
#define CODE_FAR 96    // least difference between a bit and its opposite

/* XRGB8888, stride in bytes, at the upper left corner. */
static inline void code_draw(uint8_t *pixels, size_t stride, uint32_t number) {
	for (int y = 0; y < CODE_HEIGHT; y++) {
		uint32_t *row = (uint32_t *)(pixels + (size_t)y * stride);
		for (int x = 0; x < CODE_WIDTH; x++) {
			bool white = ((number >> (x / CODE_SQUARE)) & 1) != (unsigned)(y / CODE_SQUARE);
			row[x] = white ? 0xffffffff : 0xff000000;
		}
	}
}

static inline int code_mean(const uint8_t *pixels, size_t stride, int column, int row) {
	int sum = 0, count = 0;
	for (int y = CODE_EDGE; y < CODE_SQUARE - CODE_EDGE; y++) {
		const uint8_t *line = pixels + (size_t)(row * CODE_SQUARE + y) * stride;
		for (int x = CODE_EDGE; x < CODE_SQUARE - CODE_EDGE; x++) {
			sum += line[(size_t)(column * CODE_SQUARE + x) * 4 + 1]; // green
			count++;
		}
	}
	return sum / count;
}

/* false: what is there is no number. */
static inline bool code_read(const uint8_t *pixels, size_t stride, uint32_t *number) {
	*number = 0;
	for (int bit = 0; bit < CODE_BITS; bit++) {
		int difference = code_mean(pixels, stride, bit, 0) - code_mean(pixels, stride, bit, 1);
		if (difference > -CODE_FAR && difference < CODE_FAR) {
			return false;
		}
		*number |= (uint32_t)(difference > 0) << bit;
	}
	return true;
}

#endif
