/* SPDX-License-Identifier: MIT */
/*
 * link_rights.c - links that end because somebody may no more, or is not known any more.
 */
#include "net/link_impl.h"

#include <string.h>

#include "box/name.h"

bool net_link_same_subject(const struct subject *a, const struct subject *b) {
	return strcmp(a->person, b->person) == 0 && strcmp(a->machine, b->machine) == 0;
}

static bool ends_by_rights(struct net_link *l) {
	enum perm perm = box_allows(l->link.io, &l->link.subject, 'l');
	bool ends = l->allowed && perm == PERM_NO;
	l->allowed = perm == PERM_YES;
	return ends;
}

static void handle_recheck(void *data) {
	struct net_linker *linker = data;
	struct net_link *l;
	linker->recheck = NULL;
	bool found = true;
	while (found) {
		found = false;
		wl_list_for_each(l, &linker->links, node) {
			if (ends_by_rights(l)) {
				found = true;
				net_link_end(&l->link);
				break; // its user may have changed the list
			}
		}
	}
}

static void handle_rights(struct wl_listener *listener, void *data) {
	struct net_linker *linker = wl_container_of(listener, linker, rights);
	if (!linker->recheck) {
		linker->recheck = wl_event_loop_add_idle(linker->loop, handle_recheck, linker);
	}
}

void net_linker_watch(struct net_linker *linker, struct box_tree *tree) {
	linker->rights.notify = handle_rights;
	box_tree_on_rights(tree, &linker->rights);
}

void net_linker_regroup(struct net_linker *linker, void (*name)(void *data, struct subject *subject),
		void *data) {
	struct net_link *l;
	wl_list_for_each(l, &linker->links, node) {
		name(data, &l->link.subject);
	}
}

void net_linker_set_groups(struct net_linker *linker, const struct subject *subject) {
	struct net_link *l;
	wl_list_for_each(l, &linker->links, node) {
		if (net_link_same_subject(&l->link.subject, subject)) {
			l->link.subject = *subject;
		}
	}
}

static bool is_of(const struct net_link *l, const struct subject *subject, const char *key) {
	char device_key[65];
	const char *name;
	bool there = key && where_split(l->link.device, device_key, &name, NULL) == OP_OK
		&& strcmp(device_key, key) == 0;
	return there || net_link_same_subject(&l->link.subject, subject);
}

void net_linker_drop(struct net_linker *linker, const struct subject *subject, const char *key) {
	struct net_link *l;
	bool found = true;
	while (found) {
		found = false;
		wl_list_for_each(l, &linker->links, node) {
			if (is_of(l, subject, key)) {
				found = true;
				net_link_end(&l->link);
				break; // its user may have changed the list
			}
		}
	}
}
