/* SPDX-License-Identifier: MIT */
/*
 * fs_hear.c - the history that a replica's device tells: its entries one by one, until all that was true
 * at one time is there. They are a peer's: what is no box here is left out, and so is what leads back to
 * where it came from; the rest goes on. What follows of them is fs_replica.c's.
 */
#include "boxes/fs_replica.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "box/name.h"
#include "replica/history.h"

#define HEARD_MAX 262144 // boxes of one history that are not dealt with yet
#define HEARD_MIB 128    // of memory for them
#define ORIGINS_SAID 16  // times a second: each costs the loop a merge, and the disk a file

// What is a name there can be too long for one here, deep in a store; or the other way round, if what is
// told is not true.
static bool has_names(const struct replica *replica, const struct fs_theirs *theirs) {
	char key[65], *ours = NULL, *there = NULL, *store = box_name(replica->box);
	const char *device, *below = theirs->below[1] ? theirs->below : "";
	if (store && asprintf(&ours, "%s/%s", store, theirs->path) < 0) {
		ours = NULL;
	}
	if (where_split(replica->by->device, key, &device, NULL) == OP_OK &&
			asprintf(&there, "%s%s%s%s", key[0] ? "/n/" : "", key, strcmp(device, "/") == 0 ? "" : device,
			below) < 0) {
		there = NULL; // as it will be asked for
	}
	bool good = ours && there && name_check(ours, NULL) == OP_OK && name_check(there, NULL) == OP_OK;
	free(store);
	free(ours);
	free(there);
	return good;
}

// The rest goes on.
static void leave_out(struct replica *replica, const struct op_refusal *why) {
	if (replica->left_out++ == 0) {
		replica->left = *why;
	}
}

/* What would come back to below where it came from. */

static void hear_origin(struct replica *replica, const struct op_head *entry) {
	const char *device = op_get(entry, OP_F_DEVICE);
	if (device[0] != '/') { // else it is nobody's
		origins_add(&replica->hearing, op_get(entry, OP_F_NAME) + 1, device);
	}
}

// What the replica is called; NULL: no memory.
static char *name_here(const struct replica *replica) {
	char *store = box_name(replica->box), *name = NULL;
	if (store && asprintf(&name, "%s%s%s", store, *replica->rest ? "/" : "", replica->rest) < 0) {
		name = NULL;
	}
	free(store);
	return name;
}

// false: no memory, and nothing is changed.
static bool take_origins(struct replica *replica) {
	const struct fs_export *export = replica->box->data;
	struct origins all, *const old[] = {&replica->origins, &replica->back};
	char *here = name_here(replica);
	if (!here) {
		return false;
	}
	origins_init(&all);
	for (size_t i = 0; i < 2; i++) {
		if (!replica->anew) {
			origins_add_below(&all, "", old[i]);
		}
		origins_finish(old[i]);
	}
	origins_add_below(&all, "", &replica->hearing);
	origins_finish(&replica->hearing);
	origins_split(&all, export->history->key, here, &replica->origins, &replica->back);
	origins_finish(&all);
	free(here);
	replica->anew = false;
	fs_origins_changed(replica->box);
	fs_links_save(replica->fs);
	return true;
}

static void say_back(struct replica *replica, const struct origin *origin) {
	char key[65];
	const char *device;
	where_split(origin->device, key, &device, NULL);
	op_refuse(&replica->left_back, OP_EARG, "%.100s%.100s is a replica of %.100s here, and would come back to "
		"below that for ever", *origin->path ? "/" : "the device", origin->path, device);
}

// false: the link is down, for all of it leads back.
static bool leave_out_what_leads_back(struct replica *replica) {
	const struct fs_export *export = replica->box->data;
	const struct origin *origin = NULL;
	struct fs_theirs *theirs, *next;
	char *here = name_here(replica);
	bool all = false;
	if (!here) {
		link_down(replica->by, OP_EIO, "out of memory");
		return false;
	}
	wl_list_for_each_safe(theirs, next, &replica->heard, link) {
		const struct origin *its = origins_loop(&replica->back, theirs->below + 1, export->history->key,
			here);
		if (its) {
			all = all || !*its->path;
			origin = its;
			replica_drop(replica, theirs);
		}
	}
	free(here);
	if (origin) {
		say_back(replica, origin);
	}
	if (all) {
		const struct op_refusal why = replica->left_back;
		link_down(replica->by, why.code, why.sentence);
	}
	return !all;
}

/* What is heard. */

