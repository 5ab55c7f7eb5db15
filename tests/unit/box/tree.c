/* SPDX-License-Identifier: MIT */
/*
 * tree.c - promises of box/box.h: the tree, and which requests reach a box.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "box/box.h"
#include "unit/box/memory.h"

// A type that tells what reached it.
struct seen {
	char trace[400];
	struct wl_listener destroy;
};

static void see(struct box *box, struct req *req) {
	struct seen *seen = box->data;
	char line[160];
	snprintf(line, sizeof(line), "%s %s [%s];", op_verb_name(req->head->verb), box->name,
		req->rest);
	strcat(seen->trace, line);
	assert_ptr_equal(req->box, box);
	req_ok(req);
}

static void see_destroy(struct box *box) {
	struct seen *seen = box->data;
	char *name = box_name(box), line[160];
	assert_true(wl_list_empty(&box->inner));
	snprintf(line, sizeof(line), "gone %s;", name);
	strcat(seen->trace, line);
	free(name);
}

static const struct box_type seeing = {
	.name = "seeing",
	.fn = {
		[OP_GETMEM] = see,
		[OP_PUTMEM] = see,
		[OP_LINK] = see,
		[OP_MAKE] = see,
		[OP_DELETE] = see,
	},
	.takes_body = 1 << OP_PUTMEM,
	.destroy = see_destroy,
};

static const struct box_type walking = {
	.name = "walking",
	.fn = {[OP_GETMEM] = see, [OP_KIND] = see, [OP_MAKE] = see, [OP_DELETE] = see},
	.walks = true,
};

static const struct box_type walking_blindly = {
	.name = "walking",
	.fn = {[OP_GETMEM] = see},
	.walks = true,
};

static const struct box_type naming = {
	.name = "naming",
	.fn = {[OP_MAKE] = see},
	.names = true,
};

struct fixture {
	struct box_tree *tree;
	struct box *root;
	struct seen seen;
};

static int setup(void **state) {
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	fixture->tree = box_tree_create("ann");
	fixture->root = box_tree_root(fixture->tree);
	*state = fixture;
	return 0;
}

static int teardown(void **state) {
	struct fixture *fixture = *state;
	box_tree_destroy(fixture->tree);
	free(fixture);
	return 0;
}

static struct box *make(struct fixture *fixture, struct box *parent, const char *name,
		const struct box_type *type, const char *cnstr) {
	struct box *box = box_create(parent, name, type, cnstr, &fixture->seen);
	assert_non_null(box);
	return box;
}

static void check_name(const struct box *box, const char *expected) {
	char *name = box_name(box);
	assert_string_equal(name, expected);
	free(name);
}

static void allow(struct box *box, const char *line) {
	struct op_refusal refusal;
	assert_int_equal(box_set_acl(box, line, &refusal), OP_OK);
}

// Asks and says what came of it. The sentence is kept in the answer.
static enum op_code ask(struct fixture *fixture, struct memory *memory, const char *as,
		const char *lines) {
	memory_ask(memory, fixture->tree, as, lines);
	return memory_code(memory);
}

static void check(struct fixture *fixture, enum op_code code, const char *as, const char *lines) {
	struct memory memory;
	enum op_code got = ask(fixture, &memory, as, lines);
	if (got != code) {
		fail_msg("%s: %s %s, not %s", lines, op_code_name(got),
			memory.reply.refusal.sentence, op_code_name(code));
	}
	memory_finish(&memory);
}

static void check_reached(struct fixture *fixture, const char *as, const char *lines,
		const char *trace) {
	fixture->seen.trace[0] = '\0';
	check(fixture, OP_OK, as, lines);
	assert_string_equal(fixture->seen.trace, trace);
}

static void test_create(void **state) {
	struct fixture *fixture = *state;
	struct box *win = make(fixture, fixture->root, "win", &box_type_dir, NULL);
	struct box *seven = make(fixture, win, "7", &seeing, "win!*!*!app=foot");
	assert_string_equal(win->cnstr, "box");
	assert_string_equal(seven->cnstr, "win!*!*!app=foot");
	assert_string_equal(seven->owner, "ann");
	assert_ptr_equal(seven->parent, win);
	assert_ptr_equal(box_inner(win, "7"), seven);
	assert_null(box_inner(win, "8"));
	check_name(fixture->root, "/");
	check_name(win, "/win");
	check_name(seven, "/win/7");
	assert_string_equal(box_tree_owner(fixture->tree), "ann");
	assert_int_equal(strlen(box_tree_boot(fixture->tree)), 8);
	assert_int_equal(strspn(box_tree_boot(fixture->tree), "0123456789abcdef"), 8);
}

static int errno_of(struct box *parent, const char *name, const char *cnstr) {
	errno = 0;
	assert_null(box_create(parent, name, &box_type_dir, cnstr, NULL));
	return errno;
}

static void test_create_refused(void **state) {
	struct fixture *fixture = *state;
	struct box *box = make(fixture, fixture->root, "a", &box_type_dir, NULL);
	assert_int_equal(errno_of(fixture->root, "a", NULL), EEXIST);
	assert_int_equal(errno_of(fixture->root, "", NULL), EINVAL);
	assert_int_equal(errno_of(fixture->root, "..", NULL), EINVAL);
	assert_int_equal(errno_of(fixture->root, "b/c", NULL), EINVAL);
	assert_int_equal(errno_of(fixture->root, "b\n", NULL), EINVAL);
	assert_int_equal(errno_of(fixture->root, "b", "x!a=b"), EINVAL);
	for (int depth = 1; depth < OP_MAX_COMPONENTS; depth++) {
		box = make(fixture, box, "a", &box_type_dir, NULL);
	}
	assert_int_equal(errno_of(box, "a", NULL), EINVAL); // too deep
}

static void test_create_long_name(void **state) {
	struct fixture *fixture = *state;
	char name[OP_MAX_COMPONENT + 1];
	memset(name, 'x', OP_MAX_COMPONENT);
	name[OP_MAX_COMPONENT] = '\0';
	struct box *box = fixture->root;
	for (int i = 0; i < OP_MAX_NAME / (OP_MAX_COMPONENT + 1) - 1; i++) {
		box = make(fixture, box, name, &box_type_dir, NULL);
	}
	// Room for one more of that size, and no further.
	box = make(fixture, box, name, &box_type_dir, NULL);
	char *longest = box_name(box);
	assert_int_equal(strlen(longest), OP_MAX_NAME);
	free(longest);
	assert_int_equal(errno_of(box, "x", NULL), EINVAL);
}

static void test_sorted(void **state) {
	struct fixture *fixture = *state;
	static const char *const names[] = {"b", "10", "a", "9", "ab"};
	for (int i = 0; i < 5; i++) {
		make(fixture, fixture->root, names[i], &box_type_dir, NULL);
	}
	char joined[64] = "";
	struct box *inner;
	wl_list_for_each(inner, &fixture->root->inner, link) {
		strcat(strcat(joined, inner->name), " ");
	}
	assert_string_equal(joined, "10 9 a ab b ");
}

static void test_find(void **state) {
	struct fixture *fixture = *state;
	struct box *a = make(fixture, fixture->root, "a", &box_type_dir, NULL);
	struct box *b = make(fixture, a, "b", &box_type_dir, NULL);
	struct box *fs = make(fixture, fixture->root, "fs", &walking, NULL);
	const char *rest;
	assert_ptr_equal(box_find(fixture->tree, "/", &rest), fixture->root);
	assert_string_equal(rest, "");
	assert_ptr_equal(box_find(fixture->tree, "/a/b", &rest), b);
	assert_string_equal(rest, "");
	assert_ptr_equal(box_find(fixture->tree, "/a/c/d", &rest), a);
	assert_string_equal(rest, "c/d");
	assert_ptr_equal(box_find(fixture->tree, "/ab", &rest), fixture->root);
	assert_string_equal(rest, "ab");
	assert_ptr_equal(box_find(fixture->tree, "/fs", &rest), fs);
	assert_string_equal(rest, "");
	assert_ptr_equal(box_find(fixture->tree, "/fs/x/y", &rest), fs);
	assert_string_equal(rest, "x/y");
}

static void test_free_number(void **state) {
	struct fixture *fixture = *state;
	assert_int_equal(box_free_number(fixture->root), 0);
	make(fixture, fixture->root, "0", &box_type_dir, NULL);
	make(fixture, fixture->root, "2", &box_type_dir, NULL);
	assert_int_equal(box_free_number(fixture->root), 1);
	make(fixture, fixture->root, "1", &box_type_dir, NULL);
	assert_int_equal(box_free_number(fixture->root), 3);
}

static void handle_destroy(struct wl_listener *listener, void *data) {
	struct seen *seen = wl_container_of(listener, seen, destroy);
	struct box *box = data;
	strcat(strcat(seen->trace, "signal "), box->name);
	strcat(seen->trace, ";");
	wl_list_remove(&listener->link);
}

static void test_destroy(void **state) {
	struct fixture *fixture = *state;
	struct box *a = make(fixture, fixture->root, "a", &seeing, NULL);
	make(fixture, a, "b", &seeing, NULL);
	make(fixture, a, "c", &seeing, NULL);
	fixture->seen.destroy.notify = handle_destroy;
	wl_signal_add(&a->events.destroy, &fixture->seen.destroy);
	box_destroy(a);
	assert_string_equal(fixture->seen.trace, "gone /a/b;gone /a/c;signal a;gone /a;");
	assert_null(box_inner(fixture->root, "a"));
	box_destroy(NULL);
}

static void test_owner(void **state) {
	struct fixture *fixture = *state;
	struct box *a = make(fixture, fixture->root, "a", &box_type_dir, NULL);
	struct box *b = make(fixture, a, "b", &box_type_dir, NULL);
	assert_true(box_set_owner(b, "bob"));
	assert_false(box_set_owner(b, "bob/pc"));
	assert_int_equal(errno, EINVAL);
	assert_string_equal(b->owner, "bob");
	assert_string_equal(make(fixture, b, "c", &box_type_dir, NULL)->owner, "bob");
	assert_true(box_tree_set_owner(fixture->tree, "carl"));
	assert_string_equal(box_tree_owner(fixture->tree), "carl");
	assert_string_equal(fixture->root->owner, "carl");
	assert_string_equal(a->owner, "carl");
	assert_string_equal(b->owner, "bob"); // never was ann's
}

static void test_version(void **state) {
	struct fixture *fixture = *state;
	struct box *a = make(fixture, fixture->root, "a", &box_type_dir, NULL);
	struct box *b = make(fixture, fixture->root, "b", &box_type_dir, NULL);
	char first[32], second[32];
	box_version(a, first);
	assert_string_equal(box_version(a, second), first);
	assert_string_not_equal(box_version(b, second), first);
	box_changed(a);
	assert_string_not_equal(box_version(a, second), first);
	assert_memory_equal(first, box_tree_boot(fixture->tree), 8);
	// A new box of the same name never has an old one's version.
	box_version(a, first);
	box_destroy(a);
	a = make(fixture, fixture->root, "a", &box_type_dir, NULL);
	assert_string_not_equal(box_version(a, second), first);
	box_version(a, first);
	assert_true(box_set_cnstr(a, "x!amd64"));
	assert_string_not_equal(box_version(a, second), first);
	assert_false(box_set_cnstr(a, "x!a=1"));
	assert_int_equal(errno, EINVAL);
	assert_string_equal(a->cnstr, "x!amd64");
}

static void test_acl_is_inherited(void **state) {
	struct fixture *fixture = *state;
	struct box *a = make(fixture, fixture->root, "a", &box_type_dir, NULL);
	struct box *b = make(fixture, a, "b", &box_type_dir, NULL);
	struct box *c = make(fixture, b, "c", &box_type_dir, NULL);
	const struct subject bob = {"bob", "pc"};
	char letters[PERM_LETTERS_SIZE];
	assert_int_equal(box_allows(c, &bob, 'k'), PERM_NO);
	allow(a, "bob ks");
	assert_string_equal(box_letters(c, &bob, letters), "ks");
	// A list of its own, begun as a copy.
	allow(b, "* k");
	allow(b, "bob kG");
	assert_string_equal(box_letters(a, &bob, letters), "ks");
	assert_string_equal(box_letters(c, &bob, letters), "kG");
	uint64_t versions[] = {a->version, b->version, c->version};
	allow(a, "bob -");
	assert_true(a->version != versions[0]);
	assert_true(b->version == versions[1] && c->version == versions[2]); // not theirs
	assert_string_equal(box_letters(a, &bob, letters), "");
	assert_string_equal(box_letters(c, &bob, letters), "kG");
	struct op_refusal refusal;
	assert_int_equal(box_set_acl(c, "bob", &refusal), OP_EARG);
	assert_string_equal(box_letters(c, &bob, letters), "kG");
}

static void test_no_such_box(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	make(fixture, make(fixture, fixture->root, "win", &box_type_dir, NULL), "7", &seeing, NULL);
	assert_int_equal(ask(fixture, &memory, "ann/den", "getmem\nname /win/9\n"), OP_ENOENT);
	assert_string_equal(memory.reply.refusal.sentence,
		"no such box /win/9 (box ls /win shows what is there)");
	assert_true(op_has(&memory.reply, OP_F_TTL));
	memory_finish(&memory);
	check(fixture, OP_ENOENT, "ann/den", "kind\nname /win/7/x\n");
	check(fixture, OP_ENOENT, "ann/den", "link\nname /w\ndevice /win/7\n");
	check(fixture, OP_ENOENT, "ann/den", "selectors\nname /w/x/y\n");
}

// Word for word as if it did not exist.
static void test_invisible(void **state) {
	struct fixture *fixture = *state;
	struct memory hidden, missing;
	struct box *win = make(fixture, fixture->root, "win", &box_type_dir, NULL);
	make(fixture, win, "7", &seeing, NULL);
	static const char *const verbs[] = {"kind", "selectors", "getmem", "putmem", "delete",
		"chinfo"};
	for (int i = 0; i < 6; i++) {
		memory_askf(&hidden, fixture->tree, "bob/pc", "%s\nname /win/7\n", verbs[i]);
		memory_askf(&missing, fixture->tree, "bob/pc", "%s\nname /win/8\n", verbs[i]);
		assert_int_equal(memory_code(&hidden), OP_ENOENT);
		hidden.reply.refusal.sentence[17] = '8';
		assert_string_equal(hidden.reply.refusal.sentence, missing.reply.refusal.sentence);
		memory_finish(&hidden);
		memory_finish(&missing);
	}
	check(fixture, OP_ENOENT, "bob/pc", "make\nname /win/8\n");
	check(fixture, OP_ENOENT, "bob/pc", "make\nname /win/7\n");
	assert_string_equal(fixture->seen.trace, "");
}

static void test_rights(void **state) {
	struct fixture *fixture = *state;
	struct box *x = make(fixture, fixture->root, "x", &seeing, NULL);
	static const struct {
		const char *lines;
		char letter;
	} cases[] = {
		{"kind\nname /x\n", 'k'},
		{"selectors\nname /x\n", 's'},
		{"getmem\nname /x\n", 'g'},
		{"putmem\nname /x\nbody 0\n", 'p'},
		{"link\nname /x\ndevice /y\n", 'l'},
		{"make\nname /x/y\n", 'm'},
		{"delete\nname /x\n", 'd'},
		{"chinfo\nname /x\nacl eve k\n", 'i'},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char letter = cases[i].letter, line[32];
		allow(x, letter == 'k' ? "bob -" : "bob k");
		check(fixture, letter == 'k' ? OP_ENOENT : OP_EPERM, "bob/pc", cases[i].lines);
		snprintf(line, sizeof(line), "bob %s%c", letter == 'k' ? "" : "k", letter);
		allow(x, line);
		check(fixture, OP_OK, "bob/pc", cases[i].lines);
		snprintf(line, sizeof(line), "bob %s%c", letter == 'k' ? "" : "k",
			letter - 'a' + 'A');
		allow(x, line);
		check(fixture, OP_EASK, "bob/pc", cases[i].lines);
		// All but the letter.
		char all[] = "bob ksgplmdi";
		char *at = strchr(all + 4, letter);
		memmove(at, at + 1, strlen(at));
		allow(x, all);
		check(fixture, letter == 'k' ? OP_ENOENT : OP_EPERM, "bob/pc", cases[i].lines);
	}
}

static void test_refusals_name_the_way(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	allow(make(fixture, fixture->root, "x", &seeing, NULL), "bob kG");
	assert_int_equal(ask(fixture, &memory, "bob/pc", "delete\nname /x\n"), OP_EPERM);
	assert_string_equal(memory.reply.refusal.sentence, "bob may not delete /x; its owner ann "
		"can allow it (box chinfo /x acl 'bob kGd')");
	memory_finish(&memory);
	assert_int_equal(ask(fixture, &memory, "bob/pc", "getmem\nname /x\n"), OP_EASK);
	assert_non_null(strstr(memory.reply.refusal.sentence, "nobody can be asked here"));
	memory_finish(&memory);
}

static void test_unserved(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	make(fixture, fixture->root, "win", &box_type_dir, NULL);
	assert_int_equal(ask(fixture, &memory, "ann/den", "getmem\nname /win\n"), OP_EUNSUPP);
	assert_string_equal(memory.reply.refusal.sentence,
		"/win is a box of type dir and does not serve getmem, but kind, selectors, chinfo");
	memory_finish(&memory);
	check(fixture, OP_EUNSUPP, "ann/den", "delete\nname /\n");
	assert_int_equal(ask(fixture, &memory, "ann/den", "make\nname /win/1\n"), OP_EUNSUPP);
	assert_string_equal(memory.reply.refusal.sentence,
		"/win is a box of type dir and does not serve make, but kind, selectors, chinfo");
	memory_finish(&memory);
	check(fixture, OP_EUNSUPP, "ann/den", "copy\nname /win\nto /x\n");
}

static void test_make(void **state) {
	struct fixture *fixture = *state;
	struct box *chan = make(fixture, fixture->root, "chan", &seeing, NULL);
	struct box *hidden = make(fixture, chan, "c", &seeing, NULL);
	check_reached(fixture, "ann/den", "make\nname /chan/d\n", "make chan [d];");
	check(fixture, OP_EEXIST, "ann/den", "make\nname /chan/c\n");
	check(fixture, OP_EEXIST, "ann/den", "make\nname /\n");
	check(fixture, OP_ENOENT, "ann/den", "make\nname /chan/d/e\n"); // no /chan/d to make it in
	check(fixture, OP_ENOENT, "ann/den", "make\nname /x/y\n");
	allow(chan, "bob km");
	allow(hidden, "bob -");
	check_reached(fixture, "bob/pc", "make\nname /chan/d\n", "make chan [d];");
	check(fixture, OP_EEXIST, "bob/pc", "make\nname /chan/c\n"); // it cannot be kept from him
	allow(chan, "bob k");
	check(fixture, OP_EPERM, "bob/pc", "make\nname /chan/c\n");
	check(fixture, OP_EPERM, "bob/pc", "make\nname /chan/d\n");
	allow(hidden, "bob k");
	check(fixture, OP_EEXIST, "bob/pc", "make\nname /chan/c\n");
}

static void test_make_unnamed(void **state) {
	struct fixture *fixture = *state;
	struct box *proc = make(fixture, fixture->root, "proc", &naming, NULL);
	check_reached(fixture, "ann/den", "make\nname /proc\n", "make proc [];");
	check_reached(fixture, "ann/den", "make\nname /proc/p\n", "make proc [p];");
	allow(proc, "bob k");
	check(fixture, OP_EPERM, "bob/pc", "make\nname /proc\n");
	check(fixture, OP_ENOENT, "eve/x", "make\nname /proc\n");
}

static void test_walks(void **state) {
	struct fixture *fixture = *state;
	struct box *fs = make(fixture, fixture->root, "fs", &walking, "dir");
	make(fixture, fixture->root, "blind", &walking_blindly, "dir");
	check_reached(fixture, "ann/den", "getmem\nname /fs/a/b\n", "getmem fs [a/b];");
	check_reached(fixture, "ann/den", "kind\nname /fs/a\n", "kind fs [a];");
	check_reached(fixture, "ann/den", "kind\nname /fs\n", "kind fs [];");
	check_reached(fixture, "ann/den", "make\nname /fs/a/b\n", "make fs [a/b];");
	check(fixture, OP_EUNSUPP, "ann/den", "selectors\nname /fs/a\n");
	check(fixture, OP_OK, "ann/den", "selectors\nname /fs\n");
	check(fixture, OP_OK, "ann/den", "kind\nname /blind\n");
	check(fixture, OP_ENOENT, "ann/den", "kind\nname /blind/a\n");
	// What is below is not the box: its want and version are the type's to check.
	check_reached(fixture, "ann/den", "getmem\nname /fs/a\nwant file\n", "getmem fs [a];");
	check(fixture, OP_EMATCH, "ann/den", "getmem\nname /fs\nwant file\n");
	check_reached(fixture, "ann/den", "delete\nname /fs/a\nif-version 1\n", "delete fs [a];");
	check(fixture, OP_ESTALE, "ann/den", "delete\nname /fs\nif-version 1\n");
	allow(fs, "bob kg");
	check_reached(fixture, "bob/pc", "getmem\nname /fs/a\n", "getmem fs [a];");
	check(fixture, OP_EPERM, "bob/pc", "delete\nname /fs/a\n");
}

static void test_want(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	make(fixture, fixture->root, "x", &seeing, "bin!amd64!lan!gpu=v3d");
	check(fixture, OP_OK, "ann/den", "getmem\nname /x\nwant bin!amd64\n");
	check(fixture, OP_OK, "ann/den", "kind\nname /x\nwant bin!*!*!gpu=v3d\n");
	assert_int_equal(ask(fixture, &memory, "ann/den", "getmem\nname /x\nwant bin!arm64\n"),
		OP_EMATCH);
	assert_string_equal(memory.reply.refusal.sentence, 
		"/x is bin!amd64!lan!gpu=v3d, not bin!arm64");
	memory_finish(&memory);
	check(fixture, OP_EMATCH, "ann/den", "make\nname /x/y\nwant bin!arm64\n"); // of the parent
	check(fixture, OP_OK, "ann/den", "link\nname /x\ndevice /y\nwant kbd\n"); // of the device
}

static void test_if_version(void **state) {
	struct fixture *fixture = *state;
	struct memory memory;
	struct box *x = make(fixture, fixture->root, "x", &seeing, NULL);
	char version[32];
	memory_askf(&memory, fixture->tree, "ann/den", "putmem\nname /x\nbody 0\nif-version %s\n",
		box_version(x, version));
	assert_true(memory_ok(&memory));
	memory_finish(&memory);
	box_changed(x);
	memory_askf(&memory, fixture->tree, "ann/den", "putmem\nname /x\nbody 0\nif-version %s\n",
		version);
	assert_int_equal(memory_code(&memory), OP_ESTALE);
	assert_non_null(strstr(memory.reply.refusal.sentence, version));
	memory_finish(&memory);
}

static void test_body(void **state) {
	struct fixture *fixture = *state;
	make(fixture, fixture->root, "x", &seeing, NULL);
	make(fixture, fixture->root, "n", &naming, NULL);
	check(fixture, OP_OK, "ann/den", "putmem\nname /x\nbody chunks\n");
	check(fixture, OP_OK, "ann/den", "putmem\nname /x\nbody 5\n");
	check(fixture, OP_EUNSUPP, "ann/den", "make\nname /n/y\nbody frames\n");
	check(fixture, OP_OK, "ann/den", "make\nname /n/y\nbody none\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(create),
		TEST(create_refused),
		TEST(create_long_name),
		TEST(sorted),
		TEST(find),
		TEST(free_number),
		TEST(destroy),
		TEST(owner),
		TEST(version),
		TEST(acl_is_inherited),
		TEST(no_such_box),
		TEST(invisible),
		TEST(rights),
		TEST(refusals_name_the_way),
		TEST(unserved),
		TEST(make),
		TEST(make_unnamed),
		TEST(walks),
		TEST(want),
		TEST(if_version),
		TEST(body),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
