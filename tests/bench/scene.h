/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SCENE_H
#define BENCH_SCENE_H

#include <stdbool.h>
#include <stdint.h>

/* Some frames of a game, drawn beforehand: who shows them spends a copy on each. */
struct scene {
	int width, height, count;
	uint32_t **frames; // XRGB8888, width * height each
};

/* The same frames for the same size, on every machine. false: no memory; nothing is held. */
bool scene_init(struct scene *scene, int width, int height);
void scene_finish(struct scene *scene);
/* The frame to show at a time: to and fro, each moves. */
const uint32_t *scene_frame(const struct scene *scene, uint32_t time);

#endif
