/* SPDX-License-Identifier: MIT */
#ifndef BOX_NS_H
#define BOX_NS_H

#include <stdbool.h>
#include <stddef.h>
#include <wayland-util.h>

#include "box/cast.h"
#include "box/op.h"

/*
 * A name space: a table of prefixes, each bound to one box or to several in search order, and its
 * casts. Says what a name may mean; which of its meanings is there and fits is for who can ask.
 * (Plan B: Boxes for network resources, 3 and 4.)
 */

struct ns_binding {
	struct wl_list link; // ns.bindings
	unsigned int number; // no other binding of the name space has it
	char *prefix;
	char *target; // a where: in this node's names, or KEY/name
	bool any;     // the target on any node: this one, then others
	char *want;   // what a box must meet to be meant; NULL: nothing
};

struct ns {
	struct wl_list bindings; // ns_binding.link, in search order
	struct casts casts;      // between the types of what it names
	char *dot;               // the current box
};

enum ns_order {
	NS_ABOVE, // before what is bound to the prefix
	NS_BELOW, // behind it
	NS_ONLY,  // in its place
};

/* false: no memory. */
bool ns_init(struct ns *ns);
/* to is initialised in here; false: no memory, and to is finished. */
bool ns_copy(struct ns *to, const struct ns *from);
void ns_finish(struct ns *ns);

/* "above", "below", "only"; -1: none of them. */
int ns_order_by_name(const char *name);

/*
 * Binds; the texts are copied. EARG if the prefix is "/" or the target is no where, E2BIG over
 * OP_MAX_BINDINGS, EIO for want of memory. *out is the new binding; with NS_ONLY others are gone.
 */
enum op_code ns_bind(struct ns *ns, const struct ns_binding *binding, enum ns_order order,
	struct ns_binding **out, struct op_refusal *refusal);
void ns_unbind(struct ns *ns, struct ns_binding *binding);
struct ns_binding *ns_find(const struct ns *ns, unsigned int number);
/* EARG if it is not a name. */
enum op_code ns_set_dot(struct ns *ns, const char *name, struct op_refusal *refusal);

/* One meaning of a name. */
struct ns_meaning {
	char *name; // a where, malloc'd
	bool any;   // there on any node
	const char *want; // the bindings's; NULL: nothing. Of the last that wants something
	size_t bound;     // bytes of name: the box that the want is for, which the rest is below
};
#define NS_MEANINGS 64

/*
 * What a name may mean, in search order: of the bindings with the longest prefix, and what their
 * targets mean in turn. A name below no prefix means itself. Returns how many; the names are the
 * caller's to free. -1: no memory, out is empty.
 */
int ns_mean(const struct ns *ns, const char *name, struct ns_meaning out[static NS_MEANINGS]);

#endif
