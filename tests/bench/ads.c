/* SPDX-License-Identifier: MIT */
/*
 * ads.c - what it takes to know what many nodes offer: bytes, and how long it takes to look. The nodes
 * are synthetic: they come, change and go without traffic, at the table that boxd keeps (ads/table.c).
 *
 *     bench-ads [NODES …]     10 100 1000 10000 unless told; prints a Markdown table
 *
 * Each node offers a processor, storage with ten folders, and what else a desktop has: ADS ads. Of the
 * looks, "who has it" goes through all that advertise a name which one node in ten has, "has it" asks one
 * node after the other for one name.
 */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ads/table.h"
#include "base/buf.h"
#include "box/cnstr.h"

#define LOOKS 2000
#define CHURN 5000 // nodes that go and come again

static int64_t now_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static size_t in_use(void) {
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

static void add(struct buf *list, const char *name, const char *type) {
	buf_printf(list, "name %s\ntype %s\nletters ksgplmdi\n\n", name, type);
}

// What node i offers, as it comes over the network.
static void make_list(struct buf *list, int i) {
	char name[64], type[64];
	buf_drop(list, list->size);
	for (const char *const *plain = (const char *const[]){"/chan", "/clip", "/display", "/fs", NULL};
			*plain; plain++) {
		add(list, *plain, "dir");
	}
	for (int j = 0; j < 10; j++) {
		snprintf(name, sizeof(name), "/fs/folder-%d-%d", i % 50, j);
		add(list, name, "dir");
	}
	if (i % 10 == 0) {
		add(list, "/printer", "printer!*!*!format=pdf");
	}
	snprintf(type, sizeof(type), "proc!%s!*!node=node%05d", i % 3 ? "amd64" : "arm64", i);
	add(list, "/proc", type);
}

static struct ads_node *come(struct ads_table *table, struct buf *list, int i) {
	char key[65];
	snprintf(key, sizeof(key), "%064d", i);
	struct ads_node *node = ads_node_create(table, key, NULL);
	make_list(list, i);
	if (!node || ads_node_learn(node, buf_front(list), list->size, NULL) != OP_OK) {
		abort();
	}
	return node;
}

static int compare(const void *a, const void *b) {
	int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
	return one < other ? -1 : one > other;
}

// Median µs of LOOKS looks.
static double measure(void (*look)(struct ads_table *table), struct ads_table *table) {
	static int64_t took[LOOKS];
	for (int i = 0; i < LOOKS; i++) {
		int64_t begin = now_ns();
		look(table);
		took[i] = now_ns() - begin;
	}
	qsort(took, LOOKS, sizeof(took[0]), compare);
	return (double)took[LOOKS / 2] / 1000;
}

static volatile int found; // so that no look is left out

static void look_who(struct ads_table *table) {
	const struct ads_name *name = ads_table_find(table, "/printer");
	const struct ad *ad;
	int count = 0;
	wl_list_for_each(ad, &name->ads, same) {
		count += cnstr_text_meets(ad->type, "printer");
	}
	found = count;
}

// The node that asks one after the other: a hundred of them, wherever they are.
static void look_each(struct ads_table *table) {
	const struct ads_node *node;
	int count = 0, left = 100;
	wl_list_for_each(node, &table->nodes, link) {
		count += ads_node_may_have(node, "/fs/folder-7-3");
		if (--left == 0) {
			break;
		}
	}
	found = count;
}

static void run(int count) {
	struct ads_table table;
	struct buf list;
	struct ads_node **nodes = calloc((size_t)count, sizeof(*nodes));
	size_t ads = 0, before = in_use();
	buf_init(&list);
	ads_table_init(&table);
	for (int i = 0; i < count; i++) {
		nodes[i] = come(&table, &list, i);
		ads += (size_t)nodes[i]->count;
	}
	size_t bytes = in_use() - before;
	double who = measure(look_who, &table), each = measure(look_each, &table);
	int64_t begin = now_ns();
	for (int i = 0; i < CHURN; i++) {
		int one = (int)arc4random_uniform((uint32_t)count);
		ads_node_destroy(nodes[one]);
		nodes[one] = come(&table, &list, one);
	}
	double churn = (double)(now_ns() - begin) / 1000 / CHURN;
	size_t grown = in_use() - before;
	printf("| %d | %zu | %.2f | %zu | %.2f | %.1f | %.1f | %.1f |\n", count, ads,
		(double)bytes / (1 << 20), bytes / ads, (double)grown / (1 << 20), who, each, churn);
	ads_table_finish(&table);
	buf_finish(&list);
	free(nodes);
}

int main(int argc, char **argv) {
	static const int usual[] = {10, 100, 1000, 10000};
	printf("| nodes | ads | MiB | bytes/ad | MiB after churn | who has it, µs | 100 nodes asked, µs | "
		"a node goes and comes, µs |\n|---|---|---|---|---|---|---|---|\n");
	for (int i = 1; i < argc; i++) {
		if (atoi(argv[i]) <= 0) {
			fprintf(stderr, "usage: bench-ads [NODES …]\n");
			return 2;
		}
		run(atoi(argv[i]));
	}
	for (size_t i = 0; argc == 1 && i < sizeof(usual) / sizeof(usual[0]); i++) {
		run(usual[i]);
	}
	return 0;
}
