/* SPDX-License-Identifier: MIT */
#ifndef BOXES_PROC_H
#define BOXES_PROC_H

#include "base/buf.h"
#include "base/spawn.h"
#include "boxes/env.h"
#include "process.h"
#include "strings.h"

/*
 * A process box, shared by proc.c and proc_needs.c (its life), proc_facts.c, proc_io.c, proc_legacy.c
 * and proc_vm.c (its inner boxes).
 *
 * A stream has one place at a time. An output goes to its link if it has one, else to a reader of
 * its box, else to the exchange that made the process; without a place it waits in the pipe, and so
 * does the program. An input comes from its link, from whoever puts into its box, and from that
 * exchange. Its end is said by a link's device that has no more, by putting nothing at all into the
 * box (or an empty data frame), and by the exchange, but while there is a link.
 */

struct proc;

struct proc_io {
	struct proc *proc;
	enum process_io io;
	struct box *box;
	struct link *link;    // the one that serves: the newest that is up or was; NULL: none
	int links;            // with one, the stream waits for it and goes nowhere else
	struct req *user;     // a reader of an output, a writer of an input; NULL
	bool user_live;       // of a reader
	size_t user_size;     // what a writer has put
	struct wl_list guests; // of proc_share.c: who writes to an output, who reads an input
	bool over;            // the program closed it, and a link that served has all; an input's end came
	bool closed;          // the program closed it
};

struct proc {
	struct box_env *env;
	struct box *box;
	struct process *process; // NULL: not begun, or its end was said and taken
	bool begun, ended;
	struct subject by; // who made it
	bool walled; // made by somebody else than the node's owner, whoever owns its box later
	int status; // of waitpid, once ended
	struct proc_io io[3];
	struct req *run;         // the exchange that made it and lasts as long
	struct req *starter;     // another one, which is answered once it begins; NULL
	bool fresh;              // starter made it, and it goes if it does not begin
	struct proc_look *look;  // for what its program needs, before it begins; NULL
	bool run_in_over;        // that has said all of its input
	struct box *legacy;
	struct wl_list waiters;  // waiter.link: getmem of legacy
	struct link *heir;       // of legacy, up and not told yet; NULL
	int heirs;               // links of legacy
	bool told;               // that it ended, to heir
	struct wl_list puts;     // put.link, of proc_facts.c
	struct wl_event_source *grace; // between hang-up and kill, or delete and the end
	bool left;               // who made it is known here no more
	struct req *deleter;     // waits for the heir to know; NULL
	struct wl_event_source *settling; // it may be over: looked at before the loop sleeps
	// how it begins
	char *prog;              // NULL: what was carried or put into prog
	int prog_fd;             // memfd; -1
	bool words_left;         // arguments and environment come in the first frame
	uint64_t carried_left;   // bytes still to come in sub-stream 3
	struct buf args, env_text; // lines, 0 between them
	char *cwd, *tty;
	struct strings bound;    // what it is given of boxes, if it is behind walls
	struct sandbox *sandbox; // there; NULL
};

#define PROC_TEXT_MAX (2 * 1024 * 1024) // of args, of env; execve(2) takes about so much

/*
 * Whether whoever makes or has made processes may have bytes more of programs and segments in this node's
 * memory: EQUOTA. procs is /proc.
 */
enum op_code proc_check_held(const struct box *procs, const struct subject *by, uint64_t bytes,
	struct op_refusal *refusal);
/* The request's frames are the process's from now on, which begins once all it needs has come. */
void proc_run_start(struct proc *proc, struct req *req);
/* boxes io0 io1 io2 of a process box. false: no memory. */
bool proc_io_create(struct proc *proc);
/* A stream's bytes, end and room; called from process events. */
void proc_io_output(struct proc *proc, enum process_io io, const void *bytes, size_t size);
void proc_io_output_end(struct proc *proc, enum process_io io);
void proc_io_drained(struct proc *proc);
/* Whoever takes an output changed: lets it flow, or holds it. */
void proc_io_update(struct proc_io *io);
/* Bytes for the program, or for who reads io0 in its place; their end; it takes no more now. */
void proc_io_input(struct proc *proc, const void *bytes, size_t size);
void proc_io_input_end(struct proc *proc);
bool proc_io_input_full(const struct proc *proc);
/* The exchange that made it has no more input. */
void proc_io_run_over(struct proc *proc);
/* Every stream the program writes is over. */
bool proc_io_over(const struct proc *proc);

#define PROC_SEGMENTS 16
/* Box vm, of the segments that the program is given. false: no memory. */
bool proc_vm_create(struct proc *proc);
/* Bytes of all its segments. */
uint64_t proc_vm_size(const struct proc *proc);
/*
 * The program's segments as its descriptors, which stay ours, and the variable that names them to
 * it. Returns how many; -1: no memory.
 */
int proc_vm_fds(const struct proc *proc, struct spawn_fd fds[static PROC_SEGMENTS],
	struct buf *variable);

/* io boxes as devices of others. Putmem of an output, getmem of the input; they answer. */
void proc_share_putmem(struct box *box, struct req *req);
void proc_share_getmem(struct box *box, struct req *req);
void proc_share_pause(struct proc_io *io, bool paused); // who writes to an output
bool proc_share_full(const struct proc_io *io);         // who reads the input
bool proc_share_input(struct proc_io *io, const void *bytes, size_t size); // false: nobody reads
void proc_share_input_end(struct proc_io *io);
void proc_share_refuse(struct proc_io *io, enum op_code code, const char *sentence); // all of them

/* Boxes args cwd env prog signal status. false: no memory. */
bool proc_facts_create(struct proc *proc);
void proc_facts_deleted(struct proc *proc); // refuses those who put
uint64_t proc_facts_size(const struct proc *proc); // bytes of programs that are being put

/* Box legacy. false: no memory. */
bool proc_legacy_create(struct proc *proc);
void proc_legacy_ended(struct proc *proc);   // tells those who wait, and the link
void proc_legacy_tell(struct proc *proc);    // the link alone, once; what is to be told is set
void proc_legacy_deleted(struct proc *proc); // refuses those who wait

/*
 * Looks whether what the program needs is here, begins it, and answers: the exchange that made it, or
 * starter, a request that is kept until then; fresh: which made the box, so it goes with a refusal.
 */
void proc_begin(struct proc *proc, struct req *starter, bool fresh);
/* It has begun, or is about to: it is looked at, or the exchange that made it brings what it needs. */
bool proc_is_begun(const struct proc *proc);
/* looked comes from the loop, with what is missing. false: not looked, no memory. */
bool proc_needs_look(struct proc *proc, const struct process_start *start,
	void (*looked)(struct proc *proc, struct op_refusal *why));
void proc_needs_cancel(struct proc *proc);
/* The exchange that made it hears that it began, or why not; then the box is gone. */
void proc_run_begun(struct proc *proc, const struct op_refusal *why);
/* A machine is forgotten or revoked: what it left running here ends, soon. */
void proc_peer_gone(struct box_env *env, const struct subject *subject);
/* Whoever made it is gone: it hears so, and then it ends. The box may be gone behind this. */
void proc_let_go(struct proc *proc);
/* Its box goes soon, come what may; at once if there is no memory for that. */
void proc_linger(struct proc *proc);
/* Its program and its outputs may all be over now: says so to whoever waits, soon. */
void proc_settle(struct proc *proc);
/* "exit 3", "signal 9"; "" while it runs. */
const char *proc_legacy(const struct proc *proc, char out[static 32]);

#endif
