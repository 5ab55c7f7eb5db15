/* SPDX-License-Identifier: MIT */
/*
 * gl_scale.c - draws into a texture in place of the target, and that into the target: across, then down.
 */
#include "boxview/gl_scale.h"

#include <stddef.h>

#define SCALE_UNIT 4 // of textures, behind those of gl.c

void gl_scale_init(struct gl_scale *scale, GLuint program) {
	*scale = (struct gl_scale){.program = program};
	scale->pixel = glGetUniformLocation(program, "pixel");
	scale->along = glGetUniformLocation(program, "along");
	scale->ratio = glGetUniformLocation(program, "ratio");
	scale->count = glGetUniformLocation(program, "count");
	glUseProgram(program);
	glUniform1i(glGetUniformLocation(program, "from"), SCALE_UNIT);
}

void gl_scale_finish(struct gl_scale *scale) {
	for (int i = 0; i < 2; i++) {
		glDeleteFramebuffers(1, &scale->stages[i].framebuffer);
		glDeleteTextures(1, &scale->stages[i].texture);
	}
	glDeleteProgram(scale->program);
}

/* Makes it the target. false: no room. */
static bool stage_use(struct gl_stage *stage, int width, int height) {
	if (!stage->texture) {
		glGenTextures(1, &stage->texture);
		glGenFramebuffers(1, &stage->framebuffer);
	}
	glBindFramebuffer(GL_FRAMEBUFFER, stage->framebuffer);
	glViewport(0, 0, width, height);
	if (stage->width == width && stage->height == height) {
		return true;
	}
	glActiveTexture(GL_TEXTURE0 + SCALE_UNIT);
	glBindTexture(GL_TEXTURE_2D, stage->texture);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
	glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, width, height, 0, GL_RGBA, GL_UNSIGNED_BYTE, NULL);
	glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, stage->texture, 0);
	bool good = glCheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE;
	stage->width = good ? width : 0;
	stage->height = good ? height : 0;
	return good;
}

/* Draws the stage over all of the current target. */
static void stage_draw(const struct gl_scale *scale, const struct gl_stage *stage, bool across,
		int from, int to) {
	glActiveTexture(GL_TEXTURE0 + SCALE_UNIT);
	glBindTexture(GL_TEXTURE_2D, stage->texture);
	glUseProgram(scale->program);
	glUniform2f(scale->pixel, 1.0f / (float)stage->width, 1.0f / (float)stage->height);
	glUniform2f(scale->along, across ? 1 : 0, across ? 0 : 1);
	glUniform1f(scale->ratio, (float)from / (float)to);
	glUniform1f(scale->count, (float)from);
	glDrawArrays(GL_TRIANGLE_STRIP, 0, 4);
}

bool gl_scale_begin(struct gl_scale *scale, int width, int height) {
	glGetIntegerv(GL_FRAMEBUFFER_BINDING, &scale->target);
	if (!stage_use(&scale->stages[0], width, height)) {
		glBindFramebuffer(GL_FRAMEBUFFER, (GLuint)scale->target);
		return false;
	}
	return true;
}

void gl_scale_end(struct gl_scale *scale, int width, int height) {
	const struct gl_stage *drawn = &scale->stages[0];
	struct gl_stage *across = &scale->stages[1];
	if (drawn->width != width && drawn->height != height && stage_use(across, width, drawn->height)) {
		stage_draw(scale, drawn, true, drawn->width, width);
		drawn = across;
	}
	glBindFramebuffer(GL_FRAMEBUFFER, (GLuint)scale->target);
	glViewport(0, 0, width, height);
	if (drawn->height == height) {
		stage_draw(scale, drawn, true, drawn->width, width);
	} else {
		stage_draw(scale, drawn, false, drawn->height, height);
	}
}
