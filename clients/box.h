/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_BOX_H
#define CLIENTS_BOX_H

#include <stdbool.h>
#include <stdio.h>

#include "libbox/ask.h"

/*
 * The command `box`: one file per verb, verb_NAME.c, each a struct verb in the table of box.c.
 */

struct verb {
	const char *name;
	const char *usage; // what follows the verb: "NAME…"
	const char *help;  // one line
	/* argv[0] is the verb. Returns the exit status. */
	int (*run)(struct asker *asker, int argc, char **argv);
};

extern const struct verb verb_ads, verb_ask, verb_cast, verb_change, verb_chinfo, verb_cp, verb_doctor,
	verb_dot, verb_forget, verb_group, verb_import, verb_info, verb_init, verb_ln, verb_ls, verb_mk, verb_ns,
	verb_pair, verb_revoke, verb_rm, verb_run, verb_uncast;
/* `box` alone: this node, its peers, its windows, what to type next. */
int show_node(struct asker *asker);

/* Asks and waits as ask does, and prints what was refused. */
bool ask_or_say(struct asker *asker, struct op_head *request, struct answer *answer);

/* The bytes of a box, 0-terminated, malloc'd; NULL: it has been said why not. */
char *get_text(struct asker *asker, const char *name);

/*
 * Sets (or, of a list, adds) what a person typed. false: it makes no sense there; that was said, and
 * the exit status is 2.
 */
bool set_said(struct op_head *head, enum op_field field, const char *text);
/*
 * The same for the name of a box: one that does not begin with "/" is below the current box, and "."
 * is that itself. false: also when boxd does not say which that is; then the exit status is 2 too.
 */
bool set_box(struct asker *asker, struct op_head *head, enum op_field field, const char *name);
/* Text that another chose, a window's title: control characters as \xHH. */
void print_text(FILE *out, const char *text);

/* "box: sentence (CODE)" on stderr. Returns the exit status 1. */
int say_refusal(const struct op_refusal *why);
int say_usage(const struct verb *verb); // 2

#endif
