/* SPDX-License-Identifier: MIT */
/*
 * bindings.c - which keys are ours and what they do.
 *
 * The actions are action.c; which keys reach clients, and how, is keyboard.c.
 */
#include "bindings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wlr/backend/session.h>
#include <xkbcommon/xkbcommon.h>

#include "action.h"
#include "config.h"
#include "seat.h"
#include "server.h"
#include "switcher.h"

#define LOG_MODULE "bindings"
#include "base/log.h"

#define MODIFIERS (WLR_MODIFIER_SHIFT | WLR_MODIFIER_CTRL | WLR_MODIFIER_ALT | WLR_MODIFIER_LOGO)
#define TAP_MSEC 500

struct binding {
	struct wl_list link; // bindings.list
	uint32_t modifiers;  // of MODIFIERS
	xkb_keysym_t sym;    // lower case; of a modifier tapped, its left one
	bool tap;
	const struct action *action;
	char *argument; // NULL: none
};

struct bindings {
	struct server *server;
	struct wl_list list; // binding.link
	struct xkb_keymap *latin;

	uint32_t tapped_keycode; // a modifier that is down and nothing else; 0: none
	uint32_t tapped_since;
	xkb_keysym_t tapped_sym;

	struct wl_listener configured;
};

static const char *const defaults[] = {
	"Super launcher",
	"Super+d launcher",
	"Super+Return terminal",
	"Alt+Tab next-window",
	"Alt+Shift+Tab previous-window",
	"Super+Tab next-window",
	"Super+Shift+Tab previous-window",
	"Super+q close",
	"Super+Up maximise",
	"Super+Down minimise",
	"Super+f fullscreen",
	"Super+h hint",
	"Super+Shift+r reload",
	"Super+Escape shortcuts",
	"Super+Shift+e quit",
	"Print exec grim",
};

static const struct {
	const char *name;
	uint32_t modifier;
	xkb_keysym_t sym;
} modifier_names[] = {
	{"Super", WLR_MODIFIER_LOGO, XKB_KEY_Super_L}, // the first name of each is the one shown
	{"Ctrl", WLR_MODIFIER_CTRL, XKB_KEY_Control_L},
	{"Alt", WLR_MODIFIER_ALT, XKB_KEY_Alt_L},
	{"Shift", WLR_MODIFIER_SHIFT, XKB_KEY_Shift_L},
	{"Logo", WLR_MODIFIER_LOGO, XKB_KEY_Super_L},
	{"Mod4", WLR_MODIFIER_LOGO, XKB_KEY_Super_L},
	{"Control", WLR_MODIFIER_CTRL, XKB_KEY_Control_L},
	{"Mod1", WLR_MODIFIER_ALT, XKB_KEY_Alt_L},
};
#define MODIFIER_NAMES (sizeof(modifier_names) / sizeof(modifier_names[0]))

static bool parse_chord(char *chord, struct binding *binding, char *error, size_t error_size) {
	while (true) {
		char *plus = strchr(chord, '+');
		if (plus && plus[1] == '\0') {
			plus = NULL; // the key is + itself
		}
		if (plus) {
			*plus = '\0';
		}
		size_t i = 0;
		while (i < MODIFIER_NAMES && strcasecmp(chord, modifier_names[i].name) != 0) {
			i++;
		}
		if (i < MODIFIER_NAMES && !plus) {
			binding->tap = true;
			binding->sym = modifier_names[i].sym;
			return true;
		}
		if (!plus) {
			break;
		}
		if (i == MODIFIER_NAMES) {
			snprintf(error, error_size,
				"\"%s\" is no modifier: there are Super, Ctrl, Alt and Shift", chord);
			return false;
		}
		binding->modifiers |= modifier_names[i].modifier;
		chord = plus + 1;
	}
	xkb_keysym_t sym = xkb_keysym_from_name(chord, XKB_KEYSYM_CASE_INSENSITIVE);
	if (sym == XKB_KEY_NoSymbol) {
		snprintf(error, error_size,
			"\"%s\" is no key: say a letter, or a name such as Return, F5 or Print", chord);
		return false;
	}
	binding->sym = xkb_keysym_to_lower(sym);
	return true;
}

