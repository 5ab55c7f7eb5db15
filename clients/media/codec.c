/* SPDX-License-Identifier: MIT */
/*
 * codec.c - the kinds of video, and which of them somebody takes. Pure.
 */
#include "media/codec.h"

#include <string.h>

#include "box/cnstr.h"

static const struct {
	const char *name, *constraint, *caps;
} codecs[CODECS] = {
	[CODEC_H264] = {"h264", "video!*!*!codec=h264",
		"video/x-h264,stream-format=byte-stream,alignment=au"},
	[CODEC_H265] = {"h265", "video!*!*!codec=h265",
		"video/x-h265,stream-format=byte-stream,alignment=au"},
	[CODEC_AV1] = {"av1", "video!*!*!codec=av1", "video/x-av1,stream-format=obu-stream,alignment=tu"},
};

const char *codec_name(enum codec codec) {
	return codecs[codec].name;
}

const char *codec_constraint(enum codec codec) {
	return codecs[codec].constraint;
}

const char *codec_caps(enum codec codec) {
	return codecs[codec].caps;
}

bool codec_find(const char *name, enum codec *codec) {
	for (enum codec i = 0; i < CODECS; i++) {
		if (strcmp(codecs[i].name, name) == 0) {
			*codec = i;
			return true;
		}
	}
	return false;
}

void codec_list_add(struct codec_list *list, enum codec codec) {
	if (codec_list_place(list, codec) == CODECS) {
		list->codecs[list->count++] = codec;
	}
}

void codec_list_add_wanted(struct codec_list *list, const char *want) {
	for (enum codec i = 0; i < CODECS; i++) {
		if (cnstr_text_meets(codecs[i].constraint, want)) {
			codec_list_add(list, i);
		}
	}
}

size_t codec_list_place(const struct codec_list *list, enum codec codec) {
	size_t i = 0;
	while (i < list->count && list->codecs[i] != codec) {
		i++;
	}
	return i < list->count ? i : CODECS;
}

bool codec_list_equal(const struct codec_list *a, const struct codec_list *b) {
	return a->count == b->count &&
		memcmp(a->codecs, b->codecs, a->count * sizeof(a->codecs[0])) == 0;
}
