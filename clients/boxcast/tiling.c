/* SPDX-License-Identifier: MIT */
/*
 * tiling.c - finds what differs from what the viewer has: tiles, and stripes of rows that moved up or
 * down, as text does that is scrolled. How it is written is media/tiles.c's, whether this lane or
 * video is taken is lane.c's.
 */
#include "boxcast/tiling.h"

#include <stdlib.h>
#include <string.h>

#define PIXEL 4
#define SCROLL_ROWS 32 // fewer that differ are sent, not searched
#define STRIPE_ROWS 8  // a stripe of fewer is no gain
#define NEAR_BYTES 512 // of a near tile, before one was sent

enum state {
	TILE_EXACT,
	TILE_NEAR,
	TILE_NEW, // in the payload that is being made
};

void tiling_init(struct tiling *tiling) {
	*tiling = (struct tiling){.near_bytes = NEAR_BYTES};
}

void tiling_finish(struct tiling *tiling) {
	free(tiling->shown);
	free(tiling->states);
	free(tiling->rects);
	free(tiling->hashes);
	tiling_init(tiling);
}

static size_t tile_count(const struct tiling *tiling) {
	return (size_t)tiling->columns * (size_t)tiling->rows;
}

bool tiling_fit(struct tiling *tiling, struct picture_size size) {
	if (size.width == tiling->size.width && size.height == tiling->size.height) {
		return true;
	}
	tiling_finish(tiling);
	size_t area = (size_t)size.width * (size_t)size.height;
	int columns = (size.width + TILING_WIDTH - 1) / TILING_WIDTH;
	int rows = (size.height + TILING_HEIGHT - 1) / TILING_HEIGHT;
	size_t count = (size_t)columns * (size_t)rows;
	if (area == 0 || area > TILES_AREA_MAX || count > TILES_PARTS_MAX) {
		return false;
	}
	tiling->shown = malloc(area * PIXEL);
	tiling->states = malloc(count);
	tiling->rects = calloc(count, sizeof(tiling->rects[0]));
	tiling->hashes = calloc((size_t)size.height * 2, sizeof(tiling->hashes[0]));
	if (!tiling->shown || !tiling->states || !tiling->rects || !tiling->hashes) {
		tiling_finish(tiling);
		return false;
	}
	tiling->size = size;
	tiling->columns = columns;
	tiling->rows = rows;
	tiling_blur(tiling);
	return true;
}

void tiling_blur(struct tiling *tiling) {
	if (tiling->states) {
		memset(tiling->states, TILE_NEAR, tile_count(tiling));
	}
	tiling->near = tile_count(tiling);
	tiling->next_near = 0;
}

size_t tiling_near(const struct tiling *tiling) {
	return tiling->near;
}

static uint8_t *shown_at(const struct tiling *tiling, int x, int y) {
	return tiling->shown + ((size_t)y * (size_t)tiling->size.width + (size_t)x) * PIXEL;
}

static const uint8_t *captured_at(const struct tiling_capture *capture, int x, int y) {
	return capture->pixels + (size_t)y * capture->stride + (size_t)x * PIXEL;
}

static struct tiles_rect tile_rect(const struct tiling *tiling, int column, int row) {
	int x = column * TILING_WIDTH, y = row * TILING_HEIGHT;
	int width = tiling->size.width - x, height = tiling->size.height - y;
	return (struct tiles_rect){
		.x = (uint16_t)x,
		.y = (uint16_t)y,
		.width = (uint16_t)(width < TILING_WIDTH ? width : TILING_WIDTH),
		.height = (uint16_t)(height < TILING_HEIGHT ? height : TILING_HEIGHT),
	};
}

static bool differs(const struct tiling *tiling, const struct tiling_capture *capture,
		const struct tiles_rect *rect) {
	for (int y = rect->y; y < rect->y + rect->height; y++) {
		if (memcmp(shown_at(tiling, rect->x, y), captured_at(capture, rect->x, y),
				(size_t)rect->width * PIXEL) != 0) {
			return true;
		}
	}
	return false;
}

/* Marks what differs among the tiles that a rectangle touches. */
static void mark_rect(struct tiling *tiling, const struct tiling_capture *capture,
		const struct tiles_rect *damage) {
	int right = damage->x + damage->width, bottom = damage->y + damage->height;
	int columns = (right + TILING_WIDTH - 1) / TILING_WIDTH;
	int rows = (bottom + TILING_HEIGHT - 1) / TILING_HEIGHT;
	columns = columns < tiling->columns ? columns : tiling->columns;
	rows = rows < tiling->rows ? rows : tiling->rows;
	for (int row = damage->y / TILING_HEIGHT; row < rows; row++) {
		for (int column = damage->x / TILING_WIDTH; column < columns; column++) {
			uint8_t *state = &tiling->states[row * tiling->columns + column];
			struct tiles_rect rect = tile_rect(tiling, column, row);
			if (*state == TILE_NEAR || (*state == TILE_EXACT && differs(tiling, capture, &rect))) {
				*state = TILE_NEW;
			}
		}
	}
}

