/* SPDX-License-Identifier: MIT */
/*
 * calls.c - the paper's calls on boxes that are there or shall be. Those on the name space itself are
 * names.c's; those with the program's memory memory.c's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "libbox/space.h"
#include "libbox/turn.h"

static bool say(struct turn *turn, struct op_head *request, enum op_field field,
		const char *text) {
	return !text || head_say(request, field, text, &turn->why) == OP_OK;
}

static bool say_name(struct turn *turn, struct op_head *request, enum op_field field,
		const char *name) {
	return !name || space_say(&turn->asker, request, field, name, &turn->why) == OP_OK;
}

// Asks, unless something was wrong with the request. Finishes it; the answer is the caller's.
static bool ask_if(struct turn *turn, bool good, struct op_head *request, struct answer *answer) {
	if (!good) {
		op_head_finish(request);
		*answer = (struct answer){.why = turn->why};
		return false;
	}
	good = ask(&turn->asker, request, answer);
	turn->why = answer->why;
	return good;
}

static enum box_code end(struct turn *turn, struct answer *answer) {
	answer_finish(answer);
	return turn_end(turn);
}

// A copy of text for the program, where it wants one.
static void hand_out(struct turn *turn, const char *text, char **to) {
	if (to && !(*to = strdup(text ? text : ""))) {
		op_refuse(&turn->why, OP_EIO, "out of memory");
	}
}

/*
 * A request has one want, which is for one of two boxes. The other's constraint is said by a binding
 * that lasts as long as the request: a name that means that box only if it fits.
 */
struct narrow {
	char name[32];  // "" none
	char *binding;  // of the name space
	const char *of; // the box's own name
};

static bool narrow_begin(struct turn *turn, struct op_head *request, enum op_field field,
		const char *of, const char *cnstr, struct narrow *narrow) {
	uint32_t random;
	*narrow = (struct narrow){.of = of};
	if (!say_name(turn, request, field, of) || !cnstr) {
		return turn->why.code == OP_OK;
	}
	if (getrandom(&random, sizeof(random), 0) != sizeof(random)) {
		op_refuse(&turn->why, OP_EIO, "no random number for a name");
		return false;
	}
	snprintf(narrow->name, sizeof(narrow->name), "/.narrow-%08x", random);
	if (space_import(&turn->asker, narrow->name, "here", op_get(request, field), cnstr, "only",
			&narrow->binding, &turn->why) != OP_OK) {
		return false;
	}
	op_set(request, field, narrow->name);
	return true;
}

// The binding goes, and its name out of what the person reads.
static void narrow_end(struct turn *turn, struct narrow *narrow) {
	const char *found = narrow->name[0] ? strstr(turn->why.sentence, narrow->name) : NULL;
	if (found) {
		struct op_refusal why = turn->why;
		op_refuse(&turn->why, why.code, "%.*s%s%s", (int)(found - turn->why.sentence), why.sentence,
			narrow->of, found + strlen(narrow->name));
	}
	if (narrow->binding && narrow->binding[0]) {
		struct op_head request;
		struct answer answer;
		op_head_init_request(&request, OP_DELETE);
		op_set(&request, OP_F_NAME, narrow->binding);
		op_set(&request, OP_F_NS, "-");
		ask(&turn->asker, &request, &answer);
		answer_finish(&answer);
	}
	free(narrow->binding);
}

enum box_code box_copy(struct box_space *space, const char *source, const char *source_cnstr,
		const char *target, const char *target_cnstr, const char *spec) {
	struct turn turn;
	struct op_head request;
	struct answer answer;
	struct narrow narrow;
	if (!turn_begin(&turn, space)) {
		return turn_end(&turn);
	}
	op_head_init_request(&request, OP_COPY);
	bool good = narrow_begin(&turn, &request, OP_F_TO, target, target_cnstr, &narrow) &&
		say_name(&turn, &request, OP_F_NAME, source) &&
		say(&turn, &request, OP_F_WANT, source_cnstr) && say(&turn, &request, OP_F_SPEC, spec);
	ask_if(&turn, good, &request, &answer);
	narrow_end(&turn, &narrow);
	return end(&turn, &answer);
}

enum box_code box_link(struct box_space *space, const char *device, const char *device_cnstr,
		const char *io, const char *io_cnstr, const char *spec, char **made) {
	struct turn turn;
	struct op_head request;
	struct answer answer;
	struct narrow narrow;
	if (made) {
		*made = NULL;
	}
	if (!turn_begin(&turn, space)) {
		return turn_end(&turn);
	}
	op_head_init_request(&request, OP_LINK);
	bool good = narrow_begin(&turn, &request, OP_F_NAME, io, io_cnstr, &narrow) &&
		say_name(&turn, &request, OP_F_DEVICE, device) &&
		say(&turn, &request, OP_F_WANT, device_cnstr) && say(&turn, &request, OP_F_SPEC, spec);
	if (ask_if(&turn, good, &request, &answer)) {
		hand_out(&turn, op_get(&answer.reply, OP_F_NAME), made);
	}
	narrow_end(&turn, &narrow);
	return end(&turn, &answer);
}

