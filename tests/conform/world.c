/* SPDX-License-Identifier: MIT */
/*
 * world.c - a node in memory, put together as boxd.c does it, and taken apart with a look at what is
 * left.
 */
#include "world.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "asked.h"
#include "base/log.h"

int64_t world_now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int count_fds(void) {
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;
	while (readdir(dir)) {
		count++;
	}
	closedir(dir);
	return count;
}

static void owner_changed(struct box_env *env) {
}

struct world *world_create(void) {
	static const struct boxd_type *const types[] = {
#define BOX_TYPE(name) &boxd_type_##name,
#include "box-types.inc"
#undef BOX_TYPE
	};
	struct world *world = calloc(1, sizeof(*world));
	log_init("conform", LOG_ERROR);
	world->fds = count_fds();
	strcpy(world->dir, "/tmp/conform-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	setenv("HOME", world->dir, 1);
	char cups[64];
	snprintf(cups, sizeof(cups), "/tmp/conform-cups-%d/socket", (int)getpid());
	setenv("CUPS_SERVER", cups, 1); // nobody is there, unless cups.c begins one
	strcpy(world->config.machine, "den");
	strcpy(world->config.person, "ann");
	world->config.ask_ms = 60000;
	wl_list_init(&world->config.exports);
	wl_list_init(&world->config.access);
	world->export.name = "dir";
	world->export.path = world->dir;
	wl_list_insert(&world->config.exports, &world->export.link);
	strcpy(world->store_dir, "/tmp/conform-store-XXXXXX");
	assert_non_null(mkdtemp(world->store_dir));
	world->store = (struct config_export){.name = "store", .path = world->store_dir, .store = true};
	wl_list_insert(&world->config.exports, &world->store.link);
	world->loop = wl_event_loop_create();
	world->tree = box_tree_create("ann");
	world->pool = work_pool_create(world->loop, 1);
	mounts_init(&world->mounts);
	assert_true(spaces_init(&world->spaces, NULL, NULL, 0));
	usr_init(&world->usr);
	devices_init(&world->devices);
	world->env = (struct box_env){
		.loop = world->loop,
		.tree = world->tree,
		.pool = world->pool,
		.linker = &world->devices.linker,
		.config = &world->config,
		.mounts = &world->mounts,
		.spaces = &world->spaces,
		.usr = &world->usr,
		.owner_changed = owner_changed,
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		assert_true(types[i]->init(&world->env));
	}
	return world;
}

static void remove_tree(const char *path) {
	char command[128];
	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	assert_int_equal(system(command), 0);
}

static bool has_children(void) {
	siginfo_t info;
	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void world_destroy(struct world *world) {
	for (int i = 0; i < world->kept_size; i++) {
		asked_finish(world->kept[i]);
		free(world->kept[i]);
	}
	if (world->asking > 0) {
		print_message("%d requests were left: the test failed in the middle\n", world->asking);
		return; // they are on a stack that is gone
	}
	devices_finish(&world->devices);
	work_pool_destroy(world->pool);
	box_tree_destroy(world->tree);
	usr_finish(&world->usr);
	mounts_finish(&world->mounts);
	spaces_finish(&world->spaces);
	int64_t end_ms = world_now_ms() + 20000;
	while (has_children() && world_now_ms() < end_ms) { // killed, and reaped by the loop
		wl_event_loop_dispatch(world->loop, 50);
	}
	assert_false(has_children());
	wl_event_loop_destroy(world->loop);
	remove_tree(world->dir);
	remove_tree(world->store_dir);
	assert_int_equal(count_fds(), world->fds);
	free(world);
}

int world_setup(void **state) {
	*state = world_create();
	return 0;
}

int world_teardown(void **state) {
	world_destroy(*state);
	return 0;
}

struct asked *world_keep(struct world *world) {
	assert_true(world->kept_size < KEPT_MAX);
	return world->kept[world->kept_size++] = calloc(1, sizeof(struct asked));
}

void world_settle(struct world *world) {
	for (int i = 0; i < 3; i++) {
		wl_event_loop_dispatch(world->loop, 0);
	}
}

void world_write(struct world *world, const char *name, const void *bytes, size_t size) {
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", world->dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	close(fd);
}

struct box *world_box(struct world *world, const char *name) {
	const char *rest;
	struct box *box = box_find(world->tree, name, &rest);
	if (*rest) {
		fail_msg("there is no box %s", name);
	}
	return box;
}

bool world_has(struct world *world, const char *name) {
	const char *rest;
	box_find(world->tree, name, &rest);
	return *rest == '\0';
}
