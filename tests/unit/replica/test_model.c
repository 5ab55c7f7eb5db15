/* SPDX-License-Identifier: MIT */
/*
 * test_model.c - machines that write, delete and meet at random, some of them apart for a while. Once
 * all have met often enough they have the same boxes, and nothing that was written is lost, unless
 * somebody who had it put something else there, or deleted it.
 *
 * What is done about each deed is what boxes/fs_land.c does to files, in memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replica/rules.h"

#define NODES_MAX 5
#define NAMES 3
#define BOXES_MAX 128
#define TEXTS_MAX 400
#define WORLDS 60

struct item {
	char name[OP_MAX_COMPONENT + 1];
	struct replica_side side;
	int text; // what was written, by number
};

struct machine {
	char key[VECTOR_KEY + 1], name[16];
	uint64_t count;
	int size;
	struct item items[BOXES_MAX];
};

struct world {
	struct machine machines[NODES_MAX];
	int size;
	bool over[TEXTS_MAX]; // overwritten or deleted by one who had it
	int texts;
	unsigned int seed;
};

static unsigned int dice(struct world *world, unsigned int sides) {
	world->seed = world->seed * 1103515245 + 12345;
	return (world->seed >> 16) % sides;
}

static struct item *find(struct machine *machine, const char *name) {
	for (int i = 0; i < machine->size; i++) {
		if (strcmp(machine->items[i].name, name) == 0) {
			return &machine->items[i];
		}
	}
	assert_true(machine->size < BOXES_MAX);
	struct item *item = &machine->items[machine->size++];
	*item = (struct item){.side.what = REPLICA_UNKNOWN};
	snprintf(item->name, sizeof(item->name), "%s", name);
	return item;
}

static void count_up(struct machine *machine, struct item *item) {
	assert_true(vector_raise(&item->side.vector, machine->key, ++machine->count));
}

// A new box, which has nothing of the old one's vector: what that has in it need not be in this.
static void keep_conflict(struct machine *machine, const char *name, const char *node, int text) {
	char conflict[OP_MAX_COMPONENT + 1];
	uint64_t hash = (uint64_t)text;
	assert_int_equal(replica_conflict_name(name, node, NULL, conflict), OP_OK);
	struct item *item = find(machine, conflict);
	if (item->side.what == REPLICA_FILE && item->text != text) {
		assert_int_equal(replica_conflict_name(name, node, &hash, conflict), OP_OK);
		item = find(machine, conflict);
	}
	if (item->side.what == REPLICA_FILE) {
		assert_int_equal(item->text, text);
		return;
	}
	item->side.what = REPLICA_FILE;
	item->text = text;
	count_up(machine, item);
}

static void settle(struct machine *machine, struct item *ours, const struct item *theirs) {
	vector_merge(&ours->side.vector, &theirs->side.vector);
	count_up(machine, ours);
}

static void compare(struct machine *machine, struct item *ours, const struct machine *peer,
		const struct item *theirs) {
	if (ours->text == theirs->text) {
		vector_merge(&ours->side.vector, &theirs->side.vector);
		return;
	}
	char name[OP_MAX_COMPONENT + 1];
	int text = ours->text;
	strcpy(name, ours->name);
	bool stays = text % 7 != theirs->text % 7 ? text % 7 > theirs->text % 7 : text > theirs->text;
	settle(machine, ours, theirs);
	if (stays) {
		keep_conflict(machine, name, peer->name, theirs->text);
	} else {
		ours->text = theirs->text;
		keep_conflict(machine, name, machine->name, text);
	}
}

static void meet_item(struct machine *machine, const struct machine *peer,
		const struct item *theirs) {
	struct item *ours = find(machine, theirs->name);
	switch (replica_decide(&ours->side, &theirs->side)) {
	case REPLICA_LEARN:
		if (ours->side.what == REPLICA_UNKNOWN) {
			ours->side.what = REPLICA_GONE;
		}
		vector_merge(&ours->side.vector, &theirs->side.vector);
		break;
	case REPLICA_TAKE:
	case REPLICA_REMOVE:
		ours->side = theirs->side;
		ours->text = theirs->text;
		break;
	case REPLICA_KEEP:
		settle(machine, ours, theirs);
		break;
	case REPLICA_REVIVE:
		settle(machine, ours, theirs);
		ours->side.what = theirs->side.what;
		ours->text = theirs->text;
		break;
	case REPLICA_COMPARE:
		compare(machine, ours, peer, theirs);
		break;
	case REPLICA_BOTH:
		fail_msg("there are no folders here");
		break;
	case REPLICA_NOTHING:
		break;
	}
}

static void copy_machine(struct machine *to, const struct machine *from) {
	memcpy(to, from, offsetof(struct machine, items) + (size_t)from->size * sizeof(from->items[0]));
}

static void meet(struct machine *machine, const struct machine *peer) {
	struct machine *there = malloc(sizeof(*there)); // as it is now
	copy_machine(there, peer);
	for (int i = 0; i < there->size; i++) {
		meet_item(machine, there, &there->items[i]);
	}
	free(there);
}

/* At random. */