static void mark(struct tiling *tiling, const struct tiling_capture *capture, bool whole) {
	if (whole) {
		memset(tiling->states, TILE_NEW, tile_count(tiling));
		return;
	}
	for (size_t i = 0; i < capture->damage_count; i++) {
		mark_rect(tiling, capture, &capture->damage[i]);
	}
}

/* Marks near tiles, as many as may go. */
static void mark_near(struct tiling *tiling, size_t spare) {
	size_t count = tile_count(tiling), wanted = spare / tiling->near_bytes;
	if (tiling->near == 0) {
		return;
	}
	for (size_t i = 0; i < count && wanted > 0; i++) {
		size_t tile = (tiling->next_near + i) % count;
		if (tiling->states[tile] == TILE_NEAR) {
			tiling->states[tile] = TILE_NEW;
			tiling->next_near = tile + 1;
			wanted--;
		}
	}
}

// scrolling

static uint64_t hash_row(const uint8_t *pixels, int width) {
	uint64_t hash = (uint64_t)width;
	for (int x = 0; x + 1 < width; x += 2, pixels += 2 * PIXEL) {
		uint64_t two;
		memcpy(&two, pixels, sizeof(two));
		hash = (hash ^ two) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 29;
	}
	if (width % 2) {
		uint32_t one;
		memcpy(&one, pixels, sizeof(one));
		hash = (hash ^ one) * 0x9e3779b97f4a7c15;
	}
	return hash ^ hash >> 32;
}

/* What bounds the new tiles; false: they are too few rows, or not all there is known exactly. */
static bool scrolled_part(const struct tiling *tiling, struct tiles_rect *part) {
	int left = tiling->columns, right = -1, top = tiling->rows, bottom = -1;
	for (int row = 0; row < tiling->rows; row++) {
		for (int column = 0; column < tiling->columns; column++) {
			if (tiling->states[row * tiling->columns + column] == TILE_NEW) {
				left = column < left ? column : left;
				right = column > right ? column : right;
				top = row < top ? row : top;
				bottom = row;
			}
		}
	}
	if ((bottom - top + 1) * TILING_HEIGHT < SCROLL_ROWS) {
		return false;
	}
	struct tiles_rect first = tile_rect(tiling, left, top), last = tile_rect(tiling, right, bottom);
	*part = (struct tiles_rect){
		.x = first.x,
		.y = first.y,
		.width = (uint16_t)(last.x + last.width - first.x),
		.height = (uint16_t)(last.y + last.height - first.y),
	};
	return true;
}

#define SLOTS 4096 // of rows by hash, a power of two

struct votes {
	int16_t rows[SLOTS]; // row + 1 of that hash; -1: of several
	uint64_t hashes[SLOTS];
};

static void votes_put(struct votes *votes, uint64_t hash, int row) {
	size_t slot = hash % SLOTS;
	for (int tries = 0; tries < 8; tries++, slot = (slot + 1) % SLOTS) {
		if (votes->rows[slot] == 0) {
			votes->rows[slot] = (int16_t)(row + 1);
			votes->hashes[slot] = hash;
			return;
		}
		if (votes->hashes[slot] == hash) {
			votes->rows[slot] = -1; // empty lines are alike and tell nothing
			return;
		}
	}
}

/* The row of that hash, -1: none, or several. */
static int votes_find(const struct votes *votes, uint64_t hash) {
	size_t slot = hash % SLOTS;
	for (int tries = 0; tries < 8 && votes->rows[slot] != 0; tries++, slot = (slot + 1) % SLOTS) {
		if (votes->hashes[slot] == hash) {
			return votes->rows[slot] > 0 ? votes->rows[slot] - 1 : -1;
		}
	}
	return -1;
}

