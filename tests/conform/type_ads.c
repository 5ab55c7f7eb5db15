/* SPDX-License-Identifier: MIT */
/* type_ads.c - /ads: each sees what he may, once it is there, and hears when it comes and goes. */
#include "conform.h"

#include <stdio.h>
#include <string.h>

#include "ads/follow.h"
#include "boxes/ads.h"

static bool has_ad(const struct asked *asked, const char *name) {
	char line[128];
	snprintf(line, sizeof(line), "name %s\n", name);
	return memmem(asked->body.data + asked->body.at, asked->body.size, line, strlen(line));
}

static void allow_list(struct world *world) {
	expect(world, OWNER, OP_OK, "chinfo", "/ads", "acl bob ks\n");
}

static void test_owner_sees_what_there_is_to_use(void **state) {
	struct asked asked;
	ask(&asked, *state, OWNER, "selectors", "/ads", "");
	expect_code(&asked, OP_OK);
	assert_true(has_ad(&asked, "/proc") && has_ad(&asked, "/chan"));
	assert_true(has_ad(&asked, "/fs") && has_ad(&asked, "/fs/store"));
	assert_false(has_ad(&asked, "/ads") || has_ad(&asked, "/peer") || has_ad(&asked, "/n"));
	asked_finish(&asked);
}

static void test_others_see_what_they_have_k_for(void **state) {
	struct asked asked;
	allow_list(*state);
	ask(&asked, *state, STRANGER, "selectors", "/ads", "");
	expect_body(&asked, "");
	asked_finish(&asked);
	expect(*state, OWNER, OP_OK, "chinfo", "/fs/store", "acl bob kg\n");
	ask(&asked, *state, STRANGER, "selectors", "/ads", "");
	expect_body(&asked, "name /fs/store\ntype dir\nletters kg\n\n");
	asked_finish(&asked);
}

// Asks with the version of what there is now: it waits.
static void wait_for_other(struct asked *asked, struct world *world, const char *who) {
	char lines[64];
	ask(asked, world, who, "selectors", "/ads", "");
	expect_code(asked, OP_OK);
	snprintf(lines, sizeof(lines), "since %s\n", op_get(&asked->reply, OP_F_VERSION));
	asked_finish(asked);
	ask(asked, world, who, "selectors", "/ads", lines);
	world_settle(world);
	assert_false(asked_over(asked));
}

static void test_waits_for_a_box(void **state) {
	struct world *world = *state;
	struct asked asked;
	wait_for_other(&asked, world, OWNER);
	struct box *made = box_create(box_tree_root(world->tree), "scanner", &box_type_dir, "scanner",
		NULL);
	until(world, asked_over(&asked));
	assert_true(has_ad(&asked, "/scanner"));
	asked_finish(&asked);
	wait_for_other(&asked, world, OWNER);
	box_destroy(made);
	until(world, asked_over(&asked));
	assert_false(has_ad(&asked, "/scanner"));
	asked_finish(&asked);
}

static void test_waits_for_a_right(void **state) {
	struct world *world = *state;
	struct asked asked;
	allow_list(world);
	wait_for_other(&asked, world, STRANGER);
	expect(world, OWNER, OP_OK, "chinfo", "/fs/store", "acl bob kg\n");
	until(world, asked_over(&asked));
	assert_true(has_ad(&asked, "/fs/store"));
	asked_finish(&asked);
	wait_for_other(&asked, world, STRANGER);
	expect(world, OWNER, OP_OK, "chinfo", "/ads", "acl bob k\n");
	until(world, asked_over(&asked));
	expect_code(&asked, OP_ENOENT);
	asked_finish(&asked);
}

// What is no ad, and what is not seen, answers nobody.
static void test_is_not_woken_for_nothing(void **state) {
	struct world *world = *state;
	struct asked asked;
	allow_list(world);
	wait_for_other(&asked, world, STRANGER);
	struct box *made = box_create(box_tree_root(world->tree), "scanner", &box_type_dir, "scanner",
		NULL);
	struct asked *process = world_keep(world);
	ask(process, world, OWNER, "make", "/proc/new", "prog cat\nbody frames\n");
	until(world, world_has(world, "/proc/new"));
	struct asked other; // asked later, and answered: so the first could have been
	wait_for_other(&other, world, OWNER);
	box_changed(made);
	box_destroy(made);
	until(world, asked_over(&other));
	assert_false(asked_over(&asked));
	asked_finish(&other);
	asked_finish(&asked);
}

