/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <wayland-server-core.h>
#include <wlr/types/wlr_output.h>

/*
 * The configuration file: lines `field value`, "#" begins a comment line. boxland.conf(5) is its
 * manual. A line that makes no sense is remembered as an error and changes nothing; the others
 * count. What a file does not say has the defaults set here.
 */

struct config_output {
	struct wl_list link; // config.outputs
	char *name;          // connector, or "make model serial"
	bool off;
	int width, height, refresh; // mode; refresh in mHz; 0: its own
	float scale;                // 0: by its density
	bool placed;
	int position[2];
	enum wl_output_transform transform;
};

struct config_line {
	struct wl_list link;
	char *text;
};

enum config_focus {
	FOCUS_CLICK,
	FOCUS_FOLLOWS, // the pointer
};

struct config {
	char *path; // the file read, or that would be
	bool found; // it was there

	struct {
		char *layout, *variant, *options, *model; // NULL: not said
		int rate, delay; // repeats a second; ms until the first
		bool numlock;
	} keyboard;
	struct {
		char *theme; // NULL: not said
		int size;    // 0: not said
	} cursor;
	struct {
		char *picture; // path of a PNG; NULL: ours, or the colour
		bool has_colour;
		uint32_t colour; // 0xRRGGBBff
	} background;
	struct {
		bool tap, natural_scroll;
		double speed; // -1 to 1
	} touchpad;
	struct {
		bool natural_scroll;
		double speed;
	} mouse;

	bool hint;
	enum config_focus focus;
	char *launcher, *terminal; // commands

	struct wl_list outputs;   // config_output.link
	struct wl_list autostart; // config_line.link: commands
	struct wl_list binds;     // config_line.link: values of `bind` lines, in order; see bindings.h
	struct wl_list access;    // config_line.link: values of `access` lines; see boxes/boxes.c
	int frame_ring;           // captures of a view that are kept to be looked at; 0: none
	struct wl_list errors;    // config_line.link: "path:line: what is wrong and what would be right"
};

/*
 * Reads the file at path, or (NULL) the user's own, $XDG_CONFIG_HOME/boxland/boxland.conf, which
 * need not exist. Always gives a usable configuration; NULL only for want of memory.
 */
struct config *config_load(const char *path);
void config_destroy(struct config *config);

/* What is said of an output, by its connector's name or its make, model and serial; or NULL. */
const struct config_output *config_output_find(const struct config *config,
	const struct wlr_output *wlr);

#endif
