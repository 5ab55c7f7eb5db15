/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_GL_SCALE_H
#define BOXVIEW_GL_SCALE_H

#include <GLES2/gl2.h>
#include <stdbool.h>

/* Another size for what is drawn, by shaders/scale.frag. Of one context. */
struct gl_scale {
	GLuint program; // the caller's
	GLint pixel, along, ratio, count;
	struct gl_stage {
		GLuint texture, framebuffer; // 0: none yet
		int width, height;
	} stages[2]; // as it was drawn, and scaled across
	GLint target; // where it belongs, between begin and end
};

/* Of a program with the shader. */
void gl_scale_init(struct gl_scale *scale, GLuint program);
void gl_scale_finish(struct gl_scale *scale);
/* What is drawn now is a picture of this size that is to be scaled. false: there is no room for it. */
bool gl_scale_begin(struct gl_scale *scale, int width, int height);
/* It was: draws it over all of the target, which is as large as this. */
void gl_scale_end(struct gl_scale *scale, int width, int height);

#endif
