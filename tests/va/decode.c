/* SPDX-License-Identifier: MIT */
/*
 * decode.c - the unit that decodes H.264, by FFmpeg's library. VA-API carries slices, and what their
 * parameter sets said as numbers: the sets are written anew from these, for a library that reads them.
 * That suffices for what encoders without delay make: frames in the order they are shown in, progressive,
 * without lists of scaling, sets with the number 0.
 *
 * The library comes with gstreamer1.0-libav; its headers are in a package that nothing else needs. What
 * is used of it is declared here, as its version 61 has it, and nothing is decoded when that is not there.
 */
#include "va/driver.h"

#include <dlfcn.h>
#include <libyuv.h>
#include <stdlib.h>
#include <string.h>

#define LIBRARY "libavcodec.so.61"
#define UTIL "libavutil.so.59"
#define UNIT_MAX (4u << 20)
#define SETS_MAX 128 // bytes of both parameter sets

/* The beginnings of AVPacket and AVFrame. */
struct av_packet {
	void *buf;
	int64_t pts, dts;
	uint8_t *data;
	int size;
};
struct av_frame {
	uint8_t *data[8];
	int linesize[8];
	uint8_t **extended_data;
	int width, height;
};

static struct {
	const void *(*find_decoder)(const char *name);
	void *(*alloc_context)(const void *codec);
	int (*open)(void *context, const void *codec, void **options);
	void (*free_context)(void **context);
	int (*send)(void *context, const struct av_packet *packet);
	int (*receive)(void *context, struct av_frame *frame);
	struct av_packet *(*alloc_packet)(void);
	int (*new_packet)(struct av_packet *packet, int size);
	void (*free_packet)(struct av_packet **packet);
	struct av_frame *(*alloc_frame)(void);
	void (*free_frame)(struct av_frame **frame);
	int (*set)(void **options, const char *name, const char *value, int flags);
	void (*free_options)(void **options);
} av;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool loaded;

static void load(void) {
	void *codec = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL), *util = dlopen(UTIL, RTLD_NOW | RTLD_LOCAL);
	const struct {
		void *library;
		const char *name;
		void *to;
	} symbols[] = {
		{codec, "avcodec_find_decoder_by_name", &av.find_decoder},
		{codec, "avcodec_alloc_context3", &av.alloc_context},
		{codec, "avcodec_open2", &av.open},
		{codec, "avcodec_free_context", &av.free_context},
		{codec, "avcodec_send_packet", &av.send},
		{codec, "avcodec_receive_frame", &av.receive},
		{codec, "av_packet_alloc", &av.alloc_packet},
		{codec, "av_new_packet", &av.new_packet},
		{codec, "av_packet_free", &av.free_packet},
		{util, "av_frame_alloc", &av.alloc_frame},
		{util, "av_frame_free", &av.free_frame},
		{util, "av_dict_set", &av.set},
		{util, "av_dict_free", &av.free_options},
	};
	loaded = codec && util;
	for (size_t i = 0; loaded && i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		void *symbol = dlsym(symbols[i].library, symbols[i].name);
		memcpy(symbols[i].to, &symbol, sizeof(symbol));
		loaded = symbol;
	}
}

bool can_decode(void) {
	pthread_once(&once, load);
	return loaded;
}

struct decoder {
	void *context;
	struct av_frame *frame;
	VAPictureParameterBufferH264 picture;
	uint32_t references; // of the slices, when they do not say it themselves
	uint8_t *slices;     // with start codes
	size_t size;
};

struct decoder *decoder_create(void) {
	struct decoder *decoder = calloc(1, sizeof(*decoder));
	void *options = NULL;
	if (!decoder) {
		return NULL;
	}
	const void *codec = av.find_decoder("h264");
	decoder->context = codec ? av.alloc_context(codec) : NULL;
	decoder->frame = av.alloc_frame();
	decoder->slices = malloc(UNIT_MAX);
	av.set(&options, "threads", "1", 0);
	av.set(&options, "flags", "low_delay", 0);
	bool open = decoder->context && decoder->frame && decoder->slices &&
		av.open(decoder->context, codec, &options) == 0;
	av.free_options(&options);
	if (!open) {
		decoder_destroy(decoder);
		return NULL;
	}
	return decoder;
}

