/* SPDX-License-Identifier: MIT */
/*
 * fuzz_tiles.c - payloads of the lossless lane, applied to a small canvas. The first byte tells whether
 * the payload says that it is whole.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "media/tiles.h"

#define SIDE 48

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
	static struct tiles_coder *coder;
	if (!coder) {
		coder = tiles_coder_create();
		must(coder);
	}
	if (size == 0) {
		return 0;
	}
	struct tiles_canvas canvas = {0};
	must(tiles_canvas_resize(&canvas, SIDE, SIDE));
	memset(canvas.pixels, 7, SIDE * SIDE * 4);
	struct tiles_rect changed;
	const char *why = NULL;
	bool whole = bytes[0] & 1;
	if (tiles_apply(coder, &canvas, bytes + 1, size - 1, whole, &changed, &why)) {
		must(changed.x + changed.width <= canvas.width);
		must(changed.y + changed.height <= canvas.height);
		must(whole || (canvas.width == SIDE && canvas.height == SIDE));
	} else {
		must(why && strlen(why) <= 80);
		must(canvas.width == SIDE && canvas.height == SIDE);
		for (size_t i = 0; i < SIDE * SIDE * 4; i++) {
			must(canvas.pixels[i] == 7);
		}
	}
	tiles_canvas_finish(&canvas);
	return 0;
}
