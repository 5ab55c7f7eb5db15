/* SPDX-License-Identifier: MIT */
/*
 * tiles.c - payloads of the lossless lane, written and applied. Pure: what differs is found in
 * boxcast/tiling.c, what is shown of it is boxview's.
 */
#include "media/tiles.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define LEVEL 1 // of zstd: a frame has milliseconds
#define PIXEL 4
#define HEAD_SIZE 8
#define MOVE_SIZE 12
#define RECT_SIZE 8

struct tiles_coder {
	ZSTD_CCtx *compressor;
	ZSTD_DCtx *decompressor;
	uint8_t *bytes; // of rects, before they are compressed, or once they are not any more
	size_t capacity;
};

struct tiles_coder *tiles_coder_create(void) {
	struct tiles_coder *coder = calloc(1, sizeof(*coder));
	if (!coder) {
		return NULL;
	}
	coder->compressor = ZSTD_createCCtx();
	coder->decompressor = ZSTD_createDCtx();
	if (!coder->compressor || !coder->decompressor ||
			ZSTD_isError(ZSTD_CCtx_setParameter(coder->compressor, ZSTD_c_compressionLevel,
				LEVEL)) ||
			ZSTD_isError(ZSTD_CCtx_setParameter(coder->compressor, ZSTD_c_checksumFlag, 0))) {
		tiles_coder_destroy(coder);
		return NULL;
	}
	return coder;
}

void tiles_coder_destroy(struct tiles_coder *coder) {
	if (coder) {
		ZSTD_freeCCtx(coder->compressor);
		ZSTD_freeDCtx(coder->decompressor);
		free(coder->bytes);
		free(coder);
	}
}

/* Room for so many pixels. NULL: no memory. */
static uint8_t *coder_room(struct tiles_coder *coder, size_t size) {
	if (size > coder->capacity || size < coder->capacity / 16) {
		free(coder->bytes);
		coder->bytes = malloc(size);
		coder->capacity = coder->bytes ? size : 0;
	}
	return coder->bytes;
}

static size_t rect_size(const struct tiles_rect *rect) {
	return (size_t)rect->width * rect->height * PIXEL;
}

// writing

static uint8_t *put_rect(uint8_t *at, const struct tiles_rect *rect) {
	put_u16(at, rect->x);
	put_u16(at + 2, rect->y);
	put_u16(at + 4, rect->width);
	put_u16(at + 6, rect->height);
	return at + RECT_SIZE;
}

static void write_head(uint8_t *at, const struct tiles_set *set) {
	put_u16(at, set->width);
	put_u16(at + 2, set->height);
	put_u16(at + 4, (uint16_t)set->move_count);
	put_u16(at + 6, (uint16_t)set->rect_count);
	at += HEAD_SIZE;
	for (size_t i = 0; i < set->move_count; i++) {
		at = put_rect(at, &set->moves[i].to);
		put_u16(at, set->moves[i].from_x);
		put_u16(at + 2, set->moves[i].from_y);
		at += MOVE_SIZE - RECT_SIZE;
	}
	for (size_t i = 0; i < set->rect_count; i++) {
		at = put_rect(at, &set->rects[i]);
	}
}

/* The rects' pixels one after the other, for zstd. NULL: no memory. */
static uint8_t *gather(struct tiles_coder *coder, const struct tiles_set *set,
		const uint8_t *pixels, size_t stride, size_t size) {
	uint8_t *bytes = coder_room(coder, size), *at = bytes;
	for (size_t i = 0; bytes && i < set->rect_count; i++) {
		const struct tiles_rect *rect = &set->rects[i];
		size_t row = (size_t)rect->width * PIXEL;
		for (size_t y = rect->y; y < (size_t)rect->y + rect->height; y++, at += row) {
			memcpy(at, pixels + y * stride + (size_t)rect->x * PIXEL, row);
		}
	}
	return bytes;
}

