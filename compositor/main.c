/* SPDX-License-Identifier: MIT */
/*
 * main.c - the program boxland: options, signals, one server.
 *
 * Whatever ends the process does so here; the compositor itself is the library.
 */
#include <errno.h>
#include <fontconfig/fontconfig.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wlr/util/log.h>

#include "boxes/boxes.h"
#include "launch.h"
#include "server.h"

#define LOG_MODULE "main"
#include "base/log.h"

#define HEADLESS_MAX 16

struct arguments {
	struct server_options options;
	struct server_size headless[HEADLESS_MAX];
	const char *startup;
	int ready_fd; // -1: none
	bool debug;
};

static const char usage[] =
	"Usage: boxland [OPTION]...\n"
	"A Wayland desktop: in a window, on the machine's screens, or on none.\n"
	"\n"
	"  -c, --config FILE      read this instead of ~/.config/boxland/boxland.conf\n"
	"  -s, --startup COMMAND  run it with sh when the desktop is up\n"
	"      --headless WxH     no screen and no device: an output of that size; again for more\n"
	"      --socket NAME      name of the Wayland socket in XDG_RUNTIME_DIR\n"
	"      --ready-fd N       write the socket's name and a newline there when clients can come\n"
	"  -d, --debug            say more\n"
	"      --version          say the version\n"
	"  -h, --help             say this\n";

enum parsed {
	GO_ON,
	DONE,
	WRONG,
};

static bool parse_number(const char *text, long low, long high, int *value) {
	char *end;
	errno = 0;
	long number = strtol(text, &end, 10);
	if (errno || end == text || *end || number < low || number > high) {
		return false;
	}
	*value = (int)number;
	return true;
}

static bool add_headless(struct arguments *args, const char *text) {
	struct server_size size;
	int used = 0;
	if (args->options.headless_size == HEADLESS_MAX ||
			sscanf(text, "%5dx%5d%n", &size.width, &size.height, &used) != 2 || text[used] ||
			size.width < 1 || size.height < 1 || size.width > 16384 || size.height > 16384) {
		return false;
	}
	args->headless[args->options.headless_size++] = size;
	args->options.headless = args->headless;
	return true;
}

static enum parsed parse(struct arguments *args, int argc, char **argv) {
	enum { HEADLESS = 256, SOCKET, READY_FD, VERSION };
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"startup", required_argument, NULL, 's'},
		{"headless", required_argument, NULL, HEADLESS},
		{"socket", required_argument, NULL, SOCKET},
		{"ready-fd", required_argument, NULL, READY_FD},
		{"debug", no_argument, NULL, 'd'},
		{"version", no_argument, NULL, VERSION},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	for (int c; (c = getopt_long(argc, argv, "c:s:dh", options, NULL)) != -1;) {
		switch (c) {
		case 'c':
			args->options.config_path = optarg;
			break;
		case 's':
			args->startup = optarg;
			break;
		case 'd':
			args->debug = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return DONE;
		case VERSION:
			puts("boxland " BOXLAND_VERSION);
			return DONE;
		case HEADLESS:
			if (!add_headless(args, optarg)) {
				fprintf(stderr, "boxland: --headless takes a size such as 1280x720, not \"%s\"\n",
					optarg);
				return WRONG;
			}
			break;
		case SOCKET:
			args->options.socket = optarg;
			break;
		case READY_FD:
			if (!parse_number(optarg, 0, 1 << 20, &args->ready_fd)) {
				fprintf(stderr, "boxland: --ready-fd takes a number, not \"%s\"\n", optarg);
				return WRONG;
			}
			break;
		default:
			fputs("Try 'boxland --help'.\n", stderr);
			return WRONG;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "boxland: what is \"%s\"? Try 'boxland --help'.\n", argv[optind]);
		return WRONG;
	}
	return GO_ON;
}

/* What wlroots tells at length is for debugging; its errors are errors. */
static void handle_wlr_log(enum wlr_log_importance importance, const char *fmt, va_list args) {
	log_vline(importance == WLR_ERROR ? LOG_ERROR : LOG_DEBUG, "wlroots", fmt, args);
}

static int handle_end(int signal, void *data) {
	server_stop(data);
	return 0;
}

static int handle_hup(int signal, void *data) {
	server_reload(data);
	return 0;
}

static void say_ready(const struct server *server, int fd) {
	if (fd < 0) {
		return;
	}
	dprintf(fd, "%s\n", server->socket);
	close(fd);
}

/* In the whole process, before libraries start threads of theirs that signals would end us by. */
static void block_signals(void) {
	sigset_t ours;
	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	sigprocmask(SIG_BLOCK, &ours, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv) {
	struct arguments args = {.ready_fd = -1};
	switch (parse(&args, argc, argv)) {
	case DONE:
		return EXIT_SUCCESS;
	case WRONG:
		return EXIT_FAILURE;
	case GO_ON:
		break;
	}
	setlocale(LC_CTYPE, "");
	log_init("boxland", args.debug ? LOG_DEBUG : LOG_INFO);
	wlr_log_init(args.debug ? WLR_DEBUG : WLR_ERROR, handle_wlr_log);
	block_signals();

	struct server *server = server_create(&args.options);
	if (!server) {
		return EXIT_FAILURE;
	}
	struct wl_event_source *signals[] = {
		wl_event_loop_add_signal(server->loop, SIGTERM, handle_end, server),
		wl_event_loop_add_signal(server->loop, SIGINT, handle_end, server),
		wl_event_loop_add_signal(server->loop, SIGHUP, handle_hup, server),
	};
	// A desktop without boxes is a desktop still: what is wrong was logged.
	struct boxes *boxes = boxes_create(server);
	bool started = server_start(server);
	if (started) {
		log_info("on %s", server->socket);
		say_ready(server, args.ready_fd);
		if (args.startup) {
			launch(server->launcher, args.startup);
		}
		server_run(server);
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (signals[i]) {
			wl_event_source_remove(signals[i]);
		}
	}
	boxes_destroy(boxes);
	server_destroy(server);
	FcFini(); // pango keeps fontconfig's tables for the whole process
	return started ? EXIT_SUCCESS : EXIT_FAILURE;
}
