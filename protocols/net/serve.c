/* SPDX-License-Identifier: MIT */
/*
 * serve.c - requests that come in, each carried to the box that answers it.
 *
 * Framing is exchange.c's, rights and kinds are box.c's, and where callers come in is listen.c's.
 * Here a head gets its subject, is counted against it, goes by the forward hook, and becomes a
 * struct req. What goes to and fro from then on is served.c's.
 */
#include "net/serve_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEAD_MS 10000 // for a whole head

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool same_subject(const struct subject *a, const struct subject *b) {
	return strcmp(a->person, b->person) == 0 && strcmp(a->machine, b->machine) == 0;
}

/* Rights that end. */

/*
 * What the lists of the tree say of the request now; PERM_ASK: nothing. Below a box that walks names
 * nearer lists may say otherwise, and are their type's, unless they are of boxes of the tree.
 */
static enum perm listed(const struct served *served) {
	enum op_verb verb = served->head.verb;
	const char *rest;
	const struct box *box = box_find(served->tree, op_get(&served->head, OP_F_NAME), &rest);
	const struct box *walked = box->type->walks && *rest ? box_inner(box, rest) : NULL;
	if (walked && verb != OP_MAKE) {
		box = walked;
		rest = "";
	}
	if (*rest && !box->type->walks && verb != OP_MAKE) {
		return PERM_ASK;
	}
	if (verb == OP_MAKE && !*rest && !box->type->names && box->parent) {
		box = box->parent; // it is made
	}
	return box_allows(box, &served->subject, 'k') == PERM_NO ? PERM_NO :
		box_allows(box, &served->subject, op_verb_letter(verb));
}

static void handle_recheck(void *data) {
	struct box_server *server = data;
	struct served *served;
	server->recheck = NULL;
	wl_list_for_each(served, &server->served, link) {
		if (!served->asked || served->idle) {
			continue;
		}
		enum perm perm = listed(served);
		if (served->allowed && perm == PERM_NO) {
			served->barred = true;
			served_destroy_soon(served);
		}
		served->allowed = perm == PERM_YES;
	}
}

static void handle_rights(struct wl_listener *listener, void *data) {
	struct box_server *server = wl_container_of(listener, server, rights);
	if (!server->recheck) {
		server->recheck = wl_event_loop_add_idle(server->loop, handle_recheck, server);
	}
}

// Takes the head over.
static void serve(struct served *served, struct box_tree *tree, struct op_head *head) {
	served->head = *head;
	served->begun = true;
	served->asked = true;
	served->tree = tree;
	req_init(&served->req, &served_carrier, &served->head, &served->subject);
	served->req.outside = served->server->outside;
	box_serve(tree, &served->req);
	served->allowed = served->asked && listed(served) == PERM_YES;
}

static bool check_quota(const struct served *served, struct op_refusal *refusal) {
	const struct served *other;
	char who[130];
	int count = 0;
	wl_list_for_each(other, &served->server->served, link) {
		bool ending = other->idle;
		count += !ending && same_subject(&other->subject, &served->subject);
	}
	if (count <= OP_MAX_EXCHANGES) {
		return true;
	}
	op_refuse(refusal, OP_EQUOTA, "%s has %d exchanges open already: end one and ask again",
		subject_print(&served->subject, who), OP_MAX_EXCHANGES);
	return false;
}

static bool check_rate(const struct served *served, struct op_refusal *refusal) {
	struct rate *rate = &served->server->rate;
	char who[130];
	if (rate_take(rate, &served->subject, now_ms())) {
		return true;
	}
	op_refuse(refusal, OP_EQUOTA, "%s begins more than %d exchanges a second: wait a moment, then ask "
		"again", subject_print(&served->subject, who), rate->per_second);
	return false;
}

// What callers of one subject make us hold, of whatever number of exchanges.
static bool has_room(void *data, size_t more) {
	const struct served *served = data, *other;
	size_t held = more;
	wl_list_for_each(other, &served->server->served, link) {
		if (other->exchange && same_subject(&other->subject, &served->subject)) {
			held += exchange_held(other->exchange);
		}
	}
	return held <= OP_MAX_HELD;
}

// Who asks; false: refusal.
static bool settle_subject(struct served *served, struct op_head *head,
		struct op_refusal *refusal) {
	const char *as = op_get(head, OP_F_AS);
	if (as && served->trusted &&
			subject_parse_as(&served->subject, as, refusal) != OP_OK) {
		return false;
	}
	if (served->server->name_groups) {
		served->server->name_groups(served->server->data, &served->subject);
	}
	op_unset(head, OP_F_AS);
	return check_quota(served, refusal) && check_rate(served, refusal);
}

void served_handle_head(void *data, const struct op_head *head) {
	struct served *served = data;
	struct box_server *server = served->server;
	struct op_refusal refusal = {.code = OP_EIO, .sentence = "out of memory"};
	struct op_head own;
	served->headed = true;
	if (!op_head_copy(&own, head) || !settle_subject(served, &own, &refusal)) {
		served_refuse(served->exchange, &refusal);
		op_head_finish(&own);
		served_destroy_soon(served);
		return;
	}
	struct subject subject = served->subject;
	if (server->forward && server->forward(server->data, served->exchange, &own, &subject)) {
		op_head_finish(&own); // served may be gone
		return;
	}
	serve(served, server->tree, &own);
}

