/* SPDX-License-Identifier: MIT */
/*
 * guest_keyboard.c - a guest's keys: its own keymap, enter and leave, to one client's wl_keyboards.
 *
 * A client's keymap is replaced only while it is told of no key that is down: before a guest enters,
 * and again, with the seat's own, after it left.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "boxes/guest_impl.h"
#include "boxes/lend.h"
#include "cursor.h"
#include "keyboard.h"
#include "seat.h"
#include "server.h"
#include "toplevel.h"

#define LOG_MODULE "guest"
#include "base/log.h"

#define KEYMAP_MAX (128 * 1024) // the largest known has 80 KiB
#define KEYMAP_REST 8 // compiling takes at most one part in so many of our time,
#define KEYMAP_BURST_NS 1000000000 // but for what is paid for within this

static void send_keymap(struct wlr_seat_client *client, int fd, size_t size) {
	struct wl_resource *resource;
	wl_resource_for_each(resource, &client->keyboards) {
		wl_keyboard_send_keymap(resource, WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1, fd, (uint32_t)size);
	}
}

static void send_repeat(struct wlr_seat_client *client, int32_t rate, int32_t delay) {
	struct wl_resource *resource;
	wl_resource_for_each(resource, &client->keyboards) {
		if (wl_resource_get_version(resource) >= WL_KEYBOARD_REPEAT_INFO_SINCE_VERSION) {
			wl_keyboard_send_repeat_info(resource, rate, delay);
		}
	}
}

static void send_modifiers(struct guest *guest, struct wlr_seat_client *client) {
	const struct wlr_keyboard_modifiers *mods = &guest->keyboard.modifiers;
	uint32_t serial = wlr_seat_client_next_serial(client);
	struct wl_resource *resource;
	wl_resource_for_each(resource, &client->keyboards) {
		wl_keyboard_send_modifiers(resource, serial, mods->depressed, mods->latched, mods->locked,
			mods->group);
	}
}

static void send_key(struct wlr_seat_client *client, uint32_t code, bool pressed) {
	uint32_t serial = wlr_seat_client_next_serial(client);
	struct wl_resource *resource;
	wl_resource_for_each(resource, &client->keyboards) {
		wl_keyboard_send_key(resource, serial, cursor_now(), code, pressed ?
			WL_KEYBOARD_KEY_STATE_PRESSED : WL_KEYBOARD_KEY_STATE_RELEASED);
	}
}

static void send_enter(struct wlr_seat_client *client, struct wlr_surface *surface) {
	uint32_t serial = wlr_seat_client_next_serial(client);
	struct wl_array none;
	struct wl_resource *resource;
	wl_array_init(&none);
	wl_resource_for_each(resource, &client->keyboards) {
		wl_keyboard_send_enter(resource, serial, surface->resource, &none);
	}
}

static void send_leave(struct wlr_seat_client *client, struct wlr_surface *surface) {
	uint32_t serial = wlr_seat_client_next_serial(client);
	struct wl_resource *resource;
	wl_resource_for_each(resource, &client->keyboards) {
		wl_keyboard_send_leave(resource, serial, surface->resource);
	}
}

/* Takes the turn from whoever has it; false: he holds a key. */
static bool take_turn(struct guest *guest, struct wlr_seat_client *client) {
	struct server *server = guest->guests->server;
	struct wlr_seat *seat = server->seat->wlr;
	struct guest *other = guests_keyboard_of(guest->guests, client);
	if (other && other->keyboard.down_count > 0) {
		return false;
	}
	if (other) {
		guest_leave_keyboard(other);
	}
	if (seat->keyboard_state.focused_client == client) {
		if (keyboard_wlr(server->keyboard)->num_keycodes > 0) {
			return false;
		}
		// By its own function: a popup's grab may be in force, which is the client's own wish.
		wlr_seat_keyboard_clear_focus(seat);
	}
	return true;
}

bool guest_enter_keyboard(struct guest *guest) {
	struct wlr_seat_client *client = guest_client(guest);
	if (guest->keyboard.entered) {
		return true;
	}
	if (!client || !take_turn(guest, client)) {
		return false;
	}
	if (guest->keyboard.fd >= 0) {
		send_keymap(client, guest->keyboard.fd, guest->keyboard.size);
	}
	send_repeat(client, guest->keyboard.rate, guest->keyboard.delay);
	send_enter(client, guest->toplevel->xdg->base->surface);
	send_modifiers(guest, client);
	guest->keyboard.entered = true;
	return true;
}

void guest_leave_keyboard(struct guest *guest) {
	struct wlr_seat_client *client = guest_client(guest);
	if (!guest->keyboard.entered) {
		return;
	}
	guest_release_keys(guest);
	guest->keyboard.entered = false;
	if (!client) {
		return;
	}
	send_leave(client, guest->toplevel->xdg->base->surface);
	const struct wlr_keyboard *own = keyboard_wlr(guest->guests->server->keyboard);
	if (guest->keyboard.fd >= 0 && own->keymap_fd >= 0) {
		send_keymap(client, own->keymap_fd, own->keymap_size);
	}
	send_repeat(client, own->repeat_info.rate, own->repeat_info.delay);
}

