/* SPDX-License-Identifier: MIT */
/*
 * verb_ask.c - box ask: what others would need leave for is asked here, and answered by a person.
 *
 * Questions are boxes of boxd, /ask/N; a desktop may answer them as well. Lines typed before a
 * question was shown are no answer to it; those of a pipe are kept for it.
 */
#include "box.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PLACE "/ask"

struct counter { // where answers are given
	struct asker *asker;
	const char *place;     // the box whose inner boxes are questions
	struct call *call;     // waits for others than were seen
	struct buf list;       // its answer
	char *version;         // of that list; NULL: none was seen
	char *shown;           // name of the question that is asked now; NULL: none
	struct wl_event_source *input;
	struct buf typed;      // lines that were not looked at
	bool terminal, over;   // standard input has ended
	int status;
};

static const char *const answers[] = {"once", "until", "always", "no"};

static const char *answer_of(const char *typed) {
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (strcmp(typed, answers[i]) == 0 || (typed[0] == answers[i][0] && !typed[1])) {
			return answers[i];
		}
	}
	return NULL;
}

static bool put_answer(struct asker *asker, const char *name, const char *word) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_PUTMEM);
	bool good = set_said(&request, OP_F_NAME, name);
	if (good) {
		good = ask_with(asker, &request, word, strlen(word), &answer) ||
			say_refusal(&answer.why) == 0;
		answer_finish(&answer);
	} else {
		op_head_finish(&request);
	}
	return good;
}

static int answer_one(struct asker *asker, const char *name, const char *typed) {
	const char *word = answer_of(typed);
	if (!word) {
		fprintf(stderr, "box: an answer is once, until, always or no, and not %s\n", typed);
		return 2;
	}
	return put_answer(asker, name, word) ? 0 : 1;
}

static void show(struct counter *counter, const struct op_head *entry) {
	const char *title = op_get(entry, OP_F_TITLE);
	print_text(stdout, title ? title : op_get(entry, OP_F_NAME));
	printf("\n  once, until (you take it back: box rm %s), always, no? ", counter->shown);
	fflush(stdout);
	if (counter->terminal) {
		tcflush(STDIN_FILENO, TCIFLUSH);
		buf_drop(&counter->typed, counter->typed.size);
	}
}

// Names of questions are numbers; the oldest has the smallest.
static bool is_before(const char *a, const char *b) {
	size_t one = strlen(a), other = strlen(b);
	return one != other ? one < other : strcmp(a, b) < 0;
}

static bool is_open(const struct op_head *entry) {
	const char *state = op_get(entry, OP_F_STATE);
	return op_get(entry, OP_F_NAME) && state && strcmp(state, "waiting") == 0;
}

// The oldest that is open; or whether the one that is shown still is. entry is to be finished.
static bool find(const struct counter *counter, const char *wanted, struct op_head *entry) {
	struct answer answer = {.body = counter->list};
	struct op_head each;
	bool found = false;
	for (size_t at = 0; answer_next(&answer, &at, &each);) {
		const char *name = op_get(&each, OP_F_NAME);
		bool good = is_open(&each) && (wanted ? strcmp(name, wanted) == 0 :
			!found || is_before(name, op_get(entry, OP_F_NAME)));
		if (good && found) {
			op_head_finish(entry);
		}
		if (good) {
			*entry = each;
			found = true;
		} else {
			op_head_finish(&each);
		}
	}
	return found;
}

static void hide(struct counter *counter) {
	free(counter->shown);
	counter->shown = NULL;
}

static void look(struct counter *counter) {
	struct op_head entry;
	if (counter->shown) {
		if (find(counter, counter->shown + strlen(counter->place), &entry)) {
			op_head_finish(&entry);
			return;
		}
		printf("\n  nobody waits for that any more\n");
		hide(counter);
	}
	if (find(counter, NULL, &entry)) {
		if (asprintf(&counter->shown, "%s%s", counter->place, op_get(&entry, OP_F_NAME)) < 0) {
			counter->shown = NULL;
		} else {
			show(counter, &entry);
		}
		op_head_finish(&entry);
	}
}

/* The list of questions. */

static void watch(struct counter *counter);

static void handle_reply(void *data, const struct op_head *reply) {
	struct counter *counter = data;
	const char *version = op_get(reply, OP_F_VERSION);
	buf_drop(&counter->list, counter->list.size);
	free(counter->version);
	counter->version = version ? strdup(version) : NULL;
}

static void handle_bytes(void *data, const void *bytes, size_t size) {
	struct counter *counter = data;
	buf_append(&counter->list, bytes, size);
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct counter *counter = data;
	counter->call = NULL;
	if (why->code != OP_OK) {
		counter->status = say_refusal(why);
		counter->over = true;
		return;
	}
	look(counter);
	watch(counter);
}

