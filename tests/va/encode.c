/* SPDX-License-Identifier: MIT */
/*
 * encode.c - the units that encode H.264, by libx264, one picture at a time. The parameters libva
 * carries are followed as far as a picture shows them: size, rate, its buffer, quantizers, keyframes.
 *
 * With BOXLAND_VA_FAILS=N in the environment all of the process fails behind the N-th picture, as a
 * graphics processor does that is reset.
 */
#include "va/driver.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <x264.h>

#define RATE_FIRST 4000 // kbit/s, until one is told

struct encoder {
	x264_t *x264; // NULL until the first picture
	x264_param_t param;
	const char *profile;
	bool constant_quality;
	int width, height; // of whole macroblocks
	VABufferID coded;
	bool idr;
	int64_t pictures;

	int crop_right, crop_bottom;
	int rate, buffer; // kbit/s, kbit
	int quantizer, quantizer_min;
	uint32_t fps_num, fps_den;
};

bool is_broken(void) {
	static atomic_uint pictures; // of all encoders and decoders
	const char *most = getenv("BOXLAND_VA_FAILS");
	return most && atomic_fetch_add(&pictures, 1) >= strtoul(most, NULL, 10);
}

struct encoder *encoder_create(VAProfile profile, uint32_t rate_control) {
	struct encoder *encoder = calloc(1, sizeof(*encoder));
	if (encoder) {
		encoder->profile = profile == VAProfileH264High ? "high" :
			profile == VAProfileH264Main ? "main" : "baseline";
		encoder->constant_quality = !(rate_control & (VA_RC_CBR | VA_RC_VBR));
		encoder->rate = RATE_FIRST;
		encoder->quantizer = 26;
		encoder->fps_num = 60;
		encoder->fps_den = 1;
	}
	return encoder;
}

void encoder_destroy(struct encoder *encoder) {
	if (!encoder) {
		return;
	}
	if (encoder->x264) {
		x264_encoder_close(encoder->x264);
	}
	free(encoder);
}

static void take_sequence(struct encoder *encoder, const VAEncSequenceParameterBufferH264 *given) {
	if (given->bits_per_second > 0) {
		encoder->rate = (int)(given->bits_per_second / 1000);
	}
	if (given->time_scale > 0 && given->num_units_in_tick > 0) { // of fields
		encoder->fps_num = given->time_scale;
		encoder->fps_den = given->num_units_in_tick * 2;
	}
	encoder->width = given->picture_width_in_mbs * 16;
	encoder->height = given->picture_height_in_mbs * 16;
	encoder->crop_right = encoder->crop_bottom = 0;
	if (given->frame_cropping_flag) { // of chroma
		encoder->crop_right = (int)given->frame_crop_right_offset * 2;
		encoder->crop_bottom = (int)given->frame_crop_bottom_offset * 2;
	}
}

static void take_more(struct encoder *encoder, const VAEncMiscParameterBuffer *given) {
	const void *data = given->data;
	if (given->type == VAEncMiscParameterTypeRateControl) {
		const VAEncMiscParameterRateControl *rate = data;
		uint64_t percent = rate->target_percentage > 0 ? rate->target_percentage : 100;
		encoder->rate = (int)(rate->bits_per_second * percent / 100 / 1000);
		encoder->quantizer_min = (int)rate->min_qp;
	} else if (given->type == VAEncMiscParameterTypeHRD) {
		const VAEncMiscParameterHRD *hrd = data;
		encoder->buffer = (int)(hrd->buffer_size / 1000);
	}
}

VAStatus encoder_take(struct encoder *encoder, const struct buffer *buffer) {
	const VAEncPictureParameterBufferH264 *picture = (const void *)buffer->bytes;
	switch ((int)buffer->type) {
	case VAEncSequenceParameterBufferType:
		take_sequence(encoder, (const void *)buffer->bytes);
		break;
	case VAEncPictureParameterBufferType:
		encoder->coded = picture->coded_buf;
		encoder->idr = picture->pic_fields.bits.idr_pic_flag;
		encoder->quantizer = picture->pic_init_qp;
		break;
	case VAEncMiscParameterBufferType:
		take_more(encoder, (const void *)buffer->bytes);
		break;
	default:
		break; // headers and slices are libx264's
	}
	return VA_STATUS_SUCCESS;
}

