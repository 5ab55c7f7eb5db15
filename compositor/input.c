/* SPDX-License-Identifier: MIT */
/*
 * input.c - the devices of the local seat: found, configured, listed; and the hooks before them.
 *
 * What a key does is keyboard.c, what a pointer does cursor.c, what a finger does touch.c.
 */
#include "input.h"

#include <libinput.h>
#include <stdlib.h>
#include <string.h>
#include <wlr/backend.h>
#include <wlr/backend/libinput.h>
#include <wlr/types/wlr_pointer.h>
#include <wlr/types/wlr_touch.h>
#include <wlr/types/wlr_virtual_keyboard_v1.h>
#include <wlr/types/wlr_virtual_pointer_v1.h>

#include "config.h"
#include "cursor.h"
#include "cursor_image.h"
#include "globals.h"
#include "idle.h"
#include "keyboard.h"
#include "output.h"
#include "seat.h"
#include "server.h"

#define LOG_MODULE "input"
#include "base/log.h"

struct input_device *input_device_from(struct wlr_input_device *wlr) {
	return wlr ? wlr->data : NULL;
}

static void device_destroy(struct input_device *device) {
	wl_signal_emit_mutable(&device->events.destroy, device);
	wl_list_remove(&device->link);
	wl_list_remove(&device->wlr_destroy.link);
	device->wlr->data = NULL;
	free(device);
}

/* What depends on which kinds of devices there are. */
static void devices_changed(struct input *input) {
	bool pointer = false;
	struct input_device *device;
	wl_list_for_each(device, &input->devices, link) {
		pointer |= device->kind == INPUT_POINTER;
	}
	cursor_image_show(input->server->cursor, pointer);
	seat_update_capabilities(input->server->seat);
}

static void handle_wlr_destroy(struct wl_listener *listener, void *data) {
	struct input_device *device = wl_container_of(listener, device, wlr_destroy);
	struct input *input = device->input;
	log_debug("%s is gone", device->wlr->name ? device->wlr->name : "a device");
	device_destroy(device);
	devices_changed(input);
}

static void configure_libinput(struct input_device *device) {
	if (!wlr_input_device_is_libinput(device->wlr)) {
		return;
	}
	const struct config *config = device->input->server->config;
	struct libinput_device *handle = wlr_libinput_get_device_handle(device->wlr);
	// libinput tells a touchpad by its being able to tap.
	bool touchpad = libinput_device_config_tap_get_finger_count(handle) > 0;
	if (touchpad) {
		libinput_device_config_tap_set_enabled(handle, config->touchpad.tap ?
			LIBINPUT_CONFIG_TAP_ENABLED : LIBINPUT_CONFIG_TAP_DISABLED);
	}
	if (libinput_device_config_scroll_has_natural_scroll(handle)) {
		libinput_device_config_scroll_set_natural_scroll_enabled(handle,
			touchpad ? config->touchpad.natural_scroll : config->mouse.natural_scroll);
	}
	if (libinput_device_config_accel_is_available(handle)) {
		libinput_device_config_accel_set_speed(handle,
			touchpad ? config->touchpad.speed : config->mouse.speed);
	}
}

/* A device that belongs to one screen moves over that one only. */
static void map_to_output(struct input_device *device, const char *name) {
	struct server *server = device->input->server;
	struct output *output;
	wl_list_for_each(output, &server->outputs->list, link) {
		if (name && strcmp(output->wlr->name, name) == 0) {
			wlr_cursor_map_input_to_output(server->cursor->wlr, device->wlr, output->wlr);
		}
	}
}

static struct input_device *add(struct input *input, struct wlr_input_device *wlr, bool virtual) {
	enum input_kind kind;
	switch (wlr->type) {
	case WLR_INPUT_DEVICE_KEYBOARD:
		kind = INPUT_KEYBOARD;
		break;
	case WLR_INPUT_DEVICE_POINTER:
		kind = INPUT_POINTER;
		break;
	case WLR_INPUT_DEVICE_TOUCH:
		kind = INPUT_TOUCH;
		break;
	default:
		return NULL; // tablets, switches
	}
	struct input_device *device = calloc(1, sizeof(*device));
	if (!device) {
		return NULL;
	}
	device->input = input;
	device->kind = kind;
	device->virtual = virtual;
	device->wlr = wlr;
	wlr->data = device;
	wl_signal_init(&device->events.keymap);
	wl_signal_init(&device->events.destroy);
	wl_list_insert(input->devices.prev, &device->link);
	log_debug("%s is here", wlr->name ? wlr->name : "a device");

