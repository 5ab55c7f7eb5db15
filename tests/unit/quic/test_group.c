/* SPDX-License-Identifier: MIT */
/*
 * test_group.c - a group as text: it comes back as it went, and not with one byte of it changed.
 */
#include "quic/group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quic/cert.h"

#define BOB "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define CARL "10112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ANN "20112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

struct fixture {
	gnutls_x509_privkey_t key;
	struct group group;
	struct buf text;
};

static int set_up(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));
	*state = f;
	f->key = cert_new_key();
	buf_init(&f->text);
	assert_true(group_init(&f->group, "family", f->key));
	assert_int_equal(group_add(&f->group, f->key, BOB, "bob", ANN, NULL), OP_OK);
	assert_int_equal(group_add(&f->group, f->key, CARL, "carl", ANN, NULL), OP_OK);
	assert_int_equal(group_sign(&f->group, f->key, NULL), OP_OK);
	assert_true(group_print(&f->group, &f->text));
	return 0;
}

static int tear_down(void **state) {
	struct fixture *f = *state;
	gnutls_x509_privkey_deinit(f->key);
	group_finish(&f->group);
	buf_finish(&f->text);
	free(f);
	return 0;
}

static void test_comes_back(void **state) {
	struct fixture *f = *state;
	struct group read;
	assert_int_equal(group_read(&read, (char *)buf_front(&f->text), f->text.size, NULL), OP_OK);
	assert_string_equal(read.name, "family");
	assert_string_equal(read.fingerprint, f->group.fingerprint);
	assert_int_equal(read.serial, 1);
	assert_int_equal(read.size, 2);
	assert_string_equal(group_member_name(group_find(&read, CARL)), "carl");
	assert_int_equal(group_find(&read, BOB)->grant.use, GRANT_MEMBER);
	group_remove(&read, BOB);
	assert_null(group_find(&read, BOB));
	assert_int_equal(group_sign(&read, f->key, NULL), OP_OK);
	assert_int_equal(read.serial, 2);
	group_finish(&read);
}

// Cut off, lengthened, or with one byte changed: wherever.
static void test_changed(void **state) {
	struct fixture *f = *state;
	struct group read;
	size_t size = f->text.size;
	char *text = malloc(size + 1);
	for (size_t i = 0; i < size; i++) {
		memcpy(text, buf_front(&f->text), size);
		text[i] ^= 1;
		enum op_code code = group_read(&read, text, size, NULL);
		assert_true(code == OP_EARG || code == OP_EPERM);
		memcpy(text, buf_front(&f->text), size);
		assert_int_not_equal(group_read(&read, text, i, NULL), OP_OK);
	}
	text[size] = '\n';
	assert_int_not_equal(group_read(&read, text, size + 1, NULL), OP_OK);
	free(text);
}

// A membership of another group, or of another key, is none of this one.
static void test_anothers_member(void **state) {
	struct fixture *f = *state;
	struct group other, read;
	struct buf text;
	gnutls_x509_privkey_t key = cert_new_key();
	buf_init(&text);
	assert_true(group_init(&other, "work", key));
	assert_int_equal(group_add(&other, key, BOB, "bob", ANN, NULL), OP_OK);
	strcpy(other.name, "family"); // the list says so, the membership does not
	assert_int_equal(group_sign(&other, key, NULL), OP_OK);
	assert_true(group_print(&other, &text));
	assert_int_equal(group_read(&read, (char *)buf_front(&text), text.size, NULL), OP_EARG);
	group_finish(&other);
	buf_finish(&text);
	assert_true(group_init(&other, "family", key));
	assert_int_equal(group_add(&other, f->key, BOB, "bob", ANN, NULL), OP_OK); // not its own key
	assert_int_equal(group_sign(&other, key, NULL), OP_OK);
	assert_true(group_print(&other, &text));
	assert_int_equal(group_read(&read, (char *)buf_front(&text), text.size, NULL), OP_EARG);
	group_finish(&other);
	buf_finish(&text);
	gnutls_x509_privkey_deinit(key);
}

static void test_limit(void **state) {
	struct fixture *f = *state;
	char person[KEYS_FINGERPRINT + 1] = BOB;
	for (int i = f->group.size; i < GROUP_MEMBERS_MAX; i++) {
		person[62] = (char)('a' + i / 10 % 6);
		person[63] = (char)('0' + i % 10);
		assert_int_equal(group_add(&f->group, f->key, person, "p", ANN, NULL), OP_OK);
	}
	assert_int_equal(group_add(&f->group, f->key, ANN, "p", ANN, NULL), OP_E2BIG);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_comes_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_anothers_member, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limit, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
