/* SPDX-License-Identifier: MIT */
/*
 * boxkey.c - the only program that opens a person's key: makes it, changes its passphrase, signs machines
 * with it, and revokes them.
 *
 *     boxkey init --person NAME --dir DIR [--machine NAME]
 *     boxkey passphrase --dir DIR
 *     boxkey sign --dir DIR --machine NAME SPKI
 *     boxkey revoke --dir DIR FINGERPRINT
 *
 * It runs for one answer and ends, so the key is in memory for no longer than a signature takes. It
 * speaks no Op and has no network; boxd and box start it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/log.h"
#include "quic/cert.h"
#include "quic/keys.h"
#include "quic/keys_files.h"
#include "quic/revocation.h"

#define PASSPHRASE_MAX 1024
#define TRIES 3 // at a terminal

struct options {
	const char *person, *dir, *machine, *key; // base64 of SPKI, or a fingerprint
};

static int fail(const struct op_refusal *refusal) {
	fprintf(stderr, "boxkey: %s\n", refusal->sentence);
	return EXIT_FAILURE;
}

static int usage(const char *wrong) {
	fprintf(stderr,
		"boxkey: %s\n"
		"usage: boxkey init --person NAME --dir DIR [--machine NAME]\n"
		"       boxkey passphrase --dir DIR\n"
		"       boxkey sign --dir DIR --machine NAME SPKI\n"
		"       boxkey revoke --dir DIR FINGERPRINT\n"
		"A passphrase is a line from $BOX_PASSPHRASE_FD (first the old one, then the new), or is asked "
		"for\nat the terminal when there is one.\n",
		wrong);
	return 2;
}

/* One line from fd, without its end, into out of PASSPHRASE_MAX bytes. */
static bool read_line(int fd, char *out) {
	size_t size = 0;
	while (size < PASSPHRASE_MAX - 1) {
		ssize_t n = read(fd, out + size, 1);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return false;
		}
		if (n == 0 || out[size] == '\n') {
			break;
		}
		size++;
	}
	out[size] = '\0';
	return true;
}

static bool ask(int tty, const char *prompt, char *out) {
	struct termios old, quiet;
	if (tcgetattr(tty, &old) != 0) {
		return false;
	}
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(tty, TCSAFLUSH, &quiet); // first: who types at the prompt shows nothing
	dprintf(tty, "%s", prompt);
	bool good = read_line(tty, out);
	tcsetattr(tty, TCSAFLUSH, &old);
	dprintf(tty, "\n");
	return good;
}

static bool passphrase_from_fd(const char *number, char *out, struct op_refusal *refusal) {
	char *end;
	errno = 0;
	long fd = strtol(number, &end, 10);
	if (errno != 0 || *number == '\0' || *end != '\0' || fd < 0 || fd > INT_MAX) {
		op_refuse(refusal, OP_EARG, "BOX_PASSPHRASE_FD is \"%s\", which is no descriptor", number);
		return false;
	}
	if (!read_line((int)fd, out)) {
		op_refuse(refusal, OP_EIO, "cannot read the passphrase from descriptor %ld: %s", fd,
			strerror(errno));
		return false;
	}
	return true;
}

/* Out is "" when none is given. A new one is asked for twice. */
static bool get_passphrase(bool new, char *out, struct op_refusal *refusal) {
	out[0] = '\0';
	const char *number = getenv("BOX_PASSPHRASE_FD");
	if (number) {
		return passphrase_from_fd(number, out, refusal);
	}
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty < 0) {
		return true;
	}
	char again[PASSPHRASE_MAX] = "";
	bool good = true;
	if (!ask(tty, new ? "New passphrase (empty for none): " : "Passphrase: ", out)
			|| (new && *out && !ask(tty, "Once more: ", again))) {
		op_refuse(refusal, OP_EIO, "cannot read a passphrase from the terminal: %s",
			strerror(errno));
		good = false;
	} else if (new && *out && strcmp(out, again) != 0) {
		op_refuse(refusal, OP_EARG, "the two passphrases differ: nothing was changed");
		good = false;
	} else if (new && !*out) {
		dprintf(tty, "No passphrase: whoever can read the file person.key can act as you. `box init "
			"--passphrase` sets one.\n");
	}
	explicit_bzero(again, sizeof(again));
	close(tty);
	return good;
}