	// Before our own listener: at its end its keys go up first, while it is still a device.
	if (kind == INPUT_KEYBOARD) {
		keyboard_add(input->server->keyboard, device);
	} else {
		configure_libinput(device);
		wlr_cursor_attach_input_device(input->server->cursor->wlr, wlr);
	}
	device->wlr_destroy.notify = handle_wlr_destroy;
	wl_signal_add(&wlr->events.destroy, &device->wlr_destroy);
	wl_signal_emit_mutable(&input->events.added, device);
	devices_changed(input);
	return device;
}

static void handle_new_input(struct wl_listener *listener, void *data) {
	struct input *input = wl_container_of(listener, input, new_input);
	struct wlr_input_device *wlr = data;
	struct input_device *device = add(input, wlr, false);
	if (device && device->kind == INPUT_POINTER) {
		map_to_output(device, wlr_pointer_from_input_device(wlr)->output_name);
	} else if (device && device->kind == INPUT_TOUCH) {
		map_to_output(device, wlr_touch_from_input_device(wlr)->output_name);
	}
}

static void handle_new_virtual_keyboard(struct wl_listener *listener, void *data) {
	struct input *input = wl_container_of(listener, input, new_virtual_keyboard);
	struct wlr_virtual_keyboard_v1 *keyboard = data;
	add(input, &keyboard->keyboard.base, true);
}

static void handle_new_virtual_pointer(struct wl_listener *listener, void *data) {
	struct input *input = wl_container_of(listener, input, new_virtual_pointer);
	const struct wlr_virtual_pointer_v1_new_pointer_event *event = data;
	struct input_device *device = add(input, &event->new_pointer->pointer.base, true);
	if (device && event->suggested_output) {
		wlr_cursor_map_input_to_output(input->server->cursor->wlr, device->wlr,
			event->suggested_output);
	}
}

static void handle_configured(struct wl_listener *listener, void *data) {
	struct input *input = wl_container_of(listener, input, configured);
	struct input_device *device;
	wl_list_for_each(device, &input->devices, link) {
		if (device->kind != INPUT_KEYBOARD) {
			configure_libinput(device);
		}
	}
}

struct input *input_create(struct server *server) {
	struct input *input = calloc(1, sizeof(*input));
	if (!input) {
		return NULL;
	}
	input->server = server;
	wl_list_init(&input->devices);
	wl_list_init(&input->hooks);
	wl_signal_init(&input->events.added);
	input->new_input.notify = handle_new_input;
	wl_signal_add(&server->backend->events.new_input, &input->new_input);
	input->new_virtual_keyboard.notify = handle_new_virtual_keyboard;
	wl_signal_add(&server->globals->virtual_keyboard->events.new_virtual_keyboard,
		&input->new_virtual_keyboard);
	input->new_virtual_pointer.notify = handle_new_virtual_pointer;
	wl_signal_add(&server->globals->virtual_pointer->events.new_virtual_pointer,
		&input->new_virtual_pointer);
	input->configured.notify = handle_configured;
	wl_signal_add(&server->events.configured, &input->configured);
	return input;
}

void input_destroy(struct input *input) {
	if (!input) {
		return;
	}
	wl_list_remove(&input->new_input.link);
	wl_list_remove(&input->new_virtual_keyboard.link);
	wl_list_remove(&input->new_virtual_pointer.link);
	wl_list_remove(&input->configured.link);
	struct input_device *device, *next;
	wl_list_for_each_safe(device, next, &input->devices, link) {
		device_destroy(device);
	}
	free(input);
}

void input_hook_add(struct input *input, struct input_hook *hook) {
	wl_list_insert(&input->hooks, &hook->link);
}

void input_hook_remove(struct input_hook *hook) {
	wl_list_remove(&hook->link);
	wl_list_init(&hook->link);
}

bool input_offer(struct input *input, const struct input_event *event) {
	idle_activity(input->server->idle);
	struct input_hook *hook, *next;
	wl_list_for_each_safe(hook, next, &input->hooks, link) {
		if (hook->event(hook, event)) {
			return true;
		}
	}
	return false;
}
