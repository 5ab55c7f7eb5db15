/* SPDX-License-Identifier: MIT */
/*
 * serve.c - requests that come in, each carried to the box that answers it.
 *
 * Framing is exchange.c's, rights and kinds are box.c's, and where callers come in is listen.c's.
 * Here a head gets its subject, is counted against it, goes by the forward hook, and becomes a
 * struct req; and an exchange may be handed to another program.
 */
#include "net/serve.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LOG_MODULE "serve"
#include "base/log.h"
#include "net/exchange_impl.h"

#define HEAD_MS 10000 // for a whole head

/* One exchange, from its first byte until it is over, whoever answers it. */
struct served {
	struct wl_list link; // server.served, oldest first
	struct box_server *server;
	struct exchange *exchange; // NULL: whoever took it over has ended it
	struct wl_listener exchange_destroy;
	struct wl_event_source *idle; // it ends before the loop sleeps
	struct wl_event_source *resume; // its box hears of the body's end
	struct subject subject;
	bool trusted;
	bool headed;  // the head has come
	bool begun;   // req is initialised
	bool asked;   // and its handler's: not answered whole yet, nor told gone
	bool failed;  // the answer could not be sent; a refusal was
	bool end_due; // the body was whole before anybody listened to it
	bool dropped; // by box_server_drop
	bool allowed; // by the lists of its tree, when it was begun
	bool barred;  // and not any more
	struct box_tree *tree; // that serves it
	int64_t deadline_ms; // for the head
	struct op_head head;
	struct req req;
};

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool same_subject(const struct subject *a, const struct subject *b) {
	return strcmp(a->person, b->person) == 0 && strcmp(a->machine, b->machine) == 0;
}

static void served_destroy(struct served *served) {
	wl_list_remove(&served->link);
	wl_list_remove(&served->exchange_destroy.link);
	if (served->idle) {
		wl_event_source_remove(served->idle);
	}
	if (served->resume) {
		wl_event_source_remove(served->resume);
	}
	if (served->begun) {
		req_finish(&served->req);
		op_head_finish(&served->head);
	}
	exchange_destroy(served->exchange);
	free(served);
}

// Whoever took it over has ended it.
static void handle_exchange_destroy(struct wl_listener *listener, void *data) {
	struct served *served = wl_container_of(listener, served, exchange_destroy);
	served->exchange = NULL;
	served_destroy(served);
}

static void tell_gone(struct served *served) {
	if (served->asked) {
		served->asked = false;
		req_gone(&served->req);
	}
}

static void refuse(struct exchange *exchange, const struct op_refusal *why) {
	struct op_head reply;
	op_head_init_reply(&reply);
	reply.refusal = *why;
	exchange_send_head(exchange, &reply, NULL);
	op_head_finish(&reply);
}

// Told why, where the answer can still say it.
static void end_barred(struct served *served) {
	struct op_head trailer;
	op_head_init_reply(&trailer);
	op_refuse(&trailer.refusal, OP_EPERM, "%s may not %s %.150s any more", served->subject.person,
		op_verb_name(served->head.verb), op_get(&served->head, OP_F_NAME));
	enum op_body body = served->req.body;
	if (!served->req.answered) {
		refuse(served->exchange, &trailer.refusal);
	} else if (served->req.open && (body == OP_BODY_CHUNKS || body == OP_BODY_FRAMES)) {
		exchange_send_end(served->exchange, &trailer);
	}
	op_head_finish(&trailer);
}

static void handle_idle(void *data) {
	struct served *served = data;
	served->idle = NULL;
	if (served->barred && served->asked) {
		end_barred(served);
	} else if (served->dropped && served->exchange) {
		// The listener, we or who took it over, hears gone and destroys it.
		exchange_cut(served->exchange, OP_EPERM, "the caller is not known here any more");
		return;
	}
	tell_gone(served);
	served_destroy(served);
}

// Not at once: the handler or the exchange is on the stack.
static void destroy_soon(struct served *served) {
	if (!served->idle) {
		served->idle = wl_event_loop_add_idle(served->server->loop, handle_idle, served);
	}
}

static struct served *served_from(const struct req *req) {
	struct served *served = wl_container_of(req, served, req);
	return served;
}

static void carrier_head(struct req *req, const struct op_head *head) {
	struct served *served = served_from(req);
	struct op_refusal why;
	if (served->asked && exchange_send_head(served->exchange, head, &why) != OP_OK) {
		refuse(served->exchange, &why); // the answer is over a limit, or there is no memory
		served->failed = true;
		destroy_soon(served); // a handler that goes on writing hears gone
	}
}

static void carrier_bytes(struct req *req, const void *bytes, size_t size) {
	struct served *served = served_from(req);
	if (served->asked && !served->failed) {
		exchange_send_bytes(served->exchange, bytes, size);
	}
}

static void carrier_frame(struct req *req, const struct frame *frame) {
	struct served *served = served_from(req);
	if (served->asked && !served->failed) {
		exchange_send_frame(served->exchange, frame);
	}
}

static void carrier_end(struct req *req, const struct op_head *trailer) {
	struct served *served = served_from(req);
	if (served->asked) {
		exchange_send_end(served->exchange, trailer);
		served->asked = false;
		destroy_soon(served);
	}
}

static void carrier_abort(struct req *req) {
	struct served *served = served_from(req);
	served->asked = false;
	destroy_soon(served); // its half is open, so this breaks it off
}

