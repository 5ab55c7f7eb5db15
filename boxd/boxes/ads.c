/* SPDX-License-Identifier: MIT */
/*
 * ads.c - /ads: what this node offers, as a list of selectors. Each asker sees of it what he has k for.
 * This node's own programs also see what was learnt of others, as /n/NODE/…; and a directory tells it to
 * its person's other machines, each ad with its node's key. /ads/near is who was heard of in the local
 * network, for this node's own programs alone.
 *
 * What others advertise is learnt in ads/follow.c. Ads name no windows and no processes: only boxes that
 * are there to be used by whoever may, and stay.
 */
#include "boxes/ads.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ads/follow.h"
#include "ads/near.h"
#include "box/cnstr.h"
#include "box/name.h"
#include "config.h"

#define TTL_MS 1000
#define GATHER_MS 50 // of changes, before those who wait are looked at

struct own {
	struct box_env *env;
	struct box *box;
	struct wl_list waiting; // waiting.link
	struct wl_listener tree_changed;
	struct wl_event_source *timer;
	bool due; // it runs
};

// Who is answered when the list has another version than he said.
struct waiting {
	struct wl_list link; // own.waiting
	struct own *own;
	struct req *req;
};

struct item {
	char *name;
	const char *type, *key; // key NULL: this node's own
	char letters[PERM_LETTERS_SIZE];
};

struct listing {
	const struct req *req;
	struct item *items; // sorted by name before they are said
	int count;          // up to ADS_MAX
	bool good;          // false: no memory
};

// Boxes whose inner boxes are offers, too.
static const char *const shelves[] = {"cast", "fs", "printer"};

static bool is_private(const struct box *box) {
	return ads_is_private(box->name, strlen(box->name));
}

static bool is_shelf(const struct box *box) {
	for (size_t i = 0; i < sizeof(shelves) / sizeof(shelves[0]); i++) {
		if (strcmp(box->name, shelves[i]) == 0) {
			return true;
		}
	}
	return false;
}

static void hash_text(uint64_t *hash, const char *text) {
	do { // FNV-1a
		*hash = (*hash ^ (unsigned char)*text) * 0x100000001b3;
	} while (*text++);
}

// name is taken over; NULL: no memory for it.
static void add(struct listing *listing, char *name, const char *type, const char *letters,
		const char *key) {
	if (!name || listing->count == ADS_MAX) {
		listing->good = name && listing->good;
		free(name);
		return;
	}
	struct item *item = &listing->items[listing->count++];
	*item = (struct item){.name = name, .type = type, .key = key};
	snprintf(item->letters, sizeof(item->letters), "%s", letters);
}

static void add_box(struct listing *listing, struct box *box) {
	char letters[PERM_LETTERS_SIZE];
	if (box_allows(box, listing->req->subject, 'k') == PERM_YES) {
		add(listing, box_name(box), box->cnstr, box_letters(box, listing->req->subject, letters),
			NULL);
	}
}

static void add_own(struct listing *listing, struct box *root) {
	struct box *box, *inner;
	wl_list_for_each(box, &root->inner, link) {
		if (is_private(box) || (is_shelf(box) && wl_list_empty(&box->inner))) {
			continue;
		}
		add_box(listing, box);
		if (is_shelf(box)) {
			wl_list_for_each(inner, &box->inner, link) {
				add_box(listing, inner);
			}
		}
	}
}

// What a directory said of a third node is called "/n/KEY/name" there.
static const char *third_node(const char *name, char key[static 65]) {
	const char *below = name_below("/n", name), *rest;
	if (!below || where_split(below, key, &rest, NULL) != OP_OK || !key[0]) {
		return NULL;
	}
	return rest;
}

// The names of a node are below its petname for this node's own programs, below its key for others.
static void add_ad(struct listing *listing, const struct follow *follow, const struct ad *ad,
		bool local) {
	const struct ads_node *node = ad->node;
	const struct peer *peer = node->data;
	char third[65], *name;
	const char *rest = third_node(ad->name->text, third), *key = node->key;
	if (rest && !local) {
		return; // from one directory to the next it would go round for ever
	} else if (rest) {
		peer = quic_peer_by_key(follow->quic, third);
		key = ad->name->text + strlen("/n/");
	}
	int size = asprintf(&name, "/n/%.*s%s", local && peer ? 130 : KEYS_FINGERPRINT,
		local && peer ? peer->petname : key, rest ? rest : ad->name->text);
	bool fits = size >= 0 && name_check(name, NULL) == OP_OK;
	if (size >= 0 && !fits) {
		free(name);
	} else {
		add(listing, size < 0 ? NULL : name, ad->type, ad->letters, key);
	}
}

