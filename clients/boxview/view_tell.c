/* SPDX-License-Identifier: MIT */
/*
 * view_tell.c - what a view tells of itself: on its panel, and to the desktop that started it. How a
 * panel looks is panel_draw.c's.
 */
#include "boxview/view_impl.h"

#include <inttypes.h>
#include <stdio.h>

#include "box-view-v1-client-protocol.h"

void view_say_panel(struct view *view, int64_t now) {
	const double seconds = view->panel.said_at ? (double)(now - view->panel.said_at) / 1e9 : 0;
	const struct panel_facts facts = {
		.from = view->from,
		.codec = view->tiled ? "lossless" : codec_name(view->video.codec),
		.width = view->video.width,
		.height = view->video.height,
		.fps = seconds > 0 ? (double)(view->drawn - view->panel.drawn) / seconds : -1,
		.decoder = view->tiled ? "tiles" : decoder_name(view->decoder),
		.presenter = window_path(view->window),
		.stages = view->panel.told ? &view->panel.stages : NULL,
	};
	window_set_panel(view->window, &facts);
	view->panel.drawn = view->drawn;
	view->panel.said_at = now;
}

void view_tell_stats(struct view *view) {
	uint32_t wait[2], decode[2], draw[2], present[2];
	times_take(&view->wait, &wait[0], &wait[1]);
	times_take(&view->decode, &decode[0], &decode[1]);
	times_take(&view->draw, &draw[0], &draw[1]);
	times_take(&view->present, &present[0], &present[1]);
	view->stats_since = 0;
	if (!view->globals.box_view) {
		return;
	}
	char text[2048];
	snprintf(text, sizeof(text),
		"way %s → %s\npicture %dx%d %s\nfrom %s\nsize %dx%d\ncoded %dx%d\nlane %s\npresent %s\ndecoder %s\n"
		"decoded %" PRIu64 "\nshown %" PRIu64 "\nunseen %" PRIu64 "\ndropped %u\n"
		"keyframes-asked %u\ncapture-ns %" PRIu64 "\n"
		"wait-us %u %u\ndecode-us %u %u\ndraw-us %u %u\npresent-us %u %u\n",
		view->tiled ? "tiles" : decoder_name(view->decoder), window_path(view->window),
		view->video.width, view->video.height, view->tiled ? "lossless" : codec_name(view->video.codec),
		view->from, view->video.width, view->video.height,
		view->video.coded_width, view->video.coded_height, view->tiled ? "tiles" : "video",
		window_path(view->window),
		decoder_name(view->decoder), view->decoded, view->drawn, view->unseen,
		view->order.dropped, view->order.asked, view->shown_capture_ns, wait[0], wait[1],
		decode[0], decode[1], draw[0], draw[1], present[0], present[1]);
	box_view_v1_stats(view->globals.box_view, text);
}
