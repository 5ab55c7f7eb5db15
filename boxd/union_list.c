/* SPDX-License-Identifier: MIT */
/* union_list.c - lists and versions of several servers, made one. Pure: bytes in, bytes out. */
#include "union_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/cnstr.h"
#include "box/name.h"

#define VERSION_MAX 200 // of one server, to be waited on; the versions of all go into one head

struct listed {
	char *name;
	const uint8_t *bytes; // of the entry
	size_t size;
	int part;
	bool wanted;
};

struct merging {
	struct listed *list;
	size_t count, capacity;
	const char *want, *after; // may be NULL
};

static bool add(struct merging *merging, const struct op_head *entry, const uint8_t *bytes,
		size_t size, int part) {
	if (merging->count == merging->capacity) {
		size_t more = merging->capacity ? 2 * merging->capacity : 64;
		struct listed *list = realloc(merging->list, more * sizeof(*list));
		if (!list) {
			return false;
		}
		merging->list = list;
		merging->capacity = more;
	}
	const char *name = op_get(entry, OP_F_NAME), *type = op_get(entry, OP_F_TYPE);
	bool wanted = (!merging->want || (type && cnstr_text_meets(type, merging->want))) &&
		(!merging->after || name_compare(name, merging->after) > 0);
	struct listed *listed = &merging->list[merging->count];
	*listed = (struct listed){strdup(name), bytes, size, part, wanted};
	merging->count += listed->name != NULL;
	return listed->name;
}

static bool add_part(struct merging *merging, const struct union_part *part, int number) {
	struct buf list = part->list;
	while (list.size > 0) {
		struct op_head entry;
		const uint8_t *at = buf_front(&list);
		size_t size = op_head_size(at, list.size, NULL);
		if (size == 0 || op_decode(&entry, OP_ENTRY, at, size, NULL) != OP_OK) {
			return true;
		}
		bool good = !op_has(&entry, OP_F_NAME) || add(merging, &entry, at, size, number);
		op_head_finish(&entry);
		if (!good) {
			return false;
		}
		list.at += size; // a look at the bytes only: they stay the part's
		list.size -= size;
	}
	return true;
}

static int compare(const void *a, const void *b) {
	const struct listed *one = a, *other = b;
	int order = name_compare(one->name, other->name);
	return order ? order : one->part - other->part;
}

static bool print(const struct merging *merging, uint64_t most, struct buf *out) {
	const char *last = NULL;
	bool good = true;
	for (size_t i = 0; i < merging->count && most > 0 && good; i++) {
		const struct listed *listed = &merging->list[i];
		bool first = !last || strcmp(last, listed->name) != 0;
		last = listed->name;
		if (first && listed->wanted) {
			good = buf_append(out, listed->bytes, listed->size);
			most--;
		}
	}
	return good;
}

bool union_list_merge(const struct union_part *parts, int count, const struct op_head *head,
		struct buf *out) {
	struct merging merging = {
		.want = op_get(head, OP_F_WANT),
		.after = op_get(head, OP_F_AFTER),
	};
	bool good = true;
	for (int i = 0; i < count && good; i++) {
		good = parts[i].state != UNION_LISTED || add_part(&merging, &parts[i], i);
	}
	if (merging.count > 0) {
		qsort(merging.list, merging.count, sizeof(merging.list[0]), compare);
	}
	good = good && print(&merging, op_get_number(head, OP_F_COUNT, UINT64_MAX), out);
	for (size_t i = 0; i < merging.count; i++) {
		free(merging.list[i].name);
	}
	free(merging.list);
	return good;
}

/* "3=7:5f2a.12,4-,6!": of mount 3 a version of 7 bytes, 4 was silent, 6 has no such box. */

bool union_list_version(const struct union_part *parts, int count, struct buf *out) {
	bool good = true;
	for (int i = 0; i < count && good; i++) {
		const struct union_part *part = &parts[i];
		size_t size = part->version ? strlen(part->version) : 0;
		good = buf_printf(out, "%s%u", i ? "," : "", part->serial);
		if (part->state == UNION_LISTED && size > 0 && size <= VERSION_MAX) {
			good = good && buf_printf(out, "=%zu:%s", size, part->version);
		} else {
			good = good && buf_printf(out, part->state == UNION_SILENT ? "-" : "!");
		}
	}
	return good;
}

static bool read_part(struct union_part *part, const char **at) {
	char *end;
	unsigned long serial = strtoul(*at, &end, 10);
	if (end == *at || serial != part->serial) {
		return false;
	}
	if (*end == '-' || *end == '!') {
		part->state = *end == '-' ? UNION_SILENT : UNION_REFUSED;
		*at = end + 1;
		return true;
	}
	if (*end != '=') {
		return false;
	}
	unsigned long size = strtoul(end + 1, &end, 10);
	if (*end != ':' || size == 0 || size > VERSION_MAX || strlen(end + 1) < size) {
		return false;
	}
	part->state = UNION_LISTED;
	free(part->version);
	part->version = strndup(end + 1, size);
	*at = end + 1 + size;
	return part->version;
}

bool union_list_since(struct union_part *parts, int count, const char *version) {
	for (int i = 0; i < count; i++) {
		if ((i > 0 && *version++ != ',') || !read_part(&parts[i], &version)) {
			return false;
		}
	}
	return *version == '\0';
}
