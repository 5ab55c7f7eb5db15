/* SPDX-License-Identifier: MIT */
/*
 * keymap.c - which keymap the person's keyboards have.
 *
 * Who is sent it, and when, is keyboard.c.
 */
#include "keymap.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#define SYSTEM_FILE "/etc/default/keyboard"

enum part {
	LAYOUT,
	VARIANT,
	OPTIONS,
	MODEL,
	PARTS,
};

static const struct {
	const char *environment, *file;
} part_names[PARTS] = {
	[LAYOUT] = {"XKB_DEFAULT_LAYOUT", "XKBLAYOUT"},
	[VARIANT] = {"XKB_DEFAULT_VARIANT", "XKBVARIANT"},
	[OPTIONS] = {"XKB_DEFAULT_OPTIONS", "XKBOPTIONS"},
	[MODEL] = {"XKB_DEFAULT_MODEL", "XKBMODEL"},
};

struct parts {
	char *value[PARTS]; // NULL: not said
};

static void parts_finish(struct parts *parts) {
	for (size_t i = 0; i < PARTS; i++) {
		free(parts->value[i]);
	}
}

/* Shell assignments, as keyboard-configuration writes them: XKBLAYOUT="us,de". */
static void read_system(struct parts *parts) {
	FILE *file = fopen(SYSTEM_FILE, "re");
	if (!file) {
		return;
	}
	char *line = NULL;
	size_t capacity = 0;
	while (getline(&line, &capacity, file) >= 0) {
		char *name = line + strspn(line, " \t");
		char *value = strchr(name, '=');
		if (!value || *name == '#') {
			continue;
		}
		*value++ = '\0';
		size_t quote = strspn(value, "\"'");
		value += quote > 0;
		value[strcspn(value, "\"'\n")] = '\0';
		for (size_t i = 0; i < PARTS; i++) {
			if (strcmp(name, part_names[i].file) == 0 && *value) {
				free(parts->value[i]);
				parts->value[i] = strdup(value);
			}
		}
	}
	free(line);
	fclose(file);
}

static bool says_layout(const struct parts *parts) {
	return parts->value[LAYOUT] && *parts->value[LAYOUT];
}

/*
 * A layout and its variants belong together, so the first source that names a layout gives those
 * two; options and model come from the first that names them.
 */
static void find_parts(const struct config *config, struct parts *found) {
	struct parts sources[3] = {0};
	const char *said[PARTS] = {
		[LAYOUT] = config->keyboard.layout,
		[VARIANT] = config->keyboard.variant,
		[OPTIONS] = config->keyboard.options,
		[MODEL] = config->keyboard.model,
	};
	for (size_t i = 0; i < PARTS; i++) {
		const char *set = getenv(part_names[i].environment);
		sources[0].value[i] = said[i] ? strdup(said[i]) : NULL;
		sources[1].value[i] = set && *set ? strdup(set) : NULL;
	}
	read_system(&sources[2]);

	*found = (struct parts){0};
	bool layout = false;
	for (size_t s = 0; s < 3; s++) {
		bool here = !layout && says_layout(&sources[s]);
		layout |= here;
		for (size_t i = 0; i < PARTS; i++) {
			bool wanted = i == LAYOUT || i == VARIANT ? here : !found->value[i];
			if (wanted && sources[s].value[i]) {
				found->value[i] = sources[s].value[i];
				sources[s].value[i] = NULL;
			}
		}
	}
	for (size_t s = 0; s < 3; s++) {
		parts_finish(&sources[s]);
	}
}

/*
 * The keymap as it is once it was text: a client that is sent it and makes a virtual keyboard of it
 * then has the very same, and nobody is sent another for its keys.
 */
static struct xkb_keymap *through_text(struct xkb_context *context, struct xkb_keymap *keymap) {
	char *text = xkb_keymap_get_as_string(keymap, XKB_KEYMAP_FORMAT_TEXT_V1);
	struct xkb_keymap *again = text ? xkb_keymap_new_from_string(context, text,
		XKB_KEYMAP_FORMAT_TEXT_V1, XKB_KEYMAP_COMPILE_NO_FLAGS) : NULL;
	free(text);
	if (!again) {
		return keymap;
	}
	xkb_keymap_unref(keymap);
	return again;
}

struct xkb_keymap *keymap_create(const struct config *config, char *error, size_t error_size) {
	error[0] = '\0';
	struct xkb_context *context = xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
	if (!context) {
		return NULL;
	}
	struct parts parts;
	find_parts(config, &parts);
	struct xkb_rule_names names = {
		.rules = "evdev",
		.model = parts.value[MODEL],
		.layout = parts.value[LAYOUT],
		.variant = parts.value[VARIANT],
		.options = parts.value[OPTIONS],
	};
	xkb_context_set_log_level(context, XKB_LOG_LEVEL_CRITICAL);
	struct xkb_keymap *keymap =
		xkb_keymap_new_from_names(context, &names, XKB_KEYMAP_COMPILE_NO_FLAGS);
	if (!keymap) {
		snprintf(error, error_size, "there is no keyboard layout \"%s\" with variant \"%s\", "
			"options \"%s\" and model \"%s\": using \"us\"", names.layout ? names.layout : "",
			names.variant ? names.variant : "", names.options ? names.options : "",
			names.model ? names.model : "");
		names = (struct xkb_rule_names){.rules = "evdev", .model = "pc105", .layout = "us"};
		keymap = xkb_keymap_new_from_names(context, &names, XKB_KEYMAP_COMPILE_NO_FLAGS);
	}
	if (keymap) {
		keymap = through_text(context, keymap);
	}
	parts_finish(&parts);
	xkb_context_unref(context);
	return keymap;
}
