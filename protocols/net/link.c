/* SPDX-License-Identifier: MIT */
/*
 * link.c - links that dial, and dial again.
 *
 * What is done with a device is the io box's matter (struct link_user); where a device is found is
 * the caller's; of devices that only name another box, link_named.c's; what ends by rights,
 * link_rights.c's; how a link comes to be, and the box that it is, link_box.c's.
 */
#include "net/link_impl.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "box/name.h"

#define STEADY_MS 5000  // up for so long, it begins anew to count attempts

static const int retry_ms[] = {NET_LINK_SOON_MS, 500, 2000, 5000};
#define RETRIES ((int)(sizeof(retry_ms) / sizeof(retry_ms[0])))

static struct net_link *net_link_from(struct link *link) {
	return (struct net_link *)link;
}

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void net_link_free(struct net_link *l) {
	free(l->link.device);
	free(l->want);
	op_head_finish(&l->grants);
	free(l->from);
	free(l->means);
	free(l->named);
	free(l->version);
	free(l);
}

// The users' functions may end any link, this one too.
void net_link_hold(struct net_link *l) {
	l->held++;
}

// false: it ended meanwhile, and is freed.
bool net_link_let_go(struct net_link *l) {
	bool ended = l->ended;
	if (--l->held == 0 && ended) {
		net_link_free(l);
	}
	return !ended;
}

void net_link_go_down(struct net_link *l) {
	bool up = l->link.state == LINK_UP;
	l->link.state = LINK_WAITING;
	if (up && now_ms() - l->up_ms >= STEADY_MS) {
		l->failures = 0;
	}
	if (up && l->link.user->down) {
		l->link.user->down(&l->link);
	}
}

void net_link_retry_later(struct net_link *l, int ms) {
	l->waits = wl_event_source_timer_update(l->timer, ms) == 0;
}

// Nobody said no: there is nobody, or he is gone.
static bool is_absent(enum op_code code) {
	return code == OP_OK || code == OP_ELOST || code == OP_EUNREACH || code == OP_EUDP;
}

// The exchange is over, or there was none. The link is freed if its user ends it.
void net_link_failed(struct net_link *l, const struct op_refusal *why) {
	net_link_hold(l);
	net_link_go_down(l);
	if (!l->ended) {
		bool absent = is_absent(why->code);
		l->link.why = *why;
		l->link.state = absent ? LINK_WAITING : LINK_REFUSED;
		int step = l->failures < RETRIES ? l->failures : RETRIES - 1;
		l->failures++;
		net_link_retry_later(l, absent ? retry_ms[step] : REFUSED_MS);
		box_changed(l->link.box);
	}
	net_link_let_go(l);
}

void net_link_end(struct link *link) {
	struct net_link *l = net_link_from(link);
	if (!l->ended) {
		box_destroy(link->box); // link_box_destroy does the rest
	}
}

static bool is_older(const struct net_link *a, const struct net_link *b) {
	for (const struct wl_list *at = a->node.next; at != &a->linker->links; at = at->next) {
		if (at == &b->node) {
			return true;
		}
	}
	return false;
}

// Those made before it; a newer one is yet to take this one's place.
static void end_others(struct net_link *l) {
	struct net_link *other;
	bool found = true;
	while (found && !l->ended) {
		found = false;
		wl_list_for_each(other, &l->linker->links, node) {
			if (other->link.io == l->link.io && other != l && is_older(other, l)) {
				found = true;
				net_link_end(&other->link);
				break; // its user may have changed the list
			}
		}
	}
}

static void handle_reply(void *data, const struct op_head *reply) {
	struct net_link *l = data;
	if (reply->refusal.code != OP_OK) {
		return; // ended follows
	}
	net_link_hold(l);
	l->link.state = LINK_UP;
	l->link.why.code = OP_OK;
	l->up_ms = now_ms();
	box_changed(l->link.box);
	if (l->replaces) {
		end_others(l);
	}
	if (!l->ended && l->link.user->up) {
		l->link.user->up(&l->link, reply);
	}
	net_link_let_go(l);
}

