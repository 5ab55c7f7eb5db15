/* SPDX-License-Identifier: MIT */
#ifndef QUIC_PEERS_H
#define QUIC_PEERS_H

#include <stdbool.h>

#include "quic/quic_private.h"

/*
 * Whom this node knows: persons, by the name it knows them by and the key that was pinned, in
 * DIR/persons/NAME; and their machines, in DIR/peers/PETNAME; and the keys of machines that are to
 * stay out, though their person is known, in DIR/forgotten. Files of `field value` lines. The
 * node's own person is known by the keys and has no file.
 */

#define AT_MAX 8 // addresses kept of one peer

/* Reads both directories, made if missing. A file that cannot be used is logged and passed over. */
bool peers_load(struct quic *quic, struct op_refusal *refusal);
void peers_finish(struct quic *quic);

/* The name we know the holder of that key by; NULL: a stranger. */
const char *persons_name(struct quic *quic, const char *key);
/*
 * Pins a person under the name it goes by, or that with a number when another has it. Returns the
 * name; NULL and refusal: EIO. cert may be NULL.
 */
const char *persons_pin(struct quic *quic, const char *name, const char *key, const char *cert,
	struct op_refusal *refusal);
/* The key of the person we know by that name; NULL: nobody. */
const char *persons_key(struct quic *quic, const char *name);
/* The person's certificate, base64, malloc'd; NULL: not known. */
char *persons_cert(struct quic *quic, const char *key);
/* Whether somebody else than the holder of key has this name here. */
bool persons_taken(struct quic *quic, const char *name, const char *key);

struct peer_entry *peers_find(struct quic *quic, const char *key);
/* The peer with that key, made if need be, with this person and machine. NULL: no memory. */
struct peer_entry *peers_meet(struct quic *quic, const char *key, const char *person,
	const char *machine);
/* The same for one that was paired: it is on the disk. NULL and refusal: EIO, and it is not known. */
struct peer_entry *peers_keep(struct quic *quic, const char *key, const char *person,
	const char *machine, struct op_refusal *refusal);
/* Gives it the name that it would have without a namesake that is gone now. */
void peers_rename(struct peer_entry *entry);
/* Another address, newest first; written to the disk soon if that changes anything. */
void peers_add_at(struct peer_entry *entry, const char *at);
/*
 * From memory and disk, the person too if this was the last machine, unless keep_person; its key is
 * kept as forgotten. The entry is freed.
 */
void peers_remove(struct peer_entry *entry, bool keep_person);
/* Whether the machine was forgotten here, and not paired again since. */
bool peers_is_forgotten(const struct quic *quic, const char *key);
/* It was paired again. */
void peers_readmit(struct quic *quic, const char *key);

#endif
