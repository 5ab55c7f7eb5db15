/* SPDX-License-Identifier: MIT */
/*
 * config.c - the node's settings: one file, then defaults from the environment.
 *
 * Nothing is acted upon here: exports become boxes in boxes/fs.c, access lines are set in boxd.c.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "box/name.h"
#include "box/perm.h"
#include "net/call.h"

#define ASK_MS 60000
#define RATE_LEAST 10000 // less is not worth the detour
#define PEER_RATE 5000
#define PEER_RATE_LEAST 100 // a desktop that is looked at asks about so often
#define PEER_RATE_MOST 1000000

static const char *set_text(char *to, size_t size, const char *value) {
	if (!*value || strlen(value) >= size) {
		return "a value is missing or too long";
	}
	strcpy(to, value);
	return NULL;
}

static const char *set_bool(bool *to, const char *value) {
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
		return "neither yes nor no";
	}
	*to = strcmp(value, "yes") == 0;
	return NULL;
}

static const char *set_port(uint16_t *to, const char *value) {
	char *end;
	unsigned long port = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || port > UINT16_MAX) {
		return "not a port: a number from 0 to 65535";
	}
	*to = (uint16_t)port;
	return NULL;
}

static const char *set_seconds(int *ms, const char *value) {
	char *end;
	unsigned long seconds = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || seconds == 0 || seconds > 3600) {
		return "not a time: a number of seconds, 1 to 3600";
	}
	*ms = (int)seconds * 1000;
	return NULL;
}

static const char *set_peer_rate(int *to, const char *value) {
	char *end;
	unsigned long rate = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || rate < PEER_RATE_LEAST || rate > PEER_RATE_MOST) {
		return "not a rate: exchanges a second, 100 to 1000000";
	}
	*to = (int)rate;
	return NULL;
}

static const char *set_rate(uint64_t *to, const char *value) {
	char *end;
	*to = strtoull(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || *to < RATE_LEAST) {
		return "not a rate: bytes a second, 10000 or more";
	}
	return NULL;
}

static const char *add_point(struct config *config, const char *value) {
	if (config->meet_at_size == CONFIG_POINTS) {
		return "there are four meeting points already, which is the most";
	}
	if (name_check_component(value, NULL) != OP_OK) {
		return "a meeting point is a node that is paired, as `box ls /n` shows it";
	}
	const char *wrong = set_text(config->meet_at[config->meet_at_size],
		sizeof(config->meet_at[0]), value);
	config->meet_at_size += !wrong;
	return wrong;
}

static const char *add_export(struct config *config, char *value, bool store) {
	char *name = conf_word(&value);
	if (!name || name_check_component(name, NULL) != OP_OK || *value != '/') {
		return "an export is: export NAME /absolute/path, or, to be written too: store NAME"
			" /absolute/path";
	}
	struct config_export *export = calloc(1, sizeof(*export));
	if (!export || !(export->name = strdup(name)) || !(export->path = strdup(value))) {
		return "out of memory";
	}
	export->store = store;
	wl_list_insert(config->exports.prev, &export->link);
	return NULL;
}

static const char *add_access(struct config *config, char *value) {
	struct acl acl = {0};
	char *box = conf_word(&value);
	if (!box || name_check(box, NULL) != OP_OK || acl_set(&acl, value, NULL) != OP_OK) {
		return "an access line is: access /BOX SUBJECT LETTERS (letters of kind selectors getmem "
			"putmem link make delete chinfo: k s g p l m d i)";
	}
	struct config_access *access = calloc(1, sizeof(*access));
	if (!access || !(access->box = strdup(box)) || !(access->line = strdup(value))) {
		return "out of memory";
	}
	wl_list_insert(config->access.prev, &access->link);
	return NULL;
}

static const char *handle_line(void *data, const char *field, char *value) {
	struct config *config = data;
	if (strcmp(field, "machine") == 0) {
		if (subject_check_part(value, NULL) != OP_OK || strchr(value, '!')) {
			return "a machine's name is one word without / and !";
		}
		return set_text(config->machine, sizeof(config->machine), value);
	} else if (strcmp(field, "address") == 0) {
		return set_text(config->address, sizeof(config->address), value);
	} else if (strcmp(field, "port") == 0) {
		return set_port(&config->port, value);
	} else if (strcmp(field, "network") == 0) {
		return set_bool(&config->network, value);
	} else if (strcmp(field, "advertise") == 0) {
		return set_bool(&config->advertise, value);
	} else if (strcmp(field, "directory") == 0) {
		return set_bool(&config->directory, value);
	} else if (strcmp(field, "sandbox-network") == 0) {
		return set_bool(&config->sandbox_network, value);
	} else if (strcmp(field, "ask") == 0) {
		return set_seconds(&config->ask_ms, value);
	} else if (strcmp(field, "meet") == 0) {
		return set_bool(&config->meet, value);
	} else if (strcmp(field, "meet-at") == 0) {
		return add_point(config, value);
	} else if (strcmp(field, "meet-rate") == 0) {
		return set_rate(&config->meet_rate, value);
	} else if (strcmp(field, "peer-rate") == 0) {
		return set_peer_rate(&config->peer_rate, value);
	} else if (strcmp(field, "export") == 0) {
		return add_export(config, value, false);
	} else if (strcmp(field, "store") == 0) {
		return add_export(config, value, true);
	} else if (strcmp(field, "access") == 0) {
		return add_access(config, value);
	}
	return "no such field (machine address port network advertise directory sandbox-network ask meet "
		"meet-at meet-rate peer-rate export store access)";
}

// $variable, else $HOME/fallback; then /boxland and what is asked for below it.
static bool user_path(char *out, size_t size, const char *variable, const char *fallback,
		const char *below) {
	const char *base = getenv(variable), *home = getenv("HOME");
	int n;
	if (base && *base == '/') {
		n = snprintf(out, size, "%s/boxland%s", base, below);
	} else if (home && *home == '/') {
		n = snprintf(out, size, "%s/%s/boxland%s", home, fallback, below);
	} else {
		return false;
	}
	return n > 0 && (size_t)n < size;
}

static bool set_defaults(struct config *config, char *error, size_t error_size) {
	wl_list_init(&config->exports);
	wl_list_init(&config->access);
	config->port = OP_PORT;
	config->network = config->advertise = true;
	config->ask_ms = ASK_MS;
	config->meet_rate = 5000000;
	config->peer_rate = PEER_RATE;
	if (gethostname(config->machine, sizeof(config->machine) - 1) < 0 || !*config->machine) {
		strcpy(config->machine, "machine");
	}
	config->machine[strcspn(config->machine, ".")] = '\0';
	struct passwd *user = getpwuid(getuid());
	snprintf(config->person, sizeof(config->person), "%s", user ? user->pw_name : "owner");
	if (!op_socket_path(config->socket)) {
		snprintf(error, error_size, "XDG_RUNTIME_DIR is not set, so there is no place for the "
			"socket: log in through a session, or set BOX_OP to a path");
		return false;
	}
	if (!user_path(config->dir, sizeof(config->dir), "XDG_DATA_HOME", ".local/share", "") ||
			!user_path(config->ns, sizeof(config->ns), "XDG_CONFIG_HOME", ".config", "/ns")) {
		snprintf(error, error_size, "neither XDG_DATA_HOME nor HOME is set");
		return false;
	}
	return true;
}

bool config_load(struct config *config, const char *path, char *error, size_t error_size) {
	memset(config, 0, sizeof(*config));
	if (!set_defaults(config, error, error_size)) {
		return false;
	}
	char usual[PATH_MAX];
	if (!path && !user_path(usual, sizeof(usual), "XDG_CONFIG_HOME", ".config", "/boxd.conf")) {
		return true;
	}
	if (!conf_read(path ? path : usual, handle_line, config, error, error_size)) {
		return !path && errno == ENOENT;
	}
	return true;
}

void config_finish(struct config *config) {
	struct config_export *export, *next_export;
	wl_list_for_each_safe(export, next_export, &config->exports, link) {
		wl_list_remove(&export->link);
		free(export->name);
		free(export->path);
		free(export);
	}
	struct config_access *access, *next_access;
	wl_list_for_each_safe(access, next_access, &config->access, link) {
		wl_list_remove(&access->link);
		free(access->box);
		free(access->line);
		free(access);
	}
}
