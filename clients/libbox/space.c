/* SPDX-License-Identifier: MIT */
/*
 * space.c - the asker's own name space, which is boxes: /ns/ID/bind/N, /ns/ID/cast/FROM:TO and
 * /ns/ID/dot.
 * (Plan B: Boxes for network resources, 3.)
 *
 * What a name means is boxd's to find; nothing is resolved here but what is relative.
 */
#include "libbox/space.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *space_id(const struct asker *asker) {
	return asker->ns[0] ? asker->ns : "default";
}

const char *space_name(const struct asker *asker, const char *below, char out[static 192]) {
	snprintf(out, 192, "/ns/%s%s%.50s", space_id(asker), *below ? "/" : "", below);
	return out;
}

char *space_text(struct asker *asker, const char *name, struct op_refusal *why) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_GETMEM);
	if (head_say(&request, OP_F_NAME, name, why) != OP_OK) {
		op_head_finish(&request);
		return NULL;
	}
	bool good = ask(asker, &request, &answer);
	char *text = good ? strndup(answer.body.size > 0 ? (char *)buf_front(&answer.body) : "",
		answer.body.size) : NULL;
	*why = answer.why;
	if (good && !text) {
		op_refuse(why, OP_EIO, "out of memory");
	}
	answer_finish(&answer);
	return text;
}

enum op_code space_say(struct asker *asker, struct op_head *head, enum op_field field,
		const char *name, struct op_refusal *why) {
	char box[192], *whole = NULL;
	if (name[0] == '/') {
		return head_say(head, field, name, why);
	}
	char *dot = space_text(asker, space_name(asker, "dot", box), why);
	if (!dot) {
		return why->code;
	}
	bool self = strcmp(name, ".") == 0;
	const char *rest = strncmp(name, "./", 2) == 0 ? name + 2 : name;
	int size = asprintf(&whole, "%s%s%s", dot, self || dot[1] == '\0' ? "" : "/", self ? "" : rest);
	free(dot);
	if (size < 0) {
		return op_refuse(why, OP_EIO, "out of memory");
	}
	enum op_code code = head_say(head, field, whole, why);
	free(whole);
	return code;
}

// Asks, of which only a refusal matters. The request is finished.
static enum op_code ask_plain(struct asker *asker, struct op_head *request,
		struct op_refusal *why) {
	struct answer answer;
	ask(asker, request, &answer);
	*why = answer.why;
	answer_finish(&answer);
	return why->code;
}

enum op_code space_change(struct asker *asker, const char *name, struct op_refusal *why) {
	char dot[192];
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_KIND);
	if (space_say(asker, &request, OP_F_NAME, name, why) != OP_OK) {
		op_head_finish(&request);
		return why->code;
	}
	char *whole = strdup(op_get(&request, OP_F_NAME));
	if (ask_plain(asker, &request, why) != OP_OK || !whole) {
		free(whole);
		return why->code != OP_OK ? why->code : op_refuse(why, OP_EIO, "out of memory");
	}
	op_head_init_request(&request, OP_PUTMEM);
	op_set(&request, OP_F_NAME, space_name(asker, "dot", dot));
	ask_with(asker, &request, whole, strlen(whole), &answer);
	*why = answer.why;
	answer_finish(&answer);
	free(whole);
	return why->code;
}

/* Bindings. */

static const char *order_named(const char *word) {
	static const char *const orders[] = {"above", "below", "only"};
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		if (strcmp(word, orders[i]) == 0 || (word[0] == orders[i][0] && word[1] == '\0')) {
			return orders[i];
		}
	}
	return NULL;
}

bool space_is_order(const char *word) {
	return order_named(word);
}

// "/proc" of "den" is /n/den/proc.
static enum op_code say_target(struct op_head *request, const char *node, const char *name,
		struct op_refusal *why) {
	char *whole = NULL;
	bool any = strcmp(node, "any") == 0;
	if (any) {
		op_set_flag(request, OP_F_ANY);
	}
	if (any || strcmp(node, "here") == 0) {
		return head_say(request, OP_F_TO, name, why);
	}
	if (asprintf(&whole, "/n/%s%s", node, strcmp(name, "/") == 0 ? "" : name) < 0) {
		return op_refuse(why, OP_EIO, "out of memory");
	}
	enum op_code code = head_say(request, OP_F_TO, whole, why);
	free(whole);
	return code;
}

