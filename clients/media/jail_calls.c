/* SPDX-License-Identifier: MIT */
/*
 * jail_calls.c - the system calls of boxcast and boxview, by two filters of which the stricter
 * decides. The first knows what is an attack, and arguments that are never needed; the second knows
 * what is allowed, and to it all else does not exist (ENOSYS), so that a newer C library does without.
 *
 * The list was found by strace over tests/view on amd64, with shared memory and with GL, and by what
 * the same libraries call elsewhere. Refusals are in the kernel's log: journalctl -k -g type=1326
 *
 * Not allowed on purpose: System V shared memory, by which Intel's iHD driver shares work out among the
 * programs that use a processor with two video engines. Whoever may attach a segment may attach each of the
 * person's, windows of X11 programs among them: segments go by number, and no filter tells them apart.
 */
#include "media/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "media/jail_build.h"

#define LOG_MODULE "jail"
#include "base/log.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/* Only who has taken the program over calls these: it ends. */
static const int attacks[] = {
	// another program
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd),
	// somebody else
	SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
	// the kernel
	SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(keyctl), SCMP_SYS(add_key),
	SCMP_SYS(request_key), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(iopl),
	SCMP_SYS(ioperm), SCMP_SYS(modify_ldt),
	// the file system
	SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
	SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount),
	SCMP_SYS(mount_setattr), SCMP_SYS(open_by_handle_at), SCMP_SYS(setns), SCMP_SYS(unshare),
};

/* Libraries may try these, and do without. */
static const int refused[] = {
	SCMP_SYS(creat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(unlink),
	SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(link),
	SCMP_SYS(linkat), SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(mknod), SCMP_SYS(mknodat),
	SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(fchmodat2), SCMP_SYS(chown),
	SCMP_SYS(lchown), SCMP_SYS(fchown), SCMP_SYS(fchownat), SCMP_SYS(truncate), SCMP_SYS(utime),
	SCMP_SYS(utimes), SCMP_SYS(futimesat), SCMP_SYS(utimensat), SCMP_SYS(setxattr),
	SCMP_SYS(lsetxattr),
	SCMP_SYS(fsetxattr), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(setuid), SCMP_SYS(setgid),
	SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setresuid), SCMP_SYS(setresgid),
	SCMP_SYS(setgroups), SCMP_SYS(setsid), SCMP_SYS(setpgid), SCMP_SYS(capset), SCMP_SYS(tkill),
	SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(pidfd_open),
	SCMP_SYS(pidfd_send_signal), SCMP_SYS(sched_setscheduler), SCMP_SYS(sched_setparam),
	SCMP_SYS(sched_setattr), SCMP_SYS(setpriority), SCMP_SYS(ioprio_set),
};