// The device would hold the loop: a few bytes of it have all origins looked through anew.
static bool says_too_often(struct replica *replica) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec != replica->said_s) {
		replica->said_s = now.tv_sec;
		replica->said = 0;
	}
	return replica->said++ >= ORIGINS_SAID;
}

// false: the link is down for it.
static bool hear_origins(struct replica *replica) {
	if (says_too_often(replica)) {
		link_down(replica->by, OP_EQUOTA, "the device says too often anew what it is a replica of");
		return false;
	}
	if (!take_origins(replica)) {
		link_down(replica->by, OP_EIO, "out of memory");
		return false;
	}
	return true;
}

// false: the link is down for it.
static bool hear_end(struct replica *replica) {
	if ((replica->anew || replica->hearing.size > 0) && !hear_origins(replica)) {
		return false;
	}
	if (replica->back.size > 0 && !leave_out_what_leads_back(replica)) {
		return false;
	}
	wl_list_insert_list(replica->ready.prev, &replica->heard);
	wl_list_init(&replica->heard);
	replica->whole = true;
	return true;
}

// false: the link is down for it.
static bool hear_box(struct replica *replica, struct fs_theirs *theirs) {
	struct op_refusal why;
	size_t most = (size_t)HEARD_MIB * 1024 * 1024;
	if (replica->behind == HEARD_MAX || theirs->bytes > most - replica->bytes) {
		fs_theirs_destroy(theirs);
		op_refuse(&why, OP_E2BIG, "there are more than %d boxes, or their names have more than %d MiB: "
			"link their folders one by one", HEARD_MAX, HEARD_MIB);
		link_down(replica->by, why.code, why.sentence);
		return false;
	}
	if (!has_names(replica, theirs)) {
		op_refuse(&why, OP_E2BIG, "%.150s has a name that is too long here, or there", theirs->path);
		leave_out(replica, &why);
		fs_theirs_destroy(theirs);
		return true;
	}
	wl_list_insert(replica->heard.prev, &theirs->link);
	replica->behind++;
	replica->bytes += theirs->bytes;
	return true;
}

// false: the link is down for it.
static bool hear(struct replica *replica, const struct op_head *entry) {
	struct op_refusal why;
	if (!op_has(entry, OP_F_NAME)) {
		return hear_end(replica);
	}
	if (op_has(entry, OP_F_DEVICE) && !op_has(entry, OP_F_TYPE)) {
		hear_origin(replica, entry);
		return true;
	}
	struct fs_theirs *theirs = fs_theirs_create(entry, replica->rest, &why);
	if (theirs) {
		return hear_box(replica, theirs);
	}
	if (why.code == OP_EIO) {
		link_down(replica->by, why.code, why.sentence);
		return false;
	}
	leave_out(replica, &why);
	return true;
}

// Of an entry that is too long. false: its end is not here yet.
static bool skip_rest(struct replica *replica) {
	const uint8_t *bytes = buf_front(&replica->in);
	const uint8_t *end = memmem(bytes, replica->in.size, "\n\n", 2);
	replica->skips = !end;
	buf_drop(&replica->in, end ? (size_t)(end + 2 - bytes) : replica->in.size - 1);
	return end;
}

// One entry of what has come. false: there is no whole one, or the link is down.
static bool take_entry(struct replica *replica) {
	struct op_refusal why;
	struct op_head entry;
	if (replica->skips && (replica->in.size == 0 || !skip_rest(replica))) {
		return false;
	}
	size_t size = op_head_size(buf_front(&replica->in), replica->in.size, &why);
	if (size == 0 && why.code == OP_OK) {
		return false;
	}
	if (size == 0) {
		leave_out(replica, &why);
		return skip_rest(replica);
	}
	enum op_code code = op_decode(&entry, OP_ENTRY, buf_front(&replica->in), size, &why);
	buf_drop(&replica->in, size);
	if (code != OP_OK) {
		leave_out(replica, &why);
		return true;
	}
	bool good = hear(replica, &entry);
	op_head_finish(&entry);
	return good;
}

void replica_hear(struct link *link, const void *bytes, size_t size) {
	struct replica *replica = link->data;
	if (box_allows(replica->box, &link->subject, 'l') != PERM_YES) {
		link_down(link, OP_EPERM, "who made the link may not link here any more");
		return;
	}
	if (!buf_append(&replica->in, bytes, size)) {
		link_down(link, OP_EIO, "out of memory");
		return;
	}
	while (take_entry(replica)) {
	}
	if (link->state == LINK_UP && replica->whole) {
		replica_go_on(replica);
	}
}
