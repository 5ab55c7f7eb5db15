/* SPDX-License-Identifier: MIT */
#ifndef BOXD_ROUTE_H
#define BOXD_ROUTE_H

#include <stdbool.h>
#include <wayland-server-core.h>

#include "box/op.h"
#include "box/perm.h"
#include "net/call.h"

/*
 * Where a name leads: this node's own boxes, a mounted server, or another node. The asker's boxd
 * resolves everything; between nodes names are the exporter's own.
 *
 *     /n/PETNAME/…   a paired node, by the name we know it by; /n/KEY/… the same by its key
 *     /win/…         whatever a mounted server answers for
 *
 * Which box a name of a name space means was chosen before (choose.h).
 */

struct grants;
struct keys;
struct mounts;
struct peer;
struct quic;

struct route {
	struct wl_event_loop *loop;
	struct keys *keys;
	struct mounts *mounts;
	struct quic *quic; // may be NULL
	const struct grants *grants; // likewise: nothing goes on by a grant
};

enum way_kind {
	WAY_HERE,
	WAY_MOUNT,
	WAY_PEER,
};

struct way {
	enum way_kind kind;
	const char *socket; // of WAY_MOUNT; valid while the mount is
	struct peer *peer;  // of WAY_PEER
	const char *name;   // there; a pointer into the name that was resolved, or "/"
};

/*
 * local: the asker is a program of this node, so /n may be used; from outside there is no transit.
 * ENOENT for a node that is not known, EPERM for a subject whose request may not leave this node:
 * acting at other persons' nodes for somebody else takes a grant.
 */
enum op_code route_resolve(const struct route *route, const char *name,
	const struct subject *subject, bool local, struct way *way, struct op_refusal *refusal);
/* The same for a verb, when a grant among those of head may be for just that. */
enum op_code route_resolve_granted(const struct route *route, const char *name,
	const struct subject *subject, bool local, const struct op_head *head, enum op_verb verb,
	struct way *way, struct op_refusal *refusal);

/*
 * Which box a where of this node's names is: key is set to the fingerprint of its node, this one's too,
 * and *name, its name there, points into where, or is "/". ENOENT, EARG.
 */
enum op_code route_where(const struct route *route, const char *where, char key[static 65],
	const char **name, struct op_refusal *refusal);

/*
 * Rewrites a head for its way: name as it is there; device and to, which are said in this node's
 * names, as the other node must read them.
 */
enum op_code route_rewrite(const struct route *route, const struct way *way, struct op_head *head,
	struct op_refusal *refusal);

/*
 * A stream along a way that is not WAY_HERE; adds `as` for a mounted server and takes it away for
 * another node. NULL and refusal.
 */
struct stream *route_open(const struct route *route, const struct way *way, struct op_head *head,
	const struct subject *subject, struct op_refusal *refusal);

#endif
