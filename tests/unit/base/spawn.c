/* SPDX-License-Identifier: MIT */
/*
 * spawn.c - promises of base/spawn.h, with real programs. That processes are gone is seen by the
 * end of a pipe that all of them hold, or by a pidfd; nothing here waits for a time. Trees of programs
 * are in spawn_tree.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/base/spawned.h"

static void test_exit(void **state) {
	struct fixture *fixture = *state;
	for (int tree = 0; tree < 2; tree++) {
		fixture->ended = 0;
		start(fixture, tree, "exit 7");
		int status = wait_ended(fixture);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 7);
	}
}

static void test_killed_by_signal(void **state) {
	struct fixture *fixture = *state;
	for (int tree = 0; tree < 2; tree++) {
		fixture->ended = 0;
		start(fixture, tree, "ulimit -c 0; kill -SEGV $$");
		int status = wait_ended(fixture);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSEGV);
	}
}

static void test_signal(void **state) {
	struct fixture *fixture = *state;
	for (int tree = 0; tree < 2; tree++) {
		fixture->ended = 0;
		// Its child is in the same process group, and hears it too.
		start(fixture, tree, "trap 'wait; exit 5' USR1; "
			"sh -c 'trap \"echo child; exit 0\" USR1; echo ready; while :; do "
			"sleep 0.01; done' 2>/dev/null & wait");
		assert_string_equal(read_line(fixture), "ready");
		assert_true(spawn_signal(fixture->spawn, SIGUSR1));
		assert_string_equal(read_line(fixture), "child");
		int status = wait_ended(fixture);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 5);
	}
}

static void test_kill(void **state) {
	struct fixture *fixture = *state;
	for (int tree = 0; tree < 2; tree++) {
		fixture->ended = 0;
		start(fixture, tree, "trap '' TERM HUP INT; echo ready; while :; "
			"do sleep 100; done");
		assert_string_equal(read_line(fixture), "ready");
		spawn_kill(fixture->spawn);
		int status = wait_ended(fixture);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGKILL);
	}
}

static void test_destroy(void **state) {
	struct fixture *fixture = *state;
	for (int tree = 0; tree < 2; tree++) {
		start(fixture, tree, "echo ready; sleep 1000");
		assert_string_equal(read_line(fixture), "ready");
		spawn_destroy(fixture->spawn);
	}
	wait_all_gone(fixture);
	while (has_children()) {
		wl_event_loop_dispatch(fixture->loop, PATIENCE_MS);
	}
	assert_int_equal(fixture->ended, 0);
	spawn_destroy(NULL);
}

// A loop that goes away takes its children along, and nothing leaks (so says LeakSanitizer).
static void test_loop_destroyed(void **state) {
	struct fixture *fixture = *state;
	start(fixture, false, "sleep 1000");
	start(fixture, true, "sleep 1000");
	wl_event_loop_destroy(fixture->loop);
	fixture->loop = wl_event_loop_create();
	wait_all_gone(fixture);
	assert_int_equal(fixture->ended, 0);
	while (waitpid(-1, NULL, 0) > 0) { // the loop that reaps is gone
	}
}

static int try(struct fixture *fixture, const char *program, const char *cwd,
		const char *const *env, bool tree) {
	const char *argv[] = {program, NULL};
	struct spawn_options options = {
		.argv = argv,
		.exec_fd = -1,
		.tty = -1,
		.cwd = cwd,
		.env = env,
		.tree = tree,
	};
	errno = 0;
	assert_null(start_with(fixture, &options));
	return errno;
}

static void test_cannot_execute(void **state) {
	struct fixture *fixture = *state;
	char dir[] = "/tmp/spawn-XXXXXX", path[64], env_path[64];
	assert_non_null(mkdtemp(dir));
	snprintf(env_path, sizeof(env_path), "PATH=/nowhere:%s", dir);
	const char *const env[] = {env_path, NULL};
	for (int tree = 0; tree < 2; tree++) {
		assert_int_equal(try(fixture, "/no/such/program", NULL, NULL, tree), ENOENT);
		assert_int_equal(try(fixture, "no-such-program-in-path", NULL, NULL, tree), ENOENT);
		assert_int_equal(try(fixture, "", NULL, NULL, tree), ENOENT);
		assert_int_equal(try(fixture, dir, NULL, NULL, tree), EACCES);
		assert_int_equal(try(fixture, "true", "/no/such/directory", NULL, tree), ENOTDIR);
		snprintf(path, sizeof(path), "%s/data", dir);
		write_file(path, "no program\n", 0755);
		assert_int_equal(try(fixture, path, NULL, NULL, tree), ENOEXEC);
		assert_int_equal(try(fixture, "data", NULL, env, tree), ENOEXEC); // no shell runs
		write_file(path, "#!/bin/sh\n", 0644);
		assert_int_equal(try(fixture, path, NULL, NULL, tree), EACCES);
		assert_int_equal(try(fixture, "data", NULL, env, tree), EACCES);
		unlink(path);
	}
	rmdir(dir);
	assert_int_equal(fixture->ended, 0);
	assert_false(has_children());
}

static void test_path_of_env(void **state) {
	struct fixture *fixture = *state;
	char dir[] = "/tmp/spawn-XXXXXX", path[64], env_path[64];
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/hello", dir);
	snprintf(env_path, sizeof(env_path), "PATH=/nowhere:%s", dir);
	write_file(path, "#!/bin/sh\necho $0 $1 $A ${HOME-none}\n", 0755);
	const char *const env[] = {env_path, "A=b c", NULL}, *argv[] = {"hello", "you", NULL};
	struct spawn_options options = {.argv = argv, .exec_fd = -1, .tty = -1, .env = env};
	assert_non_null(start_with(fixture, &options));
	char expected[128];
	snprintf(expected, sizeof(expected), "%s you b c none\n", path);
	assert_string_equal(read_all(fixture), expected);
	wait_ended(fixture);
	unlink(path);
	rmdir(dir);
}

// The file is one thing, the name it is called by another.
static void test_prog_apart_from_name(void **state) {
	struct fixture *fixture = *state;
	for (int tree = 0; tree < 2; tree++) {
		const char *argv[] = {"another", "-c", "echo $0", NULL};
		struct spawn_options options = {
			.argv = argv,
			.prog = tree ? "/bin/sh" : "sh",
			.exec_fd = -1,
			.tty = -1,
			.tree = tree,
		};
		fixture->ended = 0;
		assert_non_null(start_with(fixture, &options));
		assert_string_equal(read_line(fixture), "another");
		wait_ended(fixture);
		options.prog = "no-such-program";
		errno = 0;
		assert_null(start_with(fixture, &options));
		assert_int_equal(errno, ENOENT);
	}
}

static void test_cwd(void **state) {
	struct fixture *fixture = *state;
	const char *argv[] = {"pwd", NULL};
	struct spawn_options options = {.argv = argv, .exec_fd = -1, .tty = -1, .cwd = "/proc"};
	assert_non_null(start_with(fixture, &options));
	assert_string_equal(read_all(fixture), "/proc\n");
	wait_ended(fixture);
}

static void test_clean_signals(void **state) {
	struct fixture *fixture = *state;
	for (int tree = 0; tree < 2; tree++) {
		sigset_t set, old;
		sigfillset(&set);
		sigprocmask(SIG_BLOCK, &set, &old);
		signal(SIGPIPE, SIG_IGN);
		signal(SIGUSR2, SIG_IGN);
		fixture->ended = 0;
		const char *argv[] = {"grep", "^Sig[BI]", "/proc/self/status", NULL};
		struct spawn_options options = {.argv = argv, .exec_fd = -1, .tty = -1,
			.tree = tree};
		assert_non_null(start_with(fixture, &options));
		signal(SIGPIPE, SIG_DFL);
		signal(SIGUSR2, SIG_DFL);
		sigprocmask(SIG_SETMASK, &old, NULL);
		assert_string_equal(read_line(fixture), "SigBlk:\t0000000000000000");
		assert_string_equal(read_line(fixture), "SigIgn:\t0000000000000000");
		wait_ended(fixture);
	}
}

static void test_only_named_fds(void **state) {
	struct fixture *fixture = *state;
	int strays[20];
	for (int i = 0; i < 20; i++) {
		strays[i] = open("/dev/null", O_RDONLY); // inherited, were it not for spawn
	}
	for (int tree = 0; tree < 2; tree++) {
		fixture->ended = 0;
		start(fixture, tree, "ls /proc/$$/fd; echo end");
		const char *const expected[] = {"0", "1", "2", "5", "end"};
		for (int i = 0; i < 5; i++) {
			assert_string_equal(read_line(fixture), expected[i]);
		}
		wait_ended(fixture);
	}
	for (int i = 0; i < 20; i++) {
		close(strays[i]);
	}
}

static void test_fds_trade_places(void **state) {
	struct fixture *fixture = *state;
	int a[2], b[2];
	assert_int_equal(pipe2(a, O_CLOEXEC), 0);
	assert_int_equal(pipe2(b, O_CLOEXEC), 0);
	const char *argv[] = {"sh", "-c", "echo a >&$A; echo b >&$B", NULL};
	char env_a[16], env_b[16];
	snprintf(env_a, sizeof(env_a), "A=%d", b[1] < 10 ? b[1] : 3);
	snprintf(env_b, sizeof(env_b), "B=%d", b[1] < 10 ? a[1] : 4);
	const char *const env[] = {env_a, env_b, "PATH=/usr/bin:/bin", NULL};
	// Each to the number of the other, when the shell can write such numbers.
	const struct spawn_fd fds[] = {{a[1], atoi(env_a + 2)}, {b[1], atoi(env_b + 2)}};
	struct spawn_options options = {
		.argv = argv,
		.exec_fd = -1,
		.tty = -1,
		.env = env,
		.fds = fds,
		.fds_size = 2,
	};
	assert_non_null(start_with(fixture, &options));
	wait_ended(fixture);
	char text[3] = "";
	assert_int_equal(read(a[0], text, 2), 2);
	assert_string_equal(text, "a\n");
	assert_int_equal(read(b[0], text, 2), 2);
	assert_string_equal(text, "b\n");
	close_pipe(a);
	close_pipe(b);
}

static int make_memfd(const char *from, const char *text) {
	int memfd = memfd_create("program", MFD_CLOEXEC);
	assert_true(memfd >= 0);
	if (text) {
		assert_int_equal(write(memfd, text, strlen(text)), (ssize_t)strlen(text));
		return memfd;
	}
	char bytes[65536];
	ssize_t got;
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	while ((got = read(fd, bytes, sizeof(bytes))) > 0) {
		assert_int_equal(write(memfd, bytes, (size_t)got), got);
	}
	close(fd);
	return memfd;
}

static void test_exec_fd(void **state) {
	struct fixture *fixture = *state;
	int memfd = make_memfd("/bin/echo", NULL);
	for (int tree = 0; tree < 2; tree++) {
		fixture->ended = 0;
		const char *argv[] = {"nothing-of-that-name", "from", "memory", NULL};
		struct spawn_options options = {.argv = argv, .exec_fd = memfd, .tty = -1,
			.tree = tree};
		assert_non_null(start_with(fixture, &options));
		assert_string_equal(read_line(fixture), "from memory");
		wait_ended(fixture);
	}
	close(memfd);
}

static void test_exec_fd_script(void **state) {
	struct fixture *fixture = *state;
	int memfd = make_memfd(NULL, "#!/bin/sh\necho script $1\n");
	const char *argv[] = {"script", "runs", NULL};
	struct spawn_options options = {.argv = argv, .exec_fd = memfd, .tty = -1, .tree = true};
	assert_non_null(start_with(fixture, &options));
	assert_string_equal(read_line(fixture), "script runs");
	assert_int_equal(wait_ended(fixture), 0);
	close(memfd);
}

static void test_exec_fd_garbage(void **state) {
	struct fixture *fixture = *state;
	int memfd = make_memfd(NULL, "no program");
	const char *argv[] = {"x", NULL};
	struct spawn_options options = {.argv = argv, .exec_fd = memfd, .tty = -1};
	assert_null(start_with(fixture, &options));
	assert_int_equal(errno, ENOEXEC);
	close(memfd);
}

static void test_limit_of_files(void **state) {
	struct fixture *fixture = *state;
	struct rlimit before, more;
	getrlimit(RLIMIT_NOFILE, &before);
	more = before;
	more.rlim_cur = before.rlim_max < 5000 ? before.rlim_max : 5000;
	setrlimit(RLIMIT_NOFILE, &more);
	start(fixture, false, "ulimit -n");
	char expected[32];
	int limit = more.rlim_cur > 1024 ? 1024 : (int)more.rlim_cur;
	snprintf(expected, sizeof(expected), "%d", limit);
	assert_string_equal(read_line(fixture), expected);
	setrlimit(RLIMIT_NOFILE, &before);
	wait_ended(fixture);
}

static void start_on_tty(struct fixture *fixture, bool tree, const char *script, int *master,
		int *tty) {
	const char *argv[] = {"sh", "-c", script, NULL};
	assert_int_equal(openpty(master, tty, NULL, NULL, NULL), 0);
	const struct spawn_fd fds[] = {{fixture->held[1], HELD_FD}};
	struct spawn_options options = {
		.argv = argv,
		.exec_fd = -1,
		.tty = *tty,
		.tree = tree,
		.fds = fds,
		.fds_size = 1,
	};
	assert_non_null(start_with(fixture, &options));
	fixture->out[0] = dup2(*master, fixture->out[0]);
}

static void test_tty(void **state) {
	struct fixture *fixture = *state;
	int master, tty;
	for (int tree = 0; tree < 2; tree++) {
		fixture->ended = 0;
		start_on_tty(fixture, tree, "test -t 0 && test -t 1 && test -t 2 && : >/dev/tty && "
			"ps -o pid=,pgid=,sid=,tpgid= -p $$ | tr -s ' ' | sed 's/^ //'; exit 3",
			&master, &tty);
		char expected[64];
		int pid = (int)spawn_pid(fixture->spawn);
		snprintf(expected, sizeof(expected), "%d %d %d %d\r", pid, pid, pid, pid);
		assert_string_equal(read_line(fixture), expected);
		assert_int_equal(WEXITSTATUS(wait_ended(fixture)), 3);
		close(master);
		close(tty);
	}
}

static void test_interrupt_from_tty(void **state) {
	struct fixture *fixture = *state;
	int master, tty;
	for (int tree = 0; tree < 2; tree++) {
		fixture->ended = 0;
		start_on_tty(fixture, tree, "echo ready; exec sleep 1000", &master, &tty);
		assert_string_equal(read_line(fixture), "ready\r");
		assert_int_equal(write(master, "\x03", 1), 1);
		int status = wait_ended(fixture);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGINT);
		close(master);
		close(tty);
	}
}

static void test_many_at_once(void **state) {
	struct fixture *fixture = *state;
	enum { MANY = 40 };
	for (int i = 0; i < MANY; i++) {
		start(fixture, i % 2, i % 4 < 2 ? "exit 0" : "exec sleep 1000");
		if (i % 4 >= 2) {
			spawn_kill(fixture->spawn);
		}
	}
	while (fixture->ended < MANY) {
		wl_event_loop_dispatch(fixture->loop, PATIENCE_MS);
	}
	assert_int_equal(fixture->ended, MANY);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(exit),
		TEST(killed_by_signal),
		TEST(signal),
		TEST(kill),
		TEST(destroy),
		TEST(loop_destroyed),
		TEST(cannot_execute),
		TEST(path_of_env),
		TEST(prog_apart_from_name),
		TEST(cwd),
		TEST(clean_signals),
		TEST(only_named_fds),
		TEST(fds_trade_places),
		TEST(exec_fd),
		TEST(exec_fd_script),
		TEST(exec_fd_garbage),
		TEST(limit_of_files),
		TEST(tty),
		TEST(interrupt_from_tty),
		TEST(many_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
