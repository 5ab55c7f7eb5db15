/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_STATS_H
#define BOXCAST_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boxcast/lines.h"
#include "boxcast/stages.h"

/*
 * How a view goes: what was sent over the last second, and where the time of frames goes (stages.h).
 * Printed as lines of a head, for /win/W/stats.
 */

struct stats {
	struct stages stages;
	uint32_t frames, keys; // this second
	uint64_t bytes;
	uint64_t all_frames, all_keys, all_bytes, all_again;
	int64_t since;
	double fps, bits; // a second, as printed last
};

void stats_init(struct stats *stats);
void stats_frame(struct stats *stats, size_t bytes, bool key);

/* A frame was sent again. */
void stats_again(struct stats *stats, size_t bytes);

/* What else the lines say. */
struct stats_facts {
	const char *path; // the encoder in use
	const char *why;  // "", or why it is not a better one
	int width, height, coded_width, coded_height;
	uint32_t refresh_mhz; // of the viewer's screen
	uint32_t divisor;     // of so many frames that it would show one is captured
	const char *lane; // of the last picture
	const char *input; // how captures come: "memfd", "dmabuf", "own-dmabuf"
	const char *codec; // of the video lane
	const char *decoder, *presenter; // at the viewer; "": it has not said
	uint32_t near; // tiles of it that are not exact yet
	uint32_t rate, limit, in_flight, stalls;
	int64_t rtt_ns;
	struct line_path network; // all 0: none is known
};
/* Prints the time since the last print, and begins anew. Returns out. */
const char *stats_print(struct stats *stats, const struct stats_facts *facts, int64_t now,
	char *out, size_t size);
/* What the viewer is told, the value of the control line stages, of what was printed last. false: nothing. */
bool stats_line(const struct stats *stats, const struct stats_facts *facts, int64_t now, char *out,
	size_t size);

#endif
