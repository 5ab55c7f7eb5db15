/* SPDX-License-Identifier: MIT */
/*
 * choose.c - the box that a name of a name space means.
 *
 * Asks what may be meant (candidates.c) and chooses; what a spec joins is box/plan.c's. Serves and
 * passes on nothing itself.
 */
#include "choose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/name.h"
#include "box/plan.h"
#include "box/printer_format.h"
#include "candidates.h"
#include "relay.h"

// A node that has not said its kind by then does not take part in the choice.
#define PATIENCE_MS 4000
// One that was lost a moment ago has so long to return.
#define LOST_MS 2500

struct side { // one name that is being chosen
	enum op_field field;
	struct candidates candidates;
	bool over;
};

struct choice {
	struct wl_list link; // chooser.list
	struct chooser *chooser;
	struct exchange *exchange;
	struct op_head head;
	struct subject subject;
	struct ns ns;       // as it was when the request came
	struct cnstr want;  // of the request
	bool has_want;
	struct wl_event_source *timer;
	struct side sides[2];
	int count; // of sides: 2 are joined by the request's spec
};

static const enum op_field named[] = {OP_F_NAME, OP_F_DEVICE, OP_F_TO, OP_F_SOURCE, OP_F_LIKE};
#define NAMED (sizeof(named) / sizeof(named[0]))

void chooser_init(struct chooser *chooser, const struct route *route,
		const struct caller *caller) {
	chooser->route = route;
	chooser->caller = caller;
	kinds_init(&chooser->kinds);
	wl_list_init(&chooser->list);
}

static void forget_sides(struct choice *choice) {
	for (int i = 0; i < choice->count; i++) {
		candidates_finish(&choice->sides[i].candidates);
	}
	choice->count = 0;
}

// The exchange is the caller's.
static void choice_destroy(struct choice *choice) {
	wl_list_remove(&choice->link);
	forget_sides(choice);
	if (choice->timer) {
		wl_event_source_remove(choice->timer);
	}
	op_head_finish(&choice->head);
	ns_finish(&choice->ns);
	free(choice);
}

void chooser_finish(struct chooser *chooser) {
	struct choice *choice, *next;
	wl_list_for_each_safe(choice, next, &chooser->list, link) {
		exchange_destroy(choice->exchange);
		choice_destroy(choice);
	}
	kinds_finish(&chooser->kinds);
}

static void refuse(struct choice *choice, const struct op_refusal *why) {
	relay_refuse(choice->exchange, why);
	choice_destroy(choice);
}

static void refuse_memory(struct choice *choice) {
	const struct op_refusal memory = {.code = OP_EIO, .sentence = "out of memory"};
	refuse(choice, &memory);
}

/* Refusals tell what was seen. */

static void refuse_all(struct choice *choice) {
	char want[OP_MAX_CNSTR + 1], seen[300];
	struct op_refusal why;
	const struct side *side = &choice->sides[0];
	const struct candidates *all = &side->candidates;
	int count = candidates_print(all, seen, sizeof(seen));
	const char *name = op_get(&choice->head, side->field);
	if (all->want || count > 0) {
		// What a make would be made in says it better than a name nobody has yet.
		char *maker = all->parents ? candidate_maker(all->list[0].name) : NULL;
		op_refuse(&why, OP_EMATCH, "no %.150s fits %s (%d seen: %s)",
			maker ? name_last(maker) : name,
			all->want ? cnstr_print(all->want, want) : "what it is bound to", count, seen);
		free(maker);
	} else {
		op_refuse(&why, OP_ENOENT, "no such box %.150s (looked at: %s; box ns shows what names mean)",
			name, seen);
	}
	refuse(choice, &why);
}

// A put says what it is, and several printers were seen, none of which takes that.
static bool refuse_format(struct choice *choice) {
	char seen[300];
	struct op_refusal why;
	const struct candidates *all = &choice->sides[0].candidates;
	const char *type = op_get(&choice->head, OP_F_TYPE);
	int printers = 0;
	for (int i = 0; i < all->count; i++) {
		printers += all->list[i].type[0] && !printer_format_taken(&all->list[i].own, type);
	}
	if (choice->head.verb != OP_PUTMEM || printers < 2) {
		return false; // a cast may lead there; the only one says best what it takes
	}
	candidates_print(all, seen, sizeof(seen));
	op_refuse(&why, OP_ETYPE, "no %.100s takes %.60s (%d seen: %s)",
		op_get(&choice->head, choice->sides[0].field), type, printers, seen);
	refuse(choice, &why);
	return true;
}

