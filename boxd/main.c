/* SPDX-License-Identifier: MIT */
/*
 * main.c - boxd: options, loop, rooms, run, and all of it in reverse.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <wayland-server-core.h>

#define LOG_MODULE "main"
#include "base/log.h"
#include "boxd.h"
#include "config.h"

static const char usage[] =
	"usage: boxd [-c FILE] [-r FD] [-d]\n"
	"  -c, --config FILE   read this in place of ~/.config/boxland/boxd.conf\n"
	"  -r, --ready-fd FD   write a line there once boxd answers\n"
	"  -d, --debug         log every head that comes and goes\n"
	"  -v, --version\n"
	"  -h, --help\n";

struct options {
	const char *config;
	int ready_fd;
	bool debug;
};

static bool parse_options(struct options *options, int argc, char **argv, int *status) {
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"ready-fd", required_argument, NULL, 'r'},
		{"debug", no_argument, NULL, 'd'},
		{"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	for (int c; (c = getopt_long(argc, argv, "c:r:dvh", longs, NULL)) != -1;) {
		switch (c) {
		case 'c':
			options->config = optarg;
			break;
		case 'r':
			options->ready_fd = atoi(optarg);
			break;
		case 'd':
			options->debug = true;
			break;
		case 'v':
			puts("boxd " BOXLAND_VERSION);
			return false;
		case 'h':
			fputs(usage, stdout);
			return false;
		default:
			*status = 2;
			fputs(usage, stderr);
			return false;
		}
	}
	return true;
}

static int handle_signal(int signal, void *data) {
	bool *running = data;
	*running = false;
	return 0;
}

static void say_ready(int fd) {
	if (fd >= 0) {
		dprintf(fd, "ready\n");
		close(fd);
	}
}

// Every exchange of every peer is a descriptor or two.
static void raise_files(void) {
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv) {
	struct options options = {.ready_fd = -1};
	int status = EXIT_SUCCESS;
	if (!parse_options(&options, argc, argv, &status)) {
		return status;
	}
	log_init("boxd", options.debug ? LOG_DEBUG : LOG_INFO);
	struct config config;
	char error[512];
	if (!config_load(&config, options.config, error, sizeof(error))) {
		log_error("%s", error);
		config_finish(&config);
		return EXIT_FAILURE;
	}
	raise_files();
	signal(SIGPIPE, SIG_IGN);
	struct wl_event_loop *loop = wl_event_loop_create();
	bool running = true;
	struct wl_event_source *sources[] = {
		wl_event_loop_add_signal(loop, SIGTERM, handle_signal, &running),
		wl_event_loop_add_signal(loop, SIGINT, handle_signal, &running),
	};
	struct boxd *boxd = boxd_create(loop, &config);
	if (boxd) {
		say_ready(options.ready_fd);
	}
	while (boxd && running && wl_event_loop_dispatch(loop, -1) >= 0) {
	}
	status = boxd ? EXIT_SUCCESS : EXIT_FAILURE;
	boxd_destroy(boxd);
	wl_event_source_remove(sources[0]);
	wl_event_source_remove(sources[1]);
	wl_event_loop_destroy(loop);
	config_finish(&config);
	return status;
}
