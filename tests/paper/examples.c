/* SPDX-License-Identifier: MIT */
/*
 * examples.c - the code examples of the paper, as near to its text as C and a number for each run
 * allow. The number is the paper's too: see its shell.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paper.h"

// 1: cp /this/file /any/printer
static void example_cp_file_any_printer(void) {
	command("page=%d; printf '%%%%PDF page %%d' $page > this-file && "
		"box cp this-file /any/printer && grep -q \"page $page$\" cups/spool/d*");
}

// 2: mk /b/proc/lb; cp /bin/lb /b/proc/lb/prog
static void example_mk_and_cp(void) {
	import_conventions();
	command("box mk /b/proc/lb:%d");
	command("box cp /bin/lb /b/proc/lb:%d/prog");
	check_box("Linux\n", own("/b/proc/lb:%d/io1"));
	check_box("exit 0", own("/b/proc/lb:%d/legacy"));
	must(box_delete(NULL, own("/b/proc/lb:%d")));
}

// 2: make("/b/proc/lb", nil, nil, nil); copy("/bin/lb", nil, "/b/proc/lb/prog", nil)
static void example_make_proc_and_copy_prog(void) {
	const char *lb = own("/b/proc/lb:%d"), *prog = own("/b/proc/lb:%d/prog");
	import_conventions();
	must(box_make(NULL, lb, NULL, NULL, NULL, NULL));
	check_text("made", field(lb, "state"));
	must(box_copy(NULL, "/bin/lb", NULL, prog, NULL, NULL));
	check_box("Linux\n", own("/b/proc/lb:%d/io1"));
	check_box("exit 0", own("/b/proc/lb:%d/legacy"));
	must(box_delete(NULL, lb));
}

// 2: link("/b/term/cons", nil, "/b/proc/lb/io1", nil). A channel is the terminal here.
static void example_link_cons_io1(void) {
	const char *lb = own("/b/proc/lb:%d"), *io0 = own("/b/proc/lb:%d/io0");
	const char *io1 = own("/b/proc/lb:%d/io1");
	const char *cons = own("/b/term/cons:%d"), *other = own("/b/term/other:%d");
	import_conventions();
	must(box_import(NULL, "/b/term", "here", "/chan", NULL, NULL));
	must(box_make(NULL, cons, NULL, NULL, NULL, NULL));
	must(box_make(NULL, other, NULL, NULL, NULL, NULL));
	must(box_make(NULL, lb, NULL, NULL, NULL, NULL));
	must(box_copy(NULL, "/bin/cat", NULL, own("/b/proc/lb:%d/prog"), NULL, NULL));
	must(box_link(NULL, cons, NULL, io1, NULL, NULL, NULL));
	put(io0, "first");
	check_box("first", cons);
	// "The next time the process copies something to io1 data will be sent to the linked box".
	char *link;
	must(box_link(NULL, other, NULL, io1, NULL, NULL, &link));
	wait_field(link, "state", "up");
	put(io0, "second");
	check_box("second", other);
	must(box_delete(NULL, lb));
	must(box_delete(NULL, cons));
	must(box_delete(NULL, other));
}

// 2: "The equivalent of a traditional write would be a copy from a memory segment box".
static void example_memory_as_source(void) {
	const char *box = own("/fs/desk/written%d");
	char memory[] = "from my memory";
	void *back;
	size_t size;
	must(box_put(NULL, box, NULL, memory, sizeof(memory)));
	must(box_get(NULL, box, NULL, &back, &size));
	check(size == sizeof(memory) && memcmp(memory, back, size) == 0);
}

// 3: import /a/prefix networkaddress /a/box/name constraint spec
static void example_import_command(void) {
	command("box import /a/prefix ibiza /proc 'proc!*!*!node=ibiza' above >&2");
	char *type;
	must(box_kind(NULL, "/a/prefix", NULL, &type));
	check(strstr(type, "node=ibiza"));
	// "(the ones above are found before than the ones below)"
	command("box import /a/prefix here /proc proc a >&2");
	must(box_kind(NULL, "/a/prefix", NULL, &type));
	check(strstr(type, "node=den"));
}

// 3: import /b/proc any /proc proc!p98 b
static void example_import_any_proc(void) {
	const char *lb = own("/cpu/lb:%d"), *there = own("/n/ibiza/proc/lb:%d");
	must(box_import(NULL, "/cpu", "any", "/proc", "proc!*!*!node=ibiza", "b"));
	must(box_make(NULL, lb, NULL, NULL, NULL, NULL));
	check(exists(there) && !exists(own("/proc/lb:%d")));
	must(box_delete(NULL, lb));
	check(!exists(there));
	must(box_import(NULL, "/vax", "any", "/proc", "proc!vax", "b"));
	must_refuse(BOX_EMATCH, box_make(NULL, own("/vax/lb:%d"), NULL, NULL, NULL, NULL));
	check(strstr(box_sentence(NULL), "den proc!") && strstr(box_sentence(NULL), "ibiza proc!"));
}

/*
 * 9: "A make can be performed on a process' vm box to create a new segment on it. A copy can then
 * copy data to/from the process address space […] a new value copied to a memory segment box would be
 * noticed as soon as the process would read the variable". The process is this program, see main.
 */
