/* SPDX-License-Identifier: MIT */
/*
 * spawn_tree.c - promises of base/spawn.h about all that a program starts: wherever it hides, it ends with
 * the program, and with who spawned it. Nothing here waits for a time.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/base/spawned.h"

// A daemon by the book: two forks, a session of its own, and stdin, stdout, stderr elsewhere.
#define DAEMON \
	"daemon() { setsid sh -c '( \"$@\" </dev/null >/dev/null 2>&1 & )' sh \"$@\" & wait $!; }; "

static void test_tree_killed(void **state) {
	struct fixture *fixture = *state;
	start(fixture, true, DAEMON "daemon sh -c 'trap \"\" TERM HUP; while :; do sleep 100; "
		"done'; setsid -f sleep 1000; nohup sleep 1000 & echo ready; wait");
	assert_string_equal(read_line(fixture), "ready");
	spawn_kill(fixture->spawn);
	wait_ended(fixture);
	wait_all_gone(fixture);
}

static void test_tree_ends_with_program(void **state) {
	struct fixture *fixture = *state;
	start(fixture, true, DAEMON "daemon sleep 1000; sleep 1000 & exit 4");
	int status = wait_ended(fixture);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 4);
	// Whoever hears ended may rely on it: no dispatch is needed.
	close_end(&fixture->held[1]);
	char byte;
	assert_int_equal(fcntl(fixture->held[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(read(fixture->held[0], &byte, 1), 0);
}

// Each one leaves two more behind in sessions of their own; 127 of them, and as many sleepers. Killed
// when all are there, and again while they still multiply.
static void test_tree_of_many(void **state) {
	struct fixture *fixture = *state;
	char path[] = "/tmp/spawn-XXXXXX", script[64];
	close(mkstemp(path));
	write_file(path, "[ $1 -gt 0 ] && { setsid sh $0 $(($1-1)) & setsid sh $0 $(($1-1)) & }\n"
		"[ $1 = 0 ] && echo leaf\nsleep 1000\n", 0600);
	snprintf(script, sizeof(script), "sh %s 6", path);
	for (int leaves = 64; leaves > 0; leaves -= 63) {
		start(fixture, true, script);
		for (int i = 0; i < leaves; i++) {
			assert_string_equal(read_line(fixture), "leaf");
		}
		spawn_destroy(fixture->spawn);
	}
	wait_all_gone(fixture);
	unlink(path);
}

// Runners: each starts the next in a new session and is gone.
static void test_tree_that_runs_away(void **state) {
	struct fixture *fixture = *state;
	char path[] = "/tmp/spawn-XXXXXX", script[160];
	close(mkstemp(path));
	write_file(path, "[ $1 = 0 ] && echo ran\n[ $1 -lt 3000 ] && setsid sh $0 $(($1+1)) &\n",
		0600);
	snprintf(script, sizeof(script),
		"for i in 1 2 3; do setsid sh %s 0 & done; exec sleep 1000", path);
	start(fixture, true, script);
	for (int i = 0; i < 3; i++) {
		assert_string_equal(read_line(fixture), "ran");
	}
	spawn_kill(fixture->spawn);
	int status = wait_ended(fixture);
	assert_true(WIFSIGNALED(status));
	wait_all_gone(fixture);
	unlink(path);
}

// In a process of its own: spawns, says ready, and waits to be killed.
static pid_t fork_parent(struct fixture *fixture, bool tree, const char *script) {
	pid_t pid = fork();
	if (pid == 0) {
		start(fixture, tree, script);
		pause();
		_exit(0);
	}
	return pid;
}

static void test_parent_dies(void **state) {
	struct fixture *fixture = *state;
	const char *const scripts[] = {
		"echo ready; exec sleep 1000",
		DAEMON "daemon sleep 1000; setsid -f sleep 1000; sleep 1000 & echo ready; wait",
	};
	for (int tree = 0; tree < 2; tree++) {
		pid_t parent = fork_parent(fixture, tree, scripts[tree]);
		assert_string_equal(read_line(fixture), "ready");
		kill(parent, SIGKILL);
		assert_int_equal(waitpid(parent, NULL, 0), parent);
	}
	wait_all_gone(fixture);
}

static pid_t parent_of(pid_t pid) {
	char path[64], line[256];
	pid_t parent = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		sscanf(line, "PPid: %d", &parent);
	}
	fclose(file);
	return parent;
}

static void test_keeper_is_killed(void **state) {
	struct fixture *fixture = *state;
	start(fixture, true, "echo ready; exec sleep 1000");
	assert_string_equal(read_line(fixture), "ready");
	pid_t keeper = parent_of(spawn_pid(fixture->spawn));
	assert_int_not_equal(keeper, getpid());
	kill(keeper, SIGKILL);
	int status = wait_ended(fixture);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	wait_all_gone(fixture);
}

// The keeper holds nothing of the program's: a pipe ends when the program closes it.
static void test_keeper_holds_nothing(void **state) {
	struct fixture *fixture = *state;
	start(fixture, true, "echo last; exec >/dev/null 5>&-; exec sleep 1000");
	assert_string_equal(read_all(fixture), "last\n");
	wait_all_gone(fixture);
	assert_int_equal(fixture->ended, 0);
	char path[64], link[64] = "";
	snprintf(path, sizeof(path), "/proc/%d/cwd", (int)parent_of(spawn_pid(fixture->spawn)));
	assert_int_equal(readlink(path, link, sizeof(link) - 1), 1);
	assert_string_equal(link, "/");
	spawn_destroy(fixture->spawn);
}

static void test_keeper_asked_to_end(void **state) {
	struct fixture *fixture = *state;
	start(fixture, true, "sleep 1000 & echo ready; wait");
	assert_string_equal(read_line(fixture), "ready");
	kill(parent_of(spawn_pid(fixture->spawn)), SIGTERM);
	assert_int_equal(WTERMSIG(wait_ended(fixture)), SIGKILL);
	wait_all_gone(fixture);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(tree_killed),
		TEST(tree_ends_with_program),
		TEST(tree_of_many),
		TEST(tree_that_runs_away),
		TEST(parent_dies),
		TEST(keeper_is_killed),
		TEST(keeper_holds_nothing),
		TEST(keeper_asked_to_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
