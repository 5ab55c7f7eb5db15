/* SPDX-License-Identifier: MIT */
#ifndef STREAM_OWN_H
#define STREAM_OWN_H

#include <wlr/render/dmabuf.h>
#include <wlr/types/wlr_scene.h>

/*
 * The application's own buffer if all that is seen of a scene is that one, whole and opaque, and it is a
 * dmabuf: what need not be drawn if it fits the output, too. NULL: there is more to it than that.
 */
struct wlr_buffer *own_find(struct wlr_scene *scene, struct wlr_dmabuf_attributes *dmabuf);

#endif
