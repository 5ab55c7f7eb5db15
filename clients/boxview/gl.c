/* SPDX-License-Identifier: MIT */
/*
 * gl.c - planes, or a canvas, into textures, one draw. The matrix is colour.c's, another size gl_scale.c's, the
 * target presenter_gles.c's.
 */
#include "boxview/gl.h"

#include <GLES2/gl2ext.h>
#include <GLES3/gl3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "yuv-shader.h"

#define CANVAS_UNIT 3 // of textures, behind the planes

#define LOG_MODULE "gl"
#include "base/log.h"

static GLuint compile(GLenum kind, const char *text) {
	GLuint shader = glCreateShader(kind);
	glShaderSource(shader, 1, &text, NULL);
	glCompileShader(shader);
	GLint done = GL_FALSE;
	glGetShaderiv(shader, GL_COMPILE_STATUS, &done);
	if (!done) {
		char why[512] = "";
		glGetShaderInfoLog(shader, sizeof(why), NULL, why);
		log_error("a shader does not compile: %s", why);
		glDeleteShader(shader);
		return 0;
	}
	return shader;
}

static GLuint link_program(const char *fragment_text) {
	GLuint vertex = compile(GL_VERTEX_SHADER, shader_yuv_vert);
	GLuint fragment = vertex ? compile(GL_FRAGMENT_SHADER, fragment_text) : 0;
	GLuint program = 0;
	if (fragment) {
		program = glCreateProgram();
		glAttachShader(program, vertex);
		glAttachShader(program, fragment);
		glBindAttribLocation(program, 0, "corner");
		glLinkProgram(program);
		GLint done = GL_FALSE;
		glGetProgramiv(program, GL_LINK_STATUS, &done);
		if (!done) {
			log_error("the shaders do not link");
			glDeleteProgram(program);
			program = 0;
		}
	}
	glDeleteShader(vertex);
	glDeleteShader(fragment);
	return program;
}

static bool has(const char *extension) {
	const char *all = (const char *)glGetString(GL_EXTENSIONS);
	return all && strstr(all, extension);
}

/* Binds it, and pixels are pixels. */
static void set_texture(GLuint texture) {
	glBindTexture(GL_TEXTURE_2D, texture);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
}

bool gl_init(struct gl *gl) {
	*gl = (struct gl){0};
	gl->program = link_program(shader_yuv_frag);
	gl->canvas_program = gl->program ? link_program(shader_rgb_frag) : 0;
	GLuint scale_program = gl->canvas_program ? link_program(shader_scale_frag) : 0;
	if (!scale_program) {
		glDeleteProgram(gl->canvas_program);
		glDeleteProgram(gl->program);
		return false;
	}
	gl_scale_init(&gl->scale, scale_program);
	glGetIntegerv(GL_MAX_TEXTURE_SIZE, &gl->side_max);
	const char *version = (const char *)glGetString(GL_VERSION);
	bool es3 = version && strncmp(version, "OpenGL ES ", 10) == 0 && atoi(version + 10) >= 3;
	gl->format = es3 ? GL_RED : GL_LUMINANCE;
	gl->internal = es3 ? GL_R8 : GL_LUMINANCE;
	gl->row_length = es3 || has("GL_EXT_unpack_subimage");
	gl->luma_size = glGetUniformLocation(gl->program, "luma_size");
	gl->chroma_size = glGetUniformLocation(gl->program, "chroma_size");
	gl->to_rgb = glGetUniformLocation(gl->program, "to_rgb");
	gl->bias = glGetUniformLocation(gl->program, "bias");
	glUseProgram(gl->program);
	static const char *const names[3] = {"plane_y", "plane_u", "plane_v"};
	glGenTextures(3, gl->planes);
	for (int i = 0; i < 3; i++) {
		glUniform1i(glGetUniformLocation(gl->program, names[i]), i);
		glActiveTexture(GL_TEXTURE0 + (GLenum)i);
		set_texture(gl->planes[i]);
	}
	glUseProgram(gl->canvas_program);
	glUniform1i(glGetUniformLocation(gl->canvas_program, "canvas"), CANVAS_UNIT);
	glUniform2f(glGetUniformLocation(gl->canvas_program, "luma_size"), 1, 1);
	glGenTextures(1, &gl->canvas);
	glActiveTexture(GL_TEXTURE0 + CANVAS_UNIT);
	set_texture(gl->canvas);
	static const GLfloat corners[8] = {0, 0, 1, 0, 0, 1, 1, 1};
	glGenBuffers(1, &gl->corners);
	glBindBuffer(GL_ARRAY_BUFFER, gl->corners);
	glBufferData(GL_ARRAY_BUFFER, sizeof(corners), corners, GL_STATIC_DRAW);
	glVertexAttribPointer(0, 2, GL_FLOAT, GL_FALSE, 0, NULL);
	glEnableVertexAttribArray(0);
	return true;
}

void gl_finish(struct gl *gl) {
	glDeleteTextures(3, gl->planes);
	glDeleteTextures(1, &gl->canvas);
	gl_scale_finish(&gl->scale);
	glDeleteProgram(gl->canvas_program);
	glDeleteBuffers(1, &gl->corners);
	glDeleteProgram(gl->program);
}

