/* SPDX-License-Identifier: MIT */
/*
 * keeper.c - a process that keeps a tree of processes together. Forked without exec, perhaps out of
 * a program with threads: it calls only what is async-signal-safe, and no malloc.
 *
 * That nothing is left is known from wait(2), which cannot be fooled: whoever loses his parent
 * becomes our child. /proc is only read to find whom to kill next.
 */
#include "base/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONTROL_FD 3
#define SIGNAL_FD 4
#define PROCESSES_MAX (1 << 20)
#define PASS_MS 20      // between two attempts to kill what is left
#define PATIENCE_MS 1000 // the program's end is told then, though some of its tree cannot be killed

struct process {
	pid_t pid, parent, group;
	bool ours;
};

struct keeper {
	pid_t program;
	bool ended, told, killing, alone; // alone: no child is left
	int status;
	int64_t ended_ms;
	bool listening; // CONTROL_FD has not come to its end
	struct process *processes; // room for PROCESSES_MAX, touched as needed
};

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// "PID (COMM) STATE PARENT GROUP …": COMM may hold anything, the last ")" ends it.
static bool read_process(struct process *process, const char *pid) {
	char path[64] = "/proc/", text[512];
	strcat(strcat(path, pid), "/stat");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return false;
	}
	ssize_t size = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (size <= 0) {
		return false;
	}
	text[size] = '\0';
	const char *at = strrchr(text, ')');
	long numbers[2] = {0, 0};
	if (!at || strlen(at) < 4) {
		return false;
	}
	at += 4; // ") S "
	for (int i = 0; i < 2; i++, at++) {
		for (; *at >= '0' && *at <= '9'; at++) {
			numbers[i] = numbers[i] * 10 + (*at - '0');
		}
	}
	process->pid = 0;
	for (; *pid; pid++) {
		process->pid = process->pid * 10 + (*pid - '0');
	}
	process->parent = (pid_t)numbers[0];
	process->group = (pid_t)numbers[1];
	process->ours = false;
	return true;
}

// All processes, by pid.
static int list_processes(struct process *processes) {
	struct entry { // struct linux_dirent64 of getdents64(2)
		uint64_t inode, offset;
		unsigned short size;
		unsigned char type;
		char name[];
	};
	_Alignas(struct entry) char entries[8192];
	int dir = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int count = 0;
	long size;
	while (dir >= 0 && (size = syscall(SYS_getdents64, dir, entries, sizeof(entries))) > 0) {
		for (long at = 0; at < size && count < PROCESSES_MAX;) {
			struct entry *entry = (struct entry *)(entries + at);
			at += entry->size;
			const char *name = entry->name;
			if (name[0] >= '1' && name[0] <= '9' && strlen(name) < 16 &&
					read_process(&processes[count], name)) {
				count++;
			}
		}
	}
	if (dir >= 0) {
		close(dir);
	}
	return count;
}

static struct process *find_process(struct process *processes, int count, pid_t pid) {
	int low = 0, high = count;
	while (low < high) {
		int middle = (low + high) / 2;
		if (processes[middle].pid < pid) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low < count && processes[low].pid == pid ? &processes[low] : NULL;
}

// Marks our descendants. Pids wrap, so a child may stand before its parent.
static void mark_tree(struct process *processes, int count) {
	pid_t self = getpid();
	bool more = true;
	while (more) {
		more = false;
		for (int i = 0; i < count; i++) {
			struct process *process = &processes[i];
			if (process->ours) {
				continue;
			}
			struct process *parent = find_process(processes, count, process->parent);
			if (process->parent == self || (parent && parent->ours)) {
				process->ours = true;
				more = true;
			}
		}
	}
}

static void kill_tree(struct keeper *keeper) {
	if (!keeper->ended) {
		kill(-keeper->program, SIGKILL);
	}
	struct process *processes = keeper->processes;
	int count = processes ? list_processes(processes) : 0;
	mark_tree(processes, count);
	pid_t own = getpgrp(), last = 0; // who has not yet left our group is killed alone
	for (int i = 0; i < count; i++) {
		if (!processes[i].ours) {
			continue;
		}
		// A whole group at once: a member that is forking cannot slip away. Their session
		// is their own, so no group of theirs has others in it.
		pid_t group = processes[i].group;
		if (group > 1 && group != own && group != last) {
			last = group;
			kill(-group, SIGKILL);
		}
		kill(processes[i].pid, SIGKILL);
	}
}

static void reap(struct keeper *keeper) {
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == keeper->program) {
			keeper->ended = true;
			keeper->ended_ms = now_ms();
			keeper->status = status;
			keeper->killing = true;
		}
	}
	keeper->alone = pid < 0 && errno == ECHILD;
}

