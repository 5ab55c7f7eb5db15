/* SPDX-License-Identifier: MIT */
/*
 * castland.c - boxland's side of box-cast-v1, for tests: one window of generated content. Descriptor 3 is
 * boxcast's Wayland connection. Commands come as lines on stdin, events go as lines to stdout.
 *
 *   content game|still|noise|text   what is drawn; each frame of game and noise is another
 *   size W H                   the window resizes itself
 *   fps N                      of the window's clock
 *   title T | app-id T | limits W H W H | lock 0|1 | gone
 *   start                      all facts were said
 *   dump N PATH                frame number N as a PPM, if it is among the last kept
 *   step                       one frame of content more
 *   blink                      a small square in the middle changes
 *   poison                     the next frame's descriptor is smaller than it says
 *   dmabuf 0|1                 frames are said to be dmabufs from now on, if boxcast accepts them
 *   quit
 *
 * Every frame has its number as black and white squares along the top, for who sees only pixels.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <wayland-server.h>

#include "box/frame.h"
#include "box-cast-v1-server-protocol.h"

#define BUFFERS 4
#define KEPT 90  // frames that can be dumped
#define SQUARE 16
#define BITS 16

struct buffer {
	int fd;
	uint8_t *pixels;
	uint32_t serial; // 0: free
};

struct kept {
	uint32_t number;
	int width, height;
	uint8_t *pixels;
};

struct land {
	struct wl_display *display;
	struct wl_event_loop *loop;
	struct wl_resource *cast;
	struct wl_event_source *clock;
	struct buffer buffers[BUFFERS];
	struct kept kept[KEPT];
	int width, height, fps;
	char content[16];
	uint32_t number, serial;
	bool asked, refresh, damaged, poison, blink;
	bool accepted, dmabuf;
	char line[512];
	size_t line_size;
};

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *fmt, ...) {
	va_list args;
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static int64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// what is drawn

static uint32_t game_pixel(int x, int y, uint32_t n) {
	int wx = x + (int)n * 3, wy = y + (int)n; // the world scrolls
	int shade = ((wx >> 4) ^ (wy >> 4)) & 1 ? 24 : 0;
	uint32_t hash = (uint32_t)(wx >> 2) * 2654435761u ^ (uint32_t)(wy >> 2) * 40503u;
	int grain = (int)(hash >> 28);
	int r = 60 + (wx >> 3) % 120 + shade + grain, g = 70 + (wy >> 2) % 110 + shade + grain;
	int b = 90 + ((wx + wy) >> 3) % 100 + grain;
	int dx = x - 320 - (int)(n * 7 % 200), dy = y - 240; // and something moves in front
	if (dx * dx + dy * dy < 60 * 60) {
		r = 220, g = 160 - dy, b = 40;
	}
	return (uint32_t)r << 16 | (uint32_t)g << 8 | (uint32_t)b;
}

static uint32_t mix(uint32_t n) {
	n = (n ^ n >> 16) * 0x45d9f3bu;
	n = (n ^ n >> 16) * 0x45d9f3bu;
	return n ^ n >> 16;
}

/* Lines of words in a fixed font of 26 made-up letters, 8x16, light on dark, as in a terminal. */
static uint32_t text_pixel(int x, int y, uint32_t n) {
	uint32_t column = (uint32_t)x / 8, row = (uint32_t)y / 16;
	uint32_t line = mix(row * 131 + n), letter = mix(line + column) % 32;
	int sx = x % 8, sy = y % 16;
	bool written = line % 5 != 0 && column > line % 4 * 2 && column < 20 + line % 60 && letter < 26;
	uint32_t shape = mix(letter + 1);
	bool high = shape & 1, low = shape & 2;
	bool inside = written && sx > 0 && sx < 7 && sy >= (high ? 2 : 5) && sy <= (low ? 14 : 12);
	bool stem = sx == (shape & 4 ? 1 : 3), right = (shape & 8) && sx == 6 && sy >= 5;
	bool bar = (shape & 16 && sy == 5) || (shape & 32 && sy == 9) || (shape & 64 && sy == 12);
	bool slant = (shape & 128) && sx == (sy - 3) / 2;
	return inside && (stem || right || bar || slant) ? 0xd8d8d0 : 0x1c1f26;
}

