/* SPDX-License-Identifier: MIT */
/*
 * mounts.c - the table of mounted servers.
 */
#include "mounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "box/name.h"

// Names that boxd answers for and nobody may take.
static const char *const own[] = {
	"/any", "/b", "/n",
#define BOX_TYPE(name) "/" #name,
#include "box-types.inc"
#undef BOX_TYPE
};

void mounts_init(struct mounts *mounts) {
	*mounts = (struct mounts){0};
	wl_list_init(&mounts->list);
	wl_signal_init(&mounts->events.changed);
}

void mounts_finish(struct mounts *mounts) {
	struct mount *mount, *next;
	wl_list_for_each_safe(mount, next, &mounts->list, link) {
		mounts_remove(mounts, mount);
	}
}

static bool answers_for(const struct mount *mount, const char *name) {
	for (char **prefix = mount->prefixes; *prefix; prefix++) {
		if (name_below(*prefix, name)) {
			return true;
		}
	}
	return false;
}

static struct mount *find_behind(const struct mounts *mounts, const struct wl_list *link,
		const char *name) {
	for (link = link->next; link != &mounts->list; link = link->next) {
		struct mount *mount = wl_container_of(link, mount, link);
		if (answers_for(mount, name)) {
			return mount;
		}
	}
	return NULL;
}

struct mount *mounts_find(const struct mounts *mounts, const char *name) {
	return find_behind(mounts, &mounts->list, name);
}

struct mount *mounts_next(const struct mounts *mounts, const struct mount *mount, const char *name) {
	return find_behind(mounts, &mount->link, name);
}

struct mount *mounts_by_serial(const struct mounts *mounts, unsigned int serial) {
	struct mount *mount;
	wl_list_for_each(mount, &mounts->list, link) {
		if (mount->serial == serial) {
			return mount;
		}
	}
	return NULL;
}

static int count_with(const struct mounts *mounts, const char *prefix) {
	int count = 0;
	struct mount *mount = mounts_find(mounts, prefix);
	for (; mount; mount = mounts_next(mounts, mount, prefix)) {
		count++;
	}
	return count;
}

static enum op_code check_prefix(const struct mounts *mounts, const struct mount *mount,
		const char *prefix, struct op_refusal *refusal) {
	if (prefix[0] != '/' || prefix[1] == '\0' || strchr(prefix + 1, '/')) {
		return op_refuse(refusal, OP_EARG, "prefix %s is not one component, as /win is", prefix);
	}
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (strcmp(own[i], prefix) == 0) {
			return op_refuse(refusal, OP_EARG, "prefix %s is boxd's own", prefix);
		}
	}
	for (char **other = mount->prefixes; *other; other++) {
		if (strcmp(*other, prefix) == 0) {
			return op_refuse(refusal, OP_EARG, "prefix %s is said twice", prefix);
		}
	}
	if (count_with(mounts, prefix) >= MOUNTS_SHARED) {
		return op_refuse(refusal, OP_EQUOTA, "%s is served by %d programs already, and that is the most: "
			"end one of them (box ls /mount shows which)", prefix, MOUNTS_SHARED);
	}
	return OP_OK;
}

static void mount_free(struct mount *mount) {
	for (char **prefix = mount->prefixes; prefix && *prefix; prefix++) {
		free(*prefix);
	}
	free(mount->prefixes);
	free(mount->socket);
	free(mount);
}

struct mount *mounts_add(struct mounts *mounts, const struct op_head *make,
		struct op_refusal *refusal) {
	const char *socket = op_get(make, OP_F_AT);
	if (!socket || socket[0] != '/') {
		op_refuse(refusal, OP_EARG, "a mount says where its server listens: at /path/of/socket");
		return NULL;
	}
	struct mount *mount = calloc(1, sizeof(*mount));
	if (!mount || !(mount->socket = strdup(socket)) ||
			!(mount->prefixes = calloc(make->count + 1, sizeof(char *)))) {
		op_refuse(refusal, OP_EIO, "out of memory");
		goto err;
	}
	int count = 0;
	size_t at = 0;
	for (const char *p; (p = op_each(make, OP_F_PREFIX, &at));) {
		if (check_prefix(mounts, mount, p, refusal) != OP_OK) {
			goto err;
		}
		if (!(mount->prefixes[count++] = strdup(p))) {
			op_refuse(refusal, OP_EIO, "out of memory");
			goto err;
		}
	}
	if (count == 0) {
		op_refuse(refusal, OP_EARG, "a mount names what it answers for: prefix /name");
		goto err;
	}
	mount->serial = ++mounts->serial;
	wl_list_insert(mounts->list.prev, &mount->link);
	wl_signal_emit_mutable(&mounts->events.changed, NULL);
	return mount;

err:
	if (mount) {
		mount_free(mount);
	}
	return NULL;
}

void mounts_remove(struct mounts *mounts, struct mount *mount) {
	wl_list_remove(&mount->link);
	wl_signal_emit_mutable(&mounts->events.changed, NULL);
	mount_free(mount);
}
