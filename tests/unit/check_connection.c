/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "client/fdbroker.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"

/* --- where ------------------------------------------------------------- */

static const struct {
	const char *name, *path, *env_fd, *env_socket;
	int expected;
	struct connection_place place;
} places[] = {
	{ "nothing said", NULL, NULL, NULL, 0, { FDBROKER_SOCKET_DEFAULT, -EBADF, false } },
	{ "an argument", "/a", NULL, NULL, 0, { "/a", -EBADF, true } },
	{ "FDBROKER_SOCKET", NULL, NULL, "/b", 0, { "/b", -EBADF, true } },
	{ "FDBROKER_FD", NULL, "7", NULL, 0, { NULL, 7, true } },
	{ "FDBROKER_FD goes before the path", NULL, "7", "/b", 0, { NULL, 7, true } },
	{ "an argument goes before both", "/a", "7", "/b", 0, { "/a", -EBADF, true } },
	{ "no number", NULL, "x", NULL, -EINVAL, { 0 } },
	{ "negative", NULL, "-1", NULL, -EINVAL, { 0 } },
	{ "empty", NULL, "", NULL, -EINVAL, { 0 } },
	{ "too large", NULL, "2147483648", NULL, -EINVAL, { 0 } },
};

static void set(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

START_TEST(the_broker_is_where_the_user_says)
{
	struct connection_place place = { 0 };
	int r;

	set("FDBROKER_FD", places[_i].env_fd);
	set("FDBROKER_SOCKET", places[_i].env_socket);
	r = connection_find(places[_i].path, &place);
	ck_assert_msg(r == places[_i].expected, "%s: %d", places[_i].name, r);
	if (r < 0)
		return;
	ck_assert_pstr_eq(place.path, places[_i].place.path);
	ck_assert_int_eq(place.fd, places[_i].place.fd);
	ck_assert_int_eq(place.chosen, places[_i].place.chosen);
}
END_TEST

/* getauxval(3): a program that has more rights than who started it. */
static int find_as_somebody_else(void)
{
	struct connection_place place;

	if (!getauxval(AT_SECURE))
		return 1;
	if (connection_find(NULL, &place) < 0)
		return 2;
	return !place.chosen && place.path && strcmp(place.path, FDBROKER_SOCKET_DEFAULT) == 0 ? 0
											       : 3;
}

#define ONE   12345
#define OTHER 12346

static int become_somebody_else(const void *unused)
{
	(void)unused;
	set("FDBROKER_FD", "7");
	set("FDBROKER_SOCKET", "/b");
	if (setresuid(ONE, OTHER, OTHER) < 0)
		return 100;
	execl("/proc/self/exe", "check_connection", "somebody else", NULL);
	return 101;
}

/* P94 */
START_TEST(who_starts_a_program_with_more_rights_does_not_say_where)
{
	ck_assert_int_eq(forked_run(become_somebody_else, NULL), 0);
}
END_TEST

/* --- who --------------------------------------------------------------- */

static char directory[64];

static void make_directory(void)
{
	suite_make_directory("/tmp", directory, sizeof(directory));
	ck_assert_int_eq(chmod(directory, 0777), 0);
}

static void remove_directory(void)
{
	suite_remove(directory);
}

/* A socket in the directory that @uid listens on. */
static int listen_as(uid_t uid, int type, char *ret_path, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(ret_path, size, "%s/s", directory);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", directory);
	ck_assert_int_eq(seteuid(uid), 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(chmod(ret_path, 0777), 0);
	return fd;
}

/* P94 */
static const struct {
	const char *name;
	uid_t listener, client;
	bool chosen;
	int expected;
} peers[] = {
	{ "root serves root", 0, 0, false, 0 },
	{ "root serves a user", 0, ONE, false, 0 },
	{ "root serves a user who chose", 0, ONE, true, 0 },
	{ "a user serves himself, who chose", ONE, ONE, true, 0 },
	{ "a user serves himself, unasked", ONE, ONE, false, -EPERM },
	{ "a user serves another", OTHER, ONE, true, -EPERM },
	{ "a user serves another, unasked", OTHER, ONE, false, -EPERM },
	{ "a user serves root", ONE, 0, true, -EPERM },
};

START_TEST(only_root_and_whom_the_user_chose_are_trusted)
{
	_cleanup_(fd_closep) int listener = -EBADF;
	_cleanup_(fd_closep) int fd = -EBADF;
	char path[128];
	int r;

	listener = listen_as(peers[_i].listener, SOCK_SEQPACKET, path, sizeof(path));
	ck_assert_int_eq(seteuid(peers[_i].client), 0);
	r = connection_open(path, peers[_i].chosen, &fd);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_msg(r == peers[_i].expected, "%s: %d", peers[_i].name, r);
	ck_assert_int_eq(fd >= 0, r == 0);
	if (r == 0)
		ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC); /* P25 */
}
END_TEST

/* --- what -------------------------------------------------------------- */

START_TEST(errors_of_connecting_are_told_apart)
{
	char path[128], longer[200];
	int fd = -EBADF, listener;

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_int_eq(connection_open(longer, true, &fd), -ENAMETOOLONG);
	ck_assert_int_eq(connection_open("", true, &fd), -ENOENT);
	ck_assert_int_eq(connection_open("/nonexistent/socket", true, &fd), -ENOENT);
	listener = listen_as(0, SOCK_STREAM, path, sizeof(path));
	ck_assert_int_eq(connection_open(path, true, &fd), -EPROTOTYPE);
	close(listener);
	ck_assert_int_eq(connection_open(path, true, &fd), -ECONNREFUSED);
	ck_assert_int_eq(fd, -EBADF);
}
END_TEST

static int adopted(int fd)
{
	_cleanup_(fd_closep) int owned = fd;
	struct fdbroker *broker = NULL;
	int r = fdbroker_adopt(&broker, fd);

	ck_assert_ptr_null(broker);
	/* On failure it stays the caller's. */
	ck_assert_int_eq(fcntl(fd, F_GETFD) >= 0, fd >= 0);
	return r;
}

START_TEST(only_a_connected_seqpacket_socket_is_adopted)
{
	int pair[2];

	ck_assert_int_eq(adopted(-EBADF), -EBADF);
	ck_assert_int_eq(adopted(open("/dev/null", O_RDONLY | O_CLOEXEC)), -ENOTSOCK);
	ck_assert_int_eq(adopted(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)), -ENOTCONN);
	ck_assert_int_eq(adopted(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), -EPROTOTYPE);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_eq(adopted(pair[0]), -EPROTOTYPE);
	close(pair[1]);
}
END_TEST