/* As often as one may mistype. false: it is open, or will not be. */
static bool try_person_key(const char *dir, gnutls_x509_privkey_t *key, struct op_refusal *refusal) {
	char passphrase[PASSPHRASE_MAX] = "";
	bool locked = false;
	if (keys_is_locked(dir, KEYS_FILE_PERSON_KEY, &locked, refusal) != OP_OK
			|| (locked && !get_passphrase(false, passphrase, refusal))) {
		return false;
	}
	bool typed = *passphrase && !getenv("BOX_PASSPHRASE_FD");
	*key = keys_read_key(dir, KEYS_FILE_PERSON_KEY, *passphrase ? passphrase : NULL, refusal);
	explicit_bzero(passphrase, sizeof(passphrase));
	return !*key && typed && refusal->code == OP_EPERM;
}

static gnutls_x509_privkey_t open_person_key(const char *dir, struct op_refusal *refusal) {
	gnutls_x509_privkey_t key = NULL;
	for (int i = 1; try_person_key(dir, &key, refusal) && i < TRIES; i++) {
		fprintf(stderr, "boxkey: this was not it, try again\n");
	}
	return key;
}

/* Under a new passphrase. */
static enum op_code lock_person_key(const char *dir, gnutls_x509_privkey_t key,
		struct op_refusal *refusal) {
	char passphrase[PASSPHRASE_MAX];
	if (!get_passphrase(true, passphrase, refusal)) {
		return refusal->code;
	}
	enum op_code code = keys_write_key(dir, KEYS_FILE_PERSON_KEY, key, passphrase, refusal);
	explicit_bzero(passphrase, sizeof(passphrase));
	return code;
}

static gnutls_x509_privkey_t make_person_key(const char *dir, struct op_refusal *refusal) {
	gnutls_x509_privkey_t key = cert_new_key();
	if (!key) {
		op_refuse(refusal, OP_EIO, "cannot make a key");
	} else if (lock_person_key(dir, key, refusal) != OP_OK) {
		gnutls_x509_privkey_deinit(key);
		key = NULL;
	}
	return key;
}

static int change_passphrase(const struct options *options) {
	struct op_refusal refusal = {0};
	gnutls_x509_privkey_t key = NULL;
	enum op_code code = keys_check_dir(options->dir, &refusal);
	if (code == OP_OK && (key = open_person_key(options->dir, &refusal))) {
		code = lock_person_key(options->dir, key, &refusal);
		gnutls_x509_privkey_deinit(key);
	} else if (refusal.code == OP_ENOENT) {
		op_refuse(&refusal, OP_ENOENT, "no person's key in %s: its passphrase is changed on the machine "
			"where `box init --person NAME` was run", options->dir);
	}
	if (!key || code != OP_OK) {
		return fail(&refusal);
	}
	printf("the passphrase of %s/%s is changed; copies of the file have the old one\n", options->dir,
		KEYS_FILE_PERSON_KEY);
	return EXIT_SUCCESS;
}

/* Base64, malloc'd, of a certificate that the person signs. */
static char *issue(const char *name, gnutls_pubkey_t subject, const char *person,
		gnutls_x509_privkey_t key, bool is_person) {
	gnutls_x509_crt_t cert = cert_issue(name, subject, person, key, is_person);
	if (!cert) {
		return NULL;
	}
	char *text = cert_base64(cert);
	gnutls_x509_crt_deinit(cert);
	return text;
}

static enum op_code adopt(struct keys *keys, const char *person, gnutls_x509_privkey_t key,
		struct op_refusal *refusal) {
	enum op_code code = OP_EIO;
	char *machine_cert = NULL, *person_cert = NULL;
	gnutls_pubkey_t own = cert_public_key(key);
	gnutls_pubkey_t machine = cert_key_from_base64(keys_spki(keys), refusal);
	if (own && machine) {
		machine_cert = issue(keys_machine(keys), machine, person, key, false);
		person_cert = issue(person, own, person, key, true);
	}
	if (machine_cert && person_cert) {
		code = keys_adopt(keys, machine_cert, person_cert, refusal);
	} else {
		op_refuse(refusal, OP_EIO, "cannot make certificates");
	}
	free(machine_cert);
	free(person_cert);
	if (machine) {
		gnutls_pubkey_deinit(machine);
	}
	if (own) {
		gnutls_pubkey_deinit(own);
	}
	return code;
}