/* By how many rows most of what is captured lies above (below: negative) where it was; 0: it does not. */
static int find_distance(const uint64_t *was, const uint64_t *is, int height) {
	struct votes *votes = calloc(1, sizeof(*votes));
	int *counts = calloc((size_t)height * 2, sizeof(counts[0])), best = height, voters = 0;
	for (int y = 0; votes && counts && y < height; y++) {
		votes_put(votes, was[y], y);
	}
	for (int y = 0; votes && counts && y < height; y++) {
		int from = was[y] == is[y] ? -1 : votes_find(votes, is[y]);
		voters += was[y] != is[y];
		if (from >= 0 && ++counts[from - y + height] > counts[best]) {
			best = from - y + height;
		}
	}
	bool enough = counts && counts[best] >= STRIPE_ROWS && counts[best] >= voters / 8;
	free(votes);
	free(counts);
	return enough ? best - height : 0;
}

static bool all_exact(const struct tiling *tiling) {
	return tiling->near == 0;
}

static void move_shown(struct tiling *tiling, const struct tiles_move *move) {
	size_t row = (size_t)move->to.width * PIXEL;
	for (int i = 0; i < move->to.height; i++) {
		int y = move->to.y > move->from_y ? move->to.height - 1 - i : i;
		memmove(shown_at(tiling, move->to.x, move->to.y + y),
			shown_at(tiling, move->from_x, move->from_y + y), row);
	}
}

/*
 * Stripes of rows that are `distance` rows above where they were. They are told in an order in which
 * none is written over before it was read.
 */
static size_t collect_moves(const uint64_t *was, const uint64_t *is, const struct tiles_rect *part,
		int distance, struct tiles_move moves[static TILING_MOVES]) {
	size_t count = 0;
	int height = part->height, begin = 0;
	while (begin < height && count < TILING_MOVES) {
		int end = begin;
		while (end < height && end + distance >= 0 && end + distance < height &&
				is[end] == was[end + distance]) {
			end++;
		}
		if (end - begin >= STRIPE_ROWS) {
			moves[count++] = (struct tiles_move){
				.to = {part->x, (uint16_t)(part->y + begin), part->width, (uint16_t)(end - begin)},
				.from_x = part->x,
				.from_y = (uint16_t)(part->y + begin + distance),
			};
		}
		begin = end + 1;
	}
	for (size_t i = 0; distance < 0 && i < count / 2; i++) { // downwards: the lowest first
		struct tiles_move move = moves[i];
		moves[i] = moves[count - 1 - i];
		moves[count - 1 - i] = move;
	}
	return count;
}

/* Finds what moved, and moves it in what is shown. Returns how many. */
static size_t scroll(struct tiling *tiling, const struct tiling_capture *capture,
		struct tiles_move moves[static TILING_MOVES]) {
	struct tiles_rect part;
	if (!all_exact(tiling) || !scrolled_part(tiling, &part)) {
		return 0;
	}
	uint64_t *was = tiling->hashes, *is = tiling->hashes + tiling->size.height;
	for (int y = 0; y < part.height; y++) {
		was[y] = hash_row(shown_at(tiling, part.x, part.y + y), part.width);
		is[y] = hash_row(captured_at(capture, part.x, part.y + y), part.width);
	}
	int distance = find_distance(was, is, part.height);
	size_t count = distance != 0 ? collect_moves(was, is, &part, distance, moves) : 0;
	for (size_t i = 0; i < count; i++) {
		move_shown(tiling, &moves[i]);
	}
	if (count > 0) { // all of the part may be other than it was
		for (size_t i = 0; i < tile_count(tiling); i++) {
			tiling->states[i] = TILE_EXACT;
		}
		mark_rect(tiling, capture, &part);
	}
	return count;
}

// the payload

/* New tiles as rectangles as large as can be. Returns how many. */
static size_t collect_rects(struct tiling *tiling) {
	size_t count = 0, above = 0, above_end = 0; // those of the row of tiles before
	for (int row = 0; row < tiling->rows; row++) {
		size_t begin = count;
		for (int column = 0; column < tiling->columns; column++) {
			if (tiling->states[row * tiling->columns + column] != TILE_NEW) {
				continue;
			}
			struct tiles_rect rect = tile_rect(tiling, column, row);
			struct tiles_rect *last = count > begin ? &tiling->rects[count - 1] : NULL;
			if (last && last->x + last->width == rect.x) {
				last->width = (uint16_t)(last->width + rect.width);
			} else {
				tiling->rects[count++] = rect;
			}
		}
		// the same columns as above: one rectangle, if all are
		bool same = count - begin == above_end - above && count > begin;
		for (size_t i = 0; same && i < count - begin; i++) {
			same = tiling->rects[above + i].x == tiling->rects[begin + i].x &&
				tiling->rects[above + i].width == tiling->rects[begin + i].width;
		}
		if (same) {
			for (size_t i = 0; i < count - begin; i++) {
				struct tiles_rect *rect = &tiling->rects[above + i];
				rect->height = (uint16_t)(rect->height + tiling->rects[begin + i].height);
			}
			count = begin;
		} else {
			above = begin;
			above_end = count;
		}
	}
	return count;
}

