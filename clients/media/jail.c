/* SPDX-License-Identifier: MIT */
/*
 * jail.c - what boxcast and boxview give up: files by Landlock, memory by limits. The system calls
 * are jail_calls.c's.
 */
#include "media/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "media/jail_build.h"

#define LOG_MODULE "jail"
#include "base/log.h"

#define GIB (UINT64_C(1) << 30)
#define FIRST_TO_GO "500" // when memory runs out: rather a view than the desktop

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define USES (READS | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_IOCTL_DEV)
#define OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	LANDLOCK_ACCESS_FS_IOCTL_DEV) // the others are of folders only

/* What libraries, drivers and fonts are made of, and what these ask the kernel for. */
static const char *const needed[] = {
	"/usr", "/lib", "/lib64", "/var/cache/fontconfig",
	"/etc/alternatives", "/etc/drirc", "/etc/fonts", "/etc/glvnd", "/etc/ld.so.cache",
	"/etc/ld.so.preload", "/etc/libva.conf", "/etc/localtime",
	"/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm/overcommit_memory",
	"/proc/devices", "/proc/driver/nvidia", "/proc/modules", // NVIDIA's libraries look for theirs
	"/run/udev/data", "/sys/bus", "/sys/class", "/sys/dev/char", "/sys/devices",
	"/dev/random", "/dev/urandom", "/dev/zero",
};

static const char *const devices[] = {
	"/dev/dri", "/dev/null", "/dev/nvidia0", "/dev/nvidia1", "/dev/nvidia2", "/dev/nvidia3",
	"/dev/nvidia-modeset", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidiactl",
};

/* Variables with folders, or files, between colons. */
static const char *const variables[] = {
	"FONTCONFIG_FILE", "FONTCONFIG_PATH", "GBM_BACKENDS_PATH", "GST_PLUGIN_PATH",
	"GST_PLUGIN_PATH_1_0", "GST_PLUGIN_SYSTEM_PATH", "GST_PLUGIN_SYSTEM_PATH_1_0",
	"LD_LIBRARY_PATH", "LIBGL_DRIVERS_PATH", "LIBVA_DRIVERS_PATH", "XCURSOR_PATH",
	"__EGL_VENDOR_LIBRARY_DIRS",
};

/* Kernels know rights one after another: those up to its version of Landlock can be taken. */
static uint64_t handled_files(int version) {
	uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; // of version 1
	all |= version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
	all |= version >= 3 ? LANDLOCK_ACCESS_FS_TRUNCATE : 0;
	all |= version >= 5 ? LANDLOCK_ACCESS_FS_IOCTL_DEV : 0;
	return all;
}

static int open_ruleset(int version) {
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = handled_files(version),
		.handled_access_net = version >= 4 ?
			LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP : 0,
		.scoped = version >= 6 ?
			LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL : 0,
	};
	return (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
}

/* false: see errno. What is not there needs no rule. */
static bool allow(int ruleset, const char *path, uint64_t rights) {
	struct stat st;
	int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0) {
		return true;
	}
	bool good = fstat(fd, &st) == 0;
	const struct landlock_path_beneath_attr rule = {
		.allowed_access = good && S_ISDIR(st.st_mode) ? rights : rights & OF_FILES,
		.parent_fd = fd,
	};
	good = good && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule,
		0) == 0;
	int error = errno;
	close(fd);
	errno = error;
	return good;
}

/* A path of somebody's choice: "~/" is the home; a name that is not absolute is nobody's. */
static bool allow_read(int ruleset, const char *path) {
	const char *home = getenv("HOME");
	char *whole = NULL;
	bool at_home = path[0] == '~' && path[1] == '/' && home && home[0] == '/';
	if (at_home && asprintf(&whole, "%s%s", home, path + 1) < 0) {
		errno = ENOMEM;
		return false;
	}
	const char *place = at_home ? whole : path;
	bool good = place[0] != '/' || allow(ruleset, place, READS);
	free(whole);
	return good;
}

static bool allow_variable(int ruleset, const char *name) {
	const char *value = getenv(name);
	char *copy = strdup(value ? value : ""), *rest = copy, *path;
	bool good = copy;
	while (good && (path = strsep(&rest, ":"))) {
		good = allow_read(ruleset, path);
	}
	free(copy);
	return good;
}

static bool allow_all(int ruleset, int version, const char *const *reads) {
	bool good = true;
	uint64_t uses = USES & handled_files(version);
	for (size_t i = 0; good && i < sizeof(needed) / sizeof(needed[0]); i++) {
		good = allow(ruleset, needed[i], READS);
	}
	for (size_t i = 0; good && i < sizeof(devices) / sizeof(devices[0]); i++) {
		good = allow(ruleset, devices[i], uses);
	}
	for (size_t i = 0; good && i < sizeof(variables) / sizeof(variables[0]); i++) {
		good = allow_variable(ruleset, variables[i]);
	}
	for (; good && reads && *reads; reads++) {
		good = allow_read(ruleset, *reads);
	}
	return good;
}

static bool close_files(const char *const *reads) {
	int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
		LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1) {
		log_info("this kernel has no Landlock (%s): nothing but the person's own rights bounds what "
			"is read and written here", strerror(errno));
		return true;
	}
	int ruleset = open_ruleset(version);
	bool good = ruleset >= 0 && allow_all(ruleset, version, reads) &&
		syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
	if (!good) {
		log_errno("files cannot be closed off by Landlock %d", version);
	}
	if (ruleset >= 0) {
		close(ruleset);
	}
	return good;
}

static void lower(__rlimit_resource_t resource, uint64_t most) {
	struct rlimit limit;
	if (getrlimit(resource, &limit) == 0 && limit.rlim_max > most) {
		limit.rlim_max = (rlim_t)most;
		limit.rlim_cur = limit.rlim_cur > most ? (rlim_t)most : limit.rlim_cur;
		setrlimit(resource, &limit);
	}
}

/* Half of the memory there is, 1 GiB on a small machine. In 4 the largest pictures have room. */
static void bound_memory(void) {
	struct sysinfo info;
	uint64_t half = sysinfo(&info) == 0 ? (uint64_t)info.totalram * info.mem_unit / 2 : GIB;
	lower(RLIMIT_DATA, half < GIB ? GIB : half > 4 * GIB ? 4 * GIB : half);
	lower(RLIMIT_FSIZE, GIB); // of one memfd: there are no other files that grow
	signal(SIGXFSZ, SIG_IGN); // more is refused, and ends nobody
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		(void)!write(fd, FIRST_TO_GO, strlen(FIRST_TO_GO));
		close(fd);
	}
}

bool jail_close_files(const char *const *reads) {
	if (JAIL_SANITIZED) {
		log_info("there is no jail: it would stop the sanitizer in this build");
		return true;
	}
	bound_memory();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		log_errno("rights cannot be given up");
		return false;
	}
	return close_files(reads);
}
