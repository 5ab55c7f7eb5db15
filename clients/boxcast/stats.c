/* SPDX-License-Identifier: MIT */
/*
 * stats.c - how a view goes, printed. Pure; who counts is cast.c.
 */
#include "boxcast/stats.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void stats_init(struct stats *stats) {
	memset(stats, 0, sizeof(*stats));
	stages_init(&stats->stages);
}

void stats_frame(struct stats *stats, size_t bytes, bool key) {
	stats->frames++;
	stats->bytes += bytes;
	stats->all_frames++;
	stats->all_bytes += bytes;
	if (key) {
		stats->keys++;
		stats->all_keys++;
	}
}

void stats_again(struct stats *stats, size_t bytes) {
	stats->bytes += bytes;
	stats->all_bytes += bytes;
	stats->all_again++;
}

static void add_line(char *out, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add_line(char *out, size_t size, const char *fmt, ...) {
	size_t used = strlen(out);
	va_list args;
	va_start(args, fmt);
	vsnprintf(out + used, size - used, fmt, args);
	va_end(args);
}

static bool is_tiled(const struct stats_facts *facts) {
	return strcmp(facts->lane, "tiles") == 0;
}

static bool is_less(const struct stats_facts *facts) {
	return facts->coded_width != facts->width || facts->coded_height != facts->height;
}

static const char *coder(const struct stats_facts *facts) {
	return is_tiled(facts) ? "tiles" : facts->path;
}

static const char *net(const struct stats_facts *facts) {
	return facts->network.sent > 0 ? "QUIC" : "unix";
}

/* What box info says: from the memory of a capture to the viewer's screen. */
static void add_way(const struct stats_facts *facts, const struct stats *stats, char *out,
		size_t size) {
	add_line(out, size, "way %s → %s → %s", facts->input, coder(facts), net(facts));
	if (facts->decoder[0]) {
		add_line(out, size, " → %s → %s", is_tiled(facts) ? "tiles" : facts->decoder,
			facts->presenter);
	}
	add_line(out, size, "\npicture %dx%d %s %.1f/s %.2f Mbit/s, at %.4g Hz", facts->width,
		facts->height, is_tiled(facts) ? "lossless" : facts->codec, stats->fps, stats->bits / 1e6,
		facts->refresh_mhz / 1e3);
	if (is_less(facts)) {
		add_line(out, size, ", coded %dx%d", facts->coded_width, facts->coded_height);
	}
	if (facts->divisor > 1 && !is_tiled(facts)) {
		add_line(out, size, ", one of %" PRIu32 " frames", facts->divisor);
	}
	add_line(out, size, "\n");
}

/* Of each stage: the median, what one frame in twenty exceeds, and the mean, by which they sum. */
static void add_stages(const struct stages *stages, int64_t now, char *out, size_t size) {
	struct stages_told told[STAGES + 1];
	if (stages_tell(stages, now, told) == 0) {
		return;
	}
	for (int i = 0; i <= STAGES; i++) {
		add_line(out, size, "%s-us %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", stages_name(i),
			told[i].median, told[i].high, told[i].mean);
	}
}

const char *stats_print(struct stats *stats, const struct stats_facts *facts, int64_t now,
		char *out, size_t size) {
	double seconds = (double)(now - stats->since) / 1e9;
	out[0] = '\0';
	if (stats->since > 0 && seconds > 0) {
		stats->fps = stats->frames / seconds;
		stats->bits = (double)stats->bytes * 8 / seconds;
	}
	add_line(out, size, "path %s\n", facts->path);
	if (facts->why[0]) {
		add_line(out, size, "path-why %s\n", facts->why);
	}
	add_line(out, size, "lane %s\n", facts->lane);
	add_line(out, size, "near %" PRIu32 "\n", facts->near);
	add_line(out, size, "size %dx%d\n", facts->width, facts->height);
	add_line(out, size, "coded %dx%d\n", facts->coded_width, facts->coded_height);
	add_line(out, size, "refresh %.4g\n", facts->refresh_mhz / 1e3);
	add_line(out, size, "one-of %" PRIu32 "\n", facts->divisor);
	add_line(out, size, "rate %" PRIu32 "\n", facts->rate);
	add_line(out, size, "frames %" PRIu64 "\n", stats->all_frames);
	add_line(out, size, "sent-again %" PRIu64 "\n", stats->all_again);
	add_line(out, size, "keyframes %" PRIu64 "\n", stats->all_keys);
	add_line(out, size, "bytes %" PRIu64 "\n", stats->all_bytes);
	if (stats->since > 0 && seconds > 0) {
		add_line(out, size, "fps %.1f\n", stats->fps);
		add_line(out, size, "bits-per-second %.0f\n", stats->bits);
	}
	add_line(out, size, "in-flight %" PRIu32 " of %" PRIu32 "\n", facts->in_flight, facts->limit);
	add_line(out, size, "stalls %" PRIu32 "\n", facts->stalls);
	add_line(out, size, "rtt-us %" PRId64 "\n", facts->rtt_ns / 1000);
	const struct line_path *network = &facts->network;
	if (network->sent > 0) {
		add_line(out, size, "network-rtt-us %" PRId64 " of %" PRId64 "\n", network->rtt_ns / 1000,
			network->least_ns / 1000);
		add_line(out, size, "network-window %" PRIu64 "\n", network->window);
		add_line(out, size, "network-flight %" PRIu64 "\n", network->flight);
		add_line(out, size, "network-lost %" PRIu64 " of %" PRIu64 "\n", network->lost, network->sent);
	}
	add_way(facts, stats, out, size);
	add_stages(&stats->stages, now, out, size);
	stats->frames = stats->keys = 0;
	stats->bytes = 0;
	stats->since = now;
	return out;
}

bool stats_line(const struct stats *stats, const struct stats_facts *facts, int64_t now, char *out,
		size_t size) {
	struct stages_told told[STAGES + 1];
	if (stages_tell(&stats->stages, now, told) == 0) {
		return false;
	}
	out[0] = '\0';
	add_line(out, size, "input=%s coder=%s net=%s bits=%.0f", facts->input, coder(facts), net(facts),
		stats->bits);
	for (int i = 0; i <= STAGES; i++) {
		add_line(out, size, " %s=%" PRIu32 "/%" PRIu32, stages_name(i), told[i].median, told[i].high);
	}
	return true;
}
