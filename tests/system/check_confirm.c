/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A policy on trial: it serves, and goes again unless somebody confirms it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/daemon.h"
#include "tests/support/suite.h"
#include "wire/admin.h"

#define ALLOWS "version 1;\nfor user root { a: allow read \"/etc/hostname\"; }\n"
#define DENIES "version 1;\ndeny any \"/etc/hostname\";\n"
#define EMPTY  "version 1;\n"
#define BAD    "version 1;\nalow\n"

#define LONG_SEC 3600
#define BACK	 "serving the last good policy"

static struct daemon d;

static void start(void)
{
	daemon_prepare(&d);
	d.keeps = true;
	daemon_write_policy(&d, "a.fdp", ALLOWS);
	daemon_start(&d);
}

static void ask(uint16_t opcode, uint32_t sec, int exit_code, const char *says)
{
	char *text;
	int r = daemon_admin(&d, opcode, sec, &text);

	ck_assert_msg(r == exit_code && strstr(text, says), "%d: %s", r, text);
	free(text);
}

static void try_policy(const char *text, uint32_t sec)
{
	daemon_write_policy(&d, "a.fdp", text);
	ask(ADMIN_OPCODE_TRIAL, sec, 0, "");
}

static void assert_last_good(const char *text)
{
	char path[PATH_MAX], content[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/last-good/policy.d/a.fdp", d.state);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	content[fread(content, 1, sizeof(content) - 1, file)] = '\0';
	fclose(file);
	ck_assert_str_eq(content, text);
}

static bool has_unconfirmed(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/unconfirmed", d.state);
	return access(path, F_OK) == 0;
}

static void restart(void)
{
	daemon_end(&d);
	daemon_start(&d);
}

START_TEST(trial_serves_and_is_not_the_last_good_policy)
{
	start();
	try_policy(DENIES, LONG_SEC);
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_RULE);
	assert_last_good(ALLOWS);
	daemon_assert_status_has(&d, "sources", "/state/unconfirmed/policy.d");
	daemon_assert_status_has(&d, "on-trial", "3");
	daemon_assert_status(&d, "back-to", "1");
	daemon_stop(&d);
}
END_TEST

START_TEST(confirmed_it_stays)
{
	start();
	try_policy(DENIES, LONG_SEC);
	ask(ADMIN_OPCODE_CONFIRM, 0, 0, "");
	assert_last_good(DENIES);
	ck_assert(!has_unconfirmed());
	daemon_assert_status(&d, "on-trial", "");
	daemon_assert_status_has(&d, "sources", "/state/last-good/policy.d");
	restart();
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_RULE);
	daemon_assert_status(&d, "serves", "installed");
	daemon_stop(&d);
}
END_TEST

START_TEST(not_confirmed_it_goes)
{
	start();
	try_policy(DENIES, 1);
	daemon_await(&d, BACK);
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_OK);
	daemon_assert_status(&d, "state", "active");
	daemon_assert_status(&d, "serves", "last-good");
	daemon_assert_status(&d, "taken-back", "2");
	assert_last_good(ALLOWS);
	ask(ADMIN_OPCODE_CONFIRM, 0, 1, "too late: the policy of generation 2 was not confirmed");
	daemon_stop(&d);
}
END_TEST

START_TEST(nothing_to_confirm_is_said)
{
	start();
	ask(ADMIN_OPCODE_CONFIRM, 0, 1, "nothing waits for a confirmation\n");
	daemon_stop(&d);
}
END_TEST

START_TEST(refused_it_is_no_trial)
{
	start();
	daemon_write_policy(&d, "a.fdp", BAD);
	ask(ADMIN_OPCODE_TRIAL, LONG_SEC, 2, "a.fdp:2:1");
	ask(ADMIN_OPCODE_CONFIRM, 0, 1, "nothing waits");
	daemon_write_policy(&d, "a.fdp", DENIES);
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	assert_last_good(DENIES);
	daemon_stop(&d);
}
END_TEST

START_TEST(second_trial_goes_back_to_before_the_first)
{
	start();
	try_policy(EMPTY, LONG_SEC);
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_DEFAULT);
	try_policy(DENIES, 1);
	daemon_await(&d, BACK);
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_OK);
	daemon_assert_status(&d, "taken-back", "3");
	daemon_stop(&d);
}
END_TEST

START_TEST(refused_second_trial_leaves_the_first_its_time)
{
	start();
	try_policy(DENIES, 2);
	daemon_write_policy(&d, "a.fdp", BAD);
	ask(ADMIN_OPCODE_TRIAL, LONG_SEC, 2, "a.fdp:2:1");
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_RULE);
	daemon_await(&d, BACK);
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_OK);
	daemon_stop(&d);
}
END_TEST

START_TEST(plain_reload_is_part_of_the_trial)
{
	start();
	try_policy(DENIES, 2);
	daemon_write_policy(&d, "a.fdp", EMPTY);
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_DEFAULT);
	assert_last_good(ALLOWS);
	daemon_await(&d, BACK);
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_OK);
	/* After it, it is somebody's word. */
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_DEFAULT);
	assert_last_good(EMPTY);
	ck_assert(!has_unconfirmed());
	daemon_stop(&d);
}
END_TEST

