/* SPDX-License-Identifier: MIT */
/*
 * scene.c - what a game shows, for an encoder: a textured world that turns and nears, things that
 * move before it, sparks, and a board that stands still.
 */
#include "scene.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 32
#define TEXTURE 1024 // of the world, a power of two
#define OCTAVES 5
#define SPRITES 24
#define SPARKS 600

static float lattice(int x, int y, int period) {
	uint32_t hash = (uint32_t)(x % period) * 374761393u + (uint32_t)(y % period) * 668265263u +
		(uint32_t)period * 97u;
	hash = (hash ^ hash >> 13) * 1274126177u;
	return (float)((hash ^ hash >> 16) & 0xffff) / 65535;
}

static float smooth(float t) {
	return t * t * (3 - 2 * t);
}

/* Noise that repeats itself after TEXTURE. */
static float noise(int x, int y) {
	float sum = 0, part = 0.5f;
	for (int octave = 0; octave < OCTAVES; octave++) {
		int cell = 128 >> octave, period = TEXTURE / cell, cx = x / cell, cy = y / cell;
		float fx = smooth((float)(x % cell) / (float)cell);
		float fy = smooth((float)(y % cell) / (float)cell);
		float above = lattice(cx, cy, period) * (1 - fx) + lattice(cx + 1, cy, period) * fx;
		float below = lattice(cx, cy + 1, period) * (1 - fx) + lattice(cx + 1, cy + 1, period) * fx;
		sum += part * (above * (1 - fy) + below * fy);
		part *= 0.55f;
	}
	return sum;
}

static uint32_t *texture_create(void) {
	uint32_t *texture = malloc(sizeof(*texture) * TEXTURE * TEXTURE);
	for (int y = 0; texture && y < TEXTURE; y++) {
		for (int x = 0; x < TEXTURE; x++) {
			uint32_t green = (uint32_t)(noise(x, y) * 220);
			uint32_t red = green * 3 / 4 + ((x / 64 + y / 64) & 1 ? 24 : 0), blue = green / 2 + 20;
			if ((x & 255) < 3 || (y & 255) < 3) {
				red = green = blue = 230;
			}
			texture[y * TEXTURE + x] = 0xff000000 | red << 16 | green << 8 | blue;
		}
	}
	return texture;
}

static uint32_t texel(const uint32_t *texture, int x, int y) {
	return texture[(size_t)(y & (TEXTURE - 1)) * TEXTURE + (size_t)(x & (TEXTURE - 1))];
}

static void draw_world(const struct scene *scene, uint32_t *frame, const uint32_t *texture, int n) {
	float time = (float)n / 60, angle = 0.35f * sinf(time * 0.9f);
	float zoom = 1 + 0.25f * sinf(time * 0.7f), ca = cosf(angle) * zoom, sa = sinf(angle) * zoom;
	int dx = (int)(ca * 65536), dy = (int)(sa * 65536), left = scene->width / 2;
	for (int row = 0; row < scene->height; row++) {
		float below = (float)(row - scene->height / 2);
		int x = (int)((300 + time * 420 - (float)left * ca - below * sa) * 65536);
		int y = (int)((200 + time * 160 - (float)left * sa + below * ca) * 65536);
		uint32_t *out = frame + (size_t)row * (size_t)scene->width;
		for (int column = 0; column < scene->width; column++) {
			out[column] = texel(texture, x >> 16, y >> 16);
			x += dx;
			y += dy;
		}
	}
}

static void put(const struct scene *scene, uint32_t *frame, int x, int y, uint32_t colour) {
	if (x >= 0 && x < scene->width && y >= 0 && y < scene->height) {
		frame[(size_t)y * (size_t)scene->width + (size_t)x] = colour;
	}
}

static void draw_sprite(const struct scene *scene, uint32_t *frame, const uint32_t *texture, int n,
		int sprite) {
	float time = (float)n / 60 * (1 + (float)sprite * 0.13f) + (float)sprite;
	int room = scene->width + 100, step = (3 + sprite % 7) * (sprite & 1 ? 1 : -1);
	int size = 24 + sprite * 7 % 56, left = ((sprite * 331 + n * step) % room + room) % room - 50;
	int top = scene->height / 2 + (int)((float)scene->height / 3 * sinf(time));
	for (int y = 0; y < size; y++) {
		for (int x = 0; x < size; x++) {
			int rx = x - size / 2, ry = y - size / 2;
			if (rx * rx + ry * ry < size * size / 4) {
				put(scene, frame, left + x, top + y,
					texel(texture, x * 4 + sprite * 61, y * 4 + sprite * 97) ^
						(uint32_t)sprite * 0x1f3a57);
			}
		}
	}
}

static uint32_t next_random(uint32_t *state) { // xorshift32, Marsaglia 2003
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void draw_sparks(const struct scene *scene, uint32_t *frame, int n) {
	uint32_t state = (uint32_t)n * 7919 + 1;
	for (int i = 0; i < SPARKS; i++) {
		int x = (int)(next_random(&state) % (uint32_t)scene->width);
		int y = (int)(next_random(&state) % (uint32_t)scene->height);
		uint32_t colour = 0xffffe0a0 + (next_random(&state) & 0x1f);
		for (int part = 0; part < 4; part++) {
			put(scene, frame, x + part % 2, y + part / 2, colour);
		}
	}
}

static void draw_board(const struct scene *scene, uint32_t *frame, int n) {
	for (int y = scene->height - 40; y < scene->height - 16; y++) {
		for (int x = 20; x < 320; x++) {
			bool edge = y < scene->height - 38 || y >= scene->height - 18 || x < 22 || x >= 318;
			put(scene, frame, x, y, !edge && x < 22 + n * 5 % 296 ? 0xffd02020 : 0xff202020);
		}
	}
}

static void draw(const struct scene *scene, uint32_t *frame, const uint32_t *texture, int n) {
	draw_world(scene, frame, texture, n);
	for (int sprite = 0; sprite < SPRITES; sprite++) {
		draw_sprite(scene, frame, texture, n, sprite);
	}
	draw_sparks(scene, frame, n);
	draw_board(scene, frame, n);
}

bool scene_init(struct scene *scene, int width, int height) {
	*scene = (struct scene){.width = width, .height = height};
	uint32_t *texture = texture_create();
	scene->frames = calloc(FRAMES, sizeof(*scene->frames));
	for (int n = 0; texture && scene->frames && n < FRAMES; n++) {
		scene->frames[n] = malloc(sizeof(uint32_t) * (size_t)width * (size_t)height);
		if (!scene->frames[n]) {
			break;
		}
		draw(scene, scene->frames[n], texture, n);
		scene->count++;
	}
	free(texture);
	if (scene->count != FRAMES) {
		scene_finish(scene);
		return false;
	}
	return true;
}

void scene_finish(struct scene *scene) {
	for (int n = 0; n < scene->count; n++) {
		free(scene->frames[n]);
	}
	free(scene->frames);
	*scene = (struct scene){0};
}

const uint32_t *scene_frame(const struct scene *scene, uint32_t time) {
	uint32_t turn = (uint32_t)scene->count - 1, at = time % (2 * turn);
	return scene->frames[at < turn ? at : 2 * turn - at];
}
