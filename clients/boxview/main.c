/* SPDX-License-Identifier: MIT */
/*
 * main.c - boxview: shows a remote window. Started by the display that was linked to it, with descriptor
 * 3, the exchange from the window's source (its heads are through).
 */
#include <getopt.h>
#include <gst/gst.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boxview/view.h"
#include "media/jail.h"
#include "media/media.h"

#define LOG_MODULE "main"
#include "base/log.h"

#define EXCHANGE_FD 3

static int handle_signal(int number, void *data) {
	view_end(data);
	return 0;
}

static void usage(FILE *out) {
	fputs("usage: boxview --from NODE/win/N [--title TEXT] [--key KEY] [--present gles|shm]\n"
		"               [--control-fd N] [--debug] [--version]\n"
		"boxview is started by a display; link one to a window: box ln /display/0 /win/N/out\n",
		out);
}

/* false: usage was told. May exit. */
static bool parse(int argc, char *argv[], struct view_options *options) {
	static const struct option table[] = {
		{"from", required_argument, NULL, 'f'},
		{"title", required_argument, NULL, 't'},
		{"key", required_argument, NULL, 'k'},
		{"present", required_argument, NULL, 'p'},
		{"control-fd", required_argument, NULL, 'c'},
		{"debug", no_argument, NULL, 'd'},
		{"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	*options = (struct view_options){.exchange_fd = EXCHANGE_FD, .control_fd = -1};
	enum log_level level = LOG_INFO;
	int option;
	while ((option = getopt_long(argc, argv, "", table, NULL)) >= 0) {
		switch (option) {
		case 'f':
			options->from = optarg;
			break;
		case 't':
			options->title = optarg;
			break;
		case 'k':
			options->key = optarg;
			break;
		case 'p':
			if (strcmp(optarg, "gles") != 0 && strcmp(optarg, "shm") != 0) {
				usage(stderr);
				return false;
			}
			options->present = optarg[0] == 'g' ? PRESENTER_GLES : PRESENTER_SHM;
			break;
		case 'c':
			options->control_fd = atoi(optarg);
			break;
		case 'd':
			level = LOG_DEBUG;
			break;
		case 'v':
			puts("boxview " BOXLAND_VERSION);
			exit(EXIT_SUCCESS);
		case 'h':
			usage(stdout);
			exit(EXIT_SUCCESS);
		default:
			usage(stderr);
			return false;
		}
	}
	log_init("boxview", level);
	if (!options->from || optind < argc) {
		usage(stderr);
		return false;
	}
	return true;
}

int main(int argc, char *argv[]) {
	struct view_options options;
	if (!parse(argc, argv, &options)) {
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	sigset_t handled;
	sigemptyset(&handled);
	sigaddset(&handled, SIGTERM);
	sigaddset(&handled, SIGINT);
	sigprocmask(SIG_BLOCK, &handled, NULL); // GStreamer's threads leave them to the loop
	// of the person: the cursor's form, and fonts for a sentence
	static const char *const looks[] = {
		"~/.cache/fontconfig", "~/.config/fontconfig", "~/.fonts", "~/.icons",
		"~/.local/share/fonts", "~/.local/share/icons", NULL,
	};
	static const char *const plugins[] = {"aom", "app", "coreelements", "libav", "openh264",
		"va", "videoparsersbad", NULL};
	if (!media_init() || !jail_close_files(looks)) {
		return EXIT_FAILURE;
	}
	media_load(plugins);
	int result = EXIT_FAILURE;
	struct wl_event_loop *loop = wl_event_loop_create();
	struct view *view = loop ? view_create(loop, &options) : NULL;
	if (view) {
		struct wl_event_source *term = wl_event_loop_add_signal(loop, SIGTERM, handle_signal, view);
		struct wl_event_source *intr = wl_event_loop_add_signal(loop, SIGINT, handle_signal, view);
		bool shut = jail_close_calls(); // nothing of the source's was read yet
		while (shut && view_prepare(view) != VIEW_OVER) {
			wl_event_loop_dispatch(loop, -1);
		}
		result = shut ? view_result(view) : EXIT_FAILURE;
		wl_event_source_remove(term);
		wl_event_source_remove(intr);
		view_destroy(view);
	}
	if (loop) {
		wl_event_loop_destroy(loop);
	}
	gst_deinit();
	return result;
}
