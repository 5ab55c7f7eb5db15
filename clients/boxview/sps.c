/* SPDX-License-Identifier: MIT */
/*
 * sps.c - reads sequence parameter sets as far as the picture's size. Pure. Slices are the decoder's.
 */
#include "boxview/sps.h"

#include <stdbool.h>

/* Bits of a NAL unit, without the bytes that prevent start codes. Goes bad at the end and stays bad. */
struct bits {
	const uint8_t *at, *end;
	unsigned int left; // bits of *at that were not read
	unsigned int zeros; // bytes of 0 just before at
	bool bad;
};

static void next_byte(struct bits *bits) {
	bits->zeros = *bits->at == 0 ? bits->zeros + 1 : 0;
	bits->at++;
	bits->left = 8;
	if (bits->zeros >= 2 && bits->at < bits->end && *bits->at == 3) {
		bits->at++;
		bits->zeros = 0;
	}
}

static uint32_t read_bit(struct bits *bits) {
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

static uint32_t read_bits(struct bits *bits, int count) {
	uint32_t value = 0;
	for (int i = 0; i < count; i++) {
		value = value << 1 | read_bit(bits);
	}
	return value;
}

/* Exp-Golomb, 9.1; at most 31 bits. */
static uint32_t read_ue(struct bits *bits) {
	int zeros = 0;
	while (!bits->bad && read_bit(bits) == 0) {
		if (++zeros > 31) {
			bits->bad = true;
		}
	}
	return bits->bad ? 0 : (UINT32_C(1) << zeros) - 1 + read_bits(bits, zeros);
}

static int32_t read_se(struct bits *bits) {
	uint32_t value = read_ue(bits);
	return value & 1 ? (int32_t)(value / 2 + 1) : -(int32_t)(value / 2);
}

static void skip_scaling_list(struct bits *bits, int size) {
	int32_t last = 8, next = 8;
	for (int i = 0; i < size && !bits->bad; i++) {
		if (next != 0) {
			next = (int32_t)(((int64_t)last + read_se(bits) + 256) % 256);
		}
		last = next == 0 ? last : next;
	}
}

/* The part that only high profiles have. NULL or what is wrong. */
static const char *high_part(struct bits *bits) {
	uint32_t chroma = read_ue(bits);
	if (!bits->bad && chroma != 1) {
		return "its chroma is not 4:2:0";
	}
	if (read_ue(bits) != 0 || read_ue(bits) != 0) {
		return "its samples have more than 8 bits";
	}
	read_bit(bits);
	if (read_bit(bits)) {
		for (int i = 0; i < 8; i++) {
			if (read_bit(bits)) {
				skip_scaling_list(bits, i < 6 ? 16 : 64);
			}
		}
	}
	return NULL;
}

static bool is_high(uint32_t profile) {
	static const uint8_t high[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
	for (size_t i = 0; i < sizeof(high); i++) {
		if (high[i] == profile) {
			return true;
		}
	}
	return false;
}

static void skip_picture_order(struct bits *bits) {
	uint32_t type = read_ue(bits);
	if (type == 0) {
		read_ue(bits);
	} else if (type == 1) {
		read_bit(bits);
		read_se(bits);
		read_se(bits);
		uint32_t count = read_ue(bits);
		bits->bad = bits->bad || count > 255;
		for (uint32_t i = 0; i < count && !bits->bad; i++) {
			read_se(bits);
		}
	}
}

static const char *check_set(const uint8_t *bytes, size_t size) {
	struct bits bits = {.at = bytes, .end = bytes + size, .left = 8};
	uint32_t profile = read_bits(&bits, 8);
	read_bits(&bits, 16);
	read_ue(&bits);
	const char *trouble = is_high(profile) ? high_part(&bits) : NULL;
	if (trouble) {
		return trouble;
	}
	read_ue(&bits);
	skip_picture_order(&bits);
	uint64_t references = read_ue(&bits);
	read_bit(&bits);
	uint64_t width = (uint64_t)read_ue(&bits) + 1;
	uint64_t height = (uint64_t)read_ue(&bits) + 1;
	height *= read_bit(&bits) ? 1 : 2; // frames of two fields
	if (bits.bad) {
		return "its parameters are cut off";
	}
	if (width > SPS_SIDE_MAX / 16 || height > SPS_SIDE_MAX / 16) {
		return "its pictures are too large";
	}
	if (references > 16 || width * height * (references > 0 ? references : 1) > SPS_MACROBLOCKS_MAX) {
		return "it refers to too many pictures";
	}
	return NULL;
}

const char *sps_trouble(const uint8_t *bytes, size_t size) {
	size_t at = 0;
	while (size - at >= 4) {
		// a start code, then the NAL unit's header
		if (bytes[at] != 0 || bytes[at + 1] != 0 || bytes[at + 2] != 1) {
			at++;
			continue;
		}
		at += 3;
		if ((bytes[at] & 0x1f) != 7) {
			continue;
		}
		size_t begin = at + 1, end = begin;
		while (end < size && !(size - end >= 3 && bytes[end] == 0 && bytes[end + 1] == 0 &&
				bytes[end + 2] <= 1)) {
			end++;
		}
		const char *trouble = check_set(bytes + begin, end - begin);
		if (trouble) {
			return trouble;
		}
		at = end;
	}
	return NULL;
}
