/* SPDX-License-Identifier: MIT */
/*
 * stages.c - see stages.h. Pure: who measures is cast.c, the compositor and the viewer.
 */
#include "boxcast/stages.h"

#include <stdlib.h>
#include <string.h>

#define VIEWER_MAX_NS 60000000000 // of one stage, whatever a viewer says

static const char *const names[STAGES + 1] = {
	[STAGE_COMMIT] = "commit",
	[STAGE_CAPTURE] = "capture",
	[STAGE_ENCODE] = "encode",
	[STAGE_SEND] = "send",
	[STAGE_WAY] = "way",
	[STAGE_WAIT] = "wait",
	[STAGE_DECODE] = "decode",
	[STAGE_DRAW] = "draw",
	[STAGE_SHOW] = "show",
	[STAGES] = "total",
};

const char *stages_name(int stage) {
	return names[stage];
}

void stages_init(struct stages *stages) {
	memset(stages, 0, sizeof(*stages));
}

void stages_captured(struct stages *stages, uint64_t capture_ns, int64_t committed_ns) {
	stages->captures[stages->capture_next++ % STAGES_CAPTURES] =
		(struct stages_capture){capture_ns, committed_ns};
}

static int64_t committed_at(const struct stages *stages, uint64_t capture_ns) {
	for (size_t i = 0; i < STAGES_CAPTURES; i++) {
		if (stages->captures[i].capture_ns == capture_ns) {
			return stages->captures[i].committed_ns;
		}
	}
	return 0;
}

void stages_sent(struct stages *stages, uint32_t sequence, uint64_t capture_ns, int64_t came,
		int64_t coded, int64_t now) {
	stages->frames[sequence % STAGES_FRAMES] = (struct stages_frame){
		.sequence = sequence,
		.capture_ns = capture_ns,
		.committed = committed_at(stages, capture_ns),
		.came = came,
		.coded = coded,
		.sent = now,
		.wait = -1,
	};
}

void stages_network(struct stages *stages, int64_t least) {
	stages->network_least = least;
}

static void window_turn(struct stages *stages, int64_t now) {
	if (now >= stages->window_end) {
		bool fresh = now < stages->window_end + STAGES_WINDOW_NS;
		stages->least[1] = stages->least[0];
		stages->least[1].known = fresh && stages->least[0].known;
		stages->least[0].known = false;
		stages->window_end = now + STAGES_WINDOW_NS;
	}
}

/* An ack came: round trip without the viewer's part, and its arrival less its departure. */
static void note(struct stages *stages, int64_t rtt, int64_t back) {
	rtt = rtt > 0 ? rtt : 0;
	if (!stages->least[0].known || rtt < stages->least[0].rtt) {
		stages->least[0].rtt = rtt;
	}
	if (!stages->least[0].known || back < stages->least[0].back) {
		stages->least[0].back = back;
	}
	stages->least[0].known = true;
}

/* What this clock shows less what the viewer's does. */
static int64_t clock_difference(const struct stages *stages) {
	int64_t rtt = INT64_MAX, back = INT64_MAX;
	for (int i = 0; i < 2; i++) {
		if (stages->least[i].known) {
			rtt = stages->least[i].rtt < rtt ? stages->least[i].rtt : rtt;
			back = stages->least[i].back < back ? stages->least[i].back : back;
		}
	}
	// of packets smaller than any frame, so a narrow line does not count as a long one
	if (stages->network_least > 0 && stages->network_least < rtt) {
		rtt = stages->network_least;
	}
	return back - rtt / 2;
}

/* A stranger's word: far from where a sum could overflow. */
static int64_t viewer_time(uint64_t ns) {
	return ns < INT64_MAX / 4 ? (int64_t)ns : INT64_MAX / 4;
}

/* On the viewer's clock, but for now. */
struct shown {
	int64_t drawn, presented;
};

static void sample(struct stages *stages, const struct stages_frame *frame,
		const struct shown *shown, int64_t now) {
	int64_t arrived = frame->decoded - frame->decode - frame->wait + clock_difference(stages);
	const int64_t ns[STAGES] = {
		[STAGE_COMMIT] = (int64_t)frame->capture_ns - frame->committed,
		[STAGE_CAPTURE] = frame->came - (int64_t)frame->capture_ns,
		[STAGE_ENCODE] = frame->coded - frame->came,
		[STAGE_SEND] = frame->sent - frame->coded,
		[STAGE_WAY] = arrived - frame->sent,
		[STAGE_WAIT] = frame->wait,
		[STAGE_DECODE] = frame->decode,
		[STAGE_DRAW] = shown->drawn - frame->decoded,
		[STAGE_SHOW] = shown->presented - shown->drawn,
	};
	struct stages_sample *new = &stages->samples[stages->sample_count++ % STAGES_SAMPLES];
	*new = (struct stages_sample){.at = now};
	for (int i = 0; i < STAGES; i++) {
		int64_t us = ns[i] < VIEWER_MAX_NS ? ns[i] / 1000 : VIEWER_MAX_NS / 1000;
		new->us[i] = us > 0 ? us : 0;
		new->us[STAGES] += new->us[i];
	}
}

static void handle_decoded(struct stages *stages, struct stages_frame *frame,
		const struct ack *ack, int64_t now) {
	frame->wait = (int64_t)ack->waited_us * 1000;
	frame->decode = (int64_t)ack->decoding_us * 1000;
	frame->decoded = viewer_time(ack->at_ns);
	note(stages, now - frame->sent - frame->wait - frame->decode, now - frame->decoded);
}

void stages_acked(struct stages *stages, const struct ack *ack, int64_t now) {
	struct stages_frame *frame = &stages->frames[ack->sequence % STAGES_FRAMES];
	if (ack->sequence == 0 || frame->sequence != ack->sequence) {
		return; // too long ago
	}
	window_turn(stages, now);
	if (ack->presented_ns == 0 && frame->wait < 0) {
		handle_decoded(stages, frame, ack, now);
	} else if (ack->presented_ns != 0 && frame->wait >= 0) {
		const struct shown shown = {viewer_time(ack->at_ns), viewer_time(ack->presented_ns)};
		if (frame->committed != 0) {
			sample(stages, frame, &shown, now);
		}
		frame->sequence = 0;
	}
}

static int compare(const void *a, const void *b) {
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

size_t stages_tell(const struct stages *stages, int64_t now,
		struct stages_told told[static STAGES + 1]) {
	uint64_t end = stages->sample_count, begin = end;
	while (begin > 0 && end - begin < STAGES_SAMPLES &&
			stages->samples[(begin - 1) % STAGES_SAMPLES].at > now - STAGES_KEPT_NS) {
		begin--;
	}
	size_t count = (size_t)(end - begin);
	uint32_t us[STAGES_SAMPLES];
	memset(told, 0, (STAGES + 1) * sizeof(told[0]));
	for (int stage = 0; count > 0 && stage <= STAGES; stage++) {
		uint64_t sum = 0;
		for (size_t i = 0; i < count; i++) {
			int64_t one = stages->samples[(begin + i) % STAGES_SAMPLES].us[stage];
			us[i] = one < UINT32_MAX ? (uint32_t)one : UINT32_MAX;
			sum += us[i];
		}
		qsort(us, count, sizeof(us[0]), compare);
		told[stage] = (struct stages_told){
			.median = us[count / 2],
			.high = us[(count - 1) * 95 / 100],
			.mean = (uint32_t)(sum / count),
		};
	}
	return count;
}
