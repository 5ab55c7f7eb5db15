/* SPDX-License-Identifier: MIT */
/*
 * leases.c - links between others' nodes, and the grants they are kept up with.
 *
 * Signatures are grants.c's; what the link does with its grant, net/link.c's.
 */
#include "leases.h"

#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "leases"
#include "base/log.h"
#include "box/name.h"
#include "grants.h"
#include "quic/quic.h"
#include "quic/signing.h"
#include "route.h"

#define LEASES_MAX 256  // the oldest goes: it may be asked for again
#define LOOK_MS 600000  // a machine that slept, or whose clock was set, has another time

struct lease {
	struct wl_list link; // leases.list, oldest first
	struct leases *leases;
	char key[GRANT_KEY + 1]; // of the node that has the link
	char *name;              // of the link, there
	char *device;            // on the grant's node
	char id[GRANT_ID + 1], to[GRANT_KEY + 1];
	uint32_t verbs;
	int64_t due; // to be renewed from then on; seconds since 1970
	struct call *call; // which does; NULL: not now
};

void leases_init(struct leases *leases, struct wl_event_loop *loop, const struct route *route,
		const struct caller *caller) {
	*leases = (struct leases){.loop = loop, .route = route, .caller = caller};
	wl_list_init(&leases->list);
}

static void lease_destroy(struct lease *lease) {
	wl_list_remove(&lease->link);
	call_destroy(lease->call);
	free(lease->name);
	free(lease->device);
	free(lease);
}

void leases_finish(struct leases *leases) {
	struct lease *lease, *next;
	wl_list_for_each_safe(lease, next, &leases->list, link) {
		lease_destroy(lease);
	}
	if (leases->timer) {
		wl_event_source_remove(leases->timer);
		leases->timer = NULL;
	}
}

/* Signing. */

// Which way bytes go between a link's device and this io box; OP.md, link.
static enum op_verb verb_of(const char *io) {
	static const char *const outputs[] = {"out", "audio", "io1", "io2", "legacy"};
	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
		if ((name_below("/win", io) || name_below("/proc", io)) &&
				strcmp(name_last(io), outputs[i]) == 0) {
			return OP_PUTMEM;
		}
	}
	return OP_GETMEM;
}

// Whether the node of that key asks the device's for it as somebody who takes a grant: its own person
// does not, and to our own machines it comes as who it is.
static bool takes_grant(const struct route *route, const struct peer *io, const char *device_key,
		const struct subject *subject) {
	const char *person = keys_person(route->keys);
	const struct peer *device = device_key[0] ? quic_peer_by_key(route->quic, device_key) : NULL;
	return person && route->grants && device && strcmp(subject->person, person) == 0 &&
		strcmp(subject->machine, keys_machine(route->keys)) == 0 &&
		strcmp(io->subject.person, person) != 0 && strcmp(device->subject.person, person) != 0;
}

enum op_code leases_sign(const struct leases *leases, const struct way *way, struct op_head *head,
		const struct subject *subject, struct op_refusal *refusal) {
	const struct route *route = leases->route;
	const char *device = op_get(head, OP_F_DEVICE), *name;
	char key[KEYS_FINGERPRINT + 1];
	if (way->kind != WAY_PEER || !device || op_has(head, OP_F_GRANT) ||
			where_split(device, key, &name, NULL) != OP_OK ||
			!takes_grant(route, way->peer, key, subject)) {
		return OP_OK;
	}
	const struct grants_leave leave = {
		.holder = way->peer->key,
		.to = key,
		.use = GRANT_LINK,
		.verbs = 1u << verb_of(op_get(head, OP_F_NAME)),
		.name = name,
	};
	return grants_sign(route->grants, head, &leave, NULL, refusal);
}

/* Keeping. */

static struct lease *find(struct leases *leases, const char *key, const char *name) {
	struct lease *lease;
	wl_list_for_each(lease, &leases->list, link) {
		if (strcmp(lease->key, key) == 0 && strcmp(lease->name, name) == 0) {
			return lease;
		}
	}
	return NULL;
}

