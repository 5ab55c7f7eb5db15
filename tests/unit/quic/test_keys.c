/* SPDX-License-Identifier: MIT */
/*
 * test_keys.c - keys on the disk, certificates and names, and the program that holds a person's key.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "box/cnstr.h"
#include "box/perm.h"
#include "quic/keys_files.h"
#include "quic/keys_private.h"
#include "unit/quic/town.h"

struct place {
	struct town town;
	struct persona ann;
	char dir[128];
};

static int set_up(void **state) {
	struct place *p = calloc(1, sizeof(*p));
	assert_non_null(p);
	town_init(&p->town);
	persona_init(&p->ann, "ann");
	snprintf(p->dir, sizeof(p->dir), "%s/some/where", p->town.dir);
	*state = p;
	return 0;
}

static int tear_down(void **state) {
	struct place *p = *state;
	persona_finish(&p->ann);
	town_finish(&p->town);
	free(p);
	return 0;
}

static struct keys *load(struct place *p, const char *machine) {
	struct op_refusal why = {0};
	struct keys *keys = keys_load(p->dir, machine, &why);
	if (!keys) {
		fail_msg("%s", why.sentence);
	}
	return keys;
}

static void expect_refused(struct place *p, enum op_code code, const char *words) {
	struct op_refusal why = {0};
	assert_null(keys_load(p->dir, "den", &why));
	if (why.code != code || !strstr(why.sentence, words)) {
		fail_msg("%s %s", op_code_name(why.code), why.sentence);
	}
}

static mode_t mode_of(struct place *p, const char *name) {
	char path[256];
	struct stat st;
	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static void set_mode(struct place *p, const char *name, mode_t mode) {
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	assert_int_equal(chmod(path, mode), 0);
}

static void test_made_once(void **state) {
	struct place *p = *state;
	struct keys *keys = load(p, "den");
	char fingerprint[KEYS_FINGERPRINT + 1];
	strcpy(fingerprint, keys_fingerprint(keys));
	assert_int_equal(strlen(fingerprint), KEYS_FINGERPRINT);
	assert_int_equal(strspn(fingerprint, "0123456789abcdef"), KEYS_FINGERPRINT);
	assert_string_equal(keys_machine(keys), "den");
	assert_null(keys_person(keys));
	assert_null(keys_person_fingerprint(keys));
	keys_destroy(keys);
	assert_int_equal(mode_of(p, ""), 0700);
	assert_int_equal(mode_of(p, "machine.key"), 0600);
	keys = load(p, "other");
	assert_string_equal(keys_fingerprint(keys), fingerprint);
	assert_string_equal(keys_machine(keys), "other"); // nobody has signed a name yet
	keys_destroy(keys);
}

static void test_adopted(void **state) {
	struct place *p = *state;
	struct keys *keys = load(p, "den");
	persona_sign(&p->ann, keys);
	assert_string_equal(keys_person(keys), "ann");
	assert_string_equal(keys_person_fingerprint(keys), p->ann.fingerprint);
	keys_destroy(keys);
	assert_int_equal(mode_of(p, "machine.crt"), 0600);
	assert_int_equal(mode_of(p, "person.crt"), 0600);
	keys = load(p, "renamed");
	assert_string_equal(keys_machine(keys), "den"); // as it was signed
	assert_string_equal(keys_person(keys), "ann");
	keys_destroy(keys);
}

static void test_not_adopted(void **state) {
	struct place *p = *state;
	struct op_refusal why = {0};
	struct persona bob, owner;
	struct keys *keys = load(p, "den");
	persona_init(&bob, "bob");
	persona_init(&owner, "owner");
	char *cert = persona_sign_spki(&p->ann, keys_spki(keys), "den");
	assert_int_equal(keys_adopt(keys, cert, bob.cert, &why), OP_EPERM); // signed by another
	assert_int_equal(keys_adopt(keys, p->ann.cert, p->ann.cert, &why), OP_EPERM);
	assert_int_equal(keys_adopt(keys, "nonsense", p->ann.cert, &why), OP_EARG);
	assert_int_equal(keys_adopt(keys, cert, "", &why), OP_EARG);
	char *by_owner = persona_sign_spki(&owner, keys_spki(keys), "den");
	assert_int_equal(keys_adopt(keys, by_owner, owner.cert, &why), OP_EARG);
	char *bad_name = persona_sign_spki(&p->ann, keys_spki(keys), "a/b");
	assert_int_equal(keys_adopt(keys, bad_name, p->ann.cert, &why), OP_EARG);
	struct keys *other = keys_load(p->town.dir, "ibiza", &why);
	char *of_other = persona_sign_spki(&p->ann, keys_spki(other), "ibiza");
	assert_int_equal(keys_adopt(keys, of_other, p->ann.cert, &why), OP_EPERM);
	assert_non_null(strstr(why.sentence, "another machine's key"));
	assert_null(keys_person(keys));
	assert_int_equal(mode_of(p, "machine.crt"), 0); // nothing was written
	assert_int_equal(keys_adopt(keys, cert, p->ann.cert, &why), OP_OK);
	free(cert);
	free(by_owner);
	free(bad_name);
	free(of_other);
	keys_destroy(other);
	keys_destroy(keys);
	persona_finish(&bob);
	persona_finish(&owner);
}

static void test_modes(void **state) {
	struct place *p = *state;
	char words[400];
	struct keys *keys = load(p, "den");
	persona_sign(&p->ann, keys);
	keys_destroy(keys);
	const char *const files[] = {"machine.key", "machine.crt", "person.crt"};
	for (int i = 0; i < 3; i++) {
		set_mode(p, files[i], 0640);
		snprintf(words, sizeof(words), "%s/%s has mode 0640", p->dir, files[i]);
		expect_refused(p, OP_EPERM, words);
		snprintf(words, sizeof(words), "run `chmod 0600 %s/%s`", p->dir, files[i]);
		expect_refused(p, OP_EPERM, words);
		set_mode(p, files[i], 0400); // less is no harm
		keys_destroy(load(p, "den"));
	}
	set_mode(p, "", 0750);
	snprintf(words, sizeof(words), "run `chmod 0700 %s`", p->dir);
	expect_refused(p, OP_EPERM, words);
	set_mode(p, "", 0700);
	keys_destroy(load(p, "den"));
}

static void put_file(struct place *p, const char *name, const char *text) {
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void test_damaged(void **state) {
	struct place *p = *state;
	char path[256];
	struct keys *keys = load(p, "den");
	persona_sign(&p->ann, keys);
	keys_destroy(keys);
	snprintf(path, sizeof(path), "%s/machine.key", p->dir);
	assert_int_equal(unlink(path), 0);
	expect_refused(p, OP_EIO, "machine.crt and person.crt do not fit machine.key"); // a new one
	put_file(p, "machine.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	expect_refused(p, OP_EIO, "machine.crt is not a certificate");
	put_file(p, "machine.key", "");
	expect_refused(p, OP_EIO, "machine.key is not a key");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	expect_refused(p, OP_EIO, "machine.key");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_refused(p, OP_EIO, "is not a key or a certificate");
}

static void test_names(void **state) {
	struct op_refusal why = {0};
	static const char *const good[] = {"den", "a", "odd,name=ü+\"\\", "den.lan", "…",
		"123456789012345678901234567890123456789012345678901234567890123"};
	static const char *const bad[] = {"", ".", "..", "a/b", " den", "den ", "a b", "a!b", "owner", "*", "-",
		"a\nb", "a\x7f", "\xff",
		"1234567890123456789012345678901234567890123456789012345678901234"};
	struct place *p = *state;
	struct keys *keys = load(p, "den");
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char name[CERT_NAME_MAX + 1];
		assert_int_equal(cert_check_name(good[i], &why), OP_OK);
		char *text = persona_sign_spki(&p->ann, keys_spki(keys), good[i]);
		gnutls_x509_crt_t cert = cert_from_base64(text, &why);
		assert_int_equal(cert_name(cert, name, &why), OP_OK);
		assert_string_equal(name, good[i]); // to the byte
		gnutls_x509_crt_deinit(cert);
		free(text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_not_equal(cert_check_name(bad[i], &why), OP_OK);
		assert_true(why.sentence[0] != '\0');
	}
	// Whoever has such a name can be a subject, and stand in a constraint.
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char text[OP_MAX_CNSTR + 1];
		assert_int_equal(subject_check_part(good[i], &why), OP_OK);
		snprintf(text, sizeof(text), "proc!*!*!node=%s", good[i]);
		assert_true(cnstr_text_meets(text, text));
	}
	keys_destroy(keys);
}

static void test_secrets(void **state) {
	struct place *p = *state;
	uint8_t a[32], b[32];
	struct keys *keys = load(p, "den");
	assert_true(keys_secret(keys, "one", a));
	assert_true(keys_secret(keys, "two", b));
	assert_memory_not_equal(a, b, sizeof(a));
	keys_destroy(keys);
	keys = load(p, "den");
	assert_true(keys_secret(keys, "one", b));
	assert_memory_equal(a, b, sizeof(a));
	keys_destroy(keys);
}

/* Runs boxkey, with a passphrase on descriptor 9 if there is one. Its status; output as it came. */
static int boxkey(const char *passphrase, char *output, size_t size, const char *fmt, ...)
		__attribute__((format(printf, 4, 5)));
