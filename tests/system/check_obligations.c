/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/halt.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "wire/act.h"
#include "wire/message.h"

/* What comes with a grant, kept by the real daemon. */

#define PATIENCE_USEC (20 * USEC_PER_SEC)

static struct scene s;

/* A policy with one rule for Alice's file. */
static void prepare(const char *who, const char *attributes)
{
	char policy[512];

	scene_prepare(&s);
	snprintf(policy, sizeof(policy),
		 "version 1;\nfor %s { it: allow read, stat \"%s\" { %s; } }\n"
		 "for anyone { lent: allow read as root \"%s\"; }\n",
		 who, s.own, attributes, s.lent);
	daemon_write_policy(&s.daemon, "scene.fdp", policy);
}

static void start(const char *who, const char *attributes)
{
	prepare(who, attributes);
	scene_start(&s);
}

static int ask(int sock, struct wire_answer *answer)
{
	int fd = daemon_ask(sock, s.own, WIRE_OPEN_READ, answer);

	if (fd >= 0)
		fd_close(fd);
	return fd < 0 ? fd : 0;
}

/* 0: two grants, and then no more. */
static int ask_thrice(const void *arg)
{
	int sock = daemon_connect(&s.daemon);
	struct wire_answer answer;

	(void)arg;
	if (ask(sock, &answer) < 0 || ask(sock, &answer) < 0)
		return 1;
	/* Neither a new connection nor another process is a new beginning. */
	fd_close(sock);
	sock = daemon_connect(&s.daemon);
	if (ask(sock, &answer) != -EAGAIN || answer.reason != WIRE_REASON_RATE)
		return 2;
	return daemon_ask(sock, s.lent, WIRE_OPEN_READ, NULL) >= 0 ? 0 : 3;
}

START_TEST(a_rate_is_kept_for_each_uid_until_the_policy_is_loaded_again)
{
	char *audit;

	start("user 30000 or user 30001", "rate 2/h per uid; audit deny");
	ck_assert_int_eq(scene_as(BOB, ask_thrice, NULL), 0);
	ck_assert_int_eq(scene_as(BOB, ask_thrice, NULL), 1);
	ck_assert_int_eq(scene_as(ALICE, ask_thrice, NULL), 0);
	ck_assert_int_eq(daemon_reload(&s.daemon, NULL), 0);
	ck_assert_int_eq(scene_as(BOB, ask_thrice, NULL), 0);
	audit = daemon_read_audit(&s.daemon);
	ck_assert_ptr_nonnull(strstr(audit, "\"rate\""));
	free(audit);
	scene_stop(&s);
}
END_TEST

/* What is asked: to open it, or to be told of it. */
static uint16_t opcode;

static size_t write_request(uint64_t id, uint8_t *buffer, size_t size)
{
	const struct wire_act act = { .path = s.own, .path_len = (uint16_t)strlen(s.own) };

	if (opcode == WIRE_OPCODE_OPEN)
		return scene_request(id, s.own, buffer, size);
	return (size_t)wire_act_write(id, opcode, &act, buffer, size);
}

/* As many requests as must fill the client's queue, and one more. */
static void ask_and_never_read(int sock)
{
	uint8_t buffer[WIRE_MESSAGE_MAX];

	for (uint64_t id = 1; id <= 64; id++) {
		size_t size = write_request(id, buffer, sizeof(buffer));
		const struct ucred self = { getpid(), geteuid(), getegid() };
		const struct message_attach attach = { .credentials = &self };

		ck_assert_int_eq(message_send(sock, buffer, size, &attach), 0);
	}
}

static void await(int sock, int expected)
{
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;
	struct wire_answer answer;

	while (ask(sock, &answer) != expected)
		ck_assert_msg(clock_monotonic_usec() < deadline, "%d is not answered", expected);
	if (expected == -EAGAIN)
		ck_assert_int_eq(answer.reason, WIRE_REASON_RATE);
}

static void read_one(int sock)
{
	const struct message_want want = { .fds = 1 };
	uint8_t buffer[WIRE_MESSAGE_MAX];
	struct message m = MESSAGE_EMPTY;

	scene_await(sock);
	ck_assert_int_gt(message_receive(sock, buffer, sizeof(buffer), &want, &m), 0);
	message_done(&m);
}