void decoder_destroy(struct decoder *decoder) {
	if (decoder) {
		av.free_context(&decoder->context);
		av.free_frame(&decoder->frame);
		free(decoder->slices);
		free(decoder);
	}
}

static const uint8_t start_code[] = {0, 0, 0, 1};

VAStatus decoder_take(struct decoder *decoder, const struct buffer *buffer) {
	const VASliceParameterBufferH264 *slice = (const void *)buffer->bytes;
	size_t size = (size_t)buffer->size * buffer->count;
	switch ((int)buffer->type) {
	case VAPictureParameterBufferType:
		memcpy(&decoder->picture, buffer->bytes, sizeof(decoder->picture));
		decoder->size = 0;
		break;
	case VASliceParameterBufferType:
		decoder->references = slice->num_ref_idx_l0_active_minus1;
		break;
	case VASliceDataBufferType:
		if (size > UNIT_MAX - decoder->size - sizeof(start_code)) {
			return VA_STATUS_ERROR_NOT_ENOUGH_BUFFER;
		}
		memcpy(decoder->slices + decoder->size, start_code, sizeof(start_code));
		memcpy(decoder->slices + decoder->size + sizeof(start_code), buffer->bytes, size);
		decoder->size += sizeof(start_code) + size;
		break;
	default:
		break; // scaling: there is none
	}
	return VA_STATUS_SUCCESS;
}

// parameter sets, ITU-T H.264, 7.3.2

struct bits {
	uint8_t bytes[SETS_MAX];
	uint32_t count;
};

static void put(struct bits *bits, uint32_t count, uint32_t value) {
	while (count-- > 0) {
		if (value >> count & 1) {
			bits->bytes[bits->count / 8] |= (uint8_t)(0x80 >> bits->count % 8);
		}
		bits->count++;
	}
}

static void put_ue(struct bits *bits, uint32_t value) {
	uint32_t zeros = 0;
	while ((value + 1) >> (zeros + 1)) {
		zeros++;
	}
	put(bits, zeros, 0);
	put(bits, zeros + 1, value + 1);
}

static void put_se(struct bits *bits, int32_t value) {
	put_ue(bits, value > 0 ? (uint32_t)value * 2 - 1 : (uint32_t)-value * 2);
}

static void put_sequence(struct bits *bits, const VAPictureParameterBufferH264 *picture) {
	put(bits, 8, 100); // high
	put(bits, 8, 0);
	put(bits, 8, 51);
	put_ue(bits, 0);
	put_ue(bits, 1); // 4:2:0
	put_ue(bits, 0); // 8 bits
	put_ue(bits, 0);
	put(bits, 2, 0);
	put_ue(bits, picture->seq_fields.bits.log2_max_frame_num_minus4);
	put_ue(bits, picture->seq_fields.bits.pic_order_cnt_type);
	if (picture->seq_fields.bits.pic_order_cnt_type == 0) {
		put_ue(bits, picture->seq_fields.bits.log2_max_pic_order_cnt_lsb_minus4);
	}
	put_ue(bits, picture->num_ref_frames);
	put(bits, 1, picture->seq_fields.bits.gaps_in_frame_num_value_allowed_flag);
	put_ue(bits, picture->picture_width_in_mbs_minus1);
	put_ue(bits, picture->picture_height_in_mbs_minus1);
	put(bits, 1, 1); // frames
	put(bits, 1, picture->seq_fields.bits.direct_8x8_inference_flag);
	put(bits, 1, 0); // nothing is cropped: that is told who asked
	put(bits, 1, 1);
	put(bits, 8, 0); // of usability: nothing
	put(bits, 1, 1); // but that no frame waits for another
	put(bits, 1, 1);
	put_ue(bits, 0);
	put_ue(bits, 0);
	put_ue(bits, 16);
	put_ue(bits, 16);
	put_ue(bits, 0);
	put_ue(bits, picture->num_ref_frames);
	put(bits, 1, 1); // the end
}

