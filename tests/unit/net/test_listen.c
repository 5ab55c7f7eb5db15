/* SPDX-License-Identifier: MIT */
/*
 * test_listen.c - sockets: whose they are, what becomes of one that was left behind, and of one
 * that somebody else put there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "house.h"

static const struct door door = {.subject = {.person = "ann", .machine = "pc"}};

static void check_answers(struct house *house) {
	struct buf answer;
	const char request[] = "op/1 getmem\nname /who\n\n";
	buf_init(&answer);
	house_ask(house, request, strlen(request), false, &answer);
	assert_true(buf_holds(&answer, "ann/pc"));
	buf_finish(&answer);
}

static void test_mode(void **state) {
	struct house house;
	struct stat found;
	mode_t mask = umask(0);
	house_init(&house);
	umask(mask);
	assert_int_equal(stat(house.path, &found), 0);
	assert_int_equal(found.st_mode & 0777, 0600);
	house_finish(&house);
}

static void test_living_server_stays(void **state) {
	struct house house;
	struct box_server other;
	house_init(&house);
	box_server_init(&other, house.loop, house.tree);
	assert_false(box_server_listen(&other, house.path, &door));
	assert_int_equal(errno, EADDRINUSE);
	box_server_finish(&other);
	pump_quiet(house.loop);
	check_answers(&house);
	house_finish(&house);
}

static void test_stale_socket_goes(void **state) {
	struct house house;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	house_init(&house);
	box_server_unlisten(&house.server, house.path);
	// A server that died.
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strcpy(address.sun_path, house.path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	close(fd);
	assert_int_equal(access(house.path, F_OK), 0);
	assert_true(box_server_listen(&house.server, house.path, &door));
	check_answers(&house);
	house_finish(&house);
}

static void test_no_socket_is_left_alone(void **state) {
	struct house house;
	char path[100];
	house_init(&house);
	snprintf(path, sizeof(path), "%s/file", house.dir);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_false(box_server_listen(&house.server, path, &door));
	assert_int_equal(errno, EEXIST);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	char longer[200];
	snprintf(longer, sizeof(longer), "%s/%0100d", house.dir, 0);
	assert_false(box_server_listen(&house.server, longer, &door));
	assert_int_equal(errno, ENAMETOOLONG);
	assert_false(box_server_listen(&house.server, "/no/such/folder/op", &door));
	assert_int_equal(errno, ENOENT);
	house_finish(&house);
}

// Who stops listening takes away his own socket, not that of whoever came after him.
static void test_unlisten(void **state) {
	struct house house;
	struct box_server other;
	house_init(&house);
	assert_int_equal(unlink(house.path), 0);
	box_server_init(&other, house.loop, house.tree);
	assert_true(box_server_listen(&other, house.path, &door));
	box_server_unlisten(&house.server, house.path);
	check_answers(&house);
	box_server_finish(&other);
	assert_int_equal(access(house.path, F_OK), -1);
	house_finish(&house);
}

// No descriptors left: callers wait until there are some, and the loop does not spin meanwhile.
static void test_no_descriptors(void **state) {
	struct house house;
	struct rlimit limit, low;
	house_init(&house);
	pump_quiet(house.loop);
	int fd = house_connect(&house);
	pump_send_text(fd, "op/1 getmem\nname /who\n\n");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = 3; // no new one, whatever is free above
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	pump_quiet(house.loop);
	assert_true(wl_list_empty(&house.server.served));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	struct buf answer;
	buf_init(&answer);
	pump_recv_all(house.loop, fd, &answer);
	assert_true(buf_holds(&answer, "ann/pc"));
	buf_finish(&answer);
	close(fd);
	house_finish(&house);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mode),
		cmocka_unit_test(test_living_server_stays),
		cmocka_unit_test(test_stale_socket_goes),
		cmocka_unit_test(test_no_socket_is_left_alone),
		cmocka_unit_test(test_unlisten),
		cmocka_unit_test(test_no_descriptors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
