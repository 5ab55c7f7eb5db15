/* SPDX-License-Identifier: MIT */
/*
 * breakout.c - does what somebody would who has taken boxcast or boxview over, behind their walls.
 *
 *     breakout jail|free ACT [PATH]
 *
 * Enters the jail (or does not, to show what the act is without), does one thing, and says "done" or
 * the name of the errno. What is expected of each is told in test_jail.py.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "media/jail.h"

#define GIB (1l << 30)

static const char *path;
static pid_t child; // a program of the same person
static int tcp, unix_stream, terminal; // opened before

/* Each is 0, or -1 with errno. */

static int act_read(void) {
	return open(path, O_RDONLY) < 0 ? -1 : 0;
}

static int act_list(void) {
	return open(path, O_RDONLY | O_DIRECTORY) < 0 ? -1 : 0;
}

static int act_write(void) {
	return open(path, O_WRONLY | O_APPEND) < 0 ? -1 : 0;
}

static int act_create(void) {
	return open(path, O_WRONLY | O_CREAT, 0600) < 0 ? -1 : 0;
}

static int act_nameless(void) {
	return open(path, O_RDWR | O_TMPFILE, 0600) < 0 ? -1 : 0;
}

static int act_truncate(void) {
	return truncate(path, 0);
}

static int act_unlink(void) {
	return unlink(path);
}

static int act_mkdir(void) {
	return mkdir(path, 0700);
}

static int act_chmod(void) {
	return chmod(path, 0777);
}

static int act_program(void) {
	return execl(path, path, NULL);
}

static int act_fork(void) {
	pid_t pid = fork();
	if (pid == 0) {
		_exit(0);
	}
	return pid < 0 ? -1 : 0;
}

static int act_signal(void) {
	return kill(child, SIGTERM);
}

static int act_limit(void) {
	const struct rlimit none = {0, 0};
	return prlimit(child, RLIMIT_NOFILE, &none, NULL);
}

static int act_pin(void) {
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	return sched_setaffinity(child, sizeof(one), &one);
}

static int act_own(void) { // one's own limits and place
	cpu_set_t all;
	struct rlimit limit;
	bool good = prlimit(0, RLIMIT_NOFILE, NULL, &limit) == 0 &&
		prlimit(0, RLIMIT_NOFILE, &limit, NULL) == 0 &&
		sched_getaffinity(0, sizeof(all), &all) == 0 && sched_setaffinity(0, sizeof(all), &all) == 0;
	return good ? 0 : -1;
}

static int act_tell(void) { // the kernel tells the owner of news
	return fcntl(unix_stream, F_SETOWN, child);
}

static int act_tell_exactly(void) {
	const struct f_owner_ex owner = {F_OWNER_PID, child};
	return fcntl(unix_stream, F_SETOWN_EX, &owner);
}

static int act_tell_socket(void) {
	return ioctl(unix_stream, FIOSETOWN, &child);
}

static int act_tell_by_kill(void) { // and by which signal
	return fcntl(unix_stream, F_SETSIG, SIGKILL);
}

static int act_attach(void) {
	if (ptrace(PTRACE_ATTACH, child, NULL, NULL) < 0) {
		return -1;
	}
	kill(child, SIGKILL); // it would stand still
	return 0;
}

static int act_look(void) {
	char byte;
	struct iovec to = {&byte, 1}, from = {(void *)&path, 1}; // the same place in a child
	return process_vm_readv(child, &to, 1, &from, 1, 0) == 1 ? 0 : -1;
}

static int act_environment(void) {
	char name[64];
	snprintf(name, sizeof(name), "/proc/%d/environ", (int)child);
	return open(name, O_RDONLY) < 0 ? -1 : 0;
}

static int act_internet(void) {
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? -1 : 0;
}

static int act_datagram(void) {
	return socket(AF_INET6, SOCK_DGRAM, 0) < 0 ? -1 : 0;
}

static int act_unix(void) {
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? -1 : 0;
}

static int act_pair(void) {
	int two[2];
	return socketpair(AF_UNIX, SOCK_DGRAM, 0, two);
}

static int act_sysv(void) {
	int id = shmget(IPC_PRIVATE, 4096, 0600);
	return id < 0 ? -1 : shmctl(id, IPC_RMID, NULL);
}

static int act_listen(void) {
	const struct sockaddr_in address = {.sin_family = AF_INET};
	return bind(tcp, (const struct sockaddr *)&address, sizeof(address));
}

static int act_meet(void) {
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return connect(unix_stream, (const struct sockaddr *)&address, sizeof(address));
}

