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
	wl_list_init(&mounts->list);
}

void mounts_finish(struct mounts *mounts) {
	struct mount *mount, *next;
	wl_list_for_each_safe(mount, next, &mounts->list, link) {
		mounts_remove(mount);
	}
}

struct mount *mounts_find(const struct mounts *mounts, const char *name) {
	struct mount *mount;
	wl_list_for_each(mount, &mounts->list, link) {
		for (char **prefix = mount->prefixes; *prefix; prefix++) {
			if (name_below(*prefix, name)) {
				return mount;
			}
		}
	}
	return NULL;
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
	if (mounts_find(mounts, prefix)) {
		return op_refuse(refusal, OP_EEXIST,
			"%s is served by another program (box ls /mount shows which)", prefix);
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
	wl_list_insert(mounts->list.prev, &mount->link);
	return mount;

err:
	if (mount) {
		mount_free(mount);
	}
	return NULL;
}

void mounts_remove(struct mount *mount) {
	wl_list_remove(&mount->link);
	mount_free(mount);
}
