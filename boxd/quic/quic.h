/* SPDX-License-Identifier: MIT */
#ifndef QUIC_QUIC_H
#define QUIC_QUIC_H

#include <netinet/in.h>
#include <stdbool.h>
#include <wayland-server-core.h>

#include "base/buf.h"
#include "box/op.h"
#include "box/perm.h"
#include "net/stream.h"
#include "quic/keys.h"

/*
 * The node's one door to the network: one UDP socket, one QUIC connection per pair of nodes, one
 * bidirectional stream per exchange. This room knows peers, persons, pins and packets; what is said
 * on a stream is for whoever takes it. The only room that includes ngtcp2 or GnuTLS.
 */

/* A paired node. Kept on disk, one file each in DIR/peers: key, person, machine, petname, at. */
struct peer {
	struct wl_list link; // quic.peers
	char key[KEYS_FINGERPRINT + 1];
	struct subject subject; // person: the name we know the person by
	char petname[130];      // "ibiza" of our own person, else "bob.pc": its name below /n
	char through[130];      // while up: the petname of the meeting point that forwards; "": direct
	bool up;                // a connection is confirmed
	bool doubled;           // two are, for the moment: new exchanges go to the one that stays
	double rtt_ms;          // smoothed; 0 before the first connection
	char net[8];            // what was measured: lan (rtt < 3 ms), wifi (< 15 ms), wan
	struct op_refusal why;  // of the last dial that failed, or that the connection in use ended
	/* the room's own */
	char (*at)[64]; // HOST:PORT hints, newest first
	int at_size;
	struct connection *connection;
	void *data; // the listener's own
};

#define QUIC_NEAR_MAX 4

struct quic_events {
	/* A peer began an exchange. */
	void (*stream)(void *data, struct peer *peer, struct stream *stream);
	/* up or doubled changed, or the peer was added (first call, up false), or its why was set. */
	void (*peer_changed)(void *data, struct peer *peer);
	/* The peer is forgotten, or revoked; its streams are over. */
	void (*peer_gone)(void *data, struct peer *peer);
	/* Optional. The person with that key has revoked machines; others should be told. */
	void (*revoked)(void *data, const char *person);
	/* Optional. The group was made, changed or deleted; the person's other machines should be told. */
	void (*group_changed)(void *data, const char *name);
	/*
	 * Optional. A peer that is being dialled answers at no address known. true: a meeting point is
	 * asked, and quic_met() or quic_unmet() follows, though not from in here.
	 */
	bool (*unanswered)(void *data, struct peer *peer);
	/* Optional. A meeting point that is as silent as this peer, by petname; NULL: none is. */
	const char *(*silent_point)(void *data, const struct peer *peer);
	/*
	 * Optional: where the holder of a key is said to be, HOST:PORT in numbers; returns how many. Hints
	 * that are not kept: tried behind the addresses that are known.
	 */
	int (*near)(void *data, const char *key, char at[static QUIC_NEAR_MAX][64]);
};

struct quic_options {
	struct wl_event_loop *loop;
	struct keys *keys;
	const char *dir;     // of persons/ and peers/; made if missing
	const char *address; // "": all (dual stack); else one to bind
	uint16_t port;       // OP_PORT, else the next free one is taken; 0: any
};

struct quic;

/* NULL and refusal (EIO: no UDP). A node with no network works: it only hears nobody. */
struct quic *quic_create(const struct quic_options *options, const struct quic_events *events,
	void *data, struct op_refusal *refusal);
/* Says goodbye to peers; streams get their hang-up. */
void quic_destroy(struct quic *quic);
uint16_t quic_port(const struct quic *quic);

struct wl_list *quic_peers(struct quic *quic); // peer.link, by petname
struct peer *quic_peer_by_petname(struct quic *quic, const char *petname);
struct peer *quic_peer_by_key(struct quic *quic, const char *key);
/* Where else the peer may be met, "HOST:PORT", from a hint or a config; tried first. */
void quic_peer_hint(struct quic *quic, struct peer *peer, const char *at);
/* quic_events.near knows more of a key: a pairing that waits for it dials, a dial tries that too. */
void quic_heard(struct quic *quic, const char *key);
/*
 * Cuts its connection and removes it, its pin too if it was the person's last. It stays out until it
 * is paired again, though its person has signed it.
 */
void quic_peer_forget(struct quic *quic, struct peer *peer);
/* The key of the person whom we know by that name, and the name of one whom we know by key. */
const char *quic_person_key(struct quic *quic, const char *name); // NULL: nobody
const char *quic_person_name(struct quic *quic, const char *key); // NULL likewise

/*
 * What a person has revoked: a head with serial, revoked and signature. It is checked, kept in
 * DIR/revoked, and cuts the machines it names at once; they are refused from then on. OK too for one
 * that is known. person is a key. EARG, EPERM (the person did not sign it), ESTALE (a higher serial is
 * known), ENOENT, EIO.
 */
enum op_code quic_revoke(struct quic *quic, const char *person, const struct op_head *said,
	struct op_refusal *refusal);
