/* SPDX-License-Identifier: MIT */
/*
 * whereabouts.c - the record of what a person's devices are: how it is counted, merged and written.
 *
 * Who tells it to whom is claims.c's, what is seen of it boxes/usr.c's.
 */
#include "whereabouts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/conf.h"
#include "box/name.h"

static const struct {
	const char *name, *usual; // of the machine where the person is; NULL: there is none
} devices[USR_DEVICES] = {
	{"kbd", "/kbd/0"}, {"ptr", "/ptr/0"}, {"touch", "/touch/0"}, {"pad", "/pad/0"},
	{"display", "/display/0"}, {"audio", "/audio/0"}, {"cons", NULL},
};

const char *usr_device(int number) {
	return number < USR_DEVICES ? devices[number].name : NULL;
}

int usr_device_by_name(const char *name) {
	for (int i = 0; i < USR_DEVICES; i++) {
		if (strcmp(devices[i].name, name) == 0) {
			return i;
		}
	}
	return -1;
}

void usr_init(struct usr *usr) {
	*usr = (struct usr){0};
}

void usr_finish(struct usr *usr) {
	for (int i = 0; i < USR_DEVICES; i++) {
		free(usr->chosen[i]);
	}
}

void usr_claim(struct usr *usr, const char *machine) {
	usr->count++;
	snprintf(usr->machine, sizeof(usr->machine), "%s", machine);
}

bool usr_choose(struct usr *usr, int device, const char *where) {
	char *copy = where ? strdup(where) : NULL;
	if (where && !copy) {
		return false;
	}
	usr->count++;
	free(usr->chosen[device]);
	usr->chosen[device] = copy;
	return true;
}

static bool is_where(const char *text) {
	char key[65];
	const char *name;
	return where_split(text, key, &name, NULL) == OP_OK && key[0];
}

static bool read_line(struct usr *usr, char *line) {
	char *field = conf_word(&line), *first = conf_word(&line), *end;
	if (!field) {
		return true;
	} else if (!first) {
		return false;
	} else if (strcmp(field, "count") == 0) {
		usr->count = strtoull(first, &end, 10);
		return *first >= '0' && *first <= '9' && *end == '\0' && usr->count < INT64_MAX;
	} else if (strcmp(field, "machine") == 0) {
		snprintf(usr->machine, sizeof(usr->machine), "%s", first);
		return strlen(first) == 64 && strspn(first, "0123456789abcdef") == 64;
	}
	char *where = conf_word(&line);
	int device = usr_device_by_name(first);
	if (strcmp(field, "device") != 0 || device < 0) {
		return true; // of a later version
	} else if (!where || !is_where(where) || usr->chosen[device]) {
		return false;
	}
	return (usr->chosen[device] = strdup(where));
}

bool usr_merge(struct usr *usr, char *text, bool *newer, struct op_refusal *refusal) {
	struct usr other;
	*newer = false;
	usr_init(&other);
	for (char *line; (line = strsep(&text, "\n"));) {
		if (!read_line(&other, line)) {
			usr_finish(&other);
			op_refuse(refusal, OP_EARG, "this is no record of a person's devices: lines are count N, "
				"machine FINGERPRINT, device NAME FINGERPRINT/NAME");
			return false;
		}
	}
	*newer = other.count > usr->count ||
		(other.count == usr->count && strcmp(other.machine, usr->machine) > 0);
	if (*newer) {
		usr_finish(usr);
		*usr = other;
	} else {
		usr_finish(&other);
	}
	return true;
}

bool usr_print(const struct usr *usr, struct buf *out) {
	bool good = buf_printf(out, "count %llu\n", (unsigned long long)usr->count);
	if (usr->machine[0]) {
		good = good && buf_printf(out, "machine %s\n", usr->machine);
	}
	for (int i = 0; i < USR_DEVICES && good; i++) {
		good = !usr->chosen[i] ||
			buf_printf(out, "device %s %s\n", devices[i].name, usr->chosen[i]);
	}
	return good;
}

char *usr_means(const struct usr *usr, int device) {
	char *where = NULL;
	if (usr->chosen[device]) {
		return strdup(usr->chosen[device]);
	} else if (!usr->machine[0] || !devices[device].usual) {
		return NULL;
	}
	return asprintf(&where, "%s%s", usr->machine, devices[device].usual) < 0 ? NULL : where;
}
