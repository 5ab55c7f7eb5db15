/* SPDX-License-Identifier: MIT */
/*
 * sandbox.c - a name space that is all there is, and the socket that leads into it.
 *
 * Lists are answered out of a small tree with one box for each name that was given; a request for one
 * of these goes on to the box that is meant, here or at another node, and is decided there. The walls
 * around the program are walls.c's.
 */
#include "sandbox.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_MODULE "sandbox"
#include "base/log.h"
#include "bound.h"
#include "box/name.h"
#include "net/serve.h"
#include "quic/keys.h"
#include "quic/quic.h"
#include "relay.h"
#include "route.h"

#define DOT_NAME "/dot" // what the current box is called inside

struct given { // a name that was given
	struct wl_list link; // sandbox.givens
	char *name;
	char letters[sizeof(BOUND_LETTERS)];
	char *where; // KEYHASH/name
	char *grant; // NULL
};

struct sandbox {
	struct wl_list link; // sandboxes.list
	struct sandboxes *sandboxes;
	struct box_tree *tree; // of what was given
	struct box_server server;
	struct wl_list givens; // given.link
	struct wl_event_source *idle; // it ends before the loop sleeps
	bool has_dot, finished;
	char folder[108], socket[108];
};

/* What is asked. */

static const struct given *find(const struct sandbox *sandbox, const char *name) {
	const struct given *given;
	wl_list_for_each(given, &sandbox->givens, link) {
		if (strcmp(given->name, name) == 0) {
			return given;
		}
	}
	return NULL;
}

static bool is_here(const struct sandbox *sandbox, const struct given *given) {
	return strncmp(given->where, keys_fingerprint(sandbox->sandboxes->route->keys),
		KEYS_FINGERPRINT) == 0;
}

static enum op_code check(const struct sandbox *sandbox, const struct given *given,
		const struct op_head *head, const struct subject *subject, struct op_refusal *why) {
	struct quic *quic = sandbox->sandboxes->route->quic;
	if (quic && quic_is_gone(quic, subject)) {
		return op_refuse(why, OP_EPERM, "%s/%s is forgotten here", subject->person, subject->machine);
	} else if (head->verb == OP_COPY || head->verb == OP_LINK) {
		return op_refuse(why, OP_EUNSUPP, "a sandbox has its boxes one by one: getmem and putmem serve");
	} else if (!given->grant && !is_here(sandbox, given)) {
		// Without, the other node would be asked by this one, as its owner.
		return op_refuse(why, OP_EPERM, "%s is at another node, and came without a grant for this one",
			given->name);
	} else if (!strchr(given->letters, op_verb_letter(head->verb))) {
		return op_refuse(why, OP_EPERM, "%s was given to this program with %s, without %c: box run --give "
			"%s:LETTERS gives more", given->name, given->letters, op_verb_letter(head->verb),
			given->name);
	}
	return OP_OK;
}

// The name as this node's own programs would say it; NULL: no memory.
static char *whole_name(const struct sandbox *sandbox, const struct given *given) {
	char key[65], *whole;
	const char *name;
	if (where_split(given->where, key, &name, NULL) != OP_OK) {
		return NULL;
	}
	if (is_here(sandbox, given)) {
		return strdup(name);
	}
	return asprintf(&whole, "/n/%s%s", key, strcmp(name, "/") == 0 ? "" : name) < 0 ? NULL : whole;
}

// The request as this node's own programs would say it.
static bool rewrite(const struct sandbox *sandbox, const struct given *given,
		struct op_head *head) {
	char *name = whole_name(sandbox, given);
	if (!name) {
		return false;
	}
	op_set(head, OP_F_NAME, name);
	if (given->grant) {
		op_add(head, OP_F_GRANT, given->grant);
	}
	free(name);
	return true;
}

static bool forward(void *data, struct exchange *exchange, struct op_head *head,
		const struct subject *subject) {
	struct sandbox *sandbox = data;
	struct sandboxes *sandboxes = sandbox->sandboxes;
	const struct given *given = find(sandbox, op_get(head, OP_F_NAME));
	struct op_refusal why = {.code = OP_EIO, .sentence = "out of memory"};
	op_unset(head, OP_F_NS);
	op_unset(head, OP_F_GRANT);
	if (!given) {
		return false;
	}
	if (check(sandbox, given, head, subject, &why) != OP_OK || !rewrite(sandbox, given, head)) {
		relay_refuse(exchange, &why);
	} else if (!sandboxes->pass_on(sandboxes->data, exchange, head, subject,
			!is_here(sandbox, given))) {
		box_server_give(&sandbox->server, sandboxes->tree, exchange, head, subject);
	}
	return true;
}

/* Its tree. */

static void dot_getmem(struct box *box, struct req *req) {
	const struct sandbox *sandbox = box->data;
	const char *dot = sandbox->has_dot ? DOT_NAME : "/";
	op_set(req_reply(req), OP_F_TYPE, box->cnstr);
	req_ok_bytes(req, dot, strlen(dot));
}