/* Adds those fields of what we know. false: the person has revoked nothing. */
bool quic_revoked(struct quic *quic, const char *person, struct op_head *head);
/* Calls each for every person who has revoked something. */
void quic_each_revoked(struct quic *quic, void (*each)(void *data, const char *person), void *data);

#define GROUP_TEXT_MAX (128 * 1024) // bytes of a group as text
/*
 * Groups of persons, of this node's own person (quic/group.h). Only where a group was made is its key,
 * with which it can be changed: EPERM elsewhere. person is a name; ENOENT, EEXIST, E2BIG, EQUOTA, EARG,
 * EIO. Each change is on the disk when it is answered.
 */
enum op_code quic_group_make(struct quic *quic, const char *name, struct op_refusal *refusal);
enum op_code quic_group_delete(struct quic *quic, const char *name, struct op_refusal *refusal);
enum op_code quic_group_add(struct quic *quic, const char *name, const char *person,
	struct op_refusal *refusal);
enum op_code quic_group_remove(struct quic *quic, const char *name, const char *key,
	struct op_refusal *refusal);
/* What another machine of the person says, as quic_group_print there printed it. ESTALE, EPERM, … */
enum op_code quic_group_take(struct quic *quic, const char *text, size_t size,
	struct op_refusal *refusal);
/* false: no such group, or no memory. One that is gone can be told of. */
bool quic_group_print(const struct quic *quic, const char *name, struct buf *out);
bool quic_group_is_there(const struct quic *quic, const char *name); // and not gone
uint64_t quic_group_serial(const struct quic *quic, const char *name);
void quic_each_group(const struct quic *quic, void (*each)(void *data, const char *name, bool gone),
	void *data);
/* person: by the name he has here, or had where he was added. */
void quic_each_member(struct quic *quic, const char *name,
	void (*each)(void *data, const char *person, const char *key), void *data);
/* Sets the subject's groups. */
void quic_name_groups(struct quic *quic, struct subject *subject);

/* Whether the subject is a machine that was forgotten or revoked, and no other has its name now. */
bool quic_is_gone(struct quic *quic, const struct subject *subject);

/*
 * A stream to the peer; dials if there is no connection. What is written before it is up is queued;
 * if the dial fails the stream hangs up with EUNREACH and a sentence. NULL: EQUOTA or no memory.
 */
struct stream *quic_open(struct quic *quic, struct peer *peer, struct op_refusal *refusal);

/* It is up, and was heard of so lately that it lives: keep-alives are more frequent. */
bool quic_hears(const struct peer *peer);

/*
 * A meeting point, itself a peer, has told both us and the peer of the other, and the other is
 * dialling us at this moment. Dials those addresses at once; if nobody answers there, and we want
 * something of the peer, the meeting point forwards for both under id (0: it does not).
 */
void quic_met(struct quic *quic, struct peer *peer, struct peer *through, uint64_t id,
	char (*at)[64], int at_size);
/* Nothing came of unanswered(). */
void quic_unmet(struct quic *quic, struct peer *peer, const struct op_refusal *why);
/* Where this node is on networks that are not the world's: for peers on the same. How many. */
int quic_own_addresses(struct quic *quic, char (*at)[64], int max);

/*
 * Pairing. Both sides ask for it within 10 minutes; one of them (or both) gives an address. ALPN
 * boxpair/1, any certificate; then, with a fingerprint known from elsewhere, each checks that the
 * other's machine key has it, and with none, two people compare six digits: digits is called with
 * those of this side, and answered by quic_pair_compared. With mine, the side that has a person signs
 * the other machine: signature is called there with the other's SPKI and name, and answered by
 * quic_pair_signed. Without mine both have persons, whose keys are pinned.
 */
struct quic_pair;
struct quic_pair_events {
	/*
	 * machine and person as they call themselves, in form; person "": the machine is nobody's. digits "":
	 * those that were told are void, and others may come.
	 */
	void (*digits)(void *data, const char *digits, const char *machine, const char *person);
	void (*signature)(void *data, const char *spki, const char *machine);
	/* It still waits, but this is worth knowing. */
	void (*notice)(void *data, const struct op_refusal *why);
	/* Done, or refused; the pair is freed behind it. */
	void (*done)(void *data, struct peer *peer, const struct op_refusal *why);
};
/* fingerprint NULL: by digits. at NULL: wait to be dialled. NULL and refusal. */
struct quic_pair *quic_pair(struct quic *quic, const char *fingerprint, bool mine, const char *at,
	const struct quic_pair_events *events, void *data, struct op_refusal *refusal);
/* The digits that the other screen shows, as the person here says; others end the pairing. */
void quic_pair_compared(struct quic_pair *pair, const char *digits);
/* cert of the machine and of the person who signed, base64 of DER. */
void quic_pair_signed(struct quic_pair *pair, const char *machine_cert, const char *person_cert);
void quic_pair_cancel(struct quic_pair *pair); // done is not called

#endif