static void example_segment_of_another(void) {
	const char *p = own("/proc/p:%d"), *x = own("/proc/p:%d/vm/x"), *io0 = own("/proc/p:%d/io0");
	const char *io1 = own("/proc/p:%d/io1");
	must(box_make(NULL, p, NULL, NULL, NULL, NULL));
	must(box_make(NULL, x, NULL, NULL, NULL, NULL));
	must(box_put(NULL, x, NULL, "first ", 6));
	put_program(own("/proc/p:%d/prog"), "segment x");
	put(io0, "say\n");
	check_box("first ", io1);
	put(own("/fs/desk/value%d"), "second");
	must(box_copy(NULL, own("/fs/desk/value%d"), NULL, x, NULL, NULL));
	put(io0, "say\n");
	check_box("second", io1);
	put(io0, "write\n");
	check_box("written", io1);
	must(box_copy(NULL, x, NULL, own("/fs/desk/back%d"), NULL, NULL));
	check_box("s-cond", own("/fs/desk/back%d"));
	must(box_delete(NULL, p));
}

/*
 * 9: "Conventionally, the shell links its I/O devices to those preferred by the user […] link a new
 * set of I/O devices". A channel is the console here.
 */
static void example_usr_devices(void) {
	const char *p = own("/proc/p:%d"), *one = own("/chan/one:%d"), *other = own("/chan/other:%d");
	char *choice, *io;
	must(box_make(NULL, one, NULL, NULL, NULL, NULL));
	must(box_make(NULL, other, NULL, NULL, NULL, NULL));
	must(box_link(NULL, one, NULL, "/usr/ann/cons", NULL, NULL, &choice));
	must(box_make(NULL, p, NULL, NULL, NULL, NULL));
	must(box_link(NULL, "/usr/ann/cons", NULL, own("/proc/p:%d/io1"), NULL, NULL, &io));
	must(box_copy(NULL, "/fs/desk/bin/cat", NULL, own("/proc/p:%d/prog"), NULL, NULL));
	put(own("/proc/p:%d/io0"), "here");
	check_box("here", one);
	const char *before = field(io, "version");
	must(box_link(NULL, other, NULL, "/usr/ann/cons", NULL, NULL, &choice));
	wait_other(io, "version", before); // the other device is up
	wait_field(io, "state", "up");
	put(own("/proc/p:%d/io0"), "there");
	check_box("there", other);
	must(box_delete(NULL, p));
	must(box_delete(NULL, choice));
	check(!field("/usr/ann/cons", "device"));
}