static void put_picture(struct bits *bits, const VAPictureParameterBufferH264 *picture,
		uint32_t references) {
	put_ue(bits, 0);
	put_ue(bits, 0);
	put(bits, 1, picture->pic_fields.bits.entropy_coding_mode_flag);
	put(bits, 1, picture->pic_fields.bits.pic_order_present_flag);
	put_ue(bits, 0);
	put_ue(bits, references);
	put_ue(bits, 0);
	put(bits, 1, picture->pic_fields.bits.weighted_pred_flag);
	put(bits, 2, picture->pic_fields.bits.weighted_bipred_idc);
	put_se(bits, picture->pic_init_qp_minus26);
	put_se(bits, picture->pic_init_qs_minus26);
	put_se(bits, picture->chroma_qp_index_offset);
	put(bits, 1, picture->pic_fields.bits.deblocking_filter_control_present_flag);
	put(bits, 1, picture->pic_fields.bits.constrained_intra_pred_flag);
	put(bits, 1, picture->pic_fields.bits.redundant_pic_cnt_present_flag);
	put(bits, 1, picture->pic_fields.bits.transform_8x8_mode_flag);
	put(bits, 1, 0);
	put_se(bits, picture->second_chroma_qp_index_offset);
	put(bits, 1, 1); // the end
}

/* A NAL unit, with what keeps start codes out of it. Its end. */
static uint8_t *write_unit(uint8_t *to, uint8_t header, const struct bits *bits) {
	memcpy(to, start_code, sizeof(start_code));
	to += sizeof(start_code);
	*to++ = header;
	int zeros = 0;
	for (uint32_t i = 0; i < (bits->count + 7) / 8; i++) {
		if (zeros == 2 && bits->bytes[i] <= 3) {
			*to++ = 3;
			zeros = 0;
		}
		zeros = bits->bytes[i] == 0 ? zeros + 1 : 0;
		*to++ = bits->bytes[i];
	}
	return to;
}

static bool decoder_send(struct decoder *decoder) {
	uint8_t sets[SETS_MAX * 4];
	struct bits sequence = {0}, picture = {0};
	put_sequence(&sequence, &decoder->picture);
	put_picture(&picture, &decoder->picture, decoder->references);
	size_t size = (size_t)(write_unit(write_unit(sets, 0x67, &sequence), 0x68, &picture) - sets);
	struct av_packet *packet = av.alloc_packet();
	bool sent = false;
	if (packet && av.new_packet(packet, (int)(size + decoder->size)) == 0) {
		memcpy(packet->data, sets, size);
		memcpy(packet->data + size, decoder->slices, decoder->size);
		sent = av.send(decoder->context, packet) == 0;
	}
	av.free_packet(&packet);
	return sent;
}

VAStatus decoder_decode(struct decoder *decoder, struct surface *target) {
	const struct av_frame *frame = decoder->frame;
	if (decoder->size == 0 || decoder->picture.pic_fields.bits.field_pic_flag ||
			decoder->picture.seq_fields.bits.pic_order_cnt_type == 1) {
		return VA_STATUS_ERROR_UNIMPLEMENTED;
	}
	if (is_broken() || !decoder_send(decoder) ||
			av.receive(decoder->context, decoder->frame) != 0) {
		return VA_STATUS_ERROR_DECODING_ERROR;
	}
	int width = frame->width < target->width ? frame->width : target->width;
	int height = frame->height < target->height ? frame->height : target->height;
	I420ToNV12(frame->data[0], frame->linesize[0], frame->data[1], frame->linesize[1],
		frame->data[2], frame->linesize[2], target->bytes + target->offset[0],
		(int)target->pitch[0], target->bytes + target->offset[1], (int)target->pitch[1], width,
		height);
	return VA_STATUS_SUCCESS;
}
