/* SPDX-License-Identifier: MIT */
/*
 * driver.c - where libva comes in, and what this driver leaves out: subpictures, display attributes,
 * showing anything itself.
 */
#include "va/driver.h"

#include <stdlib.h>
#include <va/va_backend_vpp.h>

#define VERSION_MAJOR 1
#define VERSION_MINOR 22

__attribute__((visibility("default"))) VAStatus __vaDriverInit_1_22(VADriverContextP va);

static VAStatus no_put_surface(VADriverContextP va, VASurfaceID surface, void *draw, short srcx,
		short srcy, unsigned short srcw, unsigned short srch, short destx, short desty,
		unsigned short destw, unsigned short desth, VARectangle *cliprects,
		unsigned int number_cliprects, unsigned int flags) {
	return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus no_image_palette(VADriverContextP va, VAImageID image, unsigned char *palette) {
	return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus no_subpicture_formats(VADriverContextP va, VAImageFormat *formats,
		unsigned int *flags, unsigned int *count) {
	*count = 0;
	return VA_STATUS_SUCCESS;
}

static VAStatus no_create_subpicture(VADriverContextP va, VAImageID image, VASubpictureID *made) {
	return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus no_destroy_subpicture(VADriverContextP va, VASubpictureID subpicture) {
	return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus no_subpicture_image(VADriverContextP va, VASubpictureID subpicture,
		VAImageID image) {
	return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus no_subpicture_chromakey(VADriverContextP va, VASubpictureID subpicture,
		unsigned int min, unsigned int max, unsigned int mask) {
	return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus no_subpicture_alpha(VADriverContextP va, VASubpictureID subpicture, float alpha) {
	return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus no_associate(VADriverContextP va, VASubpictureID subpicture, VASurfaceID *targets,
		int count, short src_x, short src_y, unsigned short src_width, unsigned short src_height,
		short dest_x, short dest_y, unsigned short dest_width, unsigned short dest_height,
		unsigned int flags) {
	return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus no_deassociate(VADriverContextP va, VASubpictureID subpicture, VASurfaceID *targets,
		int count) {
	return VA_STATUS_ERROR_UNIMPLEMENTED;
}

static VAStatus no_display_attributes(VADriverContextP va, VADisplayAttribute *attributes,
		int *count) {
	*count = 0;
	return VA_STATUS_SUCCESS;
}

static VAStatus not_a_display_attribute(VADriverContextP va, VADisplayAttribute *attributes,
		int count) {
	for (int i = 0; i < count; i++) {
		attributes[i].flags = VA_DISPLAY_ATTRIB_NOT_SUPPORTED;
	}
	return VA_STATUS_SUCCESS;
}

/* libva takes no driver without these. */
static void fill_left_out(struct VADriverVTable *vtable) {
	vtable->vaPutSurface = no_put_surface;
	vtable->vaSetImagePalette = no_image_palette;
	vtable->vaQuerySubpictureFormats = no_subpicture_formats;
	vtable->vaCreateSubpicture = no_create_subpicture;
	vtable->vaDestroySubpicture = no_destroy_subpicture;
	vtable->vaSetSubpictureImage = no_subpicture_image;
	vtable->vaSetSubpictureChromakey = no_subpicture_chromakey;
	vtable->vaSetSubpictureGlobalAlpha = no_subpicture_alpha;
	vtable->vaAssociateSubpicture = no_associate;
	vtable->vaDeassociateSubpicture = no_deassociate;
	vtable->vaQueryDisplayAttributes = no_display_attributes;
	vtable->vaGetDisplayAttributes = not_a_display_attribute;
	vtable->vaSetDisplayAttributes = not_a_display_attribute;
}

static void destroy_any(VADriverContextP va, struct object *object) {
	switch (object->kind) {
	case OBJECT_SURFACE:
		surface_destroy(va, (struct surface *)object);
		break;
	case OBJECT_CONTEXT:
		context_destroy(va, (struct context *)object);
		break;
	case OBJECT_BUFFER:
		buffer_destroy(va, (struct buffer *)object);
		break;
	case OBJECT_CONFIG:
	case OBJECT_IMAGE:
		object_destroy(va, object);
		break;
	}
}

static VAStatus terminate(VADriverContextP va) {
	struct driver *driver = va->pDriverData;
	for (VAGenericID id = 1; id < VA_OBJECTS_MAX; id++) {
		if (driver->objects[id]) {
			destroy_any(va, driver->objects[id]);
		}
	}
	pthread_mutex_destroy(&driver->mutex);
	free(driver);
	va->pDriverData = NULL;
	return VA_STATUS_SUCCESS;
}

bool is_rgb(uint32_t fourcc) {
	return fourcc == VA_FOURCC_BGRX || fourcc == VA_FOURCC_BGRA;
}

bool is_encoding(VAEntrypoint entrypoint) {
	return entrypoint == VAEntrypointEncSlice || entrypoint == VAEntrypointEncSliceLP;
}

VAStatus __vaDriverInit_1_22(VADriverContextP va) {
	struct driver *driver = calloc(1, sizeof(*driver));
	if (!driver) {
		return VA_STATUS_ERROR_ALLOCATION_FAILED;
	}
	pthread_mutex_init(&driver->mutex, NULL);
	va->pDriverData = driver;
	va->version_major = VERSION_MAJOR;
	va->version_minor = VERSION_MINOR;
	va->max_profiles = 8;
	va->max_entrypoints = 4;
	va->max_attributes = 32;
	va->max_image_formats = 4;
	va->max_subpic_formats = 1;
	va->max_display_attributes = 1;
	va->str_vendor = "Boxland's software VA driver for tests";
	va->vtable->vaTerminate = terminate;
	config_fill(va->vtable);
	surface_fill(va->vtable);
	image_fill(va->vtable);
	buffer_fill(va->vtable);
	context_fill(va->vtable);
	fill_left_out(va->vtable);
	convert_fill(va->vtable_vpp);
	return VA_STATUS_SUCCESS;
}
