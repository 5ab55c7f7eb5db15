// SPDX-License-Identifier: MIT
/*
 * plant.c - one fault of each kind that the sanitizers are there for, and a sound run beside them.
 *
 * Built with the flags of everything else; check_caught.py sees that each fault ends it. What is
 * done here in error must stay in error: no fault of Boxland's own is looked for.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELLS 8

// Keeps the compiler from seeing that what is asked for is wrong, or unused.
static char *volatile held;
static volatile int one = 1;

static void leak(void) {
	held = malloc(4321);
	held = NULL;
}

static void overrun(void) {
	char *cells = malloc(CELLS);
	if (cells != NULL) {
		held = cells;
		held[CELLS - 1 + one] = 'x';
		free(cells);
	}
}

static void overflow(void) {
	int sum = INT_MAX;
	sum += one;
	printf("%d\n", sum);
}

static void sound(void) {
	held = malloc(CELLS);
	free(held);
	held = NULL;
}

static const struct {
	const char *name;
	void (*run)(void);
} faults[] = {
	{"leak", leak},
	{"overrun", overrun},
	{"overflow", overflow},
	{"sound", sound},
};

int main(int argc, char **argv) {
	for (size_t i = 0; argc == 2 && i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (strcmp(faults[i].name, argv[1]) == 0) {
			faults[i].run();
			puts("came to its end");
			return EXIT_SUCCESS;
		}
	}
	fputs("usage: plant leak|overrun|overflow|sound\n", stderr);
	return EXIT_FAILURE;
}
