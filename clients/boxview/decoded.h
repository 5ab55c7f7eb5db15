/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_DECODED_H
#define BOXVIEW_DECODED_H

#include <gst/gst.h>

#include "boxview/picture.h"

/*
 * A picture of what a decoder gave, which is taken over. One in a graphics processor's memory stays there until
 * it is mapped, and can be handed out. NULL: no memory, or not a format we asked for.
 */
struct picture *decoded_create(GstSample *sample);

#endif
