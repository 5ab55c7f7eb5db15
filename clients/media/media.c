/* SPDX-License-Identifier: MIT */
/*
 * media.c - GStreamer without its search: on a new home it loads every plugin of the machine once,
 * some seconds that whoever opens his first remote window would wait for.
 */
#include "media/media.h"

#include <gst/gst.h>
#include <stdlib.h>

#define LOG_MODULE "media"
#include "base/log.h"

static bool told_otherwise; // by the person, before we set a variable ourselves

// The person's list of plugins is other programs' too: it is neither read nor written.
static void search_nothing(void) {
	setenv("GST_REGISTRY_DISABLE", "yes", 1);
	setenv("GST_PLUGIN_SYSTEM_PATH_1_0", "", 1);
}

static bool is_told_otherwise(void) {
	static const char *const variables[] = {
		"GST_PLUGIN_PATH", "GST_PLUGIN_PATH_1_0", "GST_PLUGIN_SYSTEM_PATH",
		"GST_PLUGIN_SYSTEM_PATH_1_0",
	};
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		if (getenv(variables[i])) {
			return true;
		}
	}
	return false;
}

static void load(const char *name) {
	gchar *path = g_strdup_printf("%s/libgst%s.so", GST_PLUGINS, name);
	GError *error = NULL;
	GstPlugin *plugin = gst_plugin_load_file(path, &error);
	if (plugin) {
		gst_object_unref(plugin);
	} else {
		log_debug("%s: %s", path, error->message);
		g_error_free(error);
	}
	g_free(path);
}

bool media_init(void) {
	GError *error = NULL;
	told_otherwise = is_told_otherwise();
	if (!told_otherwise) {
		search_nothing();
	}
	if (!gst_init_check(NULL, NULL, &error)) {
		log_error("GStreamer does not start: %s", error->message);
		g_error_free(error);
		return false;
	}
	return true;
}

void media_load(const char *const *plugins) {
	for (; !told_otherwise && *plugins; plugins++) {
		load(*plugins);
	}
}
