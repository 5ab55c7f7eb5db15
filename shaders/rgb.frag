// SPDX-License-Identifier: MIT
// rgb.frag - a picture whose pixels are blue, green, red and a byte that means nothing.
#ifdef GL_FRAGMENT_PRECISION_HIGH
precision highp float;
#else
precision mediump float;
#endif

uniform sampler2D canvas;
varying vec2 luma_at;

void main() {
	gl_FragColor = vec4(texture2D(canvas, luma_at).bgr, 1.0);
}
