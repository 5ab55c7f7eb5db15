/* SPDX-License-Identifier: MIT */
/*
 * lossless.c - joins the choice of lanes (lane.c) and the tiles (tiling.c) for captures in memory.
 * When captures are asked for, and what is sent, is cast.c's.
 */
#include "boxcast/lossless.h"

#include <stdlib.h>

#include "boxcast/lane.h"
#include "boxcast/pixels.h"
#include "boxcast/tiling.h"

#define LOG_MODULE "lossless"
#include "base/log.h"

struct lossless {
	struct lane lane;
	struct tiling tiling;
	struct tiles_coder *coder;
	struct pixels pixels;
	bool off; // this window cannot be tiled: too large, or no memory
};

struct lossless *lossless_create(void) {
	struct lossless *lossless = calloc(1, sizeof(*lossless));
	if (lossless) {
		lossless->coder = tiles_coder_create();
	}
	if (!lossless || !lossless->coder) {
		log_errno("no lossless lane");
		free(lossless);
		return NULL;
	}
	lane_init(&lossless->lane);
	tiling_init(&lossless->tiling);
	pixels_init(&lossless->pixels);
	return lossless;
}

void lossless_destroy(struct lossless *lossless) {
	if (!lossless) {
		return;
	}
	pixels_finish(&lossless->pixels);
	tiling_finish(&lossless->tiling);
	tiles_coder_destroy(lossless->coder);
	free(lossless);
}

/* In thousandths of the picture. */
static uint32_t damaged(const struct window_frame *frame) {
	uint64_t area = 0, all = (uint64_t)frame->size.width * (uint64_t)frame->size.height;
	for (size_t i = 0; i < frame->damage_count; i++) {
		area += (uint64_t)frame->damage[i].width * frame->damage[i].height;
	}
	return area < all ? (uint32_t)(area * 1000 / all) : 1000;
}

static bool is_memory(const struct window_frame *frame) {
	return !frame->dmabuf &&
		(frame->format == PICTURE_XRGB8888 || frame->format == PICTURE_ARGB8888);
}

/* NULL: it is not for tiles. */
static const uint8_t *map(struct lossless *lossless, const struct window_frame *frame) {
	if (!is_memory(frame) || !tiling_fit(&lossless->tiling, frame->size)) {
		return NULL;
	}
	uint64_t extent = picture_extent(frame->size, frame->offset, frame->stride);
	const uint8_t *bytes = extent > 0 ? pixels_map(&lossless->pixels, frame->fd, extent) : NULL;
	return bytes ? bytes + frame->offset : NULL;
}

static enum lossless_result refuse(struct lossless *lossless) {
	tiling_blur(&lossless->tiling);
	return LOSSLESS_VIDEO;
}

enum lossless_result lossless_take(struct lossless *lossless, const struct window_frame *frame,
		bool key, bool busy, uint32_t rate, int64_t now, struct buf *out) {
	struct lane *lane = &lossless->lane;
	bool fresh = frame->damage_count > 0;
	if (!picture_valid(frame->size)) {
		return refuse(lossless);
	}
	bool video = fresh && lane_captured(lane, damaged(frame), now);
	const struct tiling_capture capture = {
		.pixels = map(lossless, frame),
		.stride = frame->stride,
		.damage = frame->damage,
		.damage_count = frame->damage_count,
	};
	lossless->off = !capture.pixels && is_memory(frame);
	if (video || busy || !capture.pixels) {
		return refuse(lossless);
	}
	size_t most = lane_most(rate), before = out->size;
	// what refines may be a little more than was reckoned
	enum tiles_result result = tiling_encode(&lossless->tiling, lossless->coder, &capture, key,
		fresh || key ? most : 2 * most, fresh || key ? 0 : most, out);
	if (result == TILES_DONE && fresh) {
		lane_sent(lane, out->size - before, rate, now);
	}
	if (result == TILES_DONE) {
		return out->size > before ? LOSSLESS_WROTE : LOSSLESS_NOTHING;
	}
	if (!fresh && !key && result == TILES_LARGE) {
		return LOSSLESS_NOTHING; // less at once next time
	}
	lane_refused(lane, now);
	return refuse(lossless);
}

int64_t lossless_due(const struct lossless *lossless) {
	return lossless->off || tiling_near(&lossless->tiling) == 0 ? 0 : lane_rest(&lossless->lane);
}

bool lossless_moving(const struct lossless *lossless, int64_t now) {
	return lossless->lane.video && now < lane_rest(&lossless->lane);
}

uint32_t lossless_near(const struct lossless *lossless) {
	return (uint32_t)tiling_near(&lossless->tiling);
}
