/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "tests/support/daemon.h"
#include "tests/support/forked.h"
#include "tests/support/halt.h"
#include "tests/support/suite.h"

/*
 * A record is in its broker's ring before the next request is read, and from then on nothing that
 * happens to the broker, or to who reads the ring, loses it.
 */

#define MANY	      60U /* of one uid 200 are written before it is held back */
#define PATIENCE_USEC (20 * USEC_PER_SEC)

static struct daemon d;
static pid_t audit;

static void start(void)
{
	daemon_prepare(&d);
	daemon_write_policy(&d, "a.fdp",
			    "version 1;\nfor user root { a: allow read \"/etc/hostname\"; }\n");
	d.may_be_killed = true;
	daemon_start(&d);
	daemon_await_attendants(&d);
	audit = daemon_pid(&d, "audit");
}

/* And one more, which is allowed and not recorded: when that is answered, all their records are written. */
static void ask(int sock, unsigned int first, unsigned int n)
{
	char path[32];

	for (unsigned int i = first; i < first + n; i++) {
		snprintf(path, sizeof(path), "/refused/%04u", i);
		ck_assert_int_eq(daemon_ask(sock, path, WIRE_OPEN_READ, NULL), -EACCES);
	}
	fd_close(daemon_ask(sock, "/etc/hostname", WIRE_OPEN_READ, NULL));
}

static unsigned int count(const char *text, unsigned int first, unsigned int n)
{
	unsigned int found = 0;
	char path[32];

	for (unsigned int i = first; i < first + n; i++) {
		snprintf(path, sizeof(path), "\"/refused/%04u\"", i);
		found += strstr(text, path) != NULL;
	}
	return found;
}

/* Those records are written down, sooner or later. */
static void await(unsigned int first, unsigned int n)
{
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;
	unsigned int found;

	do {
		char *text = daemon_read_audit(&d);

		found = count(text, first, n);
		free(text);
		ck_assert_msg(found == n || clock_monotonic_usec() < deadline, "%u of %u records",
			      found, n);
	} while (found < n);
}

START_TEST(records_that_nobody_has_read_outlive_who_should_have)
{
	int sock;

	start();
	sock = daemon_connect(&d);
	halt_process(audit);
	ask(sock, 0, MANY);
	ck_assert_int_eq(kill(audit, SIGKILL), 0);
	await(0, MANY);
	ask(sock, MANY, 1);
	await(MANY, 1);
	fd_close(sock);
	daemon_stop(&d);
}
END_TEST

/* A broker ends before anybody has read what it wrote; and who should have gets @signal. */
static void outlive_the_broker(int signal)
{
	pid_t broker;
	int sock;

	start();
	sock = daemon_connect(&d);
	broker = daemon_pid(&d, "broker");
	halt_process(audit);
	ask(sock, 0, MANY);
	ck_assert_int_eq(kill(broker, SIGKILL), 0);
	/* Answered by the next one. */
	ask(sock, MANY, 1);
	ck_assert_int_eq(kill(audit, signal), 0);
	await(0, MANY + 1);
	fd_close(sock);
	daemon_stop(&d);
}

START_TEST(records_that_nobody_has_read_outlive_their_broker)
{
	outlive_the_broker(SIGCONT);
}
END_TEST

START_TEST(records_that_nobody_has_read_outlive_both)
{
	outlive_the_broker(SIGKILL);
}
END_TEST

/* One that is stopped, not killed: its brokers end first. */
START_TEST(records_that_nobody_has_read_are_written_when_the_daemon_ends)
{
	char *text;
	int sock;

	start();
	sock = daemon_connect(&d);
	halt_process(audit);
	ask(sock, 0, MANY);
	ck_assert_int_eq(kill(d.pid, SIGTERM), 0);
	ck_assert_int_eq(kill(audit, SIGCONT), 0);
	fd_close(sock);
	daemon_end(&d);
	text = daemon_read_audit(&d);
	ck_assert_uint_eq(count(text, 0, MANY), MANY);
	free(text);
	daemon_discard(&d);
}
END_TEST

static int ask_many(const void *arg)
{
	int sock = daemon_connect(arg);

	ask(sock, 0, 3 * MANY);
	return 0;
}

START_TEST(records_of_generations_that_replace_each_other_are_all_written)
{
	uint64_t before;
	pid_t child;

	start();
	before = daemon_number(&d, "generation");
	child = forked_start(ask_many, &d);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	ck_assert_int_eq(forked_wait(child), 0);
	await(0, 3 * MANY);
	ck_assert_uint_eq(daemon_number(&d, "generation"), before + 5);
	ck_assert_int_eq(daemon_pid(&d, "audit"), audit);
	daemon_stop(&d);
}
END_TEST

static uint64_t time_of_record(unsigned int i)
{
	char path[32], *record;
	uint64_t time;
	const char *at;

	snprintf(path, sizeof(path), "\"/refused/%04u\"", i);
	record = daemon_await_record(&d, path);
	at = strstr(record, "\"time\":\"");
	ck_assert_ptr_nonnull(at);
	time = strtoull(at + strlen("\"time\":\""), NULL, 10);
	free(record);
	return time;
}

/* What is judged by when it came, `until` among it, is not judged by when somebody was answered before the
 * broker slept, though to the kernel's coarse clock that is the same moment. */
START_TEST(records_say_when_a_sleeping_broker_was_asked)
{
	uint64_t asked[MANY], answered[MANY];
	pid_t broker;
	int sock;

	start();
	sock = daemon_connect(&d);
	broker = daemon_pid(&d, "broker");
	for (unsigned int i = 0; i < MANY; i++) {
		halt_await_sleep(broker);
		asked[i] = clock_realtime_usec();
		ask(sock, i, 1);
		answered[i] = clock_realtime_usec();
	}
	for (unsigned int i = 0; i < MANY; i++) {
		ck_assert_uint_ge(time_of_record(i), asked[i]);
		ck_assert_uint_le(time_of_record(i), answered[i]);
	}
	fd_close(sock);
	daemon_stop(&d);
}
END_TEST

static void await_descriptors(pid_t pid, int n)
{
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;
	int left;

	while ((left = suite_count_fds(pid)) != n)
		ck_assert_msg(clock_monotonic_usec() < deadline, "%d descriptors, not %d", left, n);
}

/* A ring is given up when its broker is gone and all of it is read. */
START_TEST(records_leave_nothing_open_behind_generations_that_are_gone)
{
	int parent, reader;

	start();
	parent = suite_count_fds(d.pid);
	reader = suite_count_fds(audit);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	daemon_await_number(&d, "leaving", 0);
	await_descriptors(d.pid, parent);
	await_descriptors(audit, reader);
	daemon_stop(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("records");
	TCase *tcase = suite_case(suite, "records");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, records_that_nobody_has_read_outlive_who_should_have);
	tcase_add_test(tcase, records_that_nobody_has_read_outlive_their_broker);
	tcase_add_test(tcase, records_that_nobody_has_read_outlive_both);
	tcase_add_test(tcase, records_that_nobody_has_read_are_written_when_the_daemon_ends);
	tcase_add_test(tcase, records_of_generations_that_replace_each_other_are_all_written);
	tcase_add_test(tcase, records_say_when_a_sleeping_broker_was_asked);
	tcase_add_test(tcase, records_leave_nothing_open_behind_generations_that_are_gone);
	return suite_main(suite);
}
