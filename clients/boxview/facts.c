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

/* A word that may be shown to a person as it is. */
static bool take_word(const char **at, const char *name, char word[static SOURCE_WORD]) {
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	size_t size = strlen(name);
	if (strncmp(*at, name, size) != 0) {
		return false;
	}
	*at += size;
	size = strspn(*at, letters);
	if (size == 0 || size >= SOURCE_WORD) {
		return false;
	}
	memcpy(word, *at, size);
	word[size] = '\0';
	*at += size;
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
	if (!take_word(&value, "input=", out.input) || !take_word(&value, " coder=", out.coder) ||
			!take_word(&value, " net=", out.net) ||
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
