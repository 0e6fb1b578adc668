/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * P50: who has many connections has no more turns than who has one. The broker is stopped while
 * all ask, and the numbers of its decisions tell in which order it has served them then.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "daemon/control.h"
#include "tests/support/halt.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "wire/codec.h"
#include "wire/message.h"

#define CROWD 60 /* of Alice's connections; she may have 64 */
#define EACH  8	 /* requests of each connection, under way at once */
#define SLOW  4	 /* fewer than one uid may have in work at once */
#define SPARE 8	 /* descriptors that the parent may have while it looks at who connects */

static struct scene s;

static int connect_as(uid_t uid)
{
	int sock;

	ck_assert_int_eq(setegid(uid), 0);
	ck_assert_int_eq(seteuid(uid), 0);
	sock = daemon_connect(&s.daemon);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(0), 0);
	return sock;
}

static void ask_for(const char *path, int sock, uid_t uid, int n)
{
	const struct ucred self = { .pid = getpid(), .uid = uid, .gid = uid };
	const struct message_attach attach = { .credentials = &self };
	uint8_t buffer[512];

	for (int i = 1; i <= n; i++) {
		size_t size = scene_request((uint64_t)i, path, buffer, sizeof(buffer));

		ck_assert_int_eq(message_send(sock, buffer, size, &attach), 0);
	}
}

static void ask(int sock, uid_t uid, int n)
{
	ask_for(s.own, sock, uid, n);
}

/* The number of the decision. */
static uint64_t take_answer(int sock)
{
	static const struct message_want want = { .fds = 1 };
	struct message m = MESSAGE_EMPTY;
	struct wire_header header;
	struct wire_answer answer;
	uint8_t buffer[512];

	scene_await(sock);
	ck_assert_int_eq(message_receive(sock, buffer, sizeof(buffer), &want, &m), 1);
	ck_assert_int_eq(wire_answer_read(buffer, m.size, &header, &answer), 0);
	ck_assert_int_eq(answer.error, 0);
	message_done(&m);
	return answer.decision;
}

static uint64_t take_answers(int sock, int n)
{
	uint64_t last = 0;

	for (int i = 0; i < n; i++)
		last = take_answer(sock);
	return last;
}

/* One whom the broker knows. */
static int connect_known(uid_t uid, uint64_t *ret)
{
	int sock = connect_as(uid);

	ask(sock, uid, 1);
	*ret = take_answer(sock);
	return sock;
}

/* All connect. The number of the last decision so far. */
static uint64_t connect_all(int crowd[CROWD], int *bob)
{
	uint64_t decision = 0;

	*bob = connect_as(BOB);
	for (size_t i = 0; i < CROWD; i++)
		crowd[i] = connect_known(ALICE, &decision);
	halt_process(s.pids[SCENE_BROKER]);
	return decision;
}

START_TEST(fairness_is_by_uid_and_not_by_connection)
{
	int crowd[CROWD], bob;
	uint64_t first, bobs, alices = 0;

	scene_start(&s);
	first = connect_all(crowd, &bob);
	for (size_t i = 0; i < ELEMENTSOF(crowd); i++)
		ask(crowd[i], ALICE, EACH);
	ask(bob, BOB, EACH);
	ck_assert_int_eq(kill(s.pids[SCENE_BROKER], SIGCONT), 0);

	bobs = take_answers(bob, EACH) - first;
	for (size_t i = 0; i < ELEMENTSOF(crowd); i++) {
		uint64_t last = take_answers(crowd[i], EACH) - first;

		alices = last > alices ? last : alices;
		fd_close(crowd[i]);
	}
	fd_close(bob);
	/* Until he is noticed everybody has a turn; from then on every other one is his. */
	ck_assert_msg(bobs <= 2 * (CROWD + 1) + 2 * EACH, "Bob's last was number %d", (int)bobs);
	ck_assert_uint_eq(alices, (CROWD + 1) * EACH);
	scene_assert_unharmed(&s);
	scene_stop(&s);
}
END_TEST

/* Each of Alice's gets its turns, too: those of one connection are not all before another's. */
START_TEST(fairness_within_a_uid_is_by_connection)
{
	int crowd[CROWD], bob;
	uint64_t first, earliest = UINT64_MAX;

	scene_start(&s);
	first = connect_all(crowd, &bob);
	ask(bob, BOB, EACH);
	for (size_t i = 0; i < ELEMENTSOF(crowd); i++)
		ask(crowd[i], ALICE, EACH);
	ck_assert_int_eq(kill(s.pids[SCENE_BROKER], SIGCONT), 0);
	take_answers(bob, EACH);
	for (size_t i = 0; i < ELEMENTSOF(crowd); i++) {
		uint64_t last = take_answers(crowd[i], EACH) - first;

		earliest = last < earliest ? last : earliest;
		fd_close(crowd[i]);
	}
	fd_close(bob);
	/* Before anyone has had all, everybody has had all but two. */
	ck_assert_uint_ge(earliest, CROWD * (EACH - 2));
	scene_assert_unharmed(&s);
	scene_stop(&s);
}
END_TEST

/* With a file that is copied for Alice: who does it hands the lead on before. */
static void start_with_slow(char *path, size_t size)
{
	char policy[256];
	int fd;

	scene_prepare(&s);
	snprintf(path, size, "%s/slow", s.daemon.directory);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	ck_assert_int_ge(fd, 0);
	fd_close(fd);
	snprintf(policy, sizeof(policy),
		 "version 1;\nfor user %d { slow: allow read \"%s\" { deliver snapshot; } }\n",
		 ALICE, path);
	daemon_write_policy(&s.daemon, "slow.fdp", policy);
	scene_start(&s);
}

