// SPDX-License-Identifier: MIT
// scale.frag - a picture at another size, one way at a time: across, then down. Made larger it goes
// through its own pixels (Catmull-Rom), so that edges stay edges; made smaller, each pixel is the mean
// of those it covers. Rows need not be turned: both are the same from either end.
#ifdef GL_FRAGMENT_PRECISION_HIGH
precision highp float;
#else
precision mediump float;
#endif

#define COVERED_MAX 17 // pixels; of a picture made smaller still, not all are looked at

uniform sampler2D from;
uniform vec2 pixel;  // the size of one of its pixels, in its coordinates
uniform vec2 along;  // (1, 0) across, (0, 1) down
uniform float ratio; // its pixels to one that is drawn, along
uniform float count; // of its pixels, along

vec3 pixel_at(float place) {
	vec2 beside = gl_FragCoord.xy * (1.0 - along);
	float middle = clamp(place, 0.0, count - 1.0) + 0.5;
	return texture2D(from, (beside + along * middle) * pixel).rgb;
}

float weight(float distance) {
	return distance < 1.0 ? (1.5 * distance - 2.5) * distance * distance + 1.0 :
		((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0;
}

vec3 larger(float at) {
	float middle = at * ratio - 0.5;
	float first = floor(middle) - 1.0;
	vec3 sum = vec3(0.0);
	for (int i = 0; i < 4; i++) {
		float place = first + float(i);
		sum += weight(abs(middle - place)) * pixel_at(place);
	}
	return sum;
}

vec3 smaller(float at) {
	float begin = (at - 0.5) * ratio;
	float end = begin + ratio;
	float first = floor(begin);
	float total = 0.0;
	vec3 sum = vec3(0.0);
	for (int i = 0; i < COVERED_MAX; i++) {
		float place = first + float(i);
		if (place >= end) {
			break;
		}
		float part = min(place + 1.0, end) - max(place, begin);
		sum += part * pixel_at(place);
		total += part;
	}
	return sum / total;
}

void main() {
	float at = dot(gl_FragCoord.xy, along);
	gl_FragColor = vec4(clamp(ratio < 1.0 ? larger(at) : smaller(at), 0.0, 1.0), 1.0);
}
