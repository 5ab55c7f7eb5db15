/* SPDX-License-Identifier: MIT */
/*
 * usr.c - /usr/PERSON/kbd, ptr, touch, pad, display, audio, cons: the devices that the person of
 * this node prefers now. Each only names another box, which its kind tells in device: a link whose
 * device is one of these uses that box, and the next when it changes (net/link.c).
 *
 * Link chooses a device, deleting the link takes the choice back. A putmem to /usr says where the
 * person is: without bytes, here; else it is another machine's record (whereabouts.h).
 */
#include "boxes/usr.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_MODULE "usr"
#include "base/buf.h"
#include "base/log.h"
#include "base/saves.h"
#include "box/name.h"
#include "config.h"
#include "quic/keys.h"
#include "quic/quic.h"
#include "whereabouts.h"

struct shown_device {
	struct shown *shown;
	int number;
	struct box *box;
	char *means; // as it was told last; NULL: nothing
};

struct shown {
	struct box_env *env;
	struct box *root;   // /usr
	struct box *person; // /usr/PERSON
	struct shown_device devices[USR_DEVICES];
	struct wl_list saying; // saying.link
};

/* On the disk. */

static char *record_path(const struct shown *shown) {
	char *path;
	const char *dir = shown->env->config->dir;
	return dir[0] && asprintf(&path, "%s/usr", dir) >= 0 ? path : NULL;
}

static void save(struct shown *shown) {
	char *path = record_path(shown);
	struct buf text;
	buf_init(&text);
	if (path && usr_print(shown->env->usr, &text)) {
		saves_soon(shown->env->saves, path, buf_front(&text), text.size);
	}
	buf_finish(&text);
	free(path);
}

static void load(struct shown *shown) {
	char *path = record_path(shown), text[USR_TEXT_MAX + 1];
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t size = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	struct op_refusal why;
	bool newer;
	if (size >= 0) {
		text[size] = '\0';
		if (!usr_merge(shown->env->usr, text, &newer, &why)) {
			log_error("%s: %s", path, why.sentence);
		}
	}
	if (fd >= 0) {
		close(fd);
	}
	free(path);
}

/* What is seen. */

static const struct box_type choice_type;

static void show_choice(struct shown_device *device) {
	struct box *choice = box_inner(device->box, "0");
	bool chosen = device->shown->env->usr->chosen[device->number];
	if (chosen && !choice) {
		box_create(device->box, "0", &choice_type, "link", device);
	} else if (!chosen && choice) {
		box_destroy(choice);
	}
}

static void update(struct shown *shown) {
	for (int i = 0; i < USR_DEVICES; i++) {
		struct shown_device *device = &shown->devices[i];
		char *means = usr_means(shown->env->usr, i);
		bool same = means && device->means ? strcmp(means, device->means) == 0 :
			means == device->means;
		free(device->means);
		device->means = means;
		show_choice(device);
		if (!same) {
			box_changed(device->box);
		}
	}
}

// mine: it happened here, and the person's other machines are to hear of it.
static void changed(struct shown *shown, bool mine) {
	save(shown);
	update(shown);
	if (mine && shown->env->usr_changed) {
		shown->env->usr_changed(shown->env);
	}
}

static void device_describe(struct box *box, struct op_head *entry) {
	const struct shown_device *device = box->data;
	if (device->means) {
		op_set(entry, OP_F_DEVICE, device->means);
	}
}

// A where of this node's as any node of the person's reads it. NULL: it leads nowhere.
static char *whole_where(const struct box_env *env, const char *where) {
	char key[65], node[256], *whole;
	const char *name, *at, *below;
	size_t size;
	if (where_split(where, key, &name, NULL) != OP_OK) {
		return NULL;
	}
	at = key[0] ? NULL : name_below("/n", name);
	below = at && *at ? name_next(&at, &size) : NULL;
	if (below) {
		snprintf(node, sizeof(node), "%.*s", size < sizeof(node) ? (int)size : 0, below);
		const struct peer *peer = env->quic ? quic_peer_by_petname(env->quic, node) : NULL;
		bool own = env->keys && strcmp(node, keys_machine(env->keys)) == 0;
		if (!peer && !own) {
			return NULL;
		}
		strcpy(key, peer ? peer->key : keys_fingerprint(env->keys));
		name = *at ? at : "/";
	} else if (!key[0] && env->keys) {
		strcpy(key, keys_fingerprint(env->keys));
	}
	return asprintf(&whole, "%s%s", key, name) >= 0 ? whole : NULL;
}

static void device_link(struct box *box, struct req *req) {
	struct shown_device *device = box->data;
	struct box_env *env = device->shown->env;
	const char *said = op_get(req->head, OP_F_DEVICE);
	char *where = whole_where(env, said);
	if (where && name_below("/usr", strchr(where, '/'))) {
		req_fail(req, OP_EARG, "%.200s only names a device itself: link the device", said);
	} else if (!where) {
		req_fail(req, OP_ENOENT, "%.200s leads to no node that is known here (box ls /n shows which "
			"are)", said);
	} else if (!usr_choose(env->usr, device->number, where)) {
		req_fail(req, OP_EIO, "out of memory");
	} else {
		char *name = box_name(box);
		changed(device->shown, true);
		op_setf(req_reply(req), OP_F_NAME, "%s/0", name ? name : "");
		free(name);
		req_ok(req);
	}
	free(where);
}

static const struct box_type device_type = {
	.name = "usr",
	.fn = {[OP_LINK] = device_link},
	.describe = device_describe,
};