static void refuse_pair(struct choice *choice) {
	char seen[2][160];
	struct op_refusal why;
	for (int i = 0; i < 2; i++) {
		candidates_print(&choice->sides[i].candidates, seen[i], sizeof(seen[i]));
	}
	op_refuse(&why, OP_EMATCH, "no pair agrees in %.40s: of %.60s there was %s; of %.60s, %s",
		op_get(&choice->head, OP_F_SPEC), op_get(&choice->head, choice->sides[0].field), seen[0],
		op_get(&choice->head, choice->sides[1].field), seen[1]);
	refuse(choice, &why);
}

/* Decisions. */

static void go_on(struct choice *choice, size_t from);

static size_t index_of(enum op_field field) {
	size_t i = 0;
	while (named[i] != field) {
		i++;
	}
	return i;
}

static void set_chosen(struct choice *choice, const struct side *side, int chosen) {
	op_set(&choice->head, side->field, side->candidates.list[chosen].name);
	if (side->candidates.want) {
		op_unset(&choice->head, OP_F_WANT); // met, measured parts included
	}
}

static void decided(struct choice *choice, int chosen) {
	size_t next = index_of(choice->sides[0].field) + 1;
	wl_event_source_timer_update(choice->timer, 0);
	set_chosen(choice, &choice->sides[0], chosen);
	forget_sides(choice);
	go_on(choice, next);
}

// Of printers, one that takes what the bytes that go into it are said to be.
static bool takes(const struct choice *choice, const struct candidate *candidate) {
	const struct candidates *all = candidate->all;
	return all->use != CANDIDATE_PUT || all->parents ||
		printer_format_taken(&candidate->own, op_get(&choice->head, OP_F_TYPE));
}

// The first in order that fits, once all before it have said that they do not. If one fits where
// he may not make anything, it is asked all the same: it says best who could let him.
static void decide(struct choice *choice, bool late) {
	struct candidates *all = &choice->sides[0].candidates;
	int closed = -1, wrong = -1;
	for (int i = 0; i < all->count; i++) {
		const struct candidate *candidate = &all->list[i];
		if (!candidate->asked && !late) {
			return;
		}
		bool open = candidate->asked && candidate->fits && candidate->may;
		if (open && takes(choice, candidate)) {
			decided(choice, i);
			return;
		}
		wrong = open && wrong < 0 ? i : wrong;
		closed = candidate->asked && candidate->fits && closed < 0 ? i : closed;
	}
	if (wrong >= 0) {
		if (!refuse_format(choice)) {
			decided(choice, wrong);
		}
		return;
	}
	bool parents = all->parents, over = candidates_over(all, late);
	if (all->parents != parents) { // asked anew, and of some the ads have told already
		wl_event_source_timer_update(choice->timer, PATIENCE_MS);
		decide(choice, over);
	} else if (over && closed >= 0) {
		decided(choice, closed);
	} else if (over) {
		refuse_all(choice);
	}
}

// Of a side those that will do, NULL in place of the others. NULL: no memory.
static const struct cnstr **list_owns(const struct candidates *all) {
	const struct cnstr **owns = calloc((size_t)all->count, sizeof(*owns));
	for (int i = 0; owns && i < all->count; i++) {
		const struct candidate *candidate = &all->list[i];
		owns[i] = candidate->fits && candidate->may ? &candidate->own : NULL;
	}
	return owns;
}

// The first pair that the spec joins.
static void join(struct choice *choice) {
	const struct candidates *one = &choice->sides[0].candidates, *other = &choice->sides[1].candidates;
	const struct cnstr **ones = list_owns(one), **others = list_owns(other);
	int chosen[2];
	bool good = ones && others;
	bool joined = good && plan_join(op_get(&choice->head, OP_F_SPEC), ones, one->count, others,
		other->count, &chosen[0], &chosen[1]);
	free(ones);
	free(others);
	if (!good) {
		refuse_memory(choice);
	} else if (!joined) {
		refuse_pair(choice);
	} else {
		set_chosen(choice, &choice->sides[0], chosen[0]);
		set_chosen(choice, &choice->sides[1], chosen[1]);
		forget_sides(choice);
		go_on(choice, NAMED);
	}
}

