/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "client/fdbroker.h"
#include "daemon/control.h"
#include "tests/support/batching.h"
#include "tests/support/daemon.h"
#include "tests/support/forked.h"
#include "tests/support/halt.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "wire/codec.h"
#include "wire/message.h"

/*
 * Batches that do not end with the generation that began them. Each member is decided by one generation,
 * whole: what the old one decided stands, and what it did not is the next one's to decide.
 */

#define N	      FDBROKER_BATCH_MAX
#define PATIENCE_USEC (30 * USEC_PER_SEC)

static struct daemon d;
static char file[100], held[100];
static int sock;
static uint32_t generation; /* the number that all decisions of the first one begin with */

/* the scene */

static void write_policy(bool allows)
{
	char text[512];

	snprintf(text, sizeof(text), "version 1;\nfor user root { f: %s read '%s', '%s'; }\n",
		 allows ? "allow" : "deny", file, held);
	daemon_write_policy(&d, "a.fdp", text);
}

/* Nothing is too late here, however busy the machine is. */
static uint32_t generation_of(const struct wire_answer *answer)
{
	return (uint32_t)(answer->decision >> 32);
}

/* That what it is on is a local file system is known after a first open. */
static void start(void)
{
	struct wire_answer answer;

	daemon_prepare(&d);
	snprintf(file, sizeof(file), "%s/file", d.directory);
	snprintf(held, sizeof(held), "%s/held", d.directory);
	fd_close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	fd_close(open(held, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	daemon_write_config(&d, "open-seconds 600;");
	write_policy(true);
	daemon_start(&d);
	sock = daemon_connect(&d);
	fd_close(daemon_ask(sock, file, WIRE_OPEN_READ, &answer));
	ck_assert_int_eq(answer.reason, WIRE_REASON_OK);
	generation = generation_of(&answer);
}

static void stop(void)
{
	sock = fd_close(sock);
	daemon_stop(&d);
}

static const char *const *same_paths(void)
{
	static const char *paths[N];

	for (size_t i = 0; i < N; i++)
		paths[i] = file;
	return paths;
}

/* The library, on the connection that there is, in a process of its own. */
static int ask_by_library(struct fdbroker_request *requests, size_t n)
{
	struct fdbroker *broker;

	if (fdbroker_adopt(&broker, sock) < 0)
		return -1;
	return fdbroker_open_batch(broker, requests, n);
}

/* by a reload */

/* It finds what was asked, and after a few turns that it is to leave: so that the one is in the
 * midst of the other. */
static void reload_meanwhile(pid_t broker)
{
	write_policy(false);
	ck_assert_int_eq(kill(d.pid, SIGHUP), 0);
	halt_await_message(broker, CONTROL_FD);
	ck_assert_int_eq(kill(broker, SIGCONT), 0);
}

START_TEST(reload_leaves_to_the_next_generation_what_is_left_of_a_batch)
{
	struct wire_answer results[N], after;
	size_t granted;
	pid_t broker;

	start();
	broker = daemon_pid(&d, "broker");
	halt_process(broker);
	batching_send(sock, 7, same_paths(), N);
	reload_meanwhile(broker);
	granted = batching_receive(sock, 7, N, results, NULL);
	ck_assert_uint_gt(granted, 0);
	ck_assert_uint_lt(granted, N);
	for (size_t i = 0; i < N; i++) {
		bool decided = i < granted;

		ck_assert_int_eq(results[i].reason, decided ? WIRE_REASON_OK : WIRE_REASON_SINGLY);
		ck_assert_uint_eq(generation_of(&results[i]), decided ? generation : 0);
	}
	fd_close(daemon_ask(sock, file, WIRE_OPEN_READ, &after));
	ck_assert_int_eq(after.reason, WIRE_REASON_RULE);
	ck_assert_uint_ne(generation_of(&after), generation);
	stop();
}
END_TEST

/* 0: some granted by the one and all others refused by the other. */
static int ask_the_same(const void *arg)
{
	struct fdbroker_request requests[N] = { 0 };
	int opened;

	(void)arg;
	for (size_t i = 0; i < N; i++)
		requests[i].path = file;
	opened = ask_by_library(requests, N);
	if (opened <= 0 || opened >= N)
		return 1;
	for (int i = 0; i < N; i++) {
		bool is_old = requests[i].answer.decision >> 32 == generation;

		if (is_old != (i < opened) ||
		    requests[i].answer.reason !=
			    (is_old ? FDBROKER_REASON_OK : FDBROKER_REASON_RULE) ||
		    (is_old ? requests[i].fd < 0 : requests[i].fd != -EACCES))
			return 2;
	}
	return 0;
}

static void await_sent(void)
{
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;
	int left = 0;

	/* unix(7): what nobody has read yet */
	while (left == 0) {
		ck_assert_uint_lt(clock_monotonic_usec(), deadline);
		ck_assert_int_eq(ioctl(sock, SIOCOUTQ, &left), 0);
	}
}

START_TEST(reload_in_a_batch_is_not_noticed_by_who_uses_the_library)
{
	pid_t broker, client;

	start();
	broker = daemon_pid(&d, "broker");
	halt_process(broker);
	client = forked_start(ask_the_same, NULL);
	await_sent();
	reload_meanwhile(broker);
	ck_assert_int_eq(forked_wait(client), 0);
	stop();
}
END_TEST

/* by a crash */

static int group;

/* While it is in the midst of a batch. */
static void crash(uint64_t crashes)
{
	daemon_await_number(&d, "in-flight", 1);
	ck_assert_int_eq(kill(daemon_pid(&d, "broker"), SIGKILL), 0);
	daemon_await_number(&d, "crashes", crashes);
}

static uint16_t receive_notice(void)
{
	static const struct message_want want;
	uint16_t which = 0;
	uint8_t buffer[64];
	struct message m;

	ck_assert_int_gt(clock_wait(sock, POLLIN, clock_monotonic_usec() + PATIENCE_USEC), 0);
	ck_assert_int_eq(message_receive(sock, buffer, sizeof(buffer), &want, &m), 1);
	ck_assert_int_eq(wire_notice_read(buffer, m.size, &which), 0);
	return which;
}

/* P67 */
START_TEST(crash_in_a_batch_gives_nothing_of_it_and_is_told)
{
	const char *const paths[] = { file, held, file };
	struct wire_answer after;

	start();
	d.may_be_killed = true;
	group = scene_hold_opens(held);
	batching_send(sock, 7, paths, ELEMENTSOF(paths));
	crash(1);
	ck_assert_int_eq(receive_notice(), WIRE_NOTICE_LOST);
	/* This is what comes next. */
	fd_close(daemon_ask(sock, file, WIRE_OPEN_READ, &after));
	ck_assert_int_eq(after.reason, WIRE_REASON_OK);
	ck_assert_uint_ne(generation_of(&after), generation);
	fd_close(group);
	stop();
}
END_TEST

/* The errno of the one that is held, or 0: the others are granted, by whoever came after the first. */
static int ask_three(const void *arg)
{
	struct fdbroker_request requests[] = { { .path = file },
					       { .path = held },
					       { .path = file } };

	(void)arg;
	group = fd_close(group);
	if (ask_by_library(requests, ELEMENTSOF(requests)) < 2)
		return 255;
	for (size_t i = 0; i < ELEMENTSOF(requests); i++)
		if (requests[i].fd >= 0 && requests[i].answer.decision >> 32 == generation)
			return 254;
	return requests[1].fd < 0 ? -requests[1].fd : 0;
}

START_TEST(crash_in_a_batch_is_not_noticed_by_who_uses_the_library)
{
	pid_t client;

	start();
	d.may_be_killed = true;
	group = scene_hold_opens(held);
	client = forked_start(ask_three, NULL);
	crash(1);
	fd_close(group);
	ck_assert_int_eq(forked_wait(client), 0);
	stop();
}
END_TEST

static bool has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
	return info.si_pid == pid;
}

/* The batch is repeated, unless the next broker does not know the file system, and has each asked for by
 * itself; so is it when it is lost again. Each is repeated too, once, and only the one that no broker
 * survives is lost. */
START_TEST(crash_after_crash_loses_only_what_it_comes_by)
{
	uint64_t crashes = 0;
	pid_t client;

	start();
	d.may_be_killed = true;
	group = scene_hold_opens(held);
	client = forked_start(ask_three, NULL);
	while (!has_ended(client))
		if (daemon_number(&d, "in-flight") == 1)
			crash(++crashes);
	ck_assert_int_eq(forked_wait(client), ECONNRESET);
	ck_assert_uint_ge(crashes, 3);
	ck_assert_uint_le(crashes, 4);
	fd_close(group);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("batch generations");
	TCase *tcase = suite_case(suite, "batch generations");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, reload_leaves_to_the_next_generation_what_is_left_of_a_batch);
	tcase_add_test(tcase, reload_in_a_batch_is_not_noticed_by_who_uses_the_library);
	tcase_add_test(tcase, crash_in_a_batch_gives_nothing_of_it_and_is_told);
	tcase_add_test(tcase, crash_in_a_batch_is_not_noticed_by_who_uses_the_library);
	tcase_add_test(tcase, crash_after_crash_loses_only_what_it_comes_by);
	return suite_main(suite);
}
