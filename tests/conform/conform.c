/* SPDX-License-Identifier: MIT */
/*
 * conform.c - what every box type promises, tried on all boxes of each of them: names, rights,
 * refusals, and that nothing is left of a request whose caller or box is gone.
 *
 * What a type does with a request that is in order is in its own file, type_*.c.
 */
#include "conform.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 100

struct fixture {
	const struct conform *conform;
	struct world *world;
	char *names[NAMES_MAX + 1]; // of all its boxes
	size_t count;
};

static void add_name(struct fixture *fixture, char *name) {
	assert_true(fixture->count < NAMES_MAX);
	fixture->names[fixture->count++] = name;
}

static void add_boxes(struct fixture *fixture, struct box *box) {
	struct box *inner;
	add_name(fixture, box_name(box));
	wl_list_for_each(inner, &box->inner, link) {
		add_boxes(fixture, inner);
	}
}

static void begin(struct fixture *fixture) {
	fixture->world = world_create();
	fixture->count = 0;
	if (fixture->conform->prepare) {
		fixture->conform->prepare(fixture->world);
	}
	for (const char *const *root = fixture->conform->roots; *root; root++) {
		add_boxes(fixture, world_box(fixture->world, *root));
	}
	const char *const *found = fixture->conform->found;
	for (; found && *found; found++) {
		add_name(fixture, strdup(*found));
	}
}

static void end(struct fixture *fixture) {
	for (size_t i = 0; i < fixture->count; i++) {
		free(fixture->names[i]);
	}
	world_destroy(fixture->world);
}

static int setup(void **state) {
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	fixture->conform = *state;
	begin(fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state) {
	struct fixture *fixture = *state;
	end(fixture);
	free(fixture);
	return 0;
}

/* Something to ask of any box. */
struct question {
	enum op_verb verb;
	const char *below; // what the name has behind that of the box
	const char *lines;
};

static const struct question questions[] = {
	{OP_KIND, "", ""},
	{OP_SELECTORS, "", ""},
	{OP_SELECTORS, "", "depth 3\nmatch [a-z]*\ncount 2\n"},
	{OP_GETMEM, "", ""},
	{OP_GETMEM, "", "live\n"},
	{OP_GETMEM, "", "offset 1\nlength 1\n"},
	{OP_PUTMEM, "", "body 3\n"},
	{OP_PUTMEM, "", "body chunks\n"},
	{OP_PUTMEM, "", "body frames\n"},
	{OP_COPY, "", "to /null\n"},
	{OP_LINK, "", "device /null\n"},
	{OP_MAKE, "/new", ""},
	{OP_MAKE, "/new", "prefix /thing\nat /nowhere\n"},
	{OP_MAKE, "/new", "prog cat\nbody frames\n"},
	{OP_MAKE, "/new", "carried 3\nbody frames\n"},
	{OP_MAKE, "/new", "body chunks\n"},
	{OP_DELETE, "", ""},
	{OP_CHINFO, "", "acl carl k\n"},
};
#define QUESTIONS (sizeof(questions) / sizeof(questions[0]))

static bool is_tried(const struct fixture *fixture, const struct question *question) {
	return !(fixture->conform->not_here & 1u << question->verb);
}

static const char *verb_of(const struct question *question) {
	return op_verb_name(question->verb);
}

static char *name_of(const char *name, const struct question *question) {
	char *whole;
	if (asprintf(&whole, "%s%s", name, question->below) < 0) {
		abort();
	}
	return whole;
}

static void ask_question(struct asked *asked, struct fixture *fixture, const char *who,
		const char *name, const struct question *question) {
	char *whole = name_of(name, question);
	ask(asked, fixture->world, who, verb_of(question), whole, question->lines);
	free(whole);
}

// The box that serves a name, which may be one that its type finds by itself.
static struct box *serving(struct fixture *fixture, const char *name, bool *below) {
	const char *rest;
	struct box *box = box_find(fixture->world->tree, name, &rest);
	*below = *rest;
	return box;
}

static bool serves(const struct box *box, enum op_verb verb) {
	return box->type->fn[verb] || verb == OP_KIND || verb == OP_SELECTORS || verb == OP_CHINFO;
}

static void test_kinds(void **state) {
	struct fixture *fixture = *state;
	for (size_t i = 0; i < fixture->count; i++) {
		static const enum op_field fields[] = {
			OP_F_TYPE, OP_F_OWNER, OP_F_LETTERS, OP_F_VERSION,
		};
		struct asked asked;
		ask(&asked, fixture->world, OWNER, "kind", fixture->names[i], "");
		expect_code(&asked, OP_OK);
		for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
			if (!op_get(&asked.reply, fields[f])) {
				fail_msg("no %s in %s", op_field_name(fields[f]), asked_print(&asked));
			}
		}
		asked_finish(&asked);
	}
}

