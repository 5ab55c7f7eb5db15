/* SPDX-License-Identifier: MIT */
/*
 * config.c - reading the configuration file, line by line, past any line that makes no sense.
 *
 * What each field takes is config_field.c. Nothing here acts on what was read.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_field.h"

#define LOG_MODULE "config"
#include "base/log.h"

static void lines_finish(struct wl_list *lines) {
	struct config_line *line, *next;
	wl_list_for_each_safe(line, next, lines, link) {
		wl_list_remove(&line->link);
		free(line->text);
		free(line);
	}
}

void config_destroy(struct config *config) {
	if (!config) {
		return;
	}
	struct config_output *output, *next;
	wl_list_for_each_safe(output, next, &config->outputs, link) {
		wl_list_remove(&output->link);
		free(output->name);
		free(output);
	}
	lines_finish(&config->autostart);
	lines_finish(&config->access);
	lines_finish(&config->binds);
	lines_finish(&config->errors);
	free(config->path);
	free(config->keyboard.layout);
	free(config->keyboard.variant);
	free(config->keyboard.options);
	free(config->keyboard.model);
	free(config->cursor.theme);
	free(config->background.picture);
	free(config->launcher);
	free(config->terminal);
	free(config);
}

__attribute__((format(printf, 3, 4)))
static void add_error(struct config *config, int number, const char *fmt, ...) {
	char what[512];
	va_list args;
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	struct config_line *line = calloc(1, sizeof(*line));
	if (!line) {
		return;
	}
	int length = number > 0 ? asprintf(&line->text, "%s:%d: %s", config->path, number, what) :
		asprintf(&line->text, "%s: %s", config->path, what);
	if (length < 0) {
		free(line);
		return;
	}
	wl_list_insert(config->errors.prev, &line->link);
	log_error("%s", line->text);
}

static char *trim(char *text) {
	text += strspn(text, " \t");
	size_t size = strlen(text);
	while (size > 0 && isspace((unsigned char)text[size - 1])) {
		text[--size] = '\0';
	}
	return text;
}

static void read_line(struct config *config, int number, char *text) {
	char *field = trim(text);
	if (*field == '\0' || *field == '#') {
		return;
	}
	char *value = field + strcspn(field, " \t");
	if (*value) {
		*value++ = '\0';
		value += strspn(value, " \t");
	}
	char error[400];
	if (!config_field(config, field, value, error, sizeof(error))) {
		add_error(config, number, "%s", error);
	}
}

static void read_file(struct config *config, bool required) {
	FILE *file = fopen(config->path, "re");
	if (!file) {
		if (errno != ENOENT || required) {
			add_error(config, 0, "%s", strerror(errno));
		}
		return;
	}
	config->found = true;
	char *text = NULL;
	size_t capacity = 0;
	for (int number = 1; getline(&text, &capacity, file) >= 0; number++) {
		read_line(config, number, text);
	}
	if (ferror(file)) {
		add_error(config, 0, "%s", strerror(errno));
	}
	free(text);
	fclose(file);
}

static char *own_path(void) {
	char *path = NULL;
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int length = base && *base == '/' ?
		asprintf(&path, "%s/boxland/boxland.conf", base) :
		asprintf(&path, "%s/.config/boxland/boxland.conf", home ? home : "");
	return length < 0 ? NULL : path;
}

struct config *config_load(const char *path) {
	struct config *config = calloc(1, sizeof(*config));
	if (!config) {
		return NULL;
	}
	wl_list_init(&config->outputs);
	wl_list_init(&config->autostart);
	wl_list_init(&config->access);
	wl_list_init(&config->binds);
	wl_list_init(&config->errors);
	config->keyboard.rate = 30;
	config->keyboard.delay = 400;
	config->touchpad.tap = true;
	config->touchpad.natural_scroll = true;
	config->hint = true;
	config->path = path ? strdup(path) : own_path();
	config->launcher = strdup("fuzzel");
	config->terminal = strdup("foot");
	if (!config->path || !config->launcher || !config->terminal) {
		config_destroy(config);
		return NULL;
	}
	read_file(config, path != NULL);
	return config;
}

const struct config_output *config_output_find(const struct config *config,
		const struct wlr_output *wlr) {
	char full[256];
	snprintf(full, sizeof(full), "%s %s %s", wlr->make ? wlr->make : "Unknown",
		wlr->model ? wlr->model : "Unknown", wlr->serial ? wlr->serial : "Unknown");
	const struct config_output *output;
	wl_list_for_each_reverse(output, &config->outputs, link) {
		if (strcmp(output->name, wlr->name) == 0 || strcmp(output->name, full) == 0) {
			return output;
		}
	}
	return NULL;
}
