/* SPDX-License-Identifier: MIT */
/*
 * boxd.c - the rooms of the daemon, made in order and destroyed in reverse.
 *
 * Two servers answer out of one tree: one for this node's own programs, who may go on to other nodes
 * (/n) and whose names are looked up in a name space, and one for other nodes, who may not.
 */
#include "boxd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOG_MODULE "boxd"
#include "ads/avahi.h"
#include "ads/follow.h"
#include "ads/near.h"
#include "base/log.h"
#include "base/saves.h"
#include "base/work.h"
#include "box/name.h"
#include "bound.h"
#include "boxes/ads.h"
#include "boxes/env.h"
#include "boxes/meet.h"
#include "boxes/peer.h"
#include "boxes/proc.h"
#include "boxes/usr.h"
#include "choose.h"
#include "claims.h"
#include "copy.h"
#include "far.h"
#include "fetch.h"
#include "grants.h"
#include "leases.h"
#include "mounts.h"
#include "net/asker.h"
#include "net/link.h"
#include "net/serve.h"
#include "net/stream_pair.h"
#include "quic/quic.h"
#include "relay.h"
#include "route.h"
#include "sandbox.h"
#include "spaces.h"
#include "tales.h"
#include "union.h"
#include "whereabouts.h"

#define WORKERS 4

struct boxd {
	struct wl_event_loop *loop;
	const struct config *config;
	struct keys *keys;
	struct box_tree *tree;
	struct work_pool *pool;
	struct saves *saves;
	struct mounts mounts;
	struct grants grants;
	struct route route;
	struct relays relays;
	struct leases leases;
	struct unions unions; // of what several mounted servers may be meant by
	struct spaces spaces;
	struct sandboxes sandboxes;
	struct chooser chooser;
	struct copies copies;
	struct usr usr;
	struct claims claims;
	struct far far;
	struct box_server inside;  // this node's own programs
	struct box_server outside; // other nodes
	struct caller caller; // of what is done here for somebody: links, copies
	struct net_linker linker;
	struct fetcher fetcher;
	struct caller owner; // of what is asked of this node's owner
	struct net_asker asker;
	struct tales tales;
	struct quic *quic; // NULL: no network
	struct follow follow; // of what peers advertise
	struct nearby nearby;
	struct mdns *mdns;    // NULL: neither heard nor hearing in the local network
	struct box_env env;
};

static bool changes(enum op_verb verb) {
	return verb != OP_KIND && verb != OP_SELECTORS && verb != OP_GETMEM;
}

// Names stand for one box each now.
static bool pass_on(struct boxd *boxd, struct exchange *exchange, struct op_head *head,
		const struct subject *subject, bool local) {
	struct op_refusal why;
	struct way way;
	const char *name = op_get(head, OP_F_NAME);
	exchange_set_class(exchange, relay_class(name));
	if (head->verb == OP_COPY) {
		const char *id = op_get(head, OP_F_NS);
		bool asked_here = local && (!id || strcmp(id, "-") != 0);
		const struct space *space = asked_here ? spaces_find(&boxd->spaces, id) : NULL;
		copy_create(&boxd->copies, exchange, head, subject, local, space ? &space->ns.casts : NULL);
		return true;
	}
	const struct space *space = local ? spaces_find(&boxd->spaces, op_get(head, OP_F_NS)) : NULL;
	op_unset(head, OP_F_NS);
	if (route_resolve_granted(&boxd->route, name, subject, local, head, head->verb, &way,
			&why) != OP_OK ||
			route_rewrite(&boxd->route, &way, head, &why) != OP_OK ||
			(head->verb == OP_LINK && local &&
			leases_sign(&boxd->leases, &way, head, subject, &why) != OP_OK)) {
		relay_refuse(exchange, &why);
		return true;
	}
	if (way.kind == WAY_HERE) {
		return false;
	}
	if (way.kind == WAY_PEER && local && op_has(head, OP_F_BOUND) &&
			bound_send(&boxd->route, space ? &space->ns : &boxd->spaces.none, &way, head, subject,
			&why) != OP_OK) {
		relay_refuse(exchange, &why);
		return true;
	}
	if (way.kind == WAY_PEER && changes(head->verb)) {
		kinds_forget_below(&boxd->chooser.kinds, way.peer->key, op_get(head, OP_F_NAME));
	}
	if (way.kind == WAY_PEER && head->verb == OP_DELETE) { // even if that node keeps it
		leases_forget(&boxd->leases, way.peer->key, op_get(head, OP_F_NAME));
	}
	if (way.kind == WAY_MOUNT && union_is(&boxd->unions, head)) {
		union_create(&boxd->unions, exchange, head, subject);
	} else {
		relay_create(&boxd->relays, exchange, &way, head, subject);
	}
	return true;
}

