/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/forked.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"
#include "wire/message.h"

/*
 * Clients that leave at every point of an exchange, and clients that stay and
 * never take what they asked for.
 *
 * A life is written as letters, one for each step:
 *
 *	s	ask for a file
 *	d	ask for what is refused
 *	b	ask in no form at all
 *	f	ask until the queue is full
 *	w	wait for a reply and leave it there
 *	r	take a reply
 *	x, y	shut down the sending, the receiving side
 */

#define ROUNDS 240
#define CROWD  30 /* that may be dying at once; half of what one uid may have */

static struct scene s;

static const char *const lives[] = {
	"",  "s",  "d",	 "b",	"f", "sw", "dw", "bw",	"fw",  "sr",  "dr",  "fr",
	"x", "sx", "fx", "swx", "y", "sy", "fy", "swy", "srs", "srx", "sry", "ssssr",
};

static void start(void)
{
	scene_start(&s);
}

static void stop(void)
{
	scene_assert_unharmed(&s);
	ck_assert_uint_eq(daemon_number(&s.daemon, "refused-per-uid"), 0);
	scene_stop(&s);
}

static void ask(int sock, const char *path, size_t cut)
{
	uint8_t buffer[512];
	size_t size = scene_request(1, path, buffer, sizeof(buffer));

	/* It may be shut down already. */
	(void)send(sock, buffer, size - cut, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void fill(int sock)
{
	uint8_t buffer[512];
	size_t size = scene_request(1, s.own, buffer, sizeof(buffer));

	while (send(sock, buffer, size, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
		continue;
}

static void take(int sock)
{
	static const struct message_want want = { .fds = 1 };
	uint8_t buffer[256];
	struct message m;

	scene_await(sock);
	(void)message_receive(sock, buffer, sizeof(buffer), &want, &m);
	message_done(&m);
}

static void step(int sock, char what)
{
	switch (what) {
	case 's':
		ask(sock, s.own, 0);
		break;
	case 'd':
		ask(sock, "/etc/shadow", 0);
		break;
	case 'b':
		ask(sock, s.own, 1);
		break;
	case 'f':
		fill(sock);
		break;
	case 'w':
		scene_await(sock);
		break;
	case 'r':
		take(sock);
		break;
	case 'x':
		shutdown(sock, SHUT_WR);
		break;
	case 'y':
		shutdown(sock, SHUT_RD);
		break;
	default:
		ck_abort_msg("no such step");
	}
}

static int live(const char *life)
{
	int sock = daemon_connect(&s.daemon);

	for (const char *at = life; *at; at++)
		step(sock, *at);
	return sock;
}

static int live_and_close(const void *arg)
{
	for (int i = 0; i < CROWD; i++)
		fd_close(live(arg));
	return 0;
}

static int live_and_be_killed(const void *arg)
{
	for (int i = 0; i < CROWD; i++)
		(void)live(arg);
	kill(getpid(), SIGKILL);
	return 0;
}

/* P33, P34 */
START_TEST(whoever_closes_at_any_point_leaves_nothing_behind)
{
	for (int i = 0; i < ROUNDS; i += CROWD) {
		ck_assert_int_eq(scene_as(ALICE, live_and_close, lives[_i]), 0);
		scene_await_nobody(&s);
	}
}
END_TEST

START_TEST(whoever_is_killed_at_any_point_leaves_nothing_behind)
{
	for (int i = 0; i < ROUNDS; i += CROWD) {
		ck_assert_int_eq(scene_as(ALICE, live_and_be_killed, lives[_i]),
				 FORKED_SIGNALLED + SIGKILL);
		scene_await_nobody(&s);
	}
}
END_TEST

/* Those who never read. */

#define USERS 15
#define EACH  60

struct staying {
	uid_t uid;
	int told; /* a byte for each user who is there */
};

static int stay_and_never_read(const void *arg)
{
	const struct staying *staying = arg;

	user_become(&(const struct user){ .uid = staying->uid, .gid = staying->uid });
	for (int i = 0; i < EACH; i++)
		(void)live("f");
	return send(staying->told, "", 1, 0) < 0 ? 1 : pause();
}

static void crowd_in(pid_t pids[], size_t n, uid_t first)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	for (size_t i = 0; i < n; i++)
		pids[i] = forked_start(stay_and_never_read,
				       &(struct staying){ first + (uid_t)i, pair[1] });
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(recv(pair[0], &(char){ 0 }, 1, 0), 1);
	fd_close(pair[0]);
	fd_close(pair[1]);
}

static void clear_out(const pid_t pids[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		kill(pids[i], SIGKILL);
		forked_wait(pids[i]);
	}
}

/* Accepted, not only in the listener's queue. */
static void await_connections(uint64_t n)
{
	daemon_await_number(&s.daemon, "connections", n);
}

static void let_all_read(void)
{
	char policy[512];

	snprintf(policy, sizeof(policy), "version 1;\nfor anyone { all: allow read \"%s\"; }\n",
		 s.own);
	daemon_write_policy(&s.daemon, "scene.fdp", policy);
}

/* P32: with the descriptors that they do not take, nobody else's are held up. */
START_TEST(a_crowd_that_never_reads_holds_up_nobody)
{
	pid_t pids[USERS];

	scene_prepare(&s);
	let_all_read();
	scene_start(&s);
	crowd_in(pids, USERS, 40000);
	await_connections(USERS * EACH);
	scene_assert_bob_is_served(&s);
	/* Each has one connection and one reply that is kept; and Bob may be about to leave. */
	ck_assert_int_le(suite_count_fds(s.pids[SCENE_BROKER]),
			 s.fds[SCENE_BROKER] + 2 * (USERS * EACH + 1));
	clear_out(pids, USERS);
	stop();
}
END_TEST

static int be_told_busy(const void *arg)
{
	int sock = daemon_connect(&s.daemon);
	struct wire_answer answer;
	int fd;

	(void)arg;
	/* Until as many are under way as may be. */
	while ((fd = daemon_ask(sock, s.own, WIRE_OPEN_READ, NULL)) >= 0)
		fd_close(fd);
	for (int i = 0; i < 10; i++)
		if (daemon_ask(sock, s.own, WIRE_OPEN_READ, &answer) != -EAGAIN ||
		    answer.reason != WIRE_REASON_BUSY)
			return 1;
	/* What needs no descriptor is answered as ever. */
	return daemon_ask(sock, "/refused", WIRE_OPEN_READ, NULL) == -EACCES ? 0 : 2;
}

static int ask_for_own(const void *arg)
{
	(void)arg;
	return -daemon_ask(daemon_connect(&s.daemon), s.own, WIRE_OPEN_READ, NULL);
}

/* P32: should the kernel's own limit be lower than ours after all (ETOOMANYREFS), Bob is told so,
 * keeps his connection, and is served when those who do not read are gone. */
START_TEST(no_descriptor_can_travel_and_nobody_is_cut_off)
{
	uint64_t deadline = clock_monotonic_usec() + 60 * USEC_PER_SEC;
	const struct rlimit few = { 320, 320 };
	pid_t alice;

	/* The daemon inherits it, and asks for no more than the hard limit. */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	scene_start(&s);
	crowd_in(&alice, 1, ALICE);
	await_connections(EACH);
	ck_assert_int_eq(scene_as(BOB, be_told_busy, NULL), 0);
	await_connections(EACH);
	clear_out(&alice, 1);
	scene_await_nobody(&s);
	/* The kernel counts those of all processes of the user, of other tests' daemons too. */
	while (scene_as(BOB, ask_for_own, NULL) == EAGAIN)
		ck_assert_msg(clock_monotonic_usec() < deadline, "nobody else is let in");
	stop();
}
END_TEST

static void await_attempts(uint64_t n)
{
	static const char *const ends[] = { "connections", "refused-clients", "refused-identity" };
	uint64_t attempts;

	do {
		attempts = 0;
		for (size_t i = 0; i < ELEMENTSOF(ends); i++)
			attempts += daemon_number(&s.daemon, ends[i]);
	} while (attempts < n);
}

/* Every queue is full, and every descriptor used that will be. */
static void await_rest(void)
{
	uint64_t before, requests = 0;

	do {
		before = requests;
		requests = daemon_number(&s.daemon, "requests");
	} while (requests != before);
}

/* P47: whoever comes when there is none left is turned away. The parent has to notice before the
 * broker does, which could not even be told of a connection. */
START_TEST(a_crowd_that_takes_all_descriptors_ends_no_process)
{
	const struct rlimit few = { 112, 112 };
	pid_t pids[4];

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	scene_start(&s);
	for (size_t i = 0; i < ELEMENTSOF(pids); i++) {
		crowd_in(&pids[i], 1, 40000 + (uid_t)i);
		await_attempts((i + 1) * EACH);
		await_rest();
	}
	ck_assert_uint_eq(daemon_number(&s.daemon, "crashes"), 0);
	clear_out(pids, ELEMENTSOF(pids));
	scene_await_nobody(&s);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dying clients");
	TCase *dying = suite_case(suite, "dying");
	TCase *staying = suite_case(suite, "staying");

	if (daemon_unavailable() != 0)
		return daemon_unavailable();
	tcase_add_checked_fixture(dying, start, stop);
	tcase_add_loop_test(dying, whoever_closes_at_any_point_leaves_nothing_behind, 0,
			    ELEMENTSOF(lives));
	tcase_add_loop_test(dying, whoever_is_killed_at_any_point_leaves_nothing_behind, 0,
			    ELEMENTSOF(lives));
	tcase_add_test(staying, a_crowd_that_never_reads_holds_up_nobody);
	tcase_add_test(staying, no_descriptor_can_travel_and_nobody_is_cut_off);
	tcase_add_test(staying, a_crowd_that_takes_all_descriptors_ends_no_process);
	return suite_main(suite);
}
