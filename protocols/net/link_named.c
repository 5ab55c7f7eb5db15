/* SPDX-License-Identifier: MIT */
/*
 * link_named.c - links to a device below /usr, which only names another box, now this and then that: who
 * is asked for the name, and what follows when it is another one. Dialling the box is link.c's.
 */
#include "net/link_impl.h"

#include <stdlib.h>
#include <string.h>

#include "box/name.h"

#define NAME_MS 200 // between two questions what a device means, however often that changes

bool net_link_is_named(const char *device) {
	char key[65];
	const char *name, *at;
	size_t size;
	if (where_split(device, key, &name, NULL) != OP_OK) {
		return false;
	}
	at = key[0] ? NULL : name_below("/n", name);
	if (at && name_next(&at, &size)) {
		name = *at ? at - 1 : "/";
	}
	at = name_below("/usr", name);
	return at && *at;
}

static void set_text(char **text, const char *value) {
	free(*text);
	*text = value ? strdup(value) : NULL;
}

static void handle_named(void *data, const struct op_head *reply) {
	struct net_link *l = data;
	set_text(&l->named, reply->refusal.code == OP_OK ? op_get(reply, OP_F_DEVICE) : NULL);
	set_text(&l->version, reply->refusal.code == OP_OK ? op_get(reply, OP_F_VERSION) : NULL);
}

static void drop_call(struct net_link *l) {
	call_destroy(l->call);
	l->call = NULL;
	net_link_go_down(l);
}

// It names this box now: what was used until now is let go.
static void take_name(struct net_link *l) {
	bool same = l->means && strcmp(l->means, l->named) == 0;
	free(l->means);
	l->means = l->named;
	l->named = NULL;
	net_link_hold(l);
	if (!same) {
		drop_call(l);
		l->failures = 0;
	}
	if (!l->ended) {
		wl_event_source_timer_update(l->name_timer, NAME_MS);
	}
	if (!l->ended && net_link_is_idle(l)) {
		net_link_dial(l);
	}
	net_link_let_go(l);
}

static void handle_named_ended(void *data, const struct op_refusal *why,
		const struct op_head *trailer) {
	struct net_link *l = data;
	struct op_refusal nothing;
	bool heard = why->code == OP_OK;
	l->naming = NULL;
	if (why->code == OP_OK && l->named && l->version) {
		take_name(l);
		return;
	}
	if (heard) { // nobody is anywhere
		op_refuse(&nothing, OP_EUNREACH, "%s names no box yet: link a device to it, or touch one",
			l->link.device);
		why = &nothing;
	}
	set_text(&l->means, NULL);
	if (!heard) {
		set_text(&l->version, NULL); // whoever says it next may count anew
	}
	if (net_link_is_idle(l)) {
		net_link_hold(l);
		net_link_failed(l, why);
		if (!l->ended && heard) { // waits until it names one
			wl_event_source_timer_update(l->name_timer, NAME_MS);
		}
		net_link_let_go(l);
	} else {
		net_link_retry_later(l, REFUSED_MS); // what is up stays so
	}
}

void net_link_ask_name(struct net_link *l) {
	static const struct call_events events = {.reply = handle_named, .ended = handle_named_ended};
	struct op_head head;
	op_head_init_request(&head, OP_KIND);
	op_set(&head, OP_F_NS, "-");
	net_link_set_device(&head, l->link.device, "");
	net_link_add_grants(&head, &l->grants);
	if (l->version) {
		op_set(&head, OP_F_SINCE, l->version);
	}
	l->naming = call_create(l->linker->loop, l->linker->caller, &head, &l->link.subject, &events, l);
	op_head_finish(&head);
	if (!l->naming) {
		net_link_retry_later(l, REFUSED_MS);
	}
}

int net_link_handle_name_timer(void *data) {
	struct net_link *l = data;
	if (!l->naming) {
		net_link_ask_name(l);
	}
	return 0;
}