// Every inner box is in the list of its parent, and entries are heads that can be read.
static void test_selectors(void **state) {
	struct fixture *fixture = *state;
	for (size_t i = 0; i < fixture->count; i++) {
		struct asked asked;
		bool below;
		struct box *box = serving(fixture, fixture->names[i], &below), *inner;
		if (below) {
			continue;
		}
		ask(&asked, fixture->world, OWNER, "selectors", fixture->names[i], "");
		expect_code(&asked, OP_OK);
		size_t at = 0;
		int entries = 0;
		while (at < asked.body.size) {
			struct op_head entry;
			const uint8_t *bytes = asked.body.data + asked.body.at + at;
			size_t size = op_head_size(bytes, asked.body.size - at, NULL);
			assert_int_equal(op_decode(&entry, OP_ENTRY, bytes, size, NULL), OP_OK);
			assert_non_null(op_get(&entry, OP_F_NAME));
			assert_non_null(op_get(&entry, OP_F_TYPE));
			op_head_finish(&entry);
			at += size;
			entries++;
		}
		wl_list_for_each(inner, &box->inner, link) {
			entries--;
		}
		assert_true(box->type->walks || entries == 0);
		asked_finish(&asked);
	}
}

static void test_unknown_name(void **state) {
	struct fixture *fixture = *state;
	for (size_t i = 0; i < fixture->count; i++) {
		for (size_t q = 0; q < QUESTIONS; q++) {
			struct question question = questions[q];
			struct asked asked;
			bool below;
			struct box *box = serving(fixture, fixture->names[i], &below);
			question.below = question.verb == OP_MAKE ? "/no-such-box/new" : "/no-such-box";
			if (box->type->walks && !box->type->fn[question.verb]) {
				continue; // what is below is the type's, and it does not serve that
			}
			if (box->type->walks && (question.verb == OP_PUTMEM || question.verb == OP_LINK)) {
				continue; // what is put there comes to be, and so does a replica
			}
			if (box->type->walks && strstr(question.lines, "body") &&
					!(box->type->takes_body & 1u << question.verb)) {
				continue; // refused before the type is asked for the name
			}
			ask_question(&asked, fixture, OWNER, fixture->names[i], &question);
			expect_code(&asked, OP_ENOENT);
			assert_non_null(strstr(asked.reply.refusal.sentence, "no-such-box"));
			asked_finish(&asked);
		}
	}
}

// To whoever has no rights it does not exist: the answer is that of a name that is not there.
static void test_no_rights(void **state) {
	struct fixture *fixture = *state;
	for (size_t i = 0; i < fixture->count; i++) {
		for (size_t q = 0; q < QUESTIONS; q++) {
			struct asked asked, other;
			char *name = fixture->names[i];
			ask_question(&asked, fixture, STRANGER, name, &questions[q]);
			expect_code(&asked, OP_ENOENT);
			char *last = name + strlen(name) - 1, kept = *last;
			*last = '~';
			ask_question(&other, fixture, STRANGER, name, &questions[q]);
			expect_code(&other, OP_ENOENT);
			*last = kept;
			// The same sentence, but for the name.
			for (char *at = other.reply.refusal.sentence; (at = strchr(at, '~')); at++) {
				*at = kept;
			}
			assert_string_equal(asked.reply.refusal.sentence, other.reply.refusal.sentence);
			assert_int_equal(asked.reply.count, other.reply.count);
			asked_finish(&asked);
			asked_finish(&other);
		}
	}
}

