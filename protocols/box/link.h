/* SPDX-License-Identifier: MIT */
#ifndef BOX_LINK_H
#define BOX_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "box/box.h"
#include "box/frame.h"
#include "box/req.h"

/*
 * A link: an inner box of an io box, that names the device the io box uses from now on. Its kind
 * tells device, by, started and state; deleting it ends the use. The io box's type says what it does
 * with the device; dialling, and dialling again when the device moves or returns, is net/link.c,
 * reached through struct linker so that box types know no socket.
 */

enum link_state {
	LINK_WAITING, // for the device, or for the next attempt
	LINK_UP,
	LINK_REFUSED, // by the device's side; tried again when the device's node appears
};

struct link {
	struct box *box;        // the link's own box, an inner box of io
	struct box *io;
	struct linker *linker;
	const struct link_user *user;
	void *data;             // the io box's
	char *device;           // a where
	struct subject subject; // the asker; every attempt is made on his behalf
	int64_t started;        // seconds since 1970
	enum link_state state;
	struct op_refusal why;  // of the last attempt that failed
	bool over;              // the device said that it has no more; gone follows
};

/* What an io box does with a device. */
struct link_user {
	enum op_verb verb;  // OP_GETMEM (live): an input; OP_PUTMEM: an output
	enum op_body body;  // of the bytes that go or come: OP_BODY_FRAMES, OP_BODY_CHUNKS
	bool single;        // a new link replaces the old (io0 io1 io2)
	const char *prefix; // of the link box's name, before its number; NULL: none
	/* Says more of the link, or otherwise, in its kind: state, title. Optional. */
	void (*describe)(const struct link *link, struct op_head *entry);
	/* The asker brought newer grants: whoever keeps the link keeps those. Optional. */
	void (*granted)(struct link *link);
	/* Says more in the answer to who links: its name below what io walks. Optional. */
	void (*made)(struct link *link, struct op_head *reply);
	/* Adds fields to the request before each attempt: type, from, view. Optional. */
	void (*request)(struct link *link, struct op_head *head);
	/*
	 * The device answered ok. An output may write from now on (link_frame, link_write), or take the
	 * exchange's socket (link_take_fd) and give it to a program.
	 */
	void (*up)(struct link *link, const struct op_head *reply);
	/* What the device sends: an input's records, the reply half of an output. Optional. */
	void (*data)(struct link *link, const void *bytes, size_t size);
	void (*frame)(struct link *link, const struct frame *frame);
	void (*drained)(struct link *link); // an output may go on
	/* The exchange is over; it will be tried again unless link_end is called. */
	void (*down)(struct link *link);
	/* The link goes: drop what data holds. down has been called if it was up. */
	void (*gone)(struct link *link);
};

/* A link as it is kept on disk. */
struct link_kept {
	const char *name;   // of its box
	const char *device;
	const char *want;   // NULL: anything
	struct subject subject;
	int64_t started;
	const struct op_head *grants; // its fields grant; NULL: none
};

/* Who can dial. One per program; implemented by net/link.c, and by tests in memory. */
struct linker {
	/*
	 * Serves a link request on an io box: makes the inner box (its name: the next free number),
	 * answers the request with that name, and dials. With `only`, or user->single, other links of io
	 * go once the new one is up. NULL: the request was refused and is answered.
	 */
	struct link *(*make)(struct linker *linker, struct box *io, struct req *req,
		const struct link_user *user, void *data);
	/* A link that was made in another life of the program. NULL: no memory, or the name is no name. */
	struct link *(*restore)(struct linker *linker, struct box *io, const struct link_kept *kept,
		const struct link_user *user, void *data);
	/*
	 * A link that comes because another one is there: of the same device, on behalf of the same asker
	 * and by the same leave, which is renewed with the other's. Nobody is answered. NULL: no memory.
	 */
	struct link *(*follow)(struct linker *linker, struct box *io, const struct link *other,
		const struct link_user *user, void *data);
	bool (*write)(struct link *link, const void *bytes, size_t size); // false: wait for drained
	bool (*frame)(struct link *link, const struct frame *frame);
	void (*pause)(struct link *link, bool paused); // no data and frame events for now
	int (*take_fd)(struct link *link);
	void (*down)(struct link *link, enum op_code code, const char *sentence);
	void (*finish)(struct link *link);
	void (*end)(struct link *link);
	void (*grants)(const struct link *link, struct op_head *head); // adds those it has; NULL: none ever
};

static inline bool link_write(struct link *link, const void *bytes, size_t size) {
	return link->linker->write(link, bytes, size);
}
static inline bool link_frame(struct link *link, const struct frame *frame) {
	return link->linker->frame(link, frame);
}
static inline void link_pause(struct link *link, bool paused) {
	link->linker->pause(link, paused);
}
/* The socket of an exchange that is up, nothing of the reply's body read yet; the caller closes it. */
static inline int link_take_fd(struct link *link) {
	return link->linker->take_fd(link);
}
/* Whoever took the socket saw the exchange end for this reason: try again. */
static inline void link_down(struct link *link, enum op_code code, const char *sentence) {
	link->linker->down(link, code, sentence);
}
/*
 * An output that is up has nothing more to write: the link goes (gone is called) once the device has
 * taken all and said so, or is lost. In any other state it goes at once, as by link_end.
 */
static inline void link_finish(struct link *link) {
	link->linker->finish(link);
}
/* The asker's grants for the device, to be kept with the link. */
static inline void link_add_grants(const struct link *link, struct op_head *head) {
	if (link->linker->grants) {
		link->linker->grants(link, head);
	}
}
/* For good: the link's box goes. The link is freed. */
static inline void link_end(struct link *link) {
	link->linker->end(link);
}

#endif
