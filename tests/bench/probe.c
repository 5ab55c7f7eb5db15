/* SPDX-License-Identifier: MIT */
/*
 * probe.c - sees what a desktop shows, for the bench: the numbers that counter.c draws.
 *
 *   probe X Y WARM SECONDS [WIDTH HEIGHT]
 *
 * X Y is where on the first output the coded strip is. Once a number was read the probe looks on
 * for WARM seconds, says "begin NS", and then for SECONDS, at each frame that the desktop presents,
 * "NUMBER NS" or "unreadable NS", where NS is when it was presented (CLOCK_MONOTONIC, the
 * compositor's word); at last "end NS". Then it waits for the end of its input, so that what it
 * cost can be read. Only the strip is copied, which costs little; with WIDTH HEIGHT so much is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "code.h"
#include "screen.h"

struct probe {
	struct screen screen;
	int64_t warm, seconds; // ns, how long
	int64_t begin, end;    // ns, when; 0: not known yet
	bool begun;
};

static void say(const char *word, int64_t when) {
	dprintf(STDOUT_FILENO, "%s %" PRId64 "\n", word, when);
}

static void presented(struct screen *screen, const uint8_t *pixels, size_t stride, int64_t when) {
	struct probe *probe = wl_container_of(screen, probe, screen);
	uint32_t number;
	char text[16];
	bool readable = code_read(pixels, stride, &number);
	if (readable && probe->begin == 0) {
		probe->begin = when + probe->warm;
		probe->end = probe->begin + probe->seconds;
	}
	if (probe->begin == 0 || when < probe->begin) {
		return;
	}
	if (!probe->begun) {
		probe->begun = true;
		say("begin", when);
	}
	snprintf(text, sizeof(text), "%" PRIu32, number);
	say(readable ? text : "unreadable", when);
}

int main(int argc, char **argv) {
	if (argc != 5 && argc != 7) {
		fprintf(stderr, "usage: probe X Y WARM SECONDS [WIDTH HEIGHT]\n");
		return EXIT_FAILURE;
	}
	struct probe probe = {
		.screen = {.x = atoi(argv[1]), .y = atoi(argv[2]), .width = CODE_WIDTH,
			.height = CODE_HEIGHT, .name = "probe", .presented = presented},
		.warm = (int64_t)(atof(argv[3]) * 1e9),
		.seconds = (int64_t)(atof(argv[4]) * 1e9),
	};
	if (argc == 7) {
		probe.screen.width = atoi(argv[5]);
		probe.screen.height = atoi(argv[6]);
	}
	if (!screen_init(&probe.screen)) {
		return EXIT_FAILURE;
	}
	while (probe.end == 0 || screen_now() < probe.end) {
		if (!screen_dispatch(&probe.screen, probe.end)) {
			fprintf(stderr, "probe: ended before its time\n");
			return EXIT_FAILURE;
		}
	}
	if (!probe.begun) {
		fprintf(stderr, "probe: the desktop presented nothing more after the first number\n");
		return EXIT_FAILURE;
	}
	say("end", screen_now());
	for (char ignored; read(STDIN_FILENO, &ignored, 1) > 0;) {
	}
	screen_finish(&probe.screen);
	return EXIT_SUCCESS;
}
