/* SPDX-License-Identifier: MIT */
/*
 * import.c - stands in for a graphics processor that takes dmabufs of applications, preloaded into boxland:
 * wlroots announces linux-dmabuf, of linear memory, and its renderer without a graphics processor draws from
 * what it is handed, which is mapped. Memfds are taken for dmabufs; all the rest is wlroots' own.
 */
#include <dlfcn.h>
#include <drm_fourcc.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wayland-server-core.h>
#include <wlr/interfaces/wlr_buffer.h>
#include <wlr/render/dmabuf.h>
#include <wlr/render/drm_format_set.h>
#include <wlr/render/wlr_renderer.h>
#include <xf86drm.h>

/* The programs that boxland starts are preloaded with this, too, and have no wlroots. */
#define NEXT(function) ((__typeof__(&(function)))next(#function))

static void (*next(const char *name))(void) {
	void (*function)(void);
	*(void **)&function = dlsym(RTLD_NEXT, name);
	return function;
}

struct mapped {
	struct wl_list link; // all
	struct wlr_buffer *buffer;
	void *bytes;
	size_t size;
	uint32_t format;
	size_t offset, stride;
	struct wl_listener destroy;
};

static struct wl_list all = {&all, &all};

static void handle_destroy(struct wl_listener *listener, void *data) {
	struct mapped *mapped = wl_container_of(listener, mapped, destroy);
	munmap(mapped->bytes, mapped->size);
	NEXT(wl_list_remove)(&mapped->destroy.link);
	NEXT(wl_list_remove)(&mapped->link);
	free(mapped);
}

/* NULL: it has memory of its own that can be read. */
static struct mapped *find(struct wlr_buffer *buffer) {
	struct mapped *mapped;
	wl_list_for_each(mapped, &all, link) {
		if (mapped->buffer == buffer) {
			return mapped;
		}
	}
	return NULL;
}

static struct mapped *map(struct wlr_buffer *buffer) {
	struct mapped *mapped = find(buffer);
	struct wlr_dmabuf_attributes dmabuf;
	if (mapped || buffer->impl->begin_data_ptr_access ||
			!NEXT(wlr_buffer_get_dmabuf)(buffer, &dmabuf)) {
		return mapped;
	}
	off_t size = lseek(dmabuf.fd[0], 0, SEEK_END);
	void *bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, dmabuf.fd[0], 0);
	mapped = bytes == MAP_FAILED ? NULL : calloc(1, sizeof(*mapped));
	if (mapped) {
		*mapped = (struct mapped){
			.buffer = buffer,
			.bytes = bytes,
			.size = (size_t)size,
			.format = dmabuf.format,
			.offset = dmabuf.offset[0],
			.stride = dmabuf.stride[0],
			.destroy.notify = handle_destroy,
		};
		NEXT(wl_list_insert)(&all, &mapped->link);
		NEXT(wl_list_insert)(buffer->events.destroy.listener_list.prev, &mapped->destroy.link);
	}
	return mapped;
}

bool wlr_buffer_begin_data_ptr_access(struct wlr_buffer *buffer, uint32_t flags, void **data,
		uint32_t *format, size_t *stride) {
	const struct mapped *mapped = map(buffer);
	if (!mapped) {
		return NEXT(wlr_buffer_begin_data_ptr_access)(buffer, flags, data, format, stride);
	}
	*data = (char *)mapped->bytes + mapped->offset;
	*format = mapped->format;
	*stride = mapped->stride;
	return !(flags & WLR_BUFFER_DATA_PTR_ACCESS_WRITE);
}

void wlr_buffer_end_data_ptr_access(struct wlr_buffer *buffer) {
	if (!find(buffer)) {
		NEXT(wlr_buffer_end_data_ptr_access)(buffer);
	}
}

const struct wlr_drm_format_set *wlr_renderer_get_texture_formats(struct wlr_renderer *renderer,
		uint32_t caps) {
	static struct wlr_drm_format_set set;
	if (caps != WLR_BUFFER_CAP_DMABUF) {
		return NEXT(wlr_renderer_get_texture_formats)(renderer, caps);
	}
	// the last is of no use to boxcast
	static const uint32_t formats[] = {DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888, DRM_FORMAT_XBGR8888};
	for (size_t i = 0; set.len < 3 && i < 3; i++) {
		NEXT(wlr_drm_format_set_add)(&set, formats[i], DRM_FORMAT_MOD_LINEAR);
	}
	return &set;
}

int wlr_renderer_get_drm_fd(struct wlr_renderer *renderer) {
	static int fd = -1;
	if (fd < 0) {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	}
	return fd;
}

/* A device without a render node: nothing is asked whether it can import a buffer. */
static char node[] = "/dev/dri/card0";
static char *nodes[DRM_NODE_MAX] = {[DRM_NODE_PRIMARY] = node};
static drmDevice device = {.nodes = nodes, .available_nodes = 1 << DRM_NODE_PRIMARY};

int drmGetDeviceFromDevId(dev_t id, uint32_t flags, drmDevicePtr *found) {
	*found = &device;
	return 0;
}

void drmFreeDevice(drmDevicePtr *given) {
	if (*given != &device) {
		NEXT(drmFreeDevice)(given);
	}
	*given = NULL;
}
