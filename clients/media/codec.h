/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_MEDIA_CODEC_H
#define CLIENTS_MEDIA_CODEC_H

#include <stdbool.h>
#include <stddef.h>

/* The kinds of video that are made and shown. Units are whole: with start codes, of AV1 temporal units. */
enum codec {
	CODEC_H264,
	CODEC_H265,
	CODEC_AV1,
	CODECS,
};

const char *codec_name(enum codec codec); // "h264", as the control line video has it
const char *codec_constraint(enum codec codec); // "video!*!*!codec=h264"
const char *codec_caps(enum codec codec); // for GStreamer
bool codec_find(const char *name, enum codec *codec);

/* Some of them, the best first. */
struct codec_list {
	enum codec codecs[CODECS];
	size_t count;
};
/* Appends a codec, unless it is in the list. */
void codec_list_add(struct codec_list *list, enum codec codec);
/* Appends what meets a constraint; of a constraint that is none, nothing. */
void codec_list_add_wanted(struct codec_list *list, const char *want);
/* Its place in the list; CODECS: it is not there. */
size_t codec_list_place(const struct codec_list *list, enum codec codec);
bool codec_list_equal(const struct codec_list *a, const struct codec_list *b);

#endif
