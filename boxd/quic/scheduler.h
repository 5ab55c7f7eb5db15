/* SPDX-License-Identifier: MIT */
#ifndef QUIC_SCHEDULER_H
#define QUIC_SCHEDULER_H

#include <stdint.h>

#include "quic/connection.h"

/*
 * One turn of writing of one connection: at most one batch, in order of class. What does not fit
 * waits for the next turn, behind the loop's other business.
 */
void scheduler_turn(struct connection *connection, uint64_t now);
/* What is known of the way that a connection takes, which is up. */
void scheduler_path(struct connection *connection, struct stream_path *path);

#endif
