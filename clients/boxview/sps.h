/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_SPS_H
#define BOXVIEW_SPS_H

#include <stddef.h>
#include <stdint.h>

#include "media/codec.h"

/*
 * What a stranger's parameter sets would make a decoder allocate, looked at before it sees them (ITU-T
 * H.264, 7.3.2.1 and annex B; H.265, 7.3.2.2). Only what we show is let through: 8 bits, 4:2:0, pictures of at most
 * SPS_SIDE_MAX a side, whose references together are at most SPS_MACROBLOCKS_MAX.
 */
#define SPS_SIDE_MAX 8192
#define SPS_MACROBLOCKS_MAX (4 * 65536) // four pictures of 4096x4096

/* NULL: the access unit may be decoded; else what is wrong with it. */
const char *sps_trouble(enum codec codec, const uint8_t *bytes, size_t size);

/*
 * Lets H.264 have room for two pictures where its sets say one, which is a reference. GStreamer's
 * decoders for graphics processors give a picture out at once only while there is room for another; with
 * one they hold each back until the next. What does not say it, or says more, is left as it is.
 */
void sps_make_room(uint8_t *bytes, size_t size);

#endif
