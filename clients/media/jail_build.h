/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_JAIL_BUILD_H
#define CLIENTS_JAIL_BUILD_H

/*
 * Whether a sanitizer is in this build. Its runtime writes reports where it is told, starts a program
 * to name functions, and looks for leaks at the end from a process that attaches to this one.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define JAIL_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define JAIL_SANITIZED 1
#endif
#endif
#ifndef JAIL_SANITIZED
#define JAIL_SANITIZED 0
#endif

#endif
