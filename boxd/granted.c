/* SPDX-License-Identifier: MIT */
/*
 * granted.c - grants where they arrive: taken, counted, and what goes on by them ended in time.
 *
 * How they are signed, and looked at on the way, is grants.c's. Whether he who granted it may do it
 * himself is decided as ever by the box.
 */
#include "grants.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/exchange.h"
#include "quic/quic.h"
#include "quic/signing.h"

#define READ_MAX 16 // grants of one request that are read
#define TRIES 2     // and whose signatures are looked at: a copy has one for each box
#define USED_MAX 4096
#define USED_MAX_PERSON 256 // of one person, who may have any number of machines
#define KINDS_AT_ONCE 4     // exchanges that only look, by one grant for one use
#define LOOK_MS 60000       // a machine that slept, or whose clock was set, has another time

/* A grant that was used, or is. */
struct used {
	struct wl_list link; // grants.used
	char id[GRANT_ID + 1];
	char by[GRANT_KEY + 1], person[GRANT_KEY + 1];
	int64_t until;         // no later can it come again; of its newest form
	bool spent;            // it was for once
	struct wl_list running; // running.link
};

struct running { // one exchange
	struct wl_list link; // used.running
	struct exchange *exchange;
	struct wl_listener destroy; // of the exchange
	bool looks; // a kind, which is no use of the bytes
};

