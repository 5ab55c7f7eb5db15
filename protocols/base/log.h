/* SPDX-License-Identifier: MIT */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>

/*
 * What a program says to whoever reads its log: one line an event, on stderr, said once, where the
 * cause is known. A peer's mistakes are said to the peer and logged at debug only.
 *
 * A file that logs defines LOG_MODULE before it includes this, so each line names its room.
 */

enum log_level {
	LOG_ERROR,
	LOG_INFO,
	LOG_DEBUG,
};

/*
 * From now on prints lines up to this level, after "program: ". The name is not copied. Control
 * characters in a line are printed as "?"; errno is as it was.
 */
void log_init(const char *program, enum log_level level);
enum log_level log_level(void);

void log_line(enum log_level level, const char *module, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* An error, with ": " and the text of errno behind it. */
void log_line_errno(const char *module, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_vline(enum log_level level, const char *module, const char *fmt, va_list args);

#ifdef LOG_MODULE
#define log_error(...) log_line(LOG_ERROR, LOG_MODULE, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, LOG_MODULE, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, LOG_MODULE, __VA_ARGS__)
#define log_errno(...) log_line_errno(LOG_MODULE, __VA_ARGS__)
#endif

#endif