static void choice_describe(struct box *box, struct op_head *entry) {
	const struct shown_device *device = box->data;
	const char *chosen = device->shown->env->usr->chosen[device->number];
	if (chosen) {
		op_set(entry, OP_F_DEVICE, chosen);
		op_set(entry, OP_F_BY, box->owner);
		op_set(entry, OP_F_STATE, "up");
	}
}

static void choice_delete(struct box *box, struct req *req) {
	struct shown_device *device = box->data;
	usr_choose(device->shown->env->usr, device->number, NULL);
	changed(device->shown, true); // the box is gone
	req_ok(req);
}

static const struct box_type choice_type = {
	.name = "usr-link",
	.fn = {[OP_DELETE] = choice_delete},
	.describe = choice_describe,
};

/* Where the person is. */

struct saying {
	struct wl_list link; // shown.saying
	struct shown *shown;
	struct req *req;
	struct buf text;
};

static void saying_destroy(struct saying *saying) {
	wl_list_remove(&saying->link);
	buf_finish(&saying->text);
	free(saying);
}

static void saying_data(struct req *req, const void *bytes, size_t size) {
	struct saying *saying = req->data;
	bool large = size > USR_TEXT_MAX - saying->text.size;
	if (large || !buf_append(&saying->text, bytes, size)) {
		saying_destroy(saying);
		req_fail(req, large ? OP_E2BIG : OP_EIO, large ? "a record is at most %d bytes" :
			"out of memory", USR_TEXT_MAX);
	}
}

// true: it is answered by what why says.
static bool take_record(struct shown *shown, struct buf *text, struct op_refusal *why) {
	bool newer;
	if (!buf_append(text, "", 1)) {
		op_refuse(why, OP_EIO, "out of memory");
		return false;
	}
	if (!usr_merge(shown->env->usr, (char *)buf_front(text), &newer, why)) {
		return false;
	}
	if (newer) {
		changed(shown, false);
	}
	return true;
}

static void saying_end(struct req *req) {
	struct saying *saying = req->data;
	struct shown *shown = saying->shown;
	const struct keys *keys = shown->env->keys;
	struct op_refusal why = {0};
	bool good = true;
	if (saying->text.size > 0) {
		good = take_record(shown, &saying->text, &why);
	} else if (keys) {
		usr_claim(shown->env->usr, keys_fingerprint(keys));
		changed(shown, true);
	}
	saying_destroy(saying);
	if (good) {
		req_ok(req);
	} else {
		req_refuse(req, &why);
	}
}

static void saying_gone(struct req *req) {
	saying_destroy(req->data);
}

static void root_putmem(struct box *box, struct req *req) {
	static const struct req_events events = {
		.data = saying_data, .end = saying_end, .gone = saying_gone,
	};
	struct shown *shown = box->data;
	if (op_body_of(req->head, NULL) == OP_BODY_FRAMES) {
		req_fail(req, OP_EUNSUPP, "/usr takes bytes, not frames: body N, or body chunks");
		return;
	}
	if (strcmp(req->subject->person, box_tree_owner(shown->env->tree)) != 0) {
		req_fail(req, OP_EPERM, "only the person's own machines say where the person is");
		return;
	}
	struct saying *saying = calloc(1, sizeof(*saying));
	if (!saying) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	saying->shown = shown;
	saying->req = req;
	buf_init(&saying->text);
	wl_list_insert(&shown->saying, &saying->link);
	req->data = saying;
	req->events = &events;
}

static void root_getmem(struct box *box, struct req *req) {
	const struct shown *shown = box->data;
	struct buf text;
	buf_init(&text);
	if (usr_print(shown->env->usr, &text)) {
		op_set(req_reply(req), OP_F_TYPE, "text");
		req_ok_bytes(req, buf_front(&text), text.size);
	} else {
		req_fail(req, OP_EIO, "out of memory");
	}
	buf_finish(&text);
}

static void root_destroy(struct box *box) {
	struct shown *shown = box->data;
	struct saying *saying, *next;
	wl_list_for_each_safe(saying, next, &shown->saying, link) {
		struct req *req = saying->req;
		saying_destroy(saying);
		req_fail(req, OP_ELOST, "the node ends");
	}
	for (int i = 0; i < USR_DEVICES; i++) {
		free(shown->devices[i].means);
	}
	free(shown);
}

static const struct box_type root_type = {
	.name = "usrs",
	.fn = {[OP_GETMEM] = root_getmem, [OP_PUTMEM] = root_putmem},
	.takes_body = 1 << OP_PUTMEM,
	.destroy = root_destroy,
};

static bool show_person(struct shown *shown) {
	shown->person = box_create(shown->root, box_tree_owner(shown->env->tree), &box_type_dir, "dir",
		NULL);
	bool good = shown->person;
	for (int i = 0; i < USR_DEVICES && good; i++) {
		struct shown_device *device = &shown->devices[i];
		device->shown = shown;
		device->number = i;
		device->box = box_create(shown->person, usr_device(i), &device_type, "usr", device);
		good = device->box;
	}
	if (good) {
		update(shown);
	}
	return good;
}

void usr_box_owner_changed(struct box_env *env) {
	struct box *root = box_inner(box_tree_root(env->tree), "usr");
	struct shown *shown = root->data;
	box_destroy(shown->person);
	if (!show_person(shown)) {
		log_error("/usr: out of memory");
	}
}

static bool usr_box_init(struct box_env *env) {
	struct shown *shown = calloc(1, sizeof(*shown));
	if (!shown) {
		return false;
	}
	shown->env = env;
	wl_list_init(&shown->saying);
	shown->root = box_create(box_tree_root(env->tree), "usr", &root_type, "dir", shown);
	if (!shown->root) {
		free(shown);
		return false;
	}
	load(shown);
	return show_person(shown);
}

const struct boxd_type boxd_type_usr = {.init = usr_box_init};
