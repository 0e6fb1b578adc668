/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/daemon.h"
#include "tests/support/suite.h"

#define ALLOWS "version 1;\nfor user root { a: allow read \"/etc/hostname\"; }\n"
#define DENIES "version 1;\n"

static struct daemon d;
static int sock; /* connected before, and all the time */

static void start(void)
{
	daemon_prepare(&d);
	daemon_write_policy(&d, "a.fdp", ALLOWS);
	daemon_start(&d);
	sock = daemon_connect(&d);
	/* Once through everything, so that what is made at first use is there. */
	ck_assert_int_eq(daemon_ask(sock, "/refused", WIRE_OPEN_READ, NULL), -EACCES);
	daemon_await_at_least(&d, "records-written", 1);
}

static void stop(void)
{
	sock = fd_close(sock);
	daemon_stop(&d);
}

static enum wire_reason reason_of(int connection)
{
	struct wire_answer answer;

	fd_close(daemon_ask(connection, "/etc/hostname", WIRE_OPEN_READ, &answer));
	return answer.reason;
}

static void assert_serves(enum wire_reason expected)
{
	int another = daemon_connect(&d);

	ck_assert_int_eq(reason_of(sock), expected);
	ck_assert_int_eq(reason_of(another), expected);
	fd_close(another);
}

START_TEST(reload_gives_live_connections_the_new_policy)
{
	start();
	assert_serves(WIRE_REASON_OK);
	daemon_write_policy(&d, "a.fdp", DENIES);
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	assert_serves(WIRE_REASON_DEFAULT);
	ck_assert_uint_eq(daemon_number(&d, "generation"), 2);
	stop();
}
END_TEST

START_TEST(reload_of_a_bad_policy_keeps_the_old_and_says_why)
{
	char *text;

	start();
	daemon_write_policy(&d, "b.fdp", "version 1;\nalow\n");
	ck_assert_int_eq(daemon_reload(&d, &text), 2);
	ck_assert_ptr_nonnull(strstr(text, "b.fdp:2:1"));
	free(text);
	assert_serves(WIRE_REASON_OK);
	ck_assert_uint_eq(daemon_number(&d, "generation"), 1);
	daemon_assert_status_has(&d, "refused-why", "b.fdp:2:1");
	stop();
}
END_TEST

START_TEST(reload_by_signal_does_the_same)
{
	start();
	daemon_write_policy(&d, "a.fdp", DENIES);
	kill(d.pid, SIGHUP);
	daemon_await(&d, "RELOADING=1");
	daemon_await(&d, "READY=1\nSTATUS=Generation 2, ");
	assert_serves(WIRE_REASON_DEFAULT);
	stop();
}
END_TEST

/* What becomes of the policy directory, and what then serves: P60, P61, P63. */
static void directory_empty(void)
{
	daemon_write_policy(&d, "a.fdp", NULL);
}
static void directory_missing(void)
{
	daemon_write_policy(&d, "a.fdp", NULL);
	ck_assert_int_eq(rmdir(d.policy), 0);
}
static void file_empty(void)
{
	daemon_write_policy(&d, "a.fdp", "");
}
static void file_of_comments(void)
{
	daemon_write_policy(&d, "a.fdp", "version 1;\n# nothing yet\n");
}
static void file_of_somebody(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/a.fdp", d.policy);
	ck_assert_int_eq(chown(path, 1000, 0), 0);
}
static void file_writable_by_group(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/a.fdp", d.policy);
	ck_assert_int_eq(chmod(path, 0664), 0);
}
static void directory_of_somebody(void)
{
	ck_assert_int_eq(chown(d.policy, 1000, 0), 0);
}
static void directory_writable_by_all(void)
{
	ck_assert_int_eq(chmod(d.policy, 0777), 0);
}
static void directory_for_file(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/b.fdp", d.policy);
	ck_assert_int_eq(mkdir(path, 0755), 0);
}
static void leftovers(void)
{
	static const char *const names[] = { ".b.fdp", "b.fdp~", "b.fdp.dpkg-old", "#b.fdp#" };

	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		daemon_write_policy(&d, names[i], "version 1;\nalow\n");
}