static int act_type(void) {
	return ioctl(terminal, TIOCSTI, "x");
}

static int act_mount(void) {
	return mount("none", path, "tmpfs", 0, NULL);
}

static int act_space(void) {
	return unshare(CLONE_NEWUSER);
}

static int act_ring(void) {
	char params[120] = {0};
	return (int)syscall(SYS_io_uring_setup, 1, params);
}

static int act_faults(void) {
	return (int)syscall(SYS_userfaultfd, 1);
}

static int act_bpf(void) {
	char attr[64] = {0};
	return (int)syscall(SYS_bpf, 0, attr, sizeof(attr));
}

static int act_memory(void) {
	return mmap(NULL, 5 * GIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		-1, 0) == MAP_FAILED ? -1 : 0;
}

static int act_shared(void) {
	return ftruncate(memfd_create("large", 0), 2 * GIB);
}

static int act_picture(void) {
	return mmap(NULL, GIB / 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		MAP_FAILED ? -1 : ftruncate(memfd_create("picture", 0), GIB / 4);
}

static void *read_in_thread(void *data) {
	int *error = data;
	*error = act_read() < 0 ? errno : 0;
	return NULL;
}

static int act_thread(void) {
	int error;
	pthread_t thread;
	errno = pthread_create(&thread, NULL, read_in_thread, &error);
	if (errno != 0) {
		return -1;
	}
	pthread_join(thread, NULL);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* A thread that was there before. */

static int go[2];

static void *wait_and_run(void *data) {
	char byte;
	if (read(go[0], &byte, 1) == 1) {
		act_program();
	}
	return NULL;
}

static pthread_t early;

static int act_early(void) {
	if (write(go[1], "x", 1) != 1) {
		return -1;
	}
	pthread_join(early, NULL);
	errno = ECHILD; // it would be another program by now
	return -1;
}

static const struct {
	const char *name;
	int (*act)(void);
} acts[] = {
	{"attach", act_attach}, {"bpf", act_bpf}, {"chmod", act_chmod}, {"create", act_create},
	{"datagram", act_datagram}, {"early", act_early}, {"environment", act_environment},
	{"faults", act_faults}, {"fork", act_fork}, {"internet", act_internet}, {"limit", act_limit},
	{"list", act_list}, {"listen", act_listen}, {"look", act_look}, {"meet", act_meet},
	{"memory", act_memory}, {"mkdir", act_mkdir}, {"mount", act_mount},
	{"nameless", act_nameless}, {"own", act_own}, {"pair", act_pair}, {"picture", act_picture},
	{"pin", act_pin}, {"program", act_program}, {"read", act_read}, {"ring", act_ring},
	{"shared", act_shared}, {"signal", act_signal}, {"space", act_space}, {"sysv", act_sysv},
	{"tell", act_tell},
	{"tell-by-kill", act_tell_by_kill}, {"tell-exactly", act_tell_exactly},
	{"tell-socket", act_tell_socket}, {"thread", act_thread}, {"truncate", act_truncate},
	{"type", act_type}, {"unix", act_unix}, {"unlink", act_unlink}, {"write", act_write},
};

/* What such a program may have of before. */
static bool prepare(void) {
	int lives[2];
	char byte;
	if (pipe(lives) < 0) {
		return false;
	}
	child = fork();
	if (child == 0) {
		close(lives[1]);
		_exit((int)read(lives[0], &byte, 1)); // until its parent is no more
	}
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	unix_stream = socket(AF_UNIX, SOCK_STREAM, 0);
	terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	return child > 0 && tcp >= 0 && unix_stream >= 0 && terminal >= 0 && pipe(go) == 0;
}

/* false: it was said why. */
static bool enter(const char *act) {
	if (!jail_close_files(NULL)) {
		return false;
	}
	if (strcmp(act, "early") == 0 && pthread_create(&early, NULL, wait_and_run, NULL) != 0) {
		return false;
	}
	return jail_close_calls();
}

int main(int argc, char *argv[]) {
	if (argc < 3) {
		return 2;
	}
	path = argc > 3 ? argv[3] : "";
	if (!prepare() || (strcmp(argv[1], "jail") == 0 && !enter(argv[2]))) {
		perror("breakout");
		return 2;
	}
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (strcmp(acts[i].name, argv[2]) == 0) {
			puts(acts[i].act() == 0 ? "done" : strerrorname_np(errno));
			fflush(stdout);
			_exit(0);
		}
	}
	return 2;
}