static void upload(const struct gl *gl, int plane, const uint8_t *bytes, int stride, int width,
		int height) {
	glActiveTexture(GL_TEXTURE0 + (GLenum)plane);
	glBindTexture(GL_TEXTURE_2D, gl->planes[plane]);
	if (gl->row_length || stride == width) {
		if (gl->row_length) {
			glPixelStorei(GL_UNPACK_ROW_LENGTH, stride);
		}
		glTexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, width, height, gl->format, GL_UNSIGNED_BYTE, bytes);
		return;
	}
	for (int row = 0; row < height; row++) {
		glTexSubImage2D(GL_TEXTURE_2D, 0, 0, row, width, 1, gl->format, GL_UNSIGNED_BYTE,
			bytes + (ptrdiff_t)row * stride);
	}
}

static void load_canvas(struct gl *gl, const struct picture *picture) {
	const struct tiles_canvas *canvas = picture->canvas;
	struct tiles_rect part = picture->changed;
	glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
	glActiveTexture(GL_TEXTURE0 + CANVAS_UNIT);
	if (canvas->width != gl->canvas_width || canvas->height != gl->canvas_height) {
		glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, canvas->width, canvas->height, 0, GL_RGBA,
			GL_UNSIGNED_BYTE, NULL);
		gl->canvas_width = canvas->width;
		gl->canvas_height = canvas->height;
		part.x = (uint16_t)canvas->width; // all of it
	}
	if (part.x + part.width > canvas->width || part.y + part.height > canvas->height) {
		part = (struct tiles_rect){0, 0, (uint16_t)canvas->width, (uint16_t)canvas->height};
	}
	if (gl->row_length) {
		glPixelStorei(GL_UNPACK_ROW_LENGTH, canvas->width);
	} else { // only whole rows can be told
		part.x = 0;
		part.width = (uint16_t)canvas->width;
	}
	glTexSubImage2D(GL_TEXTURE_2D, 0, part.x, part.y, part.width, part.height, GL_RGBA,
		GL_UNSIGNED_BYTE, canvas->pixels +
		((size_t)part.y * (size_t)canvas->width + part.x) * 4);
	gl->last = gl->canvas_program;
}

static void load_planes(struct gl *gl, const struct picture *picture) {
	int width = picture->width, height = picture->height;
	int chroma_width = (width + 1) / 2, chroma_height = (height + 1) / 2;
	glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
	if (width != gl->width || height != gl->height) {
		for (int i = 0; i < 3; i++) {
			glActiveTexture(GL_TEXTURE0 + (GLenum)i);
			glBindTexture(GL_TEXTURE_2D, gl->planes[i]);
			glTexImage2D(GL_TEXTURE_2D, 0, (GLint)gl->internal, i ? chroma_width : width,
				i ? chroma_height : height, 0, gl->format, GL_UNSIGNED_BYTE, NULL);
		}
		gl->width = width;
		gl->height = height;
	}
	upload(gl, 0, picture->y, picture->y_stride, width, height);
	upload(gl, 1, picture->u, picture->u_stride, chroma_width, chroma_height);
	upload(gl, 2, picture->v, picture->v_stride, chroma_width, chroma_height);

	float to_rgb[9], bias[3];
	colour_matrix(picture->colour, to_rgb, bias);
	glUseProgram(gl->program);
	glUniformMatrix3fv(gl->to_rgb, 1, GL_FALSE, to_rgb);
	glUniform3fv(gl->bias, 1, bias);
	glUniform2f(gl->luma_size, (float)picture->visible_width / (float)width,
		(float)picture->visible_height / (float)height);
	glUniform2f(gl->chroma_size, (float)picture->visible_width / 2 / (float)chroma_width,
		(float)picture->visible_height / 2 / (float)chroma_height);
	gl->last = gl->program;
}

void gl_draw(struct gl *gl, const struct picture *picture, int width, int height) {
	if (picture->canvas) {
		load_canvas(gl, picture);
	} else {
		load_planes(gl, picture);
	}
	gl->last_width = picture->visible_width;
	gl->last_height = picture->visible_height;
	gl_draw_again(gl, width, height);
}

void gl_draw_again(struct gl *gl, int width, int height) {
	bool scaled = (width != gl->last_width || height != gl->last_height) &&
		gl_scale_begin(&gl->scale, gl->last_width, gl->last_height);
	if (!scaled) {
		glViewport(0, 0, width, height);
	}
	glUseProgram(gl->last);
	glDrawArrays(GL_TRIANGLE_STRIP, 0, 4);
	if (scaled) {
		gl_scale_end(&gl->scale, width, height);
	}
}

bool gl_can_scale(const struct gl *gl, int from_width, int from_height, int width, int height) {
	return from_width <= gl->side_max && from_height <= gl->side_max && width <= gl->side_max &&
		height <= gl->side_max;
}

bool gl_is_software(void) {
	const char *renderer = (const char *)glGetString(GL_RENDERER);
	static const char *const software[] = {"llvmpipe", "softpipe", "swrast", "SwiftShader",
		"Software"};
	for (size_t i = 0; i < sizeof(software) / sizeof(software[0]); i++) {
		if (!renderer || strstr(renderer, software[i])) {
			return true;
		}
	}
	return false;
}
