/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last policy that loaded, kept on disk, and what a start with a bad one makes of it. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/daemon.h"
#include "tests/support/suite.h"

#define ALLOWS "version 1;\nfor user root { a: allow read \"/etc/hostname\"; }\n"
#define DENIES "version 1;\ndeny any \"/etc/hostname\";\n"
#define BAD    "version 1;\nalow\n"

static struct daemon d;

static void prepare(void)
{
	daemon_prepare(&d);
	d.keeps = true;
}

/* Start it with a good policy of two files, and stop it, but leave what it kept. */
static void restart(void)
{
	daemon_end(&d);
	daemon_start(&d);
}

static void start_good(void)
{
	prepare();
	daemon_write_policy(&d, "a.fdp", ALLOWS);
	daemon_write_policy(&d, "b.fdp", "version 1;\n# why\n");
	daemon_start(&d);
}

static void kept_path(char *ret, size_t size, const char *name)
{
	snprintf(ret, size, "%s/last-good/%s", d.state, name);
}

static void assert_kept(const char *name, const char *text)
{
	char path[PATH_MAX], content[256] = "";
	struct stat st;
	FILE *file;

	kept_path(path, sizeof(path), name);
	file = fopen(path, "re");
	ck_assert_msg(file, "%s is not there", path);
	ck_assert_int_eq(fstat(fileno(file), &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	content[fread(content, 1, sizeof(content) - 1, file)] = '\0';
	fclose(file);
	ck_assert_msg(strstr(content, text), "%s: %s", path, content);
}

static void change_kept(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	kept_path(path, sizeof(path), name);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(last_good_is_kept_as_it_was_read)
{
	struct stat st;

	start_good();
	ck_assert_int_eq(stat(d.state, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFDIR | 0700);
	assert_kept("policy.d/a.fdp", ALLOWS);
	assert_kept("policy.d/b.fdp", "version 1;\n# why\n");
	assert_kept("about", "\ngeneration 1\nloaded 20");
	daemon_assert_status_has(&d, "sources", "/state/last-good/policy.d");
	/* Of the next policy, and nothing of the one of before. */
	daemon_write_policy(&d, "b.fdp", NULL);
	daemon_write_policy(&d, "a.fdp", DENIES);
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	assert_kept("policy.d/a.fdp", DENIES);
	assert_kept("about", "\ngeneration 2\n");
	daemon_write_policy(&d, "a.fdp", BAD);
	ck_assert_int_eq(daemon_reload(&d, NULL), 2);
	assert_kept("policy.d/a.fdp", DENIES);
	daemon_stop(&d);
}
END_TEST

START_TEST(start_with_a_bad_policy_serves_the_last_good_one)
{
	start_good();
	daemon_write_policy(&d, "a.fdp", BAD);
	restart();
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_OK);
	daemon_assert_status(&d, "state", "degraded");
	daemon_assert_status(&d, "serves", "last-good");
	daemon_assert_status_has(&d, "degraded-why", "a.fdp:2:1: error[E002]");
	/* It stays what it is. */
	assert_kept("policy.d/a.fdp", ALLOWS);
	assert_kept("about", "\ngeneration 1\n");
	/* A bad reload changes nothing; a good one ends it. */
	ck_assert_int_eq(daemon_reload(&d, NULL), 2);
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_OK);
	daemon_write_policy(&d, "a.fdp", DENIES);
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_RULE);
	daemon_assert_status(&d, "state", "active");
	daemon_assert_status(&d, "serves", "installed");
	assert_kept("policy.d/a.fdp", DENIES);
	daemon_stop(&d);
}
END_TEST

START_TEST(crash_over_a_bad_policy_serves_the_last_good_one)
{
	start_good();
	d.may_be_killed = true;
	daemon_write_policy(&d, "a.fdp", BAD);
	kill(daemon_pid(&d, "broker"), SIGKILL);
	daemon_await(&d, "degraded: the last good policy is served");
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_OK);
	daemon_stop(&d);
}
END_TEST

START_TEST(deny_all_refuses_everything_instead)
{
	start_good();
	daemon_write_config(&d, "on-start-error deny-all;");
	daemon_write_policy(&d, "a.fdp", BAD);
	restart();
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_DEGRADED);
	daemon_assert_status(&d, "state", "degraded");
	daemon_assert_status(&d, "serves", "nothing");
	daemon_assert_status_has(&d, "degraded-why", "a.fdp:2:1: error[E002]");
	daemon_stop(&d);
}
END_TEST