static const struct box_type dot_type = {.name = "dot", .fn = {[OP_GETMEM] = dot_getmem}};
static const struct box_type given_type = {.name = "given"}; // is never asked: see forward

// A box of that name, with the folders above it.
static struct box *plant(struct sandbox *sandbox, const char *name, const struct box_type *type,
		const char *cnstr, const char *letters) {
	struct box *box = box_tree_root(sandbox->tree), *inner;
	char word[OP_MAX_COMPONENT + 1], line[8];
	size_t size;
	for (const char *next, *at = name; (next = name_next(&at, &size)); box = inner) {
		memcpy(word, next, size);
		word[size] = '\0';
		inner = box_inner(box, word);
		if (!inner && !(inner = box_create(box, word, *at ? &box_type_dir : type, *at ? "dir" : cnstr,
				sandbox))) {
			return NULL;
		}
	}
	snprintf(line, sizeof(line), "* %s", letters);
	return box_set_acl(box, line, NULL) == OP_OK ? box : NULL;
}

static void given_destroy(struct given *given) {
	wl_list_remove(&given->link);
	free(given->name);
	free(given->where);
	free(given->grant);
	free(given);
}

static bool give(struct sandbox *sandbox, const char *name, const char *letters, const char *where,
		const char *grant) {
	struct given *given = calloc(1, sizeof(*given));
	if (!given) {
		return false;
	}
	wl_list_insert(sandbox->givens.prev, &given->link);
	given->name = strdup(name);
	given->where = strdup(where);
	given->grant = grant ? strdup(grant) : NULL;
	snprintf(given->letters, sizeof(given->letters), "%s%s", strchr(letters, 'k') ? "" : "k", letters);
	return given->name && given->where && (!grant || given->grant) &&
		plant(sandbox, name, &given_type, "box", given->letters);
}

static enum op_code give_line(struct sandbox *sandbox, const char *line, struct op_refusal *why) {
	struct bound bound;
	if (bound_init(&bound, line, why) != OP_OK) {
		return why->code;
	}
	bool dot = strcmp(bound.name, BOUND_DOT) == 0;
	const char *name = dot ? DOT_NAME : bound.name;
	sandbox->has_dot = sandbox->has_dot || dot;
	bool good = *bound.where != '/' && (find(sandbox, name) || // the first holds
		give(sandbox, name, bound.letters, bound.where, bound.grant));
	if (!good) {
		op_refuse(why, OP_EARG, "%.100s cannot be given to a program: where it is takes the key of its "
			"node", bound.name);
	}
	bound_finish(&bound);
	return good ? OP_OK : why->code;
}

// Its own streams, which are boxes of this node.
static bool give_io(struct sandbox *sandbox, const char *process) {
	const char *key = keys_fingerprint(sandbox->sandboxes->route->keys);
	bool good = true;
	for (int i = 0; i < 3; i++) {
		char name[OP_MAX_COMPONENT + 32], where[OP_MAX_COMPONENT + 32 + KEYS_FINGERPRINT];
		snprintf(name, sizeof(name), "/proc/%s/io%d", process, i);
		snprintf(where, sizeof(where), "%s%s", key, name);
		good = good && (find(sandbox, name) || give(sandbox, name, "kgp", where, NULL));
	}
	return good;
}

/* Its life. */

static bool make_folder(struct sandbox *sandbox) {
	const char *socket = sandbox->sandboxes->socket, *slash = strrchr(socket, '/');
	int size = snprintf(sandbox->folder, sizeof(sandbox->folder), "%.*s/box-XXXXXX",
		(int)(slash ? slash - socket : 0), socket);
	if (!slash || size >= (int)sizeof(sandbox->folder) - 3 || !mkdtemp(sandbox->folder)) {
		sandbox->folder[0] = '\0';
		return false;
	}
	return snprintf(sandbox->socket, sizeof(sandbox->socket), "%s/op", sandbox->folder) <
		(int)sizeof(sandbox->socket);
}

static void name_groups(void *data, struct subject *subject) {
	const struct sandboxes *sandboxes = ((struct sandbox *)data)->sandboxes;
	if (sandboxes->name_groups) {
		sandboxes->name_groups(sandboxes->data, subject);
	}
}

void sandboxes_regroup(struct sandboxes *sandboxes) {
	struct sandbox *sandbox;
	wl_list_for_each(sandbox, &sandboxes->list, link) {
		if (!sandbox->finished) {
			box_server_regroup(&sandbox->server);
		}
	}
}

static bool open_socket(struct sandbox *sandbox, const struct subject *by) {
	const struct door door = {.subject = *by, .trusted = false};
	sandbox->server.forward = forward;
	sandbox->server.name_groups = name_groups;
	sandbox->server.data = sandbox;
	sandbox->server.outside = true;
	return make_folder(sandbox) && box_server_listen(&sandbox->server, sandbox->socket, &door);
}

