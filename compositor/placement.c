/* SPDX-License-Identifier: MIT */
/*
 * placement.c - where windows go: rectangles in, a place out.
 */
#include "placement.h"

#define STEP 36        // of the cascade
#define NEAR 18        // corners nearer than this hide one another
#define REACH_WIDTH 80 // of a titlebar that stays inside, sideways

static int clamp(int value, int low, int high) {
	return value < low || high < low ? low : value > high ? high : value;
}

/* Inside as far as it fits; what is too large begins at the upper left corner. */
static void keep_inside(const struct wlr_box *area, struct wlr_box *outer) {
	outer->x = clamp(outer->x, area->x, area->x + area->width - outer->width);
	outer->y = clamp(outer->y, area->y, area->y + area->height - outer->height);
}

static bool hides_corner(const struct wlr_box *others, size_t others_size,
		const struct wlr_box *outer) {
	for (size_t i = 0; i < others_size; i++) {
		int dx = others[i].x - outer->x, dy = others[i].y - outer->y;
		if (dx > -NEAR && dx < NEAR && dy > -NEAR && dy < NEAR) {
			return true;
		}
	}
	return false;
}

void placement_new(const struct wlr_box *area, const struct wlr_box *others, size_t others_size,
		struct wlr_box *outer) {
	int room_x = area->width - outer->width, room_y = area->height - outer->height;
	struct wlr_box middle = *outer;
	middle.x = area->x + room_x / 2;
	middle.y = area->y + room_y / 2;
	keep_inside(area, &middle);
	// From the middle down to the right and, once the area ends, from its upper left corner on.
	for (int i = 0; i <= (int)others_size; i++) {
		*outer = middle;
		if (room_x > STEP) {
			outer->x = area->x + (middle.x - area->x + i * STEP) % room_x;
		}
		if (room_y > STEP) {
			outer->y = area->y + (middle.y - area->y + i * STEP) % room_y;
		}
		if (!hides_corner(others, others_size, outer)) {
			return;
		}
	}
	*outer = middle;
}

void placement_over(const struct wlr_box *area, const struct wlr_box *parent,
		struct wlr_box *outer) {
	outer->x = parent->x + (parent->width - outer->width) / 2;
	outer->y = parent->y + (parent->height - outer->height) / 2;
	keep_inside(area, outer);
}

bool placement_reach(const struct wlr_box *area, int bar, struct wlr_box *outer) {
	int width = outer->width < REACH_WIDTH ? outer->width : REACH_WIDTH;
	int x = clamp(outer->x, area->x + width - outer->width, area->x + area->width - width);
	int y = clamp(outer->y, area->y, area->y + area->height - bar);
	bool moved = x != outer->x || y != outer->y;
	outer->x = x;
	outer->y = y;
	return moved;
}

void placement_carry(const struct wlr_box *from, const struct wlr_box *to, struct wlr_box *outer) {
	outer->x += to->x - from->x;
	outer->y += to->y - from->y;
	keep_inside(to, outer);
}
