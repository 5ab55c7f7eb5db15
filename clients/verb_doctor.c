/* SPDX-License-Identifier: MIT */
/*
 * verb_doctor.c - box doctor: what this machine has of what Boxland can use, each lack with its
 * remedy. Looks only; changes nothing.
 */
#include "box.h"

#include <errno.h>
#include <glob.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/helper.h"

#define PATIENCE_MS 3000
#define NODES_MAX 64

enum mark {
	GOOD,
	LACK,    // Boxland needs it
	WITHOUT, // it would be of use; what goes without it is said
};

struct finding {
	enum mark mark;
	char found[OP_MAX_SENTENCE + 1];
	const char *remedy; // unless good
};

struct patient { // what boxd said of itself, asked once
	struct asker *asker;
	struct answer root, peers;
	bool runs;
};

static bool exists(const char *path) {
	return access(path, F_OK) == 0;
}

static void find(struct finding *finding, enum mark mark, const char *found, const char *remedy) {
	finding->mark = mark;
	snprintf(finding->found, sizeof(finding->found), "%s", found);
	finding->remedy = remedy;
}

static bool kind(struct asker *asker, const char *name, struct answer *answer) {
	struct op_head request;
	op_head_init_request(&request, OP_KIND);
	op_set(&request, OP_F_NAME, name);
	return ask(asker, &request, answer);
}

/* What boxd knows. */

static void check_boxd(struct patient *patient, struct finding *finding) {
	const char *software = op_get(&patient->root.reply, OP_F_SOFTWARE);
	char path[120] = "";
	const char *dir = getenv("XDG_RUNTIME_DIR");
	snprintf(path, sizeof(path), "%.90s/systemd/private", dir ? dir : "");
	if (patient->runs) {
		find(finding, GOOD, software ? software : "runs", NULL);
	} else if (patient->root.why.code == OP_EUNREACH) {
		find(finding, LACK, "it does not run", exists(path) ? "systemctl --user start boxd" :
			"boxd &");
	} else {
		find(finding, LACK, patient->root.why.sentence, "look into its log");
	}
}

static void check_person(struct patient *patient, struct finding *finding) {
	const char *person = op_get(&patient->root.reply, OP_F_PERSON);
	find(finding, person ? GOOD : LACK, person ? person : "this machine is nobody's yet",
		"box init --person NAME; or, if a machine of yours has a person, box pair --mine");
}

// Whether there is a way out of this machine.
static bool has_address(void) {
	struct ifaddrs *all = NULL;
	bool found = false;
	if (getifaddrs(&all) == 0) {
		for (struct ifaddrs *one = all; one; one = one->ifa_next) {
			found = found || (one->ifa_addr && !(one->ifa_flags & IFF_LOOPBACK) &&
				(one->ifa_flags & IFF_RUNNING) && (one->ifa_addr->sa_family == AF_INET ||
				one->ifa_addr->sa_family == AF_INET6));
		}
		freeifaddrs(all);
	}
	return found;
}

static void check_udp(struct patient *patient, struct finding *finding) {
	const char *at = op_get(&patient->peers.reply, OP_F_AT);
	int port = 0;
	if (!at) {
		find(finding, LACK, "none: boxd.conf says network no",
			"take that line out of boxd.conf, and start boxd again");
	} else if (!has_address()) {
		find(finding, WITHOUT, "boxd listens, but this machine has no network: it is alone",
			"a cable or wireless network; nothing that one machine can do needs it");
	} else if (sscanf(at, "UDP port %d", &port) == 1 && port != OP_PORT) {
		find(finding, WITHOUT, at, "another program has port 7447: say HOST:PORT, with this port, "
			"when pairing from elsewhere");
	} else {
		find(finding, GOOD, at, NULL);
	}
}

static int ask_nodes(struct asker *asker, struct question *questions, char (*names)[80]) {
	struct op_head request;
	struct answer answer;
	int count = 0;
	size_t at = 0;
	op_head_init_request(&request, OP_SELECTORS);
	op_set(&request, OP_F_NAME, "/n");
	bool good = ask(asker, &request, &answer);
	for (struct op_head entry; good && count < NODES_MAX && answer_next(&answer, &at, &entry);) {
		const char *name = op_get(&entry, OP_F_NAME);
		snprintf(names[count], sizeof(names[count]), "%s", name ? name + 1 : "?");
		op_head_init_request(&questions[count].request, OP_KIND);
		op_setf(&questions[count].request, OP_F_NAME, "/n/%s", names[count]);
		count++;
		op_head_finish(&entry);
	}
	answer_finish(&answer);
	ask_all(asker, questions, count, PATIENCE_MS);
	return count;
}

// Each is really asked: that is what tells whether UDP passes.
static void check_nodes(struct patient *patient, struct finding *finding) {
	struct question questions[NODES_MAX] = {0};
	char names[NODES_MAX][80];
	int count = ask_nodes(patient->asker, questions, names), up = 0;
	const struct answer *away = NULL;
	for (int i = 0; i < count; i++) {
		enum op_code code = questions[i].answer.why.code;
		bool answered = code != OP_EUNREACH && code != OP_ELOST && code != OP_EUDP;
		up += answered;
		away = !answered && !away ? &questions[i].answer : away;
	}
	finding->mark = count > 0 && !away ? GOOD : WITHOUT;
	if (away) {
		snprintf(finding->found, sizeof(finding->found), "%d of %d answer; %.300s", up, count,
			away->why.sentence);
		finding->remedy = "look whether that machine is on, boxd runs there, and UDP port 7447 "
			"passes its firewall";
	} else {
		snprintf(finding->found, sizeof(finding->found), count > 0 ? "%d known, all answer" :
			"no other is known", count);
		finding->remedy = "box alone says how another machine becomes known";
	}
	for (int i = 0; i < count; i++) {
		answer_finish(&questions[i].answer);
	}
}