static int init(const struct options *options) {
	struct op_refusal refusal = {0};
	if (cert_check_name(options->person, &refusal) != OP_OK) {
		return fail(&refusal);
	}
	struct keys *keys = keys_load(options->dir, options->machine, &refusal);
	if (!keys) {
		return fail(&refusal);
	}
	gnutls_x509_privkey_t key = NULL;
	if (keys_person(keys)) {
		op_refuse(&refusal, OP_EEXIST,
			"this machine is %s's already (%s): nothing was made", keys_person(keys), options->dir);
	} else {
		// A key without certificates is what an init that was cut short leaves behind.
		key = open_person_key(options->dir, &refusal);
		if (!key && refusal.code == OP_ENOENT) {
			key = make_person_key(options->dir, &refusal);
		}
	}
	if (key) {
		refusal.code = adopt(keys, options->person, key, &refusal);
		gnutls_x509_privkey_deinit(key);
	}
	if (key && refusal.code == OP_OK) {
		printf("%s is %s's machine, fingerprint %s\n", keys_machine(keys), keys_person(keys),
			keys_fingerprint(keys));
	}
	keys_destroy(keys);
	return key && refusal.code == OP_OK ? EXIT_SUCCESS : fail(&refusal);
}

static int sign(const struct options *options) {
	struct op_refusal refusal = {0};
	char person[CERT_NAME_MAX + 1];
	gnutls_pubkey_t subject = NULL;
	gnutls_x509_privkey_t key = NULL;
	char *machine_cert = NULL, *person_cert = NULL;
	gnutls_x509_crt_t cert = NULL;
	if (cert_check_name(options->machine, &refusal) == OP_OK
			&& keys_check_dir(options->dir, &refusal) == OP_OK
			&& (subject = cert_key_from_base64(options->key, &refusal))
			&& (cert = keys_read_cert(options->dir, KEYS_FILE_PERSON_CERT, &refusal))
			&& cert_name(cert, person, &refusal) == OP_OK
			&& (key = open_person_key(options->dir, &refusal))) {
		machine_cert = issue(options->machine, subject, person, key, false);
		person_cert = cert_base64(cert);
		if (!machine_cert || !person_cert) {
			op_refuse(&refusal, OP_EIO, "cannot make a certificate");
		}
	} else if (refusal.code == OP_ENOENT) {
		op_refuse(&refusal, OP_ENOENT, "no person's key in %s: sign on the machine where "
			"`box init --person NAME` was run", options->dir);
	}
	bool good = machine_cert && person_cert;
	if (good && (printf("%s\n%s\n", machine_cert, person_cert) < 0 || fflush(stdout) != 0)) {
		good = false;
		op_refuse(&refusal, OP_EIO, "cannot print the certificates: %s", strerror(errno));
	}
	free(machine_cert);
	free(person_cert);
	if (key) {
		gnutls_x509_privkey_deinit(key);
	}
	if (cert) {
		gnutls_x509_crt_deinit(cert);
	}
	if (subject) {
		gnutls_pubkey_deinit(subject);
	}
	return good ? EXIT_SUCCESS : fail(&refusal);
}

/* What was revoked before, if it is what this person signed. */
static enum op_code load_revoked(struct revocation *list, const char *dir, gnutls_x509_crt_t person,
		struct op_refusal *refusal) {
	char key[KEYS_FINGERPRINT + 1];
	if (!cert_fingerprint(person, key)) {
		return op_refuse(refusal, OP_EIO, "cannot read %s/%s", dir, KEYS_FILE_PERSON_CERT);
	}
	struct op_refusal why = {0};
	enum op_code code = revocation_load(list, dir, key, &why);
	if (code == OP_ENOENT) {
		return OP_OK;
	}
	code = code == OP_OK ? revocation_check(list, person, &why) : code;
	if (code != OP_OK) {
		*refusal = why;
	}
	return code;
}

