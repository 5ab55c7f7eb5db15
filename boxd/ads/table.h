/* SPDX-License-Identifier: MIT */
#ifndef ADS_TABLE_H
#define ADS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <wayland-util.h>

#include "box/op.h"

/*
 * What other nodes advertise: for each node its boxes, and for each name the nodes that have it. An ad
 * is a hint, never authority: it says whom to ask.
 */

#define ADS_MAX 1024            // of one node
#define ADS_BYTES (256 * 1024) // of one node's list, as it came

/* A name that somebody advertises. */
struct ads_name {
	struct wl_list link; // of a bucket
	struct wl_list ads;  // ad.same
	char text[];
};

struct ad {
	struct wl_list same; // ads_name.ads
	struct ads_node *node;
	struct ads_name *name;     // the box's, at its node
	const char *type, *letters; // type and constraints; what this node's person may do there, or ""
};

struct ads_node {
	struct wl_list link; // ads_table.nodes
	struct ads_table *table;
	void *data;      // the listener's own
	bool heard;      // it has said what it has
	bool whole;      // and that is all
	struct ad *list; // by name
	int count;
	char *text;      // of types and letters
	char key[65];
};

struct ads_table {
	struct wl_list nodes; // ads_node.link
	struct wl_list *buckets;
	size_t buckets_size, names;
};

void ads_table_init(struct ads_table *table);
void ads_table_finish(struct ads_table *table); // and all nodes

/* NULL: no memory. */
struct ads_node *ads_node_create(struct ads_table *table, const char *key, void *data);
void ads_node_destroy(struct ads_node *node);
/*
 * The node's ads are those of a list of selectors, and no others. EARG if it is no such list, E2BIG over
 * ADS_BYTES, EIO for want of memory; then all is as it was. What is over ADS_MAX is left out.
 */
enum op_code ads_node_learn(struct ads_node *node, const void *list, size_t size,
	struct op_refusal *refusal);
/* Nothing is known of it any more. */
void ads_node_forget(struct ads_node *node);

/* A box of every node that is no offer to others, by the first component of its name: never advertised. */
bool ads_is_private(const char *component, size_t size);

/* NULL: it does not advertise that. */
const struct ad *ads_node_find(const struct ads_node *node, const char *name);
/*
 * Whether a name may be there: its first component is advertised, and so is the second, if any below the
 * first are. What is never advertised may be anywhere.
 */
bool ads_node_may_have(const struct ads_node *node, const char *name);
/* Who advertises a name: ads_name.ads; NULL: nobody. */
const struct ads_name *ads_table_find(const struct ads_table *table, const char *name);

#endif
