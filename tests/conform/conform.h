/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CONFORM_CONFORM_H
#define TESTS_CONFORM_CONFORM_H

#include "asked.h"

struct conform_more { // tests of a type that are in a file of their own
	const struct conform_more *next; // NULL: the last such file
	const struct CMUnitTest *tests;
	size_t tests_size;
};

/*
 * What a box type of boxd is put to. Every word in boxd's box_types has a file type_WORD.c here with
 * a struct conform: without it the suite does not build. conform.c asks of it what is asked of all
 * types alike; tests holds what only it promises.
 */
struct conform {
	const char *const *roots; // the boxes it makes below the root, NULL-terminated
	/* Makes boxes of every kind the type has, in every state that matters. */
	void (*prepare)(struct world *world);
	/* Names that the type finds by itself, not in the tree; NULL-terminated, or NULL. */
	const char *const *found;
	/* Verbs that it keeps for the node's owner, whatever the access list says; bits 1 << verb. */
	uint32_t owner_only;
	/* Verbs that cannot be tried here, for want of what they act on. */
	uint32_t not_here;
	const struct CMUnitTest *tests;
	size_t tests_size;
	const struct conform_more *more; // NULL: none
};

#define BOX_TYPE(name) extern const struct conform conform_##name;
#include "box-types.inc"
#undef BOX_TYPE

#define TEST(function) {#function, function, world_setup, world_teardown, NULL}
#define TESTS(array) .tests = array, .tests_size = sizeof(array) / sizeof(array[0])

#endif