/* Where a row of a rectangle begins and ends to differ, in pixels from its left; false: nowhere. */
static bool differing(const uint8_t *shown, const uint8_t *captured, int width, int *begin, int *end) {
	int first = 0, last = width;
	if (memcmp(shown, captured, (size_t)width * PIXEL) == 0) {
		return false;
	}
	while (memcmp(shown + first * PIXEL, captured + first * PIXEL, PIXEL) == 0) {
		first++;
	}
	while (memcmp(shown + (last - 1) * PIXEL, captured + (last - 1) * PIXEL, PIXEL) == 0) {
		last--;
	}
	*begin = first < *begin ? first : *begin;
	*end = last > *end ? last : *end;
	return true;
}

/* Only what differs of a rectangle is told: of a key a glyph, not the tiles that it touches. */
static void trim(const struct tiling *tiling, const struct tiling_capture *capture,
		struct tiles_rect *rect) {
	int left = rect->width, right = 0, top = rect->height, bottom = 0;
	for (int y = 0; y < rect->height; y++) {
		if (differing(shown_at(tiling, rect->x, rect->y + y),
				captured_at(capture, rect->x, rect->y + y), rect->width, &left, &right)) {
			top = y < top ? y : top;
			bottom = y + 1;
		}
	}
	if (bottom > 0) {
		*rect = (struct tiles_rect){
			.x = (uint16_t)(rect->x + left),
			.y = (uint16_t)(rect->y + top),
			.width = (uint16_t)(right - left),
			.height = (uint16_t)(bottom - top),
		};
	}
}

/* The viewer has them now. */
static void settle(struct tiling *tiling, const struct tiling_capture *capture, size_t rects) {
	for (size_t i = 0; i < rects; i++) {
		const struct tiles_rect *rect = &tiling->rects[i];
		for (int y = rect->y; y < rect->y + rect->height; y++) {
			memcpy(shown_at(tiling, rect->x, y), captured_at(capture, rect->x, y),
				(size_t)rect->width * PIXEL);
		}
	}
	tiling->near = 0;
	for (size_t i = 0; i < tile_count(tiling); i++) {
		if (tiling->states[i] == TILE_NEW) {
			tiling->states[i] = TILE_EXACT;
		}
		tiling->near += tiling->states[i] == TILE_NEAR;
	}
}

static size_t count_new(const struct tiling *tiling) {
	size_t count = 0;
	for (size_t i = 0; i < tile_count(tiling); i++) {
		count += tiling->states[i] == TILE_NEW;
	}
	return count;
}

/* Near tiles that are not told of after all. It will be fewer. */
static void unmark(struct tiling *tiling) {
	for (size_t i = 0; i < tile_count(tiling); i++) {
		if (tiling->states[i] == TILE_NEW) {
			tiling->states[i] = TILE_NEAR;
		}
	}
	tiling->near_bytes *= 2;
}

enum tiles_result tiling_encode(struct tiling *tiling, struct tiles_coder *coder,
		const struct tiling_capture *capture, bool whole, size_t max, size_t spare,
		struct buf *out) {
	struct tiles_move moves[TILING_MOVES];
	bool exact = all_exact(tiling) && !whole; // before any was marked
	mark(tiling, capture, whole);
	size_t move_count = whole ? 0 : scroll(tiling, capture, moves);
	size_t damaged = count_new(tiling);
	mark_near(tiling, spare);
	size_t refined = count_new(tiling) - damaged;
	struct tiles_set set = {
		.width = (uint16_t)tiling->size.width,
		.height = (uint16_t)tiling->size.height,
		.moves = moves,
		.move_count = move_count,
		.rects = tiling->rects,
		.rect_count = collect_rects(tiling),
	};
	if (set.move_count + set.rect_count == 0) {
		return TILES_DONE;
	}
	for (size_t i = 0; exact && i < set.rect_count; i++) {
		trim(tiling, capture, &tiling->rects[i]);
	}
	size_t before = out->size;
	enum tiles_result result = tiles_encode(coder, &set, capture->pixels, capture->stride, max, out);
	if (result != TILES_DONE && damaged == 0) { // what was exact is
		unmark(tiling);
		return result;
	}
	if (result != TILES_DONE) {
		tiling_blur(tiling);
		return result;
	}
	if (damaged == 0 && refined > 0) {
		tiling->near_bytes = (out->size - before) / refined + 1;
	}
	settle(tiling, capture, set.rect_count);
	return TILES_DONE;
}
