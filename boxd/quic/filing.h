/* SPDX-License-Identifier: MIT */
#ifndef QUIC_FILING_H
#define QUIC_FILING_H

#include <stdbool.h>

#include "base/buf.h"
#include "quic/quic_private.h"

/*
 * The small files of DIR/kind, each replaced as a whole and synced. What failed is logged. They are
 * written in the order in which they were asked for: what was to be written soon is on the disk before
 * anything that is written now.
 */

char *filing_path(const struct quic *quic, const char *kind, const char *name); // NULL: no memory
/* Now: on the disk when it returns. For what somebody waits for; the loop stands meanwhile. */
bool filing_write(struct quic *quic, const char *kind, const char *name, struct buf *text);
/* By a thread. */
void filing_write_soon(struct quic *quic, const char *kind, const char *name, struct buf *text);
void filing_remove(struct quic *quic, const char *kind, const char *name);

#endif