static void handle_linked(void *data, const char *key, const struct op_head *head,
		const char *name) {
	struct boxd *boxd = data;
	leases_linked(&boxd->leases, key, head, name);
}

static bool pass_on_given(void *data, struct exchange *exchange, struct op_head *head,
		const struct subject *subject, bool local) {
	return pass_on(data, exchange, head, subject, local);
}

static void handle_chosen(void *data, struct exchange *exchange, struct op_head *head,
		const struct subject *subject) {
	struct boxd *boxd = data;
	if (!pass_on(boxd, exchange, head, subject, true)) {
		box_server_give_back(&boxd->inside, exchange, head, subject);
	}
}

// boxland does for its links what their askers may: not for one who is known here no more.
static bool refuse_gone(struct boxd *boxd, struct exchange *exchange,
		const struct subject *subject) {
	struct op_refusal why;
	if (!boxd->quic || !quic_is_gone(boxd->quic, subject)) {
		return false;
	}
	op_refuse(&why, OP_EPERM, "%s/%s is forgotten here: nothing is done on its behalf until it is paired "
		"again", subject->person, subject->machine);
	relay_refuse(exchange, &why);
	return true;
}

static bool forward_inside(void *data, struct exchange *exchange, struct op_head *head,
		const struct subject *subject) {
	struct boxd *boxd = data;
	if (refuse_gone(boxd, exchange, subject)) {
		return true;
	}
	const char *id = op_get(head, OP_F_NS);
	bool plain = id && strcmp(id, "-") == 0; // names mean themselves
	const struct space *space = plain ? NULL : spaces_find(&boxd->spaces, id);
	if (!plain && !space) {
		struct op_refusal why;
		op_refuse(&why, OP_ENOENT, "no name space %.100s here (BOX_NS says which; box ls /ns shows "
			"those there are)", id);
		relay_refuse(exchange, &why);
		return true;
	}
	if (choose(&boxd->chooser, space ? &space->ns : &boxd->spaces.none, exchange, head, subject)) {
		return true;
	}
	return pass_on(boxd, exchange, head, subject, true);
}

static void name_groups(void *data, struct subject *subject) {
	struct boxd *boxd = data;
	subject->groups_size = 0;
	if (boxd->quic) {
		quic_name_groups(boxd->quic, subject);
	}
}

// What another node asks with somebody's grant is asked by who gave it.
static void serve_granted(struct boxd *boxd, struct exchange *exchange, struct op_head *head,
		const struct subject *subject) {
	struct subject granted = *subject;
	struct op_refusal why;
	if (grants_admit(&boxd->grants, exchange, head, &granted, &why) != OP_OK) {
		relay_refuse(exchange, &why);
		return;
	}
	name_groups(boxd, &granted);
	if (!pass_on(boxd, exchange, head, &granted, false)) {
		box_server_give_back(&boxd->outside, exchange, head, &granted);
	}
}

// Another node knows a person by key; what we call him is ours.
static void name_person(struct boxd *boxd, struct op_head *head) {
	const char *below = name_below("/peer", op_get(head, OP_F_NAME)), *rest = below;
	char key[KEYS_FINGERPRINT + 1];
	size_t size;
	const char *word = below && *below ? name_next(&rest, &size) : NULL;
	if (!word || size != KEYS_FINGERPRINT) {
		return;
	}
	memcpy(key, word, size);
	key[size] = '\0';
	const char *person = quic_person_name(boxd->quic, key);
	char *name = NULL;
	if (person && asprintf(&name, "/peer/%s%s", person, rest) >= 0) {
		op_set(head, OP_F_NAME, name);
		free(name);
	}
}

static bool forward_outside(void *data, struct exchange *exchange, struct op_head *head,
		const struct subject *subject) {
	op_unset(head, OP_F_NS);
	name_person(data, head);
	if (op_has(head, OP_F_SPEC)) {
		struct op_refusal why;
		op_refuse(&why, OP_EUNSUPP, "which boxes go together is for the asker's own node to find: ask it, "
			"with the names as they are there");
		relay_refuse(exchange, &why);
		return true;
	}
	if (grants_meant(head)) {
		serve_granted(data, exchange, head, subject);
		return true;
	}
	return pass_on(data, exchange, head, subject, false);
}

