/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_BITS_H
#define BOXVIEW_BITS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Bits of a NAL unit, without the bytes that prevent start codes, or of what has none (plain). Goes bad at
 * the end and stays bad.
 */
struct bits {
	const uint8_t *at, *end;
	unsigned int left; // bits of *at that were not read
	unsigned int zeros; // bytes of 0 just before at
	bool plain;
	bool bad;
};

uint32_t bits_one(struct bits *bits);
uint32_t bits_read(struct bits *bits, int count); // at most 32
uint32_t bits_ue(struct bits *bits); // Exp-Golomb; at most 31 bits
int32_t bits_se(struct bits *bits);

#endif
