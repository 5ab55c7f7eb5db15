/* SPDX-License-Identifier: MIT */
/*
 * calls.c - the 14 calls of the paper's Table 1, each seen by what it leaves behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paper.h"

static void call_cast(void) {
	const char *plain = own("/chan/plain%d"), *loud = own("/chan/loud%d");
	must(box_make(NULL, plain, NULL, NULL, NULL, (const char *[]){"type text", NULL}));
	must(box_make(NULL, loud, NULL, NULL, NULL, (const char *[]){"type loud", NULL}));
	put(plain, "quiet");
	must_refuse(BOX_ETYPE, box_copy(NULL, plain, NULL, loud, NULL, NULL));
	must(box_cast(NULL, "text", "loud", (const char *[]){"tr", "a-z", "A-Z", NULL}));
	must(box_copy(NULL, plain, NULL, loud, NULL, NULL));
	check_box("QUIET", loud);
	must_refuse(BOX_EEXIST, box_cast(NULL, "text", "loud", NULL));
	// The null converter: what is loud may be used as text.
	must_refuse(BOX_ETYPE, box_copy(NULL, loud, NULL, plain, NULL, NULL));
	must(box_cast(NULL, "loud", "text", NULL));
	put(loud, "AS IT IS");
	must(box_copy(NULL, loud, NULL, plain, NULL, NULL));
	check_box("AS IT IS", plain);
	must(box_delete(NULL, plain));
	must(box_delete(NULL, loud));
}

static void call_uncast(void) {
	const char *plain = own("/chan/plain%d"), *loud = own("/chan/loud%d");
	must(box_make(NULL, plain, NULL, NULL, NULL, (const char *[]){"type text", NULL}));
	must(box_make(NULL, loud, NULL, NULL, NULL, (const char *[]){"type loud", NULL}));
	must(box_cast(NULL, "text", "loud", NULL));
	put(plain, "as it is");
	must(box_copy(NULL, plain, NULL, loud, NULL, NULL));
	check_box("as it is", loud);
	must(box_uncast(NULL, "text", "loud"));
	put(plain, "as it is");
	must_refuse(BOX_ETYPE, box_copy(NULL, plain, NULL, loud, NULL, NULL));
	must_refuse(BOX_ENOENT, box_uncast(NULL, "text", "loud"));
	must(box_delete(NULL, plain));
	must(box_delete(NULL, loud));
}

static void call_change(void) {
	const char *folder = own("/fs/desk/there%d"), *letter = own("/fs/desk/there%d/letter");
	char *dot;
	must(box_make(NULL, folder, NULL, NULL, NULL, (const char *[]){"type dir", NULL}));
	must(box_change(NULL, folder));
	must(box_dot(NULL, &dot));
	check_text(folder, dot);
	put("letter", "Dear Ann");
	check_box("Dear Ann", letter);
	must_refuse(BOX_ENOENT, box_change(NULL, "nowhere"));
	check_box("Dear Ann", "./letter");
}

static void call_dot(void) {
	char *dot;
	must(box_dot(NULL, &dot));
	check_text("/", dot);
	must(box_change(NULL, "/n/ibiza/fs"));
	must(box_dot(NULL, &dot));
	check_text("/n/ibiza/fs", dot);
}

static void call_chinfo(void) {
	const char *chan = own("/chan/mine%d");
	must(box_make(NULL, chan, NULL, NULL, NULL, (const char *[]){"type text", NULL}));
	must(box_chinfo(NULL, chan, (const char *[]){"acl bob kg", "type text!*!*!lang=es", NULL}));
	char *info, *line;
	must(box_info(NULL, chan, NULL, &info));
	bool found = false;
	for (unsigned int i = 0; (line = box_field(info, "acl", i)); i++) {
		found = found || strcmp(line, "bob gk") == 0 || strcmp(line, "bob kg") == 0;
	}
	check(found);
	check_text("text!*!*!lang=es", box_field(info, "type", 0));
	must_refuse(BOX_EARG, box_chinfo(NULL, chan, (const char *[]){"size 5", NULL}));
	must(box_delete(NULL, chan));
}

static void call_copy(void) {
	const char *letter = own("/fs/desk/letter%d"), *far = own("/n/ibiza/fs/desk/letter%d");
	const char *chan = own("/chan/in%d"), *other = own("/chan/other%d");
	put(letter, "Dear Ann");
	must(box_copy(NULL, letter, NULL, far, NULL, NULL));
	check_box("Dear Ann", far);
	// The constraint of the source.
	put(letter, "Dear Bob");
	must_refuse(BOX_EMATCH, box_copy(NULL, letter, "image", far, NULL, NULL));
	check_box("Dear Ann", far);
	// And of the target: what is found first will not do.
	must(box_make(NULL, other, NULL, NULL, NULL, (const char *[]){"type parcels", NULL}));
	must(box_make(NULL, chan, NULL, NULL, NULL, (const char *[]){"type letters", NULL}));
	must(box_import(NULL, "/in", "here", other, NULL, NULL));
	must(box_import(NULL, "/in", "here", chan, NULL, "below"));
	must(box_copy(NULL, letter, NULL, "/in", "letters", NULL));
	check_box("Dear Bob", chan);
	must_refuse(BOX_EMATCH, box_copy(NULL, letter, NULL, "/in", "image", NULL));
	check(strstr(box_sentence(NULL), "/in") && !strstr(box_sentence(NULL), "narrow"));
	must_refuse(BOX_ENOENT, box_copy(NULL, "/fs/desk/nowhere", NULL, far, NULL, NULL));
	must(box_delete(NULL, chan));
	must(box_delete(NULL, other));
}

static void call_delete(void) {
	const char *chan = own("/chan/short%d");
	must(box_make(NULL, chan, NULL, NULL, NULL, NULL));
	check(exists(chan));
	must(box_delete(NULL, chan));
	check(!exists(chan));
	must_refuse(BOX_ENOENT, box_delete(NULL, chan));
}

static void call_import(void) {
	const char *letter = own("/fs/desk/where%d"), *far = own("/n/ibiza/fs/desk/where%d");
	const char *name = own("/f/where%d");
	put(letter, "den");
	put(far, "ibiza");
	must_refuse(BOX_ENOENT, box_get(NULL, name, NULL, NULL, NULL));
	must(box_import(NULL, "/f", "here", "/fs/desk", NULL, NULL));
	must(box_import(NULL, "/f", "ibiza", "/fs/desk", NULL, "below"));
	check_box("den", name);
	must(box_import(NULL, "/f", "ibiza", "/fs/desk", NULL, "above"));
	check_box("ibiza", name);
	must(box_import(NULL, "/f", "here", "/fs/desk", NULL, "only"));
	check_box("den", name);
	must_refuse(BOX_EARG, box_import(NULL, "/f", "here", "/fs", NULL, "beside"));
}

static void call_forget(void) {
	const char *letter = own("/fs/desk/gone%d"), *name = own("/f/gone%d");
	put(letter, "here");
	must(box_import(NULL, "/f", "here", "/null", NULL, NULL));
	must(box_import(NULL, "/f", "here", "/fs/desk", NULL, NULL));
	check_box("here", name);
	must(box_forget(NULL, "/f"));
	must_refuse(BOX_ENOENT, box_get(NULL, name, NULL, NULL, NULL));
	must_refuse(BOX_ENOENT, box_forget(NULL, "/f"));
}

static void call_kind(void) {
	char *type;
	must(box_kind(NULL, "/proc", NULL, &type));
	check(strncmp(type, "proc!", 5) == 0 && strstr(type, "node=den"));
	must(box_kind(NULL, "/proc", "proc!*!*!node=den", NULL));
	must_refuse(BOX_EMATCH, box_kind(NULL, "/proc", "proc!*!*!node=mars", &type));
	check(!type);
	must_refuse(BOX_ENOENT, box_kind(NULL, "/nowhere", NULL, NULL));
}

static void call_info(void) {
	const char *letter = own("/fs/desk/told%d");
	char *info, *later;
	put(letter, "five!");
	must(box_info(NULL, letter, NULL, &info));
	check_text("5", box_field(info, "size", 0));
	check_text("ann", box_field(info, "owner", 0));
	check(strchr(box_field(info, "letters", 0), 'p'));
	check(box_field(info, "letters", 1) == NULL && box_field(info, "nothing", 0) == NULL);
	put(letter, "seven!!");
	must(box_info(NULL, letter, NULL, &later));
	check_text("7", box_field(later, "size", 0));
	check(strcmp(box_field(info, "version", 0), box_field(later, "version", 0)) != 0);
}

static void call_link(void) {
	const char *chan = own("/chan/out%d"), *io1 = own("/proc/cat%d/io1");
	const char *io0 = own("/proc/cat%d/io0"), *process = own("/proc/cat%d");
	char *link;
	must(box_make(NULL, chan, NULL, NULL, NULL, NULL));
	must(box_make(NULL, process, NULL, NULL, NULL, (const char *[]){"prog cat", NULL}));
	must(box_link(NULL, chan, NULL, io1, NULL, NULL, &link));
	put(io0, "through");
	check_box("through", chan);
	check_text(chan, field(link, "device"));
	check_text("up", field(link, "state"));
	must(box_delete(NULL, link));
	check(!exists(link));
	must_refuse(BOX_ENOENT, box_link(NULL, chan, NULL, "/proc/nobody/io1", NULL, NULL, NULL));
	// The constraint of the io box.
	must_refuse(BOX_EMATCH, box_link(NULL, chan, NULL, process, "printer", NULL, NULL));
	must(box_delete(NULL, process));
	must(box_delete(NULL, chan));
}

static void call_make(void) {
	const char *chan = own("/chan/new%d"), *folder = own("/fs/desk/new%d");
	check(!exists(chan));
	must(box_make(NULL, chan, NULL, NULL, NULL, NULL));
	check(exists(chan));
	must_refuse(BOX_EEXIST, box_make(NULL, chan, NULL, NULL, NULL, NULL));
	must(box_make(NULL, folder, NULL, NULL, NULL, (const char *[]){"type dir", NULL}));
	check(strncmp(field(folder, "type"), "dir", 3) == 0);
	must_refuse(BOX_EARG, box_make(NULL, chan, NULL, NULL, NULL, (const char *[]){"tpye x", NULL}));
	must(box_delete(NULL, chan));
}

static bool has(const struct box_inner *inner, const char *name) {
	while (inner->name && strcmp(inner->name, name) != 0) {
		inner++;
	}
	return inner->name;
}

static void call_selectors(void) {
	const char *folder = own("/fs/desk/list%d");
	struct box_inner *inner;
	size_t count;
	must(box_make(NULL, folder, NULL, NULL, NULL, (const char *[]){"type dir", NULL}));
	must(box_change(NULL, folder));
	must(box_make(NULL, "sub", NULL, NULL, NULL, (const char *[]){"type dir", NULL}));
	put("a", "1");
	put("sub/b", "22");
	must(box_selectors(NULL, ".", NULL, 1, &inner, &count));
	check(count == 2 && has(inner, "a") && has(inner, "sub") && !inner[2].name);
	check_text("1", box_field(inner[0].info, "size", 0));
	must(box_selectors(NULL, ".", "dir", 1, &inner, &count));
	check(count == 1 && has(inner, "sub"));
	must(box_selectors(NULL, "/mount", NULL, 0, &inner, &count));
	check(count == 0 && !inner[0].name);
	must(box_selectors(NULL, "/ns", NULL, 2, &inner, &count));
	check(has(inner, "default") && has(inner, "default/dot"));
	must_refuse(BOX_ENOENT, box_selectors(NULL, "nowhere", NULL, 1, &inner, &count));
	check(!inner && count == 0);
}

const struct test call_tests[] = {
	{"call_cast", call_cast},
	{"call_change", call_change},
	{"call_chinfo", call_chinfo},
	{"call_copy", call_copy},
	{"call_delete", call_delete},
	{"call_dot", call_dot},
	{"call_forget", call_forget},
	{"call_import", call_import},
	{"call_info", call_info},
	{"call_kind", call_kind},
	{"call_link", call_link},
	{"call_make", call_make},
	{"call_selectors", call_selectors},
	{"call_uncast", call_uncast},
	{NULL, NULL},
};