static int64_t clock_ms(clockid_t clock) {
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t uptime_ms(void) {
	return clock_ms(CLOCK_BOOTTIME);
}

static int64_t since_1970_ms(void) {
	return clock_ms(CLOCK_REALTIME);
}

void grants_init(struct grants *grants, const struct keys *keys, struct wl_event_loop *loop) {
	*grants = (struct grants){
		.keys = keys, .loop = loop, .started_ms = uptime_ms(), .now_ms = since_1970_ms,
	};
	wl_list_init(&grants->used);
}

static void running_destroy(struct running *running) {
	wl_list_remove(&running->link);
	wl_list_remove(&running->destroy.link);
	free(running);
}

static void used_destroy(struct used *used) {
	struct running *running, *next;
	wl_list_for_each_safe(running, next, &used->running, link) {
		running_destroy(running);
	}
	wl_list_remove(&used->link);
	free(used);
}

void grants_finish(struct grants *grants) {
	struct used *used, *next;
	wl_list_for_each_safe(used, next, &grants->used, link) {
		used_destroy(used);
	}
	if (grants->timer) {
		wl_event_source_remove(grants->timer);
	}
	if (grants->soon) {
		wl_event_source_remove(grants->soon);
	}
	grants->timer = grants->soon = NULL;
}

/* What goes on by one ends in time. */

static const char *why_over(const struct grants *grants, const struct used *used) {
	if (!signing_stands(grants->quic, used->person, used->by)) {
		return "who granted it is not known here any more";
	}
	return used->until < grants->now_ms() / 1000 ? "the grant ran out" : NULL;
}

// Cutting one may end others: begun anew until none is left.
static bool cut_one(struct grants *grants) {
	struct used *used;
	wl_list_for_each(used, &grants->used, link) {
		const char *why = wl_list_empty(&used->running) ? NULL : why_over(grants, used);
		if (why) {
			struct running *running = wl_container_of(used->running.next, running, link);
			struct exchange *exchange = running->exchange;
			running_destroy(running);
			exchange_cut(exchange, OP_EPERM, why);
			return true;
		}
	}
	return false;
}

static bool any_running(const struct grants *grants) {
	const struct used *used;
	wl_list_for_each(used, &grants->used, link) {
		if (!wl_list_empty(&used->running)) {
			return true;
		}
	}
	return false;
}

static void forget_done(struct grants *grants) {
	struct used *used, *next;
	int64_t now = grants->now_ms() / 1000;
	wl_list_for_each_safe(used, next, &grants->used, link) {
		if (wl_list_empty(&used->running) && (!used->spent || used->until < now)) {
			used_destroy(used);
		}
	}
}

static void handle_soon(void *data) {
	struct grants *grants = data;
	grants->soon = NULL;
	while (cut_one(grants)) {
	}
	forget_done(grants);
	if (grants->timer) {
		wl_event_source_timer_update(grants->timer, any_running(grants) ? LOOK_MS : 0);
	}
}

void grants_check(struct grants *grants) {
	if (!grants->soon && any_running(grants)) {
		grants->soon = wl_event_loop_add_idle(grants->loop, handle_soon, grants);
	}
}

static int handle_timer(void *data) {
	grants_check(data);
	return 0;
}

// Not put off by each that comes: one more a minute would keep all the others going for ever.
static bool watch_time(struct grants *grants) {
	if (!grants->timer) {
		grants->timer = wl_event_loop_add_timer(grants->loop, handle_timer, grants);
	}
	return grants->timer && (any_running(grants) ||
		wl_event_source_timer_update(grants->timer, LOOK_MS) == 0);
}

/* Counting. */

static struct used *find_used(struct grants *grants, const struct grant *grant) {
	struct used *used;
	wl_list_for_each(used, &grants->used, link) {
		if (strcmp(used->by, grant->by) == 0 && strcmp(used->id, grant->id) == 0) {
			return used;
		}
	}
	return NULL;
}

static struct used *add_used(struct grants *grants, const struct grant *grant,
		struct op_refusal *refusal) {
	struct used *used;
	int all = 0, of_person = 0;
	wl_list_for_each(used, &grants->used, link) {
		of_person += strcmp(used->person, grant->person) == 0;
		all++;
	}
	if (all >= USED_MAX || of_person >= USED_MAX_PERSON) {
		op_refuse(refusal, OP_EQUOTA, "so many grants were used here that no more can be remembered: "
			"ask again in %d minutes", (int)(grant_seconds(GRANT_ONCE) / 60));
		return NULL;
	}
	if (!(used = calloc(1, sizeof(*used)))) {
		op_refuse(refusal, OP_EIO, "out of memory");
		return NULL;
	}
	strcpy(used->id, grant->id);
	strcpy(used->by, grant->by);
	strcpy(used->person, grant->person);
	wl_list_init(&used->running);
	wl_list_insert(&grants->used, &used->link);
	return used;
}

static enum op_code check_count(const struct grants *grants, const struct used *used,
		const struct grant *grant, bool looks, struct op_refusal *refusal) {
	const struct running *running;
	int looking = 0, using = 0;
	wl_list_for_each(running, &used->running, link) {
		looking += running->looks;
		using += !running->looks;
	}
	if (grant->use == GRANT_NS) {
		return looking + using < GRANTS_AT_ONCE ? OP_OK : op_refuse(refusal, OP_EQUOTA, "%d exchanges "
			"go on by that grant already: end one and ask again", GRANTS_AT_ONCE);
	}
	if (looks) {
		return looking < KINDS_AT_ONCE ? OP_OK : op_refuse(refusal, OP_EQUOTA, "%d kinds are looked at "
			"by that grant already: end one and ask again", KINDS_AT_ONCE);
	}
	if (grant->use == GRANT_LINK) {
		return using == 0 ? OP_OK : op_refuse(refusal, OP_EBUSY, "the grant is in use by another "
			"exchange: a link has one at a time");
	}
	if (used->spent) {
		return op_refuse(refusal, OP_EPERM, "the grant was used already: ask anew");
	}
	// Reckoned back from now: a machine without a clock has another one later.
	int64_t started_ms = grants->now_ms() - (uptime_ms() - grants->started_ms);
	if (grant->from < started_ms / 1000) {
		return op_refuse(refusal, OP_EPERM, "the grant is older than this boxd: ask anew");
	}
	return OP_OK;
}

static void handle_destroy(struct wl_listener *listener, void *data) {
	struct running *running = wl_container_of(listener, running, destroy);
	running_destroy(running); // what it was used by is forgotten when the next comes
}

static enum op_code count_use(struct grants *grants, struct exchange *exchange,
		const struct grant *grant, bool looks, struct op_refusal *refusal) {
	forget_done(grants);
	struct used *used = find_used(grants, grant);
	if (!used && !(used = add_used(grants, grant, refusal))) {
		return refusal->code;
	}
	enum op_code code = check_count(grants, used, grant, looks, refusal);
	if (code != OP_OK) {
		return code;
	}
	struct running *running = calloc(1, sizeof(*running));
	if (!running || !watch_time(grants)) {
		free(running);
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	running->exchange = exchange;
	running->looks = looks;
	running->destroy.notify = handle_destroy;
	exchange_add_destroy_listener(exchange, &running->destroy);
	wl_list_insert(&used->running, &running->link);
	int64_t until = grant->until + GRANT_SKEW;
	used->until = until > used->until ? until : used->until;
	used->spent = used->spent || (grant->use == GRANT_ONCE && !looks);
	return OP_OK;
}

/* Taking. */

static bool same_subject(const struct subject *a, const struct subject *b) {
	return strcmp(a->person, b->person) == 0 && strcmp(a->machine, b->machine) == 0;
}

// The machine that a subject stands for: what came by its connection is its.
static const char *key_of(const struct grants *grants, const struct subject *subject) {
	const char *key = NULL;
	const struct peer *peer;
	wl_list_for_each(peer, quic_peers(grants->quic), link) {
		if (peer->up && same_subject(&peer->subject, subject)) {
			if (key) {
				return NULL; // two machines of one name: neither is believed
			}
			key = peer->key;
		}
	}
	return key;
}

// The first of a request's grants that is for just that, and whose signature is good.
static enum op_code find_good(const struct grants *grants, const struct op_head *head,
		const struct grant_case *wanted, struct grant *grant, struct subject *signer,
		struct op_refusal *refusal) {
	struct op_refusal why;
	enum op_code code = OP_EARG;
	size_t at = 0;
	int read = 0, tried = 0;
	op_refuse(refusal, OP_EARG, "the request has no grant");
	for (const char *text; read < READ_MAX && tried < TRIES && (text = op_each(head, OP_F_GRANT, &at));
			read++) {
		code = signing_read(text, grant, &why);
		if (code == OP_OK && (code = grant_covers(grant, wanted, &why)) == OP_OK) {
			tried++;
			code = signing_check(grants->quic, text, grant, signer, &why);
			if (code == OP_OK) {
				return OP_OK;
			}
		} else if (tried > 0) {
			continue; // what was wrong with the one for just that says more
		}
		*refusal = why;
	}
	return refusal->code;
}

enum op_code grants_admit(struct grants *grants, struct exchange *exchange, struct op_head *head,
		struct subject *subject, struct op_refusal *refusal) {
	const char *holder = grants->quic ? key_of(grants, subject) : NULL;
	struct grant *grant = malloc(sizeof(*grant));
	struct subject signer;
	enum op_code code = op_refuse(refusal, OP_EPERM, "it is not clear which machine %s/%s is, so no "
		"grant is taken from it", subject->person, subject->machine);
	if (grant && holder) {
		const struct grant_case wanted = {
			.holder = holder,
			.to = keys_fingerprint(grants->keys),
			.verb = head->verb,
			.name = op_get(head, OP_F_NAME),
			.now = grants->now_ms() / 1000,
		};
		code = find_good(grants, head, &wanted, grant, &signer, refusal);
	}
	// Kinds may be looked at before; the bytes are the use.
	if (code == OP_OK) {
		code = count_use(grants, exchange, grant, head->verb == OP_KIND, refusal);
	}
	if (code == OP_OK) {
		*subject = signer;
	}
	free(grant);
	op_unset(head, OP_F_GRANT);
	return code;
}

bool grants_meant(const struct op_head *head) {
	return op_has(head, OP_F_GRANT) && (head->verb == OP_KIND || head->verb == OP_SELECTORS ||
		head->verb == OP_GETMEM || head->verb == OP_PUTMEM);
}
