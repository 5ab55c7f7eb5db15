/* SPDX-License-Identifier: MIT */
/*
 * context.c - one picture after another through one of the driver's units.
 */
#include "va/driver.h"

static VAStatus create(VADriverContextP va, VAConfigID config_id, int width, int height, int flags,
		VASurfaceID *targets, int count, VAContextID *id) {
	const struct config *config = object_find(va, OBJECT_CONFIG, config_id);
	if (!config) {
		return VA_STATUS_ERROR_INVALID_CONFIG;
	}
	struct context *context = object_create(va, OBJECT_CONTEXT, sizeof(*context));
	if (!context) {
		return VA_STATUS_ERROR_ALLOCATION_FAILED;
	}
	context->profile = config->profile;
	context->entrypoint = config->entrypoint;
	if (is_encoding(config->entrypoint)) {
		context->encoder = encoder_create(config->profile, config->rate_control);
		if (!context->encoder) {
			object_destroy(va, context);
			return VA_STATUS_ERROR_ALLOCATION_FAILED;
		}
	} else if (config->entrypoint == VAEntrypointVLD) {
		context->decoder = decoder_create();
		if (!context->decoder) {
			object_destroy(va, context);
			return VA_STATUS_ERROR_ALLOCATION_FAILED;
		}
	}
	*id = context->object.id;
	return VA_STATUS_SUCCESS;
}

void context_destroy(VADriverContextP va, struct context *context) {
	if (context) {
		encoder_destroy(context->encoder);
		decoder_destroy(context->decoder);
		object_destroy(va, context);
	}
}

static VAStatus destroy(VADriverContextP va, VAContextID id) {
	struct context *context = object_find(va, OBJECT_CONTEXT, id);
	context_destroy(va, context);
	return context ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_CONTEXT;
}

static VAStatus begin(VADriverContextP va, VAContextID id, VASurfaceID target) {
	struct context *context = object_find(va, OBJECT_CONTEXT, id);
	if (!context) {
		return VA_STATUS_ERROR_INVALID_CONTEXT;
	}
	context->target = object_find(va, OBJECT_SURFACE, target);
	return context->target ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_SURFACE;
}

static VAStatus take(VADriverContextP va, struct context *context, const struct buffer *buffer) {
	if (context->encoder) {
		return encoder_take(context->encoder, buffer);
	}
	if (context->decoder) {
		return decoder_take(context->decoder, buffer);
	}
	if (buffer->type != VAProcPipelineParameterBufferType ||
			buffer->size < sizeof(VAProcPipelineParameterBuffer)) {
		return VA_STATUS_ERROR_UNSUPPORTED_BUFFERTYPE;
	}
	const VAProcPipelineParameterBuffer *how = (const void *)buffer->bytes;
	const struct surface *from = object_find(va, OBJECT_SURFACE, how->surface);
	return from ? convert(from, context->target, how) : VA_STATUS_ERROR_INVALID_SURFACE;
}

static VAStatus render(VADriverContextP va, VAContextID id, VABufferID *buffers, int count) {
	struct context *context = object_find(va, OBJECT_CONTEXT, id);
	if (!context || !context->target) {
		return VA_STATUS_ERROR_INVALID_CONTEXT;
	}
	for (int i = 0; i < count; i++) {
		const struct buffer *buffer = object_find(va, OBJECT_BUFFER, buffers[i]);
		VAStatus status = buffer ? take(va, context, buffer) : VA_STATUS_ERROR_INVALID_BUFFER;
		if (status != VA_STATUS_SUCCESS) {
			return status;
		}
	}
	return VA_STATUS_SUCCESS;
}

static VAStatus end(VADriverContextP va, VAContextID id) {
	struct context *context = object_find(va, OBJECT_CONTEXT, id);
	if (!context || !context->target) {
		return VA_STATUS_ERROR_INVALID_CONTEXT;
	}
	struct surface *target = context->target;
	context->target = NULL;
	if (context->encoder) {
		return encoder_encode(va, context->encoder, target);
	}
	return context->decoder ? decoder_decode(context->decoder, target) : VA_STATUS_SUCCESS;
}

void context_fill(struct VADriverVTable *vtable) {
	vtable->vaCreateContext = create;
	vtable->vaDestroyContext = destroy;
	vtable->vaBeginPicture = begin;
	vtable->vaRenderPicture = render;
	vtable->vaEndPicture = end;
}
