/* SPDX-License-Identifier: MIT */
/*
 * table.c - the ads of all nodes, in memory. Whom to ask for them is follow.c's, what this node
 * advertises itself boxes/ads.c's.
 *
 * A name is kept once, however many nodes have it: with thousands of them that is most of the bytes.
 */
#include "ads/table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "box/name.h"

#define BUCKETS_LEAST 64

static size_t hash(const char *text) {
	uint64_t sum = 0xcbf29ce484222325;
	for (; *text; text++) { // FNV-1a
		sum = (sum ^ (unsigned char)*text) * 0x100000001b3;
	}
	return (size_t)(sum ^ sum >> 32);
}

static struct wl_list *bucket_of(const struct ads_table *table, const char *text) {
	return &table->buckets[hash(text) & (table->buckets_size - 1)];
}

static struct ads_name *find_name(const struct ads_table *table, const char *text) {
	struct ads_name *name;
	if (table->buckets_size == 0) {
		return NULL;
	}
	wl_list_for_each(name, bucket_of(table, text), link) {
		if (strcmp(name->text, text) == 0) {
			return name;
		}
	}
	return NULL;
}

// Room for more names, the old ones in their new buckets. false: no memory, and all is as it was.
static bool grow(struct ads_table *table) {
	struct ads_table old = *table;
	size_t size = old.buckets_size > 0 ? old.buckets_size * 2 : BUCKETS_LEAST;
	struct wl_list *buckets = calloc(size, sizeof(*buckets));
	if (!buckets) {
		return false;
	}
	for (size_t i = 0; i < size; i++) {
		wl_list_init(&buckets[i]);
	}
	table->buckets = buckets;
	table->buckets_size = size;
	for (size_t i = 0; i < old.buckets_size; i++) {
		struct ads_name *name, *next;
		wl_list_for_each_safe(name, next, &old.buckets[i], link) {
			wl_list_insert(bucket_of(table, name->text), &name->link);
		}
	}
	free(old.buckets);
	return true;
}

static struct ads_name *add_name(struct ads_table *table, const char *text) {
	struct ads_name *name = find_name(table, text);
	if (name || (table->names >= table->buckets_size && !grow(table))) {
		return name;
	}
	size_t size = strlen(text) + 1;
	name = malloc(sizeof(*name) + size);
	if (name) {
		memcpy(name->text, text, size);
		wl_list_init(&name->ads);
		wl_list_insert(bucket_of(table, text), &name->link);
		table->names++;
	}
	return name;
}

static void drop_name(struct ads_table *table, struct ads_name *name) {
	if (wl_list_empty(&name->ads)) {
		wl_list_remove(&name->link);
		free(name);
		table->names--;
	}
}

void ads_table_init(struct ads_table *table) {
	*table = (struct ads_table){0};
	wl_list_init(&table->nodes);
}

void ads_table_finish(struct ads_table *table) {
	struct ads_node *node, *next;
	wl_list_for_each_safe(node, next, &table->nodes, link) {
		ads_node_destroy(node);
	}
	free(table->buckets);
}

struct ads_node *ads_node_create(struct ads_table *table, const char *key, void *data) {
	struct ads_node *node = calloc(1, sizeof(*node));
	if (node) {
		node->table = table;
		node->data = data;
		strncpy(node->key, key, sizeof(node->key) - 1);
		wl_list_insert(table->nodes.prev, &node->link);
	}
	return node;
}

// list may be half filled: an ad without a name was not linked.
static void free_list(struct ads_table *table, struct ad *list, int count) {
	for (int i = 0; i < count; i++) {
		if (list[i].name) {
			wl_list_remove(&list[i].same);
			drop_name(table, list[i].name);
		}
	}
	free(list);
}

void ads_node_forget(struct ads_node *node) {
	free_list(node->table, node->list, node->count);
	free(node->text);
	node->list = NULL;
	node->text = NULL;
	node->count = 0;
	node->heard = node->whole = false;
}

void ads_node_destroy(struct ads_node *node) {
	if (node) {
		ads_node_forget(node);
		wl_list_remove(&node->link);
		free(node);
	}
}

/* A list, from heads to ads. */

struct reading {
	const char *at;
	size_t left;
	struct op_head entry;
};

// The next entry, to be finished by the caller. false: the end, or refusal says why not.
static bool next_entry(struct reading *reading, struct op_refusal *refusal) {
	*refusal = (struct op_refusal){0};
	if (reading->left == 0) {
		return false;
	}
	size_t size = op_head_size(reading->at, reading->left, refusal);
	if (size == 0) {
		if (refusal->code == OP_OK) {
			op_refuse(refusal, OP_EARG, "a list of ads ends in the middle of one");
		}
		return false;
	}
	if (op_decode(&reading->entry, OP_ENTRY, reading->at, size, refusal) != OP_OK) {
		return false;
	}
	reading->at += size;
	reading->left -= size;
	return true;
}

static const char *get(const struct op_head *entry, enum op_field field) {
	const char *value = op_get(entry, field);
	return value ? value : "";
}

