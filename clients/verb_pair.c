/* SPDX-License-Identifier: MIT */
/*
 * verb_pair.c - box pair: two machines get to know each other. Run on both; one of them says where the
 * other is. Two people compare six digits, or each gives the other's fingerprint.
 */
#include "box.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "boxkey.h"

struct pairing {
	struct asker *asker;
	struct call *call; // NULL: over
	struct buf said;   // by boxd, until it is a head
	int status;

	/* The question, by digits. */
	int tty; // -1: none
	struct wl_event_source *answers; // NULL: it is not asked
	char digits[16], line[64];
	size_t line_size;
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

static void stop_asking(struct pairing *pairing) {
	if (pairing->answers) {
		wl_event_source_remove(pairing->answers);
		pairing->answers = NULL;
	}
}

static void send_digits(struct pairing *pairing, const char *digits) {
	struct op_head entry;
	struct buf text;
	op_head_init_entry(&entry);
	op_set(&entry, OP_F_DIGITS, digits);
	buf_init(&text);
	op_encode(&entry, &text, NULL);
	op_head_finish(&entry);
	call_send_bytes(pairing->call, buf_front(&text), text.size);
	buf_finish(&text);
}

static void handle_line(struct pairing *pairing) {
	const char *line = pairing->line;
	bool yes = strcasecmp(line, "yes") == 0 || strcasecmp(line, "y") == 0;
	if (!yes && strcasecmp(line, "no") != 0 && strcasecmp(line, "n") != 0) {
		dprintf(pairing->tty, "yes or no? ");
		return;
	}
	stop_asking(pairing);
	if (yes) {
		dprintf(pairing->tty, "Now the same question is answered there.\n");
	}
	send_digits(pairing, yes ? pairing->digits : "-"); // what it is not, whatever it is
}

static int handle_tty(int fd, uint32_t mask, void *data) {
	struct pairing *pairing = data;
	char typed[64];
	ssize_t n = read(fd, typed, sizeof(typed));
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
		stop_asking(pairing); // nobody is there
		send_digits(pairing, "-");
		return 0;
	}
	for (ssize_t i = 0; i < n && pairing->answers; i++) {
		if (typed[i] == '\n') {
			pairing->line[pairing->line_size] = '\0';
			pairing->line_size = 0;
			handle_line(pairing);
		} else if (pairing->line_size < sizeof(pairing->line) - 1) {
			pairing->line[pairing->line_size++] = typed[i];
		}
	}
	return 0;
}

// Two people, each at a screen. Names are as the other machine says them, until both have said yes.
static void compare(struct pairing *pairing, const struct op_head *told) {
	const char *digits = op_get(told, OP_F_DIGITS);
	const char *machine = op_get(told, OP_F_MACHINE), *person = op_get(told, OP_F_PERSON);
	snprintf(pairing->digits, sizeof(pairing->digits), "%s", digits);
	tcflush(pairing->tty, TCIFLUSH); // what was typed before is no answer
	dprintf(pairing->tty, "It calls itself %s, %s%s.\n\n    %.3s %s\n\nDoes the other screen show the "
		"same six digits? [yes/no] ", machine ? machine : "?",
		person ? "a machine of " : "nobody's machine yet", person ? person : "", digits,
		strlen(digits) > 3 ? digits + 3 : "");
	stop_asking(pairing);
	pairing->answers = wl_event_loop_add_fd(pairing->asker->loop, pairing->tty, WL_EVENT_READABLE,
		handle_tty, pairing);
}

// What boxd tells while it lasts.
static void handle_told(struct pairing *pairing, const struct op_head *told) {
	const char *state = op_get(told, OP_F_STATE), *word = state ? strchr(state, ' ') : NULL;
	if (op_has(told, OP_F_DIGITS) && pairing->tty >= 0) {
		if (*op_get(told, OP_F_DIGITS)) {
			compare(pairing, told);
		} else if (pairing->answers) {
			dprintf(pairing->tty, "\n"); // the question is void
			stop_asking(pairing);
		}
	} else if (op_has(told, OP_F_CERT)) {
		sign(pairing, told);
	} else if (word) {
		const char *sentence = strchr(word + 1, ' ');
		fputs("box: still waiting: ", stderr);
		print_text(stderr, sentence ? sentence + 1 : word + 1);
		fputc('\n', stderr);
	}
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
	size_t head;
	buf_append(&pairing->said, bytes, size);
	while (pairing->call &&
			(head = op_head_size(buf_front(&pairing->said), pairing->said.size, NULL)) > 0) {
		bool read = op_decode(&entry, OP_ENTRY, buf_front(&pairing->said), head, NULL) == OP_OK;
		buf_drop(&pairing->said, head);
		if (read) {
			handle_told(pairing, &entry);
			op_head_finish(&entry);
		}
	}
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct pairing *pairing = data;
	pairing->call = NULL;
	if (pairing->answers) {
		dprintf(pairing->tty, "\n"); // the question is void
		stop_asking(pairing);
	}
	if (why->code != OP_OK) {
		say_refusal(why);
		return;
	}
	const char *name = trailer ? op_get(trailer, OP_F_NAME) : NULL;
	const char *person = trailer ? op_get(trailer, OP_F_PERSON) : NULL;
	printf("%s is known now, a machine of %s\n", name ? name : "it", person ? person : "?");
	pairing->status = 0;
}

static int pair(struct asker *asker, struct op_head *request, int tty) {
	static const struct call_events events = {
		.reply = handle_reply,
		.bytes = handle_bytes,
		.ended = handle_ended,
	};
	struct pairing pairing = {.asker = asker, .status = 1, .tty = tty};
	buf_init(&pairing.said);
	pairing.call = call_create(asker->loop, &asker->boxd.caller, request, NULL, &events, &pairing);
	op_head_finish(request);
	while (pairing.call) {
		wl_event_loop_dispatch(asker->loop, -1);
	}
	stop_asking(&pairing);
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

static void make_request(struct op_head *request, const char *fingerprint, bool mine,
		const char *at) {
	op_head_init_request(request, OP_MAKE);
	if (fingerprint) {
		int digits = (int)strspn(fingerprint, "0123456789abcdefABCDEF");
		op_setf(request, OP_F_NAME, "/peer/key-%.*s", digits < 16 ? digits : 16, fingerprint);
		op_set(request, OP_F_KEY, fingerprint);
	} else {
		op_set(request, OP_F_NAME, "/peer/new");
	}
	if (mine) {
		op_set_flag(request, OP_F_MINE);
	}
	if (at) {
		op_add(request, OP_F_AT, at);
	}
	op_set_body(request, OP_BODY_CHUNKS, 0);
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
	if (argc - optind > 1) {
		return say_usage(&verb_pair);
	}
	int tty = fingerprint ? -1 : open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (!fingerprint && tty < 0) {
		fprintf(stderr, "box: pairing by digits asks a person at a terminal, and there is none: give the "
			"other's fingerprint instead, box pair --fingerprint KEY\n");
		return 1;
	}
	struct op_head request;
	make_request(&request, fingerprint, mine, optind < argc ? argv[optind] : NULL);
	int status = pair(asker, &request, tty);
	if (tty >= 0) {
		close(tty);
	}
	return status;
}

const struct verb verb_pair = {
	.name = "pair",
	.usage = "[--mine] [--fingerprint [KEY]] [HOST[:PORT]]",
	.help = "know another machine, by six digits or a fingerprint",
	.run = run,
};
