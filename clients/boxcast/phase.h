/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_PHASE_H
#define BOXCAST_PHASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The window's frame clock, locked to the refresh of the viewer's screen: a picture that is there just
 * before the screen takes one is a refresh younger than one that comes just behind, and of two that come
 * between the same two refreshes one is never seen. The viewer says of each picture shown how long it lay
 * ready; the clock moves so that this is no longer than the jitter of the way asks for, and its period
 * follows the screen's.
 *
 * Pure: times are ns of our clock and given by the caller; of the viewer's only a difference is known.
 */

#define PHASE_SAMPLES 128         // pictures shown lately, of which the phase is found
#define PHASE_LOOK 16             // new ones between two looks
#define PHASE_CAPTURES 128        // remembered, as many as may be under way
#define PHASE_MARGIN_NS 1000000   // ready so long before the latest may be, besides the jitter
#define PHASE_SLOWEST_NS 50000000 // 20 Hz; a screen outside of these is not followed
#define PHASE_FASTEST_NS 4000000  // 250 Hz

struct phase {
	int64_t refresh_ns; // of the viewer's screen as it says itself; 0: not known
	int64_t period_ns;  // the same as found
	int64_t tick_ns;    // when the clock ticks, and at each period from there
	int64_t steady_ns;  // captures before this may be of the clock as it was
	struct {
		uint64_t capture_ns; // 0: none
		int64_t tick_ns;     // for which it was drawn
		bool regular;        // drawn at the clock, and not decoded yet
		uint64_t decoded_ns; // by the viewer's clock; 0: not yet
	} captures[PHASE_CAPTURES]; // ring
	uint32_t captured; // ever
	int64_t last_capture_ns;
	uint64_t presented_ns; // when the viewer's screen refreshed last, by its clock; 0: not known
	int64_t draw_ns;       // from decoded until given to that screen
	int64_t due[PHASE_SAMPLES]; // ring: ticks at which those pictures would just have been in time
	uint32_t count, looked;     // ever, since refresh_ns is known; at the last look
};

void phase_init(struct phase *phase);
/*
 * A picture was captured. divisor: of so many ticks one is. What a window draws at a rate of its own says
 * nothing of the clock.
 */
void phase_captured(struct phase *phase, uint64_t capture_ns, uint32_t divisor);
/*
 * Of phase_set_refresh and phase_decoded, true: the clock is to tick at tick_ns from now on, and each period_ns from there.
 *
 * The viewer's screen refreshes so often. What is no screen's rate is passed over.
 */
bool phase_set_refresh(struct phase *phase, int64_t refresh_ns, int64_t now);
/*
 * That picture was decoded, at at_ns of the viewer's clock; whether it will be seen or the next comes before,
 * it tells how it lay to the refreshes: the late ones are those that are never shown.
 */
bool phase_decoded(struct phase *phase, uint64_t capture_ns, uint64_t at_ns, int64_t now);
/*
 * And was given to the screen, and shown at a refresh, by the viewer's clock. A screen that takes a picture a
 * refresh before it shows it is no other than one that shows it at once.
 */
void phase_shown(struct phase *phase, uint64_t capture_ns, uint64_t drawn_ns, uint64_t presented_ns);
/* The rate of the viewer's screen, in mHz; 0: not known. */
uint32_t phase_refresh_mhz(const struct phase *phase);

#endif
