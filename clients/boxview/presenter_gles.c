/* SPDX-License-Identifier: MIT */
/*
 * presenter_gles.c - draws by OpenGL ES through EGL on Wayland. The drawing itself is gl.c's.
 */
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <wayland-client.h>
#include <wayland-egl.h>

#include "boxview/gl.h"
#include "boxview/presenter.h"

#define LOG_MODULE "gles"
#include "base/log.h"

struct presenter_gles {
	struct presenter base;
	EGLDisplay display;
	EGLConfig config;
	EGLContext context;
	struct wl_surface *wl_surface;
	EGLSurface surface;
	struct wl_egl_window *window;
	int width, height; // of the window
	struct gl gl;
	bool has_gl;
};

/* Without a render node GL is software, and asking would load a compiler to find that out. */
static bool has_render_node(void) {
	DIR *dir = opendir("/dev/dri");
	if (!dir) {
		return false;
	}
	bool found = false;
	struct dirent *entry;
	while (!found && (entry = readdir(dir))) {
		found = strncmp(entry->d_name, "renderD", 7) == 0;
	}
	closedir(dir);
	return found;
}

static bool gles_ready(const struct presenter *base) {
	return true; // it has more buffers than can be in use
}

/*
 * A surface of this size in place of the one before. To resize a window would be for the frame after the
 * next one, and a window at rest has no other. false: there is none, and the one before stays.
 */
static bool gles_fit(struct presenter_gles *presenter, int width, int height) {
	struct wl_egl_window *window = wl_egl_window_create(presenter->wl_surface, width, height);
	EGLSurface surface = window ? eglCreatePlatformWindowSurface(presenter->display,
		presenter->config, window, NULL) : EGL_NO_SURFACE;
	if (surface == EGL_NO_SURFACE || !eglMakeCurrent(presenter->display, surface, surface,
			presenter->context)) {
		if (surface != EGL_NO_SURFACE) {
			eglDestroySurface(presenter->display, surface);
		}
		if (window) {
			wl_egl_window_destroy(window);
		}
		return false;
	}
	if (presenter->window) {
		eglDestroySurface(presenter->display, presenter->surface);
		wl_egl_window_destroy(presenter->window);
	}
	presenter->window = window;
	presenter->surface = surface;
	presenter->width = width;
	presenter->height = height;
	eglSwapInterval(presenter->display, 0); // a picture is committed when it is here
	return true;
}

static bool gles_swap(struct presenter_gles *presenter) {
	if (!eglSwapBuffers(presenter->display, presenter->surface)) {
		log_error("EGL does not show pictures any more (0x%x)", (unsigned int)eglGetError());
		return false;
	}
	return true;
}

static bool gles_has_size(struct presenter_gles *presenter, int width, int height) {
	return (width == presenter->width && height == presenter->height) ||
		gles_fit(presenter, width, height);
}

static bool gles_draw(struct presenter *base, const struct picture *picture, int width, int height) {
	struct presenter_gles *presenter = wl_container_of(base, presenter, base);
	int own_width = picture->visible_width, own_height = picture->visible_height;
	if (!gl_can_scale(&presenter->gl, own_width, own_height, width, height) ||
			!gles_has_size(presenter, width, height)) {
		width = own_width;
		height = own_height;
	}
	if (!gles_has_size(presenter, width, height)) {
		log_error("EGL has no surface of %dx%d (0x%x)", width, height, (unsigned int)eglGetError());
		return false;
	}
	gl_draw(&presenter->gl, picture, width, height);
	return gles_swap(presenter);
}

static bool gles_draw_again(struct presenter *base, int width, int height) {
	struct presenter_gles *presenter = wl_container_of(base, presenter, base);
	const struct gl *gl = &presenter->gl;
	if (!gl->last || (width == presenter->width && height == presenter->height) ||
			!gl_can_scale(gl, gl->last_width, gl->last_height, width, height) ||
			!gles_has_size(presenter, width, height)) {
		return false;
	}
	gl_draw_again(&presenter->gl, width, height);
	return gles_swap(presenter);
}

static void gles_destroy(struct presenter *base) {
	struct presenter_gles *presenter = wl_container_of(base, presenter, base);
	if (presenter->has_gl) {
		gl_finish(&presenter->gl);
	}
	if (presenter->display != EGL_NO_DISPLAY) {
		eglMakeCurrent(presenter->display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
		if (presenter->surface != EGL_NO_SURFACE) {
			eglDestroySurface(presenter->display, presenter->surface);
		}
		if (presenter->context != EGL_NO_CONTEXT) {
			eglDestroyContext(presenter->display, presenter->context);
		}
		eglTerminate(presenter->display);
		eglReleaseThread();
	}
	if (presenter->window) {
		wl_egl_window_destroy(presenter->window);
	}
	free(presenter);
}

static const struct presenter_impl gles_impl = {
	.name = "gles",
	.ready = gles_ready,
	.draw = gles_draw,
	.draw_again = gles_draw_again,
	.destroy = gles_destroy,
};

/* NULL or what could not be done. */
static const char *gles_start(struct presenter_gles *presenter, const struct globals *globals,
		struct wl_surface *surface) {
	presenter->display = eglGetPlatformDisplay(EGL_PLATFORM_WAYLAND_KHR, globals->display, NULL);
	if (presenter->display == EGL_NO_DISPLAY || !eglInitialize(presenter->display, NULL, NULL)) {
		presenter->display = EGL_NO_DISPLAY;
		return "no EGL on this compositor";
	}
	static const EGLint config_wish[] = {
		EGL_SURFACE_TYPE, EGL_WINDOW_BIT,
		EGL_RENDERABLE_TYPE, EGL_OPENGL_ES2_BIT,
		EGL_RED_SIZE, 8, EGL_GREEN_SIZE, 8, EGL_BLUE_SIZE, 8, EGL_ALPHA_SIZE, 0,
		EGL_NONE,
	};
	static const EGLint context_wish[] = {EGL_CONTEXT_CLIENT_VERSION, 2, EGL_NONE};
	EGLint count = 0;
	if (!eglBindAPI(EGL_OPENGL_ES_API) ||
			!eglChooseConfig(presenter->display, config_wish, &presenter->config, 1, &count) || count == 0) {
		return "no fitting EGL configuration";
	}
	presenter->context = eglCreateContext(presenter->display, presenter->config, EGL_NO_CONTEXT,
		context_wish);
	if (presenter->context == EGL_NO_CONTEXT) {
		return "no OpenGL ES context";
	}
	presenter->wl_surface = surface;
	if (!gles_fit(presenter, 1, 1)) {
		return "no EGL surface";
	}
	return NULL;
}

struct presenter *presenter_gles_create(bool insist, const struct globals *globals,
		struct wl_surface *surface) {
	if (!insist && !has_render_node()) {
		return NULL;
	}
	struct presenter_gles *presenter = calloc(1, sizeof(*presenter));
	if (!presenter) {
		log_errno("no presenter");
		return NULL;
	}
	presenter->base.impl = &gles_impl;
	const char *trouble = gles_start(presenter, globals, surface);
	if (!trouble && !insist && gl_is_software()) {
		trouble = "only in software";
	}
	if (!trouble) {
		presenter->has_gl = gl_init(&presenter->gl);
		trouble = presenter->has_gl ? NULL : "no shaders";
	}
	if (trouble) {
		log_line(insist ? LOG_ERROR : LOG_DEBUG, LOG_MODULE, "no OpenGL ES: %s", trouble);
		gles_destroy(&presenter->base);
		return NULL;
	}
	return &presenter->base;
}
