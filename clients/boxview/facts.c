/* SPDX-License-Identifier: MIT */
/*
 * facts.c - values of the control lines a source says, parsed. The source is a stranger: numbers are
 * bounded, what does not fit is refused. Pure.
 */
#include <stdlib.h>
#include <string.h>

#include "boxview/source.h"
#include "boxview/sps.h"

static bool take_side(const char **at, int *side) {
	uint64_t number;
	if (!value_take_number(at, SPS_SIDE_MAX, &number)) {
		return false;
	}
	*side = (int)number;
	return true;
}

static bool take_size(const char **at, int *width, int *height) {
	if (!take_side(at, width) || **at != 'x') {
		return false;
	}
	(*at)++;
	return take_side(at, height);
}

/* All of it is a size. */
static bool is_size(const char *at, int *width, int *height) {
	return take_size(&at, width, height) && !*at;
}

struct said {
	struct source_video video;
	bool codec, colour;
};

/* false: it does not fit its name. Names that are not known are passed over. */
static bool take_fact(struct said *said, const char *word) {
	struct source_video *video = &said->video;
	if (strncmp(word, "size=", 5) == 0) {
		return is_size(word + 5, &video->width, &video->height);
	} else if (strncmp(word, "coded=", 6) == 0) {
		return is_size(word + 6, &video->coded_width, &video->coded_height) &&
			video->coded_width > 0 && video->coded_height > 0;
	} else if (strncmp(word, "scale=", 6) == 0) {
		const char *at = word + 6;
		uint64_t scale;
		if (!value_take_number(&at, SPS_SIDE_MAX, &scale) || *at || scale < 120) {
			return false;
		}
		video->scale = (uint32_t)scale;
	} else if (strncmp(word, "colour=", 7) == 0) {
		said->colour = colour_parse(word + 7, &video->colour);
	} else if (strncmp(word, "codec=", 6) == 0) {
		said->codec = codec_find(word + 6, &video->codec);
	}
	return true;
}

bool source_parse_video(const char *value, struct source_video *video) {
	struct said said = {.video.scale = 120};
	struct source_video *out = &said.video;
	while (*value) {
		size_t size = strcspn(value, " ");
		char word[64];
		if (size < sizeof(word)) {
			memcpy(word, value, size);
			word[size] = '\0';
			if (!take_fact(&said, word)) {
				return false;
			}
		}
		value += size + (value[size] == ' ');
	}
	if (!said.codec || !said.colour || out->width <= 0 || out->height <= 0) {
		return false;
	}
	if (out->coded_width == 0) {
		out->coded_width = out->width;
		out->coded_height = out->height;
	}
	if (out->coded_width > out->width || out->coded_height > out->height) {
		return false; // nobody codes more than there is
	}
	*video = *out;
	return true;
}

bool source_parse_limits(const char *value, struct source_limits *limits) {
	struct source_limits out;
	if (!take_size(&value, &out.min_width, &out.min_height) || *value++ != ' ' ||
			!take_size(&value, &out.max_width, &out.max_height) || *value) {
		return false;
	}
	// a compositor takes a maximum below the minimum for a protocol error
	if ((out.max_width != 0 && out.max_width < out.min_width) ||
			(out.max_height != 0 && out.max_height < out.min_height)) {
		return false;
	}
	*limits = out;
	return true;
}

/* Decimal digits behind what, at *at, which moves behind them; more than most is most. */
static bool take_count(const char **at, const char *what, uint64_t most, uint64_t *count) {
	size_t size = strlen(what);
	if (strncmp(*at, what, size) != 0 || (*at)[size] < '0' || (*at)[size] > '9') {
		return false;
	}
	*count = 0;
	for (*at += size; **at >= '0' && **at <= '9'; (*at)++) {
		*count = *count < most ? *count * 10 + (uint64_t)(**at - '0') : most;
	}
	*count = *count < most ? *count : most;
	return true;
}

bool source_parse_stages(const char *value, struct source_stages *stages) {
	static const char *const names[SOURCE_STAGES + 1] = {" commit=", " capture=", " encode=",
		" send=", " way=", " wait=", " decode=", " draw=", " show=", " total="};
	struct source_stages out;
	if (!value_take_word(&value, "input=", out.input) || !value_take_word(&value, " coder=", out.coder) ||
			!value_take_word(&value, " net=", out.net) ||
			!take_count(&value, " bits=", UINT64_C(1000000000000), &out.bits)) {
		return false;
	}
	for (int i = 0; i <= SOURCE_STAGES; i++) {
		uint64_t median, high;
		if (!take_count(&value, names[i], 99999999, &median) ||
				!take_count(&value, "/", 99999999, &high)) {
			return false;
		}
		out.stages[i].median = (uint32_t)median;
		out.stages[i].high = (uint32_t)high;
	}
	if (*value && *value != ' ') { // a later version may say more
		return false;
	}
	*stages = out;
	return true;
}
