/* SPDX-License-Identifier: MIT */
/*
 * embed.c - the compositor as a library: several in one process, its devices and hooks, its notices.
 *
 * What a person sees of it is tested from outside, in Python.
 */
#include <linux/input-event-codes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <fontconfig/fontconfig.h>
#include <wlr/backend.h>
#include <wlr/interfaces/wlr_keyboard.h>
#include <wlr/util/log.h>

#include "input.h"
#include "keyboard.h"
#include "notice.h"
#include "output.h"
#include "server.h"

static struct server *make(void) {
	static const struct server_size size = {640, 480};
	const struct server_options options = {
		.config_path = "/dev/null",
		.headless = &size,
		.headless_size = 1,
	};
	struct server *server = server_create(&options);
	assert_non_null(server);
	assert_true(server_start(server));
	return server;
}

static void turn(struct server *server) {
	wl_event_loop_dispatch(server->loop, 0);
	wl_event_loop_dispatch_idle(server->loop);
	wl_display_flush_clients(server->display);
}

static int setup(void **state) {
	*state = make();
	return 0;
}

static int teardown(void **state) {
	server_destroy(*state);
	return 0;
}

static void test_two_side_by_side(void **state) {
	struct server *first = make(), *second = make();
	assert_string_not_equal(first->socket, second->socket);
	assert_int_equal(wl_list_length(&first->outputs->list), 1);
	assert_int_equal(wl_list_length(&second->outputs->list), 1);
	for (int i = 0; i < 3; i++) {
		turn(first);
		turn(second);
	}
	server_destroy(first);
	turn(second);
	first = make();
	turn(first);
	server_destroy(second);
	turn(first);
	server_destroy(first);
}

static void test_create_that_fails(void **state) {
	static const struct server_size size = {640, 480};
	const struct server_options options = {
		.config_path = "/dev/null",
		.socket = "no/such/place",
		.headless = &size,
		.headless_size = 1,
	};
	assert_null(server_create(&options));
	server_destroy(NULL);
}

/* A keyboard as a backend would bring it. */
static const struct wlr_keyboard_impl keyboard_impl = {.name = "test"};

static void plug(struct server *server, struct wlr_keyboard *keyboard) {
	wlr_keyboard_init(keyboard, &keyboard_impl, "a keyboard");
	wl_signal_emit_mutable(&server->backend->events.new_input, &keyboard->base);
}

static void key(struct wlr_keyboard *keyboard, uint32_t code, bool pressed) {
	struct wlr_keyboard_key_event event = {
		.time_msec = 1,
		.keycode = code,
		.update_state = true,
		.state = pressed ? WL_KEYBOARD_KEY_STATE_PRESSED : WL_KEYBOARD_KEY_STATE_RELEASED,
	};
	wlr_keyboard_notify_key(keyboard, &event);
}

static bool is_down(struct server *server, uint32_t code) {
	const struct wlr_keyboard *seen = keyboard_wlr(server->keyboard);
	for (size_t i = 0; i < seen->num_keycodes; i++) {
		if (seen->keycodes[i] == code) {
			return true;
		}
	}
	return false;
}

struct counter {
	struct wl_listener listener;
	int count;
};

static void handle_counted(struct wl_listener *listener, void *data) {
	struct counter *counter = wl_container_of(listener, counter, listener);
	counter->count++;
}

static void count(struct counter *counter, struct wl_signal *signal) {
	counter->count = 0;
	counter->listener.notify = handle_counted;
	wl_signal_add(signal, &counter->listener);
}

static void test_devices_are_listed(void **state) {
	struct server *server = *state;
	struct counter added, destroyed;
	count(&added, &server->input->events.added);
	struct wlr_keyboard keyboard;
	plug(server, &keyboard);
	assert_int_equal(added.count, 1);
	assert_int_equal(wl_list_length(&server->input->devices), 1);
	struct input_device *device = input_device_from(&keyboard.base);
	assert_int_equal(device->kind, INPUT_KEYBOARD);
	assert_false(device->virtual);
	assert_non_null(device->xkb);
	count(&destroyed, &device->events.destroy);
	key(&keyboard, KEY_A, true);
	assert_true(is_down(server, KEY_A));
	wlr_keyboard_finish(&keyboard);
	assert_int_equal(destroyed.count, 1);
	assert_false(is_down(server, KEY_A));
	assert_true(wl_list_empty(&server->input->devices));
	wl_list_remove(&added.listener.link);
}