static const int allowed[] = {
	// bytes
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(preadv2),
	SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(pwrite64), SCMP_SYS(pwritev), SCMP_SYS(pwritev2),
	SCMP_SYS(lseek), SCMP_SYS(_llseek), SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(dup),
	SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(fcntl), SCMP_SYS(fcntl64), SCMP_SYS(ioctl),
	SCMP_SYS(flock), SCMP_SYS(ftruncate), SCMP_SYS(ftruncate64), SCMP_SYS(fallocate),
	SCMP_SYS(fadvise64), SCMP_SYS(fadvise64_64), SCMP_SYS(arm_fadvise64_64), SCMP_SYS(memfd_create),
	SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(eventfd), SCMP_SYS(eventfd2),
	// files, as far as Landlock lets
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
	SCMP_SYS(stat), SCMP_SYS(stat64), SCMP_SYS(lstat), SCMP_SYS(lstat64), SCMP_SYS(fstat),
	SCMP_SYS(fstat64), SCMP_SYS(newfstatat), SCMP_SYS(fstatat64), SCMP_SYS(statx), SCMP_SYS(statfs),
	SCMP_SYS(statfs64), SCMP_SYS(fstatfs), SCMP_SYS(fstatfs64), SCMP_SYS(readlink),
	SCMP_SYS(readlinkat), SCMP_SYS(getdents), SCMP_SYS(getdents64), SCMP_SYS(getcwd),
	SCMP_SYS(umask),
	// connections that are there
	SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(recv), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
	SCMP_SYS(send), SCMP_SYS(shutdown), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	// waiting
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(ppoll_time64), SCMP_SYS(select), SCMP_SYS(_newselect),
	SCMP_SYS(pselect6), SCMP_SYS(pselect6_time64), SCMP_SYS(epoll_create), SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2),
	SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_settime64),
	SCMP_SYS(timerfd_gettime), SCMP_SYS(timerfd_gettime64), SCMP_SYS(signalfd), SCMP_SYS(signalfd4),
	SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_nanosleep_time64),
	SCMP_SYS(pause), SCMP_SYS(restart_syscall), SCMP_SYS(alarm), SCMP_SYS(setitimer),
	// memory
	SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(munmap), SCMP_SYS(mprotect), SCMP_SYS(mremap),
	SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(msync), SCMP_SYS(mincore), SCMP_SYS(mlock),
	SCMP_SYS(mlock2), SCMP_SYS(munlock), SCMP_SYS(membarrier), SCMP_SYS(get_mempolicy),
	SCMP_SYS(mbind), SCMP_SYS(cacheflush), SCMP_SYS(riscv_flush_icache),
	// threads
	SCMP_SYS(futex), SCMP_SYS(futex_time64), SCMP_SYS(futex_waitv), SCMP_SYS(set_robust_list),
	SCMP_SYS(get_robust_list), SCMP_SYS(rseq), SCMP_SYS(set_tid_address), SCMP_SYS(exit),
	SCMP_SYS(exit_group), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_getscheduler), SCMP_SYS(sched_getparam), SCMP_SYS(sched_getattr),
	SCMP_SYS(sched_get_priority_max), SCMP_SYS(sched_get_priority_min),
	SCMP_SYS(sched_rr_get_interval), SCMP_SYS(getpriority), SCMP_SYS(getcpu), SCMP_SYS(arch_prctl),
	SCMP_SYS(set_thread_area), SCMP_SYS(get_thread_area), SCMP_SYS(set_tls),
	// signals
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigreturn),
	SCMP_SYS(rt_sigpending), SCMP_SYS(rt_sigsuspend), SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(rt_sigtimedwait_time64), SCMP_SYS(sigaltstack),
	// what is
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64), SCMP_SYS(clock_getres),
	SCMP_SYS(clock_getres_time64), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(times),
	SCMP_SYS(getrusage), SCMP_SYS(getrlimit), SCMP_SYS(ugetrlimit), SCMP_SYS(sysinfo),
	SCMP_SYS(uname), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(getppid), SCMP_SYS(getpgrp), SCMP_SYS(getuid), SCMP_SYS(getuid32), SCMP_SYS(geteuid),
	SCMP_SYS(geteuid32), SCMP_SYS(getgid), SCMP_SYS(getgid32), SCMP_SYS(getegid),
	SCMP_SYS(getegid32), SCMP_SYS(getresuid), SCMP_SYS(getresuid32), SCMP_SYS(getresgid),
	SCMP_SYS(getresgid32), SCMP_SYS(getgroups), SCMP_SYS(getgroups32),
};

#define SIZE(list) (sizeof(list) / sizeof((list)[0]))
#define NEW_SPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	CLONE_NEWPID | CLONE_NEWNET)

/* Adds rules until one fails: what seccomp answered last stays. */
struct rules {
	scmp_filter_ctx filter;
	int trouble; // 0, or -errno
};

#define rule(rules, action, name, ...) \
	add(rules, action, SCMP_SYS(name), SIZE(((struct scmp_arg_cmp[]){__VA_ARGS__})), \
		(struct scmp_arg_cmp[]){__VA_ARGS__})

static void add(struct rules *rules, uint32_t action, int call, size_t count,
		const struct scmp_arg_cmp *args) {
	if (rules->trouble == 0) {
		rules->trouble = seccomp_rule_add_array(rules->filter, action, call, (unsigned int)count, args);
	}
}

static void add_list(struct rules *rules, uint32_t action, const int *calls, size_t count) {
	for (size_t i = 0; i < count; i++) {
		add(rules, action, calls[i], 0, NULL);
	}
}

/* What is an attack or never needed, for some arguments only. */
static void hostile_arguments(struct rules *rules) {
	uint32_t no = SCMP_ACT_ERRNO(EACCES);
	static const int makes[] = {O_CREAT, O_TRUNC, O_TMPFILE & ~O_DIRECTORY};
	for (size_t i = 0; i < SIZE(makes); i++) {
		uint64_t flag = (uint64_t)makes[i];
		rule(rules, no, open, SCMP_A1(SCMP_CMP_MASKED_EQ, flag, flag));
		rule(rules, no, openat, SCMP_A2(SCMP_CMP_MASKED_EQ, flag, flag));
	}
	// a terminal would be told what its person did not type
	rule(rules, no, ioctl, SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, TIOCSTI));
	rule(rules, no, ioctl, SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, TIOCLINUX));
	// the kernel would send a signal of their choice to a program of their choice
	static const int owners[] = {F_SETOWN, F_SETOWN_EX, F_SETSIG};
	for (size_t i = 0; i < SIZE(owners); i++) {
		uint64_t command = (uint64_t)owners[i];
		rule(rules, no, fcntl, SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, command));
		rule(rules, no, fcntl64, SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, command));
	}
	rule(rules, no, ioctl, SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, FIOSETOWN));
	rule(rules, no, ioctl, SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, SIOCSPGRP));
	static const int networks[] = {AF_INET, AF_INET6, AF_PACKET, AF_VSOCK};
	for (size_t i = 0; i < SIZE(networks); i++) {
		rule(rules, SCMP_ACT_KILL_PROCESS, socket, SCMP_A0(SCMP_CMP_EQ, (uint64_t)networks[i]));
	}
}