// What this node does for somebody it asks as a program of his on this node would.
static struct stream *open_inside(void *data, struct op_head *head, const struct subject *subject,
		struct op_refusal *refusal) {
	struct boxd *boxd = data;
	struct stream *ends[2];
	if (!stream_pair_create(boxd->loop, ends)) {
		op_refuse(refusal, OP_EIO, "out of memory");
		return NULL;
	}
	const struct door door = {.subject = *subject, .trusted = false};
	op_set(head, OP_F_NS, "-"); // names were chosen when he asked
	box_server_take(&boxd->inside, ends[1], &door);
	return ends[0];
}

// What this node's boxes ask their owner is asked by a program of his.
static struct stream *open_as_owner(void *data, struct op_head *head, const struct subject *subject,
		struct op_refusal *refusal) {
	struct boxd *boxd = data;
	struct subject owner = {0};
	snprintf(owner.person, sizeof(owner.person), "%s", box_tree_owner(boxd->tree));
	snprintf(owner.machine, sizeof(owner.machine), "%s", boxd->config->machine);
	return open_inside(data, head, &owner, refusal);
}

static bool listen_inside(struct boxd *boxd) {
	struct door door = {.trusted = true};
	snprintf(door.subject.person, sizeof(door.subject.person), "%s", box_tree_owner(boxd->tree));
	snprintf(door.subject.machine, sizeof(door.subject.machine), "%s", boxd->config->machine);
	char *dir = name_parent(boxd->config->socket);
	if (dir && mkdir(dir, 0700) < 0 && errno != EEXIST) {
		log_errno("%s", dir);
	}
	free(dir);
	if (!box_server_listen(&boxd->inside, boxd->config->socket, &door)) {
		log_error("%s: %s", boxd->config->socket, errno == EADDRINUSE ?
			"a boxd of yours answers there already" : strerror(errno));
		return false;
	}
	return true;
}

// A machine is its user's until a person has signed it; then its boxes are the person's.
static void update_owner(struct boxd *boxd) {
	const char *person = keys_person(boxd->keys);
	if (!person || strcmp(person, box_tree_owner(boxd->tree)) == 0) {
		return;
	}
	log_info("this machine is %s's now", person);
	box_tree_set_owner(boxd->tree, person);
	peer_person_known(&boxd->env, person);
	usr_box_owner_changed(&boxd->env);
	box_server_unlisten(&boxd->inside, boxd->config->socket);
	listen_inside(boxd);
}

static void handle_owner_changed(struct box_env *env) {
	struct boxd *boxd = wl_container_of(env, boxd, env);
	update_owner(boxd);
}

static void handle_usr_changed(struct box_env *env) {
	struct boxd *boxd = wl_container_of(env, boxd, env);
	claims_tell_all(&boxd->claims);
}

static void handle_stream(void *data, struct peer *peer, struct stream *stream) {
	struct boxd *boxd = data;
	struct door door = {.subject = peer->subject, .trusted = false};
	box_server_take(&boxd->outside, stream, &door);
}

static void handle_peer_changed(void *data, struct peer *peer) {
	struct boxd *boxd = data;
	update_owner(boxd);
	peer_box_changed(&boxd->env, peer);
	follow_peer_changed(&boxd->follow, peer);
	if (!peer->up) {
		kinds_forget(&boxd->chooser.kinds, peer->key);
	}
	if (peer->up) {
		tales_tell(&boxd->tales, peer);
		net_linker_retry(&boxd->linker);
		claims_tell(&boxd->claims, peer);
		leases_check(&boxd->leases);
	}
}

// Another machine may have had this one's name.
static bool is_own(const struct boxd *boxd, const struct subject *subject) {
	const char *person = keys_person(boxd->keys);
	return person && strcmp(person, subject->person) == 0 &&
		strcmp(keys_machine(boxd->keys), subject->machine) == 0;
}

