/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_MEDIA_H
#define CLIENTS_MEDIA_H

#include <stdbool.h>

/* Starts GStreamer, without any plugin, so that nothing has to be searched first. false: logged. */
bool media_init(void);
/*
 * Gives it these plugins (NULL-terminated) and no others. One that is not installed is passed over.
 * Whoever sets a GST_PLUGIN variable gets what GStreamer makes of it instead: media_init() has searched.
 */
void media_load(const char *const *plugins);

#endif
