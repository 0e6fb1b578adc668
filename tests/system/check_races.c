/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "client/fdbroker.h"
#include "tests/support/forked.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"

/* What changes while the daemon serves: the policy, and the daemon itself. Names: check_swaps.c. */

static struct scene s;

/* The policy, from allow to deny and back, while requests are under way. */

#define FLIPS	      100
#define FLIPS_SEEN    (FLIPS / 10) /* by each who asks; otherwise nothing was seen of it */
#define FLIP_USEC     (10 * USEC_PER_MSEC)
#define PATIENCE_USEC (120 * USEC_PER_SEC)
#define GENERATIONS   4000 /* more than there can be in the time that a test has */

struct flip {
	uint32_t generation; /* high half of the decisions' ids: random, one for each */
	bool allows;
};

/* Each generation has one answer, and none comes back when another has followed it. */
static void check_answer(struct flip *flips, size_t *n, const struct wire_answer *answer)
{
	uint32_t generation = (uint32_t)(answer->decision >> 32);

	ck_assert(answer->reason == WIRE_REASON_OK || answer->reason == WIRE_REASON_DEFAULT);
	for (size_t i = 0; i < *n; i++)
		if (flips[i].generation == generation) {
			ck_assert_uint_eq(i, *n - 1);
			ck_assert_int_eq(flips[i].allows, answer->error == 0);
			return;
		}
	ck_assert_uint_lt(*n, GENERATIONS);
	flips[(*n)++] = (struct flip){ generation, answer->error == 0 };
}

static int ask_until_told(const void *arg)
{
	int end = *(const int *)arg, sock = daemon_connect(&s.daemon);
	static struct flip flips[GENERATIONS];
	struct wire_answer answer;
	size_t n = 0;

	do {
		fd_close(daemon_ask(sock, s.own, WIRE_OPEN_READ, &answer));
		check_answer(flips, &n, &answer);
	} while (n <= FLIPS_SEEN || recv(end, &(char){ 0 }, 1, MSG_DONTWAIT) < 0);
	return 0;
}

static void flip_policy(bool allows)
{
	uint64_t next = clock_monotonic_usec() + FLIP_USEC;
	char policy[512] = "version 1;\n";

	if (allows)
		snprintf(policy, sizeof(policy),
			 "version 1;\nfor anyone { own: allow read \"%s\"; }\n", s.own);
	daemon_write_policy(&s.daemon, "scene.fdp", policy);
	ck_assert_int_eq(daemon_reload(&s.daemon, NULL), 0);
	while (clock_monotonic_usec() < next)
		(void)daemon_number(&s.daemon, "generation");
}

/* As long as one of them has not seen enough. */
static void flip_until_all_end(const pid_t *askers, size_t n)
{
	uint64_t end = clock_monotonic_usec() + PATIENCE_USEC;
	siginfo_t info;

	for (size_t i = 0; i < n; i++)
		for (bool allows = true;; allows = !allows) {
			info.si_pid = 0;
			ck_assert_int_eq(waitid(P_PID, (id_t)askers[i], &info,
						WEXITED | WNOHANG | WNOWAIT),
					 0);
			if (info.si_pid != 0)
				break;
			ck_assert_msg(clock_monotonic_usec() < end,
				      "who asks sees no other policy");
			flip_policy(allows);
		}
}

/* P65 */
START_TEST(a_request_is_judged_by_one_policy_however_fast_they_change)
{
	int pair[2];
	pid_t askers[3];

	scene_start(&s);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	for (size_t i = 0; i < ELEMENTSOF(askers); i++)
		askers[i] = forked_start(ask_until_told, &pair[1]);
	for (int i = 0; i < FLIPS; i++)
		flip_policy(i % 2);
	for (size_t i = 0; i < ELEMENTSOF(askers); i++)
		ck_assert_int_eq(send(pair[0], "", 1, 0), 1);
	flip_until_all_end(askers, ELEMENTSOF(askers));
	for (size_t i = 0; i < ELEMENTSOF(askers); i++)
		ck_assert_int_eq(forked_wait(askers[i]), 0);
	flip_policy(true);
	ck_assert_uint_eq(daemon_number(&s.daemon, "crashes"), 0);
	s.pids[SCENE_BROKER] = daemon_pid(&s.daemon, "broker");
	scene_assert_unharmed(&s);
	scene_stop(&s);
	fd_close(pair[0]);
	fd_close(pair[1]);
}
END_TEST

/* The daemon: its broker is killed, again and again, and the library's users do not notice. */

#define KILLS 5 /* the delay before the next broker doubles with each */

static int use_library(const void *arg)
{
	int end = *(const int *)arg;
	struct fdbroker *broker;
	char content[4];

	ck_assert_int_eq(fdbroker_connect(&broker, s.daemon.socket), 0);
	do {
		int fd = fdbroker_open(broker, s.own, O_RDONLY, 0, NULL);

		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(read(fd, content, sizeof(content)), 3);
		ck_assert_mem_eq(content, "own", 3);
		fd_close(fd);
		ck_assert_int_eq(fdbroker_open(broker, s.lent, O_RDONLY, 0, NULL), -EACCES);
	} while (recv(end, &(char){ 0 }, 1, MSG_DONTWAIT) < 0);
	fdbroker_close(broker);
	return 0;
}

static int use_library_as_bob(const void *arg)
{
	return scene_as(BOB, use_library, arg);
}

static void kill_brokers(void)
{
	for (int i = 0; i < KILLS; i++) {
		pid_t broker = daemon_pid(&s.daemon, "broker");
		uint64_t requests = daemon_number(&s.daemon, "requests");

		/* In the midst of work. */
		daemon_await_at_least(&s.daemon, "requests", requests + 100);
		ck_assert_int_gt(broker, 0);
		ck_assert_int_eq(kill(broker, SIGKILL), 0);
		daemon_await_at_least(&s.daemon, "crashes", (uint64_t)i + 1);
		daemon_await_at_least(&s.daemon, "pid-broker", 1);
	}
}

/* P67 */
START_TEST(a_broker_that_is_killed_costs_no_connection_and_no_request)
{
	int pair[2];
	pid_t users[4];

	scene_prepare(&s);
	s.daemon.may_be_killed = true;
	scene_start(&s);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	for (size_t i = 0; i < ELEMENTSOF(users); i++)
		users[i] = forked_start(use_library_as_bob, &pair[1]);
	kill_brokers();
	for (size_t i = 0; i < ELEMENTSOF(users); i++)
		ck_assert_int_eq(send(pair[0], "", 1, 0), 1);
	for (size_t i = 0; i < ELEMENTSOF(users); i++)
		ck_assert_int_eq(forked_wait(users[i]), 0);
	ck_assert_uint_eq(daemon_number(&s.daemon, "crashes"), KILLS);
	s.pids[SCENE_BROKER] = daemon_pid(&s.daemon, "broker");
	scene_assert_unharmed(&s);
	scene_stop(&s);
	fd_close(pair[0]);
	fd_close(pair[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("races");
	TCase *tcase = suite_case(suite, "races");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, a_request_is_judged_by_one_policy_however_fast_they_change);
	tcase_add_test(tcase, a_broker_that_is_killed_costs_no_connection_and_no_request);
	return suite_main(suite);
}