static bool parse(const char *text, struct binding *binding, char *error, size_t error_size) {
	*binding = (struct binding){0};
	char chord[64], name[32];
	int used = 0;
	if (sscanf(text, "%63s %31s %n", chord, name, &used) < 2) {
		snprintf(error, error_size,
			"a key and what it does are needed: say \"bind Super+b exec firefox\"");
		return false;
	}
	if (!parse_chord(chord, binding, error, error_size)) {
		return false;
	}
	binding->action = action_find(name);
	if (!binding->action) {
		size_t at = (size_t)snprintf(error, error_size,
			"a key cannot do \"%s\"; it can", name);
		for (unsigned i = 0; action_name(i) && at < error_size; i++) {
			at += (size_t)snprintf(error + at, error_size - at, " %s", action_name(i));
		}
		return false;
	}
	const char *argument = text + used;
	if (binding->action->takes_argument != (*argument != '\0')) {
		snprintf(error, error_size, binding->action->takes_argument ?
			"%s needs to be told what" : "nothing can follow %s", name);
		return false;
	}
	if (*argument && !(binding->argument = strdup(argument))) {
		snprintf(error, error_size, "no memory");
		return false;
	}
	return true;
}

bool binding_check(const char *text, char *error, size_t error_size) {
	struct binding binding;
	bool good = parse(text, &binding, error, error_size);
	free(binding.argument);
	return good;
}

static void binding_destroy(struct binding *binding) {
	wl_list_remove(&binding->link);
	free(binding->argument);
	free(binding);
}

/* A later line about the same key replaces an earlier one. */
static void add(struct bindings *bindings, const char *text) {
	struct binding parsed;
	char error[400];
	if (!parse(text, &parsed, error, sizeof(error))) {
		log_error("%s: %s", text, error); // a default of ours: checked lines do not get here
		return;
	}
	struct binding *binding, *next;
	wl_list_for_each_safe(binding, next, &bindings->list, link) {
		if (binding->modifiers == parsed.modifiers && binding->sym == parsed.sym &&
				binding->tap == parsed.tap) {
			binding_destroy(binding);
		}
	}
	binding = calloc(1, sizeof(*binding));
	if (!binding) {
		free(parsed.argument);
		return;
	}
	*binding = parsed;
	wl_list_insert(bindings->list.prev, &binding->link);
}

static void load(struct bindings *bindings) {
	struct binding *binding, *next;
	wl_list_for_each_safe(binding, next, &bindings->list, link) {
		binding_destroy(binding);
	}
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		add(bindings, defaults[i]);
	}
	const struct config_line *line;
	wl_list_for_each(line, &bindings->server->config->binds, link) {
		add(bindings, line->text);
	}
}

static void handle_configured(struct wl_listener *listener, void *data) {
	struct bindings *bindings = wl_container_of(listener, bindings, configured);
	load(bindings);
}

struct bindings *bindings_create(struct server *server) {
	struct bindings *bindings = calloc(1, sizeof(*bindings));
	if (!bindings) {
		return NULL;
	}
	bindings->server = server;
	wl_list_init(&bindings->list);
	struct xkb_context *context = xkb_context_new(XKB_CONTEXT_NO_FLAGS);
	struct xkb_rule_names us = {.rules = "evdev", .model = "pc105", .layout = "us"};
	bindings->latin = context ?
		xkb_keymap_new_from_names(context, &us, XKB_KEYMAP_COMPILE_NO_FLAGS) : NULL;
	xkb_context_unref(context);
	load(bindings);
	bindings->configured.notify = handle_configured;
	wl_signal_add(&server->events.configured, &bindings->configured);
	return bindings;
}