// Two boxes are called /bin/lb: the first is of another kind than this node's processor, as other
// says, the second is a program for it.
static void import_two_programs(const char *other) {
	char *proc, arch[32], *type, *wrong;
	void *program;
	size_t size;
	must(box_kind(NULL, "/proc", NULL, &proc));
	check(sscanf(proc, "proc!%31[^!]", arch) == 1 && asprintf(&type, "type bin!%s", arch) > 0 &&
		asprintf(&wrong, other, arch) > 0);
	must(box_make(NULL, own("/chan/other%d"), NULL, NULL, NULL, (const char *[]){wrong, NULL}));
	must(box_make(NULL, own("/chan/lb%d"), NULL, NULL, NULL, (const char *[]){type, NULL}));
	put(own("/chan/other%d"), "no program");
	must(box_get(NULL, "/fs/desk/bin/lb", NULL, &program, &size));
	must(box_put(NULL, own("/chan/lb%d"), NULL, program, size));
	must(box_import(NULL, "/bin/lb", "here", own("/chan/other%d"), NULL, "only"));
	must(box_import(NULL, "/bin/lb", "here", own("/chan/lb%d"), NULL, "below"));
}

static void make_by_spec(const char *spec) {
	const char *lb = own("/b/proc/lb:%d");
	must(box_make(NULL, lb, NULL, "/bin/lb", spec, NULL));
	must(box_copy(NULL, "/bin/lb", NULL, own("/b/proc/lb:%d/prog"), NULL, spec));
	check_box("Linux\n", own("/b/proc/lb:%d/io1"));
	check_box("exit 0", own("/b/proc/lb:%d/legacy"));
	must(box_delete(NULL, lb));
	// "The constraints of the boxes involved are checked for matching".
	must(box_import(NULL, "/bin/lb", "here", own("/chan/other%d"), NULL, "only"));
	must_refuse(BOX_EMATCH, box_make(NULL, lb, NULL, "/bin/lb", spec, NULL));
	check(strstr(box_sentence(NULL), "bin!") && !exists(lb));
}

static void delete_two_programs(void) {
	must(box_delete(NULL, own("/chan/other%d")));
	must(box_delete(NULL, own("/chan/lb%d")));
}

// 2.1: make("/b/proc/lb", nil, "/bin/lb", "%", nil)
static void example_make_percent(void) {
	must(box_import(NULL, "/b/proc", "any", "/proc", NULL, "only"));
	import_two_programs("type bin!vax");
	make_by_spec("%");
	delete_two_programs();
}

// 2.1: "The shell could go further and use %!% as a constraint specifier, to request also that both
// boxes should reside on machines attached to the same network". The processor is ibiza's, for that
// network is measured; whatever it is found to be, it is no serial link.
static void example_make_percent_network(void) {
	must(box_import(NULL, "/b/proc", "ibiza", "/proc", NULL, "only"));
	import_two_programs("type bin!%s!serial");
	make_by_spec("%!%");
	delete_two_programs();
}

// 9: "If the box linked is a channel, the shell blocks until something is copied into the channel."
static void example_legacy_channel(void) {
	const char *chan = own("/chan/legacy%d"), *lb = own("/b/proc/lb:%d");
	import_conventions();
	must(box_make(NULL, chan, NULL, NULL, NULL, NULL));
	must(box_make(NULL, lb, NULL, NULL, NULL, NULL));
	must(box_link(NULL, chan, NULL, own("/b/proc/lb:%d/legacy"), NULL, NULL, NULL));
	must(box_copy(NULL, "/bin/cat", NULL, own("/b/proc/lb:%d/prog"), NULL, NULL));
	struct box_space *hasty = box_open(NULL, NULL);
	box_patience(hasty, 200);
	check(box_get(hasty, chan, NULL, NULL, NULL) == BOX_ELOST); // it runs
	box_close(hasty);
	put(own("/b/proc/lb:%d/io0"), "");
	check_box("exit 0", chan);
	must(box_delete(NULL, lb));
	// "The child process can be destroyed entirely before the parent asks for it": and elsewhere.
	const char *far = own("/n/ibiza/proc/lb:%d");
	must(box_make(NULL, far, NULL, NULL, NULL, NULL));
	must(box_link(NULL, own("/n/den/chan/legacy%d"), NULL, own("/n/ibiza/proc/lb:%d/legacy"), NULL, NULL,
		NULL));
	must(box_copy(NULL, "/bin/cat", NULL, own("/n/ibiza/proc/lb:%d/prog"), NULL, NULL));
	wait_field(own("/n/ibiza/proc/lb:%d/legacy/0"), "state", "up");
	must(box_delete(NULL, far));
	check_box("signal 9", chan);
	must(box_delete(NULL, chan));
}