static void shut(struct sandbox *sandbox) {
	box_server_unlisten_all(&sandbox->server);
	if (sandbox->folder[0] && rmdir(sandbox->folder) < 0) {
		log_errno("%s", sandbox->folder);
	}
	sandbox->folder[0] = '\0';
}

static void sandbox_end(struct sandbox *sandbox) {
	if (!sandbox->finished) {
		sandbox->finished = true;
		shut(sandbox);
		box_server_finish(&sandbox->server);
	}
}

static void sandbox_free(struct sandbox *sandbox) {
	struct given *given, *next;
	sandbox_end(sandbox);
	if (sandbox->idle) {
		wl_event_source_remove(sandbox->idle);
	}
	box_tree_destroy(sandbox->tree);
	wl_list_for_each_safe(given, next, &sandbox->givens, link) {
		given_destroy(given);
	}
	wl_list_remove(&sandbox->link);
	free(sandbox);
}

struct sandbox *sandbox_create(struct sandboxes *sandboxes, const struct subject *by,
		const char *process, const struct strings *lines, struct op_refusal *refusal) {
	struct sandbox *sandbox = calloc(1, sizeof(*sandbox));
	struct box_tree *tree = sandbox ? box_tree_create(box_tree_owner(sandboxes->tree)) : NULL;
	if (!tree) {
		free(sandbox);
		op_refuse(refusal, OP_EIO, "out of memory");
		return NULL;
	}
	sandbox->sandboxes = sandboxes;
	sandbox->tree = tree;
	wl_list_init(&sandbox->givens);
	wl_list_insert(&sandboxes->list, &sandbox->link);
	box_server_init(&sandbox->server, sandboxes->loop, tree);
	sandbox->server.rate.per_second = sandboxes->rate;
	enum op_code code = box_set_acl(box_tree_root(tree), "* ks", refusal);
	for (size_t i = 0; code == OP_OK && i < lines->count; i++) {
		code = give_line(sandbox, lines->list[i], refusal);
	}
	if (code == OP_OK && (!plant(sandbox, "/ns/default/dot", &dot_type, "text", "kg") ||
			!give_io(sandbox, process))) {
		code = op_refuse(refusal, OP_EIO, "out of memory");
	}
	if (code == OP_OK && !open_socket(sandbox, by)) {
		code = op_refuse(refusal, OP_EIO, "a sandbox's socket could not be made: %s", strerror(errno));
	}
	if (code != OP_OK) {
		sandbox_free(sandbox);
		return NULL;
	}
	return sandbox;
}

static void handle_idle(void *data) {
	struct sandbox *sandbox = data;
	sandbox->idle = NULL;
	sandbox_free(sandbox);
}

// Not at once: it may be what a request of its own has done.
void sandbox_destroy(struct sandbox *sandbox) {
	if (!sandbox) {
		return;
	}
	if (sandbox->finished) {
		sandbox_free(sandbox);
		return;
	}
	shut(sandbox);
	sandbox->idle = wl_event_loop_add_idle(sandbox->sandboxes->loop, handle_idle, sandbox);
}

const char *sandbox_socket(const struct sandbox *sandbox) {
	return sandbox->socket;
}

void sandboxes_init(struct sandboxes *sandboxes, struct wl_event_loop *loop,
		const struct route *route, struct box_tree *tree, const char *socket) {
	*sandboxes = (struct sandboxes){.loop = loop, .route = route, .tree = tree, .socket = socket};
	wl_list_init(&sandboxes->list);
}

// What a boxd that was killed has left beside the socket that is ours now.
void sandboxes_sweep(const struct sandboxes *sandboxes) {
	const char *slash = strrchr(sandboxes->socket, '/');
	char pattern[128];
	glob_t found;
	snprintf(pattern, sizeof(pattern), "%.*s/box-??????", (int)(slash ? slash - sandboxes->socket : 0),
		sandboxes->socket);
	if (slash && glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			char socket[140];
			snprintf(socket, sizeof(socket), "%s/op", found.gl_pathv[i]);
			unlink(socket);
			rmdir(found.gl_pathv[i]);
		}
		globfree(&found);
	}
}

void sandboxes_drop(struct sandboxes *sandboxes, const struct subject *subject) {
	struct sandbox *sandbox;
	wl_list_for_each(sandbox, &sandboxes->list, link) {
		if (!sandbox->finished) {
			box_server_drop(&sandbox->server, subject);
		}
	}
}

void sandboxes_finish(struct sandboxes *sandboxes) {
	struct sandbox *sandbox;
	wl_list_for_each(sandbox, &sandboxes->list, link) {
		sandbox_end(sandbox);
	}
}

void sandboxes_free(struct sandboxes *sandboxes) {
	struct sandbox *sandbox, *next;
	wl_list_for_each_safe(sandbox, next, &sandboxes->list, link) {
		sandbox_free(sandbox);
	}
}