START_TEST(an_inherited_connection_is_adopted_and_not_passed_on)
{
	struct fdbroker *broker = NULL;
	char number[16];
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	snprintf(number, sizeof(number), "%d", pair[0]);
	set("FDBROKER_FD", number);
	ck_assert_int_eq(fdbroker_connect(&broker, NULL), 0);
	ck_assert_int_eq(fcntl(pair[0], F_GETFD), FD_CLOEXEC);
	ck_assert_ptr_null(fdbroker_close(broker));
	ck_assert_int_eq(fcntl(pair[0], F_GETFD), -1);
	close(pair[1]);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite;
	TCase *tcase;

	(void)argv;
	if (argc > 1)
		_exit(find_as_somebody_else());
	suite = suite_create("connection");
	tcase = suite_case(suite, "find");

	tcase_add_loop_test(tcase, the_broker_is_where_the_user_says, 0, (int)ELEMENTSOF(places));
	tcase = suite_case(suite, "adopt");
	tcase_add_test(tcase, only_a_connected_seqpacket_socket_is_adopted);
	tcase_add_test(tcase, an_inherited_connection_is_adopted_and_not_passed_on);
	/* To listen as somebody else takes root. */
	if (geteuid() == 0) {
		tcase = suite_case(suite, "open");
		tcase_add_checked_fixture(tcase, make_directory, remove_directory);
		tcase_add_test(tcase, who_starts_a_program_with_more_rights_does_not_say_where);
		tcase_add_loop_test(tcase, only_root_and_whom_the_user_chose_are_trusted, 0,
				    (int)ELEMENTSOF(peers));
		tcase_add_test(tcase, errors_of_connecting_are_told_apart);
	}
	return suite_main(suite);
}