// One of each node in turn: where there is no room for all, nobody's many keep others' few out.
static void add_learnt(struct listing *listing, const struct follow *follow, bool local) {
	struct ads_node *node;
	bool more = true;
	for (int i = 0; more && listing->count < ADS_MAX; i++) {
		more = false;
		wl_list_for_each(node, &follow->table.nodes, link) {
			if (i < node->count) {
				add_ad(listing, follow, &node->list[i], local);
				more = true;
			}
		}
	}
}

static bool is_person(const struct own *own, const struct subject *subject) {
	return strcmp(subject->person, box_tree_owner(own->box->tree)) == 0;
}

static bool is_local(const struct own *own, const struct subject *subject) {
	return is_person(own, subject) && strcmp(subject->machine, own->env->config->machine) == 0;
}

static int compare_items(const void *a, const void *b) {
	const struct item *one = a, *other = b;
	return name_compare(one->name, other->name);
}

// What was learnt was told to this node's person, so it is nobody else's to see.
static void gather(struct own *own, const struct req *req, struct listing *listing) {
	const struct box_env *env = own->env;
	*listing = (struct listing){.req = req, .items = calloc(ADS_MAX, sizeof(struct item))};
	listing->good = listing->items;
	if (!listing->good) {
		return;
	}
	add_own(listing, box_tree_root(env->tree));
	bool local = is_local(own, req->subject);
	if (env->follow && is_person(own, req->subject) && (local || env->config->directory)) {
		add_learnt(listing, env->follow, local);
	}
	qsort(listing->items, (size_t)listing->count, sizeof(struct item), compare_items);
}

static void listing_finish(struct listing *listing) {
	for (int i = 0; i < listing->count; i++) {
		free(listing->items[i].name);
	}
	free(listing->items);
}

// What does not fit into a head under its longer name is passed over. false: no memory.
static bool say(const struct item *item, struct buf *out) {
	struct op_head entry;
	op_head_init_entry(&entry);
	op_set(&entry, OP_F_NAME, item->name);
	op_set(&entry, OP_F_TYPE, item->type);
	op_set(&entry, OP_F_LETTERS, item->letters);
	if (item->key) {
		op_setf(&entry, OP_F_KEY, "%.*s", KEYS_FINGERPRINT, item->key);
	}
	enum op_code code = op_encode(&entry, out, NULL);
	op_head_finish(&entry);
	return code == OP_OK || code == OP_E2BIG;
}

// The list as the request wants it, and its version. false: no memory.
static bool list(struct own *own, const struct req *req, struct buf *out, char version[static 32]) {
	const char *want = op_get(req->head, OP_F_WANT), *after = op_get(req->head, OP_F_AFTER);
	uint64_t left = op_get_number(req->head, OP_F_COUNT, UINT64_MAX);
	uint64_t hash = 0xcbf29ce484222325;
	struct listing listing;
	gather(own, req, &listing);
	for (int i = 0; i < listing.count; i++) {
		const struct item *item = &listing.items[i];
		if ((i > 0 && strcmp(item->name, listing.items[i - 1].name) == 0) ||
				(want && !cnstr_text_meets(item->type, want))) {
			continue;
		}
		hash_text(&hash, item->name);
		hash_text(&hash, item->type);
		hash_text(&hash, item->letters);
		if (left > 0 && (!after || name_compare(item->name, after) > 0)) {
			left--;
			listing.good = say(item, out) && listing.good;
		}
	}
	snprintf(version, 32, "%s.%" PRIx64, box_tree_boot(own->env->tree), hash);
	listing_finish(&listing);
	return listing.good;
}

/* Waiting. */

static void waiting_destroy(struct waiting *waiting) {
	wl_list_remove(&waiting->link);
	free(waiting);
}

static void handle_gone(struct req *req) {
	waiting_destroy(req->data);
}

// true: it need not wait, and was answered.
static bool answer_if_new(struct own *own, struct req *req) {
	char version[32];
	const char *since = op_get(req->head, OP_F_SINCE);
	struct buf out;
	buf_init(&out);
	bool good = list(own, req, &out, version), new = !since || strcmp(since, version) != 0;
	if (!good) {
		req_fail(req, OP_EIO, "out of memory");
	} else if (new) {
		op_set(req_reply(req), OP_F_VERSION, version);
		op_set_number(req_reply(req), OP_F_TTL, TTL_MS);
		req_ok_bytes(req, buf_front(&out), out.size);
	}
	buf_finish(&out);
	return !good || new;
}

// The right may have been taken meanwhile, too.
static bool may_list(const struct own *own, const struct req *req) {
	return box_allows(own->box, req->subject, 'k') != PERM_NO &&
		box_allows(own->box, req->subject, op_verb_letter(OP_SELECTORS)) == PERM_YES;
}

