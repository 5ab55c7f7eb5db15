/* SPDX-License-Identifier: MIT */
/*
 * output_management.c - outputs set by tools: all of a configuration or nothing of it.
 */
#include "output_management.h"

#include <stdlib.h>
#include <wlr/backend.h>
#include <wlr/types/wlr_output_management_v1.h>
#include <wlr/types/wlr_output_power_management_v1.h>
#include <wlr/types/wlr_output_swapchain_manager.h>
#include <wlr/types/wlr_xdg_output_v1.h>

#include "output.h"
#include "server.h"

#define LOG_MODULE "output"
#include "base/log.h"

struct output_management {
	struct server *server;
	struct wlr_output_manager_v1 *manager;
	struct wlr_output_power_manager_v1 *power;
	struct wl_event_source *idle; // the state is to be told; NULL: it was
	struct wl_listener apply, test, set_mode, added, changed, removed;
};

static void tell(void *data) {
	struct output_management *management = data;
	management->idle = NULL;
	struct wlr_output_configuration_v1 *config = wlr_output_configuration_v1_create();
	if (!config) {
		return;
	}
	struct output *output;
	wl_list_for_each(output, &management->server->outputs->list, link) {
		struct wlr_output_configuration_head_v1 *head =
			wlr_output_configuration_head_v1_create(config, output->wlr);
		if (!head) {
			wlr_output_configuration_v1_destroy(config);
			return;
		}
		head->state.enabled = output->in_layout;
		head->state.x = output->geom.x;
		head->state.y = output->geom.y;
	}
	wlr_output_manager_v1_set_configuration(management->manager, config);
}

/* Once, when everything that changes together has changed. */
static void tell_soon(struct output_management *management) {
	if (!management->idle) {
		management->idle = wl_event_loop_add_idle(management->server->loop, tell, management);
	}
}

static void handle_added(struct wl_listener *listener, void *data) {
	struct output_management *management = wl_container_of(listener, management, added);
	tell_soon(management);
}

static void handle_changed(struct wl_listener *listener, void *data) {
	struct output_management *management = wl_container_of(listener, management, changed);
	tell_soon(management);
}

static void handle_removed(struct wl_listener *listener, void *data) {
	struct output_management *management = wl_container_of(listener, management, removed);
	tell_soon(management);
}

/* Draws each output's next frame for its new state, so that a change is never shown half. */
static bool commit(struct output_management *management,
		struct wlr_output_swapchain_manager *swapchains, struct wlr_backend_output_state *states,
		size_t size) {
	for (size_t i = 0; i < size; i++) {
		struct output *output = output_from_wlr(states[i].output);
		struct wlr_scene_output_state_options options = {
			.swapchain = wlr_output_swapchain_manager_get_swapchain(swapchains,
				states[i].output),
		};
		bool enabled = states[i].base.committed & WLR_OUTPUT_STATE_ENABLED ?
			states[i].base.enabled : states[i].output->enabled;
		if (enabled && (!output ||
				!wlr_scene_output_build_state(output->scene, &states[i].base, &options))) {
			return false;
		}
	}
	if (!wlr_backend_commit(management->server->backend, states, size)) {
		return false;
	}
	wlr_output_swapchain_manager_apply(swapchains);
	return true;
}

static bool try_states(struct output_management *management,
		const struct wlr_output_configuration_v1 *config, bool test_only) {
	size_t size;
	struct wlr_backend_output_state *states =
		wlr_output_configuration_v1_build_state(config, &size);
	if (!states) {
		return false;
	}
	struct wlr_output_swapchain_manager swapchains;
	wlr_output_swapchain_manager_init(&swapchains, management->server->backend);
	bool good = wlr_output_swapchain_manager_prepare(&swapchains, states, size);
	if (good && !test_only) {
		good = commit(management, &swapchains, states, size);
	}
	wlr_output_swapchain_manager_finish(&swapchains);
	for (size_t i = 0; i < size; i++) {
		wlr_output_state_finish(&states[i].base);
	}
	free(states);
	return good;
}

static void place_outputs(const struct wlr_output_configuration_v1 *config) {
	struct wlr_output_configuration_head_v1 *head;
	wl_list_for_each(head, &config->heads, link) {
		struct output *output = output_from_wlr(head->state.output);
		if (!output) {
			continue;
		}
		if (head->state.enabled) {
			const int position[2] = {head->state.x, head->state.y};
			output_enter_layout(output, position);
		} else {
			output_leave_layout(output);
		}
	}
}

static void handle(struct output_management *management,
		struct wlr_output_configuration_v1 *config, bool test_only) {
	bool good = try_states(management, config, test_only);
	if (good && !test_only) {
		place_outputs(config);
	}
	if (good) {
		wlr_output_configuration_v1_send_succeeded(config);
	} else {
		wlr_output_configuration_v1_send_failed(config);
	}
	wlr_output_configuration_v1_destroy(config);
	tell_soon(management);
}

static void handle_apply(struct wl_listener *listener, void *data) {
	struct output_management *management = wl_container_of(listener, management, apply);
	handle(management, data, false);
}

static void handle_test(struct wl_listener *listener, void *data) {
	struct output_management *management = wl_container_of(listener, management, test);
	handle(management, data, true);
}

/* Its power goes, its place in the layout stays. */
static void handle_set_mode(struct wl_listener *listener, void *data) {
	const struct wlr_output_power_v1_set_mode_event *event = data;
	struct wlr_output_state state;
	wlr_output_state_init(&state);
	wlr_output_state_set_enabled(&state, event->mode == ZWLR_OUTPUT_POWER_V1_MODE_ON);
	if (!wlr_output_commit_state(event->output, &state)) {
		log_error("%s: cannot switch its power", event->output->name);
	}
	wlr_output_state_finish(&state);
}

static void listen(struct wl_signal *signal, struct wl_listener *listener,
		wl_notify_func_t notify) {
	listener->notify = notify;
	wl_signal_add(signal, listener);
}

struct output_management *output_management_create(struct server *server) {
	struct output_management *management = calloc(1, sizeof(*management));
	if (!management) {
		return NULL;
	}
	management->server = server;
	management->manager = wlr_output_manager_v1_create(server->display);
	management->power = wlr_output_power_manager_v1_create(server->display);
	if (!management->manager || !management->power ||
			!wlr_xdg_output_manager_v1_create(server->display, server->outputs->layout)) {
		free(management);
		return NULL;
	}
	listen(&management->manager->events.apply, &management->apply, handle_apply);
	listen(&management->manager->events.test, &management->test, handle_test);
	listen(&management->power->events.set_mode, &management->set_mode, handle_set_mode);
	listen(&server->outputs->events.added, &management->added, handle_added);
	listen(&server->outputs->events.changed, &management->changed, handle_changed);
	listen(&server->outputs->events.removed, &management->removed, handle_removed);
	return management;
}

void output_management_destroy(struct output_management *management) {
	if (!management) {
		return;
	}
	if (management->idle) {
		wl_event_source_remove(management->idle);
	}
	wl_list_remove(&management->apply.link);
	wl_list_remove(&management->test.link);
	wl_list_remove(&management->set_mode.link);
	wl_list_remove(&management->added.link);
	wl_list_remove(&management->changed.link);
	wl_list_remove(&management->removed.link);
	free(management);
}