/* Compresses until it is done or has filled the room. */
static enum tiles_result compress(struct tiles_coder *coder, const uint8_t *bytes, size_t size,
		uint8_t *at, size_t room, size_t *written) {
	ZSTD_CCtx_reset(coder->compressor, ZSTD_reset_session_only);
	ZSTD_CCtx_setPledgedSrcSize(coder->compressor, size);
	ZSTD_inBuffer in = {.src = bytes, .size = size};
	ZSTD_outBuffer out = {.dst = at, .size = room};
	size_t left;
	do {
		size_t was = out.pos;
		left = ZSTD_compressStream2(coder->compressor, &out, &in, ZSTD_e_end);
		if (ZSTD_isError(left)) {
			return TILES_FAILED;
		}
		if (left > 0 && (out.pos == out.size || out.pos == was)) {
			return TILES_LARGE;
		}
	} while (left > 0);
	*written = out.pos;
	return TILES_DONE;
}

enum tiles_result tiles_encode(struct tiles_coder *coder, const struct tiles_set *set,
		const uint8_t *pixels, size_t stride, size_t max, struct buf *out) {
	size_t head = HEAD_SIZE + set->move_count * MOVE_SIZE + set->rect_count * RECT_SIZE;
	size_t size = 0;
	for (size_t i = 0; i < set->rect_count; i++) {
		size += rect_size(&set->rects[i]);
	}
	if (set->move_count > TILES_PARTS_MAX || set->rect_count > TILES_PARTS_MAX || head > max) {
		return TILES_LARGE;
	}
	size_t bound = size > 0 ? ZSTD_compressBound(size) : 0;
	size_t room = bound < max - head ? bound : max - head, written = 0;
	uint8_t *at = buf_room(out, head + room);
	if (!at) {
		return TILES_FAILED;
	}
	write_head(at, set);
	if (size > 0) {
		uint8_t *bytes = gather(coder, set, pixels, stride, size);
		enum tiles_result result = bytes ?
			compress(coder, bytes, size, at + head, room, &written) : TILES_FAILED;
		if (result != TILES_DONE) {
			return result;
		}
	}
	buf_grew(out, head + written);
	return TILES_DONE;
}

// applying

void tiles_canvas_finish(struct tiles_canvas *canvas) {
	free(canvas->pixels);
	*canvas = (struct tiles_canvas){0};
}

bool tiles_canvas_resize(struct tiles_canvas *canvas, int width, int height) {
	if (width == canvas->width && height == canvas->height) {
		return true;
	}
	uint8_t *pixels = calloc((size_t)width * (size_t)height, PIXEL);
	if (!pixels) {
		return false;
	}
	free(canvas->pixels);
	*canvas = (struct tiles_canvas){.pixels = pixels, .width = width, .height = height};
	return true;
}

static struct tiles_rect read_rect(struct bytes *in) {
	struct tiles_rect rect;
	rect.x = bytes_u16(in);
	rect.y = bytes_u16(in);
	rect.width = bytes_u16(in);
	rect.height = bytes_u16(in);
	return rect;
}

static bool is_within(const struct tiles_rect *rect, int width, int height) {
	return rect->width > 0 && rect->height > 0 && rect->x + rect->width <= width &&
		rect->y + rect->height <= height;
}

void tiles_unite(struct tiles_rect *all, const struct tiles_rect *rect) {
	if (all->width == 0) {
		*all = *rect;
		return;
	}
	int right = all->x + all->width, bottom = all->y + all->height;
	int other_right = rect->x + rect->width, other_bottom = rect->y + rect->height;
	all->x = rect->x < all->x ? rect->x : all->x;
	all->y = rect->y < all->y ? rect->y : all->y;
	all->width = (uint16_t)((right > other_right ? right : other_right) - all->x);
	all->height = (uint16_t)((bottom > other_bottom ? bottom : other_bottom) - all->y);
}

struct parts {
	int width, height, moves, rects;
	const uint8_t *at; // the first move
	size_t area;       // of all rects
	struct tiles_rect damage;
};

