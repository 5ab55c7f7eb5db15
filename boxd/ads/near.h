/* SPDX-License-Identifier: MIT */
#ifndef ADS_NEAR_H
#define ADS_NEAR_H

#include <stdbool.h>
#include <wayland-util.h>

/*
 * Who was heard of in the local network: keys, and addresses where they are said to be. Anybody there
 * can say anything, so it is a hint, and bounded: the one heard of longest ago goes first.
 */

#define NEAR_MAX 256
#define NEAR_AT_MAX 4 // addresses of one
#define NEAR_AT_SIZE 64

struct near {
	struct wl_list link; // nearby.list
	char key[65];
	char at[NEAR_AT_MAX][NEAR_AT_SIZE]; // HOST:PORT, newest first
	int at_size;
};

struct nearby {
	struct wl_list list; // near.link, last heard first
	int count;
};

void nearby_init(struct nearby *nearby);
void nearby_finish(struct nearby *nearby);
/* true: that was not known. */
bool nearby_heard(struct nearby *nearby, const char *key, const char *at);
void nearby_gone(struct nearby *nearby, const char *key);
const struct near *nearby_find(const struct nearby *nearby, const char *key);

#endif
