/* SPDX-License-Identifier: MIT */
/*
 * node.c - stands in for a render node where there is none, preloaded into a program: udev tells of
 * /dev/dri/renderD128, which opens, and whose kernel driver has the name of the VA driver beside this
 * file. Nothing can be rendered with it.
 */
#define G_UDEV_API_IS_SUBJECT_TO_CHANGE
#include <dlfcn.h>
#include <fcntl.h>
#include <gudev/gudev.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <xf86drm.h>

#define NODE "/dev/dri/renderD128"
#define KERNEL_DRIVER "boxland" // libva looks for boxland_drv_video.so then

GList *g_udev_client_query_by_subsystem(GUdevClient *client, const gchar *subsystem) {
	if (!subsystem || strcmp(subsystem, "drm") != 0) {
		return NULL;
	}
	return g_list_append(NULL, g_object_new(G_TYPE_OBJECT, NULL)); // asked by the functions below
}

const gchar *g_udev_device_get_device_file(GUdevDevice *device) {
	return NODE;
}

const gchar *g_udev_device_get_name(GUdevDevice *device) {
	return strrchr(NODE, '/') + 1;
}

static int open_by(const char *name, const char *path, int flags, mode_t mode) {
	int (*next)(const char *, int, ...);
	*(void **)&next = dlsym(RTLD_NEXT, name);
	return next(strcmp(path, NODE) == 0 ? "/dev/null" : path, flags, mode);
}

static mode_t mode_of(int flags, va_list args) {
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
	va_list args;
	va_start(args, flags);
	mode_t mode = mode_of(flags, args);
	va_end(args);
	return open_by("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
	va_list args;
	va_start(args, flags);
	mode_t mode = mode_of(flags, args);
	va_end(args);
	return open_by("open64", path, flags, mode);
}

drmVersionPtr drmGetVersion(int fd) {
	drmVersionPtr version = calloc(1, sizeof(*version));
	if (version) {
		version->name = strdup(KERNEL_DRIVER);
		version->name_len = (int)strlen(KERNEL_DRIVER);
		version->date = strdup("");
		version->desc = strdup("");
	}
	return version;
}

void drmFreeVersion(drmVersionPtr version) {
	if (version) {
		free(version->name);
		free(version->date);
		free(version->desc);
		free(version);
	}
}

int drmGetNodeTypeFromFd(int fd) {
	return DRM_NODE_RENDER;
}
