/* SPDX-License-Identifier: MIT */
#ifndef QUIC_DIGEST_H
#define QUIC_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

/* SHA-256 as 64 hex digits; false: the library would not. */
bool digest_hex(const void *bytes, size_t size, char out[static 65]);

#endif
