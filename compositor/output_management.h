/* SPDX-License-Identifier: MIT */
#ifndef OUTPUT_MANAGEMENT_H
#define OUTPUT_MANAGEMENT_H

/*
 * Outputs as tools such as wlr-randr see and set them: wlr-output-management, xdg-output and
 * wlr-output-power-management.
 */

struct output_management;
struct server;

struct output_management *output_management_create(struct server *server);
void output_management_destroy(struct output_management *management);

#endif
