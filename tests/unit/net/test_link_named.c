/* SPDX-License-Identifier: MIT */
/*
 * test_link_named.c - links to a device below /usr, which names another box: now this, then that, nothing
 * at all, and by somebody who is away.
 */
#include <string.h>

#include "linking.h"

static void named_describe(struct box *box, struct op_head *entry) {
	const char *const *device = box->data;
	if (*device) {
		op_set(entry, OP_F_DEVICE, *device);
	}
}

static const struct box_type named_type = {.name = "named", .describe = named_describe};

static struct box *make_named(struct fixture *f, const char **device) {
	struct box *root = box_tree_root(f->devices.tree), *line = box_inner(root, "line");
	struct box *usr = box_create(root, "usr", &box_type_dir, NULL, NULL);
	struct box *person = box_create(usr, "ann", &box_type_dir, NULL, NULL);
	assert_non_null(box_create(root, "other", line->type, NULL, line->data));
	struct box *named = box_create(person, "kbd", &named_type, NULL, device);
	assert_non_null(named);
	return named;
}

static const char *in_use(const struct fixture *f) {
	return op_get(f->devices.waiting->head, OP_F_NAME);
}

static void test_named(void **state) {
	struct fixture *f = *state;
	const char *device = "/line";
	struct box *named = make_named(f, &device);
	house_check(&f->io, "op/1 link\nname /in\ndevice /usr/ann/kbd\n\n", "ok\nname /in/0\n\n");
	pump_until(f->io.loop, f->ups == 1);
	assert_string_equal(in_use(f), "/line");
	box_changed(named); // to the same
	pump_quiet(f->io.loop);
	assert_int_equal(f->downs, 0);
	device = "/other";
	box_changed(named);
	pump_until(f->io.loop, f->ups == 2);
	assert_int_equal(f->downs, 1);
	assert_string_equal(in_use(f), "/other");
	house_check(&f->io, "op/1 delete\nname /in/0\n\n", "ok\n\n"); // and nobody waits for the next
	device = "/line";
	box_changed(named);
	pump_quiet(f->io.loop);
	assert_int_equal(f->ups, 2);
	assert_true(wl_list_empty(&f->linker.links));
}

static void test_named_nothing(void **state) {
	struct fixture *f = *state;
	const char *device = NULL;
	struct box *named = make_named(f, &device);
	house_check(&f->io, "op/1 link\nname /in\ndevice /usr/ann/kbd\n\n", "ok\nname /in/0\n\n");
	const int waits[] = {100, 500};
	check_waits(f->io.loop, waits, 1); // once: from then on the name is waited for
	device = "/line";
	box_changed(named);
	pump_until(f->io.loop, f->ups == 1);
	assert_string_equal(in_use(f), "/line");
}

// Who says what a device means is away: what is used stays so, and he is asked again.
static void test_named_by_one_who_leaves(void **state) {
	struct fixture *f = *state;
	const char *device = "/line";
	struct box *named = make_named(f, &device);
	house_check(&f->io, "op/1 link\nname /in\ndevice /usr/ann/kbd\n\n", "ok\nname /in/0\n\n");
	pump_until(f->io.loop, f->ups == 1);
	devices_leave(f);
	pump_until(f->io.loop, f->downs == 1);
	device = "/other";
	box_changed(named);
	devices_return(f);
	pump_until(f->io.loop, f->devices.waiting && strcmp(in_use(f), "/other") == 0);
}

// While nobody says what the device means, he is asked as seldom as any device is dialled.
static void test_named_by_nobody(void **state) {
	struct fixture *f = *state;
	const char *device = "/line";
	make_named(f, &device);
	house_check(&f->io, "op/1 link\nname /in\ndevice /usr/ann/kbd\n\n", "ok\nname /in/0\n\n");
	pump_until(f->io.loop, f->ups == 1);
	devices_leave(f);
	pump_until(f->io.loop, f->downs == 1);
	const int waits[] = {100, 500, 2000, 5000};
	check_waits(f->io.loop, waits, 4); // and no other
	devices_return(f);
	pump_until(f->io.loop, f->ups == 2);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		LINK_TEST(test_named),
		LINK_TEST(test_named_nothing),
		LINK_TEST(test_named_by_one_who_leaves),
		LINK_TEST(test_named_by_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
