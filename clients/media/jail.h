/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_JAIL_H
#define CLIENTS_JAIL_H

#include <stdbool.h>

/*
 * What decodes and encodes runs much code that is not ours on bytes that strangers sent. So that
 * little is gained by taking such a program over, it gives up what it does not need. It reads what
 * GStreamer, Mesa and fonts are made of and no file of the person, writes no file, starts no program,
 * looks into none, meets nobody whom it has not met already, and has a bound of memory.
 *
 * A kernel without Landlock or seccomp is told of in the log, and the program goes on: both are in
 * Debian's. So does a build with a sanitizer, which the walls would stop.
 */

/*
 * From now on files are behind Landlock, memory is bounded and no right is gained any more. For a
 * program with one thread: another that is there already stays outside. `reads` are files and folders
 * that may be read besides, NULL-terminated; "~/" is the person's home, what is not there is passed
 * over. What variables name for GStreamer, libva, Mesa, cursors and fonts may be read too.
 * false: logged; do not go on.
 */
bool jail_close_files(const char *const *reads);

/*
 * From now on all threads have the system calls that encoding, decoding and showing are made of, and
 * no others (seccomp). Connections are made before this. What only an attacker calls, to start a
 * program, look into another or get on the network, ends the program; all else fails.
 * false: logged; do not go on.
 */
bool jail_close_calls(void);

#endif
