/* SPDX-License-Identifier: MIT */
/*
 * verb_revoke.c - box revoke: a machine of mine is mine no more. The person's key says so (boxkey), and
 * boxd here, and every node that hears of it, cuts the machine.
 */
#include "box.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boxkey.h"

static bool is_fingerprint(const char *text) {
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

// Whose node this is. false: said why.
static bool look_at_self(struct asker *asker, char key[static 65], char person[static 64]) {
	struct op_head request;
	struct answer answer;
	op_head_init_request(&request, OP_KIND);
	op_set(&request, OP_F_NAME, "/");
	bool good = ask_or_say(asker, &request, &answer);
	const char *own = good ? op_get(&answer.reply, OP_F_KEY) : NULL;
	const char *name = good ? op_get(&answer.reply, OP_F_PERSON) : NULL;
	if (good && (!own || !name)) {
		fprintf(stderr, "box: this machine is nobody's yet, so there is nothing to revoke (box init)\n");
	}
	snprintf(key, 65, "%s", own ? own : "");
	snprintf(person, 64, "%s", name ? name : "");
	answer_finish(&answer);
	return own && name;
}

// The fingerprint of a machine of that person's. false: said why.
static bool find_machine(struct asker *asker, const char *machine, const char *person,
		char key[static 65]) {
	struct op_head request;
	struct answer answer;
	if (is_fingerprint(machine)) {
		strcpy(key, machine);
		return true;
	}
	op_head_init_request(&request, OP_KIND);
	op_setf(&request, OP_F_NAME, "/peer/%.200s", machine);
	bool good = ask_or_say(asker, &request, &answer);
	const char *theirs = good ? op_get(&answer.reply, OP_F_KEY) : NULL;
	const char *owner = good ? op_get(&answer.reply, OP_F_PERSON) : NULL;
	if (good && (!theirs || !owner)) {
		fprintf(stderr, "box: %s is no machine\n", machine);
	} else if (good && strcmp(owner, person) != 0) {
		fprintf(stderr, "box: only %s revokes %s; box rm /peer/%s forgets it here\n", owner, machine,
			machine);
		theirs = NULL;
	}
	snprintf(key, 65, "%s", theirs ? theirs : "");
	answer_finish(&answer);
	return key[0] != '\0';
}

// What boxkey printed: lines serial, revoked and signature. false: said why.
static bool publish(struct asker *asker, const char *person, const char *lines) {
	struct op_head list, request;
	struct op_refusal why = {0};
	struct answer answer;
	size_t at = 0;
	const char *key;
	if (op_decode(&list, OP_ENTRY, lines, strlen(lines), &why) != OP_OK) {
		say_refusal(&why);
		return false;
	}
	op_head_init_request(&request, OP_CHINFO);
	op_setf(&request, OP_F_NAME, "/peer/%s/revoked", person);
	op_set_number(&request, OP_F_SERIAL, op_get_number(&list, OP_F_SERIAL, 0));
	while ((key = op_each(&list, OP_F_REVOKED, &at))) {
		op_add(&request, OP_F_REVOKED, key);
	}
	op_set(&request, OP_F_SIGNATURE, op_get(&list, OP_F_SIGNATURE));
	op_head_finish(&list);
	bool good = ask_or_say(asker, &request, &answer);
	answer_finish(&answer);
	return good;
}

static int revoke(struct asker *asker, const char *machine) {
	char own[65], person[64], key[65];
	if (!look_at_self(asker, own, person) || !find_machine(asker, machine, person, key)) {
		return 1;
	}
	if (strcmp(own, key) == 0) {
		fprintf(stderr, "box: %s is this machine itself: revoke it from another, where the person's key "
			"is\n", machine);
		return 1;
	}
	char *dir = keys_dir(), *lines = NULL;
	if (dir) {
		const char *args[] = {"revoke", "--dir", dir, key, NULL};
		lines = run_boxkey(args);
	}
	bool good = lines && publish(asker, person, lines);
	if (good) {
		printf("%s is revoked: machines that can be reached are told now, others when they next meet "
			"one that knows\n", machine);
	}
	free(lines);
	free(dir);
	return good ? 0 : 1;
}

static int run(struct asker *asker, int argc, char **argv) {
	return argc == 2 ? revoke(asker, argv[1]) : say_usage(&verb_revoke);
}

const struct verb verb_revoke = {
	.name = "revoke",
	.usage = "MACHINE|FINGERPRINT",
	.help = "a machine of yours that was lost: yours no more, anywhere",
	.run = run,
};
