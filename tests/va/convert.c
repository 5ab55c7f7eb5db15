/* SPDX-License-Identifier: MIT */
/*
 * convert.c - the video processor: colour and size, by libyuv. BT.601, limited range.
 */
#include "va/driver.h"

#include <libyuv.h>
#include <stdlib.h>
#include <va/va_backend_vpp.h>

/* A part of a surface. */
struct part {
	uint8_t *plane[2];
	int pitch[2];
	int width, height;
};

static bool part_of(const struct surface *surface, const VARectangle *region, struct part *part) {
	int x = region ? region->x : 0, y = region ? region->y : 0;
	part->width = region ? region->width : surface->width;
	part->height = region ? region->height : surface->height;
	if (x < 0 || y < 0 || part->width <= 0 || part->height <= 0 ||
			x + part->width > surface->width || y + part->height > surface->height) {
		return false;
	}
	int pixel = is_rgb(surface->fourcc) ? 4 : 1;
	for (int i = 0; i < 2; i++) {
		part->pitch[i] = (int)surface->pitch[i];
		part->plane[i] = surface->bytes + surface->offset[i] + (y >> i) * part->pitch[i] +
			(i == 0 ? x * pixel : x / 2 * 2);
	}
	return true;
}

static int scale_rgb(const struct part *from, const struct part *to) {
	return ARGBScale(from->plane[0], from->pitch[0], from->width, from->height, to->plane[0],
		to->pitch[0], to->width, to->height, kFilterBilinear);
}

static int scale_nv12(const struct part *from, const struct part *to) {
	return NV12Scale(from->plane[0], from->pitch[0], from->plane[1], from->pitch[1], from->width,
		from->height, to->plane[0], to->pitch[0], to->plane[1], to->pitch[1], to->width, to->height,
		kFilterBilinear);
}

/* As large as the target, in the format of the source; own: to be freed. */
static bool resize_rgb(struct part *from, const struct part *to, uint8_t **own) {
	*own = NULL;
	if (from->width == to->width && from->height == to->height) {
		return true;
	}
	struct part sized = {.pitch = {to->width * 4}, .width = to->width, .height = to->height};
	*own = sized.plane[0] = malloc((size_t)sized.pitch[0] * (size_t)to->height);
	if (!*own || scale_rgb(from, &sized) != 0) {
		return false;
	}
	*from = sized;
	return true;
}

static int rgb_to_nv12(struct part from, const struct part *to) {
	uint8_t *own;
	int result = -1;
	if (resize_rgb(&from, to, &own)) {
		result = ARGBToNV12(from.plane[0], from.pitch[0], to->plane[0], to->pitch[0], to->plane[1],
			to->pitch[1], to->width, to->height);
	}
	free(own);
	return result;
}

/* Colour first: the target is as large, or will be scaled into. */
static int nv12_to_rgb(const struct part *from, const struct part *to) {
	struct part same = {.pitch = {from->width * 4}, .width = from->width, .height = from->height};
	uint8_t *own = same.plane[0] = malloc((size_t)same.pitch[0] * (size_t)from->height);
	int result = -1;
	if (own && NV12ToARGB(from->plane[0], from->pitch[0], from->plane[1], from->pitch[1],
			same.plane[0], same.pitch[0], from->width, from->height) == 0) {
		result = scale_rgb(&same, to);
	}
	free(own);
	return result;
}

VAStatus convert(const struct surface *from, struct surface *to,
		const VAProcPipelineParameterBuffer *how) {
	struct part source, target;
	if (!part_of(from, how->surface_region, &source) ||
			!part_of(to, how->output_region, &target)) {
		return VA_STATUS_ERROR_INVALID_PARAMETER;
	}
	if (how->num_filters > 0 || how->rotation_state != VA_ROTATION_NONE ||
			how->mirror_state != VA_MIRROR_NONE) {
		return VA_STATUS_ERROR_UNIMPLEMENTED;
	}
	int result;
	if (is_rgb(from->fourcc)) {
		result = is_rgb(to->fourcc) ? scale_rgb(&source, &target) : rgb_to_nv12(source, &target);
	} else {
		result = is_rgb(to->fourcc) ? nv12_to_rgb(&source, &target) : scale_nv12(&source, &target);
	}
	return result == 0 ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_OPERATION_FAILED;
}

static VAStatus query_filters(VADriverContextP va, VAContextID context, VAProcFilterType *filters,
		unsigned int *count) {
	*count = 0;
	return VA_STATUS_SUCCESS;
}

static VAStatus query_filter_caps(VADriverContextP va, VAContextID context, VAProcFilterType type,
		void *caps, unsigned int *count) {
	return VA_STATUS_ERROR_UNSUPPORTED_FILTER;
}

static VAStatus query_pipeline_caps(VADriverContextP va, VAContextID context, VABufferID *filters,
		unsigned int count, VAProcPipelineCaps *caps) {
	static VAProcColorStandardType standards[] = {VAProcColorStandardBT601};
	*caps = (VAProcPipelineCaps){
		.input_color_standards = standards,
		.num_input_color_standards = 1,
		.output_color_standards = standards,
		.num_output_color_standards = 1,
		.max_input_width = VA_SIDE_MAX,
		.max_input_height = VA_SIDE_MAX,
		.min_input_width = 16,
		.min_input_height = 16,
		.max_output_width = VA_SIDE_MAX,
		.max_output_height = VA_SIDE_MAX,
		.min_output_width = 16,
		.min_output_height = 16,
	};
	return VA_STATUS_SUCCESS;
}

void convert_fill(struct VADriverVTableVPP *vtable) {
	vtable->version = VA_DRIVER_VTABLE_VPP_VERSION;
	vtable->vaQueryVideoProcFilters = query_filters;
	vtable->vaQueryVideoProcFilterCaps = query_filter_caps;
	vtable->vaQueryVideoProcPipelineCaps = query_pipeline_caps;
}
