/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_FIELD_H
#define CONFIG_FIELD_H

#include <stdbool.h>
#include <stddef.h>

struct config;

/*
 * Takes one line into the configuration. value is changed. false: the line makes no sense, error
 * says why and what would; the configuration is as before.
 */
bool config_field(struct config *config, const char *field, char *value,
	char *error, size_t error_size);

#endif