/* What makes the lead change hands, again and again, takes nobody's turn. */
START_TEST(fairness_outlasts_who_leads)
{
	int first, slow[SLOW], last;
	uint64_t lasts;
	char path[128];

	start_with_slow(path, sizeof(path));
	first = connect_known(ALICE, &lasts);
	last = connect_known(ALICE, &lasts);
	/* After those two: what epoll(7) still has in its queue comes first. */
	for (size_t i = 0; i < ELEMENTSOF(slow); i++)
		slow[i] = connect_known(ALICE, &lasts);
	halt_process(s.pids[SCENE_BROKER]);
	ask(first, ALICE, 2);
	for (size_t i = 0; i < ELEMENTSOF(slow); i++)
		ask_for(path, slow[i], ALICE, 1);
	ask(last, ALICE, 1);
	ck_assert_int_eq(kill(s.pids[SCENE_BROKER], SIGCONT), 0);

	lasts = take_answer(last);
	take_answer(first);
	ck_assert_uint_gt(take_answer(first), lasts);
	for (size_t i = 0; i < ELEMENTSOF(slow); i++) {
		take_answer(slow[i]);
		fd_close(slow[i]);
	}
	fd_close(first);
	fd_close(last);
	scene_assert_unharmed(&s);
	scene_stop(&s);
}
END_TEST

/* The parent has given them all to the broker when it has come to one of those that follow. */
static void connect_more(int *socks, size_t n)
{
	int spare[SPARE + 1], before = suite_count_fds(s.pids[SCENE_PARENT]);
	uint64_t deadline = clock_monotonic_usec() + 60 * USEC_PER_SEC;

	for (size_t i = 0; i < n; i++) {
		socks[i] = connect_as(ALICE);
		ask(socks[i], ALICE, 1);
	}
	for (size_t i = 0; i < ELEMENTSOF(spare); i++)
		spare[i] = connect_as(ALICE);
	while (suite_count_fds(s.pids[SCENE_PARENT]) < before + (int)n + SPARE + 1)
		ck_assert_msg(clock_monotonic_usec() < deadline, "not all are let in");
	for (size_t i = 0; i < ELEMENTSOF(spare); i++)
		fd_close(spare[i]);
}

/* Several at a time: not each after as many requests as there may be in a turn of the loop. */
START_TEST(fairness_is_for_newcomers_too)
{
	int crowd[CROWD / 2], newcomers[CROWD / 4];
	uint64_t first = 0, last = 0;

	scene_start(&s);
	for (size_t i = 0; i < ELEMENTSOF(crowd); i++)
		crowd[i] = connect_known(ALICE, &first);
	halt_process(s.pids[SCENE_BROKER]);
	for (size_t i = 0; i < ELEMENTSOF(crowd); i++)
		ask(crowd[i], ALICE, EACH);
	connect_more(newcomers, ELEMENTSOF(newcomers));
	ck_assert_int_eq(kill(s.pids[SCENE_BROKER], SIGCONT), 0);

	for (size_t i = 0; i < ELEMENTSOF(newcomers); i++) {
		last = take_answer(newcomers[i]);
		fd_close(newcomers[i]);
	}
	for (size_t i = 0; i < ELEMENTSOF(crowd); i++) {
		take_answers(crowd[i], EACH);
		fd_close(crowd[i]);
	}
	ck_assert_msg(last - first <= (EACH - 1) * ELEMENTSOF(crowd), "the last one is number %d",
		      (int)(last - first));
	scene_assert_unharmed(&s);
	scene_stop(&s);
}
END_TEST

/* Who leads next hears first that this generation is to leave: another one's turn never comes. */
START_TEST(fairness_ends_with_the_generation)
{
	int slow, last, broker;
	uint64_t before;
	char path[128];

	start_with_slow(path, sizeof(path));
	last = connect_known(ALICE, &before);
	/* After that one: what epoll(7) still has in its queue comes first. */
	slow = connect_known(ALICE, &before);
	broker = s.pids[SCENE_BROKER];
	halt_process(broker);
	ask_for(path, slow, ALICE, 1);
	ask(last, ALICE, 1);
	ck_assert_int_eq(kill(s.daemon.pid, SIGHUP), 0);
	halt_await_message(broker, CONTROL_FD);
	ck_assert_int_eq(kill(broker, SIGCONT), 0);

	ck_assert_uint_eq(take_answer(slow), before + 1);
	/* By the other one, whose decisions have numbers of their own. */
	ck_assert_uint_ne(take_answer(last) >> 32, before >> 32);
	fd_close(slow);
	fd_close(last);
	scene_assert_bob_is_served(&s);
	scene_stop(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fairness");
	TCase *tcase = suite_case(suite, "fairness");

	if (daemon_unavailable() != 0)
		return daemon_unavailable();
	tcase_add_test(tcase, fairness_is_by_uid_and_not_by_connection);
	tcase_add_test(tcase, fairness_within_a_uid_is_by_connection);
	tcase_add_test(tcase, fairness_outlasts_who_leads);
	tcase_add_test(tcase, fairness_is_for_newcomers_too);
	tcase_add_test(tcase, fairness_ends_with_the_generation);
	return suite_main(suite);
}
