/* SPDX-License-Identifier: MIT */
/*
 * boxd.c - the rooms of the daemon, made in order and destroyed in reverse. Who answers what is answer.c's,
 * what follows of what happens on the network network.c's.
 *
 * Two servers answer out of one tree: one for this node's own programs, who may go on to other nodes
 * (/n) and whose names are looked up in a name space, and one for other nodes, who may not.
 */
#include "boxd_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOG_MODULE "boxd"
#include "base/log.h"
#include "base/saves.h"
#include "base/work.h"
#include "box/name.h"
#include "boxes/peer.h"
#include "boxes/usr.h"

#define WORKERS 4

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

void boxd_update_owner(struct boxd *boxd) {
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
	boxd_update_owner(boxd);
}

static void handle_usr_changed(struct box_env *env) {
	struct boxd *boxd = wl_container_of(env, boxd, env);
	claims_tell_all(&boxd->claims);
}

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

/* Who this node is, and what it is told in files. false: logged, and nothing is left of it. */
static bool init_node(struct boxd *boxd) {
	struct op_refusal why;
	char error[512];
	if (!spaces_init(&boxd->spaces, boxd->config->ns, error, sizeof(error))) {
		log_error("%s", error);
		spaces_finish(&boxd->spaces);
		return false;
	}
	boxd->keys = keys_load(boxd->config->dir, boxd->config->machine, &why);
	if (!boxd->keys) {
		log_error("%s", why.sentence);
		spaces_finish(&boxd->spaces);
		return false;
	}
	grants_init(&boxd->grants, boxd->keys, boxd->loop);
	return true;
}

/* Who answers for a name, and the tree for those that are this node's. */
static void init_routes(struct boxd *boxd) {
	mounts_init(&boxd->mounts);
	relays_init(&boxd->relays, &boxd->route);
	unions_init(&boxd->unions, &boxd->route, &boxd->relays, &boxd->mounts);
	boxd->route = (struct route){boxd->loop, boxd->keys, &boxd->mounts, NULL, &boxd->grants};
	boxd->relays.linked = boxd_handle_linked;
	boxd->relays.data = boxd;
	const char *person = keys_person(boxd->keys);
	boxd->tree = box_tree_create(person ? person : boxd->config->person);
}

/* What asks other boxes, on behalf of somebody or of this node's owner. */
static void init_callers(struct boxd *boxd) {
	boxd->caller = (struct caller){.open = boxd_open_inside, .data = boxd};
	net_linker_init(&boxd->linker, boxd->loop, &boxd->caller);
	boxd->fetcher = (struct fetcher){.loop = boxd->loop, .caller = &boxd->caller};
	boxd->owner = (struct caller){.open = boxd_open_as_owner, .data = boxd};
	net_asker_init(&boxd->asker, boxd->loop, &boxd->owner);
	leases_init(&boxd->leases, boxd->loop, &boxd->route, &boxd->owner);
	if (boxd->tree) {
		box_tree_set_asker(boxd->tree, &boxd->asker.asker);
	}
	usr_init(&boxd->usr);
	claims_init(&boxd->claims, boxd->loop, &boxd->caller, &boxd->usr, boxd->keys);
	far_init(&boxd->far, boxd->loop, &boxd->caller, boxd->keys);
	copies_init(&boxd->copies, boxd->loop, &boxd->route, &boxd->caller, boxd->tree, boxd->pool);
	tales_init(&boxd->tales, boxd->loop, &boxd->caller, boxd->keys);
}

/* Which of several is meant, by what peers advertise. */
static void init_choice(struct boxd *boxd) {
	chooser_init(&boxd->chooser, &boxd->route, &boxd->caller);
	follow_init(&boxd->follow, boxd->loop, keys_fingerprint(boxd->keys));
	nearby_init(&boxd->nearby);
	boxd->follow.changed = boxd_handle_ads_changed;
	boxd->follow.missed = boxd_handle_missed;
	boxd->follow.data = boxd;
	boxd->chooser.follow = &boxd->follow;
	boxd->chooser.chosen = boxd_handle_chosen;
	boxd->chooser.data = boxd;
}

/* Who is answered: this node's programs, those that are shut in, and other nodes. */
static void init_servers(struct boxd *boxd) {
	struct sandboxes *sandboxes = &boxd->sandboxes;
	sandboxes_init(sandboxes, boxd->loop, &boxd->route, boxd->tree, boxd->config->socket);
	sandboxes->pass_on = boxd_pass_on;
	sandboxes->name_groups = boxd_name_groups;
	sandboxes->data = boxd;
	sandboxes->rate = boxd->config->peer_rate;
	box_server_init(&boxd->inside, boxd->loop, boxd->tree);
	box_server_init(&boxd->outside, boxd->loop, boxd->tree);
	boxd->inside.data = boxd->outside.data = boxd;
	boxd->inside.name_groups = boxd->outside.name_groups = boxd_name_groups;
	boxd->inside.forward = boxd_forward_inside;
	boxd->outside.forward = boxd_forward_outside;
	boxd->outside.outside = true;
	boxd->outside.rate.per_second = boxd->config->peer_rate;
}

/* All is there: what was kept goes on. */
static void begin(struct boxd *boxd) {
	sandboxes_sweep(&boxd->sandboxes);
	net_linker_watch(&boxd->linker, boxd->tree);
	net_linker_regroup(&boxd->linker, boxd_name_groups, boxd); // those that were kept
	set_access(boxd);
	box_tree_rights_changed(boxd->tree);
	far_start(&boxd->far, boxd->quic, boxd->config);
}

struct boxd *boxd_create(struct wl_event_loop *loop, const struct config *config) {
	struct boxd *boxd = calloc(1, sizeof(*boxd));
	if (!boxd) {
		return NULL;
	}
	boxd->loop = loop;
	boxd->config = config;
	if (!init_node(boxd)) {
		free(boxd);
		return NULL;
	}
	init_routes(boxd);
	boxd->pool = work_pool_create(loop, WORKERS);
	boxd->saves = saves_create(loop);
	init_callers(boxd);
	init_choice(boxd);
	init_servers(boxd);
	if (!boxd->tree || !boxd->pool || !boxd->saves || !create_boxes(boxd) || !boxd_create_network(boxd) ||
			!listen_inside(boxd)) {
		boxd_destroy(boxd);
		return NULL;
	}
	begin(boxd);
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
