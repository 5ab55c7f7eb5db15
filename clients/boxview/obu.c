/* SPDX-License-Identifier: MIT */
/*
 * obu.c - reads AV1's sequence headers as far as the format of a picture, and frame headers as far as
 * whether a frame has a size of its own. Pure. Tiles are the decoder's.
 */
#include "boxview/obu.h"

#include "boxview/bits.h"
#include "boxview/sps.h"

enum obu_type {
	OBU_SEQUENCE_HEADER = 1,
	OBU_FRAME_HEADER = 3,
	OBU_FRAME = 6,
	OBU_TILE_LIST = 8, // of pictures that are put together anew, which nobody sends
};

#define KEY_FRAME 0
#define SWITCH_FRAME 3
#define EACH_FRAME 2 // SELECT_SCREEN_CONTENT_TOOLS, SELECT_INTEGER_MV

static int read_count(struct bits *bits, int size) {
	return (int)bits_read(bits, size) + 1;
}

/* timing_info() and decoder_model_info(). The bits of a delay; 0: there is no model. */
static int read_times(struct obu *obu, struct bits *bits) {
	if (!bits_one(bits)) {
		return 0;
	}
	bits_read(bits, 32);
	bits_read(bits, 32);
	obu->equal_interval = bits_one(bits);
	if (obu->equal_interval) {
		bits_ue(bits);
	}
	if (!bits_one(bits)) {
		return 0;
	}
	int delay_bits = read_count(bits, 5);
	bits_read(bits, 32);
	bits_read(bits, 5);
	obu->times = true;
	obu->time_bits = read_count(bits, 5);
	return delay_bits;
}

/* NULL, or what is wrong. */
static const char *skip_operation(struct bits *bits, int delay_bits) {
	bool display_delay = bits_one(bits);
	if (bits_read(bits, 5) > 0) {
		return "it has layers";
	}
	bits_read(bits, 12);
	if (bits_read(bits, 5) > 7) {
		bits_one(bits);
	}
	if (delay_bits > 0 && bits_one(bits)) {
		bits_read(bits, delay_bits);
		bits_read(bits, delay_bits);
		bits_one(bits);
	}
	if (display_delay && bits_one(bits)) {
		bits_read(bits, 4);
	}
	return NULL;
}

static const char *check_size(struct bits *bits) {
	int width_bits = read_count(bits, 4), height_bits = read_count(bits, 4);
	uint64_t width = (uint64_t)bits_read(bits, width_bits) + 1;
	uint64_t height = (uint64_t)bits_read(bits, height_bits) + 1;
	bool large = width > SPS_SIDE_MAX || height > SPS_SIDE_MAX || width * height > OBU_PIXELS_MAX;
	return large ? "its pictures are too large" : NULL;
}

static void read_tools(struct obu *obu, struct bits *bits) {
	bits_read(bits, 3 + 4);
	bool order = bits_one(bits);
	if (order) {
		bits_read(bits, 2);
	}
	obu->screen_tools = bits_one(bits) ? EACH_FRAME : bits_one(bits);
	obu->integer_motion = obu->screen_tools == 0 || bits_one(bits) ? EACH_FRAME : bits_one(bits);
	if (order) {
		bits_read(bits, 3);
	}
	bits_read(bits, 3);
}

/* 5.5.1, as far as the colours. */
static const char *read_sequence(struct obu *obu, struct bits *bits) {
	*obu = (struct obu){.begun = obu->begun};
	if (bits_read(bits, 3) != 0 && !bits->bad) {
		return "its chroma is not 4:2:0";
	}
	bits_one(bits);
	if (bits_one(bits)) {
		return "it is one picture alone";
	}
	int delay_bits = read_times(obu, bits);
	const char *trouble = skip_operation(bits, delay_bits);
	if (!trouble) {
		trouble = check_size(bits);
	}
	if (trouble) {
		return bits->bad ? "its parameters are cut off" : trouble;
	}
	if (bits_one(bits)) { // frames have numbers
		int delta_bits = read_count(bits, 4) + 1;
		obu->id_bits = delta_bits + read_count(bits, 3);
	}
	read_tools(obu, bits);
	if (bits_one(bits) && !bits->bad) {
		return "its samples have more than 8 bits";
	}
	if (bits_one(bits) && !bits->bad) {
		return "it has no colours";
	}
	obu->known = !bits->bad;
	return bits->bad ? "its parameters are cut off" : NULL;
}

/* 5.9.2, as far as frame_size_override_flag. */
static const char *read_frame(struct obu *obu, struct bits *bits) {
	if (!obu->known) {
		return "its parameters are missing";
	}
	if (bits_one(bits)) { // one that was decoded before is shown
		return obu->begun ? NULL : "it does not begin with a keyframe";
	}
	uint32_t type = bits_read(bits, 2);
	bool shown = bits_one(bits);
	if (type != KEY_FRAME && !obu->begun) {
		return "it does not begin with a keyframe";
	}
	if (shown && obu->times && !obu->equal_interval) {
		bits_read(bits, obu->time_bits);
	}
	if (!shown) {
		bits_one(bits);
	}
	if (type != SWITCH_FRAME && !(type == KEY_FRAME && shown)) {
		bits_one(bits);
	}
	bits_one(bits);
	bool tools = obu->screen_tools == EACH_FRAME ? bits_one(bits) : obu->screen_tools;
	if (tools && obu->integer_motion == EACH_FRAME) {
		bits_one(bits);
	}
	bits_read(bits, obu->id_bits);
	bool other = type == SWITCH_FRAME || bits_one(bits);
	if (bits->bad) {
		return "its header is cut off";
	}
	obu->begun = true;
	return other ? "a frame has a size of its own" : NULL;
}

/* leb128(), 4.10.5. false: there is none, or it is longer than what follows it. */
static bool read_length(const uint8_t *bytes, size_t size, size_t *at, size_t *length) {
	uint64_t value = 0;
	for (unsigned int i = 0; i < 8 && *at < size; i++) {
		uint8_t byte = bytes[(*at)++];
		value |= (uint64_t)(byte & 0x7f) << i * 7;
		if (!(byte & 0x80)) {
			*length = (size_t)value;
			return value <= size - *at;
		}
	}
	return false;
}

static const char *unit_trouble(struct obu *obu, const uint8_t *bytes, size_t size) {
	const char *trouble = NULL;
	for (size_t at = 0; !trouble && at < size;) {
		uint8_t header = bytes[at++];
		uint32_t type = header >> 3 & 0xf;
		size_t length = 0;
		at += header >> 2 & 1; // layers of this one
		if (header & 0x81 || !(header & 2) || !read_length(bytes, size, &at, &length)) {
			return "its parts do not fit together";
		}
		struct bits bits = {.at = bytes + at, .end = bytes + at + length, .left = 8, .plain = true};
		if (type == OBU_SEQUENCE_HEADER) {
			trouble = read_sequence(obu, &bits);
		} else if (type == OBU_FRAME_HEADER || type == OBU_FRAME) {
			trouble = read_frame(obu, &bits);
		} else if (type == OBU_TILE_LIST) {
			trouble = "it is a list of tiles";
		}
		at += length;
	}
	return trouble;
}

const char *obu_trouble(struct obu *obu, const uint8_t *bytes, size_t size) {
	const char *trouble = unit_trouble(obu, bytes, size);
	if (trouble) {
		*obu = (struct obu){0};
	}
	return trouble;
}