/*
 * 9: "this is the code used by the shell to arrange for a process to use the standard io boxes used
 * by the shell". A process has its io boxes from the start here, so to make them again is EEXIST. The
 * shell is called me:PID and is on den, its child on ibiza.
 */
static void example_shell_io_links(void) {
	const char *me = own("/proc/me:%d"), *keys = own("/chan/keys%d"), *cons = own("/chan/cons%d");
	char proc[64], pio0[80], pio1[80];
	must(box_import(NULL, "/b/proc", "ibiza", "/proc", NULL, "only"));
	must(box_import(NULL, own("/b/proc/me:%d"), "here", me, NULL, "only"));
	must(box_make(NULL, keys, NULL, NULL, NULL, NULL));
	must(box_make(NULL, cons, NULL, NULL, NULL, NULL));
	must(box_make(NULL, me, NULL, NULL, NULL, (const char *[]){"prog sleep", "arg sleep", "arg 1000",
		NULL}));
	must(box_link(NULL, keys, NULL, own("/proc/me:%d/io0"), NULL, NULL, NULL));
	must(box_link(NULL, cons, NULL, own("/proc/me:%d/io1"), NULL, NULL, NULL));

	snprintf(proc, sizeof(proc), "%s", own("/b/proc/cat:%d"));
	snprintf(pio0, sizeof(pio0), "%s/io0", proc);
	snprintf(pio1, sizeof(pio1), "%s/io1", proc);
	must(box_make(NULL, proc, NULL, NULL, NULL, NULL));
	must_refuse(BOX_EEXIST, box_make(NULL, pio0, NULL, NULL, NULL, NULL));
	char *link0, *link1;
	must(box_copy(NULL, "/fs/desk/bin/cat", NULL, own("/b/proc/cat:%d/prog"), NULL, NULL));
	must(box_link(NULL, own("/b/proc/me:%d/io0"), NULL, pio0, NULL, NULL, &link0));
	must_refuse(BOX_EEXIST, box_make(NULL, pio1, NULL, NULL, NULL, NULL));
	must(box_link(NULL, own("/b/proc/me:%d/io1"), NULL, pio1, NULL, NULL, &link1));

	wait_field(link0, "state", "up");
	wait_field(link1, "state", "up");
	put(keys, "typed");
	check_box("typed", cons);
	// The shell's own boxes stay where they are, and both go where they are linked to.
	must(box_put(NULL, own("/proc/me:%d/io1"), NULL, "prompt", 6));
	check_box("prompt", cons);
	must(box_delete(NULL, proc));
	must(box_delete(NULL, me));
	must(box_delete(NULL, keys));
	must(box_delete(NULL, cons));
}

const struct test example_tests[] = {
	{"example_cp_file_any_printer", example_cp_file_any_printer},
	{"example_mk_and_cp", example_mk_and_cp},
	{"example_make_proc_and_copy_prog", example_make_proc_and_copy_prog},
	{"example_link_cons_io1", example_link_cons_io1},
	{"example_legacy_channel", example_legacy_channel},
	{"example_make_percent", example_make_percent},
	{"example_make_percent_network", example_make_percent_network},
	{"example_memory_as_source", example_memory_as_source},
	{"example_import_command", example_import_command},
	{"example_import_any_proc", example_import_any_proc},
	{"example_segment_of_another", example_segment_of_another},
	{"example_usr_devices", example_usr_devices},
	{"example_shell_io_links", example_shell_io_links},
	{NULL, NULL},
};
