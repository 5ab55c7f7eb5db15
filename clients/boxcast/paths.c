/* SPDX-License-Identifier: MIT */
/*
 * paths.c - the ways to encode that are tried, in order of preference. Which of them are there, and
 * what follows when one fails, is encoder.c's.
 *
 * A keyframe comes only when asked for: no automatic ones, no scene cuts. One reference, no B frames,
 * a rate buffer of 50 ms: a frame is small and never waits for another. No quantizer below 15, where
 * nobody sees a difference: a window nearly at rest is not sent for ever.
 */
#include "boxcast/paths.h"

#include <stddef.h>

// converts and scales; a new size is for the pictures behind those that are on their way
#define POST "vapostproc ! capsfilter name=size caps-change-mode=delayed ! "

/*
 * An encoder of VA-API: of dmabufs, which need no CPU, and of memory. The latter copies into buffers that
 * are as large as the first picture as long as it lives (GStreamer 1.26).
 */
#define VA(codec_, element, options) \
	{ \
		.name = element "-dmabuf", \
		.codec = codec_, \
		.needs = {element, "vapostproc"}, \
		.input = PIPELINE_DMABUF, \
		.render_node = true, \
		.launch = POST element " name=enc " options, \
		.rate = "bitrate", \
		.rate_unit = 1000, \
		.buffer = "cpb-size", \
	}, { \
		.name = element, \
		.codec = codec_, \
		.needs = {element}, \
		.input = PIPELINE_NV12, \
		.render_node = true, \
		.launch = element " name=enc " options, \
		.one_size = true, \
		.rate = "bitrate", \
		.rate_unit = 1000, \
		.buffer = "cpb-size", \
	}
// no larger distance of keyframes is taken
#define VA_OPTIONS "rate-control=cbr b-frames=0 ref-frames=1 key-int-max=1024 target-usage=6 min-qp=15"
// a group of one frame refers to none that comes later; quantizers go to 255
#define VA_AV1_OPTIONS "rate-control=cbr gf-group-size=1 hierarchical-level=1 ref-frames=1 " \
	"key-int-max=1024 target-usage=6 min-qp=60"

/* The unit that needs less power first: it disturbs a game least, and some processors have no other. */
static const struct pipeline_path paths[] = {
	VA(CODEC_H264, "vah264lpenc", VA_OPTIONS),
	VA(CODEC_H264, "vah264enc", VA_OPTIONS),
	VA(CODEC_H265, "vah265lpenc", VA_OPTIONS),
	VA(CODEC_H265, "vah265enc", VA_OPTIONS),
	VA(CODEC_AV1, "vaav1lpenc", VA_AV1_OPTIONS),
	VA(CODEC_AV1, "vaav1enc", VA_AV1_OPTIONS),
	{
		.name = "x264",
		.needs = {"x264enc"},
		.input = PIPELINE_I420,
		.launch = "x264enc name=enc tune=zerolatency speed-preset=ultrafast bframes=0 ref=1 "
			"b-adapt=false rc-lookahead=0 sync-lookahead=0 sliced-threads=true threads=2 "
			"vbv-buf-capacity=50 qp-min=15 key-int-max=1073741824 aud=false byte-stream=true "
			"option-string=scenecut=0",
		.rate = "bitrate",
		.rate_unit = 1000,
	},
	{
		.name = "openh264",
		.needs = {"openh264enc"},
		.input = PIPELINE_I420,
		.launch = "openh264enc name=enc complexity=low rate-control=bitrate gop-size=1073741824 "
			"scene-change-detection=false background-detection=false multi-thread=2",
		.rate = "bitrate",
		.rate_unit = 1,
	},
	{
		// this and the next are several times the work of x264: for viewers that take nothing else
		.name = "x265",
		.codec = CODEC_H265,
		.needs = {"x265enc"},
		.input = PIPELINE_I420,
		.launch = "x265enc name=enc tune=zerolatency speed-preset=ultrafast key-int-max=-1 "
			"option-string=bframes=0:ref=1:scenecut=0:rc-lookahead=0:frame-threads=1:repeat-headers=1:"
			"log-level=error",
		.rate = "bitrate",
		.rate_unit = 1000,
	},
	{
		.name = "aom",
		.codec = CODEC_AV1,
		.needs = {"av1enc"},
		.input = PIPELINE_I420,
		.launch = "av1enc name=enc usage-profile=realtime cpu-used=10 end-usage=cbr lag-in-frames=0 "
			"keyframe-mode=disabled threads=2 tile-columns=1 row-mt=true min-quantizer=15 "
			"max-quantizer=63 buf-sz=50 buf-initial-sz=50 buf-optimal-sz=50",
		.rate = "target-bitrate",
		.rate_unit = 1000,
	},
};
_Static_assert(sizeof(paths) / sizeof(paths[0]) == PATHS, "as paths.h says");

const struct pipeline_path *path_at(uint32_t i) {
	return &paths[i];
}
