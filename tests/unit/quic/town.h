/* SPDX-License-Identifier: MIT */
#ifndef TESTS_QUIC_TOWN_H
#define TESTS_QUIC_TOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wayland-server-core.h>

#include "base/buf.h"
#include "net/stream.h"
#include "quic/cert.h"
#include "quic/keys.h"
#include "quic/quic.h"

/*
 * Nodes of one process on one loop, over real UDP on loopback. Nothing here sleeps: the loop is
 * dispatched until something is so, or a deadline has passed and the test fails.
 */

struct town {
	struct wl_event_loop *loop;
	char dir[64];
	int nodes;
};

void town_init(struct town *town);
void town_finish(struct town *town); // removes the directory
/* Dispatches once. false: the deadline (10 s after the first call with *deadline 0) has passed. */
bool town_step(struct town *town, uint64_t *deadline);

#define until(town, condition) \
	do { \
		uint64_t deadline_ = 0; \
		while (!(condition)) { \
			if (!town_step(town, &deadline_)) { \
				fail_msg("%s:%d: never so: %s", __FILE__, __LINE__, #condition); \
			} \
		} \
	} while (0)

uint64_t now_ms(void);
/* Lets ms pass in the loop, to see that something does not happen in it. */
void town_pass(struct town *town, int ms);

/* A person with a key, who can sign machines. */
struct persona {
	const char *name;
	gnutls_x509_privkey_t key;
	char *cert; // base64
	char fingerprint[KEYS_FINGERPRINT + 1];
};
void persona_init(struct persona *persona, const char *name);
void persona_finish(struct persona *persona);
void persona_sign(struct persona *persona, struct keys *keys);
/* The machine's certificate for a machine that asks by its public key; malloc'd. */
char *persona_sign_spki(struct persona *persona, const char *spki, const char *machine);

/* What a stream's listener saw. */
struct end {
	struct wl_list link; // node.ends
	struct stream *stream; // NULL: destroyed
	struct peer *peer;
	struct buf in;
	size_t keep;     // leave bytes unread once so many are held (default: no limit)
	uint64_t taken;  // bytes consumed in all
	uint64_t sum;    // of their values, each times its position
	bool discard;    // count and sum only
	bool eof, drained;
	int hangups;
	enum op_code code;
	char sentence[512];
	int frames;
	uint32_t sequences[256]; // of the frames, as they came
	size_t frame_bytes;
	uint64_t first_ms, last_ms; // of data or frames
};
struct end *end_create(struct stream *stream);
void end_destroy(struct end *end); // the stream too
void end_say(struct end *end, const char *text);
bool end_heard(const struct end *end, const char *text); // exactly that, so far
void end_frame(struct end *end, enum op_kind kind, uint32_t sequence, size_t size);

struct node {
	struct town *town;
	char dir[128], name[64];
	struct keys *keys;
	struct quic *quic;
	struct wl_list ends; // end.link: exchanges that peers began, oldest first
	int ups, downs, added, gone; // of peer_changed, peer_gone
	char last_why[600];
	size_t keep_default;
	bool discard_default;
};
/* persona NULL: nobody's machine. */
void node_init(struct node *node, struct town *town, const char *name, struct persona *persona);
void node_finish(struct node *node);
void node_stop(struct node *node);  // quic_destroy
void node_start(struct node *node, uint16_t port); // 0: any
/* Each knows the other's person and machine; addresses are given only if told. */
void befriend(struct node *a, struct node *b);
/* a knows b, and where it is: at port, or where it listens if 0. */
struct peer *introduce(struct node *a, struct node *b, uint16_t port);
struct peer *peer_of(struct node *a, struct node *b);
struct end *node_open(struct node *node, struct peer *peer);
struct end *node_newest(struct node *node); // the last exchange that came in; NULL: none

/* Bytes this process has allocated; 0 where that cannot be told. */
size_t memory_used(void);
int descriptors_used(void);

#endif
