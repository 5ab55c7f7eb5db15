/* SPDX-License-Identifier: MIT */
/*
 * fingers.c - a person in front of a Wayland desktop, for tests: a virtual pointer, and a virtual
 * keyboard with a whole keymap. Commands come as lines on stdin; each is answered by "done" when the
 * compositor has seen it.
 *
 *   at X Y W H        the pointer is at X, Y of a desktop of W by H
 *   by DX DY          it moves
 *   button CODE 0|1   evdev
 *   wheel N           detents, towards the person positive
 *   slide DISTANCE    a finger scrolls down; 0 lifts it
 *   key CODE 0|1      evdev
 *   modifiers D L K G
 *   keymap LAYOUT     of xkeyboard-config
 */
#include <linux/input-event-codes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <wayland-client.h>
#include <xkbcommon/xkbcommon.h>

#include "virtual-keyboard-unstable-v1-client-protocol.h"
#include "wlr-virtual-pointer-unstable-v1-client-protocol.h"

struct fingers {
	struct wl_display *display;
	struct wl_seat *seat;
	struct zwlr_virtual_pointer_manager_v1 *pointers;
	struct zwp_virtual_keyboard_manager_v1 *keyboards;
	struct zwlr_virtual_pointer_v1 *pointer;
	struct zwp_virtual_keyboard_v1 *keyboard;
};

static void handle_global(void *data, struct wl_registry *registry, uint32_t name,
		const char *interface, uint32_t version) {
	struct fingers *fingers = data;
	if (strcmp(interface, wl_seat_interface.name) == 0) {
		fingers->seat = wl_registry_bind(registry, name, &wl_seat_interface, 1);
	} else if (strcmp(interface, zwlr_virtual_pointer_manager_v1_interface.name) == 0) {
		fingers->pointers = wl_registry_bind(registry, name,
			&zwlr_virtual_pointer_manager_v1_interface, 1);
	} else if (strcmp(interface, zwp_virtual_keyboard_manager_v1_interface.name) == 0) {
		fingers->keyboards = wl_registry_bind(registry, name,
			&zwp_virtual_keyboard_manager_v1_interface, 1);
	}
}

static void handle_global_remove(void *data, struct wl_registry *registry, uint32_t name) {
}

static const struct wl_registry_listener registry_listener = {
	.global = handle_global,
	.global_remove = handle_global_remove,
};

static uint32_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static void set_keymap(struct fingers *fingers, const char *layout) {
	struct xkb_context *context = xkb_context_new(XKB_CONTEXT_NO_FLAGS);
	const struct xkb_rule_names names = {.layout = layout};
	struct xkb_keymap *keymap = xkb_keymap_new_from_names(context, &names,
		XKB_KEYMAP_COMPILE_NO_FLAGS);
	char *text = xkb_keymap_get_as_string(keymap, XKB_KEYMAP_FORMAT_TEXT_V1);
	size_t size = strlen(text) + 1;
	int fd = memfd_create("keymap", MFD_CLOEXEC);
	if (fd < 0 || write(fd, text, size) != (ssize_t)size) {
		abort();
	}
	zwp_virtual_keyboard_v1_keymap(fingers->keyboard, WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1, fd,
		(uint32_t)size);
	close(fd);
	free(text);
	xkb_keymap_unref(keymap);
	xkb_context_unref(context);
}

static void command(struct fingers *fingers, const char *line) {
	uint32_t a, b, c, d;
	double x, y;
	char layout[32];
	struct zwlr_virtual_pointer_v1 *pointer = fingers->pointer;
	uint32_t now = now_ms();
	if (sscanf(line, "at %u %u %u %u", &a, &b, &c, &d) == 4) {
		zwlr_virtual_pointer_v1_motion_absolute(pointer, now, a, b, c, d);
	} else if (sscanf(line, "by %lf %lf", &x, &y) == 2) {
		zwlr_virtual_pointer_v1_motion(pointer, now, wl_fixed_from_double(x),
			wl_fixed_from_double(y));
	} else if (sscanf(line, "button %u %u", &a, &b) == 2) {
		zwlr_virtual_pointer_v1_button(pointer, now, a, b);
	} else if (sscanf(line, "wheel %lf", &x) == 1) {
		zwlr_virtual_pointer_v1_axis_source(pointer, WL_POINTER_AXIS_SOURCE_WHEEL);
		zwlr_virtual_pointer_v1_axis_discrete(pointer, now, WL_POINTER_AXIS_VERTICAL_SCROLL,
			wl_fixed_from_double(x * 15), (int32_t)x);
	} else if (sscanf(line, "slide %lf", &x) == 1) {
		zwlr_virtual_pointer_v1_axis_source(pointer, WL_POINTER_AXIS_SOURCE_FINGER);
		if (x != 0) {
			zwlr_virtual_pointer_v1_axis(pointer, now, WL_POINTER_AXIS_VERTICAL_SCROLL,
				wl_fixed_from_double(x));
		} else {
			zwlr_virtual_pointer_v1_axis_stop(pointer, now, WL_POINTER_AXIS_VERTICAL_SCROLL);
		}
	} else if (sscanf(line, "key %u %u", &a, &b) == 2) {
		zwp_virtual_keyboard_v1_key(fingers->keyboard, now, a, b);
	} else if (sscanf(line, "modifiers %u %u %u %u", &a, &b, &c, &d) == 4) {
		zwp_virtual_keyboard_v1_modifiers(fingers->keyboard, a, b, c, d);
	} else if (sscanf(line, "keymap %31s", layout) == 1) {
		set_keymap(fingers, layout);
	} else {
		fprintf(stderr, "no such command: %s\n", line);
		exit(EXIT_FAILURE);
	}
	zwlr_virtual_pointer_v1_frame(pointer);
	if (wl_display_roundtrip(fingers->display) < 0) {
		exit(EXIT_FAILURE);
	}
	puts("done");
	fflush(stdout);
}

int main(void) {
	struct fingers fingers = {.display = wl_display_connect(NULL)};
	if (!fingers.display) {
		return EXIT_FAILURE;
	}
	struct wl_registry *registry = wl_display_get_registry(fingers.display);
	wl_registry_add_listener(registry, &registry_listener, &fingers);
	wl_display_roundtrip(fingers.display);
	if (!fingers.seat || !fingers.pointers || !fingers.keyboards) {
		fputs("no virtual devices here\n", stderr);
		return EXIT_FAILURE;
	}
	fingers.pointer = zwlr_virtual_pointer_manager_v1_create_virtual_pointer(fingers.pointers,
		fingers.seat);
	fingers.keyboard = zwp_virtual_keyboard_manager_v1_create_virtual_keyboard(fingers.keyboards,
		fingers.seat);
	set_keymap(&fingers, "us");
	wl_display_roundtrip(fingers.display);
	puts("done");
	fflush(stdout);
	char line[200];
	while (fgets(line, sizeof(line), stdin)) {
		command(&fingers, line);
	}
	zwp_virtual_keyboard_v1_destroy(fingers.keyboard);
	zwlr_virtual_pointer_v1_destroy(fingers.pointer);
	wl_display_roundtrip(fingers.display);
	wl_display_disconnect(fingers.display);
	return EXIT_SUCCESS;
}
