/* SPDX-License-Identifier: MIT */
/*
 * shader.c - shaders/yuv.frag against the equations of BT.601 and BT.709, within 1 level, and against
 * libyuv within 2: all colours that a picture may have. shaders/scale.frag against what it says it is, within
 * 2 levels. Draws on whatever EGL has without a surface;
 * on machines without a GPU that is llvmpipe.
 *
 * libyuv is no measure for BT.709 limited: its factor of blue is cut to 2.0 of 2.11 on x86.
 */
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES2/gl2.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "boxview/convert.h"
#include "boxview/gl.h"
#include "unit/cast/check.h"

#define LEVELS_EXACT 1
#define LEVELS_LIBYUV 2

struct context {
	EGLDisplay display;
	EGLContext context;
	struct gl gl;
};

static int setup(void **state) {
	struct context *context = calloc(1, sizeof(*context));
	static const EGLint config_wish[] = {
		EGL_SURFACE_TYPE, 0, EGL_RENDERABLE_TYPE, EGL_OPENGL_ES2_BIT, EGL_NONE};
	static const EGLint context_wish[] = {EGL_CONTEXT_CLIENT_VERSION, 2, EGL_NONE};
	EGLConfig config = NULL;
	EGLint count = 0;
	context->display = eglGetPlatformDisplay(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY,
		NULL);
	if (!eglInitialize(context->display, NULL, NULL) || !eglBindAPI(EGL_OPENGL_ES_API) ||
			!eglChooseConfig(context->display, config_wish, &config, 1, &count) || count == 0) {
		return -1;
	}
	context->context = eglCreateContext(context->display, config, EGL_NO_CONTEXT, context_wish);
	if (!eglMakeCurrent(context->display, EGL_NO_SURFACE, EGL_NO_SURFACE, context->context) ||
			!gl_init(&context->gl)) {
		return -1;
	}
	print_message("on %s\n", (const char *)glGetString(GL_RENDERER));
	*state = context;
	return 0;
}

static int teardown(void **state) {
	struct context *context = *state;
	gl_finish(&context->gl);
	eglMakeCurrent(context->display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
	eglDestroyContext(context->display, context->context);
	eglTerminate(context->display);
	eglReleaseThread();
	free(context);
	return 0;
}

struct planes {
	struct picture picture;
	uint8_t *bytes;
};

/* A picture with rows longer than they are wide, as decoders make them. */
static void planes_init(struct planes *planes, int width, int height, int visible_width,
		int visible_height) {
	int stride = width + 32, chroma_stride = width / 2 + 16;
	size_t luma = (size_t)stride * (size_t)height, chroma = (size_t)chroma_stride * (size_t)height / 2;
	planes->bytes = malloc(luma + 2 * chroma);
	memset(planes->bytes, 0x55, luma + 2 * chroma);
	planes->picture = (struct picture){
		.y = planes->bytes,
		.u = planes->bytes + luma,
		.v = planes->bytes + luma + chroma,
		.y_stride = stride,
		.u_stride = chroma_stride,
		.v_stride = chroma_stride,
		.width = width,
		.height = height,
		.visible_width = visible_width,
		.visible_height = visible_height,
	};
}

/* What one pixel is by the book; red first. */
static void by_the_book(const struct picture *picture, int x, int y, uint8_t rgb[static 3]) {
	bool full = picture->colour.full;
	double r = picture->colour.bt709 ? 0.2126 : 0.299, b = picture->colour.bt709 ? 0.0722 : 0.114;
	double luma = (picture->y[y * picture->y_stride + x] - (full ? 0 : 16)) / (full ? 255.0 : 219.0);
	double cb = (picture->u[y / 2 * picture->u_stride + x / 2] - 128) / (full ? 255.0 : 224.0);
	double cr = (picture->v[y / 2 * picture->v_stride + x / 2] - 128) / (full ? 255.0 : 224.0);
	double red = luma + 2 * (1 - r) * cr, blue = luma + 2 * (1 - b) * cb;
	double green = (luma - r * red - b * blue) / (1 - r - b); // luma is the weighted sum
	const double out[3] = {red, green, blue};
	for (int i = 0; i < 3; i++) {
		rgb[i] = (uint8_t)lround(fmin(fmax(out[i], 0), 1) * 255);
	}
}

static int max_of(int a, int b) {
	return a > b ? a : b;
}

/* Draws; the largest difference of one channel of one pixel from each of the two. */
static void draw_and_compare(struct context *context, const struct picture *picture, int *exact,
		int *libyuv) {
	int width = picture->visible_width, height = picture->visible_height;
	GLuint target, texture;
	glGenTextures(1, &texture);
	glActiveTexture(GL_TEXTURE7); // not one of those that are drawn from
	glBindTexture(GL_TEXTURE_2D, texture);
	glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, width, height, 0, GL_RGBA, GL_UNSIGNED_BYTE, NULL);
	glGenFramebuffers(1, &target);
	glBindFramebuffer(GL_FRAMEBUFFER, target);
	glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
	assert_int_equal(glCheckFramebufferStatus(GL_FRAMEBUFFER), GL_FRAMEBUFFER_COMPLETE);
	gl_draw(&context->gl, picture, width, height);
	uint8_t *drawn = malloc((size_t)width * (size_t)height * 4);
	uint8_t *other = malloc((size_t)width * (size_t)height * 4);
	glReadPixels(0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE, drawn);
	assert_int_equal(glGetError(), GL_NO_ERROR);
	convert_picture(picture, other, width * 4);
	*exact = *libyuv = 0;
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++) {
			// GL counts rows from below; libyuv has blue first
			const uint8_t *a = drawn + ((size_t)(height - 1 - y) * (size_t)width + (size_t)x) * 4;
			const uint8_t *b = other + ((size_t)y * (size_t)width + (size_t)x) * 4;
			uint8_t book[3];
			by_the_book(picture, x, y, book);
			for (int c = 0; c < 3; c++) {
				*exact = max_of(*exact, abs(a[c] - book[c]));
				*libyuv = max_of(*libyuv, abs(a[c] - b[2 - c]));
			}
		}
	}
	free(drawn);
	free(other);
	glDeleteFramebuffers(1, &target);
	glDeleteTextures(1, &texture);
}