/* What is allowed for some arguments only. */
static void allow_arguments(struct rules *rules) {
	static const int options[] = {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_SET_TIMERSLACK,
		PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS, PR_CAPBSET_READ};
	uint64_t me = (uint64_t)getpid();
	uint32_t no = SCMP_ACT_ERRNO(EPERM);
	for (size_t i = 0; i < SIZE(options); i++) {
		rule(rules, SCMP_ACT_ALLOW, prctl, SCMP_A0(SCMP_CMP_EQ, (uint64_t)options[i]));
	}
	// some libraries ask a name service or a daemon, and do without
	rule(rules, SCMP_ACT_ERRNO(EACCES), socket, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	rule(rules, SCMP_ACT_ERRNO(EACCES), socket, SCMP_A0(SCMP_CMP_EQ, AF_NETLINK));
	// threads, by the call whose flags can be seen; glibc takes it where there is no clone3
	rule(rules, SCMP_ACT_ALLOW, clone,
		SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | NEW_SPACES, CLONE_THREAD));
	rule(rules, no, clone, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	rule(rules, SCMP_ACT_ALLOW, kill, SCMP_A0(SCMP_CMP_EQ, me));
	rule(rules, SCMP_ACT_ALLOW, tgkill, SCMP_A0(SCMP_CMP_EQ, me));
	rule(rules, no, kill, SCMP_A0(SCMP_CMP_NE, me));
	rule(rules, no, tgkill, SCMP_A0(SCMP_CMP_NE, me));
	// 0 is oneself; a thread that is named by its number may as well be another program
	rule(rules, SCMP_ACT_ALLOW, prlimit64, SCMP_A0(SCMP_CMP_EQ, 0));
	rule(rules, SCMP_ACT_ALLOW, sched_setaffinity, SCMP_A0(SCMP_CMP_EQ, 0));
	rule(rules, no, prlimit64, SCMP_A0(SCMP_CMP_NE, 0));
	rule(rules, no, sched_setaffinity, SCMP_A0(SCMP_CMP_NE, 0));
	// Mesa: whether two descriptors are the same device
	rule(rules, SCMP_ACT_ALLOW, kcmp, SCMP_A0(SCMP_CMP_EQ, me), SCMP_A1(SCMP_CMP_EQ, me),
		SCMP_A2(SCMP_CMP_EQ, KCMP_FILE));
	// GLib makes these to wake a thread; one of datagrams could be sent anywhere from
	rule(rules, SCMP_ACT_ALLOW, socketpair,
		SCMP_A1(SCMP_CMP_MASKED_EQ, (uint64_t)~(SOCK_CLOEXEC | SOCK_NONBLOCK), SOCK_STREAM));
}

/* 0 or -errno. All threads get it. */
static int load(uint32_t otherwise, void (*fill)(struct rules *rules)) {
	struct rules rules = {.filter = seccomp_init(otherwise)};
	if (!rules.filter) {
		return -ENOMEM;
	}
	seccomp_attr_set(rules.filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	seccomp_attr_set(rules.filter, SCMP_FLTATR_CTL_TSYNC, 1);
	seccomp_attr_set(rules.filter, SCMP_FLTATR_CTL_LOG, 1);
	seccomp_attr_set(rules.filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); // a tree: the list is long
	fill(&rules);
	if (rules.trouble == 0) {
		rules.trouble = seccomp_load(rules.filter);
	}
	seccomp_release(rules.filter);
	return rules.trouble;
}

static void fill_hostile(struct rules *rules) {
	add_list(rules, SCMP_ACT_KILL_PROCESS, attacks, SIZE(attacks));
	hostile_arguments(rules);
}

static void fill_allowed(struct rules *rules) {
	add_list(rules, SCMP_ACT_ALLOW, allowed, SIZE(allowed));
	add_list(rules, SCMP_ACT_ERRNO(EPERM), refused, SIZE(refused));
	allow_arguments(rules);
}

bool jail_close_calls(void) {
	if (JAIL_SANITIZED) {
		return true; // said already
	}
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) {
		log_info("this kernel has no seccomp: no system call is closed off here");
		return true;
	}
	// the second does not let another be loaded
	int trouble = load(SCMP_ACT_ALLOW, fill_hostile);
	if (trouble == 0) {
		trouble = load(SCMP_ACT_ERRNO(ENOSYS), fill_allowed);
	}
	if (trouble != 0) {
		log_error("system calls cannot be closed off: %s", strerror(-trouble));
	}
	return trouble == 0;
}
