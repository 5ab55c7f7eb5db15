/* SPDX-License-Identifier: MIT */
#ifndef BOXD_CONFIG_H
#define BOXD_CONFIG_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <wayland-util.h>

#include "box/op.h"

/*
 * What the node is told: boxd.conf, the environment and the command line, read once at start. See
 * boxd.conf(5) for the fields.
 */

#define CONFIG_POINTS 4 // meeting points

struct config_export {
	struct wl_list link; // config.exports
	char *name;          // one component: the box is /fs/NAME
	char *path;          // absolute
	bool store;          // may be written
};

struct config_access {
	struct wl_list link; // config.access
	char *box;           // a name
	char *line;          // of its access list: SUBJECT LETTERS
};

struct config {
	char machine[64];       // field machine, else the host's name
	char person[64];        // whose the node is until it has a person: the user's login name
	char dir[PATH_MAX];     // keys, persons, peers: $XDG_DATA_HOME/boxland
	char ns[PATH_MAX];      // the default name space: $XDG_CONFIG_HOME/boxland/ns
	char socket[108];       // $BOX_OP, else $XDG_RUNTIME_DIR/boxland/op
	char address[64];       // to bind, "" all
	uint16_t port;          // OP_PORT unless told
	int peer_rate;          // exchanges a second that a peer may begin
	int ask_ms;             // how long a question waits for its answer
	bool network;           // false: no UDP socket at all
	bool advertise;         // found, and finds others, in the local network
	bool directory;         // tells its person's machines what others advertise
	bool sandbox_network;   // programs of other persons may use the network
	bool meet;              // this node is a meeting point
	uint64_t meet_rate;     // bytes a second that it forwards between two nodes
	char meet_at[CONFIG_POINTS][130]; // petnames of the meeting points that it uses
	int meet_at_size;
	struct wl_list exports; // config_export.link
	struct wl_list access;  // config_access.link, in the file's order
};

/*
 * path NULL: $XDG_CONFIG_HOME/boxland/boxd.conf, which may be absent. false: error says where and
 * what is wrong, as "path:3: …".
 */
bool config_load(struct config *config, const char *path, char *error, size_t error_size);
void config_finish(struct config *config);

#endif