static void handle_bytes(void *data, const void *bytes, size_t size) {
	struct net_link *l = data;
	if (l->link.user->data) {
		l->link.user->data(&l->link, bytes, size);
	}
}

static void handle_frame(void *data, const struct frame *frame) {
	struct net_link *l = data;
	if (l->link.user->frame) {
		l->link.user->frame(&l->link, frame);
	}
}

static void handle_drained(void *data) {
	struct net_link *l = data;
	if (l->link.state == LINK_UP && l->link.user->drained) {
		l->link.user->drained(&l->link);
	}
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct net_link *l = data;
	l->call = NULL;
	l->link.over = why->code == OP_OK;
	if (why->code == OP_OK || l->finishing) {
		net_link_end(&l->link); // the device let go
	} else {
		net_link_failed(l, why);
	}
}

static const struct call_events call_events = {
	.reply = handle_reply,
	.bytes = handle_bytes,
	.frame = handle_frame,
	.drained = handle_drained,
	.ended = handle_ended,
};

void net_link_set_device(struct op_head *head, const char *device, const char *below) {
	char key[65];
	const char *name;
	below = strcmp(below, "/") == 0 ? "" : below;
	if (where_split(device, key, &name, NULL) == OP_OK && key[0]) {
		op_setf(head, OP_F_NAME, "/n/%s%s%s", key, strcmp(name, "/") == 0 ? "" : name, below);
	} else {
		op_setf(head, OP_F_NAME, "%s%s", device, below);
	}
}

static void set_device(struct op_head *head, const char *device) {
	net_link_set_device(head, device, "");
}

// Nothing is asked without what gives leave for it.
void net_link_add_grants(struct op_head *head, const struct op_head *from) {
	size_t at = 0;
	for (const char *grant; (grant = op_each(from, OP_F_GRANT, &at));) {
		op_add(head, OP_F_GRANT, grant);
	}
}

// No attempt is under way, and nobody goes on with an exchange that was one.
bool net_link_is_idle(const struct net_link *l) {
	return !l->call && l->link.state != LINK_UP;
}

void net_link_dial(struct net_link *l) {
	const struct link_user *user = l->link.user;
	struct op_head head;
	assert(!l->call);
	l->waits = false;
	if (net_link_is_named(l->link.device) && !l->means) {
		if (!l->naming) {
			net_link_ask_name(l);
		}
		return;
	}
	op_head_init_request(&head, user->verb);
	op_set(&head, OP_F_NS, "-"); // the device was chosen when the link was made
	set_device(&head, l->means ? l->means : l->link.device);
	net_link_add_grants(&head, &l->grants);
	if (l->want) {
		op_set(&head, OP_F_WANT, l->want);
	}
	if (user->verb == OP_GETMEM) {
		op_set_flag(&head, OP_F_LIVE);
		op_set(&head, OP_F_FROM, l->from);
	} else {
		op_set_body(&head, user->body, 0);
	}
	if (user->request) {
		user->request(&l->link, &head);
	}
	l->call = call_create(l->linker->loop, l->linker->caller, &head, &l->link.subject,
		&call_events, l);
	op_head_finish(&head);
	if (!l->call) {
		net_link_retry_later(l, REFUSED_MS);
	}
}

static void try_again(struct net_link *l) {
	if (l->waits && net_link_is_idle(l)) {
		net_link_dial(l);
	} else if (l->waits && !l->naming) {
		l->waits = false;
		net_link_ask_name(l);
	}
}

int net_link_handle_timer(void *data) {
	try_again(data);
	return 0;
}

/* Newer leave from the asker, while the older holds or after it ran out. */

static void handle_renewed(void *data, const struct op_refusal *why,
		const struct op_head *trailer) {
	struct net_link *l = data;
	l->renewing = NULL; // if it was refused, what is up ends when the older one does
}

// What is up may go on: whoever serves the device sees the newer one.
static void tell_device(struct net_link *l) {
	static const struct call_events events = {.ended = handle_renewed};
	struct op_head head;
	call_destroy(l->renewing);
	op_head_init_request(&head, OP_KIND);
	op_set(&head, OP_F_NS, "-");
	set_device(&head, l->means ? l->means : l->link.device);
	net_link_add_grants(&head, &l->grants);
	l->renewing = call_create(l->linker->loop, l->linker->caller, &head, &l->link.subject, &events, l);
	op_head_finish(&head);
}

