/* SPDX-License-Identifier: MIT */
#ifndef TESTS_VA_DRIVER_H
#define TESTS_VA_DRIVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <va/va.h>
#include <va/va_backend.h>

/*
 * A VA-API driver whose graphics processor is the CPU, so that GStreamer's own VA elements run where
 * there is none. It encodes H.264 by libx264 and decodes it by FFmpeg's library, and converts and scales
 * by libyuv. For tests only.
 *
 * Everything is done when it is asked for: nothing is ever busy. A surface is a memfd, laid out like a
 * linear dmabuf, and one that is handed in is mapped. Handing a surface out gives its memfd, which
 * whoever maps it can read; it is no dma_buf to the kernel, so no graphics driver imports it.
 */

#define VA_OBJECTS_MAX 1024 // of one display
#define VA_SIDE_MAX 4096

enum object_kind {
	OBJECT_CONFIG,
	OBJECT_SURFACE,
	OBJECT_CONTEXT,
	OBJECT_BUFFER,
	OBJECT_IMAGE,
};

/* What has an id. Each kind has it as its first member. */
struct object {
	enum object_kind kind;
	VAGenericID id;
};

struct driver {
	pthread_mutex_t mutex; // of objects; one object is used by one thread at a time
	struct object *objects[VA_OBJECTS_MAX];
};

/* Zeroed, `size` bytes with struct object first. NULL: no room. */
void *object_create(VADriverContextP va, enum object_kind kind, size_t size);
/* NULL: there is no such object of that kind. */
void *object_find(VADriverContextP va, enum object_kind kind, VAGenericID id);
void object_destroy(VADriverContextP va, void *object); // NULL is fine

struct config {
	struct object object;
	VAProfile profile;
	VAEntrypoint entrypoint;
	uint32_t rate_control;
};

/* 4 bytes a pixel, or NV12: then the second plane is chroma. */
struct surface {
	struct object object;
	uint32_t fourcc;
	int width, height;
	int fd;
	uint8_t *bytes;
	size_t size;
	uint32_t pitch[2], offset[2];
};

struct buffer {
	struct object object;
	VABufferType type;
	uint32_t size, count; // of one element
	uint8_t *bytes;
	bool borrowed; // bytes are a surface's
	VACodedBufferSegment coded;
};

struct image {
	struct object object;
	VAImage image;
};

struct encoder;
struct decoder;

struct context {
	struct object object;
	VAProfile profile;
	VAEntrypoint entrypoint;
	struct surface *target; // between begin and end
	struct encoder *encoder; // NULL: does not encode
	struct decoder *decoder; // NULL: does not decode
};

bool is_rgb(uint32_t fourcc);
bool is_encoding(VAEntrypoint entrypoint);

// config.c
void config_fill(struct VADriverVTable *vtable);
// surface.c
void surface_fill(struct VADriverVTable *vtable);
void surface_destroy(VADriverContextP va, struct surface *surface); // NULL is fine
// image.c
void image_fill(struct VADriverVTable *vtable);
// buffer.c
void buffer_fill(struct VADriverVTable *vtable);
struct buffer *buffer_create(VADriverContextP va, VABufferType type, uint32_t size, uint32_t count,
	const void *bytes);
void buffer_destroy(VADriverContextP va, struct buffer *buffer); // NULL is fine
// context.c
void context_fill(struct VADriverVTable *vtable);
void context_destroy(VADriverContextP va, struct context *context); // NULL is fine
// convert.c
void convert_fill(struct VADriverVTableVPP *vtable);
VAStatus convert(const struct surface *from, struct surface *to,
	const VAProcPipelineParameterBuffer *how);
// decode.c
bool can_decode(void);
struct decoder *decoder_create(void);
void decoder_destroy(struct decoder *decoder); // NULL is fine
/* One of the buffers of a picture. */
VAStatus decoder_take(struct decoder *decoder, const struct buffer *buffer);
VAStatus decoder_decode(struct decoder *decoder, struct surface *target);
// encode.c
/* Whether this picture is one too many, of those that the environment allows. */
bool is_broken(void);
struct encoder *encoder_create(VAProfile profile, uint32_t rate_control);
void encoder_destroy(struct encoder *encoder); // NULL is fine
/* One of the buffers that tell what to encode, and how. */
VAStatus encoder_take(struct encoder *encoder, const struct buffer *buffer);
/* Encodes into the buffer that was named. */
VAStatus encoder_encode(VADriverContextP va, struct encoder *encoder, const struct surface *picture);

#endif
