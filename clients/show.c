/* SPDX-License-Identifier: MIT */
/*
 * show.c - box alone: where one is, who else is there, what can be done next.
 *
 * All nodes are asked at once and for a short while: one that is away holds nothing up. What is
 * proposed can be typed as it stands, but for words in capitals, which only the person knows.
 */
#include "box.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODES_MAX 64   // whose windows are looked at
#define PATIENCE_MS 2000
#define COMMENT_COLUMN 42

struct node {
	char name[160]; // "/n/den"; "" this one
	char person[80];
	bool known; // a peer of its own, not this node
};

struct picture { // of what is there, gathered before anything is said
	char key[80], person[80], machine[80];
	bool desktop;
	struct node nodes[NODES_MAX];
	struct question windows[NODES_MAX]; // of the node of the same number
	int count, more;
	char window[200]; // a window on another node; "" none
	char node[160];   // a node that answers, and one of the person's own; "" none
	char own[160];
};

static const char *get(const struct op_head *head, enum op_field field) {
	const char *value = op_get(head, field);
	return value ? value : "";
}

static void request_list(struct op_head *request, const char *prefix, const char *below) {
	op_head_init_request(request, OP_SELECTORS);
	op_setf(request, OP_F_NAME, "%s%s", prefix, below);
}

static bool look_at_self(struct asker *asker, struct picture *picture) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_KIND);
	op_set(&request, OP_F_NAME, "/");
	bool good = ask_or_say(asker, &request, &answer);
	if (good) {
		snprintf(picture->key, sizeof(picture->key), "%s", get(&answer.reply, OP_F_KEY));
		snprintf(picture->person, sizeof(picture->person), "%s", get(&answer.reply, OP_F_PERSON));
		snprintf(picture->machine, sizeof(picture->machine), "%s",
			get(&answer.reply, OP_F_MACHINE));
	}
	answer_finish(&answer);
	return good;
}

static void look_for_desktop(struct asker *asker, struct picture *picture) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_KIND);
	op_set(&request, OP_F_NAME, "/display/0");
	picture->desktop = ask(asker, &request, &answer);
	answer_finish(&answer);
}

static void look_for_nodes(struct asker *asker, struct picture *picture) {
	struct op_head request;
	struct answer answer;
	size_t at = 0;
	picture->count = 1; // this one
	request_list(&request, "", "/n");
	bool good = ask(asker, &request, &answer);
	for (struct op_head entry; good && answer_next(&answer, &at, &entry);) {
		if (picture->count == NODES_MAX) {
			picture->more++;
		} else {
			struct node *node = &picture->nodes[picture->count++];
			node->known = true;
			snprintf(node->name, sizeof(node->name), "/n%.150s", get(&entry, OP_F_NAME));
			snprintf(node->person, sizeof(node->person), "%s", get(&entry, OP_F_PERSON));
		}
		op_head_finish(&entry);
	}
	answer_finish(&answer);
}

static void look_for_windows(struct asker *asker, struct picture *picture) {
	for (int i = 0; i < picture->count; i++) {
		request_list(&picture->windows[i].request, picture->nodes[i].name, "/win");
	}
	ask_all(asker, picture->windows, picture->count, PATIENCE_MS);
}

// Whether the node itself answered, be it that it has no windows for us.
static bool answers(const struct picture *picture, int i) {
	enum op_code code = picture->windows[i].answer.why.code;
	return code != OP_EUNREACH && code != OP_ELOST && code != OP_EUDP;
}

static void show_nodes(struct picture *picture) {
	for (int i = 1; i < picture->count; i++) {
		const struct node *node = &picture->nodes[i];
		bool here = answers(picture, i);
		if (i == 1) {
			puts("\nnodes");
		}
		printf("  %-24s %-10s ", node->name, node->person);
		print_text(stdout, here ? "answers" : picture->windows[i].answer.why.sentence);
		putchar('\n');
		if (here && !picture->node[0]) {
			strcpy(picture->node, node->name);
		}
		if (here && !picture->own[0] && strcmp(node->person, picture->person) == 0) {
			strcpy(picture->own, node->name);
		}
	}
	if (picture->more > 0) {
		printf("  and %d more (box ls /n)\n", picture->more);
	}
}

static void show_windows(struct picture *picture) {
	bool any = false;
	for (int i = 0; i < picture->count; i++) {
		const struct answer *answer = &picture->windows[i].answer;
		size_t at = 0;
		if (answer->why.code != OP_OK) {
			continue;
		}
		for (struct op_head entry; answer_next(answer, &at, &entry);) {
			char name[200];
			snprintf(name, sizeof(name), "%s/win%.30s", picture->nodes[i].name,
				get(&entry, OP_F_NAME));
			printf("%s  %-24s ", any ? "" : "\nwindows\n", name);
			print_text(stdout, get(&entry, OP_F_TITLE));
			putchar('\n');
			any = true;
			if (picture->nodes[i].known && !picture->window[0]) {
				strcpy(picture->window, name);
			}
			op_head_finish(&entry);
		}
	}
}