static void check_picture(struct context *context, const struct picture *picture) {
	int exact, libyuv;
	draw_and_compare(context, picture, &exact, &libyuv);
	assert_in_range(exact, 0, LEVELS_EXACT);
	if (!picture->colour.bt709 || picture->colour.full) {
		assert_in_range(libyuv, 0, LEVELS_LIBYUV);
	}
}

static const struct colour colours[] = {{false, false}, {false, true}, {true, false}, {true, true}};

/* Pictures that hold pairs of chroma values in steps of 3, at many lumas. */
static void all_colours(void **state) {
	struct planes planes;
	planes_init(&planes, 150, 150, 150, 150);
	for (size_t i = 0; i < 4; i++) {
		planes.picture.colour = colours[i];
		for (int luma = 16; luma <= 235; luma += 15) {
			memset(planes.bytes, luma, (size_t)planes.picture.y_stride * 150);
			for (int y = 0; y < 75; y++) {
				for (int x = 0; x < 75; x++) {
					size_t at = (size_t)(y * planes.picture.u_stride + x);
					((uint8_t *)planes.picture.u)[at] = (uint8_t)(16 + x * 3);
					((uint8_t *)planes.picture.v)[at] = (uint8_t)(16 + y * 3);
				}
			}
			check_picture(*state, &planes.picture);
		}
	}
	free(planes.bytes);
}

static void noise(struct planes *planes, uint32_t seed) {
	const struct picture *p = &planes->picture;
	size_t size = (size_t)(p->v - planes->bytes) + (size_t)p->v_stride * (size_t)p->height / 2;
	for (size_t j = 0; j < size; j++) {
		seed = seed * 1103515245 + 12345;
		planes->bytes[j] = (uint8_t)(16 + (seed >> 16) % 220); // legal in either range
	}
}

/* Every pixel another: a picture that is shifted by one, or smoothed, would show. */
static void noise_of_all_sizes(void **state) {
	static const int sizes[][4] = {{64, 48, 64, 48}, {64, 48, 63, 47}, {16, 16, 1, 1},
		{642, 480, 641, 480}, {34, 1080, 33, 1079}, {1280, 720, 1280, 720}};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct planes planes;
		planes_init(&planes, sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3]);
		planes.picture.colour = colours[i % 4];
		noise(&planes, 1);
		check_picture(*state, &planes.picture);
		free(planes.bytes);
	}
}

/* The comparison can fail: each wrong matrix or range is far off. */
static void a_wrong_matrix_shows(void **state) {
	struct planes planes;
	planes_init(&planes, 64, 64, 64, 64);
	memset(planes.bytes, 90, (size_t)planes.picture.y_stride * 64);
	memset((uint8_t *)planes.picture.u, 60, (size_t)planes.picture.u_stride * 32);
	memset((uint8_t *)planes.picture.v, 200, (size_t)planes.picture.v_stride * 32);
	for (size_t i = 0; i < 4; i++) {
		for (size_t j = 0; j < i; j++) {
			uint8_t a[3], b[3];
			planes.picture.colour = colours[i];
			by_the_book(&planes.picture, 0, 0, a);
			planes.picture.colour = colours[j];
			by_the_book(&planes.picture, 0, 0, b);
			assert_true(max_of(abs(a[0] - b[0]), abs(a[1] - b[1])) > 3 * LEVELS_LIBYUV);
		}
	}
	free(planes.bytes);
}

// scaling

#define LEVELS_SCALED 2 // there is a picture of 8 bits in between