static void tell(struct keeper *keeper) {
	if (keeper->ended && !keeper->told &&
			(keeper->alone || now_ms() - keeper->ended_ms >= PATIENCE_MS)) {
		keeper->told = true;
		send(CONTROL_FD, &keeper->status, sizeof(keeper->status), MSG_NOSIGNAL);
	}
}

static void hear_control(struct keeper *keeper) {
	uint8_t order;
	ssize_t size = recv(CONTROL_FD, &order, 1, MSG_DONTWAIT);
	if (size == 1) {
		if (!keeper->ended) {
			kill(-keeper->program, order);
		}
	} else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
		keeper->killing = true;
		keeper->listening = false;
	}
}

static void hear_signal(struct keeper *keeper) {
	struct signalfd_siginfo info;
	while (read(SIGNAL_FD, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTERM) {
			keeper->killing = true;
		}
	}
}

noreturn static void keep(struct keeper *keeper) {
	for (;;) {
		reap(keeper);
		tell(keeper);
		if (keeper->alone) {
			_exit(0);
		}
		if (keeper->killing) {
			kill_tree(keeper);
		}
		struct pollfd fds[] = {
			{.fd = SIGNAL_FD, .events = POLLIN},
			{.fd = keeper->listening ? CONTROL_FD : -1, .events = POLLIN},
		};
		// Orphans are told by SIGCHLD; the time is for who was forked behind our back.
		if (poll(fds, 2, keeper->killing ? PASS_MS : -1) > 0) {
			if (fds[0].revents) {
				hear_signal(keeper);
			}
			if (fds[1].revents) {
				hear_control(keeper);
			}
		}
	}
}

// Holds nothing that was not made for it: a pipe kept open here would never end there.
static bool arrange_fds(int control, int signals) {
	control = fcntl(control, F_DUPFD_CLOEXEC, SIGNAL_FD + 1);
	signals = fcntl(signals, F_DUPFD_CLOEXEC, SIGNAL_FD + 1);
	if (control < 0 || signals < 0 || dup2(control, CONTROL_FD) < 0 ||
			dup2(signals, SIGNAL_FD) < 0 || close_range(SIGNAL_FD + 1, ~0U, 0) < 0) {
		return false;
	}
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; i < 3; i++) {
		if (null < 0 || dup2(null, i) < 0) {
			close(i);
		}
	}
	if (null > 2) {
		close(null);
	}
	return chdir("/") == 0;
}

static int watch_signals(void) {
	struct sigaction usual = {.sa_handler = SIG_DFL};
	sigaction(SIGCHLD, &usual, NULL); // ignored, it would reap by itself
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

noreturn void keeper_run(const struct child *child, int report, int control) {
	struct keeper keeper = {.listening = true};
	pid_t self = getpid();
	int signals = watch_signals();
	bool good = signals >= 0 && setsid() >= 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
	if (good) {
		prctl(PR_SET_NAME, "boxkeep");
		keeper.program = fork();
		if (keeper.program == 0) {
			child_exec(child, self, report);
		}
	}
	if (!good || keeper.program < 0) {
		int error = errno;
		ssize_t written = write(report, &error, sizeof(error));
		_exit(written == sizeof(error) ? 127 : 126);
	}
	send(control, &keeper.program, sizeof(keeper.program), MSG_NOSIGNAL);
	if (!arrange_fds(control, signals)) {
		kill(keeper.program, SIGKILL);
		_exit(126);
	}
	void *room = mmap(NULL, PROCESSES_MAX * sizeof(struct process), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	keeper.processes = room != MAP_FAILED ? room : NULL;
	keep(&keeper);
}