static void draw(struct land *land, uint8_t *pixels) {
	bool game = strcmp(land->content, "game") == 0, noise = strcmp(land->content, "noise") == 0;
	uint32_t random = land->number * 977 + 1;
	for (int y = 0; y < land->height; y++) {
		uint32_t *row = (uint32_t *)(pixels + (size_t)y * (size_t)land->width * 4);
		for (int x = 0; x < land->width; x++) {
			if (noise) {
				random = random * 1103515245 + 12345;
				row[x] = random >> 8;
			} else {
				row[x] = game ? game_pixel(x, y, land->number) : text_pixel(x, y, land->number);
			}
			row[x] |= 0xff000000;
		}
	}
	for (int y = land->height / 2; land->blink && y < land->height / 2 + 16; y++) {
		memset(pixels + ((size_t)y * (size_t)land->width + (size_t)land->width / 2) * 4, 0xff, 32);
	}
	for (int bit = 0; bit < BITS; bit++) {
		uint32_t colour = land->number & (1u << bit) ? 0xffffffff : 0xff000000;
		for (int y = 0; y < SQUARE && y < land->height; y++) {
			uint32_t *row = (uint32_t *)(pixels + (size_t)y * (size_t)land->width * 4);
			for (int x = bit * SQUARE; x < (bit + 1) * SQUARE && x < land->width; x++) {
				row[x] = colour;
			}
		}
	}
}

static void keep(struct land *land, const uint8_t *pixels) {
	struct kept *kept = &land->kept[land->number % KEPT];
	size_t size = (size_t)land->width * (size_t)land->height * 4;
	free(kept->pixels);
	kept->pixels = malloc(size);
	memcpy(kept->pixels, pixels, size);
	kept->number = land->number;
	kept->width = land->width;
	kept->height = land->height;
}

static void dump(struct land *land, uint32_t number, const char *path) {
	const struct kept *kept = &land->kept[number % KEPT];
	FILE *file = kept->pixels && kept->number == number ? fopen(path, "wb") : NULL;
	if (!file) {
		say("dumped %u no", number);
		return;
	}
	fprintf(file, "P6\n%d %d\n255\n", kept->width, kept->height);
	for (size_t i = 0; i < (size_t)kept->width * (size_t)kept->height; i++) {
		const uint8_t *p = kept->pixels + i * 4;
		const uint8_t rgb[3] = {p[2], p[1], p[0]};
		fwrite(rgb, 1, 3, file);
	}
	fclose(file);
	say("dumped %u yes", number);
}

// frames

static void buffers_make(struct land *land) {
	size_t size = (size_t)land->width * (size_t)land->height * 4;
	for (int i = 0; i < BUFFERS; i++) {
		struct buffer *buffer = &land->buffers[i];
		if (buffer->fd >= 0) {
			close(buffer->fd);
		}
		buffer->fd = memfd_create("frame", MFD_CLOEXEC);
		if (buffer->fd < 0 || ftruncate(buffer->fd, (off_t)size) < 0) {
			abort();
		}
		buffer->pixels = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, buffer->fd, 0);
		buffer->serial = 0;
	}
}

static void capture(struct land *land) {
	struct buffer *buffer = NULL;
	for (int i = 0; i < BUFFERS && !buffer; i++) {
		buffer = land->buffers[i].serial == 0 ? &land->buffers[i] : NULL;
	}
	if (!land->asked || !(land->damaged || land->refresh) || !land->cast || !buffer) {
		return;
	}
	bool damaged = land->damaged;
	land->asked = land->refresh = land->damaged = false;
	draw(land, buffer->pixels);
	int64_t captured = now_ns();
	keep(land, buffer->pixels);
	buffer->serial = ++land->serial;
	int fd = land->poison ? memfd_create("poison", MFD_CLOEXEC) : dup(buffer->fd);
	land->poison = false;
	if (damaged) {
		box_cast_v1_send_damage(land->cast, 0, 0, land->width, land->height);
		box_cast_v1_send_committed(land->cast, (uint32_t)((uint64_t)captured >> 32), (uint32_t)captured);
	}
	box_cast_v1_send_frame(land->cast, buffer->serial, fd, land->accepted && land->dmabuf, BOX_CAST_V1_FORMAT_XRGB8888, 0, 0,
		land->width, land->height, 0, (uint32_t)land->width * 4,
		(uint32_t)((uint64_t)captured >> 32), (uint32_t)captured);
	close(fd);
	say("frame %u %" PRId64, land->number, captured);
}

static int handle_clock(void *data) {
	struct land *land = data;
	if (strcmp(land->content, "still") != 0 && strcmp(land->content, "text") != 0 &&
			land->fps > 0) {
		if (!land->damaged) {
			land->number++;
		}
		land->damaged = true;
	}
	capture(land);
	if (land->fps > 0) {
		wl_event_source_timer_update(land->clock, 1000 / land->fps);
	}
	return 0;
}

