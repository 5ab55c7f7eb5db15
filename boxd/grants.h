/* SPDX-License-Identifier: MIT */
#ifndef BOXD_GRANTS_H
#define BOXD_GRANTS_H

#include <stdint.h>
#include <wayland-server-core.h>

#include "box/grant.h"
#include "box/perm.h"

/*
 * Leave between different persons' nodes. A copy that ann asks for from alice's node to bob's is made
 * by alice's node; the grant that ann's node signed for it lets alice's node do just that at bob's in
 * ann's name: once; or, for a link or a name space, for a day and as often as it takes.
 */

struct exchange;
struct keys;
struct peer;
struct quic;

struct grants {
	const struct keys *keys;
	struct quic *quic;   // NULL: no network, and no grant is taken
	struct wl_event_loop *loop;
	int64_t started_ms;  // since the machine's: what is older may have been used before
	int64_t (*now_ms)(void); // since 1970
	struct wl_list used; // of granted.c
	struct wl_event_source *timer; // likewise; NULL: nothing goes on
	struct wl_event_source *soon;  // likewise
};

void grants_init(struct grants *grants, const struct keys *keys, struct wl_event_loop *loop);
/* What goes on under grants goes on, unwatched: exchanges end before. */
void grants_finish(struct grants *grants);

/* What may be done, where and by whom. */
struct grants_leave {
	const char *holder, *to; // fingerprints of machines
	enum grant_use use;      // once: 10 min; link, ns: 24 h from now
	uint32_t verbs;          // bits 1 << OP_GETMEM; kind is always among them
	const char *name;        // just this, as it is called at `to`
	const char *renews;      // the id of the grant that this is to go on for; NULL: a new one
};
/*
 * At the asker: signs that leave, and adds it to head. id, if not NULL, holds GRANT_ID + 1 bytes: what
 * a later one may renew. EPERM (this machine is nobody's), EIO.
 */
enum op_code grants_sign(const struct grants *grants, struct op_head *head,
	const struct grants_leave *leave, char *id, struct op_refusal *refusal);

/*
 * At the holder: whether a request of this subject, with the grants of head, may go on to a peer. The
 * subject's own machine must have signed one for just that. EPERM, EARG.
 */
enum op_code grants_let(const struct grants *grants, const struct op_head *head,
	const struct subject *subject, const struct peer *to, enum op_verb verb, const char *name,
	struct op_refusal *refusal);

#define GRANTS_AT_ONCE 16 // exchanges under one grant for a name space

/*
 * At the target: a request with grants came from the machine of that subject. OP_OK: subject is now
 * who granted it, it counts as used until the exchange is destroyed, and head has no grants any more.
 * It is cut when the grant runs out, unless a request came with one that renews it, or when who gave
 * it is known here no more. EPERM, EARG, EBUSY (in use), EQUOTA.
 */
enum op_code grants_admit(struct grants *grants, struct exchange *exchange, struct op_head *head,
	struct subject *subject, struct op_refusal *refusal);
/* Whether a request's grants are for this node, and not to go on with it. */
bool grants_meant(const struct op_head *head);
/*
 * Cuts what goes on by grants that are good no more: a machine was forgotten or revoked, or time has
 * passed. When the loop is next about to sleep.
 */
void grants_check(struct grants *grants);

#endif