static void tell_end(struct served *served) {
	if (served->asked && served->req.events && served->req.events->end) {
		served->end_due = false;
		served->req.events->end(&served->req);
	}
}

static void handle_resume(void *data) {
	struct served *served = data;
	served->resume = NULL;
	tell_end(served);
}

static void carrier_pause(struct req *req, bool paused) {
	struct served *served = served_from(req);
	if (!served->asked) {
		return;
	}
	exchange_pause(served->exchange, paused);
	// A body of no bytes was whole while leave was waited for.
	if (!paused && served->end_due && !served->resume) {
		served->resume = wl_event_loop_add_idle(served->server->loop, handle_resume, served);
	}
}

static size_t carrier_queued(const struct req *req) {
	const struct served *served = served_from(req);
	return served->asked ? exchange_queued(served->exchange) : 0;
}

// The whole head, by a socket that nothing of ours is queued for.
static bool send_ok(int fd, const struct op_head *head, struct op_refusal *refusal) {
	struct buf lines;
	buf_init(&lines);
	bool sent = op_encode(head, &lines, refusal) == OP_OK;
	if (sent && send(fd, buf_front(&lines), lines.size, MSG_NOSIGNAL | MSG_DONTWAIT) !=
			(ssize_t)lines.size) {
		op_refuse(refusal, OP_ELOST, "the caller takes no answer");
		sent = false;
	}
	buf_finish(&lines);
	return sent;
}

static int carrier_hand_over(struct req *req, struct op_refusal *refusal) {
	struct served *served = served_from(req);
	int fd = served->asked ? exchange_take_fd(served->exchange) : -1;
	if (fd < 0) {
		op_refuse(refusal, OP_EUNSUPP, "this exchange cannot be handed to a program: it "
			"came over no socket, or part of its body was read");
		return -1;
	}
	served->asked = false;
	destroy_soon(served);
	struct op_refusal why;
	if (send_ok(fd, req_reply(req), &why)) {
		exchange_trace(req_reply(req));
	} else {
		log_debug("an exchange was handed over for nothing: %s", why.sentence);
		shutdown(fd, SHUT_RDWR); // whoever goes on with it finds it closed
	}
	return fd;
}

static const struct req_carrier carrier = {
	.head = carrier_head,
	.bytes = carrier_bytes,
	.frame = carrier_frame,
	.end = carrier_end,
	.abort = carrier_abort,
	.pause = carrier_pause,
	.queued = carrier_queued,
	.hand_over = carrier_hand_over,
};

static void handle_bytes(void *data, const void *bytes, size_t size) {
	struct served *served = data;
	if (served->asked && served->req.events && served->req.events->data) {
		served->req.events->data(&served->req, bytes, size);
	}
}

static void handle_frame(void *data, const struct frame *frame) {
	struct served *served = data;
	if (served->asked && served->req.events && served->req.events->frame) {
		served->req.events->frame(&served->req, frame);
	}
}

static void handle_end(void *data, const struct op_head *trailer) {
	struct served *served = data;
	served->end_due = exchange_body_in(served->exchange) != OP_BODY_NONE;
	if (served->end_due) {
		tell_end(served);
	}
}

static void handle_drained(void *data) {
	struct served *served = data;
	if (served->asked && served->req.events && served->req.events->drained) {
		served->req.events->drained(&served->req);
	}
}

static void handle_gone(void *data, const struct op_refusal *why) {
	struct served *served = data;
	log_debug("gone: %s %s", op_code_name(why->code), why->sentence);
	tell_gone(served);
	served_destroy(served);
}

static void handle_head(void *data, const struct op_head *head);

static const struct exchange_events exchange_events = {
	.head = handle_head,
	.bytes = handle_bytes,
	.frame = handle_frame,
	.end = handle_end,
	.gone = handle_gone,
	.drained = handle_drained,
};

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
			destroy_soon(served);
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
	req_init(&served->req, &carrier, &served->head, &served->subject);
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

static void handle_head(void *data, const struct op_head *head) {
	struct served *served = data;
	struct box_server *server = served->server;
	struct op_refusal refusal = {.code = OP_EIO, .sentence = "out of memory"};
	struct op_head own;
	served->headed = true;
	if (!op_head_copy(&own, head) || !settle_subject(served, &own, &refusal)) {
		refuse(served->exchange, &refusal);
		op_head_finish(&own);
		destroy_soon(served);
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
	exchange_listen(exchange, &exchange_events, served);
	served->subject = *subject;
	if (!op_head_copy(&own, head)) {
		refuse(exchange, &refusal);
		op_head_finish(&own);
		destroy_soon(served);
		return;
	}
	serve(served, tree, &own);
	if (served->asked && exchange_heard(exchange)) {
		handle_end(served, NULL); // a body of no bytes was whole already
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
		refuse(served->exchange, &late);
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
	served->exchange = exchange_create(stream, OP_REQUEST, &exchange_events, served);
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
	served->exchange_destroy.notify = handle_exchange_destroy;
	exchange_add_destroy_listener(served->exchange, &served->exchange_destroy);
	wl_list_insert(server->served.prev, &served->link);
	if (!check_quota(served, &refusal)) {
		refuse(served->exchange, &refusal);
		destroy_soon(served);
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
			destroy_soon(served);
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
			tell_gone(served);
			served_destroy(served);
		}
	}
	if (server->timer) {
		wl_event_source_remove(server->timer);
		server->timer = NULL;
	}
}