static void test_keyboards_are_one(void **state) {
	struct server *server = *state;
	struct wlr_keyboard left, right;
	plug(server, &left);
	plug(server, &right);
	key(&left, KEY_LEFTSHIFT, true);
	assert_int_equal(keyboard_modifiers(server->keyboard), WLR_MODIFIER_SHIFT);
	key(&right, KEY_A, true);
	assert_true(is_down(server, KEY_A));
	key(&right, KEY_A, false);
	key(&left, KEY_LEFTSHIFT, false);
	assert_int_equal(keyboard_modifiers(server->keyboard), 0);
	key(&left, KEY_CAPSLOCK, true);
	key(&left, KEY_CAPSLOCK, false);
	assert_int_equal(left.leds, right.leds);
	assert_int_not_equal(left.leds, 0);
	struct wlr_keyboard third;
	plug(server, &third);
	assert_int_equal(third.leds, left.leds);
	wlr_keyboard_finish(&third);
	wlr_keyboard_finish(&left);
	wlr_keyboard_finish(&right);
}

/* Takes all keys but F12. */
struct lender {
	struct input_hook hook;
	uint32_t taken[16];
	int taken_size;
	uint32_t modifiers; // at the last key
};

static bool lend(struct input_hook *hook, const struct input_event *event) {
	struct lender *lender = wl_container_of(hook, lender, hook);
	if (event->type != INPUT_KEY || event->key.sym == XKB_KEY_F12) {
		return event->type == INPUT_MODIFIERS;
	}
	lender->modifiers = event->key.modifiers;
	if (event->key.pressed) {
		lender->taken[lender->taken_size++] = event->key.code;
	}
	return true;
}

static void test_hook_takes_keys(void **state) {
	struct server *server = *state;
	struct wlr_keyboard keyboard;
	plug(server, &keyboard);
	key(&keyboard, KEY_LEFTSHIFT, true);
	key(&keyboard, KEY_A, true);
	assert_true(is_down(server, KEY_A));

	struct lender lender = {.hook.event = lend};
	input_hook_add(server->input, &lender.hook);
	keyboard_release_all(server->keyboard);
	assert_false(is_down(server, KEY_A));
	assert_int_equal(keyboard_modifiers(server->keyboard), 0);

	key(&keyboard, KEY_B, true);
	assert_int_equal(lender.taken_size, 1);
	assert_int_equal(lender.taken[0], KEY_B);
	assert_int_equal(lender.modifiers, WLR_MODIFIER_SHIFT);
	assert_false(is_down(server, KEY_B));
	key(&keyboard, KEY_F12, true);
	assert_true(is_down(server, KEY_F12));
	key(&keyboard, KEY_F12, false);
	key(&keyboard, KEY_LEFTSHIFT, false);
	key(&keyboard, KEY_A, false);

	input_hook_remove(&lender.hook);
	key(&keyboard, KEY_B, false); // it went down elsewhere
	assert_int_equal(keyboard_wlr(server->keyboard)->num_keycodes, 0);
	assert_int_equal(keyboard_modifiers(server->keyboard), 0);
	key(&keyboard, KEY_B, true);
	assert_true(is_down(server, KEY_B));
	wlr_keyboard_finish(&keyboard);
}

static void test_hook_is_before_bindings(void **state) {
	struct server *server = *state;
	struct wlr_keyboard keyboard;
	plug(server, &keyboard);
	struct lender lender = {.hook.event = lend};
	input_hook_add(server->input, &lender.hook);
	key(&keyboard, KEY_LEFTMETA, true);
	key(&keyboard, KEY_LEFTSHIFT, true);
	key(&keyboard, KEY_E, true); // would end the session
	assert_int_equal(lender.taken_size, 3);
	assert_int_equal(lender.modifiers, WLR_MODIFIER_LOGO | WLR_MODIFIER_SHIFT);
	wlr_keyboard_finish(&keyboard);
	input_hook_remove(&lender.hook);
}

static void test_notices(void **state) {
	struct server *server = *state;
	struct counter brief_gone, lasting_gone;
	struct notice *lasting = notice_show(server->notices, NOTICE_STATE, 0, "keyboard lent to ann");
	struct notice *brief = notice_show(server->notices, NOTICE_PLAIN, 1, "a word");
	count(&brief_gone, &brief->events.destroy);
	count(&lasting_gone, &lasting->events.destroy);
	notice_set_text(lasting, "keyboard lent to bob");
	while (brief_gone.count == 0) {
		wl_event_loop_dispatch(server->loop, -1);
	}
	assert_int_equal(lasting_gone.count, 0);
	notice_destroy(lasting);
	assert_int_equal(lasting_gone.count, 1);
	// What is left at the end goes with the server.
	notice_show(server->notices, NOTICE_WARNING, 0, "\xff not UTF-8,\nand two lines");
}

int main(void) {
	char runtime[] = "/tmp/boxland-embed-XXXXXX";
	if (!mkdtemp(runtime)) {
		return EXIT_FAILURE;
	}
	setenv("XDG_RUNTIME_DIR", runtime, 1);
	wlr_log_init(WLR_SILENT, NULL);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_side_by_side),
		cmocka_unit_test(test_create_that_fails),
		cmocka_unit_test_setup_teardown(test_devices_are_listed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keyboards_are_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hook_takes_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hook_is_before_bindings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_notices, setup, teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(runtime);
	FcFini();
	return failed;
}
