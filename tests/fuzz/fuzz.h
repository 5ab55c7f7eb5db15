/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* libFuzzer's way in; replay.c calls it as well. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Holds in every build, unlike assert. */
#define must(condition) \
	do { \
		if (!(condition)) { \
			abort(); \
		} \
	} while (0)

#endif