// On the roots, and on what has a list of its own instead of that of its parent.
static void allow(struct fixture *fixture, const char *letters) {
	char line[64];
	snprintf(line, sizeof(line), "acl bob %s\n", letters);
	for (const char *const *root = fixture->conform->roots; *root; root++) {
		expect(fixture->world, OWNER, OP_OK, "chinfo", *root, line);
	}
	for (size_t i = 0; i < fixture->count; i++) {
		bool below;
		if (serving(fixture, fixture->names[i], &below)->acl && !below) {
			expect(fixture->world, OWNER, OP_OK, "chinfo", fixture->names[i], line);
		}
	}
}

static void test_only_some_rights(void **state) {
	struct fixture *fixture = *state;
	allow(fixture, "k");
	for (size_t i = 0; i < fixture->count; i++) {
		for (size_t q = 0; q < QUESTIONS; q++) {
			struct asked asked;
			ask_question(&asked, fixture, STRANGER, fixture->names[i], &questions[q]);
			enum op_code code = questions[q].verb == OP_KIND ? OP_OK : OP_EPERM;
			expect_code(&asked, code);
			if (code == OP_EPERM) {
				assert_non_null(strstr(asked.reply.refusal.sentence, "bob"));
			}
			asked_finish(&asked);
		}
	}
}

// One letter is one verb, and it is enough.
static void test_each_right(void **state) {
	struct fixture *fixture = *state;
	for (size_t q = 0; q < QUESTIONS; q++) {
		const struct question *question = &questions[q];
		if (!is_tried(fixture, question)) {
			continue;
		}
		end(fixture);
		begin(fixture);
		char letter = op_verb_letter(question->verb);
		char letters[] = {'k', letter == 'k' ? '\0' : letter, '\0'};
		allow(fixture, letters);
		for (size_t i = fixture->count; i-- > 0;) { // inner ones first: delete ends them
			struct asked asked;
			ask_question(&asked, fixture, STRANGER, fixture->names[i], question);
			world_settle(fixture->world);
			int code = asked_code(&asked);
			bool owner_only = fixture->conform->owner_only & 1u << question->verb;
			if (code == OP_ENOENT || (code == OP_EPERM && !owner_only)) {
				fail_msg("with %s: %s", letters, asked_print(&asked));
			}
			asked_finish(&asked);
		}
	}
}

static void test_unserved_verbs(void **state) {
	struct fixture *fixture = *state;
	for (size_t i = 0; i < fixture->count; i++) {
		for (size_t q = 0; q < QUESTIONS; q++) {
			const struct question *question = &questions[q];
			struct asked asked;
			bool below;
			struct box *box = serving(fixture, fixture->names[i], &below);
			if (serves(box, question->verb) && !(below && !box->type->fn[question->verb])) {
				continue;
			}
			ask_question(&asked, fixture, OWNER, fixture->names[i], question);
			expect_code(&asked, OP_EUNSUPP);
			assert_non_null(strstr(asked.reply.refusal.sentence, verb_of(question)));
			asked_finish(&asked);
		}
	}
}

static void test_bodies(void **state) {
	struct fixture *fixture = *state;
	for (size_t i = 0; i < fixture->count; i++) {
		bool below;
		struct box *box = serving(fixture, fixture->names[i], &below);
		if (box->type->fn[OP_PUTMEM]) { // that brings nothing
			expect(fixture->world, OWNER, OP_EARG, "putmem", fixture->names[i], "");
		}
		if (box->type->fn[OP_MAKE] && !(box->type->takes_body & 1u << OP_MAKE)) {
			struct question question = {OP_MAKE, "/new", "body chunks\n"};
			struct asked asked;
			ask_question(&asked, fixture, OWNER, fixture->names[i], &question);
			expect_code(&asked, OP_EUNSUPP);
			asked_finish(&asked);
		}
	}
}

