/* SPDX-License-Identifier: MIT */
/*
 * network.c - what follows here when something happens on the network: a peer comes, goes or is revoked, a
 * group changes, somebody is heard of nearby. The network itself is quic/.
 */
#include "boxd_private.h"

#include <string.h>

#define LOG_MODULE "boxd"
#include "base/log.h"
#include "boxes/ads.h"
#include "boxes/meet.h"
#include "boxes/peer.h"
#include "boxes/proc.h"

static void handle_stream(void *data, struct peer *peer, struct stream *stream) {
	struct boxd *boxd = data;
	struct door door = {.subject = peer->subject, .trusted = false};
	box_server_take(&boxd->outside, stream, &door);
}

static void handle_peer_changed(void *data, struct peer *peer) {
	struct boxd *boxd = data;
	boxd_update_owner(boxd);
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

void boxd_handle_ads_changed(void *data, const struct peer *peer) {
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
	net_linker_regroup(&boxd->linker, boxd_name_groups, boxd);
	relays_regroup(&boxd->relays, boxd_name_groups, boxd);
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

void boxd_handle_missed(void *data, const struct peer *peer) {
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
bool boxd_create_network(struct boxd *boxd) {
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
