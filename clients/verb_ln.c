/* SPDX-License-Identifier: MIT */
/*
 * verb_ln.c - box ln: an io box uses a device from now on. Prints the link's name; box rm ends it.
 *
 * A link is made even if its device is away or says no, and goes on trying. So that nobody takes it
 * for up meanwhile, it is watched for a second: a device that is away is told of, and one that
 * refuses is an error, though the link stays.
 */
#include "box.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define WATCHED_MS 1000

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// The link's kind, once its version is another than since. false: not in time, or it is over.
static bool ask_kind(struct asker *asker, const char *name, const char *since, int ms,
		struct answer *answer) {
	struct op_head request;
	op_head_init_request(&request, OP_KIND);
	op_set(&request, OP_F_NAME, name);
	if (since[0]) {
		op_set(&request, OP_F_SINCE, since);
	}
	return ask_within(asker, &request, answer, ms);
}

static int say_state(const char *name, const char *device, const char *state) {
	if (strncmp(state, "refused ", 8) == 0) {
		const char *sentence = strchr(state + 8, ' ');
		fputs("box: refused: ", stderr);
		print_text(stderr, sentence ? sentence + 1 : "");
		fprintf(stderr, " (%.*s)\n", (int)strcspn(state + 8, " "), state + 8);
		fprintf(stderr, "box: the link stays, and asks again every 5 s; box rm %s ends it\n", name);
		return 1;
	}
	const char *code = strchr(state, ' ');
	const char *sentence = code ? strchr(code + 1, ' ') : NULL;
	if (sentence) {
		fputs("box: waiting: ", stderr);
		print_text(stderr, sentence + 1);
		fprintf(stderr, " (%.*s)\n", (int)(sentence - code - 1), code + 1);
	} else {
		fprintf(stderr, "box: waiting: %s has not answered yet\n", device);
	}
	fprintf(stderr, "box: the link is made, and tries again; box info %s tells its state\n", name);
	return 0;
}

/* Says how the link fares unless it is up. Returns the exit status: 1 for a device that refuses. */
static int watch(struct asker *asker, const char *name, const char *device) {
	char state[600] = "waiting", version[128] = "";
	int64_t end = now_ms() + WATCHED_MS;
	while (strncmp(state, "waiting", 7) == 0) {
		struct answer answer;
		int left = (int)(end - now_ms());
		bool told = left > 0 && ask_kind(asker, name, version, left, &answer);
		if (told) {
			const char *now = op_get(&answer.reply, OP_F_STATE);
			const char *seen = op_get(&answer.reply, OP_F_VERSION);
			snprintf(state, sizeof(state), "%s", now ? now : "up"); // a link that tells of nothing
			snprintf(version, sizeof(version), "%s", seen ? seen : "");
		}
		bool over = left > 0 && !told && answer.why.code != OP_ELOST;
		if (left > 0) {
			answer_finish(&answer);
		}
		if (over) {
			return 0; // the device had no more to give, or the link is not ours to look at
		}
		if (!told) {
			break;
		}
	}
	return strcmp(state, "up") == 0 ? 0 : say_state(name, device, state);
}

static int run(struct asker *asker, int argc, char **argv) {
	static const struct option options[] = {{"spec", required_argument, NULL, 's'}, {0}};
	bool only = false;
	const char *spec = NULL;
	for (int c; (c = getopt_long(argc, argv, "o", options, NULL)) != -1;) {
		if (c == '?') {
			return say_usage(&verb_ln);
		}
		only = only || c == 'o';
		spec = c == 's' ? optarg : spec;
	}
	if (argc - optind != 2) {
		return say_usage(&verb_ln);
	}
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_LINK);
	if (!set_box(asker, &request, OP_F_DEVICE, argv[optind]) ||
			!set_box(asker, &request, OP_F_NAME, argv[optind + 1]) ||
			(spec && !set_said(&request, OP_F_SPEC, spec))) {
		op_head_finish(&request);
		return 2;
	}
	if (only) {
		op_set_flag(&request, OP_F_ONLY);
	}
	int status = 1;
	if (ask_or_say(asker, &request, &answer)) {
		const char *name = op_get(&answer.reply, OP_F_NAME);
		puts(name ? name : "");
		fflush(stdout); // it is made, whatever becomes of the watching
		status = name ? watch(asker, name, argv[optind]) : 0;
	}
	answer_finish(&answer);
	return status;
}

const struct verb verb_ln = {
	.name = "ln",
	.usage = "[-o] [--spec SPEC] DEVICE IO",
	.help = "IO uses DEVICE from now on (-o: and no other)",
	.run = run,
};
