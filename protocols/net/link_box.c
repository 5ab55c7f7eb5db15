/* SPDX-License-Identifier: MIT */
/*
 * link_box.c - how links come to be, by a request, from the disk or behind another one, and the box that
 * each is below its io box. Dialling is link.c's. Links live as long as their io box; who keeps them on
 * disk restores them.
 */
#include "net/link_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "box/name.h"

static void link_box_link(struct box *box, struct req *req) {
	struct net_link *l = box->data;
	const char *device = op_get(req->head, OP_F_DEVICE);
	char by[130], *name;
	if (!op_has(req->head, OP_F_GRANT)) {
		req_fail(req, OP_EARG, "this is a link itself, and takes nothing but a newer grant for its own "
			"device: link the device to the box above it");
	} else if (!net_link_same_subject(req->subject, &l->link.subject)) {
		req_fail(req, OP_EPERM, "this link is %s's, whose grants it takes",
			subject_print(&l->link.subject, by));
	} else if (!device || strcmp(device, l->link.device) != 0) {
		req_fail(req, OP_EARG, "this link's device is %.150s, and stays it: link another one to the box "
			"above it", l->link.device);
	} else if (!(name = box_name(box))) {
		req_fail(req, OP_EIO, "out of memory");
	} else {
		op_set(req_reply(req), OP_F_NAME, name);
		free(name);
		net_link_renew(l, req->head);
		req_ok(req);
	}
}

static void link_box_describe(struct box *box, struct op_head *entry) {
	const struct net_link *l = box->data;
	char by[130];
	op_set(entry, OP_F_DEVICE, l->link.device);
	op_set(entry, OP_F_BY, subject_print(&l->link.subject, by));
	op_set_number(entry, OP_F_STARTED, (uint64_t)l->link.started);
	if (l->link.state == LINK_UP || l->link.why.code == OP_OK) { // up, or never tried
		op_set(entry, OP_F_STATE, l->link.state == LINK_UP ? "up" : "waiting");
	} else {
		op_setf(entry, OP_F_STATE, "%s %s %s", l->link.state == LINK_REFUSED ? "refused" : "waiting",
			op_code_name(l->link.why.code), l->link.why.sentence);
	}
	if (l->link.user->describe) {
		l->link.user->describe(&l->link, entry);
	}
}

static void link_box_delete(struct box *box, struct req *req) {
	box_destroy(box);
	req_ok(req);
}

// However it came about: deleted, replaced, let go by the device, or its io box goes.
static void link_box_destroy(struct box *box) {
	struct net_link *l = box->data;
	l->ended = true;
	net_link_hold(l);
	wl_list_remove(&l->node);
	wl_list_init(&l->node);
	call_destroy(l->call);
	call_destroy(l->naming);
	call_destroy(l->renewing);
	l->call = l->naming = l->renewing = NULL;
	wl_event_source_remove(l->timer);
	wl_event_source_remove(l->name_timer);
	net_link_go_down(l);
	if (l->link.user->gone) {
		l->link.user->gone(&l->link);
	}
	net_link_let_go(l);
}

static const struct box_type link_type = {
	.name = "link",
	.fn = {[OP_DELETE] = link_box_delete, [OP_LINK] = link_box_link},
	.describe = link_box_describe,
	.destroy = link_box_destroy,
};

// A device may have been taken back from a link that comes again; from a new one it was not.
static bool name_uniquely(struct net_link *l) {
	char version[32], *name = box_name(l->link.box);
	if (!name || asprintf(&l->from, "%s %s", name, box_version(l->link.box, version)) < 0) {
		l->from = NULL;
	}
	free(name);
	return l->from;
}

static struct net_link *net_link_create(struct net_linker *linker, struct box *io,
		const struct link_kept *kept, const struct link_user *user, void *data) {
	const char *want = kept->want;
	struct net_link *l = calloc(1, sizeof(*l));
	if (!l) {
		return NULL;
	}
	l->linker = linker;
	l->link = (struct link){
		.io = io,
		.linker = &linker->linker,
		.user = user,
		.data = data,
		.device = strdup(kept->device),
		.subject = kept->subject,
		.started = kept->started,
		.state = LINK_WAITING,
	};
	l->want = want ? strdup(want) : NULL;
	op_head_init_entry(&l->grants);
	if (kept->grants) {
		net_link_add_grants(&l->grants, kept->grants);
	}
	l->timer = wl_event_loop_add_timer(linker->loop, net_link_handle_timer, l);
	l->name_timer = wl_event_loop_add_timer(linker->loop, net_link_handle_name_timer, l);
	if (l->link.device && (l->want || !want) && l->timer && l->name_timer) {
		l->link.box = box_create(io, kept->name, &link_type, "link", l);
	}
	if (!l->link.box) {
		if (l->timer) {
			wl_event_source_remove(l->timer);
		}
		if (l->name_timer) {
			wl_event_source_remove(l->name_timer);
		}
		net_link_free(l);
		return NULL;
	}
	wl_list_insert(linker->links.prev, &l->node);
	l->allowed = box_allows(io, &l->link.subject, 'l') == PERM_YES;
	return l;
}

