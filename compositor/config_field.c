/* SPDX-License-Identifier: MIT */
/*
 * config_field.c - the fields of the configuration file: a table of them, and what each takes.
 *
 * Reading the file and its comments is config.c; what the values do is up to those who use them.
 */
#include "config_field.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bindings.h"
#include "config.h"

struct line {
	struct config *config;
	char *rest; // what was not taken yet
	char *error;
	size_t error_size;
};

__attribute__((format(printf, 2, 3)))
static bool refuse(struct line *line, const char *fmt, ...) {
	va_list args;
	va_start(args, fmt);
	vsnprintf(line->error, line->error_size, fmt, args);
	va_end(args);
	return false;
}

/* The next word, or what stands between double quotes; NULL at the end. */
static char *word(struct line *line) {
	char *start = line->rest + strspn(line->rest, " \t");
	if (*start == '\0') {
		line->rest = start;
		return NULL;
	}
	char *end;
	if (*start == '"') {
		start++;
		end = start + strcspn(start, "\"");
	} else {
		end = start + strcspn(start, " \t");
	}
	line->rest = *end ? end + 1 : end;
	*end = '\0';
	return start;
}

static bool at_end(struct line *line) {
	const char *more = line->rest + strspn(line->rest, " \t");
	return *more == '\0' || refuse(line, "\"%s\" is too much", more);
}

static bool take_string(struct line *line, char **target) {
	char *copy = strdup(line->rest);
	if (!copy) {
		return refuse(line, "no memory");
	}
	free(*target);
	*target = copy;
	return true;
}

/* The rest of the line, which must not be empty. */
static bool take_command(struct line *line, char **target, const char *example) {
	if (!*line->rest) {
		return refuse(line, "a command is missing: say \"%s\"", example);
	}
	return take_string(line, target);
}

static bool take_switch(struct line *line, bool *target) {
	const char *value = word(line);
	bool on = value && (strcmp(value, "on") == 0 || strcmp(value, "yes") == 0);
	bool off = value && (strcmp(value, "off") == 0 || strcmp(value, "no") == 0);
	if (!on && !off) {
		return refuse(line, "\"%s\" is neither on nor off", value ? value : "");
	}
	if (!at_end(line)) {
		return false;
	}
	*target = on;
	return true;
}

static bool parse_int(const char *text, int low, int high, int *value) {
	if (!text) {
		return false;
	}
	char *end;
	errno = 0;
	long number = strtol(text, &end, 10);
	if (errno || end == text || *end || number < low || number > high) {
		return false;
	}
	*value = (int)number;
	return true;
}

/* A decimal with a point in any locale. */
static bool parse_decimal(const char *text, double low, double high, double *value) {
	if (!text) {
		return false;
	}
	double whole = 0, unit = 0;
	bool negative = *text == '-', digits = false;
	for (text += negative; *text; text++) {
		if (*text == '.' && unit == 0) {
			unit = 1;
		} else if (*text >= '0' && *text <= '9') {
			digits = true;
			whole = whole * 10 + (*text - '0');
			unit *= 10;
		} else {
			return false;
		}
	}
	*value = (negative ? -1 : 1) * (unit > 0 ? whole / unit : whole);
	return digits && *value >= low && *value <= high;
}

static bool take_int(struct line *line, int low, int high, int *target) {
	const char *value = word(line);
	if (!parse_int(value, low, high, target)) {
		return refuse(line, "\"%s\" is no number from %d to %d", value ? value : "", low, high);
	}
	return true;
}

static bool field_keyboard(struct line *line) {
	struct config *config = line->config;
	const char *what = word(line);
	line->rest += strspn(line->rest, " \t");
	if (!what) {
		// falls through to the refusal
	} else if (strcmp(what, "layout") == 0) {
		return take_string(line, &config->keyboard.layout);
	} else if (strcmp(what, "variant") == 0) {
		return take_string(line, &config->keyboard.variant);
	} else if (strcmp(what, "options") == 0) {
		return take_string(line, &config->keyboard.options);
	} else if (strcmp(what, "model") == 0) {
		return take_string(line, &config->keyboard.model);
	} else if (strcmp(what, "numlock") == 0) {
		return take_switch(line, &config->keyboard.numlock);
	} else if (strcmp(what, "repeat") == 0) {
		int rate, delay = config->keyboard.delay;
		if (!take_int(line, 0, 1000, &rate) ||
				(*line->rest && !take_int(line, 1, 10000, &delay)) || !at_end(line)) {
			return false;
		}
		config->keyboard.rate = rate;
		config->keyboard.delay = delay;
		return true;
	}
	return refuse(line, "keyboard takes layout, variant, options, model, repeat or numlock, not "
		"\"%s\"", what ? what : "");
}