void bindings_destroy(struct bindings *bindings) {
	if (!bindings) {
		return;
	}
	struct binding *binding, *next;
	wl_list_for_each_safe(binding, next, &bindings->list, link) {
		binding_destroy(binding);
	}
	wl_list_remove(&bindings->configured.link);
	xkb_keymap_unref(bindings->latin);
	free(bindings);
}

#define SYMS 16
struct key_syms {
	xkb_keysym_t plain[SYMS]; // as printed, in each layout, lower case
	size_t plain_size;
	xkb_keysym_t typed; // with the modifiers that are down
	uint32_t consumed;  // MODIFIERS that went into typed
};

static uint32_t consumed_modifiers(struct wlr_keyboard *state, xkb_keycode_t code) {
	xkb_mod_mask_t mask =
		xkb_state_key_get_consumed_mods2(state->xkb_state, code, XKB_CONSUMED_MODE_XKB);
	uint32_t modifiers = 0;
	for (size_t i = 0; i < WLR_MODIFIER_COUNT; i++) {
		if (state->mod_indexes[i] != XKB_MOD_INVALID && (mask & 1u << state->mod_indexes[i])) {
			modifiers |= 1u << i;
		}
	}
	return modifiers & MODIFIERS;
}

static void add_plain(struct key_syms *syms, struct xkb_keymap *keymap, xkb_keycode_t code) {
	xkb_layout_index_t layouts = xkb_keymap_num_layouts_for_key(keymap, code);
	for (xkb_layout_index_t layout = 0; layout < layouts; layout++) {
		const xkb_keysym_t *found;
		int n = xkb_keymap_key_get_syms_by_level(keymap, code, layout, 0, &found);
		for (int i = 0; i < n && syms->plain_size < SYMS; i++) {
			syms->plain[syms->plain_size++] = xkb_keysym_to_lower(found[i]);
		}
	}
}

static void find_syms(struct bindings *bindings, const struct binding_key *key,
		struct key_syms *syms) {
	struct wlr_keyboard *state = key->state;
	*syms = (struct key_syms){0};
	if (!state->xkb_state) {
		return;
	}
	xkb_keycode_t code = key->keycode + 8;
	syms->typed = xkb_keysym_to_lower(xkb_state_key_get_one_sym(state->xkb_state, code));
	syms->consumed = consumed_modifiers(state, code);
	add_plain(syms, state->keymap, code);
	bool latin = false;
	for (size_t i = 0; i < syms->plain_size; i++) {
		latin |= (syms->plain[i] >= 0x20 && syms->plain[i] < 0x7f) || syms->plain[i] >= 0xfe00;
	}
	if (!latin && key->physical && bindings->latin) {
		add_plain(syms, bindings->latin, code);
	}
}

static struct binding *find(struct bindings *bindings, const struct key_syms *syms,
		uint32_t modifiers) {
	struct binding *binding;
	wl_list_for_each(binding, &bindings->list, link) {
		if (binding->tap) {
			continue;
		}
		if (binding->sym == syms->typed && binding->modifiers == (modifiers & ~syms->consumed)) {
			return binding;
		}
		for (size_t i = 0; i < syms->plain_size; i++) {
			if (binding->sym == syms->plain[i] && binding->modifiers == modifiers) {
				return binding;
			}
		}
	}
	return NULL;
}

static xkb_keysym_t left_of(xkb_keysym_t sym) {
	switch (sym) {
	case XKB_KEY_Super_R:
		return XKB_KEY_Super_L;
	case XKB_KEY_Control_R:
		return XKB_KEY_Control_L;
	case XKB_KEY_Alt_R:
		return XKB_KEY_Alt_L;
	case XKB_KEY_Shift_R:
		return XKB_KEY_Shift_L;
	default:
		return sym;
	}
}