static const uint16_t opcodes[] = { WIRE_OPCODE_OPEN, WIRE_OPCODE_STAT };

START_TEST(inflight_counts_answers_that_nobody_takes)
{
	int lazy, other;

	opcode = opcodes[_i];
	start("user root", "inflight 1");
	other = daemon_connect(&s.daemon);
	lazy = daemon_connect(&s.daemon);
	ask_and_never_read(lazy);
	await(other, -EAGAIN);
	/* All that are answered are read: those that wait no longer count. */
	for (int i = 0; i < 64; i++)
		read_one(lazy);
	await(other, 0);
	ask_and_never_read(lazy);
	await(other, -EAGAIN);
	fd_close(lazy);
	await(other, 0);
	fd_close(other);
	scene_stop(&s);
}
END_TEST

START_TEST(what_is_complained_of_is_opened_and_written_down)
{
	char *audit;
	int sock;

	start("user root mode complain", "links 1");
	sock = daemon_connect(&s.daemon);
	fd_close(daemon_ask(sock, s.own, WIRE_OPEN_READ, NULL));
	audit = daemon_read_audit(&s.daemon);
	ck_assert_ptr_null(strstr(audit, "\"complain\""));
	free(audit);
	fd_close(daemon_ask(sock, "/etc/hostname", WIRE_OPEN_READ, NULL));
	fd_close(sock);
	scene_await_nobody(&s);
	ck_assert_int_eq(daemon_reload(&s.daemon, NULL), 0);
	audit = daemon_await_record(&s.daemon, "\"complain\"");
	ck_assert_ptr_nonnull(strstr(audit, "scene.L2.complain"));
	free(audit);
	scene_stop(&s);
}
END_TEST

#define END_TEXT "2040-01-01T00:00Z"
#define END_USEC (UINT64_C(2208988800) * USEC_PER_SEC)

/* What time it is, and what it was when the kernel last looked: tests/support/fake_clock.c. */
static _Atomic(uint64_t) *begin_clock(uint64_t usec, uint64_t tick_usec)
{
	static char variable[160];
	_Atomic(uint64_t) *times;
	int fd;

	snprintf(variable, sizeof(variable), "FAKE_CLOCK=%s/clock", s.daemon.directory);
	fd = open(strchr(variable, '/'), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	ck_assert_int_eq(ftruncate(fd, 2 * sizeof(*times)), 0);
	times = mmap(NULL, 2 * sizeof(*times), PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(times, MAP_FAILED);
	fd_close(fd);
	times[0] = usec;
	times[1] = tick_usec;
	s.daemon.environment[0] = variable;
	s.daemon.preload = "libfakeclock.so";
	return times;
}

/* To the kernel's coarse clock all is one moment; but the broker has slept in between. */
START_TEST(a_rule_that_ends_while_nobody_asks_grants_nothing_more)
{
	struct wire_answer answer;
	_Atomic(uint64_t) *times;
	int sock;

	prepare("user root", "until " END_TEXT);
	times = begin_clock(END_USEC - 1, END_USEC - 2 * USEC_PER_MSEC);
	scene_start(&s);
	sock = daemon_connect(&s.daemon);
	ck_assert_int_eq(ask(sock, &answer), 0);
	halt_await_sleep(daemon_pid(&s.daemon, "broker"));
	times[0] = END_USEC;
	ck_assert_int_eq(ask(sock, &answer), -EACCES);
	ck_assert_int_eq(answer.reason, WIRE_REASON_DEFAULT);
	fd_close(sock);
	scene_stop(&s);
	munmap((void *)(uintptr_t)times, 2 * sizeof(*times));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("obligations");
	TCase *tcase = suite_case(suite, "obligations");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, a_rate_is_kept_for_each_uid_until_the_policy_is_loaded_again);
	tcase_add_test(tcase, a_rule_that_ends_while_nobody_asks_grants_nothing_more);
	tcase_add_test(tcase, what_is_complained_of_is_opened_and_written_down);
	tcase_add_loop_test(tcase, inflight_counts_answers_that_nobody_takes, 0,
			    ELEMENTSOF(opcodes));
	return suite_main(suite);
}