// Of those with this prefix.
static void free_name(const struct box *io, const char *prefix, char out[static 64]) {
	unsigned int number = prefix ? 0 : box_free_number(io);
	do {
		snprintf(out, 64, "%s%u", prefix ? prefix : "", number++);
	} while (prefix && box_inner(io, out));
}

static struct net_link *net_link_create_named(struct net_linker *linker, struct box *io,
		const struct link_kept *kept, const struct link_user *user, void *data) {
	struct net_link *l = net_link_create(linker, io, kept, user, data);
	if (l && !name_uniquely(l)) {
		static const struct link_user nobody = {0};
		l->link.user = &nobody; // the caller knows by NULL, not by gone
		net_link_end(&l->link);
		l = NULL;
	}
	return l;
}

struct link *net_link_follow(struct linker *base, struct box *io, const struct link *other,
		const struct link_user *user, void *data) {
	struct net_linker *linker = wl_container_of(base, linker, linker);
	const struct net_link *first = wl_container_of(other, first, link);
	char unused[64];
	free_name(io, user->prefix, unused);
	const struct link_kept kept = {
		.name = unused,
		.device = other->device,
		.want = first->want,
		.subject = other->subject,
		.started = (int64_t)time(NULL),
		.grants = &first->grants,
	};
	struct net_link *l = net_link_create_named(linker, io, &kept, user, data);
	if (!l) {
		return NULL;
	}
	l->follows = true;
	net_link_dial(l);
	return &l->link;
}

struct link *net_link_restore(struct linker *base, struct box *io, const struct link_kept *kept,
		const struct link_user *user, void *data) {
	struct net_linker *linker = wl_container_of(base, linker, linker);
	struct net_link *l = net_link_create_named(linker, io, kept, user, data);
	if (l) {
		net_link_retry_later(l, NET_LINK_SOON_MS); // the program is still beginning
	}
	return l ? &l->link : NULL;
}

// What is a name on the device's node is a longer one here.
static bool may_be_asked(const char *device) {
	char key[65], *asked;
	const char *name;
	if (where_split(device, key, &name, NULL) != OP_OK || !key[0]) {
		return true; // as it stands
	}
	bool good = asprintf(&asked, "/n/%s%s", key, strcmp(name, "/") == 0 ? "" : name) >= 0;
	if (good) {
		good = name_check(asked, NULL) == OP_OK;
		free(asked);
	}
	return good;
}

struct link *net_link_make(struct linker *base, struct box *io, struct req *req,
		const struct link_user *user, void *data) {
	struct net_linker *linker = wl_container_of(base, linker, linker);
	char unused[64];
	if (!op_get(req->head, OP_F_DEVICE)) {
		req_fail(req, OP_EARG, "a link needs a device: link device NAME name IO");
		return NULL;
	}
	if (!may_be_asked(op_get(req->head, OP_F_DEVICE))) {
		req_fail(req, OP_E2BIG, "the device's name is too long to be asked for: it is one below /n");
		return NULL;
	}
	free_name(io, user->prefix, unused);
	const struct link_kept kept = {
		.name = unused,
		.device = op_get(req->head, OP_F_DEVICE),
		.want = op_get(req->head, OP_F_WANT),
		.subject = *req->subject,
		.started = (int64_t)time(NULL),
		.grants = req->head,
	};
	struct net_link *l = net_link_create_named(linker, io, &kept, user, data);
	char *name = l ? box_name(l->link.box) : NULL;
	if (!name) {
		static const struct link_user nobody = {0};
		req_fail(req, OP_EIO, "out of memory");
		if (l) {
			l->link.user = &nobody;
			net_link_end(&l->link);
		}
		return NULL;
	}
	l->replaces = user->single || op_has(req->head, OP_F_ONLY);
	op_set(req_reply(req), OP_F_NAME, name);
	free(name);
	if (user->made) {
		user->made(&l->link, req_reply(req));
	}
	req_ok(req);
	net_link_dial(l);
	return &l->link;
}