static struct lease *add(struct leases *leases, const char *key, const char *name) {
	struct lease *lease = calloc(1, sizeof(*lease));
	if (!lease) {
		return NULL;
	}
	lease->leases = leases;
	lease->name = strdup(name);
	wl_list_insert(leases->list.prev, &lease->link);
	if (!lease->name || strlen(key) >= sizeof(lease->key)) {
		lease_destroy(lease);
		return NULL;
	}
	strcpy(lease->key, key);
	if (wl_list_length(&leases->list) > LEASES_MAX) {
		struct lease *oldest = wl_container_of(leases->list.next, oldest, link);
		lease_destroy(oldest);
	}
	return lease;
}

static void keep(struct leases *leases, const char *key, const char *name,
		const struct grant *grant) {
	char *device = strdup(grant->name);
	struct lease *lease = find(leases, key, name);
	if (!lease) {
		lease = add(leases, key, name);
	}
	if (!lease || !device) {
		free(device);
		return; // it runs out
	}
	free(lease->device);
	lease->device = device;
	strcpy(lease->id, grant->id);
	strcpy(lease->to, grant->to);
	lease->verbs = grant->verbs;
	lease->due = grant->from + (grant->until - grant->from) / 2;
}

static int handle_timer(void *data) {
	leases_check(data);
	return 0;
}

static void watch_time(struct leases *leases) {
	if (!leases->timer) {
		leases->timer = wl_event_loop_add_timer(leases->loop, handle_timer, leases);
	}
	if (leases->timer) {
		wl_event_source_timer_update(leases->timer, wl_list_empty(&leases->list) ? 0 : LOOK_MS);
	}
}

void leases_linked(struct leases *leases, const char *key, const struct op_head *head,
		const char *name) {
	struct grant *grant = malloc(sizeof(*grant));
	size_t at = 0;
	for (const char *text; grant && (text = op_each(head, OP_F_GRANT, &at));) {
		if (signing_read(text, grant, NULL) == OP_OK && grant->use == GRANT_LINK &&
				strcmp(grant->by, keys_fingerprint(leases->route->keys)) == 0) {
			// one that is renewed keeps its name, whatever the node calls it now
			const char *asked = op_get(head, OP_F_NAME);
			keep(leases, key, find(leases, key, asked) ? asked : name, grant);
			leases_check(leases);
		}
	}
	free(grant);
}

void leases_forget(struct leases *leases, const char *key, const char *name) {
	struct lease *lease, *next;
	wl_list_for_each_safe(lease, next, &leases->list, link) {
		if (strcmp(lease->key, key) == 0 && name_below(name, lease->name)) {
			lease_destroy(lease);
		}
	}
}

/* Renewing. */

static bool may_come_back(enum op_code code) {
	return code == OP_ELOST || code == OP_EUNREACH || code == OP_EUDP || code == OP_EQUOTA ||
		code == OP_EIO;
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct lease *lease = data;
	lease->call = NULL;
	if (why->code != OP_OK && !may_come_back(why->code)) {
		log_debug("%s is not renewed: %s", lease->name, why->sentence);
		lease_destroy(lease); // the link is gone, or another has its name
	}
}

static void renew(struct lease *lease) {
	static const struct call_events events = {.ended = handle_ended};
	struct leases *leases = lease->leases;
	const struct grants_leave leave = {
		.holder = lease->key,
		.to = lease->to,
		.use = GRANT_LINK,
		.verbs = lease->verbs,
		.name = lease->device,
		.renews = lease->id,
	};
	struct op_refusal why;
	struct op_head head;
	op_head_init_request(&head, OP_LINK);
	op_setf(&head, OP_F_NAME, "/n/%s%s", lease->key, lease->name);
	op_setf(&head, OP_F_DEVICE, "%s%s", lease->to, lease->device);
	if (grants_sign(leases->route->grants, &head, &leave, NULL, &why) == OP_OK) {
		lease->call = call_create(leases->loop, leases->caller, &head, NULL, &events, lease);
	}
	op_head_finish(&head);
}

void leases_check(struct leases *leases) {
	struct lease *lease;
	const struct grants *grants = leases->route->grants;
	wl_list_for_each(lease, &leases->list, link) {
		if (!lease->call && grants->now_ms() / 1000 >= lease->due) {
			renew(lease);
		}
	}
	watch_time(leases);
}
