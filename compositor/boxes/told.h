/* SPDX-License-Identifier: MIT */
#ifndef BOXES_TOLD_H
#define BOXES_TOLD_H

#include "box/op.h"

/*
 * What boxcast or boxview told of a view last, lines of a head (NULL: nothing yet), as fields of its box's
 * kind: path, picture and stages. before: what comes first on the path.
 */
void told_describe(struct op_head *entry, const char *text, const char *before);

#endif