static bool field_cursor(struct line *line) {
	const char *what = word(line);
	line->rest += strspn(line->rest, " \t");
	if (what && strcmp(what, "theme") == 0 && *line->rest) {
		return take_string(line, &line->config->cursor.theme);
	}
	if (what && strcmp(what, "size") == 0) {
		int size;
		if (!take_int(line, 8, 256, &size) || !at_end(line)) {
			return false;
		}
		line->config->cursor.size = size;
		return true;
	}
	return refuse(line, "cursor takes \"theme NAME\" or \"size PIXELS\"");
}

static bool parse_colour(const char *text, uint32_t *rgba) {
	if (!text || *text != '#' || strlen(text) != 7 ||
			strspn(text + 1, "0123456789abcdefABCDEF") != 6) {
		return false;
	}
	*rgba = (uint32_t)strtoul(text + 1, NULL, 16) << 8 | 0xff;
	return true;
}

static bool field_background(struct line *line) {
	struct config *config = line->config;
	const char *what = word(line);
	line->rest += strspn(line->rest, " \t");
	if (what && strcmp(what, "picture") == 0 && *line->rest) {
		config->background.has_colour = false;
		return take_string(line, &config->background.picture);
	}
	if (what && strcmp(what, "colour") == 0) {
		const char *value = word(line);
		uint32_t colour;
		if (!parse_colour(value, &colour)) {
			return refuse(line, "\"%s\" is no colour: say \"#1a2b3c\"", value ? value : "");
		}
		if (!at_end(line)) {
			return false;
		}
		free(config->background.picture);
		config->background.picture = NULL;
		config->background.has_colour = true;
		config->background.colour = colour;
		return true;
	}
	return refuse(line, "background takes \"picture FILE.png\" or \"colour #RRGGBB\"");
}

static bool parse_mode(const char *text, struct config_output *output) {
	int width, height, used = 0;
	if (!text || sscanf(text, "%5dx%5d%n", &width, &height, &used) != 2 || width < 1 ||
			height < 1) {
		return false;
	}
	double refresh = 0;
	if (text[used] == '@') {
		char number[16];
		snprintf(number, sizeof(number), "%.*s", (int)strcspn(text + used + 1, "Hh"),
			text + used + 1);
		if (!parse_decimal(number, 1, 1000, &refresh)) {
			return false;
		}
	} else if (text[used]) {
		return false;
	}
	output->width = width;
	output->height = height;
	output->refresh = (int)(refresh * 1000 + 0.5);
	return true;
}

static bool parse_transform(const char *text, enum wl_output_transform *transform) {
	static const struct {
		const char *name;
		enum wl_output_transform transform;
	} names[] = {
		{"normal", WL_OUTPUT_TRANSFORM_NORMAL},
		{"90", WL_OUTPUT_TRANSFORM_90},
		{"180", WL_OUTPUT_TRANSFORM_180},
		{"270", WL_OUTPUT_TRANSFORM_270},
		{"flipped", WL_OUTPUT_TRANSFORM_FLIPPED},
		{"flipped-90", WL_OUTPUT_TRANSFORM_FLIPPED_90},
		{"flipped-180", WL_OUTPUT_TRANSFORM_FLIPPED_180},
		{"flipped-270", WL_OUTPUT_TRANSFORM_FLIPPED_270},
	};
	for (size_t i = 0; text && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i].name) == 0) {
			*transform = names[i].transform;
			return true;
		}
	}
	return false;
}

static bool output_part(struct line *line, struct config_output *output, const char *what) {
	const char *value = NULL;
	double scale;
	if (strcmp(what, "off") == 0) {
		output->off = true;
		return true;
	}
	value = word(line);
	if (strcmp(what, "mode") == 0) {
		return parse_mode(value, output) ||
			refuse(line, "\"%s\" is no mode: say \"1920x1080\" or \"1920x1080@60\"",
				value ? value : "");
	}
	if (strcmp(what, "scale") == 0) {
		if (!parse_decimal(value, 0.5, 8, &scale)) {
			return refuse(line, "\"%s\" is no scale from 0.5 to 8", value ? value : "");
		}
		output->scale = (float)scale;
		return true;
	}
	if (strcmp(what, "position") == 0) {
		int used = 0;
		output->placed = value && sscanf(value, "%6d,%6d%n", &output->position[0],
			&output->position[1], &used) == 2 && value[used] == '\0';
		return output->placed ||
			refuse(line, "\"%s\" is no position: say \"1920,0\"", value ? value : "");
	}
	if (strcmp(what, "transform") == 0) {
		return parse_transform(value, &output->transform) ||
			refuse(line, "\"%s\" is no transform: say normal, 90, 180, 270 or flipped",
				value ? value : "");
	}
	return refuse(line, "output takes mode, scale, position, transform or off, not \"%s\"", what);
}

