/* SPDX-License-Identifier: MIT */
/*
 * main.c - boxcast: encodes one view of a window. Started by boxland with descriptor 3, the exchange to
 * the viewer (its heads are through), and WAYLAND_SOCKET, the window's private connection.
 */
#include <gst/gst.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "boxcast/cast.h"
#include "boxcast/probe.h"
#include "media/jail.h"
#include "media/media.h"

#define LOG_MODULE "main"
#include "base/log.h"

#define EXCHANGE_FD 3
#define LAST_S 5 // at most, from boxland's death to our end: telling the viewer is a matter of two

static int handle_signal(int number, void *data) {
	cast_end(data);
	return 0;
}

static bool parse(int argc, char *argv[], bool *probe) {
	enum log_level level = LOG_INFO;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--debug") == 0) {
			level = LOG_DEBUG;
		} else if (strcmp(argv[i], "--probe") == 0) {
			*probe = true;
		} else if (strcmp(argv[i], "--version") == 0) {
			puts("boxcast " BOXLAND_VERSION);
			exit(EXIT_SUCCESS);
		} else {
			fputs("usage: boxcast [--debug] [--probe] [--version]\n"
				"boxcast is started by boxland, one for each view of a window. With --probe it\n"
				"encodes one picture, prints the name of the encoder that did, and ends.\n", stderr);
			return false;
		}
	}
	log_init("boxcast", level);
	return true;
}

static void handle_orphaned(int number) {
	alarm(LAST_S); // should the loop stand still
}

/*
 * boxland's children die with it at once. We are to tell the viewer first: what tells us is the end of the
 * window's connection.
 */
static void outlive_boxland(void) {
	struct sigaction action = {.sa_handler = handle_orphaned, .sa_flags = SA_RESTART};
	sigemptyset(&action.sa_mask);
	if (sigaction(SIGUSR1, &action, NULL) == 0) {
		prctl(PR_SET_PDEATHSIG, SIGUSR1);
	}
}

static int run(struct wl_event_loop *loop) {
	struct cast *cast = cast_create(loop, EXCHANGE_FD);
	if (!cast) {
		return EXIT_FAILURE;
	}
	struct wl_event_source *term = wl_event_loop_add_signal(loop, SIGTERM, handle_signal, cast);
	struct wl_event_source *intr = wl_event_loop_add_signal(loop, SIGINT, handle_signal, cast);
	outlive_boxland();
	bool shut = jail_close_calls(); // nothing of the viewer's was read yet
	while (shut && cast_prepare(cast) != CAST_OVER) {
		wl_event_loop_dispatch(loop, -1);
	}
	int result = shut ? cast_result(cast) : EXIT_FAILURE;
	wl_event_source_remove(term);
	wl_event_source_remove(intr);
	cast_destroy(cast);
	return result;
}

int main(int argc, char *argv[]) {
	bool probe = false;
	if (!parse(argc, argv, &probe)) {
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	sigset_t handled;
	sigemptyset(&handled);
	sigaddset(&handled, SIGTERM);
	sigaddset(&handled, SIGINT);
	if (!probe) {
		sigprocmask(SIG_BLOCK, &handled, NULL); // GStreamer's threads leave them to the loop
	}
	static const char *const plugins[] = {"app", "coreelements", "openh264", "va", "x264", NULL};
	if (!media_init() || !jail_close_files(NULL)) {
		return EXIT_FAILURE;
	}
	media_load(plugins);
	int result = EXIT_FAILURE;
	struct wl_event_loop *loop = wl_event_loop_create();
	if (loop && probe) {
		// as shut in as a view, so that what works here works there
		result = jail_close_calls() && probe_encoder(loop) ? EXIT_SUCCESS : EXIT_FAILURE;
	} else if (loop) {
		result = run(loop);
	}
	if (loop) {
		wl_event_loop_destroy(loop);
	}
	gst_deinit();
	return result;
}
