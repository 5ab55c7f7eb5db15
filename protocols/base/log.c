/* SPDX-License-Identifier: MIT */
/*
 * log.c - lines on stderr, one an event. What is worth a line is decided by whoever logs.
 *
 * The level and the program's name are the one state of the process that is kept here: set at
 * start, read ever after.
 */
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static const char *log_program;
static enum log_level log_limit = LOG_INFO;

void log_init(const char *program, enum log_level level) {
	log_program = program;
	log_limit = level;
}

enum log_level log_level(void) {
	return log_limit;
}

// One event is one line, whatever a peer put into a string that is logged.
static void keep_one_line(char *text) {
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < 0x20 || c == 0x7f) {
			*text = '?';
		}
	}
}

static void put_line(enum log_level level, const char *module, const char *error, const char *fmt,
		va_list args) {
	if (level > log_limit) {
		return;
	}
	int saved = errno; // for whoever logs before he answers with it
	char line[LINE_MAX_BYTES];
	size_t room = sizeof(line) - 1; // of text; the last byte is the newline's
	int size = snprintf(line, room, "%s%s%s: ", log_program ? log_program : "",
		log_program ? ": " : "", module);
	if (size >= 0 && (size_t)size < room) {
		vsnprintf(line + size, room - (size_t)size, fmt, args);
	}
	size_t length = strlen(line);
	if (error) {
		snprintf(line + length, room - length, ": %s", error);
		length = strlen(line);
	}
	keep_one_line(line);
	line[length] = '\n';
	// One write, so that lines of several processes do not mix.
	ssize_t written = write(STDERR_FILENO, line, length + 1);
	(void)written; // there is nowhere left to complain
	errno = saved;
}

void log_vline(enum log_level level, const char *module, const char *fmt, va_list args) {
	put_line(level, module, NULL, fmt, args);
}

void log_line(enum log_level level, const char *module, const char *fmt, ...) {
	va_list args;
	va_start(args, fmt);
	put_line(level, module, NULL, fmt, args);
	va_end(args);
}

void log_line_errno(const char *module, const char *fmt, ...) {
	char error[128];
	va_list args;
	va_start(args, fmt);
	put_line(LOG_ERROR, module, strerror_r(errno, error, sizeof(error)), fmt, args);
	va_end(args);
}