static void handle_peer_gone(void *data, struct peer *peer) {
	struct boxd *boxd = data;
	box_server_drop(&boxd->outside, &peer->subject);
	if (!is_own(boxd, &peer->subject)) {
		box_server_drop(&boxd->inside, &peer->subject); // what is done here on its behalf
		sandboxes_drop(&boxd->sandboxes, &peer->subject);
		net_linker_drop(&boxd->linker, &peer->subject, peer->key);
		proc_peer_gone(&boxd->env, &peer->subject);
	}
	follow_peer_gone(&boxd->follow, peer);
	far_peer_gone(&boxd->far, peer);
	meet_box_peer_gone(&boxd->env, peer);
	peer_box_gone(&boxd->env, peer);
	grants_check(&boxd->grants);
}

static void handle_ads_changed(void *data, const struct peer *peer) {
	struct boxd *boxd = data;
	kinds_forget(&boxd->chooser.kinds, peer->key);
	ads_box_changed(&boxd->env);
}

static void handle_revoked(void *data, const char *person) {
	struct boxd *boxd = data;
	const char *name = quic_person_name(boxd->quic, person);
	if (name) {
		peer_revoked_changed(&boxd->env, name);
	}
	tales_tell_revoked(&boxd->tales, person);
	grants_check(&boxd->grants);
}

static void handle_group_changed(void *data, const char *name) {
	struct boxd *boxd = data;
	if (!boxd->quic) {
		return; // still loading
	}
	box_server_regroup(&boxd->inside);
	box_server_regroup(&boxd->outside);
	sandboxes_regroup(&boxd->sandboxes);
	net_linker_regroup(&boxd->linker, name_groups, boxd);
	relays_regroup(&boxd->relays, name_groups, boxd);
	mount_groups_changed(&boxd->env);
	peer_group_changed(&boxd->env, name);
	box_tree_rights_changed(boxd->tree);
	tales_tell_group(&boxd->tales, name);
}

static bool handle_unanswered(void *data, struct peer *peer) {
	struct boxd *boxd = data;
	return far_unanswered(&boxd->far, peer);
}

static const char *handle_silent_point(void *data, const struct peer *peer) {
	struct boxd *boxd = data;
	return far_silent_point(&boxd->far, peer);
}

static void handle_missed(void *data, const struct peer *peer) {
	struct boxd *boxd = data;
	if (boxd->mdns) {
		mdns_look_for(boxd->mdns, peer->key);
	}
}

static int handle_near(void *data, const char *key, char at[static QUIC_NEAR_MAX][64]) {
	struct boxd *boxd = data;
	const struct near *near = nearby_find(&boxd->nearby, key);
	int count = 0;
	while (near && count < near->at_size && count < QUIC_NEAR_MAX) {
		strcpy(at[count], near->at[count]);
		count++;
	}
	return count;
}

static void handle_heard(void *data, const char *key, const char *at) {
	struct boxd *boxd = data;
	if (!nearby_heard(&boxd->nearby, key, at)) {
		return;
	}
	const struct peer *peer = quic_peer_by_key(boxd->quic, key);
	quic_heard(boxd->quic, key);
	if (peer) {
		follow_peer_heard(&boxd->follow, peer);
	}
}

static void handle_not_near(void *data, const char *key) {
	struct boxd *boxd = data;
	nearby_gone(&boxd->nearby, key);
}

static const struct quic_events quic_events = {
	.revoked = handle_revoked,
	.group_changed = handle_group_changed,
	.stream = handle_stream,
	.peer_changed = handle_peer_changed,
	.peer_gone = handle_peer_gone,
	.unanswered = handle_unanswered,
	.silent_point = handle_silent_point,
	.near = handle_near,
};

// The root tells whose node it is, too.
static void node_describe(struct box *root, struct op_head *entry) {
	const struct boxd *boxd = root->data;
	const char *person = keys_person(boxd->keys);
	op_set(entry, OP_F_MACHINE, keys_machine(boxd->keys));
	op_set(entry, OP_F_KEY, keys_fingerprint(boxd->keys));
	if (person) {
		op_set(entry, OP_F_PERSON, person);
	}
}

static const struct box_type node_type = {
	.name = "node",
	.describe = node_describe,
};

