/* SPDX-License-Identifier: MIT */
/*
 * town.c - nodes, persons and listeners for the tests of boxd/quic.
 */
#include "unit/quic/town.h"

#include <dirent.h>
#include <ftw.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "quic/peers.h"
#include "quic/quic_private.h"

#define DEADLINE_MS 10000

uint64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void town_init(struct town *town) {
	*town = (struct town){.loop = wl_event_loop_create()};
	assert_non_null(town->loop);
	snprintf(town->dir, sizeof(town->dir), "/tmp/quic-test-XXXXXX");
	assert_non_null(mkdtemp(town->dir));
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
	return remove(path);
}

void town_finish(struct town *town) {
	wl_event_loop_destroy(town->loop);
	nftw(town->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

bool town_step(struct town *town, uint64_t *deadline) {
	uint64_t now = now_ms();
	if (*deadline == 0) {
		*deadline = now + DEADLINE_MS;
	}
	if (now >= *deadline) {
		return false;
	}
	wl_event_loop_dispatch(town->loop, (int)(*deadline - now));
	return true;
}

void town_pass(struct town *town, int ms) {
	uint64_t end = now_ms() + (uint64_t)ms;
	for (uint64_t now = now_ms(); now < end; now = now_ms()) {
		wl_event_loop_dispatch(town->loop, (int)(end - now));
	}
}

void persona_init(struct persona *persona, const char *name) {
	*persona = (struct persona){.name = name, .key = cert_new_key()};
	gnutls_pubkey_t public = cert_public_key(persona->key);
	gnutls_x509_crt_t cert = cert_issue(name, public, name, persona->key, true);
	assert_non_null(cert);
	persona->cert = cert_base64(cert);
	assert_true(cert_fingerprint(cert, persona->fingerprint));
	gnutls_x509_crt_deinit(cert);
	gnutls_pubkey_deinit(public);
}

void persona_finish(struct persona *persona) {
	gnutls_x509_privkey_deinit(persona->key);
	free(persona->cert);
}

char *persona_sign_spki(struct persona *persona, const char *spki, const char *machine) {
	struct op_refusal why = {0};
	gnutls_pubkey_t public = cert_key_from_base64(spki, &why);
	assert_non_null(public);
	gnutls_x509_crt_t cert = cert_issue(machine, public, persona->name, persona->key, false);
	char *text = cert_base64(cert);
	gnutls_x509_crt_deinit(cert);
	gnutls_pubkey_deinit(public);
	assert_non_null(text);
	return text;
}

void persona_sign(struct persona *persona, struct keys *keys) {
	struct op_refusal why = {0};
	char *cert = persona_sign_spki(persona, keys_spki(keys), keys_machine(keys));
	if (keys_adopt(keys, cert, persona->cert, &why) != OP_OK) {
		fail_msg("%s", why.sentence);
	}
	free(cert);
}

static void touch(struct end *end) {
	end->last_ms = now_ms();
	end->first_ms = end->first_ms ? end->first_ms : end->last_ms;
}

static size_t handle_data(void *data, const void *bytes, size_t size) {
	struct end *end = data;
	const uint8_t *at = bytes;
	touch(end);
	if (end->keep && end->in.size + size > end->keep) {
		size = end->keep - end->in.size;
	}
	if (end->discard) {
		for (size_t i = 0; i < size; i++) {
			end->sum += at[i] * (end->taken + i + 1);
		}
	} else {
		assert_true(buf_append(&end->in, bytes, size));
	}
	end->taken += size;
	return size;
}

static void handle_frame(void *data, const struct frame *frame) {
	struct end *end = data;
	const uint8_t *bytes = frame->payload;
	touch(end);
	if (end->frames < 256) {
		end->sequences[end->frames] = frame->sequence;
	}
	for (size_t i = 0; i < frame->size; i++) {
		assert_int_equal(bytes[i], (uint8_t)(frame->sequence + i));
	}
	end->frames++;
	end->frame_bytes += frame->size;
}

static void handle_eof(void *data) {
	struct end *end = data;
	assert_false(end->eof);
	end->eof = true;
}

static void handle_hangup(void *data, enum op_code code, const char *sentence) {
	struct end *end = data;
	end->hangups++;
	end->code = code;
	snprintf(end->sentence, sizeof(end->sentence), "%s", sentence);
}

static void handle_drained(void *data) {
	struct end *end = data;
	end->drained = true;
}

static const struct stream_events stream_events = {
	.data = handle_data,
	.frame = handle_frame,
	.eof = handle_eof,
	.hangup = handle_hangup,
	.drained = handle_drained,
};

struct end *end_create(struct stream *stream) {
	struct end *end = calloc(1, sizeof(*end));
	assert_non_null(end);
	wl_list_init(&end->link);
	buf_init(&end->in);
	end->stream = stream;
	stream->events = &stream_events;
	stream->data = end;
	return end;
}

void end_destroy(struct end *end) {
	if (end->stream) {
		end->stream->impl->destroy(end->stream);
	}
	wl_list_remove(&end->link);
	buf_finish(&end->in);
	free(end);
}

void end_say(struct end *end, const char *text) {
	end->stream->impl->write(end->stream, text, strlen(text));
}

bool end_heard(const struct end *end, const char *text) {
	struct buf in = end->in;
	return in.size == strlen(text) && memcmp(buf_front(&in), text, in.size) == 0;
}

void end_frame(struct end *end, enum op_kind kind, uint32_t sequence, size_t size) {
	uint8_t *payload = malloc(size + 1);
	assert_non_null(payload);
	for (size_t i = 0; i < size; i++) {
		payload[i] = (uint8_t)(sequence + i);
	}
	struct frame frame = {.kind = kind, .sequence = sequence, .base = sequence,
		.payload = payload, .size = size};
	end->stream->impl->frame(end->stream, &frame);
	free(payload);
}

static void handle_stream(void *data, struct peer *peer, struct stream *stream) {
	struct node *node = data;
	struct end *end = end_create(stream);
	end->peer = peer;
	end->keep = node->keep_default;
	end->discard = node->discard_default;
	wl_list_insert(node->ends.prev, &end->link);
}

static void handle_changed(void *data, struct peer *peer) {
	struct node *node = data;
	if (peer->up) {
		node->ups++;
	} else if (peer->why.code != OP_OK) {
		snprintf(node->last_why, sizeof(node->last_why), "%s %s", op_code_name(peer->why.code),
			peer->why.sentence);
	} else if (node->ups == 0) {
		node->added++;
	} else {
		node->downs++;
	}
}

static void handle_gone(void *data, struct peer *peer) {
	struct node *node = data;
	node->gone++;
}

static const struct quic_events quic_events = {
	.stream = handle_stream,
	.peer_changed = handle_changed,
	.peer_gone = handle_gone,
};

static void node_listen(struct node *node, uint16_t port) {
	struct op_refusal why = {0};
	struct quic_options options = {
		.loop = node->town->loop,
		.keys = node->keys,
		.dir = node->dir,
		.address = "127.0.0.1",
		.port = port,
	};
	node->quic = quic_create(&options, &quic_events, node, &why);
	if (!node->quic) {
		fail_msg("%s", why.sentence);
	}
}

void node_init(struct node *node, struct town *town, const char *name, struct persona *persona) {
	struct op_refusal why = {0};
	*node = (struct node){.town = town};
	wl_list_init(&node->ends);
	snprintf(node->name, sizeof(node->name), "%s", name);
	snprintf(node->dir, sizeof(node->dir), "%s/%s-%d", town->dir, name, town->nodes++);
	node->keys = keys_load(node->dir, name, &why);
	if (!node->keys) {
		fail_msg("%s", why.sentence);
	}
	if (persona) {
		persona_sign(persona, node->keys);
	}
	node_listen(node, 0);
}

void node_stop(struct node *node) {
	quic_destroy(node->quic);
	node->quic = NULL;
}

void node_start(struct node *node, uint16_t port) {
	node_listen(node, port);
}

void node_finish(struct node *node) {
	struct end *end, *next;
	wl_list_for_each_safe(end, next, &node->ends, link) {
		end_destroy(end);
	}
	quic_destroy(node->quic);
	keys_destroy(node->keys);
}

struct peer *introduce(struct node *a, struct node *b, uint16_t port) {
	struct op_refusal why = {0};
	char at[64];
	const char *person = keys_person(b->keys);
	if (strcmp(keys_person_fingerprint(b->keys), keys_person_fingerprint(a->keys)) != 0) {
		char *cert = cert_base64(b->keys->person_cert);
		person = persons_pin(a->quic, person, keys_person_fingerprint(b->keys), cert, &why);
		free(cert);
		assert_non_null(person);
	}
	peers_readmit(a->quic, keys_fingerprint(b->keys));
	struct peer_entry *entry =
		peers_meet(a->quic, keys_fingerprint(b->keys), person, keys_machine(b->keys));
	assert_non_null(entry);
	snprintf(at, sizeof(at), "127.0.0.1:%u", port ? port : quic_port(b->quic));
	quic_peer_hint(a->quic, &entry->peer, at);
	return &entry->peer;
}

void befriend(struct node *a, struct node *b) {
	introduce(a, b, 0);
	introduce(b, a, 0);
}

struct peer *peer_of(struct node *a, struct node *b) {
	return quic_peer_by_key(a->quic, keys_fingerprint(b->keys));
}

struct end *node_open(struct node *node, struct peer *peer) {
	struct op_refusal why = {0};
	struct stream *stream = quic_open(node->quic, peer, &why);
	if (!stream) {
		fail_msg("%s", why.sentence);
	}
	return end_create(stream);
}

struct end *node_newest(struct node *node) {
	if (wl_list_empty(&node->ends)) {
		return NULL;
	}
	struct end *end = wl_container_of(node->ends.prev, end, link);
	return end;
}

size_t memory_used(void) {
#ifdef __SANITIZE_ADDRESS__
	return 0;
#else
	malloc_trim(0);
	return mallinfo2().uordblks;
#endif
}

int descriptors_used(void) {
	int count = 0;
	DIR *dir = opendir("/proc/self/fd");
	assert_non_null(dir);
	while (readdir(dir)) {
		count++;
	}
	closedir(dir);
	return count;
}