enum op_code space_import(struct asker *asker, const char *prefix, const char *node,
		const char *name, const char *constraint, const char *order, char **made,
		struct op_refusal *why) {
	char binds[192];
	struct op_head request;
	struct answer answer;
	if (order && !space_is_order(order)) {
		return op_refuse(why, OP_EARG, "%.40s is no place among bindings: above, below and only are",
			order);
	}
	op_head_init_request(&request, OP_MAKE);
	op_set(&request, OP_F_NAME, space_name(asker, "bind", binds));
	op_set(&request, OP_F_NS, "-"); // what it binds to is looked up when it is used
	op_set(&request, OP_F_ORDER, order_named(order ? order : "below"));
	if (head_say(&request, OP_F_PREFIX, prefix, why) != OP_OK ||
			say_target(&request, node, name, why) != OP_OK ||
			(constraint && head_say(&request, OP_F_TYPE, constraint, why) != OP_OK)) {
		op_head_finish(&request);
		return why->code;
	}
	bool good = ask(asker, &request, &answer);
	*why = answer.why;
	if (good && made) {
		const char *told = op_get(&answer.reply, OP_F_NAME);
		*made = strdup(told ? told : "");
	}
	answer_finish(&answer);
	return why->code;
}

static enum op_code forget_one(struct asker *asker, const char *binds, const char *number,
		struct op_refusal *why) {
	struct op_head request;
	op_head_init_request(&request, OP_DELETE);
	op_setf(&request, OP_F_NAME, "%s%s", binds, number);
	op_set(&request, OP_F_NS, "-");
	return ask_plain(asker, &request, why);
}

enum op_code space_forget(struct asker *asker, const char *prefix, struct op_refusal *why) {
	char binds[192];
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_SELECTORS);
	op_set(&request, OP_F_NAME, space_name(asker, "bind", binds));
	op_set(&request, OP_F_NS, "-");
	ask(asker, &request, &answer);
	*why = answer.why;
	size_t at = 0;
	int found = 0;
	for (struct op_head entry; why->code == OP_OK && answer_next(&answer, &at, &entry);) {
		const char *bound = op_get(&entry, OP_F_PREFIX), *number = op_get(&entry, OP_F_NAME);
		if (bound && number && strcmp(bound, prefix) == 0) {
			found++;
			forget_one(asker, binds, number, why);
		}
		op_head_finish(&entry);
	}
	answer_finish(&answer);
	return why->code != OP_OK || found > 0 ? why->code :
		op_refuse(why, OP_ENOENT, "nothing is bound to %.150s (box ns shows what is)", prefix);
}

/* Casts. */

// "FROM:TO" of the name space; a "/" in one would lead elsewhere.
static enum op_code say_cast(struct asker *asker, struct op_head *request, const char *from,
		const char *to, struct op_refusal *why) {
	char casts[192], *name = NULL;
	if (strchr(from, '/') || strchr(to, '/')) {
		return op_refuse(why, OP_EARG, "a cast is between two types, which are words (box info tells "
			"the type of a box)");
	}
	if (asprintf(&name, "%s/%s:%s", space_name(asker, "cast", casts), from, to) < 0) {
		return op_refuse(why, OP_EIO, "out of memory");
	}
	enum op_code code = head_say(request, OP_F_NAME, name, why);
	free(name);
	return code;
}

static enum op_code say_program(struct op_head *request, const char *const *argv,
		struct op_refusal *why) {
	if (!argv || !argv[0]) {
		return OP_OK;
	}
	const char *last = strrchr(argv[0], '/');
	enum op_code code = head_say(request, OP_F_PROG, argv[0], why);
	for (int i = 0; argv[i] && code == OP_OK; i++) {
		code = head_say(request, OP_F_ARG, i == 0 && last ? last + 1 : argv[i], why);
	}
	return code;
}

enum op_code space_cast(struct asker *asker, const char *from, const char *to,
		const char *const *argv, const char *constraint, struct op_refusal *why) {
	struct op_head request;
	op_head_init_request(&request, OP_MAKE);
	if (say_cast(asker, &request, from, to, why) != OP_OK ||
			say_program(&request, argv, why) != OP_OK ||
			(constraint && head_say(&request, OP_F_TYPE, constraint, why) != OP_OK)) {
		op_head_finish(&request);
		return why->code;
	}
	return ask_plain(asker, &request, why);
}

enum op_code space_uncast(struct asker *asker, const char *from, const char *to,
		struct op_refusal *why) {
	struct op_head request;
	op_head_init_request(&request, OP_DELETE);
	if (say_cast(asker, &request, from, to, why) != OP_OK) {
		op_head_finish(&request);
		return why->code;
	}
	enum op_code code = ask_plain(asker, &request, why);
	return code != OP_ENOENT ? code : op_refuse(why, OP_ENOENT, "there is no cast from %.80s to %.80s "
		"(box ns shows which are)", from, to);
}
