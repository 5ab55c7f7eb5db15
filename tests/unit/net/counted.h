/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_NET_COUNTED_H
#define TESTS_UNIT_NET_COUNTED_H

/* How often the code under test has asked the system to send; the linker wraps sendmsg. */
extern int counted_sends;

#endif
