/* SPDX-License-Identifier: MIT */
/*
 * stream.c - what all streams have in common, which is almost nothing.
 *
 * Sockets are stream_unix.c's and boxd/quic's; what the bytes mean is exchange.c's.
 */
#include "net/stream.h"

#include <assert.h>

void stream_init(struct stream *stream, const struct stream_impl *impl) {
	assert(impl->write && impl->end && impl->abort);
	assert(impl->pause && impl->queued && impl->destroy);
	*stream = (struct stream){.impl = impl};
}