static void run(struct bindings *bindings, struct binding *binding) {
	// The action may reload the configuration, and this binding with it.
	const struct action *action = binding->action;
	char *argument = binding->argument ? strdup(binding->argument) : NULL;
	log_debug("%s%s%s", action->name, argument ? " " : "", argument ? argument : "");
	action->run(bindings->server, argument);
	free(argument);
}

static void arm(struct bindings *bindings, const struct binding_key *key, xkb_keysym_t sym,
		uint32_t modifiers) {
	struct binding *binding;
	bindings->tapped_keycode = 0;
	wl_list_for_each(binding, &bindings->list, link) {
		if (binding->tap && modifiers == 0 && binding->sym == left_of(sym)) {
			bindings->tapped_keycode = key->keycode;
			bindings->tapped_since = key->time_msec;
			bindings->tapped_sym = binding->sym;
		}
	}
}

static void tap(struct bindings *bindings, const struct binding_key *key) {
	bool tapped = bindings->tapped_keycode == key->keycode &&
		key->time_msec - bindings->tapped_since < TAP_MSEC;
	xkb_keysym_t sym = bindings->tapped_sym;
	bindings->tapped_keycode = 0;
	struct binding *binding;
	wl_list_for_each(binding, &bindings->list, link) {
		if (tapped && binding->tap && binding->sym == sym) {
			run(bindings, binding);
			return;
		}
	}
}

bool bindings_key(struct bindings *bindings, const struct binding_key *key) {
	struct server *server = bindings->server;
	if (!key->pressed) {
		if (bindings->tapped_keycode) {
			tap(bindings, key);
		}
		return false;
	}
	struct key_syms syms;
	find_syms(bindings, key, &syms);
	uint32_t modifiers = wlr_keyboard_get_modifiers(key->state) & MODIFIERS;

	if (syms.typed >= XKB_KEY_XF86Switch_VT_1 && syms.typed <= XKB_KEY_XF86Switch_VT_12) {
		if (server->session) {
			wlr_session_change_vt(server->session, syms.typed - XKB_KEY_XF86Switch_VT_1 + 1);
		}
		return true;
	}
	struct binding *binding = find(bindings, &syms, modifiers);
	bool inhibited = seat_shortcuts_inhibited(server->seat);
	if (inhibited && (!binding || strcmp(binding->action->name, "shortcuts") != 0)) {
		return false;
	}
	arm(bindings, key, syms.typed, modifiers);
	if (binding) {
		run(bindings, binding);
		return true;
	}
	return switcher_key(server->switcher, syms.plain_size > 0 ? syms.plain[0] : syms.typed);
}

void bindings_modifiers(struct bindings *bindings, uint32_t modifiers) {
	switcher_modifiers(bindings->server->switcher, modifiers & MODIFIERS);
}

void bindings_disarm(struct bindings *bindings) {
	bindings->tapped_keycode = 0;
}

static void describe(const struct binding *binding, char *text, size_t size) {
	size_t at = 0;
	text[0] = '\0';
	for (size_t i = 0; i < 4 && at < size; i++) {
		if (binding->modifiers & modifier_names[i].modifier) {
			at += (size_t)snprintf(text + at, size - at, "%s+", modifier_names[i].name);
		}
		if (binding->tap && binding->sym == modifier_names[i].sym) {
			snprintf(text, size, "%s", modifier_names[i].name);
			return;
		}
	}
	char name[64] = "";
	xkb_keysym_get_name(xkb_keysym_to_upper(binding->sym), name, sizeof(name));
	const char *shown = strcasecmp(name, "Return") == 0 ? "Enter" :
		strcasecmp(name, "Escape") == 0 ? "Esc" : name;
	if (at < size) {
		snprintf(text + at, size - at, "%s", shown);
	}
}

void bindings_describe(struct bindings *bindings, const char *action, char *text, size_t size) {
	text[0] = '\0';
	struct binding *binding;
	wl_list_for_each(binding, &bindings->list, link) {
		if (strcmp(binding->action->name, action) == 0) {
			describe(binding, text, size);
			return;
		}
	}
}