static void test_want_and_version(void **state) {
	struct fixture *fixture = *state;
	for (size_t i = 0; i < fixture->count; i++) {
		static const struct question asks[] = {
			{OP_KIND, "", "want nothing-like-it\n"},
			{OP_GETMEM, "", "want nothing-like-it\n"},
			{OP_PUTMEM, "", "want nothing-like-it\nbody 3\n"},
			{OP_PUTMEM, "", "if-version 0\nbody 3\n"},
			{OP_DELETE, "", "if-version 0\n"},
			{OP_CHINFO, "", "if-version 0\nacl carl k\n"},
		};
		bool below;
		struct box *box = serving(fixture, fixture->names[i], &below);
		for (size_t q = 0; q < sizeof(asks) / sizeof(asks[0]); q++) {
			struct asked asked;
			bool any = strcmp(box->cnstr, "*") == 0 && strstr(asks[q].lines, "want");
			if (below || !serves(box, asks[q].verb) || any) {
				continue;
			}
			ask_question(&asked, fixture, OWNER, fixture->names[i], &asks[q]);
			expect_code(&asked, strstr(asks[q].lines, "want") ? OP_EMATCH : OP_ESTALE);
			asked_finish(&asked);
		}
	}
}

// Who waits for a change gets it, and what he gets has another version.
static void test_since(void **state) {
	struct fixture *fixture = *state;
	for (size_t i = 0; i < fixture->count; i++) {
		static const char *const verbs[] = {"kind", "selectors"};
		bool below;
		struct box *box = serving(fixture, fixture->names[i], &below);
		for (int v = 0; v < 2 && !box->type->walks; v++) {
			struct asked asked;
			char lines[64];
			ask(&asked, fixture->world, OWNER, verbs[v], fixture->names[i], "");
			expect_code(&asked, OP_OK);
			snprintf(lines, sizeof(lines), "since %s\n", op_get(&asked.reply, OP_F_VERSION));
			asked_finish(&asked);
			ask(&asked, fixture->world, OWNER, verbs[v], fixture->names[i], lines);
			world_settle(fixture->world);
			assert_false(asked_over(&asked));
			struct box *made = NULL;
			if (v == 0) {
				box_changed(box);
			} else {
				made = box_create(box, "changes", &box_type_dir, "dir", NULL);
				assert_non_null(made);
			}
			expect_code(&asked, OP_OK);
			assert_null(strstr(lines, op_get(&asked.reply, OP_F_VERSION)));
			asked_finish(&asked);
			box_destroy(made);
		}
	}
}

// How far a caller comes before he, or the box, is gone.
enum stage {
	STAGE_ASKED,
	STAGE_SETTLED,
	STAGE_PIECE,
	STAGE_ENDED,
	STAGE_ANSWERED,
	STAGES,
};

static void go_to(struct asked *asked, enum stage stage) {
	bool frames = op_body_of(&asked->head, NULL) == OP_BODY_FRAMES;
	uint16_t sub = op_has(&asked->head, OP_F_CARRIED) ? 3 : 0;
	if (stage >= STAGE_SETTLED) {
		world_settle(asked->world);
	}
	if (stage >= STAGE_PIECE && op_body_of(&asked->head, NULL) != OP_BODY_NONE) {
		if (frames) {
			asked_put_frame(asked, FRAME_DATA, sub, "#!/", 3);
		} else {
			asked_put(asked, "abc", 3);
		}
	}
	if (stage >= STAGE_ENDED && op_body_of(&asked->head, NULL) != OP_BODY_NONE) {
		asked_put_end(asked);
	}
	if (stage >= STAGE_ANSWERED) {
		world_settle(asked->world);
		asked_drain(asked);
		world_settle(asked->world);
	}
}

static void ask_up_to(struct asked *asked, struct fixture *fixture, const char *name,
		const struct question *question, enum stage stage) {
	char *whole = name_of(name, question);
	asked_init(asked, fixture->world, OWNER, verb_of(question), whole, question->lines);
	free(whole);
	asked->slow = true;
	asked_begin(asked);
	go_to(asked, stage);
}

static bool exists(struct fixture *fixture, const char *name) {
	bool below;
	serving(fixture, name, &below);
	const char *const *found = fixture->conform->found;
	for (; found && *found; found++) {
		below = below && strcmp(*found, name) != 0;
	}
	return !below;
}

static void test_caller_gone(void **state) {
	struct fixture *fixture = *state;
	for (size_t i = 0; i < fixture->count; i++) {
		char *name = strdup(fixture->names[i]);
		for (size_t q = 0; q < QUESTIONS; q++) {
			for (int stage = 0; is_tried(fixture, &questions[q]) && stage < STAGES; stage++) {
				struct asked asked;
				if (!exists(fixture, name)) {
					end(fixture);
					begin(fixture);
				}
				ask_up_to(&asked, fixture, name, &questions[q], (enum stage)stage);
				asked_gone(&asked);
				asked_finish(&asked);
				world_settle(fixture->world);
			}
		}
		free(name);
		end(fixture);
		begin(fixture);
	}
}

