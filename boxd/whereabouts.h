/* SPDX-License-Identifier: MIT */
#ifndef BOXD_WHEREABOUTS_H
#define BOXD_WHEREABOUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "box/op.h"

struct buf;

/*
 * Which devices the person of this node prefers now. All of the person's machines keep the same
 * record and each new one counts up: the one with the higher count, and of equal ones with the
 * greater key, holds everywhere. Where the person has chosen nothing, a device is that of the
 * machine where the person is. As text:
 *
 *     count N
 *     machine FINGERPRINT
 *     device kbd FINGERPRINT/kbd/1      chosen; none of what follows the machine
 */

#define USR_DEVICES 7
#define USR_TEXT_MAX (16 * 1024)

struct usr {
	uint64_t count;
	char machine[65];          // fingerprint; "": nobody was anywhere yet
	char *chosen[USR_DEVICES]; // FINGERPRINT/name; NULL: the machine's own
};

/* "kbd", "ptr" …; NULL beyond the last. */
const char *usr_device(int number);
int usr_device_by_name(const char *name); // -1: none of them

void usr_init(struct usr *usr);
void usr_finish(struct usr *usr);

/* The person is at this machine now. */
void usr_claim(struct usr *usr, const char *machine);
/* Chooses a device, FINGERPRINT/name; where NULL: the machine's own again. false: no memory. */
bool usr_choose(struct usr *usr, int device, const char *where);
/*
 * Reads a record and takes it over if it is newer: *newer tells. false: it is no record, or there is
 * no memory, and refusal says so; nothing has changed.
 */
bool usr_merge(struct usr *usr, char *text, bool *newer, struct op_refusal *refusal);
bool usr_print(const struct usr *usr, struct buf *out); // false: no memory

/* What a device means now, FINGERPRINT/name, malloc'd; NULL: nothing. */
char *usr_means(const struct usr *usr, int device);

#endif
