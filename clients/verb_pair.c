/* SPDX-License-Identifier: MIT */
/*
 * verb_pair.c - box pair: two machines get to know each other. Run on both, each with the other's
 * fingerprint; one of them says where the other is.
 */
#include "box.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boxkey.h"

struct pairing {
	struct asker *asker;
	struct call *call; // NULL: over
	struct buf said;   // by boxd, until it is a head
	int status;
};

// The two lines of boxkey: the machine's certificate, the person's.
static void send_certs(struct pairing *pairing, char *lines) {
	struct op_head entry;
	struct buf text;
	char *rest = lines;
	op_head_init_entry(&entry);
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (*line) {
			op_add(&entry, OP_F_CERT, line);
		}
	}
	buf_init(&text);
	op_encode(&entry, &text, NULL);
	call_send_bytes(pairing->call, buf_front(&text), text.size);
	buf_finish(&text);
	op_head_finish(&entry);
}

static void sign(struct pairing *pairing, const struct op_head *wanted) {
	const char *spki = op_get(wanted, OP_F_CERT), *machine = op_get(wanted, OP_F_MACHINE);
	char *dir = keys_dir(), *lines = NULL;
	if (spki && machine && dir) {
		const char *args[] = {"sign", "--dir", dir, "--machine", machine, spki, NULL};
		lines = run_boxkey(args);
	}
	if (lines) {
		send_certs(pairing, lines);
	} else {
		call_destroy(pairing->call);
		pairing->call = NULL;
	}
	free(lines);
	free(dir);
}

// boxd has understood; now two people are waited for.
static void handle_reply(void *data, const struct op_head *reply) {
	if (reply->refusal.code == OP_OK) {
		fprintf(stderr, "box: waiting for the other machine, 10 minutes at most\n");
	}
}

static void handle_bytes(void *data, const void *bytes, size_t size) {
	struct pairing *pairing = data;
	struct op_head entry;
	buf_append(&pairing->said, bytes, size);
	size_t head = op_head_size(buf_front(&pairing->said), pairing->said.size, NULL);
	if (head > 0 &&
			op_decode(&entry, OP_ENTRY, buf_front(&pairing->said), head, NULL) == OP_OK) {
		buf_drop(&pairing->said, head);
		sign(pairing, &entry);
		op_head_finish(&entry);
	}
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct pairing *pairing = data;
	pairing->call = NULL;
	if (why->code != OP_OK) {
		say_refusal(why);
		return;
	}
	const char *name = trailer ? op_get(trailer, OP_F_NAME) : NULL;
	const char *person = trailer ? op_get(trailer, OP_F_PERSON) : NULL;
	printf("%s is known now, a machine of %s\n", name ? name : "it", person ? person : "?");
	pairing->status = 0;
}

static int pair(struct asker *asker, struct op_head *request) {
	static const struct call_events events = {
		.reply = handle_reply,
		.bytes = handle_bytes,
		.ended = handle_ended,
	};
	struct pairing pairing = {.asker = asker, .status = 1};
	buf_init(&pairing.said);
	pairing.call = call_create(asker->loop, &asker->boxd.caller, request, NULL, &events, &pairing);
	op_head_finish(request);
	while (pairing.call) {
		wl_event_loop_dispatch(asker->loop, -1);
	}
	buf_finish(&pairing.said);
	return pairing.status;
}

// This machine's own fingerprint, for the other's command line.
static int print_fingerprint(struct asker *asker) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_KIND);
	op_set(&request, OP_F_NAME, "/");
	bool good = ask_or_say(asker, &request, &answer);
	if (good) {
		const char *key = op_get(&answer.reply, OP_F_KEY);
		puts(key ? key : "");
	}
	answer_finish(&answer);
	return good ? 0 : 1;
}

static int run(struct asker *asker, int argc, char **argv) {
	static const struct option longs[] = {
		{"fingerprint", optional_argument, NULL, 'f'},
		{"mine", no_argument, NULL, 'm'},
		{0},
	};
	const char *fingerprint = NULL;
	bool mine = false, asked = false;
	for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
		if (c == 'f') {
			asked = true;
			fingerprint = optarg;
		} else if (c == 'm') {
			mine = true;
		} else {
			return say_usage(&verb_pair);
		}
	}
	if (asked && !fingerprint && optind < argc) {
		fingerprint = argv[optind++];
	}
	if (asked && !fingerprint) {
		return print_fingerprint(asker);
	}
	if (!fingerprint || argc - optind > 1) {
		return say_usage(&verb_pair);
	}
	const char *at = optind < argc ? argv[optind] : NULL;
	struct op_head request;
	op_head_init_request(&request, OP_MAKE);
	int digits = (int)strspn(fingerprint, "0123456789abcdefABCDEF");
	op_setf(&request, OP_F_NAME, "/peer/key-%.*s", digits < 16 ? digits : 16, fingerprint);
	op_set(&request, OP_F_KEY, fingerprint);
	if (mine) {
		op_set_flag(&request, OP_F_MINE);
	}
	if (at) {
		op_add(&request, OP_F_AT, at);
	}
	op_set_body(&request, OP_BODY_CHUNKS, 0);
	return pair(asker, &request);
}

const struct verb verb_pair = {
	.name = "pair",
	.usage = "[--mine] --fingerprint KEY [HOST[:PORT]]",
	.help = "know another machine (no KEY: print ours)",
	.run = run,
};
