/* SPDX-License-Identifier: MIT */
/*
 * objects.c - ids of one display, and what they stand for.
 */
#include "va/driver.h"

#include <stdlib.h>

void *object_create(VADriverContextP va, enum object_kind kind, size_t size) {
	struct driver *driver = va->pDriverData;
	struct object *object = calloc(1, size);
	if (!object) {
		return NULL;
	}
	object->kind = kind;
	pthread_mutex_lock(&driver->mutex);
	for (VAGenericID id = 1; id < VA_OBJECTS_MAX && object->id == 0; id++) {
		if (!driver->objects[id]) {
			driver->objects[id] = object;
			object->id = id;
		}
	}
	pthread_mutex_unlock(&driver->mutex);
	if (object->id == 0) {
		free(object);
		return NULL;
	}
	return object;
}

void *object_find(VADriverContextP va, enum object_kind kind, VAGenericID id) {
	struct driver *driver = va->pDriverData;
	if (id >= VA_OBJECTS_MAX) {
		return NULL;
	}
	pthread_mutex_lock(&driver->mutex);
	struct object *object = driver->objects[id];
	pthread_mutex_unlock(&driver->mutex);
	return object && object->kind == kind ? object : NULL;
}

void object_destroy(VADriverContextP va, void *data) {
	struct driver *driver = va->pDriverData;
	struct object *object = data;
	if (!object) {
		return;
	}
	pthread_mutex_lock(&driver->mutex);
	driver->objects[object->id] = NULL;
	pthread_mutex_unlock(&driver->mutex);
	free(object);
}
