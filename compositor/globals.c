/* SPDX-License-Identifier: MIT */
/*
 * globals.c - protocols that need no code of ours, and which clients see which globals.
 *
 * A protocol with policy in it has a file of its own.
 */
#include "globals.h"

#include <stdlib.h>
#include <string.h>
#include <wlr/backend.h>
#include <wlr/render/wlr_renderer.h>
#include <wlr/types/wlr_alpha_modifier_v1.h>
#include <wlr/types/wlr_compositor.h>
#include <wlr/types/wlr_content_type_v1.h>
#include <wlr/types/wlr_cursor_shape_v1.h>
#include <wlr/types/wlr_data_control_v1.h>
#include <wlr/types/wlr_data_device.h>
#include <wlr/types/wlr_drm.h>
#include <wlr/types/wlr_export_dmabuf_v1.h>
#include <wlr/types/wlr_fractional_scale_v1.h>
#include <wlr/types/wlr_gamma_control_v1.h>
#include <wlr/types/wlr_keyboard_shortcuts_inhibit_v1.h>
#include <wlr/types/wlr_linux_dmabuf_v1.h>
#include <wlr/types/wlr_presentation_time.h>
#include <wlr/types/wlr_primary_selection_v1.h>
#include <wlr/types/wlr_relative_pointer_v1.h>
#include <wlr/types/wlr_screencopy_v1.h>
#include <wlr/types/wlr_security_context_v1.h>
#include <wlr/types/wlr_single_pixel_buffer_v1.h>
#include <wlr/types/wlr_subcompositor.h>
#include <wlr/types/wlr_viewporter.h>
#include <wlr/types/wlr_virtual_keyboard_v1.h>
#include <wlr/types/wlr_virtual_pointer_v1.h>
#include <wlr/types/wlr_xdg_foreign_registry.h>
#include <wlr/types/wlr_xdg_foreign_v1.h>
#include <wlr/types/wlr_xdg_foreign_v2.h>

#include "server.h"

#define LOG_MODULE "globals"
#include "base/log.h"

#define COMPOSITOR_VERSION 6
#define DMABUF_VERSION 4

/* What lets a client look at, listen to, imitate or rearrange the others. */
static const char *const privileged[] = {
	"ext_foreign_toplevel_list_v1",
	"zwlr_data_control_manager_v1",
	"zwlr_export_dmabuf_manager_v1",
	"zwlr_foreign_toplevel_manager_v1",
	"zwlr_gamma_control_manager_v1",
	"zwlr_layer_shell_v1",
	"zwlr_output_manager_v1",
	"zwlr_output_power_manager_v1",
	"zwlr_screencopy_manager_v1",
	"zwlr_virtual_pointer_manager_v1",
	"zwp_virtual_keyboard_manager_v1",
	"wp_security_context_manager_v1",
};

/* Its presence among a client's listeners is what says that the client is confined. */
static void handle_confined_destroy(struct wl_listener *listener, void *data) {
	free(listener);
}

static bool is_confined(const struct globals *globals, struct wl_client *client) {
	return wl_client_get_destroy_listener(client, handle_confined_destroy) ||
		(globals->security_context &&
			wlr_security_context_manager_v1_lookup_client(globals->security_context, client));
}

static bool is_visible(const struct wl_client *client, const struct wl_global *global,
		void *data) {
	struct globals *globals = data;
	const struct wl_interface *interface = wl_global_get_interface(global);
	struct global_rule *rule;
	wl_list_for_each(rule, &globals->rules, link) {
		if (rule->interface == interface && !rule->visible(rule, client)) {
			return false;
		}
	}
	if (!is_confined(globals, (struct wl_client *)client)) {
		return true;
	}
	for (size_t i = 0; i < sizeof(privileged) / sizeof(privileged[0]); i++) {
		if (strcmp(privileged[i], interface->name) == 0) {
			return false;
		}
	}
	return true;
}