// What others wait for.
static void show_questions(struct asker *asker) {
	struct op_head request;
	struct answer answer;
	size_t at = 0;
	bool any = false;
	request_list(&request, "", "/ask");
	bool good = ask(asker, &request, &answer);
	for (struct op_head entry; good && answer_next(&answer, &at, &entry);) {
		if (strcmp(get(&entry, OP_F_STATE), "waiting") == 0) {
			fputs(any ? "  " : "\nyou are asked (box ask answers)\n  ", stdout);
			print_text(stdout, get(&entry, OP_F_TITLE));
			putchar('\n');
			any = true;
		}
		op_head_finish(&entry);
	}
	answer_finish(&answer);
}

// A command to type and what it does, beside it if there is room. what may be NULL.
static void propose(const char *command, const char *what) {
	int used = printf("  %s", command);
	if (what && used + 2 > COMMENT_COLUMN) {
		putchar('\n');
		used = 0;
	}
	printf("%*s%s\n", what ? COMMENT_COLUMN - used : 0, "", what ? what : "");
}

// Where others find this machine: an address of its own. false: it is alone.
static bool find_address(char out[static NI_MAXHOST]) {
	struct ifaddrs *all = NULL;
	int wanted[] = {AF_INET, AF_INET6};
	if (getifaddrs(&all) < 0) {
		return false;
	}
	bool found = false;
	for (int i = 0; i < 2 && !found; i++) {
		for (struct ifaddrs *one = all; one && !found; one = one->ifa_next) {
			if (!one->ifa_addr || one->ifa_addr->sa_family != wanted[i] ||
					(one->ifa_flags & IFF_LOOPBACK) || !(one->ifa_flags & IFF_RUNNING)) {
				continue;
			}
			socklen_t size = i == 0 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
			char host[NI_MAXHOST];
			found = getnameinfo(one->ifa_addr, size, host, sizeof(host), NULL, 0,
				NI_NUMERICHOST) == 0 && !strchr(host, '%'); // link-local: not everywhere
			if (found) {
				strcpy(out, host);
			}
		}
	}
	freeifaddrs(all);
	return found;
}

static void propose_pairing(const char *whose) {
	char host[NI_MAXHOST], command[NI_MAXHOST + 120];
	if (!find_address(host)) {
		return;
	}
	printf("\n%s: type here\n", whose);
	propose("box pair --mine", NULL);
	puts("and there");
	snprintf(command, sizeof(command), "box pair --mine %s", host);
	propose(command, NULL);
	puts("Both then show six digits, and ask whether they are the same. Where nobody can look at both, "
		"give\neach the other's fingerprint: box pair --mine --fingerprint KEY.");
	puts("Without --mine on both, the two stay two persons' machines, and you are friends.");
}

static void propose_person(const struct picture *picture) {
	const struct passwd *user = getpwuid(getuid());
	char command[120];
	snprintf(command, sizeof(command), "box init --person %.80s", user ? user->pw_name : "NAME");
	propose(command, "make that person; this machine is the first");
}

static void propose_remote(const struct picture *picture) {
	char command[300];
	if (picture->window[0] && picture->desktop) {
		snprintf(command, sizeof(command), "box ln /display/0 %s/out", picture->window);
		propose(command, "show that window here; it prints a link: box rm LINK ends it");
	}
	snprintf(command, sizeof(command), "box ls %s", picture->node);
	propose(command, "what it has for you");
	if (picture->own[0]) {
		snprintf(command, sizeof(command), "box run -c 'proc!*!*!node=%s' -- uname -n",
			strrchr(picture->own, '/') + 1);
		propose(command, "run a program there");
	}
}

static void show_next(const struct picture *picture) {
	bool wayland = getenv("WAYLAND_DISPLAY") || getenv("DISPLAY");
	puts("\nwhat to type next");
	if (!picture->person[0]) {
		propose_person(picture);
	} else if (picture->node[0]) {
		propose_remote(picture);
	}
	propose("box run -- uname -n", "run a program as a box of this node");
	if (!picture->desktop && wayland) {
		propose("boxland", "a Boxland desktop in a window of this one");
	}
	propose("box doctor", "what is missing here, and the remedy");
	if (!picture->person[0]) {
		propose_pairing("If you have a machine with Boxland already, make this one yours too");
	} else if (picture->count == 1) {
		propose_pairing("To make another machine yours too");
	}
}

int show_node(struct asker *asker) {
	static struct picture picture; // large
	if (!look_at_self(asker, &picture)) {
		return 1;
	}
	look_for_desktop(asker, &picture);
	look_for_nodes(asker, &picture);
	look_for_windows(asker, &picture);
	printf("%s, %s%s\n", picture.machine, picture.person[0] ? "a machine of " :
		"nobody's machine yet", picture.person);
	printf("fingerprint %s\n", picture.key);
	show_nodes(&picture);
	show_windows(&picture);
	show_questions(asker);
	show_next(&picture);
	for (int i = 0; i < picture.count; i++) {
		answer_finish(&picture.windows[i].answer);
	}
	return 0;
}