static int boxkey(const char *passphrase, char *output, size_t size, const char *fmt, ...) {
	char command[2048];
	va_list args;
	int at = snprintf(command, sizeof(command), "%s", passphrase ? "printf '%s' '" : "");
	if (passphrase) {
		at += snprintf(command + at, sizeof(command) - (size_t)at,
			"%s' | BOX_PASSPHRASE_FD=9 ", passphrase);
	}
	at += snprintf(command + at, sizeof(command) - (size_t)at, "setsid -w %s ", getenv("BOXKEY"));
	va_start(args, fmt);
	at += vsnprintf(command + at, sizeof(command) - (size_t)at, fmt, args);
	va_end(args);
	snprintf(command + at, sizeof(command) - (size_t)at, " 2>&1 %s",
		passphrase ? "9<&0 </dev/null" : "</dev/null");
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	size_t got = fread(output, 1, size - 1, pipe);
	output[got] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

static void expect_signed(struct place *p, char *output, const char *person) {
	struct op_refusal why = {0};
	char name[CERT_NAME_MAX + 1];
	char *person_cert = strchr(output, '\n');
	assert_non_null(person_cert);
	*person_cert++ = '\0';
	*strchr(person_cert, '\n') = '\0';
	struct keys *other = keys_load(p->town.dir, "ibiza", &why);
	assert_int_equal(keys_adopt(other, output, person_cert, &why), OP_OK);
	assert_string_equal(keys_person(other), person);
	gnutls_x509_crt_t cert = cert_from_base64(output, &why);
	assert_int_equal(cert_name(cert, name, &why), OP_OK);
	assert_string_equal(name, "thin-client");
	gnutls_x509_crt_deinit(cert);
	keys_destroy(other);
}

static void test_boxkey(void **state) {
	struct place *p = *state;
	struct op_refusal why = {0};
	char output[4096];
	assert_int_equal(boxkey(NULL, output, sizeof(output), "init --person ann --dir %s --machine den",
		p->dir), 0);
	struct keys *keys = load(p, "x");
	assert_string_equal(keys_person(keys), "ann");
	assert_string_equal(keys_machine(keys), "den");
	assert_non_null(strstr(output, keys_fingerprint(keys)));
	keys_destroy(keys);
	assert_int_equal(mode_of(p, "person.key"), 0600);
	assert_int_equal(boxkey(NULL, output, sizeof(output), "init --person ann --dir %s", p->dir), 1);
	assert_non_null(strstr(output, "is ann's already"));

	struct keys *other = keys_load(p->town.dir, "ibiza", &why);
	char *spki = strdup(keys_spki(other));
	keys_destroy(other);
	assert_int_equal(boxkey(NULL, output, sizeof(output), "sign --dir %s --machine thin-client %s",
		p->dir, spki), 0);
	expect_signed(p, output, "ann");
	assert_int_equal(boxkey(NULL, output, sizeof(output), "sign --dir %s --machine x nonsense",
		p->dir), 1);
	assert_non_null(strstr(output, "public key"));
	assert_int_equal(boxkey(NULL, output, sizeof(output), "sign --dir %s --machine a/b %s", p->dir,
		spki), 1);
	assert_int_equal(boxkey(NULL, output, sizeof(output), "sign --dir %s/none --machine x %s",
		p->town.dir, spki), 1);
	assert_non_null(strstr(output, "box init --person NAME"));
	set_mode(p, "person.key", 0644);
	assert_int_equal(boxkey(NULL, output, sizeof(output), "sign --dir %s --machine x %s", p->dir,
		spki), 1);
	assert_non_null(strstr(output, "chmod 0600"));
	free(spki);
}

static void test_boxkey_passphrase(void **state) {
	struct place *p = *state;
	struct op_refusal why = {0};
	char output[4096];
	assert_int_equal(boxkey("a b\n", output, sizeof(output),
		"init --person ann --dir %s --machine den", p->dir), 0);
	size_t size;
	char *pem = keys_read(p->dir, "person.key", &size, &why);
	assert_non_null(strstr(pem, "BEGIN ENCRYPTED PRIVATE KEY"));
	keys_wipe(pem, size);
	struct keys *other = keys_load(p->town.dir, "ibiza", &why);
	char *spki = strdup(keys_spki(other));
	keys_destroy(other);
	assert_int_equal(boxkey(NULL, output, sizeof(output),
		"sign --dir %s --machine thin-client %s", p->dir, spki), 1);
	assert_non_null(strstr(output, "under a passphrase, and none was given"));
	assert_int_equal(boxkey("wrong", output, sizeof(output),
		"sign --dir %s --machine thin-client %s", p->dir, spki), 1);
	assert_non_null(strstr(output, "this was not it"));
	assert_int_equal(boxkey("a b", output, sizeof(output),
		"sign --dir %s --machine thin-client %s", p->dir, spki), 0);
	expect_signed(p, output, "ann");
	free(spki);
}

static void test_boxkey_other_passphrase(void **state) {
	struct place *p = *state;
	struct op_refusal why = {0};
	char output[4096];
	bool locked = true;
	assert_int_equal(boxkey(NULL, output, sizeof(output), "passphrase --dir %s", p->dir), 1);
	assert_non_null(strstr(output, "box init --person NAME"));
	assert_int_equal(boxkey("old\n", output, sizeof(output),
		"init --person ann --dir %s --machine den", p->dir), 0);
	assert_int_equal(boxkey("wrong\nnew\n", output, sizeof(output), "passphrase --dir %s", p->dir),
		1);
	assert_non_null(strstr(output, "this was not it"));
	assert_int_equal(boxkey("old\nnew\n", output, sizeof(output), "passphrase --dir %s", p->dir), 0);
	assert_int_equal(mode_of(p, "person.key"), 0600);
	const char *key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	assert_int_equal(boxkey("old", output, sizeof(output), "revoke --dir %s %s", p->dir, key), 1);
	assert_int_equal(boxkey("new", output, sizeof(output), "revoke --dir %s %s", p->dir, key), 0);
	assert_non_null(strstr(output, "serial 1\nrevoked 0123"));
	assert_int_equal(boxkey("new\n\n", output, sizeof(output), "passphrase --dir %s", p->dir), 0);
	assert_int_equal(keys_is_locked(p->dir, "person.key", &locked, &why), OP_OK);
	assert_false(locked);
}

static void test_boxkey_usage(void **state) {
	struct place *p = *state;
	char output[4096];
	assert_int_equal(boxkey(NULL, output, sizeof(output), "%s", ""), 2);
	assert_int_equal(boxkey(NULL, output, sizeof(output), "dance"), 2);
	assert_int_equal(boxkey(NULL, output, sizeof(output), "init --dir %s", p->dir), 2);
	assert_int_equal(boxkey(NULL, output, sizeof(output), "init --person ann"), 2);
	assert_int_equal(boxkey(NULL, output, sizeof(output), "sign --dir %s --machine x", p->dir), 2);
	assert_int_equal(boxkey(NULL, output, sizeof(output), "init --person owner --dir %s", p->dir), 1);
	assert_int_equal(mode_of(p, "machine.key"), 0); // nothing was made
}

int main(void) {
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_made_once),
		TEST(test_adopted),
		TEST(test_not_adopted),
		TEST(test_modes),
		TEST(test_damaged),
		TEST(test_names),
		TEST(test_secrets),
		TEST(test_boxkey),
		TEST(test_boxkey_passphrase),
		TEST(test_boxkey_other_passphrase),
		TEST(test_boxkey_usage),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
