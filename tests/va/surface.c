/* SPDX-License-Identifier: MIT */
/*
 * surface.c - pictures in memory, linear: made here, or handed in by their descriptor.
 *
 * With BOXLAND_VA_TELLS in the environment each that is handed out is a line on standard error.
 */
#include "va/driver.h"

#include <drm_fourcc.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <va/va_drmcommon.h>

#define SLACK 64 // bytes behind the last row, for who reads in larger steps

static int aligned(int value, int to) {
	return (value + to - 1) / to * to;
}

/* Rows and columns of whole macroblocks: encoders read them. */
static void lay_out(struct surface *surface) {
	uint32_t pixel = is_rgb(surface->fourcc) ? 4 : 1;
	uint32_t rows = (uint32_t)aligned(surface->height, 16);
	surface->pitch[0] = (uint32_t)aligned(surface->width, 64) * pixel;
	surface->size = (size_t)surface->pitch[0] * rows + SLACK;
	if (!is_rgb(surface->fourcc)) {
		surface->pitch[1] = surface->pitch[0];
		surface->offset[1] = surface->pitch[0] * rows;
		surface->size += (size_t)surface->pitch[1] * rows / 2;
	}
}

static VAStatus back_by_memory(struct surface *surface) {
	lay_out(surface);
	surface->fd = memfd_create("va-surface", MFD_CLOEXEC);
	if (surface->fd < 0 || ftruncate(surface->fd, (off_t)surface->size) < 0) {
		return VA_STATUS_ERROR_ALLOCATION_FAILED;
	}
	return VA_STATUS_SUCCESS;
}

/* Does the descriptor hold what is said of it? */
static bool is_covered(const struct surface *surface) {
	bool rgb = is_rgb(surface->fourcc);
	uint64_t height = (uint64_t)surface->height;
	uint64_t end = surface->offset[0] + surface->pitch[0] * (height - 1) +
		(uint64_t)surface->width * (rgb ? 4 : 1);
	uint64_t chroma = surface->offset[1] + surface->pitch[1] * (height / 2 - 1) +
		(uint64_t)surface->width;
	return surface->pitch[0] >= (uint64_t)surface->width * (rgb ? 4 : 1) && end <= surface->size &&
		(rgb || (surface->pitch[1] >= (uint32_t)surface->width && chroma <= surface->size));
}

static VAStatus back_by_import(struct surface *surface, const VADRMPRIMESurfaceDescriptor *given) {
	if (given->num_objects != 1 || given->num_layers < 1 ||
			(given->objects[0].drm_format_modifier != DRM_FORMAT_MOD_LINEAR &&
			given->objects[0].drm_format_modifier != DRM_FORMAT_MOD_INVALID)) {
		return VA_STATUS_ERROR_UNSUPPORTED_MEMORY_TYPE;
	}
	bool apart = given->num_layers > 1; // the planes of NV12 as two layers, or as one
	surface->offset[0] = given->layers[0].offset[0];
	surface->pitch[0] = given->layers[0].pitch[0];
	surface->offset[1] = apart ? given->layers[1].offset[0] : given->layers[0].offset[1];
	surface->pitch[1] = apart ? given->layers[1].pitch[0] : given->layers[0].pitch[1];
	off_t size = lseek(given->objects[0].fd, 0, SEEK_END);
	surface->size = size > 0 ? (size_t)size : 0;
	if (!is_covered(surface)) {
		return VA_STATUS_ERROR_INVALID_PARAMETER;
	}
	surface->fd = fcntl(given->objects[0].fd, F_DUPFD_CLOEXEC, 0);
	return surface->fd < 0 ? VA_STATUS_ERROR_ALLOCATION_FAILED : VA_STATUS_SUCCESS;
}

void surface_destroy(VADriverContextP va, struct surface *surface) {
	if (!surface) {
		return;
	}
	if (surface->bytes) {
		munmap(surface->bytes, surface->size);
	}
	if (surface->fd >= 0) {
		close(surface->fd);
	}
	object_destroy(va, surface);
}