/* How much of a source's pixel there is in one that is drawn, along one way. */
static double share(int from, int to, int drawn, int place) {
	double ratio = (double)from / to;
	if (ratio >= 1) {
		double begin = fmax(drawn * ratio, place), end = fmin((drawn + 1) * ratio, place + 1);
		return fmax(end - begin, 0) / ratio;
	}
	double d = fabs((drawn + 0.5) * ratio - 0.5 - place); // Catmull and Rom, 1974
	return d < 1 ? 1.5 * d * d * d - 2.5 * d * d + 1 :
		d < 2 ? -0.5 * d * d * d + 2.5 * d * d - 4 * d + 2 : 0;
}

static double clamped(double value) {
	return fmin(fmax(value, 0), 255);
}

static int within(int value, int count) {
	return value < 0 ? 0 : value >= count ? count - 1 : value;
}

/* Across, into numbers of any fraction, then down; edges go on outwards. */
static double *scale_by_the_book(const struct tiles_canvas *canvas, int width, int height) {
	double *across = calloc((size_t)width * (size_t)canvas->height * 3, sizeof(double));
	double *out = calloc((size_t)width * (size_t)height * 3, sizeof(double));
	for (int i = 0; i < width * canvas->height * 3; i++) {
		int c = i % 3, x = i / 3 % width, y = i / 3 / width;
		for (int place = -2; place < canvas->width + 2; place++) {
			across[i] += share(canvas->width, width, x, place) * canvas->pixels[
				(y * canvas->width + within(place, canvas->width)) * 4 + 2 - c];
		}
		across[i] = clamped(across[i]);
	}
	for (int i = 0; i < width * height * 3; i++) {
		int y = i / 3 / width;
		for (int place = -2; place < canvas->height + 2; place++) {
			out[i] += share(canvas->height, height, y, place) *
				across[within(place, canvas->height) * width * 3 + i % (width * 3)];
		}
		out[i] = clamped(out[i]);
	}
	free(across);
	return out;
}

static uint8_t *draw_canvas(struct context *context, const struct tiles_canvas *canvas, int width,
		int height) {
	const struct picture picture = {
		.canvas = canvas,
		.changed = {0, 0, (uint16_t)canvas->width, (uint16_t)canvas->height},
		.width = canvas->width,
		.height = canvas->height,
		.visible_width = canvas->width,
		.visible_height = canvas->height,
	};
	GLuint target, texture;
	glGenTextures(1, &texture);
	glActiveTexture(GL_TEXTURE7);
	glBindTexture(GL_TEXTURE_2D, texture);
	glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, width, height, 0, GL_RGBA, GL_UNSIGNED_BYTE, NULL);
	glGenFramebuffers(1, &target);
	glBindFramebuffer(GL_FRAMEBUFFER, target);
	glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
	gl_draw(&context->gl, &picture, width, height);
	uint8_t *drawn = malloc((size_t)width * (size_t)height * 4);
	glReadPixels(0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE, drawn);
	uint8_t *again = malloc((size_t)width * (size_t)height * 4);
	gl_draw_again(&context->gl, width, height);
	glReadPixels(0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE, again);
	assert_memory_equal(drawn, again, (size_t)width * (size_t)height * 4);
	assert_int_equal(glGetError(), GL_NO_ERROR);
	free(again);
	glDeleteFramebuffers(1, &target);
	glDeleteTextures(1, &texture);
	return drawn;
}

static void scaling(void **state) {
	static const int sizes[][4] = {{64, 48, 97, 75}, {100, 80, 40, 30}, {33, 17, 200, 17}, {33, 17, 33, 40},
		{50, 90, 75, 40}, {160, 8, 10, 8}, {320, 180, 321, 182}, {1, 1, 9, 7}, {40, 30, 40, 30}};
	uint32_t seed = 1;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct tiles_canvas canvas = {.width = sizes[i][0], .height = sizes[i][1]};
		size_t size = (size_t)canvas.width * (size_t)canvas.height * 4;
		canvas.pixels = malloc(size);
		for (size_t j = 0; j < size; j++) {
			seed = seed * 1103515245 + 12345;
			canvas.pixels[j] = (seed >> 16) % 5 == 0 ? 255 : (uint8_t)(seed >> 20);
		}
		int width = sizes[i][2], height = sizes[i][3], worst = 0;
		uint8_t *drawn = draw_canvas(*state, &canvas, width, height);
		double *book = scale_by_the_book(&canvas, width, height);
		for (int j = 0; j < width * height * 3; j++) {
			int c = j % 3, x = j / 3 % width, y = j / 3 / width;
			worst = max_of(worst, abs(drawn[((height - 1 - y) * width + x) * 4 + c] - (int)lround(book[j])));
		}
		print_message("%dx%d to %dx%d: %d levels\n", canvas.width, canvas.height, width, height, worst);
		assert_in_range(worst, 0, canvas.width == width && canvas.height == height ? 0 : LEVELS_SCALED);
		free(book);
		free(drawn);
		free(canvas.pixels);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_colours),
		cmocka_unit_test(noise_of_all_sizes),
		cmocka_unit_test(a_wrong_matrix_shows),
		cmocka_unit_test(scaling),
	};
	return cmocka_run_group_tests_name("shader", tests, setup, teardown);
}
