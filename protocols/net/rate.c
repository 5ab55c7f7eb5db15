/* SPDX-License-Identifier: MIT */
/*
 * rate.c - a bucket of tokens for each subject. What is refused for want of one is serve.c's.
 */
#include "net/rate.h"

#include <stdlib.h>
#include <string.h>

struct bucket {
	struct wl_list link; // rate.buckets
	struct subject who;
	int64_t thousandths; // of tokens
	int64_t at_ms;       // as of then
};

void rate_init(struct rate *rate, int per_second) {
	*rate = (struct rate){.per_second = per_second};
	wl_list_init(&rate->buckets);
}

static void bucket_destroy(struct bucket *bucket) {
	wl_list_remove(&bucket->link);
	free(bucket);
}

void rate_finish(struct rate *rate) {
	struct bucket *bucket, *next;
	wl_list_for_each_safe(bucket, next, &rate->buckets, link) {
		bucket_destroy(bucket);
	}
}

static bool is_of(const struct bucket *bucket, const struct subject *who) {
	return strcmp(bucket->who.person, who->person) == 0 &&
		strcmp(bucket->who.machine, who->machine) == 0;
}

// His bucket as it is now; full ones of others go. NULL: no memory.
static struct bucket *find(struct rate *rate, const struct subject *who, int64_t now_ms) {
	int64_t full = (int64_t)rate->per_second * RATE_BURST * 1000;
	struct bucket *bucket, *next, *found = NULL;
	wl_list_for_each_safe(bucket, next, &rate->buckets, link) {
		bucket->thousandths += (now_ms - bucket->at_ms) * rate->per_second;
		bucket->thousandths = bucket->thousandths < full ? bucket->thousandths : full;
		bucket->at_ms = now_ms;
		if (is_of(bucket, who)) {
			found = bucket;
		} else if (bucket->thousandths == full) {
			bucket_destroy(bucket);
		}
	}
	if (!found && (found = malloc(sizeof(*found)))) {
		*found = (struct bucket){.who = *who, .thousandths = full, .at_ms = now_ms};
		wl_list_insert(&rate->buckets, &found->link);
	}
	return found;
}

bool rate_take(struct rate *rate, const struct subject *who, int64_t now_ms) {
	struct bucket *bucket = rate->per_second > 0 ? find(rate, who, now_ms) : NULL;
	if (!bucket) {
		return true;
	}
	bool good = bucket->thousandths >= 1000;
	bucket->thousandths -= good ? 1000 : 0;
	return good;
}