enum box_code box_make(struct box_space *space, const char *name, const char *cnstr,
		const char *like, const char *spec, const char *const *fields) {
	struct turn turn;
	struct op_head request;
	struct answer answer;
	if (!turn_begin(&turn, space)) {
		return turn_end(&turn);
	}
	op_head_init_request(&request, OP_MAKE);
	bool good = say_name(&turn, &request, OP_F_NAME, name) &&
		say(&turn, &request, OP_F_WANT, cnstr) && say_name(&turn, &request, OP_F_LIKE, like) &&
		say(&turn, &request, OP_F_SPEC, spec) && turn_say_fields(&turn, &request, fields);
	ask_if(&turn, good, &request, &answer);
	return end(&turn, &answer);
}

enum box_code box_delete(struct box_space *space, const char *name) {
	struct turn turn;
	struct op_head request;
	struct answer answer;
	if (!turn_begin(&turn, space)) {
		return turn_end(&turn);
	}
	op_head_init_request(&request, OP_DELETE);
	ask_if(&turn, say_name(&turn, &request, OP_F_NAME, name), &request, &answer);
	return end(&turn, &answer);
}

enum box_code box_chinfo(struct box_space *space, const char *name, const char *const *fields) {
	struct turn turn;
	struct op_head request;
	struct answer answer;
	if (!turn_begin(&turn, space)) {
		return turn_end(&turn);
	}
	op_head_init_request(&request, OP_CHINFO);
	bool good = say_name(&turn, &request, OP_F_NAME, name) &&
		turn_say_fields(&turn, &request, fields);
	ask_if(&turn, good, &request, &answer);
	return end(&turn, &answer);
}

/* What a box is. */

// The lines of a head, without its first and its empty one.
static void hand_out_lines(struct turn *turn, struct op_head *head, char **to) {
	struct buf text;
	buf_init(&text);
	head->role = OP_ENTRY;
	if (to && op_encode(head, &text, &turn->why) == OP_OK) {
		*to = strndup((const char *)buf_front(&text), text.size - 1);
		if (!*to) {
			op_refuse(&turn->why, OP_EIO, "out of memory");
		}
	}
	buf_finish(&text);
}

enum box_code box_kind(struct box_space *space, const char *name, const char *cnstr,
		char **type) {
	char *info = NULL;
	enum box_code code = box_info(space, name, cnstr, &info);
	if (type) {
		*type = code == BOX_OK ? box_field(info, "type", 0) : NULL;
	}
	if (code == BOX_OK && type && !*type) {
		struct turn turn;
		turn_begin(&turn, space);
		op_refuse(&turn.why, OP_EIO, "%.200s does not say what it is", name);
		code = turn_end(&turn);
	}
	free(info);
	return code;
}

enum box_code box_info(struct box_space *space, const char *name, const char *cnstr,
		char **info) {
	struct turn turn;
	struct op_head request;
	struct answer answer;
	if (info) {
		*info = NULL;
	}
	if (!turn_begin(&turn, space)) {
		return turn_end(&turn);
	}
	op_head_init_request(&request, OP_KIND);
	bool good = say_name(&turn, &request, OP_F_NAME, name) &&
		say(&turn, &request, OP_F_WANT, cnstr);
	if (ask_if(&turn, good, &request, &answer)) {
		hand_out_lines(&turn, &answer.reply, info);
	}
	return end(&turn, &answer);
}

// The list as one block: its entries, the one that ends it, and behind them their texts.
static struct box_inner *list_inner(const struct answer *answer, size_t *count) {
	struct op_head entry;
	size_t at = 0, number = 0;
	while (answer_next(answer, &at, &entry)) {
		number++;
		op_head_finish(&entry);
	}
	// An entry's text is in the body twice at most: its name, and the lines with it.
	size_t entries = (number + 1) * sizeof(struct box_inner);
	struct box_inner *list = malloc(entries + 2 * answer->body.size + 2);
	char *text = list ? (char *)list + entries : NULL;
	at = number = 0;
	for (size_t from = 0; list && answer_next(answer, &at, &entry); from = at) {
		const char *name = op_get(&entry, OP_F_NAME);
		list[number].name = text;
		text = stpcpy(text, name ? name + 1 : "") + 1;
		list[number++].info = text;
		text = mempcpy(text, answer->body.data + answer->body.at + from, at - from - 1);
		*text++ = '\0';
		op_head_finish(&entry);
	}
	if (list) {
		list[number] = (struct box_inner){0};
		*count = number;
	}
	return list;
}

enum box_code box_selectors(struct box_space *space, const char *name, const char *cnstr,
		unsigned int depth, struct box_inner **inner, size_t *count) {
	struct turn turn;
	struct op_head request;
	struct answer answer;
	size_t number = 0;
	struct box_inner *list = NULL;
	if (turn_begin(&turn, space)) {
		op_head_init_request(&request, OP_SELECTORS);
		op_set_number(&request, OP_F_DEPTH, depth > 0 ? depth : 1);
		bool good = say_name(&turn, &request, OP_F_NAME, name) &&
			say(&turn, &request, OP_F_WANT, cnstr);
		if (ask_if(&turn, good, &request, &answer) && !(list = list_inner(&answer, &number))) {
			op_refuse(&turn.why, OP_EIO, "out of memory");
		}
		answer_finish(&answer);
	}
	if (count) {
		*count = number;
	}
	if (inner) {
		*inner = list;
	} else {
		free(list);
	}
	return turn_end(&turn);
}
