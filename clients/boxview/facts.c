/* SPDX-License-Identifier: MIT */
/*
 * facts.c - values of the control lines a source says, parsed. The source is a stranger: numbers are
 * bounded, what does not fit is refused. Pure.
 */
#include <stdlib.h>
#include <string.h>

#include "boxview/source.h"
#include "boxview/sps.h"

/* Decimal digits at *at, which moves behind them. */
static bool take_number(const char **at, int *number) {
	const char *begin = *at;
	int n = 0;
	while (**at >= '0' && **at <= '9') {
		n = n * 10 + (**at - '0');
		if (n > SPS_SIDE_MAX) {
			return false;
		}
		(*at)++;
	}
	*number = n;
	return *at != begin;
}

static bool take_size(const char **at, int *width, int *height) {
	if (!take_number(at, width) || **at != 'x') {
		return false;
	}
	(*at)++;
	return take_number(at, height);
}

bool source_parse_video(const char *value, struct source_video *video) {
	struct source_video out = {.scale = 120};
	bool codec = false, colour = false;
	while (*value) {
		size_t size = strcspn(value, " ");
		char word[64];
		if (size < sizeof(word)) {
			memcpy(word, value, size);
			word[size] = '\0';
			if (strncmp(word, "size=", 5) == 0) {
				const char *at = word + 5;
				if (!take_size(&at, &out.width, &out.height) || *at) {
					return false;
				}
			} else if (strncmp(word, "coded=", 6) == 0) {
				const char *at = word + 6;
				if (!take_size(&at, &out.coded_width, &out.coded_height) || *at ||
						out.coded_width == 0 || out.coded_height == 0) {
					return false;
				}
			} else if (strncmp(word, "scale=", 6) == 0) {
				const char *at = word + 6;
				int scale;
				if (!take_number(&at, &scale) || *at || scale < 120) {
					return false;
				}
				out.scale = (uint32_t)scale;
			} else if (strncmp(word, "colour=", 7) == 0) {
				colour = colour_parse(word + 7, &out.colour);
			} else if (strncmp(word, "codec=", 6) == 0) {
				codec = codec_find(word + 6, &out.codec);
			}
		}
		value += size + (value[size] == ' ');
	}
	if (!codec || !colour || out.width <= 0 || out.height <= 0) {
		return false;
	}
	if (out.coded_width == 0) {
		out.coded_width = out.width;
		out.coded_height = out.height;
	}
	if (out.coded_width > out.width || out.coded_height > out.height) {
		return false; // nobody codes more than there is
	}
	*video = out;
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
