// SPDX-License-Identifier: MIT
// yuv.frag - three planes of a 4:2:0 picture to RGB. Matrix and range are uniforms, computed by who
// draws from what the stream says; nothing is assumed here. Chroma is sampled nearest, as the
// encoder made it: one sample for each square of four pixels.
#ifdef GL_FRAGMENT_PRECISION_HIGH
precision highp float;
#else
precision mediump float;
#endif

uniform sampler2D plane_y;
uniform sampler2D plane_u;
uniform sampler2D plane_v;
uniform mat3 to_rgb; // columns: what one unit of Y, U, V adds
uniform vec3 bias;   // black: the values of Y, U, V that mean 0
varying vec2 luma_at;
varying vec2 chroma_at;

void main() {
	vec3 yuv = vec3(texture2D(plane_y, luma_at).r, texture2D(plane_u, chroma_at).r,
		texture2D(plane_v, chroma_at).r);
	gl_FragColor = vec4(clamp(to_rgb * (yuv - bias), 0.0, 1.0), 1.0);
}