// Once all have answered.
static void decide_pair(struct choice *choice, bool late) {
	bool over = true;
	for (int i = 0; i < choice->count; i++) {
		struct side *side = &choice->sides[i];
		side->over = side->over || candidates_over(&side->candidates, late);
		over = over && side->over;
	}
	if (over) {
		wl_event_source_timer_update(choice->timer, 0);
		join(choice);
	} else if (late) { // those asked anew have their time too
		wl_event_source_timer_update(choice->timer, PATIENCE_MS);
	}
}

static void handle_told(void *data) {
	struct choice *choice = data;
	if (choice->count == 2) {
		decide_pair(choice, false);
	} else {
		decide(choice, false);
	}
}

static int handle_timer(void *data) {
	struct choice *choice = data;
	bool lost = false;
	for (int i = 0; i < choice->count; i++) {
		lost = candidates_give_up_lost(&choice->sides[i].candidates) || lost;
	}
	if (lost) {
		wl_event_source_timer_update(choice->timer, PATIENCE_MS - LOST_MS);
		handle_told(choice);
	} else if (choice->count == 2) {
		decide_pair(choice, true);
	} else {
		decide(choice, true);
	}
	return 0;
}

/* The names of a request, one behind the other. */

static void free_meanings(struct ns_meaning *meanings, int count) {
	for (int i = 0; i < count; i++) {
		free(meanings[i].name);
	}
}

// A name that means one box, whatever it is.
static bool is_plain(const struct ns_meaning *meanings, int count) {
	return count == 1 && !meanings[0].any && !meanings[0].want;
}

// true: all names of the head mean one box each now, or *field is the first that may mean several.
static bool set_plain(const struct ns *ns, struct op_head *head, size_t from, size_t *stopped) {
	for (size_t i = from; i < NAMED; i++) {
		struct ns_meaning meanings[NS_MEANINGS];
		const char *name = op_get(head, named[i]);
		if (!name || name[0] != '/') {
			continue;
		}
		int count = ns_mean(ns, name, meanings);
		bool plain = is_plain(meanings, count);
		char *whole = plain ? candidate_name(NULL, meanings[0].name) : NULL;
		free_meanings(meanings, count);
		if (count < 0 || (plain && !whole)) {
			return false;
		}
		if (!plain) {
			*stopped = i;
			return true;
		}
		op_set(head, named[i], whole);
		free(whole);
	}
	*stopped = NAMED;
	return true;
}

// Whose box the request's want is for.
static enum op_field wanted_field(const struct op_head *head) {
	return head->verb == OP_LINK ? OP_F_DEVICE :
		head->verb == OP_COPY && op_has(head, OP_F_SOURCE) ? OP_F_SOURCE : OP_F_NAME;
}

// A box that the bytes of a copy, or of a putmem, go into may come into being by that.
static enum candidate_use use_of(const struct op_head *head, enum op_field field) {
	bool put = head->verb == OP_COPY ? wanted_field(head) != field : head->verb == OP_PUTMEM;
	return field == OP_F_LIKE ? CANDIDATE_USE : head->verb == OP_MAKE ? CANDIDATE_MAKE :
		put ? CANDIDATE_PUT : CANDIDATE_USE;
}

static bool ask_side(struct choice *choice, enum op_field field) {
	struct side *side = &choice->sides[choice->count++];
	bool wants = choice->has_want && field == wanted_field(&choice->head);
	*side = (struct side){
		.field = field,
		.candidates = {
			.route = choice->chooser->route,
			.caller = choice->chooser->caller,
			.follow = choice->chooser->follow,
			.kinds = &choice->chooser->kinds,
			.subject = &choice->subject,
			.use = use_of(&choice->head, field),
			.want = wants ? &choice->want : NULL,
			.told = handle_told,
			.data = choice,
		},
	};
	return candidates_ask(&side->candidates, &choice->ns, op_get(&choice->head, field));
}