void box_server_give_back(struct box_server *server, struct exchange *exchange,
		const struct op_head *head, const struct subject *subject) {
	box_server_give(server, server->tree, exchange, head, subject);
}

void box_server_give(struct box_server *server, struct box_tree *tree, struct exchange *exchange,
		const struct op_head *head, const struct subject *subject) {
	struct op_refusal refusal = {.code = OP_EIO, .sentence = "out of memory"};
	struct op_head own;
	struct served *served;
	wl_list_for_each(served, &server->served, link) {
		if (served->exchange == exchange) {
			break;
		}
	}
	assert(&served->link != &server->served); // it came from here
	exchange_listen(exchange, &served_events, served);
	served->subject = *subject;
	if (!op_head_copy(&own, head)) {
		served_refuse(exchange, &refusal);
		op_head_finish(&own);
		served_destroy_soon(served);
		return;
	}
	serve(served, tree, &own);
	if (served->asked && exchange_heard(exchange)) {
		served_handle_end(served, NULL); // a body of no bytes was whole already
	}
}

static int handle_timer(void *data) {
	struct box_server *server = data;
	const struct op_refusal late = {
		.code = OP_EARG,
		.sentence = "no whole head came within 10 s: a head ends with an empty line",
	};
	int64_t now = now_ms();
	struct served *served, *next;
	server->timer_armed = false;
	wl_list_for_each_safe(served, next, &server->served, link) {
		if (served->headed || !served->exchange || served->idle) {
			continue;
		}
		int left_ms = (int)(served->deadline_ms - now);
		if (left_ms > 0) {
			wl_event_source_timer_update(server->timer, left_ms);
			server->timer_armed = true;
			break; // those behind it came later
		}
		served_refuse(served->exchange, &late);
		served_destroy(served);
	}
	return 0;
}

// One timer for all: armed for the oldest that waits, and looked at only when it fires.
static void arm_timer(struct box_server *server) {
	if (!server->timer) {
		server->timer = wl_event_loop_add_timer(server->loop, handle_timer, server);
	}
	if (server->timer && !server->timer_armed) {
		server->timer_armed = wl_event_source_timer_update(server->timer, HEAD_MS) == 0;
	}
}

void box_server_take(struct box_server *server, struct stream *stream, const struct door *door) {
	struct op_refusal refusal;
	struct served *served = calloc(1, sizeof(*served));
	if (!served) {
		stream->impl->destroy(stream);
		return;
	}
	served->exchange = exchange_create(stream, OP_REQUEST, &served_events, served);
	if (!served->exchange) {
		free(served);
		return;
	}
	served->server = server;
	served->subject = door->subject;
	served->trusted = door->trusted;
	if (!door->trusted) {
		exchange_set_room(served->exchange, has_room, served);
	}
	served->deadline_ms = now_ms() + HEAD_MS;
	served->exchange_destroy.notify = served_handle_exchange_destroy;
	exchange_add_destroy_listener(served->exchange, &served->exchange_destroy);
	wl_list_insert(server->served.prev, &served->link);
	if (!check_quota(served, &refusal)) {
		served_refuse(served->exchange, &refusal);
		served_destroy_soon(served);
		return;
	}
	arm_timer(server);
}

void box_server_regroup(struct box_server *server) {
	struct served *served;
	wl_list_for_each(served, &server->served, link) {
		server->name_groups(server->data, &served->subject);
	}
}

void box_server_set_groups(struct box_server *server, const struct subject *subject) {
	struct served *served;
	wl_list_for_each(served, &server->served, link) {
		if (same_subject(&served->subject, subject)) {
			served->subject = *subject;
		}
	}
}

void box_server_drop(struct box_server *server, const struct subject *subject) {
	struct served *served;
	wl_list_for_each(served, &server->served, link) {
		// One that ends already has nobody left who would hear of it.
		if (!served->idle && same_subject(&served->subject, subject)) {
			served->dropped = true;
			served_destroy_soon(served);
		}
	}
}

void box_server_init(struct box_server *server, struct wl_event_loop *loop, struct box_tree *tree) {
	*server = (struct box_server){.loop = loop, .tree = tree};
	wl_list_init(&server->served);
	wl_list_init(&server->listeners);
	rate_init(&server->rate, 0);
	server->rights.notify = handle_rights;
	if (tree) {
		box_tree_on_rights(tree, &server->rights);
	} else {
		wl_list_init(&server->rights.link);
	}
}

void box_server_finish(struct box_server *server) {
	box_server_unlisten_all(server);
	rate_finish(&server->rate);
	wl_list_remove(&server->rights.link);
	wl_list_init(&server->rights.link);
	if (server->recheck) {
		wl_event_source_remove(server->recheck);
		server->recheck = NULL;
	}
	while (!wl_list_empty(&server->served)) {
		struct served *served = wl_container_of(server->served.next, served, link);
		wl_list_remove(&served->link);
		wl_list_init(&served->link);
		if (served->exchange && (!served->idle || served->dropped)) { // who took it over hears gone
			exchange_cut(served->exchange, OP_ELOST, "the server ends");
		} else {
			served_tell_gone(served);
			served_destroy(served);
		}
	}
	if (server->timer) {
		wl_event_source_remove(server->timer);
		server->timer = NULL;
	}
}