/* Reads what is before the pixels. NULL, or what is wrong with it. */
static const char *read_parts(struct bytes *in, struct parts *parts) {
	*parts = (struct parts){0};
	parts->width = bytes_u16(in);
	parts->height = bytes_u16(in);
	parts->moves = bytes_u16(in);
	parts->rects = bytes_u16(in);
	parts->at = in->at;
	if (in->bad) {
		return "it is shorter than its beginning";
	}
	if (parts->width < 1 || parts->height < 1 || parts->width > TILES_SIDE_MAX ||
			parts->height > TILES_SIDE_MAX ||
			(size_t)parts->width * (size_t)parts->height > TILES_AREA_MAX) {
		return "its picture has no size, or is larger than any screen";
	}
	if (parts->moves > TILES_PARTS_MAX || parts->rects > TILES_PARTS_MAX) {
		return "it has more parts than a picture needs";
	}
	size_t moved = 0, whole = (size_t)parts->width * (size_t)parts->height;
	for (int i = 0; i < parts->moves + parts->rects; i++) {
		struct tiles_rect rect = read_rect(in);
		bool good = is_within(&rect, parts->width, parts->height);
		if (i < parts->moves) {
			struct tiles_rect from = rect;
			from.x = bytes_u16(in);
			from.y = bytes_u16(in);
			good = good && is_within(&from, parts->width, parts->height);
		}
		if (in->bad) {
			return "it has fewer parts than it says";
		}
		if (!good) {
			return "one of its parts is beside the picture";
		}
		*(i < parts->moves ? &moved : &parts->area) += (size_t)rect.width * rect.height;
		tiles_unite(&parts->damage, &rect);
	}
	// so that nobody is kept busy with the same place again and again
	if (parts->area > whole || moved > whole) {
		return "its parts are larger than its picture";
	}
	return NULL;
}

static const char *unpack(struct tiles_coder *coder, const struct parts *parts,
		const struct bytes *in) {
	size_t size = parts->area * PIXEL, left = (size_t)(in->end - in->at);
	if (size == 0) {
		return left == 0 ? NULL : "it goes on behind its end";
	}
	if (!coder_room(coder, size)) {
		return "there is no memory for it";
	}
	// one zstd frame and nothing behind it
	if (ZSTD_findFrameCompressedSize(in->at, left) != left ||
			ZSTD_decompressDCtx(coder->decompressor, coder->bytes, size, in->at, left) != size) {
		return "its pixels are not what zstd makes of so many";
	}
	return NULL;
}

static uint8_t *pixel_at(const struct tiles_canvas *canvas, size_t x, size_t y) {
	return canvas->pixels + (y * (size_t)canvas->width + x) * PIXEL;
}

static void move_part(struct tiles_canvas *canvas, struct bytes *in) {
	struct tiles_rect to = read_rect(in);
	size_t from_x = bytes_u16(in), from_y = bytes_u16(in), row = (size_t)to.width * PIXEL;
	for (size_t i = 0; i < to.height; i++) {
		size_t y = to.y > from_y ? to.height - 1 - i : i; // downwards: the last row first
		memmove(pixel_at(canvas, to.x, to.y + y), pixel_at(canvas, from_x, from_y + y), row);
	}
}

bool tiles_apply(struct tiles_coder *coder, struct tiles_canvas *canvas, const void *payload,
		size_t size, bool whole, struct tiles_rect *damage, const char **why) {
	struct bytes in;
	bytes_init(&in, payload, size);
	struct parts parts;
	*why = read_parts(&in, &parts);
	if (*why) {
		return false;
	}
	if (whole ? parts.moves > 0 || parts.area != (size_t)parts.width * (size_t)parts.height :
			parts.width != canvas->width || parts.height != canvas->height) {
		*why = whole ? "it says that it is whole, and is not" : "its picture has another size";
		return false;
	}
	*why = unpack(coder, &parts, &in);
	if (!*why && whole && !tiles_canvas_resize(canvas, parts.width, parts.height)) {
		*why = "there is no memory for it";
	}
	if (*why) {
		return false;
	}
	bytes_init(&in, parts.at, (size_t)(in.at - parts.at));
	for (int i = 0; i < parts.moves; i++) {
		move_part(canvas, &in);
	}
	const uint8_t *at = coder->bytes;
	for (int i = 0; i < parts.rects; i++) {
		struct tiles_rect rect = read_rect(&in);
		size_t row = (size_t)rect.width * PIXEL;
		for (size_t y = rect.y; y < (size_t)rect.y + rect.height; y++, at += row) {
			memcpy(pixel_at(canvas, rect.x, y), at, row);
		}
	}
	*damage = parts.damage;
	return true;
}