static VAStatus create_one(VADriverContextP va, uint32_t fourcc, int width, int height,
		const VADRMPRIMESurfaceDescriptor *given, VASurfaceID *id) {
	struct surface *surface = object_create(va, OBJECT_SURFACE, sizeof(*surface));
	if (!surface) {
		return VA_STATUS_ERROR_ALLOCATION_FAILED;
	}
	surface->fd = -1;
	surface->fourcc = fourcc;
	surface->width = width;
	surface->height = height;
	VAStatus status = given ? back_by_import(surface, given) : back_by_memory(surface);
	if (status == VA_STATUS_SUCCESS) {
		void *bytes = mmap(NULL, surface->size, PROT_READ | PROT_WRITE, MAP_SHARED, surface->fd, 0);
		surface->bytes = bytes == MAP_FAILED ? NULL : bytes;
		status = surface->bytes ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_ALLOCATION_FAILED;
	}
	if (status != VA_STATUS_SUCCESS) {
		surface_destroy(va, surface);
		return status;
	}
	*id = surface->object.id;
	return VA_STATUS_SUCCESS;
}

static VAStatus create_with(VADriverContextP va, unsigned int format, unsigned int width,
		unsigned int height, VASurfaceID *surfaces, unsigned int count, VASurfaceAttrib *attributes,
		unsigned int attribute_count) {
	uint32_t fourcc = format == VA_RT_FORMAT_RGB32 ? VA_FOURCC_BGRX : VA_FOURCC_NV12;
	const VADRMPRIMESurfaceDescriptor *given = NULL;
	bool prime = false;
	for (unsigned int i = 0; i < attribute_count; i++) {
		const VAGenericValue *value = &attributes[i].value;
		if (attributes[i].type == VASurfaceAttribPixelFormat) {
			fourcc = (uint32_t)value->value.i;
		} else if (attributes[i].type == VASurfaceAttribMemoryType) {
			prime = value->value.i == VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME_2;
		} else if (attributes[i].type == VASurfaceAttribExternalBufferDescriptor) {
			given = value->value.p;
		}
	}
	if (fourcc != VA_FOURCC_NV12 && !is_rgb(fourcc)) {
		return VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT;
	}
	if (width == 0 || height == 0 || width > VA_SIDE_MAX || height > VA_SIDE_MAX) {
		return VA_STATUS_ERROR_RESOLUTION_NOT_SUPPORTED;
	}
	VAStatus status = VA_STATUS_SUCCESS;
	unsigned int made = 0;
	while (status == VA_STATUS_SUCCESS && made < count) {
		status = create_one(va, fourcc, (int)width, (int)height, prime ? given : NULL,
			&surfaces[made]);
		made += status == VA_STATUS_SUCCESS;
	}
	while (status != VA_STATUS_SUCCESS && made > 0) {
		surface_destroy(va, object_find(va, OBJECT_SURFACE, surfaces[--made]));
	}
	return status;
}

static VAStatus create(VADriverContextP va, int width, int height, int format, int count,
		VASurfaceID *surfaces) {
	return create_with(va, (unsigned int)format, (unsigned int)width, (unsigned int)height, surfaces,
		(unsigned int)count, NULL, 0);
}

static VAStatus destroy(VADriverContextP va, VASurfaceID *surfaces, int count) {
	for (int i = 0; i < count; i++) {
		struct surface *surface = object_find(va, OBJECT_SURFACE, surfaces[i]);
		if (!surface) {
			return VA_STATUS_ERROR_INVALID_SURFACE;
		}
		surface_destroy(va, surface);
	}
	return VA_STATUS_SUCCESS;
}

static void say(VASurfaceAttrib *attributes, unsigned int *count, VASurfaceAttribType type,
		uint32_t flags, int value) {
	if (attributes) {
		attributes[*count] = (VASurfaceAttrib){
			.type = type,
			.flags = flags,
			.value = {.type = VAGenericValueTypeInteger, .value.i = value},
		};
	}
	(*count)++;
}

