/* SPDX-License-Identifier: MIT */
#ifndef LIBBOX_H
#define LIBBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * libbox - boxes by name, from C: the calls of "Plan B: Boxes for network resources", Table 1. Every
 * call is one or a few self-contained requests to this node's boxd and waits for the answer; nothing
 * stays open between two calls. box(3) has examples.
 *
 * Names begin with "/", else they are below the current box. Constraints (cnstr) are "type!arch!net"
 * with attributes, NULL for none; a spec says in what two boxes must agree ("%", "%!%", "%gpu"),
 * NULL in nothing; see box-constraints(7). What a call gives in a pointer is malloc'd, to be freed by
 * free(3), and NULL unless the call returned BOX_OK. Such a pointer may itself be NULL where the
 * program does not care.
 */

#ifdef __cplusplus
extern "C" {
#endif

/* As in op(7). The numbers stay: new ones come at the end. */
enum box_code {
	BOX_OK,
	BOX_EARG,    // malformed: the sentence says what
	BOX_E2BIG,   // over a limit
	BOX_ENOENT,  // no such box
	BOX_EEXIST,  // there is such a box already
	BOX_EPERM,   // not permitted
	BOX_EASK,    // somebody had to be asked, and did not answer
	BOX_EMATCH,  // no box fits the constraint, or the spec
	BOX_ETYPE,   // types differ and no converter is known
	BOX_EUNSUPP, // that box does not do that
	BOX_EQUOTA,  // too much is open or held for this caller
	BOX_ELOST,   // outcome unknown
	BOX_EUNREACH, // boxd, or the node, does not answer
	BOX_EUDP,    // UDP is blocked on the way
	BOX_EBUSY,   // lent or taken
	BOX_ELOCKED, // the screen is locked
	BOX_ESTALE,  // the box has another version
	BOX_EIO,     // the device or the system failed; no memory
};

/*
 * The boxes as one name space shows them. All calls take NULL for the default: the boxd of $BOX_OP,
 * else of $XDG_RUNTIME_DIR, and the name space of $BOX_NS, as they were when it was first used.
 *
 * Several threads may use one at the same time; their calls do not wait for each other.
 */
struct box_space;

/*
 * op is the path of boxd's socket and ns a name space below /ns, NULL as above. Does not speak to
 * boxd yet. NULL and errno: ENOENT, where boxd listens is not known; ENAMETOOLONG; ENOMEM.
 */
struct box_space *box_open(const char *op, const char *ns);
/* After the last call of every thread. NULL is fine, and is not the default here. */
void box_close(struct box_space *space);
/*
 * How long a call waits for anything to happen, in ms, before it gives up with ELOST; 0, as from the
 * start: for ever.
 */
void box_patience(struct box_space *space, int ms);
/*
 * Why the last call of this thread that failed did so: one line, with what to do next. Never NULL;
 * valid until this thread's next call.
 */
const char *box_sentence(struct box_space *space);
/* "ENOENT" of BOX_ENOENT; "ok". */
const char *box_code_name(enum box_code code);

/* --- The calls of the paper ----------------------------------------------------------------- */

/* Source's bytes, or tree, into target, from node to node; returns when all is there. */
enum box_code box_copy(struct box_space *space, const char *source, const char *source_cnstr,
	const char *target, const char *target_cnstr, const char *spec);
/*
 * A new box; below /proc a process. With like and spec, name is made where its maker agrees with the
 * box like. fields, NULL or a list that NULL ends, are more fields of the request as op(7) has them,
 * name, blank, value: "type dir", "prog cat", "arg -n".
 */
enum box_code box_make(struct box_space *space, const char *name, const char *cnstr,
	const char *like, const char *spec, const char *const *fields);
/* The end of a box; of a process, of its whole tree; of a link, of its use. */
enum box_code box_delete(struct box_space *space, const char *name);
/* io uses device from now on. made is the link's name, itself a box: delete ends it. */
enum box_code box_link(struct box_space *space, const char *device, const char *device_cnstr,
	const char *io, const char *io_cnstr, const char *spec, char **made);
/* Type and constraints of a box, "proc!amd64!lan!node=den". */
enum box_code box_kind(struct box_space *space, const char *name, const char *cnstr, char **type);
/* All that a box says of itself: lines "FIELD VALUE", for box_field. */
enum box_code box_info(struct box_space *space, const char *name, const char *cnstr, char **info);
/* fields as of box_make: "acl bob ksg", "type image", "title Sea", "owner ann". */
enum box_code box_chinfo(struct box_space *space, const char *name, const char *const *fields);

struct box_inner {
	const char *name; // below the box that was asked, "3" or "3/out"
	const char *info; // lines, as of box_info
};
/*
 * The inner boxes that fit cnstr, sorted, depth levels of them, 1 or more. inner is one block, with
 * its texts, and ends with a name NULL; count may be NULL.
 */
enum box_code box_selectors(struct box_space *space, const char *name, const char *cnstr,
	unsigned int depth, struct box_inner **inner, size_t *count);
/*
 * prefix means the box called name on node from now on, if it fits cnstr. node is a machine below
 * /n, "here", or "any": this one, then others. spec is the place among what is bound to prefix:
 * "above", "below" (and NULL), "only", or their first letters.
 */
enum box_code box_import(struct box_space *space, const char *prefix, const char *node,
	const char *name, const char *cnstr, const char *spec);
/* Takes away all that is bound to prefix. */
enum box_code box_forget(struct box_space *space, const char *prefix);
/*
 * Bytes of type from become bytes of type to by a program, from its input to its output: argv is its
 * path, or a word, and its arguments, and NULL. argv NULL: they may be used as they are. Types are
 * words, without constraints.
 */
enum box_code box_cast(struct box_space *space, const char *from, const char *to,
	const char *const *argv);
enum box_code box_uncast(struct box_space *space, const char *from, const char *to);
/* Makes another box the current one; the name of the one that is. */
enum box_code box_change(struct box_space *space, const char *name);
enum box_code box_dot(struct box_space *space, char **name);

/* --- The program's own memory as source and target ------------------------------------------- */

/*
 * The bytes of a box, or one message of a channel, waiting for it. The block has a byte 0 behind
 * them, which size does not count.
 */
enum box_code box_get(struct box_space *space, const char *name, const char *cnstr, void **bytes,
	size_t *size);
/* The bytes become the box's, whole or not at all; into a channel, one message. */
enum box_code box_put(struct box_space *space, const char *name, const char *cnstr,
	const void *bytes, size_t size);
/*
 * The same in pieces, of which only a few are held at a time. take is called with what has come;
 * false: that was enough, and the call returns BOX_OK. give fills bytes with up to size more and says
 * how many, 0 at the end; -1: the box is to stay as it is, and the call returns BOX_EIO. They run in
 * the calling thread and may themselves make calls.
 */
enum box_code box_getmem(struct box_space *space, const char *name, const char *cnstr,
	bool (*take)(void *data, const void *bytes, size_t size), void *data);
enum box_code box_putmem(struct box_space *space, const char *name, const char *cnstr,
	ssize_t (*give)(void *data, void *bytes, size_t size), void *data);

/*
 * A segment of this program's memory that is a box too, /proc/P/vm/NAME, if whoever started the
 * program made one: what is put into the box is in the block, and what is written to the block in
 * the box. Mapped anew with each call, munmap(2) gives it back. NULL and errno: ENOENT, there is none
 * of that name; ENODATA, it is empty.
 */
void *box_segment(const char *name, size_t *size);

/* --- The rest of Op ------------------------------------------------------------------------- */

/*
 * Any request as op(7) has it: verb "kind", fields as of box_make, "name /win" among them, whole.
 * give is the request's body, sent in chunks, NULL for none; take gets the answer's, NULL for who
 * does not care; data is for both. reply is the head of the answer, and its trailer, lines as of
 * box_info. So one waits for a change ("since 5f.1"), pages a list, reads a part ("offset 512"),
 * follows a feed ("live"). Frames, of pictures and of input, are not for this library.
 */
enum box_code box_ask(struct box_space *space, const char *verb, const char *const *fields,
	ssize_t (*give)(void *data, void *bytes, size_t size),
	bool (*take)(void *data, const void *bytes, size_t size), void *data, char **reply);
/* The value of a field among lines, its nth for a list, from 0; NULL: there is none, or no memory. */
char *box_field(const char *lines, const char *field, unsigned int nth);

#ifdef __cplusplus
}
#endif

#endif
