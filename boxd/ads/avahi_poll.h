/* SPDX-License-Identifier: MIT */
#ifndef ADS_AVAHI_POLL_H
#define ADS_AVAHI_POLL_H

#include <avahi-common/watch.h>
#include <wayland-server-core.h>

/*
 * Avahi's idea of an event loop, on ours. What its callbacks do, they do from the loop; a watch or
 * time-out may be freed from inside its own.
 */

/* NULL: no memory. */
AvahiPoll *avahi_poll_create(struct wl_event_loop *loop);
/* All watches and time-outs are freed before: their users' business. NULL is fine. */
void avahi_poll_destroy(AvahiPoll *poll);

#endif
