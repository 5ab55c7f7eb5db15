// SPDX-License-Identifier: MIT
// yuv.vert - a picture over the whole target. Where in its planes a corner lies is said per plane by
// texture coordinates: a plane's texture may be larger than the picture.
attribute vec2 corner; // 0 or 1: left, right; top, bottom
uniform vec2 luma_size;   // the picture's part of the luma texture, 0 to 1
uniform vec2 chroma_size; // and of the two chroma textures
varying vec2 luma_at;
varying vec2 chroma_at;

void main() {
	luma_at = corner * luma_size;
	chroma_at = corner * chroma_size;
	gl_Position = vec4(corner.x * 2.0 - 1.0, 1.0 - corner.y * 2.0, 0.0, 1.0);
}
