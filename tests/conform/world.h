/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CONFORM_WORLD_H
#define TESTS_CONFORM_WORLD_H

#include "boxes/env.h"
#include "config.h"
#include "devices.h"
#include "mounts.h"
#include "spaces.h"
#include "whereabouts.h"

/*
 * A node in memory: boxd's tree with all its box types, no socket, no network, no key. It is ann's,
 * its machine is called den, and it exports world.dir, an empty folder, as /fs/dir, and
 * world.store_dir, another, as /fs/store, to be written.
 */
#define KEPT_MAX 8
#define OWNER "ann/den"
#define STRANGER "bob/pc"

struct asked;

struct world {
	struct wl_event_loop *loop;
	struct box_tree *tree;
	struct work_pool *pool;
	struct mounts mounts;
	struct spaces spaces;
	struct usr usr;
	struct devices devices; // what links dial
	struct config config;
	struct config_export export, store;
	struct box_env env;
	char dir[64], store_dir[64];
	int fds; // open when it began
	struct asked *kept[KEPT_MAX]; // exchanges that last as long as it does
	int kept_size;
	int asking; // requests that are not over
};

/* cmocka fixtures: *state is the world. Tearing it down fails when a descriptor or child is left. */
int world_setup(void **state);
int world_teardown(void **state);

struct world *world_create(void);
void world_destroy(struct world *world);
/* Runs the loop until the condition holds; fails the test when it does not within 20 s. */
#define until(world, condition) \
	do { \
		int64_t end_ms_ = world_now_ms() + 20000; \
		while (!(condition)) { \
			if (world_now_ms() > end_ms_) { \
				fail_msg("%s:%d: it never came: %s", __FILE__, __LINE__, #condition); \
			} \
			wl_event_loop_dispatch((world)->loop, 50); \
		} \
	} while (0)
int64_t world_now_ms(void);
/* Runs the loop as long as something is ready. */
void world_settle(struct world *world);

/* Room for an exchange that the world finishes before all else. */
struct asked *world_keep(struct world *world);

/* A file below the world's folder. */
void world_write(struct world *world, const char *name, const void *bytes, size_t size);
/* The box itself; the test fails if there is none of that name. */
struct box *world_box(struct world *world, const char *name);
bool world_has(struct world *world, const char *name);

#endif