static bool is_down(const struct guest *guest, uint32_t code) {
	return guest->keyboard.down[code / 32] >> code % 32 & 1;
}

static void set_down(struct guest *guest, uint32_t code, bool down) {
	uint32_t bit = UINT32_C(1) << code % 32;
	guest->keyboard.down[code / 32] ^= bit;
	guest->keyboard.down_count += down ? 1 : -1;
}

void guest_key(struct guest *guest, uint32_t code, bool pressed) {
	if (is_down(guest, code) == pressed || (pressed && !guest_enter_keyboard(guest))) {
		return;
	}
	set_down(guest, code, pressed);
	struct wlr_seat_client *client = guest_client(guest);
	if (client) {
		send_key(client, code, pressed);
	}
}

void guest_release_keys(struct guest *guest) {
	for (uint32_t code = 0; code < GUEST_KEYS && guest->keyboard.down_count > 0; code++) {
		if (is_down(guest, code)) {
			guest_key(guest, code, false);
		}
	}
	if (guest->keyboard.modifiers.depressed) {
		guest_set_modifiers(guest, 0, 0, guest->keyboard.modifiers.locked,
			guest->keyboard.modifiers.group);
	}
}

static bool compiles(const char *text) {
	struct xkb_context *context =
		xkb_context_new(XKB_CONTEXT_NO_DEFAULT_INCLUDES | XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
	if (!context) {
		return false;
	}
	xkb_context_set_log_level(context, XKB_LOG_LEVEL_CRITICAL); // a stranger's mistakes
	struct xkb_keymap *keymap = xkb_keymap_new_from_string(context, text,
		XKB_KEYMAP_FORMAT_TEXT_V1, XKB_KEYMAP_COMPILE_NO_FLAGS);
	bool good = keymap;
	xkb_keymap_unref(keymap);
	xkb_context_unref(context);
	return good;
}

// A descriptor that clients can only read. Not sealed against writing: old clients map it shared,
// which kernels before 6.7 refuse of a sealed one.
static int keymap_file(const char *text, size_t size) {
	char path[32];
	int fd = memfd_create("keymap", MFD_CLOEXEC), readable = -1;
	if (fd >= 0 && write(fd, text, size) == (ssize_t)size) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		readable = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fd >= 0) {
		close(fd);
	}
	return readable;
}

// A stranger's text may be made to take long, and another may follow at once. The desktop waits for
// each; what it has to do besides must not wait for all of them.
static bool compiles_in_time(struct guest *guest, const char *text) {
	int64_t begun = (int64_t)lend_now_ns();
	if (guest->keyboard.keymaps_paid > begun + KEYMAP_BURST_NS) {
		log_debug("a keymap from afar is passed over: they come too fast");
		return false;
	}
	bool good = compiles(text);
	int64_t cost = KEYMAP_REST * ((int64_t)lend_now_ns() - begun);
	guest->keyboard.keymaps_paid =
		(guest->keyboard.keymaps_paid > begun ? guest->keyboard.keymaps_paid : begun) + cost;
	return good;
}

bool guest_set_keymap(struct guest *guest, const char *text) {
	size_t size = strlen(text) + 1;
	if (size > KEYMAP_MAX || !compiles_in_time(guest, text)) {
		return false;
	}
	int fd = keymap_file(text, size);
	if (fd < 0) {
		log_errno("a keymap from afar cannot be passed on");
		return false;
	}
	bool entered = guest->keyboard.entered;
	guest_leave_keyboard(guest); // released, and told anew before the next key
	if (guest->keyboard.fd >= 0) {
		close(guest->keyboard.fd);
	}
	guest->keyboard.fd = fd;
	guest->keyboard.size = size;
	if (entered) {
		guest_enter_keyboard(guest);
	}
	return true;
}

void guest_set_modifiers(struct guest *guest, uint32_t depressed, uint32_t latched,
		uint32_t locked, uint32_t group) {
	struct wlr_keyboard_modifiers mods = {depressed, latched, locked, group};
	guest->keyboard.modifiers = mods;
	struct wlr_seat_client *client = guest_client(guest);
	if (guest->keyboard.entered && client) {
		send_modifiers(guest, client);
	}
}

void guest_set_repeat(struct guest *guest, int32_t rate, int32_t delay) {
	guest->keyboard.rate = rate < 0 ? 0 : rate;
	guest->keyboard.delay = delay < 0 ? 0 : delay;
	struct wlr_seat_client *client = guest_client(guest);
	if (guest->keyboard.entered && client) {
		send_repeat(client, guest->keyboard.rate, guest->keyboard.delay);
	}
}
