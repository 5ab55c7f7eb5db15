/* SPDX-License-Identifier: MIT */
#ifndef BOX_CNSTR_H
#define BOX_CNSTR_H

#include <stdbool.h>

#include "box/op.h"

/*
 * Types and constraints: type!arch!net!attr=value… What splits on "!" is here. "*" or a missing
 * element matches anything. Architectures are Debian's names; net is lan, wifi or wan.
 * (Plan B: Boxes for network resources, 2.1.)
 *
 * Elements and values are UTF-8 without blanks and control characters; an attribute's name is a to
 * z, 0 to 9 and "-".
 */
struct cnstr {
	char text[OP_MAX_CNSTR + 1];  // the elements below point into it; "!" replaced by 0
	const char *type, *arch, *net; // "*" when missing
	struct cnstr_attr {
		const char *name, *value;
		char relation; // '='; of a want also '<' or '>'
	} attrs[OP_MAX_ATTRS];
	int attrs_size;
};

/* OP_OK, EARG or E2BIG with what was wrong. */
enum op_code cnstr_parse(struct cnstr *cnstr, const char *text, struct op_refusal *refusal);
/* As text, trailing "*" left out: "bin!amd64", "video!*!*!codec=h264". Returns out. */
const char *cnstr_print(const struct cnstr *cnstr, char out[static OP_MAX_CNSTR + 1]);
/*
 * Sets what somebody else knows better than the box, in place of what it says; texts are not copied.
 * false: it would be over a limit then; nothing has changed.
 */
bool cnstr_set_net(struct cnstr *cnstr, const char *net);
bool cnstr_set_attr(struct cnstr *cnstr, const char *name, const char *value);
/* The value of an attribute; NULL: no such attribute. */
const char *cnstr_attr(const struct cnstr *cnstr, const char *name);

/*
 * own, a box's constraint, meets want: each element and attribute of want that is not "*" stands in
 * own with that value, or own says "*" there. An attribute that own does not have is not met.
 * Numbers may be wanted as bounds: attr<N, attr>N (rtt<20, rtt<0.5); both may be said of one.
 */
bool cnstr_meets(const struct cnstr *own, const struct cnstr *want);
/* The same for texts that op_decode has passed; anything malformed does not meet. */
bool cnstr_text_meets(const char *own, const char *want);

/*
 * A spec joins two boxes: "%" same architecture, "%!%" same architecture and same network, "%attr"
 * same value of that attribute, "" nothing; "*!%" same network only. Where one of the two says "*"
 * they are the same. A malformed spec joins nothing; spec_check says what is wrong with it (EARG,
 * E2BIG).
 */
enum op_code spec_check(const char *spec, struct op_refusal *refusal);
bool cnstr_joined(const char *spec, const struct cnstr *a, const struct cnstr *b);

/* Debian's name of the architecture this was built for: "amd64", "arm64" … */
const char *cnstr_arch_here(void);

#endif
