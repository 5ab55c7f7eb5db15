/* SPDX-License-Identifier: MIT */
/*
 * turn.c - what every call of the library begins and ends with: which boxd and name space, how long,
 * and the sentence of a refusal, kept for the thread that was refused.
 */
#include "libbox/turn.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "box/words.h"

// The header's numbers are Op's.
_Static_assert((int)BOX_OK == (int)OP_OK && (int)BOX_EARG == (int)OP_EARG, "see enum op_code");
_Static_assert((int)BOX_E2BIG == (int)OP_E2BIG && (int)BOX_ENOENT == (int)OP_ENOENT, "");
_Static_assert((int)BOX_EEXIST == (int)OP_EEXIST && (int)BOX_EPERM == (int)OP_EPERM, "");
_Static_assert((int)BOX_EASK == (int)OP_EASK && (int)BOX_EMATCH == (int)OP_EMATCH, "");
_Static_assert((int)BOX_ETYPE == (int)OP_ETYPE && (int)BOX_EUNSUPP == (int)OP_EUNSUPP, "");
_Static_assert((int)BOX_EQUOTA == (int)OP_EQUOTA && (int)BOX_ELOST == (int)OP_ELOST, "");
_Static_assert((int)BOX_EUNREACH == (int)OP_EUNREACH && (int)BOX_EUDP == (int)OP_EUDP, "");
_Static_assert((int)BOX_EBUSY == (int)OP_EBUSY && (int)BOX_ELOCKED == (int)OP_ELOCKED, "");
_Static_assert((int)BOX_ESTALE == (int)OP_ESTALE && (int)BOX_EIO == (int)OP_EIO, "");
_Static_assert((int)BOX_EIO + 1 == (int)OP_CODES, "a new code goes into libbox.h too");

struct told { // a thread's last refusal
	struct told *next;
	pthread_t thread;
	char sentence[OP_MAX_SENTENCE + 1];
};

struct box_space {
	char op[108], ns[128];
	int trouble; // errno: where boxd listens is not known; 0
	atomic_int patience_ms;
	pthread_mutex_t lock; // of told
	struct told *told;
};

static struct box_space standard = {.lock = PTHREAD_MUTEX_INITIALIZER};
static pthread_once_t standard_once = PTHREAD_ONCE_INIT;

static bool find_boxd(struct box_space *space, const char *op, const char *ns) {
	struct asker asker;
	if (!asker_init(&asker, op, ns)) {
		space->trouble = errno;
		return false;
	}
	memcpy(space->op, asker.path, sizeof(space->op));
	memcpy(space->ns, asker.ns, sizeof(space->ns));
	asker_finish(&asker);
	return true;
}

static void find_standard(void) {
	find_boxd(&standard, NULL, NULL);
}

static struct box_space *meant(struct box_space *space) {
	pthread_once(&standard_once, find_standard);
	return space ? space : &standard;
}

struct box_space *box_open(const char *op, const char *ns) {
	struct box_space *space = calloc(1, sizeof(*space));
	if (space && !find_boxd(space, op, ns)) {
		errno = space->trouble;
		free(space);
		return NULL;
	}
	if (space) {
		pthread_mutex_init(&space->lock, NULL);
	}
	return space;
}

void box_close(struct box_space *space) {
	if (!space) {
		return;
	}
	while (space->told) {
		struct told *told = space->told;
		space->told = told->next;
		free(told);
	}
	pthread_mutex_destroy(&space->lock);
	free(space);
}

void box_patience(struct box_space *space, int ms) {
	atomic_store(&meant(space)->patience_ms, ms > 0 ? ms : 0);
}

const char *box_code_name(enum box_code code) {
	return (int)code >= 0 && (int)code < OP_CODES ? op_code_name((enum op_code)code) : "?";
}

// With the lock. NULL: it was never refused anything.
static struct told *told_of(const struct box_space *space, pthread_t thread) {
	struct told *told = space->told;
	while (told && !pthread_equal(told->thread, thread)) {
		told = told->next;
	}
	return told;
}

const char *box_sentence(struct box_space *space) {
	space = meant(space);
	pthread_mutex_lock(&space->lock);
	struct told *told = told_of(space, pthread_self());
	pthread_mutex_unlock(&space->lock);
	return told ? told->sentence : "";
}

static void tell(struct box_space *space, const char *sentence) {
	pthread_mutex_lock(&space->lock);
	struct told *told = told_of(space, pthread_self());
	if (!told && (told = calloc(1, sizeof(*told)))) {
		told->thread = pthread_self();
		told->next = space->told;
		space->told = told;
	}
	if (told) {
		strcpy(told->sentence, sentence);
	}
	pthread_mutex_unlock(&space->lock);
}

bool turn_begin(struct turn *turn, struct box_space *space) {
	turn->space = meant(space);
	turn->why = (struct op_refusal){.code = OP_OK};
	turn->begun = false;
	if (turn->space->trouble) {
		op_refuse(&turn->why, OP_EUNREACH, "where boxd listens is not known: set BOX_OP, or "
			"XDG_RUNTIME_DIR as a session does (%s)", strerror(turn->space->trouble));
	} else if (!asker_init(&turn->asker, turn->space->op, turn->space->ns)) {
		op_refuse(&turn->why, OP_EIO, "no event loop for this call: %s", strerror(errno));
	} else {
		turn->begun = true;
		turn->asker.patience_ms = atomic_load(&turn->space->patience_ms);
	}
	return turn->begun;
}

enum box_code turn_end(struct turn *turn) {
	if (turn->begun) {
		asker_finish(&turn->asker);
	}
	if (turn->why.code != OP_OK) {
		tell(turn->space, turn->why.sentence);
	}
	return (enum box_code)turn->why.code;
}

// Of op.xml, and one that the program sets by itself: the body is streamed, `as` is boxd's.
static int field_of(const struct op_head *head, const char *name) {
	int field = op_field_by_name(name);
	bool taken = field >= 0 && words_verb_takes(head->verb, (enum op_field)field);
	return taken && field != OP_F_BODY && field != OP_F_AS ? field : -1;
}

static bool say_field(struct turn *turn, struct op_head *head, const char *line) {
	char name[32];
	size_t size = strcspn(line, " ");
	const char *value = line[size] ? line + size + 1 : "";
	if (size >= sizeof(name)) {
		size = sizeof(name) - 1;
	}
	memcpy(name, line, size);
	name[size] = '\0';
	int field = field_of(head, name);
	if (field < 0) {
		op_refuse(&turn->why, OP_EARG, "%s is no field for a program to set of %s (man 7 op tells "
			"which are)", name, op_verb_name(head->verb));
		return false;
	}
	return head_say(head, (enum op_field)field, value, &turn->why) == OP_OK;
}

bool turn_say_fields(struct turn *turn, struct op_head *head, const char *const *fields) {
	for (; fields && *fields; fields++) {
		if (!say_field(turn, head, *fields)) {
			return false;
		}
	}
	return true;
}