// requests

static void cast_destroy(struct wl_client *client, struct wl_resource *resource) {
	say("destroy");
	wl_resource_destroy(resource);
}

static void cast_next(struct wl_client *client, struct wl_resource *resource) {
	struct land *land = wl_resource_get_user_data(resource);
	if (land->asked) {
		say("error next twice");
	}
	land->asked = true;
	if (land->fps == 0 || land->refresh) {
		capture(land);
	}
}

static void cast_refresh(struct wl_client *client, struct wl_resource *resource) {
	struct land *land = wl_resource_get_user_data(resource);
	land->refresh = true;
	say("refresh");
	capture(land);
}

static void cast_accept_dmabuf(struct wl_client *client, struct wl_resource *resource,
		uint32_t format, uint32_t modifier_hi, uint32_t modifier_lo) {
	struct land *land = wl_resource_get_user_data(resource);
	land->accepted = land->accepted ||
		(format == BOX_CAST_V1_FORMAT_XRGB8888 && modifier_hi == 0 && modifier_lo == 0);
	say("accept-dmabuf %08x %08x%08x", format, modifier_hi, modifier_lo);
}

static void cast_refuse_dmabuf(struct wl_client *client, struct wl_resource *resource) {
	struct land *land = wl_resource_get_user_data(resource);
	land->accepted = false;
	say("refuse-dmabuf");
}

static void cast_release(struct wl_client *client, struct wl_resource *resource, uint32_t serial) {
	struct land *land = wl_resource_get_user_data(resource);
	for (int i = 0; i < BUFFERS; i++) {
		if (land->buffers[i].serial == serial) {
			land->buffers[i].serial = 0;
		}
	}
}

static void cast_set_size(struct wl_client *client, struct wl_resource *resource, int32_t width,
		int32_t height) {
	say("size %d %d", width, height);
}

static void cast_set_focus(struct wl_client *client, struct wl_resource *resource, uint32_t on) {
	say("focus %u", on);
}

static void cast_set_visible(struct wl_client *client, struct wl_resource *resource, uint32_t on) {
	say("visible %u", on);
}

static void cast_close(struct wl_client *client, struct wl_resource *resource) {
	say("close");
}

static void cast_input(struct wl_client *client, struct wl_resource *resource,
		struct wl_array *records) {
	int count = input_record_count(records->size);
	for (int i = 0; i < count; i++) {
		struct input_record record;
		input_record_decode(&record, records->data, i);
		say("input %u %u %d %d %d", record.type, record.code, record.value, record.x, record.y);
	}
	say("group");
}

static void cast_keymap(struct wl_client *client, struct wl_resource *resource, int32_t fd,
		uint32_t size) {
	char *text = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	bool whole = text != MAP_FAILED && strncmp(text, "xkb_keymap", 10) == 0 && !text[size - 1];
	say("keymap %u %s", size, whole ? "whole" : "broken");
	if (text != MAP_FAILED) {
		munmap(text, size);
	}
	close(fd);
}

static void cast_modifiers(struct wl_client *client, struct wl_resource *resource,
		uint32_t depressed, uint32_t latched, uint32_t locked, uint32_t group) {
	say("modifiers %u %u %u %u", depressed, latched, locked, group);
}

static void cast_repeat(struct wl_client *client, struct wl_resource *resource, int32_t rate,
		int32_t delay) {
	say("repeat %d %d", rate, delay);
}

static void cast_stats(struct wl_client *client, struct wl_resource *resource, const char *text) {
	char *copy = strdup(text);
	for (char *c = copy; *c; c++) {
		*c = *c == '\n' ? ';' : *c;
	}
	say("stats %s", copy);
	free(copy);
}

static void cast_set_scale(struct wl_client *client, struct wl_resource *resource, uint32_t scale) {
	say("scale %u", scale);
}

static const struct box_cast_v1_interface cast_interface = {
	.destroy = cast_destroy,
	.next = cast_next,
	.refresh = cast_refresh,
	.accept_dmabuf = cast_accept_dmabuf,
	.refuse_dmabuf = cast_refuse_dmabuf,
	.release = cast_release,
	.set_size = cast_set_size,
	.set_focus = cast_set_focus,
	.set_visible = cast_set_visible,
	.close = cast_close,
	.input = cast_input,
	.keymap = cast_keymap,
	.modifiers = cast_modifiers,
	.repeat = cast_repeat,
	.stats = cast_stats,
	.set_scale = cast_set_scale,
};

