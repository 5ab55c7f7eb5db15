/* SPDX-License-Identifier: MIT */
/*
 * config.c - what the driver says it can do. H.264 it encodes by an ordinary and by a low-power unit,
 * as graphics processors of the last years have one, the other or both.
 */
#include "va/driver.h"

static const VAProfile profiles[] = {
	VAProfileH264ConstrainedBaseline,
	VAProfileH264Main,
	VAProfileH264High,
	VAProfileNone,
};
#define PROFILES ((int)(sizeof(profiles) / sizeof(profiles[0])))

static bool is_h264(VAProfile profile) {
	return profile == VAProfileH264ConstrainedBaseline || profile == VAProfileH264Main ||
		profile == VAProfileH264High;
}

static VAStatus check(VAProfile profile, VAEntrypoint entrypoint) {
	if (profile == VAProfileNone) {
		return entrypoint == VAEntrypointVideoProc ? VA_STATUS_SUCCESS :
			VA_STATUS_ERROR_UNSUPPORTED_ENTRYPOINT;
	}
	if (!is_h264(profile)) {
		return VA_STATUS_ERROR_UNSUPPORTED_PROFILE;
	}
	bool can = is_encoding(entrypoint) || (entrypoint == VAEntrypointVLD && can_decode());
	return can ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_UNSUPPORTED_ENTRYPOINT;
}

static VAStatus query_profiles(VADriverContextP va, VAProfile *list, int *count) {
	for (int i = 0; i < PROFILES; i++) {
		list[i] = profiles[i];
	}
	*count = PROFILES;
	return VA_STATUS_SUCCESS;
}

static VAStatus query_entrypoints(VADriverContextP va, VAProfile profile, VAEntrypoint *list,
		int *count) {
	*count = 0;
	if (profile == VAProfileNone) {
		list[(*count)++] = VAEntrypointVideoProc;
	} else if (is_h264(profile)) {
		list[(*count)++] = VAEntrypointEncSlice;
		list[(*count)++] = VAEntrypointEncSliceLP;
		if (can_decode()) {
			list[(*count)++] = VAEntrypointVLD;
		}
	} else {
		return VA_STATUS_ERROR_UNSUPPORTED_PROFILE;
	}
	return VA_STATUS_SUCCESS;
}

static uint32_t attribute(VAEntrypoint entrypoint, VAConfigAttribType type) {
	bool encoding = is_encoding(entrypoint);
	switch (type) {
	case VAConfigAttribRTFormat:
		return VA_RT_FORMAT_YUV420 |
			(entrypoint == VAEntrypointVideoProc ? VA_RT_FORMAT_RGB32 : 0);
	case VAConfigAttribMaxPictureWidth:
	case VAConfigAttribMaxPictureHeight:
		return VA_SIDE_MAX;
	case VAConfigAttribDecSliceMode:
		return entrypoint == VAEntrypointVLD ? VA_DEC_SLICE_MODE_NORMAL : VA_ATTRIB_NOT_SUPPORTED;
	case VAConfigAttribRateControl:
		return encoding ? VA_RC_CBR | VA_RC_VBR | VA_RC_CQP : VA_ATTRIB_NOT_SUPPORTED;
	case VAConfigAttribEncMaxRefFrames:
	case VAConfigAttribEncMaxSlices:
		return encoding ? 1 : VA_ATTRIB_NOT_SUPPORTED;
	case VAConfigAttribEncSliceStructure:
		return encoding ? VA_ENC_SLICE_STRUCTURE_ARBITRARY_MACROBLOCKS : VA_ATTRIB_NOT_SUPPORTED;
	case VAConfigAttribEncQualityRange:
		return encoding ? 7 : VA_ATTRIB_NOT_SUPPORTED;
	case VAConfigAttribEncPackedHeaders: // taken and not needed: libx264 writes its own
		return encoding ? VA_ENC_PACKED_HEADER_SEQUENCE | VA_ENC_PACKED_HEADER_PICTURE |
			VA_ENC_PACKED_HEADER_SLICE | VA_ENC_PACKED_HEADER_MISC |
			VA_ENC_PACKED_HEADER_RAW_DATA : VA_ATTRIB_NOT_SUPPORTED;
	default:
		return VA_ATTRIB_NOT_SUPPORTED;
	}
}

static VAStatus get_attributes(VADriverContextP va, VAProfile profile, VAEntrypoint entrypoint,
		VAConfigAttrib *list, int count) {
	VAStatus status = check(profile, entrypoint);
	for (int i = 0; status == VA_STATUS_SUCCESS && i < count; i++) {
		list[i].value = attribute(entrypoint, list[i].type);
	}
	return status;
}

static VAStatus create(VADriverContextP va, VAProfile profile, VAEntrypoint entrypoint,
		VAConfigAttrib *attributes, int count, VAConfigID *id) {
	VAStatus status = check(profile, entrypoint);
	if (status != VA_STATUS_SUCCESS) {
		return status;
	}
	struct config *config = object_create(va, OBJECT_CONFIG, sizeof(*config));
	if (!config) {
		return VA_STATUS_ERROR_ALLOCATION_FAILED;
	}
	config->profile = profile;
	config->entrypoint = entrypoint;
	for (int i = 0; i < count; i++) {
		if (attributes[i].type == VAConfigAttribRateControl) {
			config->rate_control = attributes[i].value;
		}
	}
	*id = config->object.id;
	return VA_STATUS_SUCCESS;
}

static VAStatus destroy(VADriverContextP va, VAConfigID id) {
	struct config *config = object_find(va, OBJECT_CONFIG, id);
	object_destroy(va, config);
	return config ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_CONFIG;
}

static VAStatus query(VADriverContextP va, VAConfigID id, VAProfile *profile,
		VAEntrypoint *entrypoint, VAConfigAttrib *attributes, int *count) {
	const struct config *config = object_find(va, OBJECT_CONFIG, id);
	if (!config) {
		return VA_STATUS_ERROR_INVALID_CONFIG;
	}
	*profile = config->profile;
	*entrypoint = config->entrypoint;
	attributes[0].type = VAConfigAttribRTFormat;
	attributes[0].value = attribute(config->entrypoint, VAConfigAttribRTFormat);
	*count = 1;
	return VA_STATUS_SUCCESS;
}

void config_fill(struct VADriverVTable *vtable) {
	vtable->vaQueryConfigProfiles = query_profiles;
	vtable->vaQueryConfigEntrypoints = query_entrypoints;
	vtable->vaGetConfigAttributes = get_attributes;
	vtable->vaCreateConfig = create;
	vtable->vaDestroyConfig = destroy;
	vtable->vaQueryConfigAttributes = query;
}