static void write_item(struct world *world, struct machine *machine, struct item *item) {
	if (item->side.what == REPLICA_FILE) {
		world->over[item->text] = true;
	}
	item->side.what = REPLICA_FILE;
	item->text = world->texts++;
	count_up(machine, item);
}

static void delete_item(struct world *world, struct machine *machine, struct item *item) {
	if (item->side.what == REPLICA_FILE) {
		world->over[item->text] = true;
		item->side.what = REPLICA_GONE;
		count_up(machine, item);
	}
}

// One of the first names mostly, else whatever there is: conflicts, too.
static struct item *some_item(struct world *world, struct machine *machine) {
	char name[8];
	if (machine->size > 0 && dice(world, 4) == 0) {
		return &machine->items[dice(world, (unsigned int)machine->size)];
	}
	snprintf(name, sizeof(name), "n%u", dice(world, NAMES));
	return find(machine, name);
}

static void step(struct world *world) {
	struct machine *machine = &world->machines[dice(world, (unsigned int)world->size)];
	struct machine *peer = &world->machines[dice(world, (unsigned int)world->size)];
	switch (dice(world, 8)) {
	case 0: case 1: case 2:
		write_item(world, machine, some_item(world, machine));
		break;
	case 3:
		delete_item(world, machine, some_item(world, machine));
		break;
	default:
		if (machine != peer) {
			meet(machine, peer);
		}
		break;
	}
}

// What is there, whatever was deleted.
static bool has_all_of(struct machine *a, struct machine *b) {
	for (int i = 0; i < a->size; i++) {
		struct item *mine = &a->items[i], *other = find(b, mine->name);
		bool there = mine->side.what == REPLICA_FILE, as_there = other->side.what == REPLICA_FILE;
		// One vector means one contents.
		if (other->side.what != REPLICA_UNKNOWN && mine->side.what != REPLICA_UNKNOWN &&
				vector_compare(&mine->side.vector, &other->side.vector) == VECTOR_EQUAL) {
			assert_int_equal(there, as_there);
			assert_true(!there || mine->text == other->text);
		}
		if (there != as_there || (there && mine->text != other->text)) {
			return false;
		}
	}
	return true;
}

static bool are_alike(struct world *world) {
	for (int i = 1; i < world->size; i++) {
		struct machine *a = &world->machines[0], *b = &world->machines[i];
		if (!has_all_of(a, b) || !has_all_of(b, a)) {
			return false;
		}
	}
	return true;
}

// Linked both ways as a ring, and all at once: nobody waits for the other's decisions.
static void meet_all(struct world *world) {
	struct machine *before = malloc(sizeof(*before) * NODES_MAX);
	for (int i = 0; i < world->size; i++) {
		copy_machine(&before[i], &world->machines[i]);
	}
	for (int i = 0; i < world->size; i++) {
		meet(&world->machines[i], &before[(i + 1) % world->size]);
		meet(&world->machines[i], &before[(i + world->size - 1) % world->size]);
	}
	free(before);
}

static void check_nothing_lost(struct world *world) {
	struct machine *machine = &world->machines[0];
	for (int text = 0; text < world->texts; text++) {
		bool found = world->over[text];
		for (int i = 0; i < machine->size && !found; i++) {
			found = machine->items[i].side.what == REPLICA_FILE && machine->items[i].text == text;
		}
		if (!found) {
			fail_msg("what was written as number %d is lost", text);
		}
	}
}

static void run_world(unsigned int seed) {
	struct world *world = calloc(1, sizeof(*world));
	world->seed = seed * 2654435761u;
	world->size = 2 + (int)dice(world, NODES_MAX - 1);
	for (int i = 0; i < world->size; i++) {
		struct machine *machine = &world->machines[i];
		memset(machine->key, 'a' + i, VECTOR_KEY);
		snprintf(machine->name, sizeof(machine->name), "m%d", i);
	}
	for (unsigned int steps = 10 + dice(world, 100); steps > 0; steps--) {
		step(world);
	}
	int rounds = 0;
	do {
		meet_all(world);
		if (++rounds > 40) {
			fail_msg("world %u: they never agree", seed);
		}
	} while (!are_alike(world));
	check_nothing_lost(world);
	meet_all(world);
	assert_true(are_alike(world)); // and it stays so
	free(world);
}

static void test_worlds(void **state) {
	for (unsigned int seed = 1; seed <= WORLDS; seed++) {
		run_world(seed);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_worlds)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
