/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_MEDIA_H
#define CLIENTS_MEDIA_H

#include <stdbool.h>

/*
 * GStreamer, ready: with these plugins (NULL-terminated) and no others, so that nothing has to be
 * searched first. A plugin that is not installed is passed over. Whoever sets a GST_PLUGIN variable
 * gets what GStreamer makes of it instead. false: logged.
 */
bool media_init(const char *const *plugins);

#endif
