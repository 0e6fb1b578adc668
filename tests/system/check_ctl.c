/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fdbrokerctl in front of the real daemon: what one of them says, the other understands. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "tests/support/daemon.h"
#include "tests/support/fuse.h"
#include "tests/support/suite.h"
#include "tests/support/tool.h"

static const char good[] =
	"version 1;\n"
	"for user root { one: allow read as root '/etc/passwd'; }\n"
	"for user root and userns host and mntns host and pidns host and "
	"not nnp yes and not group 54321 { here: allow read '/etc/hostname' { audit all; } }\n"
	"for user root and userns other { caged: allow read '/etc/issue'; }\n"
	"deny any '/etc/shadow';\n";
static const char bad[] = "version 1;\nfor user root { one: alow read '/etc/passwd'; }\n";

static void start(struct daemon *d)
{
	daemon_prepare(d);
	daemon_write_policy(d, "10-t.fdp", good);
	daemon_start(d);
}

START_TEST(status_knows_what_is_on_disk)
{
	struct daemon d;

	start(&d);
	tool_expect(&d, "status --socket=@/admin", 0, "fdbroker: active, generation 1 (loaded ");
	tool_expect(&d, "status --socket=@/admin", 0, "  on disk:  the same\n");
	daemon_write_policy(&d, "20-t.fdp", "version 1;\n");
	tool_expect(&d, "status --socket=@/admin", 0, "  on disk:  DIFFERENT");
	daemon_stop(&d);
}
END_TEST

START_TEST(reload_exits_as_it_went)
{
	struct daemon d;

	start(&d);
	tool_expect(&d, "reload --socket=@/admin", 0, "");
	tool_expect(&d, "status --socket=@/admin", 0, "generation 2 ");
	daemon_write_policy(&d, "10-t.fdp", bad);
	tool_expect(&d, "reload --socket=@/admin", 2,
		    "10-t.fdp:2:22: error[E002]: unknown statement 'alow'");
	tool_expect(&d, "status --socket=@/admin", 0, "DIFFERENT, and invalid: ");
	tool_expect(&d, "status --socket=@/admin", 0, "last reload refused ");
	daemon_stop(&d);
}
END_TEST

/* W205 */
START_TEST(check_warns_of_files_that_a_process_answers_for)
{
	struct daemon d;
	struct fuse fuse;
	char *directory, *policy;

	start(&d);
	directory = tool_expand(&d, "@/mounted");
	policy = tool_expand(&d, "version 1;\nfor user root { a: allow read '@/mounted/a'; }\n");
	daemon_write_policy(&d, "20-t.fdp", policy);
	ck_assert_int_eq(mkdir(directory, 0755), 0);
	tool_expect(&d, "check --policy=@/policy.d", 0, "/mounted/a does not exist");
	ck_assert_int_eq(fuse_start(&fuse, directory, 0), 0);
	tool_expect(&d, "check --policy=@/policy.d", 0,
		    "warning[W205]: on a file system that a process answers for");
	ck_assert_int_eq(fuse_stop(&fuse), 0);
	ck_assert_int_eq(rmdir(directory), 0);
	free(directory);
	free(policy);
	daemon_stop(&d);
}
END_TEST

static const char more[] = "version 1;\n"
			   "for user root { two: allow read '/etc/group'; }\n"
			   "expect allow read '/etc/group' as user root;\n";

static void start_keeping(struct daemon *d)
{
	daemon_prepare(d);
	d->keeps = true;
	daemon_write_policy(d, "10-t.fdp", good);
	daemon_start(d);
}

START_TEST(trial_shows_what_it_changes_and_until_when)
{
	struct daemon d;

	start_keeping(&d);
	daemon_write_policy(&d, "20-t.fdp", more);
	tool_expect(&d, "reload --confirm 1h --socket=@/admin", 0,
		    "loaded generation 2: +1 rule, ~0 changed, -0.  1/1 expectations hold.\n"
		    "newly allowed   user root and unit \"some.service\": read /etc/group   "
		    "(20-t.two)\n"
		    "no longer       -\n"
		    "Back to generation 1 in 3600 s unless you run:  fdbrokerctl confirm\n");
	tool_expect(&d, "status --socket=@/admin", 0, " s left, then back to generation 1");
	daemon_write_policy(&d, "10-t.fdp", "version 1;\n");
	tool_expect(&d, "reload --confirm=5min --socket=@/admin --json", 0,
		    "\"generation\":3,\"back_to\":1,\"confirm_in\":300,\"compared\":true,"
		    "\"added\":1,\"changed\":0,\"removed\":");
	tool_expect(&d, "reload --socket=@/admin", 0, "Back to generation 1 in ");
	tool_expect(&d, "confirm --socket=@/admin", 0, "confirmed: generation 4 stays\n");
	tool_expect(&d, "confirm --socket=@/admin", 1, "nothing waits for a confirmation\n");
	tool_expect(&d, "confirm --socket=@/admin --json", 1, "\"confirmed\":false");
	daemon_write_policy(&d, "10-t.fdp", bad);
	tool_expect(&d, "reload --confirm 1h --socket=@/admin", 2, "10-t.fdp:2:22: error[E002]");
	daemon_stop(&d);
}
END_TEST

