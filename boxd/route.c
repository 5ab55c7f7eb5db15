/* SPDX-License-Identifier: MIT */
/*
 * route.c - where a name leads, and the stream that goes there.
 *
 * Decides nothing about rights on boxes: that is done once, in the process that holds the box. It
 * does decide on whose behalf this node goes out, since only it can.
 */
#include "route.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/name.h"
#include "grants.h"
#include "mounts.h"
#include "net/stream_unix.h"
#include "quic/keys.h"
#include "quic/quic.h"
#include "relay.h"

static bool is_key(const char *text, size_t size) {
	return size == KEYS_FINGERPRINT && strspn(text, "0123456789abcdef") >= size;
}

static bool is_own_name(const struct route *route, const char *text, size_t size) {
	const char *machine = keys_machine(route->keys), *key = keys_fingerprint(route->keys);
	return (strlen(machine) == size && memcmp(machine, text, size) == 0) ||
		(size == KEYS_FINGERPRINT && memcmp(key, text, size) == 0);
}

static struct peer *find_peer(const struct route *route, const char *text, size_t size) {
	char name[256];
	if (!route->quic || size >= sizeof(name)) {
		return NULL;
	}
	memcpy(name, text, size);
	name[size] = '\0';
	return is_key(text, size) ? quic_peer_by_key(route->quic, name) :
		quic_peer_by_petname(route->quic, name);
}

static enum op_code check_leave(const struct route *route, const struct way *way,
		const struct subject *subject, const struct op_head *head, enum op_verb verb,
		struct op_refusal *refusal) {
	const struct peer *peer = way->peer;
	const char *person = keys_person(route->keys);
	if ((person && strcmp(subject->person, person) == 0) ||
			strcmp(subject->person, peer->subject.person) == 0) {
		return OP_OK;
	}
	if (head && route->grants && op_has(head, OP_F_GRANT)) {
		return grants_let(route->grants, head, subject, peer, verb, way->name, refusal);
	}
	return op_refuse(refusal, OP_EPERM, "%s's request may not go on from %s to %s's node without a "
		"grant of %s for just that", subject->person, keys_machine(route->keys),
		peer->subject.person, subject->person);
}

static enum op_code resolve_here(const struct route *route, const char *name, struct way *way) {
	struct mount *mount = mounts_find(route->mounts, name);
	way->kind = mount ? WAY_MOUNT : WAY_HERE;
	way->socket = mount ? mount->socket : NULL;
	way->name = name;
	return OP_OK;
}

enum op_code route_resolve(const struct route *route, const char *name,
		const struct subject *subject, bool local, struct way *way, struct op_refusal *refusal) {
	return route_resolve_granted(route, name, subject, local, NULL, OP_KIND, way, refusal);
}

enum op_code route_resolve_granted(const struct route *route, const char *name,
		const struct subject *subject, bool local, const struct op_head *head, enum op_verb verb,
		struct way *way, struct op_refusal *refusal) {
	*way = (struct way){0};
	const char *below = name_below("/n", name);
	if (!below || (local && !*below)) {
		return resolve_here(route, name, way);
	}
	if (!local) {
		return op_refuse(refusal, OP_ENOENT,
			"no such box %s: a node does not lead on to other nodes", name);
	}
	size_t size;
	const char *at = below, *node = name_next(&at, &size);
	way->name = *at ? at : "/";
	if (is_own_name(route, node, size)) {
		return resolve_here(route, way->name, way);
	}
	way->peer = find_peer(route, node, size);
	if (!way->peer) {
		return op_refuse(refusal, OP_ENOENT, "no node %.*s is known here (box ls /n shows which are; "
			"box pair makes one known)", size > 80 ? 80 : (int)size, node);
	}
	way->kind = WAY_PEER;
	return check_leave(route, way, subject, head, verb, refusal);
}

enum op_code route_where(const struct route *route, const char *where, char key[static 65],
		const char **name, struct op_refusal *refusal) {
	if (where_split(where, key, name, refusal) != OP_OK) {
		return refusal ? refusal->code : OP_EARG;
	}
	const char *below = key[0] ? NULL : name_below("/n", *name);
	if (key[0] || !below || !*below) {
		if (!key[0]) {
			strcpy(key, keys_fingerprint(route->keys));
		}
		return OP_OK;
	}
	size_t size;
	const char *at = below, *node = name_next(&at, &size);
	*name = *at ? at : "/";
	struct peer *peer = find_peer(route, node, size);
	if (!peer && !is_own_name(route, node, size)) {
		return op_refuse(refusal, OP_ENOENT, "no node %.*s is known here (box ls /n shows which "
			"are)", size > 80 ? 80 : (int)size, node);
	}
	strcpy(key, peer ? peer->key : keys_fingerprint(route->keys));
	return OP_OK;
}

// A box said in our names, as the node at the end of the way must read it.
static enum op_code rewrite_where(const struct route *route, const struct way *way,
		struct op_head *head, enum op_field field, struct op_refusal *refusal) {
	char key[65];
	const char *where = op_get(head, field), *name;
	if (!where) {
		return OP_OK;
	}
	enum op_code code = route_where(route, where, key, &name, refusal);
	if (code != OP_OK) {
		return code;
	}
	bool here = strcmp(key, keys_fingerprint(route->keys)) == 0;
	if (way->kind != WAY_PEER) {
		key[0] = here ? '\0' : key[0];
	} else if (strcmp(key, way->peer->key) == 0) {
		key[0] = '\0';
	}
	char *said = NULL;
	if (asprintf(&said, "%s%s", key, name) < 0) {
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	op_set(head, field, said);
	free(said);
	return OP_OK;
}

enum op_code route_rewrite(const struct route *route, const struct way *way, struct op_head *head,
		struct op_refusal *refusal) {
	char *name = strdup(way->name); // may point into the head's own value
	if (!name) {
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	op_set(head, OP_F_NAME, name);
	free(name);
	enum op_code code = rewrite_where(route, way, head, OP_F_DEVICE, refusal);
	return code != OP_OK ? code : rewrite_where(route, way, head, OP_F_TO, refusal);
}

static struct stream *open_mount(const struct route *route, const struct way *way,
		struct op_refusal *refusal) {
	struct stream *stream = stream_unix_connect(route->loop, way->socket);
	if (!stream) {
		op_refuse(refusal, OP_EUNREACH, "the program that serves %s does not answer: %s", way->name,
			strerror(errno));
	} else {
		stream_unix_read_ahead(stream);
	}
	return stream;
}

struct stream *route_open(const struct route *route, const struct way *way, struct op_head *head,
		const struct subject *subject, struct op_refusal *refusal) {
	if (way->kind == WAY_MOUNT) {
		char as[SUBJECT_AS_SIZE];
		op_set(head, OP_F_AS, subject_print_as(subject, as));
		if (grants_meant(head)) { // it was taken here; that of a link is for what the link will ask
			op_unset(head, OP_F_GRANT);
		}
		return open_mount(route, way, refusal);
	}
	op_unset(head, OP_F_AS);
	struct stream *stream = quic_open(route->quic, way->peer, refusal);
	// What we send there makes way for what is live, like what comes from there.
	if (stream && relay_class(way->name) == STREAM_BULK) {
		stream->impl->set_class(stream, STREAM_BULK);
	}
	return stream;
}
