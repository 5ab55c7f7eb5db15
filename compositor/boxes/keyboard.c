/* SPDX-License-Identifier: MIT */
/*
 * keyboard.c - /kbd/0: the local seat's keyboard, all its devices together, as something to lend.
 */
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>

#include "boxes/lend.h"
#include "keyboard.h"
#include "server.h"

struct keys {
	struct xkb_keymap *told; // the keymap the borrower has
};

static bool is_ours(const struct input_event *event) {
	return event->type == INPUT_KEY || event->type == INPUT_MODIFIERS;
}

static void tell_keymap(struct lent *lent, struct xkb_keymap *keymap) {
	struct keys *keys = lent->data;
	if (!keymap || keymap == keys->told) {
		return;
	}
	char *text = xkb_keymap_get_as_string(keymap, XKB_KEYMAP_FORMAT_TEXT_V1);
	if (text) {
		xkb_keymap_unref(keys->told);
		keys->told = xkb_keymap_ref(keymap);
		lend_line(lent, CONTROL_KEYMAP, "%s", text);
	}
	free(text);
}

static void greet(struct lent *lent) {
	struct keyboard *keyboard = lent->env->server->keyboard;
	const struct wlr_keyboard *seat = keyboard_wlr(keyboard);
	struct keys *keys = lent->data;
	xkb_keymap_unref(keys->told);
	keys->told = NULL;
	tell_keymap(lent, keyboard_keymap(keyboard));
	lend_line(lent, CONTROL_REPEAT, "%d %d", seat->repeat_info.rate, seat->repeat_info.delay);
	lend_line(lent, CONTROL_MODIFIERS, "0 0 %u %u", seat->modifiers.locked, seat->modifiers.group);
}

static void tell(struct lent *lent, const struct input_event *event) {
	if (event->device && event->device->xkb) {
		tell_keymap(lent, xkb_state_get_keymap(event->device->xkb));
	}
	if (event->type == INPUT_MODIFIERS) {
		lend_line(lent, CONTROL_MODIFIERS, "%u %u %u %u", event->modifiers.depressed,
			event->modifiers.latched, event->modifiers.locked, event->modifiers.group);
		return;
	}
	struct input_record record = {
		.time_ns = lend_now_ns(),
		.type = EV_KEY,
		.code = (uint16_t)event->key.code,
		.value = event->key.pressed,
	};
	lend_record(lent, &record);
}

static void let_go(struct lent *lent) {
	keyboard_release_all(lent->env->server->keyboard);
}

static void finish(struct lent *lent) {
	struct keys *keys = lent->data;
	xkb_keymap_unref(keys->told);
	free(keys);
}

static const struct lend_device device = {
	.what = "keyboard",
	.is_ours = is_ours,
	.greet = greet,
	.tell = tell,
	.let_go = let_go,
	.finish = finish,
};

static bool keyboard_init(struct box_env *env) {
	struct box *parent = box_create(box_tree_root(env->tree), "kbd", &box_type_dir, "dir", NULL);
	struct keys *keys = calloc(1, sizeof(*keys));
	if (!parent || !keys) {
		free(keys);
		return false;
	}
	return lend_create(parent, env, &device, keys);
}

const struct boxland_type boxland_type_keyboard = {.init = keyboard_init};