START_TEST(whoever_asked_may_go)
{
	uint8_t request[ADMIN_REQUEST_MAX];
	int sock, size;

	start();
	daemon_write_policy(&d, "a.fdp", DENIES);
	size = admin_request_write(&(struct admin_request){ ADMIN_OPCODE_TRIAL, 1 }, request,
				   sizeof(request));
	sock = daemon_try_connect(d.admin);
	ck_assert_int_ge(sock, 0);
	ck_assert_int_eq(send(sock, request, (size_t)size, 0), size);
	fd_close(sock);
	daemon_await(&d, "serving a policy on trial");
	daemon_await(&d, BACK);
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_OK);
	daemon_stop(&d);
}
END_TEST

START_TEST(restart_in_the_trial_goes_back)
{
	start();
	try_policy(DENIES, LONG_SEC);
	restart();
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_OK);
	daemon_assert_status(&d, "state", "active");
	daemon_assert_status(&d, "serves", "last-good");
	restart();
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_OK);
	/* Asked for, it is loaded. */
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_RULE);
	restart();
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_RULE);
	daemon_stop(&d);
}
END_TEST

START_TEST(crash_in_the_trial_goes_back)
{
	start();
	d.may_be_killed = true;
	try_policy(DENIES, LONG_SEC);
	kill(daemon_pid(&d, "broker"), SIGKILL);
	daemon_await(&d, BACK);
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_OK);
	ask(ADMIN_OPCODE_CONFIRM, 0, 1, "too late");
	/* And what crashed is not loaded by the next crash. */
	kill(daemon_pid(&d, "broker"), SIGKILL);
	daemon_await(&d, BACK);
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_OK);
	daemon_stop(&d);
}
END_TEST

START_TEST(what_cannot_be_taken_back_stays_and_is_told)
{
	char path[PATH_MAX];

	start();
	try_policy(DENIES, 1);
	snprintf(path, sizeof(path), "%s/last-good/about", d.state);
	ck_assert_int_eq(unlink(path), 0);
	daemon_await(&d, "not confirmed, and it could not be taken back");
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_RULE);
	daemon_assert_status_has(&d, "problem", "not confirmed, and it could not be taken back");
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	daemon_assert_status(&d, "problem", "");
	assert_last_good(DENIES);
	daemon_stop(&d);
}
END_TEST

START_TEST(without_a_way_back_there_is_no_trial)
{
	daemon_prepare(&d);
	daemon_write_policy(&d, "a.fdp", ALLOWS);
	daemon_start(&d);
	ask(ADMIN_OPCODE_TRIAL, LONG_SEC, 2, "there is nothing to go back to");
	ck_assert_uint_eq(daemon_number(&d, "generation"), 1);
	daemon_stop(&d);
}
END_TEST

/* It could be lost by a restart. */
START_TEST(what_cannot_be_kept_is_not_tried)
{
	start();
	ck_assert_int_eq(mount(d.state, d.state, NULL, MS_BIND, NULL), 0);
	ck_assert_int_eq(mount(NULL, d.state, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
	daemon_write_policy(&d, "a.fdp", DENIES);
	ask(ADMIN_OPCODE_TRIAL, LONG_SEC, 2, "it could not be taken back");
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_OK);
	ck_assert_int_eq(umount(d.state), 0);
	daemon_stop(&d);
}
END_TEST

static const uint32_t spans[] = { 0, 86401, UINT32_MAX };

START_TEST(trial_has_an_end)
{
	start();
	ask(ADMIN_OPCODE_TRIAL, spans[_i], 2, "a trial takes 1 s to 86400 s");
	ask(ADMIN_OPCODE_TRIAL, 86400, 0, "");
	daemon_stop(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("confirm");
	TCase *tcase = suite_case(suite, "confirm");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, trial_serves_and_is_not_the_last_good_policy);
	tcase_add_test(tcase, confirmed_it_stays);
	tcase_add_test(tcase, not_confirmed_it_goes);
	tcase_add_test(tcase, nothing_to_confirm_is_said);
	tcase_add_test(tcase, refused_it_is_no_trial);
	tcase_add_test(tcase, second_trial_goes_back_to_before_the_first);
	tcase_add_test(tcase, refused_second_trial_leaves_the_first_its_time);
	tcase_add_test(tcase, plain_reload_is_part_of_the_trial);
	tcase_add_test(tcase, whoever_asked_may_go);
	tcase_add_test(tcase, restart_in_the_trial_goes_back);
	tcase_add_test(tcase, crash_in_the_trial_goes_back);
	tcase_add_test(tcase, what_cannot_be_taken_back_stays_and_is_told);
	tcase_add_test(tcase, without_a_way_back_there_is_no_trial);
	tcase_add_test(tcase, what_cannot_be_kept_is_not_tried);
	tcase_add_loop_test(tcase, trial_has_an_end, 0, ELEMENTSOF(spans));
	return suite_main(suite);
}