/* What becomes of what was kept, and what is said of it. */
static void lose_file(void)
{
	char path[PATH_MAX];

	kept_path(path, sizeof(path), "policy.d/b.fdp");
	ck_assert_int_eq(unlink(path), 0);
}
static void lose_all(void)
{
	char path[PATH_MAX], elsewhere[PATH_MAX];

	kept_path(path, sizeof(path), "");
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", d.state);
	ck_assert_int_eq(rename(path, elsewhere), 0);
}
static void change_file(void)
{
	change_kept("policy.d/a.fdp", "version 1;\nfor anyone { a: allow read \"/**\"; }\n");
}
static void break_file(void)
{
	change_kept("policy.d/a.fdp", BAD);
}
static void break_about(void)
{
	change_kept("about", "policy 1234\n");
}
static void give_file(void)
{
	char path[PATH_MAX];

	kept_path(path, sizeof(path), "policy.d/a.fdp");
	ck_assert_int_eq(chown(path, 1000, 0), 0);
}
static void give_directory(void)
{
	char path[PATH_MAX];

	kept_path(path, sizeof(path), "policy.d");
	ck_assert_int_eq(chmod(path, 0777), 0);
}
static void give_state(void)
{
	ck_assert_int_eq(chown(d.state, 1000, 0), 0);
}

static const struct {
	const char *name;
	void (*change)(void);
	const char *said;
} changes[] = {
	{ "a file is missing", lose_file, "what is there is not what was kept: sha256" },
	{ "nothing is there", lose_all, "No such file" },
	{ "a file was changed", change_file, "what is there is not what was kept: sha256" },
	{ "a file is no policy", break_file, "a.fdp:2:1: error[E002]" },
	{ "about is cut", break_about, "Bad message" },
	{ "a file is somebody's", give_file, "not owned by root" },
	{ "the directory is for all to write", give_directory, "writable by its group or by" },
	{ "the state directory is somebody's", give_state, "Operation not permitted" },
};

START_TEST(last_good_that_is_not_what_was_kept_is_not_served)
{
	start_good();
	changes[_i].change();
	daemon_write_policy(&d, "a.fdp", BAD);
	restart();
	ck_assert_msg(daemon_reason(&d, "/etc/hostname") == WIRE_REASON_DEGRADED,
		      "%s: it is served", changes[_i].name);
	daemon_assert_status(&d, "serves", "nothing");
	daemon_assert_status_has(&d, "degraded-why", "a.fdp:2:1: error[E002]");
	daemon_assert_status_has(&d, "degraded-why", changes[_i].said);
	daemon_write_policy(&d, "a.fdp", ALLOWS);
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_OK);
	daemon_stop(&d);
}
END_TEST

/* ENOSPC and EROFS: it serves, and says that it did not keep it. */
static const struct {
	const char *options;
	unsigned long flags;
	const char *said;
} places[] = {
	{ "mode=0700,size=4k,nr_inodes=3", 0, "No space left on device" },
	{ "mode=0700,size=1m", MS_RDONLY, "Read-only file system" },
};

START_TEST(what_cannot_be_kept_is_served_all_the_same)
{
	prepare();
	ck_assert_int_eq(mkdir(d.state, 0700), 0);
	ck_assert_int_eq(mount("test", d.state, "tmpfs", places[_i].flags, places[_i].options), 0);
	daemon_write_policy(&d, "a.fdp", ALLOWS);
	daemon_start(&d);
	ck_assert_int_eq(daemon_reason(&d, "/etc/hostname"), WIRE_REASON_OK);
	daemon_assert_status(&d, "state", "active");
	daemon_assert_status_has(&d, "not-kept", places[_i].said);
	daemon_assert_status(&d, "sources", "");
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	daemon_end(&d);
	ck_assert_int_eq(umount(d.state), 0);
	daemon_discard(&d);
}
END_TEST

/* A generation that died while it wrote leaves this. */
START_TEST(half_of_what_was_to_be_kept_is_cleared_away)
{
	char path[PATH_MAX];

	start_good();
	snprintf(path, sizeof(path), "%s/loading", d.state);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	strcat(path, "/policy.d");
	ck_assert_int_eq(mkdir(path, 0700), 0);
	strcat(path, "/half.fdp");
	ck_assert_int_eq(symlink("/etc/hostname", path), 0);
	daemon_write_policy(&d, "a.fdp", DENIES);
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	assert_kept("policy.d/a.fdp", DENIES);
	ck_assert_int_eq(access("/etc/hostname", F_OK), 0);
	kept_path(path, sizeof(path), "policy.d/half.fdp");
	ck_assert_int_eq(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/loading", d.state);
	ck_assert_int_eq(access(path, F_OK), -1);
	daemon_stop(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("last_good");
	TCase *tcase = suite_case(suite, "last_good");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, last_good_is_kept_as_it_was_read);
	tcase_add_test(tcase, start_with_a_bad_policy_serves_the_last_good_one);
	tcase_add_test(tcase, crash_over_a_bad_policy_serves_the_last_good_one);
	tcase_add_test(tcase, deny_all_refuses_everything_instead);
	tcase_add_loop_test(tcase, last_good_that_is_not_what_was_kept_is_not_served, 0,
			    ELEMENTSOF(changes));
	tcase_add_loop_test(tcase, what_cannot_be_kept_is_served_all_the_same, 0,
			    ELEMENTSOF(places));
	tcase_add_test(tcase, half_of_what_was_to_be_kept_is_cleared_away);
	return suite_main(suite);
}
