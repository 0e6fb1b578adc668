/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "daemon/limits.h"
#include "tests/support/daemon.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"
#include "wire/admin.h"
#include "wire/codec.h"

/* P97: the side door has the same lock as the front door, and a second one. */

static const struct user alice = { 1000, 1000, NULL, 0 };

static struct daemon d;

static void start(void)
{
	daemon_prepare(&d);
	daemon_start(&d);
}

/* Bytes of the answer, 0 for none, or -errno. */
static ssize_t talk(const void *bytes, size_t size)
{
	char answer[WIRE_MESSAGE_MAX];
	int sock = daemon_try_connect(d.admin);
	ssize_t n;

	if (sock < 0)
		return sock;
	n = send(sock, bytes, size, MSG_NOSIGNAL);
	if (n >= 0)
		n = recv(sock, answer, sizeof(answer), 0);
	if (n < 0)
		n = -errno;
	fd_close(sock);
	return n;
}

static int ask_for_reload(const void *arg)
{
	char request[64];
	int size = admin_request_write(&(struct admin_request){ .opcode = ADMIN_OPCODE_RELOAD },
				       request, sizeof(request));
	ssize_t n = talk(request, (size_t)size);

	(void)arg;
	return n > 0 ? 255 : (int)-n;
}

START_TEST(admin_socket_is_not_for_others)
{
	start();
	ck_assert_int_eq(user_run(&alice, ask_for_reload, NULL), EACCES);
	ck_assert_uint_eq(daemon_number(&d, "generation"), 1);
	daemon_stop(&d);
}
END_TEST

/* Somebody made it everybody's. */
START_TEST(admin_asks_who_connects_whatever_the_mode_of_the_socket)
{
	int status;

	start();
	ck_assert_int_eq(chmod(d.admin, 0666), 0);
	status = user_run(&alice, ask_for_reload, NULL);
	ck_assert_msg(status == 0 || status == EPIPE || status == ECONNRESET, "%d", status);
	ck_assert_uint_eq(daemon_number(&d, "generation"), 1);
	daemon_stop(&d);
}
END_TEST

static const struct {
	const char *name;
	uint16_t version, opcode;
	size_t cut, more;
} forged[] = {
	{ "unknown opcode", WIRE_VERSION, 0x4003, 0, 0 },
	{ "a client's opcode", WIRE_VERSION, WIRE_OPCODE_OPEN, 0, 0 },
	{ "unknown version", 2, ADMIN_OPCODE_STATUS, 0, 0 },
	{ "short", WIRE_VERSION, ADMIN_OPCODE_STATUS, 1, 0 },
	{ "one byte", WIRE_VERSION, ADMIN_OPCODE_STATUS, WIRE_HEADER_SIZE - 1, 0 },
	{ "long", WIRE_VERSION, ADMIN_OPCODE_STATUS, 0, 1 },
	{ "very long", WIRE_VERSION, ADMIN_OPCODE_STATUS, 0, 60000 },
};

START_TEST(admin_ends_a_connection_that_talks_nonsense)
{
	static uint8_t message[WIRE_MESSAGE_MAX];
	struct cursor_writer w = cursor_writer(message, sizeof(message));
	size_t size = WIRE_HEADER_SIZE - forged[_i].cut + forged[_i].more;
	ssize_t n;

	wire_header_write(&w, forged[_i].opcode, 1, (uint32_t)size);
	message[0] = (uint8_t)forged[_i].version;
	start();
	n = talk(message, size);
	ck_assert_msg(n == 0 || n == -ECONNRESET || n == -EPIPE, "%s: %zd", forged[_i].name, n);
	ck_assert_uint_eq(daemon_number(&d, "generation"), 1);
	daemon_stop(&d);
}
END_TEST

START_TEST(admin_serves_so_many_and_goes_on)
{
	int socks[LIMIT_ADMINS * 2];
	char byte;

	start();
	for (size_t i = 0; i < ELEMENTSOF(socks); i++)
		socks[i] = daemon_try_connect(d.admin);
	/* The last is one too many, whichever were there before. */
	ck_assert_int_le(recv(socks[ELEMENTSOF(socks) - 1], &byte, 1, 0), 0);
	for (size_t i = 0; i < ELEMENTSOF(socks); i++)
		fd_close(socks[i]);
	ck_assert_uint_eq(daemon_number(&d, "generation"), 1);
	daemon_stop(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("admin door");
	TCase *tcase = suite_case(suite, "admin door");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, admin_socket_is_not_for_others);
	tcase_add_test(tcase, admin_asks_who_connects_whatever_the_mode_of_the_socket);
	tcase_add_loop_test(tcase, admin_ends_a_connection_that_talks_nonsense, 0,
			    ELEMENTSOF(forged));
	tcase_add_test(tcase, admin_serves_so_many_and_goes_on);
	return suite_main(suite);
}
