/* SPDX-License-Identifier: MIT */
/*
 * counted.c - counts system calls that are to be few.
 */
#include "counted.h"

#include <sys/socket.h>

int counted_sends;

ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags) {
	counted_sends++;
	return __real_sendmsg(fd, message, flags);
}
