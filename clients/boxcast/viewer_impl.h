/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_VIEWER_IMPL_H
#define BOXCAST_VIEWER_IMPL_H

#include "box/held.h"
#include "boxcast/allowance.h"
#include "boxcast/viewer.h"
#include "net/exchange.h"

/* Private to viewer.c and viewer_control.c. */

struct viewer {
	struct exchange *exchange;
	const struct viewer_events *events;
	void *data;
	struct held held;
	struct allowance allowance;
	bool paused, broke; // for the window's sake; for what was asked already
	struct picture_size size; // asked, and not passed on yet; width 0: none
	int64_t size_at;          // when the last was
	bool scale_asked;         // likewise
	uint32_t scale;
	int64_t scale_at;
	bool ending; // our half
	bool over;   // ended was called
	uint32_t said; // control frames
	struct codec_list takes; // of the control frame that is read
	bool takes_said;
	char *keymap; // the last one passed on, so that it is compiled once
	int bad_keymaps;
};

/* viewer.c */
int64_t viewer_now(void); // CLOCK_MONOTONIC, in ns
void viewer_sooner(int64_t *deadline, int64_t other);
void viewer_release_all(struct viewer *viewer);
/* What is asked too much is not read before it was earned. */
void viewer_spend(struct viewer *viewer, uint32_t count, int64_t now);

/* viewer_control.c */
void viewer_take_control(struct viewer *viewer, const struct frame *frame);
/* Pass on what was asked, no oftener than is well. */
void viewer_pass_size(struct viewer *viewer, int64_t now);
void viewer_pass_scale(struct viewer *viewer, int64_t now);
/* When there is something to pass on, 0: nothing is. */
int64_t viewer_pass_at(const struct viewer *viewer);

#endif
