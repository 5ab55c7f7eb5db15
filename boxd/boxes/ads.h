/* SPDX-License-Identifier: MIT */
#ifndef BOXES_ADS_H
#define BOXES_ADS_H

#include "boxes/env.h"

/* What is known of other nodes has changed: who waits for it hears so. */
void ads_box_changed(struct box_env *env);

#endif
