/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_GL_H
#define BOXVIEW_GL_H

#include <GLES2/gl2.h>
#include <stdbool.h>

#include "boxview/gl_scale.h"
#include "boxview/picture.h"

/*
 * Draws pictures by shaders/yuv.frag and shaders/rgb.frag into whatever is the current target of the current context
 * (OpenGL ES 2 or later), at another size than their own by shaders/scale.frag. Knows no EGL, no window.
 */
struct gl {
	GLuint program, corners;
	GLuint planes[3];
	GLint luma_size, chroma_size, to_rgb, bias;
	int width, height; // of the planes as they are allocated
	GLuint canvas_program, canvas;
	int canvas_width, canvas_height; // as it is allocated
	GLenum format;     // one byte a sample
	GLenum internal;
	bool row_length;   // rows may be longer than they are wide
	struct gl_scale scale;
	GLint side_max;    // of what can be drawn, in pixels
	GLuint last;       // the program that drew; 0: nothing was yet
	int last_width, last_height; // what was to be seen of it
};

/* false, logged: the shaders do not compile here. */
bool gl_init(struct gl *gl);
void gl_finish(struct gl *gl); // in the same context
/* The visible part of the picture fills the target, which is as large as this. */
void gl_draw(struct gl *gl, const struct picture *picture, int width, int height);
/* The last one again; not before there was one. */
void gl_draw_again(struct gl *gl, int width, int height);
/* Whether what is as large can be drawn at that size. */
bool gl_can_scale(const struct gl *gl, int from_width, int from_height, int width, int height);
/* Whether this context's renderer is software: no gain over libyuv. */
bool gl_is_software(void);

#endif
