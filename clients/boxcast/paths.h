/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_PATHS_H
#define BOXCAST_PATHS_H

#include "boxcast/pipeline.h"

#define PATHS 16 // ways to encode

/* The i-th, the best first. */
const struct pipeline_path *path_at(uint32_t i);

#endif