// All are asked; of some the ads may have told already.
static void wait(struct choice *choice) {
	bool lost = false;
	for (int i = 0; i < choice->count; i++) {
		lost = candidates_any_lost(&choice->sides[i].candidates) || lost;
	}
	if (wl_event_source_timer_update(choice->timer, lost ? LOST_MS : PATIENCE_MS) < 0) {
		refuse_memory(choice);
	} else {
		handle_told(choice);
	}
}

static void ask_one(struct choice *choice, enum op_field field) {
	if (!ask_side(choice, field)) {
		refuse_memory(choice);
	} else {
		wait(choice);
	}
}

static void ask_pair(struct choice *choice) {
	enum op_field other = OP_F_LIKE;
	for (size_t i = 1; i < NAMED; i++) {
		other = op_has(&choice->head, named[i]) && choice->head.verb != OP_MAKE ? named[i] : other;
	}
	// In order of the source, or of the processor: the first may be what is put into.
	bool turned = choice->head.verb == OP_COPY && other == OP_F_SOURCE;
	if (!ask_side(choice, turned ? other : OP_F_NAME) ||
			!ask_side(choice, turned ? OP_F_NAME : other)) {
		refuse_memory(choice);
	} else {
		wait(choice);
	}
}

static void go_on(struct choice *choice, size_t from) {
	size_t stopped;
	if (!set_plain(&choice->ns, &choice->head, from, &stopped)) {
		refuse_memory(choice);
		return;
	}
	if (stopped < NAMED) {
		ask_one(choice, named[stopped]);
		return;
	}
	struct chooser *chooser = choice->chooser;
	struct exchange *exchange = choice->exchange;
	struct subject subject = choice->subject;
	struct op_head head = choice->head;
	op_head_init_request(&choice->head, head.verb);
	choice_destroy(choice);
	exchange_pause(exchange, false);
	op_unset(&head, OP_F_SPEC); // decided
	op_unset(&head, OP_F_LIKE);
	chooser->chosen(chooser->data, exchange, &head, &subject);
	op_head_finish(&head);
}

static void choice_gone(void *data, const struct op_refusal *why) {
	struct choice *choice = data;
	exchange_destroy(choice->exchange);
	choice_destroy(choice);
}

static enum op_code check_spec(const struct op_head *head, struct op_refusal *refusal) {
	const char *spec = op_get(head, OP_F_SPEC);
	bool like = op_has(head, OP_F_LIKE);
	if (like && !spec) {
		return op_refuse(refusal, OP_EARG, "like says with which box the new one is to agree, and spec in "
			"what: \"%%\" in the architecture (box-constraints(7))");
	} else if (spec && head->verb == OP_MAKE && !like) {
		return op_refuse(refusal, OP_EARG, "spec says in what the new box is to agree, and like with "
			"which");
	}
	return spec ? spec_check(spec, refusal) : OP_OK;
}

bool choose(struct chooser *chooser, const struct ns *ns, struct exchange *exchange,
		struct op_head *head, const struct subject *subject) {
	static const struct exchange_events events = {.gone = choice_gone};
	struct op_refusal why = {.code = OP_EIO, .sentence = "out of memory"};
	size_t stopped = 0;
	bool joins = op_has(head, OP_F_SPEC);
	if (check_spec(head, &why) != OP_OK || (!joins && !set_plain(ns, head, 0, &stopped))) {
		relay_refuse(exchange, &why);
		return true;
	}
	if (!joins && stopped == NAMED) {
		return false;
	}
	struct choice *choice = calloc(1, sizeof(*choice));
	const char *want = op_get(head, OP_F_WANT);
	if (!choice) {
		relay_refuse(exchange, &why);
		return true;
	}
	wl_list_insert(&chooser->list, &choice->link);
	choice->chooser = chooser;
	choice->exchange = exchange;
	choice->subject = *subject;
	choice->timer = wl_event_loop_add_timer(chooser->route->loop, handle_timer, choice);
	exchange_listen(exchange, &events, choice);
	exchange_pause(exchange, true);
	bool good = ns_copy(&choice->ns, ns) && op_head_copy(&choice->head, head) && choice->timer;
	choice->has_want = want && cnstr_parse(&choice->want, want, NULL) == OP_OK;
	if (!good) {
		refuse_memory(choice);
	} else if (joins) {
		ask_pair(choice);
	} else {
		go_on(choice, stopped);
	}
	return true;
}