static void take_grants(struct net_link *l, const struct op_head *from) {
	op_unset(&l->grants, OP_F_GRANT);
	net_link_add_grants(&l->grants, from);
	if (l->link.user->granted) {
		l->link.user->granted(&l->link);
	}
	if (net_link_is_idle(l)) {
		try_again(l);
	} else {
		tell_device(l);
	}
}

// Those that follow it have no other leave than its.
void net_link_renew(struct net_link *l, const struct op_head *from) {
	struct net_link *other, *next;
	wl_list_for_each_safe(other, next, &l->linker->links, node) {
		if (other == l || (other->follows && strcmp(other->link.device, l->link.device) == 0 &&
				net_link_same_subject(&other->link.subject, &l->link.subject))) {
			take_grants(other, from);
		}
	}
}

static bool write_bytes(struct link *link, const void *bytes, size_t size) {
	struct net_link *l = net_link_from(link);
	if (!l->call || link->state != LINK_UP) {
		return false;
	}
	call_send_bytes(l->call, bytes, size);
	return call_queued(l->call) <= REQ_HIGH_MARK;
}

static bool write_frame(struct link *link, const struct frame *frame) {
	struct net_link *l = net_link_from(link);
	if (!l->call || link->state != LINK_UP) {
		return false;
	}
	call_send_frame(l->call, frame);
	return call_queued(l->call) <= REQ_HIGH_MARK;
}

static void pause_link(struct link *link, bool paused) {
	struct net_link *l = net_link_from(link);
	if (l->call) {
		call_pause(l->call, paused);
	}
}

static int take_fd(struct link *link) {
	struct net_link *l = net_link_from(link);
	int fd = l->call && link->state == LINK_UP ? call_take_fd(l->call) : -1;
	if (fd >= 0) {
		l->call = NULL;
	}
	return fd;
}

static void down(struct link *link, enum op_code code, const char *sentence) {
	struct net_link *l = net_link_from(link);
	struct op_refusal why;
	if (link->state == LINK_UP && !l->ended) {
		op_refuse(&why, code, "%s", sentence);
		call_destroy(l->call);
		l->call = NULL;
		net_link_failed(l, &why);
	}
}

static void finish(struct link *link) {
	struct net_link *l = net_link_from(link);
	if (l->finishing) {
		return;
	}
	if (l->call && link->state == LINK_UP && link->user->verb == OP_PUTMEM) {
		l->finishing = true;
		call_send_end(l->call);
	} else {
		net_link_end(link);
	}
}

static void link_grants(const struct link *link, struct op_head *head) {
	const struct net_link *l = (const struct net_link *)link;
	net_link_add_grants(head, &l->grants);
}

void net_linker_init(struct net_linker *linker, struct wl_event_loop *loop,
		const struct caller *caller) {
	*linker = (struct net_linker){
		.linker = {
			.make = net_link_make,
			.restore = net_link_restore,
			.follow = net_link_follow,
			.write = write_bytes,
			.frame = write_frame,
			.pause = pause_link,
			.take_fd = take_fd,
			.down = down,
			.finish = finish,
			.end = net_link_end,
			.grants = link_grants,
		},
		.loop = loop,
		.caller = caller,
	};
	wl_list_init(&linker->links);
	wl_list_init(&linker->rights.link);
}

void net_linker_finish(struct net_linker *linker) {
	wl_list_remove(&linker->rights.link);
	wl_list_init(&linker->rights.link);
	if (linker->recheck) {
		wl_event_source_remove(linker->recheck);
		linker->recheck = NULL;
	}
	while (!wl_list_empty(&linker->links)) {
		struct net_link *l = wl_container_of(linker->links.next, l, node);
		net_link_end(&l->link);
	}
}

void net_linker_retry(struct net_linker *linker) {
	struct net_link *l;
	wl_list_for_each(l, &linker->links, node) {
		l->failures = 0;
		if (l->waits) {
			wl_event_source_timer_update(l->timer, 0);
			try_again(l);
		}
	}
}