static const char peer_list[] =
	"name /fs/store\ntype dir\nletters kg\n\n"
	"name /proc\ntype proc!arm64\nletters ksm\n\n";

static void test_what_was_learnt(void **state) {
	struct world *world = *state;
	static struct peer peer = {.petname = "loft", .subject = {"ann", "loft"}};
	struct follow follow;
	struct asked asked;
	memset(peer.key, 'b', KEYS_FINGERPRINT);
	follow_init(&follow, world->loop, "a");
	world->env.follow = &follow;
	struct ads_node *node = ads_node_create(&follow.table, peer.key, &peer);
	wait_for_other(&asked, world, OWNER);
	assert_int_equal(ads_node_learn(node, peer_list, strlen(peer_list), NULL), OP_OK);
	ads_box_changed(&world->env);
	until(world, asked_over(&asked));
	assert_true(has_ad(&asked, "/n/loft/proc") && has_ad(&asked, "/n/loft/fs/store"));
	asked_finish(&asked);
	allow_list(world);
	ask(&asked, world, STRANGER, "selectors", "/ads", "");
	expect_body(&asked, "");
	asked_finish(&asked);
	ask(&asked, world, "ann/ibiza", "selectors", "/ads", "want proc!arm64\n");
	expect_body(&asked, ""); // it is no directory
	asked_finish(&asked);
	world->config.directory = true;
	ask(&asked, world, "ann/ibiza", "selectors", "/ads", "want proc!arm64\n");
	expect_code(&asked, OP_OK);
	char name[80];
	snprintf(name, sizeof(name), "/n/%s/proc", peer.key);
	assert_true(has_ad(&asked, name) && !has_ad(&asked, "/n/loft/proc"));
	asked_finish(&asked);
	world->env.follow = NULL;
	follow_finish(&follow);
}

// One node with as many ads as there may be leaves room for what another has.
static void test_many_ads_of_one(void **state) {
	struct world *world = *state;
	static struct peer many = {.petname = "attic", .subject = {"bob", "attic"}};
	static struct peer few = {.petname = "loft", .subject = {"ann", "loft"}};
	struct follow follow;
	struct asked asked;
	struct buf list;
	buf_init(&list);
	for (int i = 0; i < ADS_MAX; i++) {
		assert_true(buf_printf(&list, "name /fs/%d\ntype dir\n\n", i));
	}
	memset(many.key, 'a', KEYS_FINGERPRINT);
	memset(few.key, 'b', KEYS_FINGERPRINT);
	follow_init(&follow, world->loop, "a");
	world->env.follow = &follow;
	struct ads_node *first = ads_node_create(&follow.table, many.key, &many);
	struct ads_node *second = ads_node_create(&follow.table, few.key, &few);
	assert_int_equal(ads_node_learn(first, buf_front(&list), list.size, NULL), OP_OK);
	assert_int_equal(ads_node_learn(second, peer_list, strlen(peer_list), NULL), OP_OK);
	ask(&asked, world, OWNER, "selectors", "/ads", "");
	expect_code(&asked, OP_OK);
	assert_true(has_ad(&asked, "/n/loft/proc") && has_ad(&asked, "/n/loft/fs/store"));
	assert_true(has_ad(&asked, "/n/attic/fs/0") && has_ad(&asked, "/proc"));
	asked_finish(&asked);
	buf_finish(&list);
	world->env.follow = NULL;
	follow_finish(&follow);
}

static const char *const roots[] = {"/ads", NULL};
static const struct CMUnitTest tests[] = {
	TEST(test_owner_sees_what_there_is_to_use),
	TEST(test_others_see_what_they_have_k_for),
	TEST(test_waits_for_a_box),
	TEST(test_waits_for_a_right),
	TEST(test_many_ads_of_one),
	TEST(test_is_not_woken_for_nothing),
	TEST(test_what_was_learnt),
};
const struct conform conform_ads = {.roots = roots, TESTS(tests)};
