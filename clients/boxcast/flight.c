/* SPDX-License-Identifier: MIT */
/*
 * flight.c - the capture rule: how many frames are out, how long the way is, when a key is due.
 * Pure: no clock, no socket, no picture. Who asks the window and the encoder is cast.c.
 */
#include "boxcast/flight.h"

#include <assert.h>
#include <string.h>

#define RTT_WINDOW_NS 2000000000

void flight_init(struct flight *flight, uint32_t refresh_mhz) {
	*flight = (struct flight){
		.refresh_mhz = refresh_mhz > 0 ? refresh_mhz : 60000,
		.key_wanted = true, // nobody can decode a first frame that needs another
		.rtt_window = {-1, -1},
	};
}

uint32_t flight_limit(const struct flight *flight) {
	// frames that fit into one rtt, rounded up; mHz * ns = 1e12 frames
	uint64_t product = (uint64_t)flight->rtt_ns * flight->refresh_mhz;
	uint64_t frames = (product + 999999999999) / 1000000000000 + 1;
	if (frames < 2) {
		return 2;
	}
	return frames < FLIGHT_MAX ? frames : FLIGHT_MAX;
}

uint32_t flight_in_flight(const struct flight *flight) {
	return (flight->asked ? 1 : 0) + flight->coding + flight->open;
}

bool flight_may_ask(const struct flight *flight) {
	if (flight->asked) {
		return false;
	}
	if (flight->stalled) {
		// the one keyframe, and then its ack
		return flight->key_wanted && flight->coding == 0;
	}
	return flight_in_flight(flight) < flight_limit(flight);
}

void flight_asked(struct flight *flight) {
	assert(!flight->asked);
	flight->asked = true;
}

bool flight_captured(struct flight *flight) {
	bool key = flight->key_wanted;
	flight->asked = false;
	flight->coding++;
	if (key) {
		flight->key_wanted = false;
		flight->key_coming = true;
	}
	return key;
}

void flight_dropped(struct flight *flight, uint32_t frames) {
	flight->coding = frames < flight->coding ? flight->coding - frames : 0;
	if (flight->key_coming && flight->coding == 0) {
		flight->key_coming = false;
		flight->key_wanted = true;
	}
}

static struct flight_sent *sent_at(struct flight *flight, uint32_t i) {
	return &flight->sent[i % FLIGHT_MAX];
}

static uint32_t sent_begin(const struct flight *flight) {
	return flight->sent_count > FLIGHT_MAX ? flight->sent_count - FLIGHT_MAX : 0;
}

void flight_sent(struct flight *flight, uint32_t sequence, bool key, int64_t now) {
	if (flight->coding > 0) {
		flight->coding--;
	}
	struct flight_sent *entry = sent_at(flight, flight->sent_count);
	if (flight->sent_count >= FLIGHT_MAX && entry->open) {
		flight->open--; // the limit is below FLIGHT_MAX: only a stall leaves such a one behind
	}
	*entry = (struct flight_sent){.sequence = sequence, .at = now, .key = key, .open = true};
	flight->sent_count++;
	flight->open++;
	if (key) {
		flight->keys++;
		flight->key_coming = false;
		if (flight->stalled) {
			flight->key_awaited = sequence;
		}
	}
}

static void rtt_sample(struct flight *flight, int64_t sample, int64_t now) {
	if (sample < 0) {
		sample = 0; // the viewer's own times are its word only
	}
	if (now >= flight->rtt_window_end) {
		bool fresh = now < flight->rtt_window_end + RTT_WINDOW_NS;
		flight->rtt_window[1] = fresh ? flight->rtt_window[0] : -1;
		flight->rtt_window[0] = -1;
		flight->rtt_window_end = now + RTT_WINDOW_NS;
	}
	if (flight->rtt_window[0] < 0 || sample < flight->rtt_window[0]) {
		flight->rtt_window[0] = sample;
	}
	flight->rtt_ns = flight->rtt_window[0];
	if (flight->rtt_window[1] >= 0 && flight->rtt_window[1] < flight->rtt_ns) {
		flight->rtt_ns = flight->rtt_window[1];
	}
}

/* Sequences wrap after two years at 60 Hz; compare as a circle all the same. */
static bool not_after(uint32_t a, uint32_t b) {
	return (int32_t)(a - b) <= 0;
}

void flight_acked(struct flight *flight, const struct ack *ack, int64_t now, int64_t *latency_ns) {
	*latency_ns = -1;
	for (uint32_t i = sent_begin(flight); i < flight->sent_count; i++) {
		struct flight_sent *entry = sent_at(flight, i);
		if (!not_after(entry->sequence, ack->sequence)) {
			break;
		}
		if (entry->sequence == ack->sequence && entry->at != 0) {
			*latency_ns = now - entry->at;
			int64_t away = ((int64_t)ack->waited_us + ack->decoding_us) * 1000;
			rtt_sample(flight, *latency_ns - away, now);
			entry->at = 0; // its second ack measures nothing
		}
		if (entry->open) {
			entry->open = false;
			flight->open--;
		}
	}
	if (flight->key_awaited != 0 && not_after(flight->key_awaited, ack->sequence) &&
			flight->sent_count > 0 &&
			not_after(ack->sequence, sent_at(flight, flight->sent_count - 1)->sequence)) {
		flight->key_awaited = 0;
		flight->stalled = false;
	}
}

void flight_want_key(struct flight *flight, int64_t now) {
	if (flight->key_wanted || flight->key_coming) {
		return;
	}
	for (uint32_t i = sent_begin(flight); i < flight->sent_count; i++) {
		const struct flight_sent *entry = sent_at(flight, i);
		// its request crossed a keyframe that is still on its way
		if (entry->key && entry->open && now - entry->at < flight->rtt_ns) {
			return;
		}
	}
	flight->key_wanted = true;
}

void flight_force_key(struct flight *flight) {
	flight->key_wanted = true;
}

static const struct flight_sent *oldest_open(const struct flight *flight) {
	for (uint32_t i = sent_begin(flight); i < flight->sent_count; i++) {
		const struct flight_sent *entry = &flight->sent[i % FLIGHT_MAX];
		if (entry->open) {
			return entry;
		}
	}
	return NULL;
}

int64_t flight_deadline(const struct flight *flight) {
	if (flight->stalled || flight->open == 0) {
		return 0;
	}
	const struct flight_sent *oldest = oldest_open(flight);
	int64_t rtt = flight->rtt_window_end != 0 ? flight->rtt_ns : FLIGHT_UNKNOWN_NS;
	return oldest ? oldest->at + FLIGHT_PATIENCE_NS + rtt : 0;
}

bool flight_check(struct flight *flight, int64_t now) {
	int64_t deadline = flight_deadline(flight);
	if (deadline == 0 || now < deadline) {
		return false;
	}
	for (uint32_t i = sent_begin(flight); i < flight->sent_count; i++) {
		sent_at(flight, i)->open = false; // its time is kept: a late ack still tells the rtt
	}
	flight->open = 0;
	flight->stalled = true;
	flight->key_awaited = 0;
	flight->stalls++;
	if (!flight->key_coming) {
		flight->key_wanted = true;
	}
	return true;
}
