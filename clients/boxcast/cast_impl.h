/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_CAST_IMPL_H
#define BOXCAST_CAST_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "boxcast/again.h"
#include "boxcast/brief.h"
#include "boxcast/cast.h"
#include "boxcast/encoder.h"
#include "boxcast/flight.h"
#include "boxcast/lossless.h"
#include "boxcast/pace.h"
#include "boxcast/phase.h"
#include "boxcast/stats.h"
#include "boxcast/steps.h"
#include "boxcast/viewer.h"
#include "boxcast/window.h"

/* Private to cast.c, and to cast_ask.c, cast_send.c, cast_viewer.c and cast_window.c. */

struct cast {
	struct wl_event_source *timer;
	int64_t timer_at; // as it is set, 0: not
	struct window *window;
	struct lossless *lossless;
	struct encoder *encoder;
	struct viewer *viewer;
	struct flight flight;
	struct pace pace;
	struct brief brief;
	uint32_t carried; // bits a second that may be on the way, by pace and again; 0: any
	struct phase phase;
	struct again again;
	struct frame again_frame; // the last video frame, to be sent again behind the next one; size 0: none
	struct buf again_bytes;   // its payload
	struct steps steps;
	int64_t came_at, coded_at; // when the last coded frame was here, and came out of the encoder
	int64_t captured_at; // the last for video
	struct line_path path; // as boxd said it last; all 0: it never did
	struct line_drawn drawn; // likewise, the viewer
	const char *input;       // what the last capture was: "memfd", "dmabuf" or "own-dmabuf"
	bool tell;               // the viewer wants to know where the time goes
	struct stats stats;
	bool started; // boxland said all facts
	bool refreshed; // refresh was said and its frame has not come
	enum cast_state state;
	int result;
	int64_t ends_at;

	uint32_t sequence;     // of the last picture sent
	uint32_t whole;        // of the last that needed nothing, of either lane
	uint32_t key_sequence; // of the last keyframe of the video lane
	bool video_key;        // the next video frame is to be a keyframe
	bool accepting;        // boxland may send dmabufs
	bool tiled;            // the last picture went as tiles
	struct buf tiles;      // a payload, while it is made and sent
	char said_video[128];  // the control line in force
	struct scaled {
		struct picture_size size;
		uint32_t scale; // in 120ths
	} scaled[2]; // captures, the last one's and, where that differs, the one's before
	enum codec codec;
	const char *colour;
	struct picture_size picture, coded;
};

/* cast.c */
int64_t cast_now(void); // CLOCK_MONOTONIC, in ns
/* Ends our half of the exchange, NULL: in order; the viewer's is awaited. */
void cast_end_with(struct cast *cast, const struct op_refusal *why, int result);
/* The view is over at once. */
void cast_over(struct cast *cast, int result);

/* cast_ask.c */
/* Asks for a frame if the rule allows one; hurries the one asked for if a keyframe waits for it. */
void cast_ask(struct cast *cast);
/* When another frame may be asked for, 0: now, or it need not be waited for. */
int64_t cast_ask_at(const struct cast *cast, int64_t now);
/* When a window at rest is to be captured again, until it is exact there, 0: not. */
int64_t cast_refine_at(const struct cast *cast);
void cast_refine(struct cast *cast);
/* What there is to do to a window of this size. */
struct steps_task cast_task(const struct cast *cast, struct picture_size window);

/* cast_send.c */
extern const struct encoder_events cast_encoder_events;
/* Says what the next picture is, if that is new. */
void cast_say_video(struct cast *cast, struct picture_size picture, struct picture_size coded);
/* Sends a picture of either lane. came_ns: when its capture was here, coded_ns: when it was done. */
void cast_send(struct cast *cast, struct frame *frame, int64_t came_ns, int64_t coded_ns);

/* cast_viewer.c */
extern const struct viewer_events cast_viewer_events;
/* Bits a second on the way, of which the encoder's are a part. */
uint32_t cast_rate(const struct cast *cast);
/* Bits a second that the way leaves for what is captured, of either lane. */
uint32_t cast_room(const struct cast *cast, struct picture_size size);
/* Tells the encoder what the way carries. */
void cast_limit(struct cast *cast);

/* cast_window.c */
extern const struct window_events cast_window_events;
/* Whether boxland may send frames in a GPU's memory. */
void cast_accept(struct cast *cast, bool accept);
/* Of the captures of this size, in 120ths. */
uint32_t cast_scale(const struct cast *cast, struct picture_size size);

#endif