static void check_desktop(struct patient *patient, struct finding *finding) {
	struct answer answer;
	bool good = kind(patient->asker, "/display", &answer);
	find(finding, good ? GOOD : WITHOUT, good ? "boxland serves windows, keyboards, displays" :
		"no boxland runs: no windows to show or lend here",
		"log in to the session Boxland, or type boxland in a terminal of another desktop");
	answer_finish(&answer);
}

/* What the machine has. */

static void check_avahi(struct patient *patient, struct finding *finding) {
	bool good = exists("/run/avahi-daemon/socket");
	find(finding, good ? GOOD : WITHOUT, good ? "it runs: machines near here find each other (box ads --near)" :
		"it does not run: others find this machine by address, or by a name server",
		"sudo apt install avahi-daemon libnss-mdns; then machines in one network find each other, and "
		"NAME.local is an address");
}

static void check_render_node(struct patient *patient, struct finding *finding) {
	glob_t nodes;
	bool any = glob("/dev/dri/renderD*", 0, NULL, &nodes) == 0;
	if (!any) {
		find(finding, WITHOUT, "none: the main processor draws and encodes",
			"a GPU with a kernel driver; nothing else needs it");
		return;
	}
	bool usable = access(nodes.gl_pathv[0], R_OK | W_OK) == 0;
	find(finding, usable ? GOOD : WITHOUT, usable ? nodes.gl_pathv[0] :
		"there is one, but you may not use it: the main processor draws and encodes",
		"sudo usermod -aG render $USER, and log in again");
	globfree(&nodes);
}

// boxcast itself encodes a picture and tells by what.
static void check_encoder(struct patient *patient, struct finding *finding) {
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
	find(finding, line[0] ? GOOD : WITHOUT, line[0] ? line :
		"none works: windows of this machine cannot be shown elsewhere",
		"sudo apt install gstreamer1.0-plugins-ugly (x264), or a VA-API driver for your GPU");
	free(command);
	free(path);
}

static void check_seat(struct patient *patient, struct finding *finding) {
	if (access("/run/seatd.sock", R_OK | W_OK) == 0) {
		find(finding, GOOD, "seatd", NULL);
	} else if (exists("/run/systemd/seats/seat0")) {
		find(finding, GOOD, "logind", NULL);
	} else if (exists("/run/seatd.sock")) {
		find(finding, WITHOUT, "seatd runs, but you may not use it",
			"sudo usermod -aG video $USER, and log in again");
	} else {
		find(finding, WITHOUT, "none: boxland runs in a window or headless, not on the console",
			"sudo apt install seatd; or log in where systemd-logind runs");
	}
}

static void check_sandbox(struct patient *patient, struct finding *finding) {
	bool there = exists("/usr/bin/bwrap");
	bool good = there &&
		system("/usr/bin/bwrap --unshare-all --ro-bind / / true >/dev/null 2>&1") == 0;
	find(finding, good ? GOOD : WITHOUT, good ? "bubblewrap works" : there ?
		"bubblewrap does not work: programs of other persons are refused here" :
		"no bubblewrap: programs of other persons are refused here", there ?
		"allow user namespaces: sudo sysctl kernel.unprivileged_userns_clone=1" :
		"sudo apt install bubblewrap");
}

static int run(struct asker *asker, int argc, char **argv) {
	static const struct {
		const char *what;
		void (*check)(struct patient *patient, struct finding *finding);
		bool of_boxd; // unknown while it does not run
	} checks[] = {
		{"boxd", check_boxd, false},
		{"person", check_person, true},
		{"UDP", check_udp, true},
		{"nodes", check_nodes, true},
		{"desktop", check_desktop, true},
		{"Avahi", check_avahi, false},
		{"render node", check_render_node, false},
		{"encoder", check_encoder, false},
		{"seat", check_seat, false},
		{"sandbox", check_sandbox, false},
	};
	static const char *const marks[] = {[GOOD] = "ok", [LACK] = "lack", [WITHOUT] = "none"};
	struct patient patient = {.asker = asker};
	int lacks = 0;
	patient.runs = kind(asker, "/", &patient.root);
	kind(asker, "/peer", &patient.peers);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct finding finding = {0};
		if (checks[i].of_boxd && !patient.runs) {
			printf("?     %-12s not known while boxd does not run\n", checks[i].what);
			continue;
		}
		checks[i].check(&patient, &finding);
		printf("%-5s %-12s ", marks[finding.mark], checks[i].what);
		print_text(stdout, finding.found); // may hold what another node said
		putchar('\n');
		if (finding.mark != GOOD) {
			printf("                   remedy: %s\n", finding.remedy);
		}
		lacks += finding.mark == LACK;
	}
	puts(lacks > 0 ? "\nwhat is lacking has to be there; without the others Boxland does with less" :
		"\nnothing that Boxland needs is lacking");
	answer_finish(&patient.root);
	answer_finish(&patient.peers);
	return lacks > 0 ? 1 : 0;
}

const struct verb verb_doctor = {
	.name = "doctor",
	.usage = "",
	.help = "what is missing here, and the remedy",
	.run = run,
};
