/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BASE_SPAWNED_H
#define TESTS_BASE_SPAWNED_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/spawn.h"

/*
 * A program that was spawned, and what is seen of it: what spawn.c and spawn_tree.c share. That processes
 * are gone is seen by the end of a pipe that all of them hold.
 */

#define PATIENCE_MS 20000
#define HELD_FD 5 // what all processes of a tree hold

struct fixture {
	struct wl_event_loop *loop;
	int fds;     // open before the test
	int out[2];  // the child's stdout
	int held[2]; // the child's HELD_FD
	struct spawn *spawn;
	int ended, status;
	char text[4096];
};

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, spawned_setup, spawned_teardown)
int spawned_setup(void **state);
/* No child is left, dead or alive, and no descriptor. */
int spawned_teardown(void **state);

/* NULL, errno. */
struct spawn *start_with(struct fixture *fixture, const struct spawn_options *options);
struct spawn *start(struct fixture *fixture, bool tree, const char *script);
bool has_children(void); // dead ones too
int wait_ended(struct fixture *fixture); // its status
void close_end(int *fd);
void close_pipe(int fds[2]);
/* All the child prints, until nobody can print any more. */
const char *read_all(struct fixture *fixture);
const char *read_line(struct fixture *fixture);
/* Nobody of the tree is left. */
void wait_all_gone(struct fixture *fixture);
void write_file(const char *path, const char *text, mode_t mode);

#endif
