/* SPDX-License-Identifier: MIT */
/* near.c - the list. How one is heard of is avahi.c's. */
#include "ads/near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void nearby_init(struct nearby *nearby) {
	*nearby = (struct nearby){0};
	wl_list_init(&nearby->list);
}

static void drop(struct nearby *nearby, struct near *near) {
	wl_list_remove(&near->link);
	nearby->count--;
	free(near);
}

void nearby_finish(struct nearby *nearby) {
	struct near *near, *next;
	wl_list_for_each_safe(near, next, &nearby->list, link) {
		drop(nearby, near);
	}
}

static struct near *find(const struct nearby *nearby, const char *key) {
	struct near *near;
	wl_list_for_each(near, &nearby->list, link) {
		if (strcmp(near->key, key) == 0) {
			return near;
		}
	}
	return NULL;
}

const struct near *nearby_find(const struct nearby *nearby, const char *key) {
	return find(nearby, key);
}

// To the front; the last one goes when there is no room.
static bool add_at(struct near *near, const char *at) {
	int i = 0;
	while (i < near->at_size && strcmp(near->at[i], at) != 0) {
		i++;
	}
	bool new = i == near->at_size;
	if (new && near->at_size < NEAR_AT_MAX) {
		near->at_size++;
	}
	i = i < near->at_size ? i : near->at_size - 1;
	memmove(&near->at[1], &near->at[0], (size_t)i * sizeof(near->at[0]));
	snprintf(near->at[0], sizeof(near->at[0]), "%s", at);
	return new;
}

bool nearby_heard(struct nearby *nearby, const char *key, const char *at) {
	struct near *near = find(nearby, key);
	if (strlen(key) >= sizeof(near->key) || strlen(at) >= sizeof(near->at[0])) {
		return false;
	}
	if (near) {
		wl_list_remove(&near->link);
	} else {
		near = calloc(1, sizeof(*near));
		if (!near) {
			return false;
		}
		strcpy(near->key, key);
		nearby->count++;
	}
	wl_list_insert(&nearby->list, &near->link);
	bool new = add_at(near, at);
	if (nearby->count > NEAR_MAX) {
		drop(nearby, wl_container_of(nearby->list.prev, near, link));
	}
	return new;
}

void nearby_gone(struct nearby *nearby, const char *key) {
	struct near *near = find(nearby, key);
	if (near) {
		drop(nearby, near);
	}
}