// The highest box above that can be deleted, with this one in it; NULL: none.
static struct box *deletable(struct fixture *fixture, const char *name) {
	bool below;
	struct box *found = NULL;
	for (struct box *box = serving(fixture, name, &below); box; box = box->parent) {
		found = box->type->fn[OP_DELETE] && !box->type->walks ? box : found;
	}
	return found;
}

// The box goes while it is asked: whoever asks is answered, or will be as soon as he has said all.
static void test_box_gone(void **state) {
	struct fixture *fixture = *state;
	bool tried = is_tried(fixture, &(struct question){OP_DELETE, "", ""});
	for (size_t i = 0; i < fixture->count && tried; i++) {
		char *name = strdup(fixture->names[i]);
		for (size_t q = 0; q < QUESTIONS && deletable(fixture, name); q++) {
			bool over = false; // and then a later stage is no other
			for (int stage = 0; stage < STAGES && !over; stage++) {
				struct asked asked;
				char *top = box_name(deletable(fixture, name));
				ask_up_to(&asked, fixture, name, &questions[q], (enum stage)stage);
				over = asked_over(&asked);
				if (over && asked_code(&asked) != OP_OK) { // refused: nothing of it is there
					asked_finish(&asked);
					free(top);
					continue;
				}
				if (exists(fixture, top)) {
					expect(fixture->world, OWNER, OP_OK, "delete", top, "");
				}
				assert_false(exists(fixture, top));
				go_to(&asked, STAGE_ANSWERED);
				if (!asked_over(&asked)) {
					fail_msg("at stage %d it never ends: %s", stage, asked_print(&asked));
				}
				asked_finish(&asked);
				free(top);
				end(fixture);
				begin(fixture);
			}
		}
		free(name);
	}
}

static const struct {
	const char *name;
	CMUnitTestFunction function;
} promises[] = {
	{"kinds", test_kinds},
	{"selectors", test_selectors},
	{"unknown_name", test_unknown_name},
	{"no_rights", test_no_rights},
	{"only_some_rights", test_only_some_rights},
	{"each_right", test_each_right},
	{"unserved_verbs", test_unserved_verbs},
	{"bodies", test_bodies},
	{"want_and_version", test_want_and_version},
	{"since", test_since},
	{"caller_gone", test_caller_gone},
	{"box_gone", test_box_gone},
};
#define PROMISES (sizeof(promises) / sizeof(promises[0]))

static int run(const struct conform *conform, const char *type, const char *filter) {
	size_t count = 0;
	size_t size = PROMISES + conform->tests_size;
	for (const struct conform_more *more = conform->more; more; more = more->next) {
		size += more->tests_size;
	}
	struct CMUnitTest *tests = calloc(size, sizeof(*tests));
	for (size_t i = 0; i < PROMISES; i++) {
		tests[count++] = (struct CMUnitTest){
			promises[i].name, promises[i].function, setup, teardown, (void *)conform,
		};
	}
	for (size_t i = 0; i < conform->tests_size; i++) {
		tests[count++] = conform->tests[i];
	}
	for (const struct conform_more *more = conform->more; more; more = more->next) {
		for (size_t i = 0; i < more->tests_size; i++) {
			tests[count++] = more->tests[i];
		}
	}
	if (filter) {
		cmocka_set_test_filter(filter);
	}
	int failed = _cmocka_run_group_tests(type, tests, count, NULL, NULL);
	free(tests);
	return failed;
}

int main(int argc, char **argv) {
	static const struct {
		const char *type;
		const struct conform *conform;
	} types[] = {
#define BOX_TYPE(name) {#name, &conform_##name},
#include "box-types.inc"
#undef BOX_TYPE
	};
	int failed = 0;
	signal(SIGPIPE, SIG_IGN); // as boxd does
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (argc < 2 || strcmp(argv[1], types[i].type) == 0) {
			failed += run(types[i].conform, types[i].type, argc > 2 ? argv[2] : NULL);
		}
	}
	return failed;
}