static void set_rate(struct encoder *encoder) {
	x264_param_t *param = &encoder->param;
	param->rc.i_bitrate = param->rc.i_vbv_max_bitrate = encoder->rate > 0 ? encoder->rate : RATE_FIRST;
	param->rc.i_vbv_buffer_size = encoder->buffer > 0 ? encoder->buffer : param->rc.i_bitrate / 20;
}

static bool encoder_open(struct encoder *encoder) {
	x264_param_t *param = &encoder->param;
	x264_param_default_preset(param, "ultrafast", "zerolatency");
	param->i_width = encoder->width;
	param->i_height = encoder->height;
	param->i_csp = X264_CSP_NV12;
	param->crop_rect.i_right = encoder->crop_right;
	param->crop_rect.i_bottom = encoder->crop_bottom;
	param->i_fps_num = encoder->fps_num;
	param->i_fps_den = encoder->fps_den;
	param->b_vfr_input = 0;
	param->b_repeat_headers = 1;
	param->b_annexb = 1;
	param->i_threads = 1;
	param->i_keyint_max = X264_KEYINT_MAX_INFINITE; // whoever drives it says which are keyframes
	param->i_scenecut_threshold = 0;
	param->i_log_level = X264_LOG_WARNING;
	if (encoder->constant_quality) {
		param->rc.i_rc_method = X264_RC_CQP;
		param->rc.i_qp_constant = encoder->quantizer;
	} else {
		param->rc.i_rc_method = X264_RC_ABR;
		param->rc.i_qp_min = encoder->quantizer_min;
		set_rate(encoder);
	}
	x264_param_apply_profile(param, encoder->profile);
	encoder->x264 = x264_encoder_open(param);
	return encoder->x264;
}

static void encoder_follow(struct encoder *encoder) {
	if (!encoder->constant_quality && encoder->param.rc.i_bitrate != encoder->rate) {
		set_rate(encoder);
		x264_encoder_reconfig(encoder->x264, &encoder->param);
	}
}

VAStatus encoder_encode(VADriverContextP va, struct encoder *encoder, const struct surface *picture) {
	struct buffer *coded = object_find(va, OBJECT_BUFFER, encoder->coded);
	if (!coded || coded->type != VAEncCodedBufferType) {
		return VA_STATUS_ERROR_INVALID_BUFFER;
	}
	// surfaces are laid out in whole macroblocks, as the encoder reads them
	if (picture->fourcc != VA_FOURCC_NV12 || picture->pitch[0] < (uint32_t)encoder->width ||
			(picture->height + 15) / 16 * 16 < encoder->height) {
		return VA_STATUS_ERROR_INVALID_SURFACE;
	}
	if (is_broken()) {
		return VA_STATUS_ERROR_HW_BUSY;
	}
	if (!encoder->x264 && !encoder_open(encoder)) {
		return VA_STATUS_ERROR_OPERATION_FAILED;
	}
	encoder_follow(encoder);
	x264_picture_t in, out;
	x264_picture_init(&in);
	in.i_type = encoder->idr ? X264_TYPE_IDR : X264_TYPE_P;
	in.i_pts = encoder->pictures++;
	in.img.i_csp = X264_CSP_NV12;
	in.img.i_plane = 2;
	for (int i = 0; i < 2; i++) {
		in.img.plane[i] = picture->bytes + picture->offset[i];
		in.img.i_stride[i] = (int)picture->pitch[i];
	}
	x264_nal_t *nals;
	int count;
	int size = x264_encoder_encode(encoder->x264, &nals, &count, &in, &out);
	if (size <= 0 || (uint32_t)size > coded->size * coded->count) {
		return VA_STATUS_ERROR_ENCODING_ERROR;
	}
	memcpy(coded->bytes, nals[0].p_payload, (size_t)size);
	coded->coded = (VACodedBufferSegment){.size = (uint32_t)size, .buf = coded->bytes};
	return VA_STATUS_SUCCESS;
}