static bool field_output(struct line *line) {
	const char *name = word(line);
	if (!name) {
		return refuse(line, "which output? say \"output HDMI-A-1 scale 1.5\"");
	}
	struct config_output *output = calloc(1, sizeof(*output));
	bool good = output && (output->name = strdup(name));
	if (!good) {
		refuse(line, "no memory");
	}
	for (const char *what; good && (what = word(line));) {
		good = output_part(line, output, what);
	}
	if (!good) {
		if (output) {
			free(output->name);
		}
		free(output);
		return false;
	}
	wl_list_insert(line->config->outputs.prev, &output->link);
	return true;
}

static bool keep_line(struct line *line, struct wl_list *list) {
	struct config_line *kept = calloc(1, sizeof(*kept));
	if (!kept || !(kept->text = strdup(line->rest))) {
		free(kept);
		return refuse(line, "no memory");
	}
	wl_list_insert(list->prev, &kept->link);
	return true;
}

static bool field_bind(struct line *line) {
	return binding_check(line->rest, line->error, line->error_size) &&
		keep_line(line, &line->config->binds);
}

/* What it says is for the boxes to understand. */
static bool field_access(struct line *line) {
	return *line->rest == '/' ? keep_line(line, &line->config->access) :
		refuse(line, "a box is missing: say \"access /kbd bob kg\"");
}

static bool field_frame_ring(struct line *line) {
	return take_int(line, 0, 256, &line->config->frame_ring) && at_end(line);
}

static bool field_autostart(struct line *line) {
	return *line->rest ? keep_line(line, &line->config->autostart) :
		refuse(line, "a command is missing: say \"autostart waybar\"");
}

/* tap is NULL for a mouse. */
static bool field_pointer(struct line *line, bool *natural_scroll, double *speed, bool *tap) {
	const char *what = word(line);
	if (what && strcmp(what, "natural-scroll") == 0) {
		return take_switch(line, natural_scroll);
	}
	if (what && tap && strcmp(what, "tap") == 0) {
		return take_switch(line, tap);
	}
	if (what && strcmp(what, "speed") == 0) {
		const char *value = word(line);
		double wanted;
		if (!parse_decimal(value, -1, 1, &wanted)) {
			return refuse(line, "\"%s\" is no speed from -1 to 1", value ? value : "");
		}
		if (!at_end(line)) {
			return false;
		}
		*speed = wanted;
		return true;
	}
	return refuse(line, "%s takes %snatural-scroll or speed, not \"%s\"",
		tap ? "touchpad" : "mouse", tap ? "tap, " : "", what ? what : "");
}

static bool field_touchpad(struct line *line) {
	struct config *config = line->config;
	return field_pointer(line, &config->touchpad.natural_scroll, &config->touchpad.speed,
		&config->touchpad.tap);
}

static bool field_mouse(struct line *line) {
	struct config *config = line->config;
	return field_pointer(line, &config->mouse.natural_scroll, &config->mouse.speed, NULL);
}

static bool field_hint(struct line *line) {
	return take_switch(line, &line->config->hint);
}

static bool field_focus(struct line *line) {
	const char *value = word(line);
	bool click = value && strcmp(value, "click") == 0;
	if (!click && (!value || strcmp(value, "follows") != 0)) {
		return refuse(line, "focus takes click or follows, not \"%s\"", value ? value : "");
	}
	if (!at_end(line)) {
		return false;
	}
	line->config->focus = click ? FOCUS_CLICK : FOCUS_FOLLOWS;
	return true;
}

static bool field_launcher(struct line *line) {
	return take_command(line, &line->config->launcher, "launcher fuzzel");
}

static bool field_terminal(struct line *line) {
	return take_command(line, &line->config->terminal, "terminal foot");
}

static const struct {
	const char *name;
	bool (*take)(struct line *line);
} fields[] = {
	{"access", field_access},
	{"autostart", field_autostart},
	{"background", field_background},
	{"bind", field_bind},
	{"cursor", field_cursor},
	{"focus", field_focus},
	{"frame-ring", field_frame_ring},
	{"hint", field_hint},
	{"keyboard", field_keyboard},
	{"launcher", field_launcher},
	{"mouse", field_mouse},
	{"output", field_output},
	{"terminal", field_terminal},
	{"touchpad", field_touchpad},
};

bool config_field(struct config *config, const char *field, char *value,
		char *error, size_t error_size) {
	struct line line = {
		.config = config,
		.rest = value,
		.error = error,
		.error_size = error_size,
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].name, field) == 0) {
			return fields[i].take(&line);
		}
	}
	snprintf(error, error_size, "there is no field \"%s\"; boxland.conf(5) lists them", field);
	return false;
}
