/* SPDX-License-Identifier: MIT */
/*
 * typist.c - types into a desktop and sees what changes there, for the bench.
 *
 *   typist X Y WIDTH HEIGHT WARM SECONDS GAP [KEY ...]
 *
 * Looks at a part of the first output for WARM seconds, says "begin NS", and for SECONDS: "changed
 * NS STRONG ANY" for each picture that the desktop presented there and that differs from the one
 * before, by so many pixels strongly and so many at all; and, with KEYs (numbers of
 * linux/input-event-codes.h, taken in turns), "key NS" for each that it pressed and released, GAP to
 * 1.5 GAP milliseconds after the one before. At last "end NS", and it waits for the end of its
 * input. Times are CLOCK_MONOTONIC, of pictures as the compositor has them. What answers to what is
 * measure.py's to say.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xkbcommon/xkbcommon.h>

#include "screen.h"
#include "virtual-keyboard-unstable-v1-client-protocol.h"

#define STRONG 48 // of 255, in green: no artefact of a codec that refines what is at rest
#define SETTLE 1000000000 // ns after the last key, for its answer

struct typist {
	struct screen screen;
	struct zwp_virtual_keyboard_manager_v1 *manager;
	struct zwp_virtual_keyboard_v1 *keyboard;
	uint8_t *before;  // the last picture; NULL: none yet
	int64_t begin, next, gap;
	char **keys;
	int key_count, typed;
	uint32_t random;
};

static void presented(struct screen *screen, const uint8_t *pixels, size_t stride, int64_t when) {
	struct typist *typist = wl_container_of(screen, typist, screen);
	size_t strong = 0, any = 0;
	if (!typist->before) {
		typist->before = malloc(screen->size);
		memcpy(typist->before, pixels, screen->size);
		return;
	}
	for (int y = 0; y < screen->height; y++) {
		const uint32_t *row = (const uint32_t *)(pixels + (size_t)y * stride);
		const uint32_t *old = (const uint32_t *)(typist->before + (size_t)y * stride);
		for (int x = 0; x < screen->width; x++) {
			int difference = (int)(row[x] >> 8 & 0xff) - (int)(old[x] >> 8 & 0xff);
			any += (row[x] & 0xffffff) != (old[x] & 0xffffff);
			strong += difference >= STRONG || difference <= -STRONG;
		}
	}
	if (any == 0) {
		return;
	}
	memcpy(typist->before, pixels, screen->size);
	if (when >= typist->begin) {
		dprintf(STDOUT_FILENO, "changed %" PRId64 " %zu %zu\n", when, strong, any);
	}
}

static void handle_global(void *data, struct wl_registry *registry, uint32_t name,
		const char *interface, uint32_t version) {
	struct typist *typist = data;
	if (strcmp(interface, zwp_virtual_keyboard_manager_v1_interface.name) == 0) {
		typist->manager =
			wl_registry_bind(registry, name, &zwp_virtual_keyboard_manager_v1_interface, 1);
	}
}

static void handle_global_remove(void *data, struct wl_registry *registry, uint32_t name) {
}

static const struct wl_registry_listener registry_listener = {
	.global = handle_global,
	.global_remove = handle_global_remove,
};

/* A keyboard of the layout that keys are named for. */
static bool plug(struct typist *typist) {
	struct wl_registry *registry = wl_display_get_registry(typist->screen.display);
	wl_registry_add_listener(registry, &registry_listener, typist);
	wl_display_roundtrip(typist->screen.display);
	struct xkb_context *context = xkb_context_new(XKB_CONTEXT_NO_FLAGS);
	struct xkb_rule_names us = {.layout = "us"};
	struct xkb_keymap *keymap =
		context ? xkb_keymap_new_from_names(context, &us, XKB_KEYMAP_COMPILE_NO_FLAGS) : NULL;
	char *text = keymap ? xkb_keymap_get_as_string(keymap, XKB_KEYMAP_FORMAT_TEXT_V1) : NULL;
	int fd = memfd_create("keymap", MFD_CLOEXEC);
	bool ready = typist->manager && typist->screen.seat && text && fd >= 0 &&
		write(fd, text, strlen(text) + 1) == (ssize_t)strlen(text) + 1;
	if (ready) {
		typist->keyboard = zwp_virtual_keyboard_manager_v1_create_virtual_keyboard(typist->manager,
			typist->screen.seat);
		zwp_virtual_keyboard_v1_keymap(typist->keyboard, WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1, fd,
			(uint32_t)strlen(text) + 1);
		wl_display_roundtrip(typist->screen.display);
	} else {
		fprintf(stderr, "typist: no keyboard: the display lacks a seat or virtual-keyboard, or "
			"there is no us layout\n");
	}
	close(fd);
	free(text);
	xkb_keymap_unref(keymap);
	xkb_context_unref(context);
	return ready;
}

static uint32_t next_random(uint32_t *state) { // xorshift32, Marsaglia 2003
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void type(struct typist *typist) {
	uint32_t key = (uint32_t)atoi(typist->keys[typist->typed++ % typist->key_count]);
	int64_t now = screen_now();
	uint32_t ms = (uint32_t)(now / 1000000);
	zwp_virtual_keyboard_v1_key(typist->keyboard, ms, key, WL_KEYBOARD_KEY_STATE_PRESSED);
	zwp_virtual_keyboard_v1_key(typist->keyboard, ms, key, WL_KEYBOARD_KEY_STATE_RELEASED);
	wl_display_flush(typist->screen.display);
	dprintf(STDOUT_FILENO, "key %" PRId64 "\n", now);
	typist->next = now + typist->gap +
		(int64_t)(next_random(&typist->random) % 1000) * typist->gap / 2000;
}

static bool run(struct typist *typist, int64_t end) {
	while (screen_now() < typist->begin) {
		if (!screen_dispatch(&typist->screen, typist->begin)) {
			return false;
		}
	}
	dprintf(STDOUT_FILENO, "begin %" PRId64 "\n", typist->begin);
	int64_t last_key = typist->key_count > 0 ? end - SETTLE : typist->begin;
	while (screen_now() < end) {
		bool more = typist->next < last_key;
		if (!screen_dispatch(&typist->screen, more ? typist->next : end)) {
			return false;
		}
		if (more && screen_now() >= typist->next) {
			type(typist);
		}
	}
	dprintf(STDOUT_FILENO, "end %" PRId64 "\n", end);
	return true;
}

int main(int argc, char **argv) {
	if (argc < 8) {
		fprintf(stderr, "usage: typist X Y WIDTH HEIGHT WARM SECONDS GAP [KEY ...]\n");
		return EXIT_FAILURE;
	}
	struct typist typist = {
		.screen = {.x = atoi(argv[1]), .y = atoi(argv[2]), .width = atoi(argv[3]),
			.height = atoi(argv[4]), .name = "typist", .presented = presented},
		.begin = screen_now() + (int64_t)(atof(argv[5]) * 1e9),
		.gap = atoll(argv[7]) * 1000000,
		.keys = argv + 8,
		.key_count = argc - 8,
		.random = 2463534242,
	};
	typist.next = typist.begin;
	if (!screen_init(&typist.screen) || (typist.key_count > 0 && !plug(&typist))) {
		return EXIT_FAILURE;
	}
	if (!run(&typist, typist.begin + (int64_t)(atof(argv[6]) * 1e9))) {
		fprintf(stderr, "typist: ended before its time\n");
		return EXIT_FAILURE;
	}
	for (char ignored; read(STDIN_FILENO, &ignored, 1) > 0;) {
	}
	free(typist.before);
	screen_finish(&typist.screen);
	return EXIT_SUCCESS;
}
