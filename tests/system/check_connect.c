/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/acts.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"

/* Sockets that the broker connects, with the real daemon. */

static const char reaching[] = "for user 30000 {\n"
			       "    his: allow connect \"@t/open/*\";\n"
			       "    lent: allow connect as root \"@t/closed/*\";\n"
			       "}\n";

static const struct acts_row reaches[] = {
	{ CONNECT, "open/socket", SOCK_STREAM, GRANTED },
	{ CONNECT, "open/link", SOCK_STREAM, GRANTED },
	{ CONNECT, "open/out", SOCK_STREAM, BY_DEFAULT },
	{ CONNECT, "open/socket", SOCK_DGRAM, KERNEL(EPROTOTYPE) },
	{ CONNECT, "open/file", SOCK_STREAM, CONDITION },
	{ CONNECT, "open/private", SOCK_STREAM, KERNEL(EACCES) },
	{ CONNECT, "closed/socket", SOCK_STREAM, GRANTED },
	{ CONNECT, "elsewhere", SOCK_STREAM, BY_DEFAULT },
	{ CONNECT, "elsewhere-absent", SOCK_STREAM, BY_DEFAULT },
	{ CONNECT, "open/datagram", SOCK_DGRAM, GRANTED },
	{ CONNECT, "open/left", SOCK_STREAM, KERNEL(ECONNREFUSED) },
	{ CONNECT, "open/absent", SOCK_STREAM, HIDDEN },
	{ CONNECT, "open/socket/", SOCK_STREAM, KERNEL(ENOTDIR) },
	/* nobody accepts: what is full is said at once */
	{ CONNECT, "open/full", SOCK_STREAM, GRANTED },
	{ CONNECT, "open/full", SOCK_STREAM, KERNEL(EAGAIN) },
};

START_TEST(sockets_are_reached_as_the_policy_lets_them)
{
	int listening[6];

	acts_prepare(reaching);
	acts_make_directory("open", 0, 0755);
	acts_make_directory("closed", 0, 0700);
	listening[0] = acts_listen_at("open/socket", SOCK_STREAM, 0666, 8);
	listening[1] = acts_listen_at("open/private", SOCK_STREAM, 0600, 8);
	listening[2] = acts_listen_at("open/full", SOCK_STREAM, 0666, 0);
	listening[3] = acts_listen_at("open/datagram", SOCK_DGRAM, 0666, 0);
	listening[4] = acts_listen_at("closed/socket", SOCK_STREAM, 0600, 8);
	listening[5] = acts_listen_at("elsewhere", SOCK_STREAM, 0666, 8);
	fd_close(acts_listen_at("open/left", SOCK_STREAM, 0666, 8));
	acts_make_file("open/file", ALICE, 0666);
	acts_make_link("open/link", "socket");
	acts_make_link("open/out", acts_path("elsewhere"));
	scene_start(&acts_scene);
	acts_assert_rows(reaches);
	scene_assert_unharmed(&acts_scene);
	for (size_t i = 0; i < ELEMENTSOF(listening); i++)
		fd_close(listening[i]);
	scene_stop(&acts_scene);
}
END_TEST

/* Tells by its exit status whether the credentials of what she sends herself are hers. */
static int reach_and_send(const void *arg)
{
	struct fdbroker *broker;
	int fd;

	(void)arg;
	ck_assert_int_eq(fdbroker_connect(&broker, acts_scene.daemon.socket), 0);
	fd = fdbroker_connect_unix(broker, acts_path("open/socket"), SOCK_STREAM, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(send(fd, "x", 1, MSG_NOSIGNAL), 1);
	fdbroker_close(broker);
	return 0;
}

static uid_t sender_of(int sock)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr m = { .msg_iov = &part,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct ucred sender;

	ck_assert_int_eq(recvmsg(sock, &m, 0), 1);
	ck_assert_ptr_nonnull(CMSG_FIRSTHDR(&m));
	memcpy(&sender, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(sender));
	return sender.uid;
}

/* The broker is who connects, whoever asked; what is sent is the sender's own. As documented. */
START_TEST(who_listens_sees_the_broker_connect_and_the_caller_send)
{
	static const gid_t groups[] = { ALICE, 30077 };
	const struct user alice = { ALICE, ALICE, groups, ELEMENTSOF(groups) };
	gid_t seen[8];
	struct ucred peer;
	socklen_t size = sizeof(peer), seen_size = sizeof(seen);
	int listening, sock;

	acts_prepare(reaching);
	acts_make_directory("open", 0, 0755);
	listening = acts_listen_at("open/socket", SOCK_STREAM, 0666, 8);
	ck_assert_int_eq(setsockopt(listening, SOL_SOCKET, SO_PASSCRED, &(int){ 1 }, sizeof(int)),
			 0);
	scene_start(&acts_scene);
	ck_assert_int_eq(user_run(&alice, reach_and_send, NULL), 0);
	sock = accept(listening, NULL, NULL);
	ck_assert_int_eq(setsockopt(sock, SOL_SOCKET, SO_PASSCRED, &(int){ 1 }, sizeof(int)), 0);
	ck_assert_int_eq(getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
	ck_assert_int_eq(peer.pid, daemon_pid(&acts_scene.daemon, "broker"));
	ck_assert_uint_ne(peer.uid, ALICE);
	ck_assert_uint_ne(peer.uid, 0);
	ck_assert_int_eq(getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, seen, &seen_size), 0);
	ck_assert_uint_eq(seen_size, sizeof(groups));
	ck_assert_mem_eq(seen, groups, sizeof(groups));
	ck_assert_uint_eq(sender_of(sock), ALICE);
	fd_close(sock);
	fd_close(listening);
	scene_stop(&acts_scene);
}
END_TEST

/* Through the broker, which is not served: or she would ask with its name. */
static int reach_the_broker_itself(const void *arg)
{
	struct fdbroker *broker;
	uint8_t bytes[256];
	size_t size = scene_request(1, acts_scene.own, bytes, sizeof(bytes));
	int sock;

	(void)arg;
	ck_assert_int_eq(fdbroker_connect(&broker, acts_scene.daemon.socket), 0);
	sock = fdbroker_connect_unix(broker, acts_scene.daemon.socket, SOCK_SEQPACKET, NULL);
	ck_assert_int_ge(sock, 0);
	(void)!send(sock, bytes, size, MSG_NOSIGNAL);
	scene_await(sock);
	return recv(sock, bytes, sizeof(bytes), 0) > 0 ? 1 : 0;
}

START_TEST(the_broker_does_not_serve_itself)
{
	char rules[512];

	acts_prepare("");
	snprintf(rules, sizeof(rules),
		 "for anyone { door: allow connect \"%s\"; own: allow read \"%s\"; }\n",
		 acts_scene.daemon.socket, acts_scene.own);
	acts_write_policy(rules);
	scene_start(&acts_scene);
	ck_assert_int_eq(scene_as(ALICE, reach_the_broker_itself, NULL), 0);
	acts_stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("connect");
	TCase *tcase = suite_case(suite, "connect");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, sockets_are_reached_as_the_policy_lets_them);
	tcase_add_test(tcase, who_listens_sees_the_broker_connect_and_the_caller_send);
	tcase_add_test(tcase, the_broker_does_not_serve_itself);
	return suite_main(suite);
}
