/* SPDX-License-Identifier: MIT */
/*
 * verb_doctor.c - box doctor: what this machine has of what Boxland can use, each lack with its
 * remedy. Looks only; changes nothing.
 */
#include "box.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/helper.h"

struct finding {
	bool good;
	char found[OP_MAX_SENTENCE + 1];
	const char *remedy; // if not good
};

static bool exists(const char *path) {
	return access(path, F_OK) == 0;
}

static void find(struct finding *finding, bool good, const char *found, const char *remedy) {
	finding->good = good;
	snprintf(finding->found, sizeof(finding->found), "%s", found);
	finding->remedy = remedy;
}

static bool kind(struct asker *asker, const char *name, struct answer *answer) {
	struct op_head request;
	op_head_init_request(&request, OP_KIND);
	op_set(&request, OP_F_NAME, name);
	return ask(asker, &request, answer);
}

static void check_boxd(struct asker *asker, struct finding *finding) {
	struct answer answer;
	bool good = kind(asker, "/", &answer);
	const char *software = op_get(&answer.reply, OP_F_SOFTWARE);
	find(finding, good, good && software ? software : answer.why.sentence,
		"systemctl --user start boxd");
	answer_finish(&answer);
}

static void check_person(struct asker *asker, struct finding *finding) {
	struct answer answer;
	bool good = kind(asker, "/", &answer);
	const char *person = good ? op_get(&answer.reply, OP_F_PERSON) : NULL;
	find(finding, person, person ? person : "this machine is nobody's yet",
		"box init --person NAME, or box pair --mine with a machine of yours");
	answer_finish(&answer);
}

static void check_udp(struct asker *asker, struct finding *finding) {
	struct answer answer;
	bool good = kind(asker, "/peer", &answer);
	const char *at = good ? op_get(&answer.reply, OP_F_AT) : NULL;
	find(finding, at, at ? at : "boxd has no UDP socket",
		"take `network no` out of boxd.conf, and let UDP port 7447 through the firewall");
	answer_finish(&answer);
}

static void check_peers(struct asker *asker, struct finding *finding) {
	struct op_head request;
	struct answer answer;
	int up = 0, all = 0;
	size_t at = 0;
	op_head_init_request(&request, OP_SELECTORS);
	op_set(&request, OP_F_NAME, "/n");
	bool good = ask(asker, &request, &answer);
	for (struct op_head entry; good && answer_next(&answer, &at, &entry); all++) {
		const char *state = op_get(&entry, OP_F_STATE);
		up += state && strcmp(state, "up") == 0;
		op_head_finish(&entry);
	}
	answer_finish(&answer);
	finding->good = all > 0;
	snprintf(finding->found, sizeof(finding->found), "%d known, %d connected now", all, up);
	finding->remedy = "box pair --fingerprint KEY HOST, with the key that `box` shows there";
}

static void check_avahi(struct asker *asker, struct finding *finding) {
	bool good = exists("/run/avahi-daemon/socket");
	find(finding, good, good ? "running" : "no avahi-daemon: nodes are found by address only",
		"apt install avahi-daemon, or say HOST when pairing");
}

static void check_desktop(struct asker *asker, struct finding *finding) {
	struct answer answer;
	bool good = kind(asker, "/display", &answer);
	find(finding, good, good ? "boxland serves windows, keyboards, displays" :
		"no boxland: no windows to show or lend here",
		"log in to the session Boxland, or run boxland in a window");
	answer_finish(&answer);
}

static void check_render_node(struct asker *asker, struct finding *finding) {
	glob_t nodes;
	bool good = glob("/dev/dri/renderD*", 0, NULL, &nodes) == 0;
	const char *node = good ? nodes.gl_pathv[0] : "none: the desktop is drawn by the processor";
	bool usable = good && access(node, R_OK | W_OK) == 0;
	find(finding, usable, good && !usable ? "there is one, but you may not use it" : node,
		good ? "add yourself to the group render and log in again" :
		"a GPU with a kernel driver; nothing else needs it");
	if (good) {
		globfree(&nodes);
	}
}

// boxcast itself tells which encoder it would take.
static void check_encoder(struct asker *asker, struct finding *finding) {
	char *path = helper_path("boxcast"), *command = NULL, line[200] = "";
	if (path && asprintf(&command, "'%s' --probe 2>/dev/null", path) > 0) {
		FILE *pipe = popen(command, "re");
		if (pipe) {
			if (!fgets(line, sizeof(line), pipe)) {
				line[0] = '\0';
			}
			pclose(pipe);
		}
	}
	line[strcspn(line, "\n")] = '\0';
	find(finding, line[0], line[0] ? line : "none",
		"apt install gstreamer1.0-plugins-ugly (x264) or a VA-API driver for your GPU");
	free(command);
	free(path);
}

static void check_seat(struct asker *asker, struct finding *finding) {
	bool seatd = access("/run/seatd.sock", R_OK | W_OK) == 0;
	bool logind = exists("/run/systemd/seats/seat0");
	find(finding, seatd || logind, seatd ? "seatd" : logind ? "logind" :
		"none: boxland runs in a window or headless only",
		"apt install seatd, and add yourself to the group video; or use a systemd session");
}

static void check_sandbox(struct asker *asker, struct finding *finding) {
	bool good = exists("/usr/bin/bwrap") &&
		system("/usr/bin/bwrap --unshare-all --ro-bind / / true >/dev/null 2>&1") == 0;
	find(finding, good, good ? "bubblewrap works" : "others' programs are refused here",
		"apt install bubblewrap, and allow user namespaces");
}

static int run(struct asker *asker, int argc, char **argv) {
	static const struct {
		const char *what;
		void (*check)(struct asker *asker, struct finding *finding);
	} checks[] = {
		{"boxd", check_boxd},
		{"person", check_person},
		{"UDP", check_udp},
		{"peers", check_peers},
		{"Avahi", check_avahi},
		{"desktop", check_desktop},
		{"render node", check_render_node},
		{"encoder", check_encoder},
		{"seat", check_seat},
		{"sandbox", check_sandbox},
	};
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct finding finding = {0};
		checks[i].check(asker, &finding);
		printf("%s  %-12s %s\n", finding.good ? "ok  " : "lack", checks[i].what, finding.found);
		if (!finding.good) {
			printf("                    remedy: %s\n", finding.remedy);
		}
	}
	return 0;
}

const struct verb verb_doctor = {
	.name = "doctor",
	.usage = "",
	.help = "what is missing here, and the remedy",
	.run = run,
};
