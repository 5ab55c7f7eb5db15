/* SPDX-License-Identifier: MIT */
/*
 * sps.c - reads sequence parameter sets as far as the picture's size. Pure. Slices are the decoder's.
 */
#include "boxview/sps.h"

#include <stdbool.h>
#include <string.h>

#include "boxview/bits.h"

static void skip_scaling_list(struct bits *bits, int size) {
	int32_t last = 8, next = 8;
	for (int i = 0; i < size && !bits->bad; i++) {
		if (next != 0) {
			next = (int32_t)(((int64_t)last + bits_se(bits) + 256) % 256);
		}
		last = next == 0 ? last : next;
	}
}

/* The part that only high profiles have. NULL or what is wrong. */
static const char *high_part(struct bits *bits) {
	uint32_t chroma = bits_ue(bits);
	if (!bits->bad && chroma != 1) {
		return "its chroma is not 4:2:0";
	}
	if (bits_ue(bits) != 0 || bits_ue(bits) != 0) {
		return "its samples have more than 8 bits";
	}
	bits_one(bits);
	if (bits_one(bits)) {
		for (int i = 0; i < 8; i++) {
			if (bits_one(bits)) {
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
	uint32_t type = bits_ue(bits);
	if (type == 0) {
		bits_ue(bits);
	} else if (type == 1) {
		bits_one(bits);
		bits_se(bits);
		bits_se(bits);
		uint32_t count = bits_ue(bits);
		bits->bad = bits->bad || count > 255;
		for (uint32_t i = 0; i < count && !bits->bad; i++) {
			bits_se(bits);
		}
	}
}

struct h264_set {
	uint32_t references;
	bool fields; // its frames are not whole
};

/* Reads no further than that. */
static const char *check_h264_set(struct bits *bits, struct h264_set *set) {
	uint32_t profile = bits_read(bits, 8);
	bits_read(bits, 16);
	bits_ue(bits);
	const char *trouble = is_high(profile) ? high_part(bits) : NULL;
	if (trouble) {
		return trouble;
	}
	bits_ue(bits);
	skip_picture_order(bits);
	set->references = bits_ue(bits);
	bits_one(bits);
	uint64_t width = (uint64_t)bits_ue(bits) + 1;
	uint64_t height = (uint64_t)bits_ue(bits) + 1;
	set->fields = !bits_one(bits);
	height *= set->fields ? 2 : 1;
	if (bits->bad) {
		return "its parameters are cut off";
	}
	if (width > SPS_SIDE_MAX / 16 || height > SPS_SIDE_MAX / 16) {
		return "its pictures are too large";
	}
	uint32_t kept = set->references > 0 ? set->references : 1;
	if (kept > 16 || width * height * kept > SPS_MACROBLOCKS_MAX) {
		return "it refers to too many pictures";
	}
	return NULL;
}

// how much room there is for pictures, annex E

static void skip_buffers(struct bits *bits) {
	uint32_t count = bits_ue(bits);
	bits_read(bits, 8);
	for (uint32_t i = 0; i <= count && !bits->bad; i++) {
		bits_ue(bits);
		bits_ue(bits);
		bits_one(bits);
	}
	bits_read(bits, 20);
}

static void skip_colours(struct bits *bits) {
	if (bits_one(bits) && bits_read(bits, 8) == 255) { // shape of a pixel
		bits_read(bits, 32);
	}
	if (bits_one(bits)) { // whether there is more than is to be seen
		bits_one(bits);
	}
	if (bits_one(bits)) {
		bits_read(bits, 4);
		if (bits_one(bits)) {
			bits_read(bits, 24);
		}
	}
	if (bits_one(bits)) { // where chroma lies
		bits_ue(bits);
		bits_ue(bits);
	}
}

/* false: the set does not say how much room pictures need. */
static bool find_room(struct bits *bits) {
	bits_one(bits);
	if (bits_one(bits)) { // cropped
		for (int i = 0; i < 4; i++) {
			bits_ue(bits);
		}
	}
	if (!bits_one(bits)) {
		return false;
	}
	skip_colours(bits);
	if (bits_one(bits)) { // times
		bits_read(bits, 32);
		bits_read(bits, 32);
		bits_one(bits);
	}
	bool nal = bits_one(bits);
	if (nal) {
		skip_buffers(bits);
	}
	bool vcl = bits_one(bits);
	if (vcl) {
		skip_buffers(bits);
	}
	if (nal || vcl) {
		bits_one(bits);
	}
	bits_one(bits);
	if (!bits_one(bits)) {
		return false;
	}
	bits_one(bits);
	for (int i = 0; i < 5; i++) {
		bits_ue(bits);
	}
	return !bits->bad;
}

/* Room for one picture (010) becomes room for two (011), if there is one reference. */
static void make_room(uint8_t *bytes, size_t size) {
	struct bits bits = {.at = bytes, .end = bytes + size, .left = 8};
	struct h264_set set;
	if (check_h264_set(&bits, &set) || set.references != 1 || set.fields || !find_room(&bits) ||
			bits_one(&bits) != 0 || bits_one(&bits) != 1) {
		return;
	}
	const uint8_t *at = bits.at;
	uint8_t mask = (uint8_t)(1u << (bits.left - 1));
	if (bits_one(&bits) == 0 && !bits.bad) {
		bytes[at - bytes] |= mask; // no start code comes of a bit that is set
	}
}

static bool is_h264_set(const uint8_t *nal) {
	return (nal[0] & 0x1f) == 7;
}

// H.265

/* Of profiles and levels, 7.3.3: only its length matters. */
static void skip_profiles(struct bits *bits, uint32_t layers) {
	bool profile[8] = {false}, level[8] = {false};
	bits_read(bits, 32);
	bits_read(bits, 32);
	bits_read(bits, 32); // the general part: 88 bits of the profile, 8 of the level
	for (uint32_t i = 0; i < layers; i++) {
		profile[i] = bits_one(bits);
		level[i] = bits_one(bits);
	}
	if (layers > 0) {
		bits_read(bits, (int)(8 - layers) * 2);
	}
	for (uint32_t i = 0; i < layers; i++) {
		if (profile[i]) {
			bits_read(bits, 32);
			bits_read(bits, 32);
			bits_read(bits, 24);
		}
		if (level[i]) {
			bits_read(bits, 8);
		}
	}
}

/* The number of pictures that are kept, 0 if that is bad. */
static uint32_t read_kept(struct bits *bits, uint32_t layers) {
	uint32_t most = 1;
	for (uint32_t i = bits_one(bits) ? 0 : layers; i <= layers && !bits->bad; i++) {
		uint32_t kept = bits_ue(bits);
		bits_ue(bits);
		bits_ue(bits);
		if (kept > 15) {
			return 0;
		}
		most = kept + 1 > most ? kept + 1 : most;
	}
	return most;
}

/* 7.3.2.2.1, behind the header of the NAL unit. */
static const char *check_h265_set(struct bits *bits) {
	bits_read(bits, 4);
	uint32_t layers = bits_read(bits, 3);
	bits_one(bits);
	if (layers > 6) {
		return "it has too many layers";
	}
	skip_profiles(bits, layers);
	bits_ue(bits);
	if (bits_ue(bits) != 1 && !bits->bad) {
		return "its chroma is not 4:2:0";
	}
	uint64_t width = bits_ue(bits), height = bits_ue(bits);
	if (bits_one(bits)) { // a part of it is to be seen
		for (int i = 0; i < 4; i++) {
			bits_ue(bits);
		}
	}
	if ((bits_ue(bits) != 0 || bits_ue(bits) != 0) && !bits->bad) {
		return "its samples have more than 8 bits";
	}
	bits_ue(bits);
	uint64_t kept = read_kept(bits, layers);
	if (bits->bad) {
		return "its parameters are cut off";
	}
	if (width == 0 || height == 0 || width > SPS_SIDE_MAX || height > SPS_SIDE_MAX) {
		return "its pictures are too large";
	}
	if (kept == 0 || width * height * kept > (uint64_t)SPS_MACROBLOCKS_MAX * 256) {
		return "it refers to too many pictures";
	}
	return NULL;
}

static bool is_h265_set(const uint8_t *nal) {
	return (nal[0] >> 1 & 0x3f) == 33;
}

/* Where the first start code is, from `at` on; size: nowhere. Each frame is looked through. */
static size_t start_code(const uint8_t *bytes, size_t size, size_t at) {
	for (at += 2; at < size; at++) {
		const uint8_t *one = memchr(bytes + at, 1, size - at);
		if (!one) {
			break;
		}
		at = (size_t)(one - bytes);
		if (one[-1] == 0 && one[-2] == 0) {
			return at - 2;
		}
	}
	return size;
}

/* The next parameter set behind *at, without its header; *at moves behind it. false: there is none. */
static bool next_set(enum codec codec, const uint8_t *bytes, size_t size, size_t *at, size_t *begin,
		size_t *end) {
	const size_t header = codec == CODEC_H265 ? 2 : 1; // of a NAL unit
	while ((*at = start_code(bytes, size, *at)) < size && size - *at >= 3 + header) {
		*at += 3; // then the NAL unit's header
		if (codec == CODEC_H265 ? !is_h265_set(bytes + *at) : !is_h264_set(bytes + *at)) {
			continue;
		}
		*begin = *end = *at + header;
		while (*end < size && !(size - *end >= 3 && bytes[*end] == 0 && bytes[*end + 1] == 0 &&
				bytes[*end + 2] <= 1)) {
			(*end)++;
		}
		*at = *end;
		return true;
	}
	return false;
}

const char *sps_trouble(enum codec codec, const uint8_t *bytes, size_t size) {
	size_t at = 0, begin, end;
	const char *trouble = NULL;
	while (!trouble && next_set(codec, bytes, size, &at, &begin, &end)) {
		struct bits bits = {.at = bytes + begin, .end = bytes + end, .left = 8};
		struct h264_set set;
		trouble = codec == CODEC_H265 ? check_h265_set(&bits) : check_h264_set(&bits, &set);
	}
	return trouble;
}

void sps_make_room(uint8_t *bytes, size_t size) {
	size_t at = 0, begin, end;
	while (next_set(CODEC_H264, bytes, size, &at, &begin, &end)) {
		make_room(bytes + begin, end - begin);
	}
}