static bool make_buffers(struct globals *globals) {
	struct server *server = globals->server;
	if (!wlr_renderer_init_wl_shm(server->renderer, server->display)) {
		return false;
	}
	if (wlr_renderer_get_texture_formats(server->renderer, WLR_BUFFER_CAP_DMABUF) &&
			wlr_renderer_get_drm_fd(server->renderer) >= 0) {
		wlr_drm_create(server->display, server->renderer);
		globals->linux_dmabuf = wlr_linux_dmabuf_v1_create_with_renderer(server->display,
			DMABUF_VERSION, server->renderer);
		if (!globals->linux_dmabuf) {
			return false;
		}
		wlr_scene_set_linux_dmabuf_v1(server->scene, globals->linux_dmabuf);
		wlr_export_dmabuf_manager_v1_create(server->display);
	}
	server->compositor =
		wlr_compositor_create(server->display, COMPOSITOR_VERSION, server->renderer);
	return server->compositor && wlr_subcompositor_create(server->display) &&
		wlr_single_pixel_buffer_manager_v1_create(server->display);
}

static bool make_surfaces(struct globals *globals) {
	struct wl_display *display = globals->server->display;
	globals->presentation = wlr_presentation_create(display, globals->server->backend);
	struct wlr_xdg_foreign_registry *registry = wlr_xdg_foreign_registry_create(display);
	return globals->presentation && registry && wlr_xdg_foreign_v1_create(display, registry) &&
		wlr_xdg_foreign_v2_create(display, registry) && wlr_viewporter_create(display) &&
		wlr_fractional_scale_manager_v1_create(display, 1) &&
		wlr_alpha_modifier_v1_create(display) && wlr_content_type_manager_v1_create(display, 1);
}

static bool make_seat(struct globals *globals) {
	struct wl_display *display = globals->server->display;
	globals->virtual_keyboard = wlr_virtual_keyboard_manager_v1_create(display);
	globals->virtual_pointer = wlr_virtual_pointer_manager_v1_create(display);
	globals->shortcuts_inhibit = wlr_keyboard_shortcuts_inhibit_v1_create(display);
	globals->relative_pointer = wlr_relative_pointer_manager_v1_create(display);
	globals->cursor_shape = wlr_cursor_shape_manager_v1_create(display, 1);
	return globals->virtual_keyboard && globals->virtual_pointer && globals->shortcuts_inhibit &&
		globals->relative_pointer && globals->cursor_shape &&
		wlr_data_device_manager_create(display) && wlr_data_control_manager_v1_create(display) &&
		wlr_primary_selection_v1_device_manager_create(display);
}

static bool make_screens(struct globals *globals) {
	struct wl_display *display = globals->server->display;
	globals->gamma = wlr_gamma_control_manager_v1_create(display);
	globals->security_context = wlr_security_context_manager_v1_create(display);
	return globals->gamma && globals->security_context &&
		wlr_screencopy_manager_v1_create(display);
}

struct globals *globals_create(struct server *server) {
	struct globals *globals = calloc(1, sizeof(*globals));
	if (!globals) {
		return NULL;
	}
	globals->server = server;
	wl_list_init(&globals->rules);
	if (!make_buffers(globals) || !make_surfaces(globals) || !make_seat(globals) ||
			!make_screens(globals)) {
		log_error("a protocol cannot be served");
		free(globals);
		return NULL;
	}
	wl_display_set_global_filter(server->display, is_visible, globals);
	return globals;
}

void globals_destroy(struct globals *globals) {
	if (!globals) {
		return;
	}
	wl_display_set_global_filter(globals->server->display, NULL, NULL);
	free(globals);
}

void globals_add_rule(struct globals *globals, struct global_rule *rule) {
	wl_list_insert(&globals->rules, &rule->link);
}

void globals_remove_rule(struct global_rule *rule) {
	wl_list_remove(&rule->link);
	wl_list_init(&rule->link);
}

void globals_confine(struct wl_client *client) {
	struct wl_listener *listener = calloc(1, sizeof(*listener));
	if (!listener) {
		wl_client_post_no_memory(client); // which ends it
		return;
	}
	listener->notify = handle_confined_destroy;
	wl_client_add_destroy_listener(client, listener);
}