static int handle_timer(void *data) {
	struct own *own = data;
	struct waiting *waiting, *next;
	own->due = false;
	wl_list_for_each_safe(waiting, next, &own->waiting, link) {
		struct req *req = waiting->req;
		if (!may_list(own, req)) {
			waiting_destroy(waiting);
			box_no_such(req);
		} else if (answer_if_new(own, req)) {
			waiting_destroy(waiting);
		}
	}
	return 0;
}

static void look_again(struct own *own) {
	if (!own->due && !wl_list_empty(&own->waiting)) {
		own->due = wl_event_source_timer_update(own->timer, GATHER_MS) == 0;
	}
}

// Processes come and go often, and change no ad.
static void handle_tree_changed(struct wl_listener *listener, void *data) {
	struct own *own = wl_container_of(listener, own, tree_changed);
	const struct box *box = data, *parent = box->parent;
	bool root = !parent, top = parent && !parent->parent;
	if (root || (top && (box == own->box || !is_private(box))) ||
			(!root && !top && !parent->parent->parent && is_shelf(parent))) {
		look_again(own);
	}
}

void ads_box_changed(struct box_env *env) {
	struct box *box = box_inner(box_tree_root(env->tree), "ads");
	if (box) {
		look_again(box->data);
	}
}

/* The box. */

static bool say_near(struct quic *quic, const struct near *near, struct buf *out) {
	const struct peer *peer = quic_peer_by_key(quic, near->key);
	struct op_head entry;
	op_head_init_entry(&entry);
	op_setf(&entry, OP_F_NAME, "/%s", near->key);
	op_set(&entry, OP_F_TYPE, "node");
	op_set(&entry, OP_F_KEY, near->key);
	op_setf(&entry, OP_F_STATE, "%s%s", peer ? "known as /n/" : "not known",
		peer ? peer->petname : "");
	for (int i = 0; i < near->at_size; i++) {
		op_add(&entry, OP_F_AT, near->at[i]);
	}
	bool good = op_encode(&entry, out, NULL) == OP_OK;
	op_head_finish(&entry);
	return good;
}

static void answer_near(const struct own *own, struct req *req) {
	const struct near *near;
	struct buf out;
	bool good = true;
	if (op_has(req->head, OP_F_SINCE)) {
		req_fail(req, OP_EUNSUPP, "who is near is told as it is now, without since: ask again");
		return;
	}
	buf_init(&out);
	wl_list_for_each(near, &own->env->nearby->list, link) {
		good = say_near(own->env->quic, near, &out) && good;
	}
	if (good) {
		req_ok_bytes(req, buf_front(&out), out.size);
	} else {
		req_fail(req, OP_EIO, "out of memory");
	}
	buf_finish(&out);
}

static void ads_selectors(struct box *box, struct req *req) {
	struct own *own = box->data;
	if (strcmp(req->rest, "near") == 0 && own->env->nearby && is_local(own, req->subject)) {
		answer_near(own, req);
		return;
	}
	if (*req->rest) {
		box_no_such(req);
		return;
	}
	if (answer_if_new(own, req)) {
		return;
	}
	static const struct req_events events = {.gone = handle_gone};
	struct waiting *waiting = calloc(1, sizeof(*waiting));
	if (!waiting) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	*waiting = (struct waiting){.own = own, .req = req};
	req->data = waiting;
	req->events = &events;
	wl_list_insert(own->waiting.prev, &waiting->link);
}

static void ads_kind(struct box *box, struct req *req) {
	if (*req->rest) { // an ad is no box: what it is about has its own name
		box_no_such(req);
	} else {
		box_serve_kind(box, req);
	}
}

static void ads_destroy(struct box *box) {
	struct own *own = box->data;
	struct waiting *waiting, *next;
	wl_list_for_each_safe(waiting, next, &own->waiting, link) {
		struct req *req = waiting->req;
		waiting_destroy(waiting);
		box_no_such(req);
	}
	wl_list_remove(&own->tree_changed.link);
	if (own->timer) {
		wl_event_source_remove(own->timer);
	}
	free(own);
}

static const struct box_type ads_type = {
	.name = "ads",
	.fn = {[OP_KIND] = ads_kind, [OP_SELECTORS] = ads_selectors},
	.walks = true,
	.destroy = ads_destroy,
};

static bool ads_init(struct box_env *env) {
	struct own *own = calloc(1, sizeof(*own));
	if (!own) {
		return false;
	}
	own->env = env;
	wl_list_init(&own->waiting);
	own->tree_changed.notify = handle_tree_changed;
	own->timer = wl_event_loop_add_timer(env->loop, handle_timer, own);
	own->box = own->timer ?
		box_create(box_tree_root(env->tree), "ads", &ads_type, "dir", own) : NULL;
	if (!own->box) {
		if (own->timer) {
			wl_event_source_remove(own->timer);
		}
		free(own);
		return false;
	}
	box_tree_on_change(env->tree, &own->tree_changed);
	return true;
}

const struct boxd_type boxd_type_ads = {.init = ads_init};