// How many there are, and the bytes of their texts. false: refusal says what is wrong with the list.
static bool measure(struct reading reading, int *count, size_t *bytes, struct op_refusal *refusal) {
	*count = 0;
	*bytes = 0;
	while (*count < ADS_MAX && next_entry(&reading, refusal)) {
		bool good = op_has(&reading.entry, OP_F_NAME) && op_has(&reading.entry, OP_F_TYPE);
		*bytes += strlen(get(&reading.entry, OP_F_TYPE)) + 1;
		*bytes += strlen(get(&reading.entry, OP_F_LETTERS)) + 1;
		op_head_finish(&reading.entry);
		if (!good) {
			op_refuse(refusal, OP_EARG, "an ad has a name and a type");
			return false;
		}
		++*count;
	}
	return refusal->code == OP_OK;
}

static const char *keep(char **text, const char *value) {
	char *kept = *text;
	*text = stpcpy(kept, value) + 1;
	return kept;
}

static bool fill(struct ads_node *node, struct reading reading, struct ad *list, int count,
		char *text) {
	struct op_refusal refusal;
	for (int i = 0; i < count && next_entry(&reading, &refusal); i++) {
		struct ad *ad = &list[i];
		ad->node = node;
		ad->name = add_name(node->table, get(&reading.entry, OP_F_NAME));
		if (ad->name) {
			wl_list_insert(ad->name->ads.prev, &ad->same);
		}
		ad->type = keep(&text, get(&reading.entry, OP_F_TYPE));
		ad->letters = keep(&text, get(&reading.entry, OP_F_LETTERS));
		op_head_finish(&reading.entry);
		if (!ad->name) {
			return false;
		}
	}
	return true;
}

static int compare(const void *a, const void *b) {
	const struct ad *one = a, *other = b;
	return name_compare(one->name->text, other->name->text);
}

// Where a peer's list is not in order; the links follow what has moved.
static void sort(struct ad *list, int count) {
	for (int i = 1; i < count; i++) {
		if (compare(&list[i - 1], &list[i]) > 0) {
			for (int j = 0; j < count; j++) {
				wl_list_remove(&list[j].same);
			}
			qsort(list, (size_t)count, sizeof(*list), compare);
			for (int j = 0; j < count; j++) {
				wl_list_insert(list[j].name->ads.prev, &list[j].same);
			}
			return;
		}
	}
}

enum op_code ads_node_learn(struct ads_node *node, const void *bytes, size_t size,
		struct op_refusal *refusal) {
	struct reading reading = {.at = bytes, .left = size};
	struct op_refusal own;
	int count;
	size_t text_size;
	refusal = refusal ? refusal : &own;
	if (size > ADS_BYTES) {
		return op_refuse(refusal, OP_E2BIG, "a list of ads has at most %d bytes", ADS_BYTES);
	}
	if (!measure(reading, &count, &text_size, refusal)) {
		return refusal->code;
	}
	struct ad *list = calloc((size_t)count + 1, sizeof(*list));
	char *text = malloc(text_size + 1);
	if (!list || !text || !fill(node, reading, list, count, text)) {
		if (list) {
			free_list(node->table, list, count);
		}
		free(text);
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	sort(list, count);
	ads_node_forget(node);
	node->list = list;
	node->count = count;
	node->text = text;
	node->heard = true;
	node->whole = count < ADS_MAX;
	return OP_OK;
}

/* Looking up. */

// The first ad that is not before name; count: none.
static int lower_bound(const struct ads_node *node, const char *name) {
	int low = 0, high = node->count;
	while (low < high) {
		int middle = low + (high - low) / 2;
		if (name_compare(node->list[middle].name->text, name) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

const struct ad *ads_node_find(const struct ads_node *node, const char *name) {
	int i = lower_bound(node, name);
	return i < node->count && strcmp(node->list[i].name->text, name) == 0 ? &node->list[i] : NULL;
}

bool ads_is_private(const char *component, size_t size) {
	static const char *const private[] = {
		"ads", "any", "ask", "b", "mount", "n", "ns", "null", "peer", "usr",
	};
	for (size_t i = 0; i < sizeof(private) / sizeof(private[0]); i++) {
		if (strlen(private[i]) == size && memcmp(private[i], component, size) == 0) {
			return true;
		}
	}
	return false;
}

bool ads_node_may_have(const struct ads_node *node, const char *name) {
	char part[2 * OP_MAX_COMPONENT + 3];
	const char *at = name;
	size_t size, first;
	if (!name_next(&at, &size) || size > OP_MAX_COMPONENT || ads_is_private(name + 1, size)) {
		return true; // the node itself, for one
	}
	part[0] = '/';
	memcpy(part + 1, name + 1, size);
	part[first = size + 1] = '\0';
	int i = lower_bound(node, part);
	bool there = i < node->count && strcmp(node->list[i].name->text, part) == 0;
	bool lists = i + there < node->count && name_below(part, node->list[i + there].name->text);
	const char *second = name_next(&at, &size);
	if (!lists || !second || size > OP_MAX_COMPONENT) {
		return there || lists;
	}
	part[first] = '/';
	memcpy(part + first + 1, second, size);
	part[first + 1 + size] = '\0';
	return ads_node_find(node, part);
}

const struct ads_name *ads_table_find(const struct ads_table *table, const char *name) {
	return find_name(table, name);
}