static bool create_boxes(struct boxd *boxd) {
	static const struct boxd_type *const types[] = {
#define BOX_TYPE(name) &boxd_type_##name,
#include "box-types.inc"
#undef BOX_TYPE
	};
	boxd->env = (struct box_env){
		.loop = boxd->loop,
		.tree = boxd->tree,
		.pool = boxd->pool,
		.saves = boxd->saves,
		.linker = &boxd->linker.linker,
		.config = boxd->config,
		.keys = boxd->keys,
		.mounts = &boxd->mounts,
		.spaces = &boxd->spaces,
		.sandboxes = &boxd->sandboxes,
		.usr = &boxd->usr,
		.fetcher = &boxd->fetcher,
		.owner_changed = handle_owner_changed,
		.usr_changed = handle_usr_changed,
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!types[i]->init(&boxd->env)) {
			log_error("boxes cannot be made");
			return false;
		}
	}
	struct box *root = box_tree_root(boxd->tree);
	root->type = &node_type;
	root->data = boxd;
	return box_set_cnstr(root, "node");
}

static void set_access(struct boxd *boxd) {
	// Each asker sees in it only what he has k for.
	box_set_acl(box_inner(box_tree_root(boxd->tree), "ads"), "* ks", NULL);
	struct config_access *access;
	wl_list_for_each(access, &boxd->config->access, link) {
		const char *rest;
		struct op_refusal why;
		struct box *box = box_find(boxd->tree, access->box, &rest);
		if (*rest && name_below("/printer", access->box)) {
			continue; // it is set when CUPS tells of that printer
		} else if (*rest) {
			log_error("access %s: no such box here (boxland.conf has those of windows and devices)",
				access->box);
		} else if (box_set_acl(box, access->line, &why) != OP_OK) {
			log_error("access %s: %s", access->box, why.sentence);
		}
	}
}

static bool create_network(struct boxd *boxd) {
	struct op_refusal why;
	struct quic_options options = {
		.loop = boxd->loop,
		.keys = boxd->keys,
		.dir = boxd->config->dir,
		.address = boxd->config->address,
		.port = boxd->config->port,
	};
	if (!boxd->config->network) {
		return true;
	}
	boxd->quic = quic_create(&options, &quic_events, boxd, &why);
	if (!boxd->quic) {
		log_error("%s", why.sentence);
		return false;
	}
	boxd->route.quic = boxd->env.quic = boxd->claims.quic = boxd->grants.quic = boxd->quic;
	boxd->follow.quic = boxd->quic;
	boxd->env.follow = &boxd->follow;
	boxd->tales.quic = boxd->quic;
	boxd->env.nearby = &boxd->nearby;
	struct peer *peer;
	wl_list_for_each(peer, quic_peers(boxd->quic), link) {
		peer_box_changed(&boxd->env, peer);
		follow_peer_changed(&boxd->follow, peer);
	}
	if (keys_person(boxd->keys)) {
		peer_person_known(&boxd->env, keys_person(boxd->keys));
	}
	log_info("%s listens on UDP port %d", boxd->config->machine, quic_port(boxd->quic));
	if (boxd->config->advertise) {
		static const struct mdns_events events = {.heard = handle_heard, .gone = handle_not_near};
		boxd->mdns = mdns_create(boxd->loop, keys_fingerprint(boxd->keys), quic_port(boxd->quic),
			&events, boxd);
	}
	return true;
}

