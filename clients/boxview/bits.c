/* SPDX-License-Identifier: MIT */
/*
 * bits.c - reads NAL units of H.264 and H.265 bit by bit (ITU-T H.264 and H.265, 7.3.1 and 9.1), and AV1,
 * whose uvlc() is their ue(v). Pure.
 */
#include "boxview/bits.h"

static void next_byte(struct bits *bits) {
	bits->zeros = *bits->at == 0 ? bits->zeros + 1 : 0;
	bits->at++;
	bits->left = 8;
	if (!bits->plain && bits->zeros >= 2 && bits->at < bits->end && *bits->at == 3) {
		bits->at++;
		bits->zeros = 0;
	}
}

uint32_t bits_one(struct bits *bits) {
	if (bits->at >= bits->end) {
		bits->bad = true;
		return 0;
	}
	uint32_t bit = *bits->at >> (bits->left - 1) & 1;
	if (--bits->left == 0) {
		next_byte(bits);
	}
	return bit;
}

uint32_t bits_read(struct bits *bits, int count) {
	uint32_t value = 0;
	for (int i = 0; i < count; i++) {
		value = value << 1 | bits_one(bits);
	}
	return value;
}

uint32_t bits_ue(struct bits *bits) {
	int zeros = 0;
	while (!bits->bad && bits_one(bits) == 0) {
		if (++zeros > 31) {
			bits->bad = true;
		}
	}
	return bits->bad ? 0 : (UINT32_C(1) << zeros) - 1 + bits_read(bits, zeros);
}

int32_t bits_se(struct bits *bits) {
	uint32_t value = bits_ue(bits);
	return value & 1 ? (int32_t)(value / 2 + 1) : -(int32_t)(value / 2);
}
