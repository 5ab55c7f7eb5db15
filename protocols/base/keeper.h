/* SPDX-License-Identifier: MIT */
#ifndef BASE_KEEPER_H
#define BASE_KEEPER_H

#include <stdnoreturn.h>

#include "base/child.h"

/*
 * The process between us and a program whose whole tree is ours to end, for spawn.c alone. It
 * starts the program, is the parent of every descendant that loses its own, and tells how the
 * program ended. It kills the tree when the program ends, when told to, and when whoever told it is
 * gone.
 *
 * They talk over a SOCK_SEQPACKET pair. To us: the program's pid (pid_t), later its wait status
 * (int). From us: one byte, a signal for the program's process group. The end of the socket, shut
 * down or because we died, means: kill the tree.
 */

/* The life of the keeper, in a process just forked with all signals blocked. */
noreturn void keeper_run(const struct child *child, int report, int control);

#endif