static VAStatus query_attributes(VADriverContextP va, VAConfigID id, VASurfaceAttrib *list,
		unsigned int *count) {
	const uint32_t get = VA_SURFACE_ATTRIB_GETTABLE, both = get | VA_SURFACE_ATTRIB_SETTABLE;
	const struct config *config = object_find(va, OBJECT_CONFIG, id);
	unsigned int n = 0;
	if (!config) {
		return VA_STATUS_ERROR_INVALID_CONFIG;
	}
	say(list, &n, VASurfaceAttribPixelFormat, both, VA_FOURCC_NV12);
	if (config->entrypoint == VAEntrypointVideoProc) {
		say(list, &n, VASurfaceAttribPixelFormat, both, VA_FOURCC_BGRX);
		say(list, &n, VASurfaceAttribPixelFormat, both, VA_FOURCC_BGRA);
	}
	say(list, &n, VASurfaceAttribMinWidth, get, 16);
	say(list, &n, VASurfaceAttribMinHeight, get, 16);
	say(list, &n, VASurfaceAttribMaxWidth, get, VA_SIDE_MAX);
	say(list, &n, VASurfaceAttribMaxHeight, get, VA_SIDE_MAX);
	say(list, &n, VASurfaceAttribMemoryType, both,
		VA_SURFACE_ATTRIB_MEM_TYPE_VA | VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME_2);
	say(list, &n, VASurfaceAttribExternalBufferDescriptor, VA_SURFACE_ATTRIB_SETTABLE, 0);
	if (list) {
		list[n - 1].value = (VAGenericValue){.type = VAGenericValueTypePointer, .value.p = NULL};
	}
	*count = n;
	return VA_STATUS_SUCCESS;
}

static VAStatus sync_surface(VADriverContextP va, VASurfaceID id) {
	return object_find(va, OBJECT_SURFACE, id) ? VA_STATUS_SUCCESS :
		VA_STATUS_ERROR_INVALID_SURFACE;
}

static VAStatus sync_surface_until(VADriverContextP va, VASurfaceID id, uint64_t timeout_ns) {
	return sync_surface(va, id);
}

static VAStatus query_status(VADriverContextP va, VASurfaceID id, VASurfaceStatus *status) {
	*status = VASurfaceReady;
	return sync_surface(va, id);
}

static VAStatus export_surface(VADriverContextP va, VASurfaceID id, uint32_t type, uint32_t flags,
		void *descriptor) {
	const struct surface *surface = object_find(va, OBJECT_SURFACE, id);
	if (!surface) {
		return VA_STATUS_ERROR_INVALID_SURFACE;
	}
	if (type != VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME_2) {
		return VA_STATUS_ERROR_UNSUPPORTED_MEMORY_TYPE;
	}
	int fd = fcntl(surface->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0) {
		return VA_STATUS_ERROR_ALLOCATION_FAILED;
	}
	if (getenv("BOXLAND_VA_TELLS")) {
		fprintf(stderr, "va: surface %u is handed out\n", id);
	}
	VADRMPRIMESurfaceDescriptor *out = descriptor;
	*out = (VADRMPRIMESurfaceDescriptor){
		.fourcc = surface->fourcc,
		.width = (uint32_t)surface->width,
		.height = (uint32_t)surface->height,
		.num_objects = 1,
		.num_layers = 1,
	};
	out->objects[0].fd = fd;
	out->objects[0].size = (uint32_t)surface->size;
	out->objects[0].drm_format_modifier = DRM_FORMAT_MOD_LINEAR;
	out->layers[0].num_planes = 1;
	out->layers[0].pitch[0] = surface->pitch[0];
	out->layers[0].offset[0] = surface->offset[0];
	if (is_rgb(surface->fourcc)) {
		out->layers[0].drm_format = surface->fourcc == VA_FOURCC_BGRX ?
			DRM_FORMAT_XRGB8888 : DRM_FORMAT_ARGB8888;
	} else if (flags & VA_EXPORT_SURFACE_COMPOSED_LAYERS) {
		out->layers[0].drm_format = DRM_FORMAT_NV12;
		out->layers[0].num_planes = 2;
		out->layers[0].pitch[1] = surface->pitch[1];
		out->layers[0].offset[1] = surface->offset[1];
	} else {
		out->num_layers = 2;
		out->layers[0].drm_format = DRM_FORMAT_R8;
		out->layers[1].drm_format = DRM_FORMAT_GR88;
		out->layers[1].num_planes = 1;
		out->layers[1].pitch[0] = surface->pitch[1];
		out->layers[1].offset[0] = surface->offset[1];
	}
	return VA_STATUS_SUCCESS;
}

void surface_fill(struct VADriverVTable *vtable) {
	vtable->vaCreateSurfaces = create;
	vtable->vaCreateSurfaces2 = create_with;
	vtable->vaDestroySurfaces = destroy;
	vtable->vaQuerySurfaceAttributes = query_attributes;
	vtable->vaSyncSurface = sync_surface;
	vtable->vaSyncSurface2 = sync_surface_until;
	vtable->vaQuerySurfaceStatus = query_status;
	vtable->vaExportSurfaceHandle = export_surface;
}