struct boxd *boxd_create(struct wl_event_loop *loop, const struct config *config) {
	struct op_refusal why;
	struct boxd *boxd = calloc(1, sizeof(*boxd));
	if (!boxd) {
		return NULL;
	}
	boxd->loop = loop;
	boxd->config = config;
	char error[512];
	if (!spaces_init(&boxd->spaces, config->ns, error, sizeof(error))) {
		log_error("%s", error);
		spaces_finish(&boxd->spaces);
		free(boxd);
		return NULL;
	}
	mounts_init(&boxd->mounts);
	relays_init(&boxd->relays, &boxd->route);
	unions_init(&boxd->unions, &boxd->route, &boxd->relays, &boxd->mounts);
	boxd->keys = keys_load(config->dir, config->machine, &why);
	if (!boxd->keys) {
		log_error("%s", why.sentence);
		spaces_finish(&boxd->spaces);
		free(boxd);
		return NULL;
	}
	grants_init(&boxd->grants, boxd->keys, loop);
	boxd->route = (struct route){loop, boxd->keys, &boxd->mounts, NULL, &boxd->grants};
	const char *person = keys_person(boxd->keys);
	boxd->tree = box_tree_create(person ? person : config->person);
	sandboxes_init(&boxd->sandboxes, loop, &boxd->route, boxd->tree, config->socket);
	boxd->sandboxes.pass_on = pass_on_given;
	boxd->sandboxes.name_groups = name_groups;
	boxd->sandboxes.data = boxd;
	boxd->sandboxes.rate = config->peer_rate;
	boxd->caller = (struct caller){.open = open_inside, .data = boxd};
	net_linker_init(&boxd->linker, loop, &boxd->caller);
	boxd->fetcher = (struct fetcher){.loop = loop, .caller = &boxd->caller};
	boxd->owner = (struct caller){.open = open_as_owner, .data = boxd};
	net_asker_init(&boxd->asker, loop, &boxd->owner);
	leases_init(&boxd->leases, loop, &boxd->route, &boxd->owner);
	boxd->relays.linked = handle_linked;
	boxd->relays.data = boxd;
	if (boxd->tree) {
		box_tree_set_asker(boxd->tree, &boxd->asker.asker);
	}
	chooser_init(&boxd->chooser, &boxd->route, &boxd->caller);
	follow_init(&boxd->follow, loop, keys_fingerprint(boxd->keys));
	nearby_init(&boxd->nearby);
	boxd->follow.changed = handle_ads_changed;
	boxd->follow.missed = handle_missed;
	boxd->follow.data = boxd;
	boxd->chooser.follow = &boxd->follow;
	boxd->chooser.chosen = handle_chosen;
	boxd->chooser.data = boxd;
	usr_init(&boxd->usr);
	claims_init(&boxd->claims, loop, &boxd->caller, &boxd->usr, boxd->keys);
	far_init(&boxd->far, loop, &boxd->caller, boxd->keys);
	boxd->pool = work_pool_create(loop, WORKERS);
	copies_init(&boxd->copies, loop, &boxd->route, &boxd->caller, boxd->tree, boxd->pool);
	tales_init(&boxd->tales, loop, &boxd->caller, boxd->keys);
	box_server_init(&boxd->inside, loop, boxd->tree);
	box_server_init(&boxd->outside, loop, boxd->tree);
	boxd->inside.data = boxd->outside.data = boxd;
	boxd->inside.name_groups = boxd->outside.name_groups = name_groups;
	boxd->inside.forward = forward_inside;
	boxd->outside.forward = forward_outside;
	boxd->outside.outside = true;
	boxd->outside.rate.per_second = boxd->config->peer_rate;
	boxd->saves = saves_create(loop);
	if (!boxd->tree || !boxd->pool || !boxd->saves || !create_boxes(boxd) || !create_network(boxd) ||
			!listen_inside(boxd)) {
		boxd_destroy(boxd);
		return NULL;
	}
	sandboxes_sweep(&boxd->sandboxes);
	net_linker_watch(&boxd->linker, boxd->tree);
	net_linker_regroup(&boxd->linker, name_groups, boxd); // those that were kept
	set_access(boxd);
	box_tree_rights_changed(boxd->tree);
	far_start(&boxd->far, boxd->quic, config);
	return boxd;
}

void boxd_destroy(struct boxd *boxd) {
	if (!boxd) {
		return;
	}
	boxd->env.ending = true;
	tales_finish(&boxd->tales);
	far_finish(&boxd->far);
	copies_finish(&boxd->copies);
	claims_finish(&boxd->claims);
	chooser_finish(&boxd->chooser);
	if (boxd->tree) {
		box_tree_set_asker(boxd->tree, NULL);
	}
	net_asker_finish(&boxd->asker);
	unions_finish(&boxd->unions);
	leases_finish(&boxd->leases);
	sandboxes_finish(&boxd->sandboxes);
	relays_finish(&boxd->relays);
	box_server_finish(&boxd->inside);
	box_server_finish(&boxd->outside);
	net_linker_finish(&boxd->linker);
	mdns_destroy(boxd->mdns);
	boxd->mdns = NULL;
	follow_finish(&boxd->follow);
	boxd->env.follow = NULL;
	quic_destroy(boxd->quic);
	nearby_finish(&boxd->nearby);
	work_pool_destroy(boxd->pool);
	box_tree_destroy(boxd->tree);
	saves_destroy(boxd->saves);
	sandboxes_free(&boxd->sandboxes);
	usr_finish(&boxd->usr);
	mounts_finish(&boxd->mounts);
	spaces_finish(&boxd->spaces);
	grants_finish(&boxd->grants);
	keys_destroy(boxd->keys);
	free(boxd);
}