static void handle_resource_destroy(struct wl_resource *resource) {
	struct land *land = wl_resource_get_user_data(resource);
	land->cast = NULL;
	say("unbound");
}

static void cast_bind(struct wl_client *client, void *data, uint32_t version, uint32_t id) {
	struct land *land = data;
	land->cast = wl_resource_create(client, &box_cast_v1_interface, (int)version, id);
	wl_resource_set_implementation(land->cast, &cast_interface, land, handle_resource_destroy);
	say("bound");
}

// commands

static void command(struct land *land, char *line) {
	int a, b, c, d;
	char path[400];
	uint32_t number;
	if (sscanf(line, "content %15s", land->content) == 1) {
		land->damaged = true;
		land->number++;
	} else if (sscanf(line, "size %d %d", &a, &b) == 2) {
		land->width = a;
		land->height = b;
		land->damaged = true;
		buffers_make(land);
	} else if (sscanf(line, "fps %d", &a) == 1) {
		land->fps = a;
	} else if (sscanf(line, "dump %u %399s", &number, path) == 2) {
		dump(land, number, path);
	} else if (sscanf(line, "dmabuf %d", &a) == 1) {
		land->dmabuf = a;
	} else if (strcmp(line, "step") == 0) {
		land->number++;
		land->damaged = true;
	} else if (strcmp(line, "blink") == 0) {
		land->blink = !land->blink;
		land->damaged = true;
	} else if (strcmp(line, "poison") == 0) {
		land->poison = true;
		land->damaged = true;
	} else if (strcmp(line, "quit") == 0) {
		wl_display_terminate(land->display);
	} else if (!land->cast) {
		say("error not bound: %s", line);
	} else if (strncmp(line, "title ", 6) == 0) {
		box_cast_v1_send_title(land->cast, line + 6);
	} else if (strncmp(line, "app-id ", 7) == 0) {
		box_cast_v1_send_app_id(land->cast, line + 7);
	} else if (sscanf(line, "limits %d %d %d %d", &a, &b, &c, &d) == 4) {
		box_cast_v1_send_limits(land->cast, a, b, c, d);
	} else if (sscanf(line, "lock %d", &a) == 1) {
		box_cast_v1_send_lock(land->cast, (uint32_t)a);
	} else if (strcmp(line, "gone") == 0) {
		box_cast_v1_send_gone(land->cast);
	} else if (strcmp(line, "start") == 0) {
		box_cast_v1_send_start(land->cast, (uint32_t)(land->fps > 0 ? land->fps : 60) * 1000);
	} else {
		say("error unknown: %s", line);
	}
	capture(land);
	if (land->fps > 0) {
		wl_event_source_timer_update(land->clock, 1000 / land->fps);
	}
}

static int handle_stdin(int fd, uint32_t mask, void *data) {
	struct land *land = data;
	ssize_t n = read(fd, land->line + land->line_size, sizeof(land->line) - 1 - land->line_size);
	if (n <= 0) {
		wl_display_terminate(land->display);
		return 0;
	}
	land->line_size += (size_t)n;
	land->line[land->line_size] = '\0';
	char *end;
	while ((end = strchr(land->line, '\n'))) {
		*end = '\0';
		command(land, land->line);
		land->line_size -= (size_t)(end + 1 - land->line);
		memmove(land->line, end + 1, land->line_size + 1);
	}
	return 0;
}

int main(void) {
	struct land land = {.width = 640, .height = 480, .fps = 30, .content = "game"};
	land.display = wl_display_create();
	land.loop = wl_display_get_event_loop(land.display);
	for (int i = 0; i < BUFFERS; i++) {
		land.buffers[i].fd = -1;
	}
	buffers_make(&land);
	land.damaged = true;
	wl_global_create(land.display, &box_cast_v1_interface, 3, &land, cast_bind);
	land.clock = wl_event_loop_add_timer(land.loop, handle_clock, &land);
	wl_event_loop_add_fd(land.loop, STDIN_FILENO, WL_EVENT_READABLE, handle_stdin, &land);
	if (!wl_client_create(land.display, 3)) {
		return EXIT_FAILURE;
	}
	wl_event_source_timer_update(land.clock, 1000 / land.fps);
	wl_display_run(land.display);
	wl_display_destroy_clients(land.display);
	wl_display_destroy(land.display);
	for (int i = 0; i < KEPT; i++) {
		free(land.kept[i].pixels);
	}
	return EXIT_SUCCESS;
}