static enum op_code sign_revoked(struct revocation *list, const struct options *options,
		struct op_refusal *refusal) {
	if (revocation_has(list, options->key)) {
		return OP_OK; // to be told again
	}
	enum op_code code = revocation_add(list, options->key, refusal);
	gnutls_x509_privkey_t key = code == OP_OK ? open_person_key(options->dir, refusal) : NULL;
	if (!key) {
		return refusal->code;
	}
	list->serial++;
	code = revocation_sign(list, key, refusal);
	gnutls_x509_privkey_deinit(key);
	return code;
}

static int revoke_machine(const struct options *options) {
	struct op_refusal refusal = {0};
	struct revocation list = {0};
	struct buf text;
	gnutls_x509_crt_t person = NULL;
	buf_init(&text);
	if (keys_check_dir(options->dir, &refusal) == OP_OK
			&& (person = keys_read_cert(options->dir, KEYS_FILE_PERSON_CERT, &refusal))
			&& load_revoked(&list, options->dir, person, &refusal) == OP_OK
			&& sign_revoked(&list, options, &refusal) == OP_OK
			&& (!revocation_print(&list, &text) || !buf_printf(&text, "\n")
				|| fwrite(buf_front(&text), text.size, 1, stdout) != 1 || fflush(stdout) != 0)) {
		op_refuse(&refusal, OP_EIO, "cannot print what is revoked: %s", strerror(errno));
	} else if (refusal.code == OP_ENOENT) {
		op_refuse(&refusal, OP_ENOENT, "no person's key in %s: revoke on the machine where `box init "
			"--person NAME` was run", options->dir);
	}
	if (person) {
		gnutls_x509_crt_deinit(person);
	}
	revocation_finish(&list);
	buf_finish(&text);
	return refusal.code == OP_OK ? EXIT_SUCCESS : fail(&refusal);
}

static bool parse(int argc, char *argv[], struct options *options) {
	static const struct option known[] = {
		{"person", required_argument, NULL, 'p'},
		{"dir", required_argument, NULL, 'd'},
		{"machine", required_argument, NULL, 'm'},
		{0},
	};
	int c;
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'p':
			options->person = optarg;
			break;
		case 'd':
			options->dir = optarg;
			break;
		case 'm':
			options->machine = optarg;
			break;
		default:
			return false;
		}
	}
	if (optind < argc) {
		options->key = argv[optind++];
	}
	return optind == argc;
}

int main(int argc, char *argv[]) {
	char host[HOST_NAME_MAX + 1] = "";
	struct options options = {0};
	log_init("boxkey", LOG_ERROR);
	if (argc < 2) {
		return usage("init, passphrase, sign or revoke?");
	}
	if (!parse(argc - 1, argv + 1, &options)) {
		return usage("one of its arguments is not understood");
	}
	if (!options.dir) {
		return usage("--dir is missing");
	}
	if (strcmp(argv[1], "init") == 0) {
		if (!options.person || options.key) {
			return usage("init takes --person and no key");
		}
		if (!options.machine && gethostname(host, sizeof(host) - 1) == 0) {
			options.machine = host;
		}
		return options.machine ? init(&options) : usage("--machine is missing");
	}
	if (strcmp(argv[1], "sign") == 0) {
		if (!options.machine || !options.key || options.person) {
			return usage("sign takes --machine and a key, base64 of SPKI");
		}
		return sign(&options);
	}
	if (strcmp(argv[1], "passphrase") == 0) {
		if (options.machine || options.key || options.person) {
			return usage("passphrase takes --dir alone");
		}
		return change_passphrase(&options);
	}
	if (strcmp(argv[1], "revoke") == 0) {
		if (options.machine || !options.key || options.person) {
			return usage("revoke takes a machine's fingerprint");
		}
		return revoke_machine(&options);
	}
	return usage("it knows init, passphrase, sign and revoke");
}
