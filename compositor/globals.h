/* SPDX-License-Identifier: MIT */
#ifndef GLOBALS_H
#define GLOBALS_H

#include <stdbool.h>
#include <wayland-server-core.h>

/*
 * The protocols that wlroots serves whole, or all but, and who may see which. A client from a
 * sandbox (security-context), or one that is confined here, sees only what cannot be used against the
 * others.
 */

struct server;

struct globals {
	struct server *server;
	struct wl_list rules; // global_rule.link

	struct wlr_gamma_control_manager_v1 *gamma;
	struct wlr_virtual_keyboard_manager_v1 *virtual_keyboard;
	struct wlr_virtual_pointer_manager_v1 *virtual_pointer;
	struct wlr_keyboard_shortcuts_inhibit_manager_v1 *shortcuts_inhibit;
	struct wlr_relative_pointer_manager_v1 *relative_pointer;
	struct wlr_cursor_shape_manager_v1 *cursor_shape;
	struct wlr_presentation *presentation;
	struct wlr_security_context_manager_v1 *security_context;
	struct wlr_linux_dmabuf_v1 *linux_dmabuf; // NULL: the renderer takes none
};

/*
 * Who sees a global of one's own. May be added before the global is: it is found by its interface.
 */
struct global_rule {
	struct wl_list link; // globals.rules
	const struct wl_interface *interface;
	bool (*visible)(struct global_rule *rule, const struct wl_client *client);
};

/* NULL if one cannot be made; which was logged. */
struct globals *globals_create(struct server *server);
/* The globals themselves go with the display. */
void globals_destroy(struct globals *globals);

void globals_add_rule(struct globals *globals, struct global_rule *rule);
void globals_remove_rule(struct global_rule *rule);

/*
 * For as long as the client lives it sees no more than one from a sandbox does: what it reads is a
 * stranger's, and it may be the stranger's one day. To be called before it could bind anything.
 */
void globals_confine(struct wl_client *client);

#endif