START_TEST(diff_compares_what_runs_with_what_is_installed)
{
	struct daemon d;

	start_keeping(&d);
	tool_expect(&d, "diff --socket=@/admin", 0, "No difference.\n");
	daemon_write_policy(&d, "20-t.fdp", more);
	tool_expect(&d, "diff --socket=@/admin", 1,
		    "= read /etc/group as user root and unit \"some.service\": was deny, now "
		    "allow\n"
		    "1 added, 0 removed, 0 changed.\n");
	tool_expect(&d, "diff --text --socket=@/admin", 1, "+for user root { two: allow read");
	tool_expect(&d, "diff -q --socket=@/admin", 1, "");
	tool_expect(&d, "reload --confirm 1h --socket=@/admin", 0, "");
	tool_expect(&d, "diff --socket=@/admin", 0, "No difference.\n");
	daemon_write_policy(&d, "20-t.fdp", bad);
	tool_expect(&d, "diff --socket=@/admin", 2, "20-t.fdp:2:22: error[E002]");
	daemon_stop(&d);
}
END_TEST

START_TEST(diff_says_that_nothing_was_kept)
{
	struct daemon d;

	start(&d);
	tool_expect(&d, "diff --socket=@/admin", 69,
		    "the daemon has not kept the sources of what it serves");
	daemon_stop(&d);
}
END_TEST

START_TEST(status_says_why_it_is_degraded)
{
	struct daemon d;

	start_keeping(&d);
	daemon_write_policy(&d, "10-t.fdp", bad);
	daemon_end(&d);
	daemon_start(&d);
	tool_expect(&d, "status --socket=@/admin", 0, "fdbroker: degraded, generation 2 ");
	tool_expect(&d, "status --socket=@/admin", 0,
		    "unknown statement 'alow'\n            the last good policy is served\n");
	tool_expect(&d, "status --socket=@/admin", 0, "  on disk:  DIFFERENT, and invalid: ");
	daemon_stop(&d);
}
END_TEST

/* Ask; the decision's id. */
static uint64_t decide(const struct daemon *d, const char *path, int error)
{
	int sock = daemon_connect(d);
	struct wire_answer answer;
	int fd = daemon_ask(sock, path, WIRE_OPEN_READ, &answer);

	ck_assert_int_eq(answer.error, error);
	fd_close(fd);
	fd_close(sock);
	return answer.decision;
}

static void expect_explained(const struct daemon *d, uint64_t decision, int status,
			     const char *says)
{
	char arguments[256];

	snprintf(arguments, sizeof(arguments),
		 "explain --decision=%016" PRIx64 " --policy=@/policy.d --audit-file=@/audit.json",
		 decision);
	tool_expect(d, arguments, status, says);
}

static void expect_unwarned(const struct daemon *d, uint64_t decision)
{
	char arguments[256], *said;

	snprintf(arguments, sizeof(arguments),
		 "explain --decision=%016" PRIx64 " --policy=@/policy.d --audit-file=@/audit.json",
		 decision);
	(void)tool_run(d, arguments, &said);
	ck_assert_msg(!strstr(said, "the policy on disk"), "%s", said);
	free(said);
}

START_TEST(explain_finds_a_decision_in_the_audit)
{
	uint64_t allowed, by_rule, by_default, here, caged;
	struct daemon d;

	start(&d);
	allowed = decide(&d, "/etc/passwd", 0);
	by_rule = decide(&d, "/etc/shadow", 13);
	by_default = decide(&d, "/etc/a\033[2Jb", 13);
	here = decide(&d, "/etc/hostname", 0);
	caged = decide(&d, "/etc/issue", 13);
	daemon_await_at_least(&d, "records-written", 5);
	expect_explained(&d, allowed, 0, "recorded  allow ok by 10-t.one at ");
	expect_explained(&d, allowed, 0, "ALLOW by 10-t.one (");
	expect_explained(&d, by_rule, 1, "recorded  deny rule by 10-t.L5 at ");
	expect_explained(&d, by_default, 1, "request   read /etc/a\\x1b[2Jb ");
	expect_explained(&d, by_default, 1, "caller    root(0):root(0)");
	/* What hinges on the process's traits is decided, as the daemon did. */
	expect_explained(&d, here, 0, "ALLOW by 10-t.here (");
	expect_explained(&d, caged, 1, "DENY  default");
	/* The record knows which policy decided. */
	expect_unwarned(&d, caged);
	daemon_write_policy(&d, "20-t.fdp", "version 1;\n");
	expect_explained(&d, caged, 1, "the policy on disk is not the one that decided");
	daemon_stop(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ctl");
	TCase *tcase = suite_case(suite, "ctl");

	if (daemon_unavailable())
		return daemon_unavailable();
	tcase_add_test(tcase, status_knows_what_is_on_disk);
	tcase_add_test(tcase, reload_exits_as_it_went);
	tcase_add_test(tcase, check_warns_of_files_that_a_process_answers_for);
	tcase_add_test(tcase, trial_shows_what_it_changes_and_until_when);
	tcase_add_test(tcase, diff_compares_what_runs_with_what_is_installed);
	tcase_add_test(tcase, diff_says_that_nothing_was_kept);
	tcase_add_test(tcase, status_says_why_it_is_degraded);
	tcase_add_test(tcase, explain_finds_a_decision_in_the_audit);
	return suite_main(suite);
}