static const struct {
	const char *name;
	void (*change)(void);
	int exit_code;
	enum wire_reason reason;
} changes[] = {
	{ "empty directory", directory_empty, 0, WIRE_REASON_DEFAULT },
	{ "missing directory", directory_missing, 0, WIRE_REASON_DEFAULT },
	{ "empty file", file_empty, 2, WIRE_REASON_OK },
	{ "comments", file_of_comments, 0, WIRE_REASON_DEFAULT },
	{ "file of somebody", file_of_somebody, 2, WIRE_REASON_OK },
	{ "file writable by its group", file_writable_by_group, 2, WIRE_REASON_OK },
	{ "directory of somebody", directory_of_somebody, 2, WIRE_REASON_OK },
	{ "directory writable by all", directory_writable_by_all, 2, WIRE_REASON_OK },
	{ "directory named as a file", directory_for_file, 2, WIRE_REASON_OK },
	{ "leftovers of editors and packages", leftovers, 0, WIRE_REASON_OK },
};

START_TEST(reload_meets_a_policy_directory_that_is_not_as_it_should_be)
{
	char path[128], *text;
	int r;

	start();
	changes[_i].change();
	r = daemon_reload(&d, &text);
	ck_assert_msg(r == changes[_i].exit_code, "%s: %d: %s", changes[_i].name, r, text);
	free(text);
	assert_serves(changes[_i].reason);
	snprintf(path, sizeof(path), "%s/b.fdp", d.policy);
	rmdir(path);
	stop();
}
END_TEST

static void count_fds(int ret[3])
{
	static const char *const names[] = { "parent", "broker", "audit" };

	daemon_await_number(&d, "leaving", 0);
	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		ret[i] = suite_count_fds(daemon_pid(&d, names[i]));
}

/* P62: a file cut inside a statement, cut to nothing or without its last newline is refused. */
START_TEST(reload_refuses_a_policy_cut_anywhere_but_between_lines)
{
	char text[] = ALLOWS;
	int before[3], after[3];

	start();
	count_fds(before);
	for (size_t len = strlen(ALLOWS) - 1; len > 0; len--) {
		if (ALLOWS[len - 1] == '\n')
			continue;
		text[len] = '\0';
		daemon_write_policy(&d, "a.fdp", text);
		ck_assert_msg(daemon_reload(&d, NULL) == 2, "%zu bytes", len);
	}
	assert_serves(WIRE_REASON_OK);
	count_fds(after);
	ck_assert_mem_eq(before, after, sizeof(before));
	stop();
}
END_TEST

/* P65: of a pipelined stream of requests each is judged by one generation or the other. */
START_TEST(reload_under_load_loses_no_request)
{
	static const char *const policies[] = { DENIES, ALLOWS };
	int before[3], after[3];

	start();
	count_fds(before);
	for (size_t i = 0; i < 10; i++) {
		daemon_write_policy(&d, "a.fdp", policies[i % 2]);
		kill(d.pid, SIGHUP);
		for (int n = 0; n < 50; n++) {
			enum wire_reason reason = reason_of(sock);

			ck_assert(reason == WIRE_REASON_OK || reason == WIRE_REASON_DEFAULT);
		}
		/* Decided later than all that were asked for by signal. */
		ck_assert_int_eq(daemon_reload(&d, NULL), 0);
		assert_serves(i % 2 == 0 ? WIRE_REASON_DEFAULT : WIRE_REASON_OK);
	}
	count_fds(after);
	ck_assert_mem_eq(before, after, sizeof(before));
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reload");
	TCase *tcase = suite_case(suite, "reload");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, reload_gives_live_connections_the_new_policy);
	tcase_add_test(tcase, reload_of_a_bad_policy_keeps_the_old_and_says_why);
	tcase_add_test(tcase, reload_by_signal_does_the_same);
	tcase_add_loop_test(tcase, reload_meets_a_policy_directory_that_is_not_as_it_should_be, 0,
			    ELEMENTSOF(changes));
	tcase_add_test(tcase, reload_refuses_a_policy_cut_anywhere_but_between_lines);
	tcase_add_test(tcase, reload_under_load_loses_no_request);
	return suite_main(suite);
}