static void watch(struct counter *counter) {
	static const struct call_events events = {
		.reply = handle_reply,
		.bytes = handle_bytes,
		.ended = handle_ended,
	};
	struct op_head request;
	op_head_init_request(&request, OP_SELECTORS);
	op_set(&request, OP_F_NAME, counter->place);
	if (counter->version) {
		op_set(&request, OP_F_SINCE, counter->version);
	}
	counter->call = call_create(counter->asker->loop, &counter->asker->boxd.caller, &request, NULL,
		&events, counter);
	op_head_finish(&request);
	counter->over = counter->over || !counter->call;
}

/* What is typed. */

static bool has_line(struct counter *counter) {
	return counter->typed.size > 0 && memchr(buf_front(&counter->typed), '\n', counter->typed.size);
}

// Takes a line out of what was typed; NULL: there is no whole one.
static char *take_line(struct counter *counter) {
	if (!has_line(counter)) {
		return NULL;
	}
	const char *bytes = (const char *)buf_front(&counter->typed);
	size_t size = strcspn(bytes, "\n");
	char *line = strndup(bytes, size);
	buf_drop(&counter->typed, size + 1);
	return line;
}

static void take_answer(struct counter *counter, const char *typed) {
	const char *word = answer_of(typed);
	if (!word) {
		printf("  once, until, always, no? ");
		fflush(stdout);
		return;
	}
	char *name = counter->shown;
	counter->shown = NULL; // the list says what is next
	if (!put_answer(counter->asker, name, word)) {
		counter->status = 1;
	}
	free(name);
}

static void read_typed(struct counter *counter) {
	char bytes[256];
	ssize_t size = read(STDIN_FILENO, bytes, sizeof(bytes));
	if (size > 0) {
		buf_append(&counter->typed, bytes, (size_t)size);
	} else if (size == 0 || errno != EINTR) {
		counter->over = true;
	}
}

static int handle_input(int fd, uint32_t mask, void *data) {
	read_typed(data);
	return 0;
}

// What is read from a file is there all the time.
static void open_input(struct counter *counter) {
	counter->terminal = isatty(STDIN_FILENO);
	counter->input = wl_event_loop_add_fd(counter->asker->loop, STDIN_FILENO, WL_EVENT_READABLE,
		handle_input, counter);
	while (!counter->input && !counter->over) {
		read_typed(counter);
	}
}

static int serve(struct asker *asker, const char *place) {
	struct counter counter = {.asker = asker, .place = place};
	buf_init(&counter.list);
	buf_init(&counter.typed);
	open_input(&counter);
	watch(&counter);
	while (counter.call && (!counter.over || has_line(&counter))) {
		if (counter.over && counter.input) {
			wl_event_source_remove(counter.input); // its end would be told for ever
			counter.input = NULL;
		}
		wl_event_loop_dispatch(asker->loop, -1);
		for (char *line; counter.shown && (line = take_line(&counter)); free(line)) {
			take_answer(&counter, line);
		}
	}
	if (counter.input) {
		wl_event_source_remove(counter.input);
	}
	call_destroy(counter.call);
	hide(&counter);
	free(counter.version);
	buf_finish(&counter.list);
	buf_finish(&counter.typed);
	return counter.status;
}

// What waits, and leave that stands, to be taken back.
static int list(struct asker *asker, const char *place) {
	struct op_head request, entry;
	struct answer answer;
	op_head_init_request(&request, OP_SELECTORS);
	op_set(&request, OP_F_NAME, place);
	bool good = ask_or_say(asker, &request, &answer);
	for (size_t at = 0; good && answer_next(&answer, &at, &entry);) {
		const char *name = op_get(&entry, OP_F_NAME), *title = op_get(&entry, OP_F_TITLE);
		if (name && title) {
			printf("%s%s  %s", place, name, is_open(&entry) ? "" : "given: ");
			print_text(stdout, title);
			putchar('\n');
		}
		op_head_finish(&entry);
	}
	answer_finish(&answer);
	return good ? 0 : 1;
}

static int run(struct asker *asker, int argc, char **argv) {
	bool lists = argc > 1 && strcmp(argv[1], "-l") == 0;
	int first = lists ? 2 : 1;
	const char *place = argc > first ? argv[first] : PLACE;
	if (argc > first + 2 - lists || place[0] != '/') {
		return say_usage(&verb_ask);
	}
	if (lists) {
		return list(asker, place);
	}
	return argc == 3 ? answer_one(asker, argv[1], argv[2]) : serve(asker, place);
}

const struct verb verb_ask = {
	.name = "ask",
	.usage = "[-l] [PLACE] | QUESTION ANSWER",
	.help = "be asked what others may, and answer",
	.run = run,
};
