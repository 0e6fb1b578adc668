/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A candidate policy beside the one that serves: answers are the live policy's and nobody else's,
 * and what the candidate would have answered otherwise is in the audit, once, and counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "base/text.h"
#include "tests/support/batching.h"
#include "tests/support/daemon.h"
#include "tests/support/suite.h"
#include "tests/support/tool.h"
#include "wire/admin.h"

#define ALICE 30000

static struct daemon d;
static int sock;

/* Files of the test's own, in the daemon's directory; `@` in policies and names stands for that. */
static const char live[] = "version 1;\n"
			   "for user root {\n"
			   "	same: allow read '@/one', '@/link', '@/none';\n"
			   "	less: allow read '@/two';\n"
			   "	made: allow create, write '@/new';\n"
			   "	held: allow read '@/lent' { owner root; }\n"
			   "	kept: allow read '@/unfollowed' { symlinks refuse; }\n"
			   "}\n";

static char *expand(const char *text)
{
	return tool_expand(&d, text);
}

static void write_file(const char *name, const char *content)
{
	char *path = expand(name), *text = expand(content);
	FILE *file = fopen(path, "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fchmod(fileno(file), 0644), 0);
	ck_assert_int_eq(fclose(file), 0);
	free(path);
	free(text);
}

/* It is Alice's, and for all to read. */
static void give(const char *name)
{
	char *path = expand(name);

	ck_assert_int_eq(chown(path, ALICE, ALICE), 0);
	free(path);
}

static void make_link(const char *name)
{
	char *path = expand(name), *target = expand("@/one");

	ck_assert_int_eq(symlink(target, path), 0);
	free(path);
	free(target);
}

static void start(void)
{
	char *policy;

	daemon_prepare(&d);
	policy = expand(live);
	daemon_write_policy(&d, "10-live.fdp", policy);
	free(policy);
	write_file("@/one", "1");
	write_file("@/two", "2");
	write_file("@/alices", "3");
	write_file("@/lent", "4");
	give("@/alices");
	give("@/lent");
	make_link("@/link");
	make_link("@/unfollowed");
	daemon_start(&d);
	sock = daemon_connect(&d);
}

static void stop(void)
{
	sock = fd_close(sock);
	daemon_stop(&d);
}

/* Load @candidate in the place of the live file. */
static void cast(const char *candidate)
{
	write_file("@/10-live.fdp", candidate);
	tool_expect(&d, "shadow --socket=@/admin @/10-live.fdp", 0, "The shadow runs.");
}

/* The answer's errno. */
static int ask(const char *name, uint32_t flags)
{
	char *path = expand(name);
	struct wire_answer answer;

	fd_close(daemon_ask(sock, path, flags, &answer));
	free(path);
	return answer.error;
}

static uint64_t count(const char *key)
{
	return daemon_number(&d, key);
}

/* How often the audit says @what of @name, once all of @n records are there. */
static size_t audited(const char *what, uint64_t n)
{
	size_t found = 0;
	char *audit;

	daemon_await_at_least(&d, "records-written", n);
	audit = daemon_read_audit(&d);
	for (const char *at = audit; (at = strstr(at, what)); at++)
		found++;
	free(audit);
	return found;
}

START_TEST(shadow_tells_what_it_would_refuse_and_refuses_nothing)
{
	start();
	cast("version 1;\nfor user root { same: allow read '@/one'; }\n");
	ck_assert_int_eq(ask("@/two", WIRE_OPEN_READ), 0);
	ck_assert_uint_eq(count("shadow-different"), 1);
	ck_assert_uint_eq(audited("\"shadow\":\"deny\",\"shadow_reason\":\"default\"", 1), 1);
	tool_expect(&d, "shadow --socket=@/admin", 0,
		    "allow by 10-live.less, shadow: deny by default; read @/two, uid 0");
	stop();
}
END_TEST

/* A grant that no rule wants in the audit is not there because of a shadow. */
START_TEST(shadow_is_silent_where_it_agrees)
{
	start();
	cast("version 1;\nfor user root { another: allow read '@/one', '@/two'; }\n");
	ck_assert_int_eq(ask("@/one", WIRE_OPEN_READ), 0);
	ck_assert_int_eq(ask("@/two", WIRE_OPEN_READ), 0);
	ck_assert_int_eq(ask("@/gone", WIRE_OPEN_READ), EACCES);
	ck_assert_uint_eq(count("shadow-same"), 3);
	ck_assert_uint_eq(count("shadow-different"), 0);
	ck_assert_uint_eq(count("shadow-unknown"), 0);
	ck_assert_uint_eq(audited("\"shadow", 1), 0);
	tool_expect(&d, "shadow --status --socket=@/admin", 0, "3 same, 0 different, 0 not known");
	stop();
}
END_TEST

/* Each with a candidate, a request and what is found of it in the audit. */
static const struct {
	const char *name, *candidate, *path;
	uint32_t flags;
	int error;
	const char *audit; /* NULL: the same */
} cases[] = {
	{ "as root instead of as the caller",
	  "allow read as root '@/one' { parents any; note 'x'; }", "@/one", WIRE_OPEN_READ, 0,
	  "\"shadow\":\"allow\",\"shadow_reason\":\"ok\",\"shadow_rule\":\"10-live.new\","
	  "\"shadow_authority\":\"root\"" },
	{ "a name that nobody allows now", "allow read '@/alices' { owner root; }", "@/alices",
	  WIRE_OPEN_READ, EACCES,
	  "\"shadow\":\"allow-if\",\"shadow_reason\":\"ok\",\"shadow_rule\":\"10-live.new\","
	  "\"shadow_authority\":\"caller\",\"shadow_if\":\"owner { root }\"" },
	{ "a condition that fails on the object seen", "allow read '@/two' { max-size 0; }",
	  "@/two", WIRE_OPEN_READ, 0,
	  "\"shadow\":\"deny\",\"shadow_reason\":\"condition\",\"shadow_condition\":\"max-size\"" },
	{ "a condition that holds on the object seen", "allow read '@/two' { max-size 1; }",
	  "@/two", WIRE_OPEN_READ, 0, NULL },
	{ "a condition that failed and would not", "allow read '@/lent';", "@/lent", WIRE_OPEN_READ,
	  EACCES, "\"shadow\":\"allow\"" },
	{ "hidden instead of refused", "deny read '@/gone' { hide; }", "@/gone", WIRE_OPEN_READ,
	  EACCES, "\"shadow\":\"deny\",\"shadow_reason\":\"not-found\"" },
	{ "only complained of", "allow read '@/two';\n}\nfor user root mode complain {", "@/one",
	  WIRE_OPEN_READ, 0, "\"shadow\":\"complain\"" },
	{ "a link that both follow", "allow read '@/link', '@/one';", "@/link", WIRE_OPEN_READ, 0,
	  NULL },
	{ "a link that is followed no more", "allow read '@/link', '@/one' { symlinks refuse; }",
	  "@/link", WIRE_OPEN_READ, 0,
	  "\"shadow\":\"deny\",\"shadow_reason\":\"condition\",\"shadow_condition\":\"symlinks\"" },
	{ "a link to where nothing is allowed", "allow read '@/link';", "@/link", WIRE_OPEN_READ, 0,
	  "\"shadow\":\"deny\",\"shadow_reason\":\"default\"" },
	{ "a link that was not followed", "allow read '@/unfollowed', '@/one';", "@/unfollowed",
	  WIRE_OPEN_READ, EACCES,
	  "\"shadow\":\"allow-if\",\"shadow_reason\":\"ok\",\"shadow_condition\":\"symlinks\"" },
	{ "a directory that was not looked at", "allow read '@/two' { parents trusted; }", "@/two",
	  WIRE_OPEN_READ, 0,
	  "\"shadow\":\"allow-if\",\"shadow_reason\":\"ok\",\"shadow_condition\":\"parents\"" },
	{ "a new file of another mode", "allow create, write '@/new' { create-mode 0600; }",
	  "@/new", WIRE_OPEN_WRITE | WIRE_OPEN_CREATE, 0, "\"shadow\":\"allow\"" },
	{ "a new file like it", "allow create, write \"@/n*\";", "@/new",
	  WIRE_OPEN_WRITE | WIRE_OPEN_CREATE, 0, NULL },
	{ "a copy instead of the file", "allow read '@/one' { deliver snapshot; }", "@/one",
	  WIRE_OPEN_READ, 0, "\"shadow\":\"allow\"" },
	{ "a file that is not there", "allow read '@/none';", "@/none", WIRE_OPEN_READ, ENOENT,
	  NULL },
};

START_TEST(shadow_compares_what_was_seen)
{
	struct text candidate = TEXT_EMPTY;

	start();
	text_printf(&candidate, "version 1;\nfor user root { new: %s }\n", cases[_i].candidate);
	if (strncmp(cases[_i].candidate, "deny", 4) == 0) {
		text_done(&candidate);
		text_printf(&candidate, "version 1;\nnew: %s\n", cases[_i].candidate);
	}
	cast(candidate.data);
	text_done(&candidate);
	ck_assert_int_eq(ask(cases[_i].path, cases[_i].flags), cases[_i].error);
	if (cases[_i].audit)
		ck_assert_msg(audited(cases[_i].audit, 1) == 1, "%s:\n%s", cases[_i].name,
			      daemon_read_audit(&d));
	ck_assert_msg(count("shadow-same") == (cases[_i].audit == NULL), "%s", cases[_i].name);
	stop();
}
END_TEST

/* One that does not differ, and one by the same rule that does; the others are each of another kind. */
START_TEST(shadow_is_asked_for_each_member_of_a_batch)
{
	static const char *const names[] = { "@/one", "@/link", "@/two", "@/alices", "@/lent" };
	struct wire_answer results[ELEMENTSOF(names)];
	char *paths[ELEMENTSOF(names)];

	start();
	cast("version 1;\nfor user root { new: allow read '@/one', '@/alices'; }\n");
	/* From now on its file system is known, and a batch is decided as such. */
	ck_assert_int_eq(ask("@/one", WIRE_OPEN_READ), 0);
	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		paths[i] = expand(names[i]);
	batching_send(sock, 7, (const char *const *)paths, ELEMENTSOF(names));
	ck_assert_uint_eq(batching_receive(sock, 7, ELEMENTSOF(names), results, NULL), 3);
	ck_assert_int_eq(results[1].reason, WIRE_REASON_OK);
	ck_assert_int_eq(results[3].reason, WIRE_REASON_DEFAULT);
	ck_assert_uint_eq(count("shadow-same"), 1 + 2);
	ck_assert_uint_eq(count("shadow-different"), 3);
	ck_assert_uint_eq(audited("\"shadow\":", 3), 3);
	ck_assert_uint_eq(audited("\"shadow\":\"deny\",\"shadow_reason\":\"default\"", 3), 2);
	ck_assert_uint_eq(audited("\"shadow\":\"allow", 3), 1);
	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		free(paths[i]);
	stop();
}
END_TEST

START_TEST(shadow_that_is_invalid_is_refused_and_nothing_else_happens)
{
	start();
	write_file("@/bad.fdp", "version 1;\nalow\n");
	tool_expect(&d, "shadow --socket=@/admin @/bad.fdp", 2, "bad.fdp:2:1: error[E002]");
	ck_assert_uint_eq(count("generation"), 1);
	ck_assert_int_eq(ask("@/one", WIRE_OPEN_READ), 0);
	tool_expect(&d, "shadow --socket=@/admin", 1, "No shadow runs.");
	daemon_assert_status(&d, "refused-why", "");
	stop();
}
END_TEST

/* What the daemon reads it judges itself: not only fdbrokerctl does. */
START_TEST(shadow_that_others_can_change_is_refused_by_the_daemon)
{
	char *text, *old;

	start();
	cast("version 1;\n");
	old = expand("@/shadow");
	ck_assert_int_eq(chmod(old, 0777), 0);
	ck_assert_int_eq(daemon_admin(&d, ADMIN_OPCODE_SHADOW, 0, &text), 2);
	ck_assert_ptr_nonnull(strstr(text, "E009"));
	ck_assert_ptr_nonnull(strstr(text, "writable by its group or by others"));
	/* The one before goes on. */
	ck_assert_uint_eq(count("generation"), 2);
	ck_assert_uint_gt(count("shadow-since"), 0);
	free(text);
	free(old);
	stop();
}
END_TEST

START_TEST(shadow_beside_another_policy_than_the_one_that_runs_is_refused)
{
	start();
	daemon_write_policy(&d, "20-more.fdp", "version 1;\n");
	write_file("@/30-new.fdp", "version 1;\n");
	tool_expect(&d, "shadow --socket=@/admin @/30-new.fdp", 2,
		    "the policy on disk is not the one that runs");
	ck_assert_uint_eq(count("generation"), 1);
	stop();
}
END_TEST

START_TEST(shadow_is_replaced_by_another_and_the_old_stays_if_that_is_refused)
{
	char *text;

	start();
	cast("version 1;\n");
	cast("version 1;\nfor user root { same: allow read '@/one'; }\n");
	ck_assert_int_eq(ask("@/one", WIRE_OPEN_READ), 0);
	ck_assert_uint_eq(count("shadow-same"), 1);
	daemon_write_policy(&d, "20-more.fdp", "version 1;\n");
	tool_expect(&d, "shadow --socket=@/admin @/10-live.fdp", 2, "not the one that runs");
	daemon_write_policy(&d, "20-more.fdp", NULL);
	ck_assert_int_eq(ask("@/two", WIRE_OPEN_READ), 0);
	ck_assert_uint_eq(count("shadow-different"), 1);
	/* And it can be promoted still: its files are back in their place. */
	tool_expect(&d, "shadow --promote --socket=@/admin", 0, "The shadow is the policy now.");
	text = expand("@/shadow");
	ck_assert_int_eq(access(text, F_OK), -1);
	free(text);
	stop();
}
END_TEST

START_TEST(shadow_stops_when_told_to)
{
	start();
	cast("version 1;\n");
	tool_expect(&d, "shadow --stop --socket=@/admin", 0, "The shadow is gone.");
	ck_assert_int_eq(ask("@/one", WIRE_OPEN_READ), 0);
	tool_expect(&d, "shadow --socket=@/admin", 1, "No shadow runs.");
	ck_assert_uint_eq(count("shadow-different"), 0);
	ck_assert_uint_eq(count("generation"), 2);
	tool_expect(&d, "shadow --stop --socket=@/admin", 1, "no shadow runs");
	stop();
}
END_TEST

START_TEST(shadow_ends_with_a_reload)
{
	start();
	cast("version 1;\n");
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	ck_assert_int_eq(ask("@/one", WIRE_OPEN_READ), 0);
	tool_expect(&d, "shadow --socket=@/admin", 1, "No shadow runs.");
	stop();
}
END_TEST

START_TEST(shadow_ends_with_a_crash_and_the_policy_does_not)
{
	start();
	d.may_be_killed = true;
	cast("version 1;\n");
	ck_assert_int_eq(kill(daemon_pid(&d, "broker"), SIGKILL), 0);
	daemon_await_number(&d, "generation", 3);
	ck_assert_int_eq(ask("@/one", WIRE_OPEN_READ), 0);
	tool_expect(&d, "shadow --socket=@/admin", 1, "No shadow runs.");
	stop();
}
END_TEST

START_TEST(shadow_sees_connections_that_are_older_than_it)
{
	int other;

	start();
	other = daemon_connect(&d);
	ck_assert_int_eq(ask("@/one", WIRE_OPEN_READ), 0);
	cast("version 1;\n");
	ck_assert_int_eq(ask("@/one", WIRE_OPEN_READ), 0);
	fd_close(sock);
	sock = other;
	ck_assert_int_eq(ask("@/one", WIRE_OPEN_READ), 0);
	ck_assert_uint_eq(count("shadow-different"), 2);
	stop();
}
END_TEST

START_TEST(shadow_is_promoted_with_its_files_and_loaded)
{
	char *path;
	struct stat st;

	start();
	path = expand("@/policy.d/10-live.fdp");
	ck_assert_int_eq(chmod(path, 0640), 0);
	write_file("@/20-new.fdp", "version 1;\nfor user root { all: allow read '@/alices'; }\n");
	write_file("@/10-live.fdp", "version 1;\nfor user root { same: allow read '@/one'; }\n");
	tool_expect(&d, "shadow --socket=@/admin @/10-live.fdp @/20-new.fdp", 0,
		    "The shadow runs.");
	ck_assert_int_eq(ask("@/alices", WIRE_OPEN_READ), EACCES);
	tool_expect(&d, "shadow --promote --socket=@/admin", 0, "20-new.all  added");
	ck_assert_int_eq(ask("@/alices", WIRE_OPEN_READ), 0);
	ck_assert_int_eq(ask("@/two", WIRE_OPEN_READ), EACCES);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	tool_expect(&d, "status --socket=@/admin", 0, "  on disk:  the same\n");
	tool_expect(&d, "shadow --promote --socket=@/admin", 1, "no shadow runs");
	free(path);
	stop();
}
END_TEST

START_TEST(shadow_is_not_promoted_over_somebody_elses_change)
{
	start();
	cast("version 1;\n");
	daemon_write_policy(&d, "20-more.fdp", "version 1;\n");
	tool_expect(&d, "shadow --promote --socket=@/admin", 2, "was changed since");
	ck_assert_int_eq(ask("@/one", WIRE_OPEN_READ), 0);
	ck_assert_uint_eq(count("generation"), 2);
	tool_expect(&d, "check --policy=@/policy.d", 0, "2 files, 5 rules");
	stop();
}
END_TEST

START_TEST(shadow_is_not_promoted_if_its_files_are_not_those_that_run)
{
	start();
	cast("version 1;\n");
	write_file("@/shadow/10-live.fdp", "version 1;\nfor anyone { allow read '/**'; }\n");
	tool_expect(&d, "shadow --promote --socket=@/admin", 2, "is not the shadow that runs");
	tool_expect(&d, "check --policy=@/policy.d", 0, "1 file, 5 rules");
	stop();
}
END_TEST

START_TEST(shadow_that_does_without_a_file_is_not_promoted)
{
	start();
	write_file("@/30-only.fdp", "version 1;\n");
	tool_expect(&d, "shadow --only --socket=@/admin @/30-only.fdp", 0, "The shadow runs.");
	ck_assert_int_eq(ask("@/one", WIRE_OPEN_READ), 0);
	ck_assert_uint_eq(count("shadow-different"), 1);
	tool_expect(&d, "shadow --promote --socket=@/admin", 2, "does without");
	stop();
}
END_TEST

START_TEST(shadow_speaks_json)
{
	start();
	cast("version 1;\n");
	ck_assert_int_eq(ask("@/one", WIRE_OPEN_READ), 0);
	tool_expect(&d, "shadow --json --socket=@/admin", 0, "\"schema\":1,\"running\":true");
	tool_expect(&d, "shadow --json --socket=@/admin", 0, "\"different\":1,\"unknown\":0");
	tool_expect(&d, "shadow --promote --json --socket=@/admin", 0,
		    "\"promoted\":true,\"files\":[\"@/policy.d/10-live.fdp\"]");
	tool_expect(&d, "shadow --json --socket=@/admin", 1, "\"running\":false");
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shadow");
	TCase *tcase = suite_case(suite, "shadow");

	if (daemon_unavailable())
		return daemon_unavailable();
	tcase_add_test(tcase, shadow_tells_what_it_would_refuse_and_refuses_nothing);
	tcase_add_test(tcase, shadow_is_silent_where_it_agrees);
	tcase_add_loop_test(tcase, shadow_compares_what_was_seen, 0, ELEMENTSOF(cases));
	tcase_add_test(tcase, shadow_is_asked_for_each_member_of_a_batch);
	tcase_add_test(tcase, shadow_that_is_invalid_is_refused_and_nothing_else_happens);
	tcase_add_test(tcase, shadow_that_others_can_change_is_refused_by_the_daemon);
	tcase_add_test(tcase, shadow_beside_another_policy_than_the_one_that_runs_is_refused);
	tcase_add_test(tcase, shadow_is_replaced_by_another_and_the_old_stays_if_that_is_refused);
	tcase_add_test(tcase, shadow_stops_when_told_to);
	tcase_add_test(tcase, shadow_ends_with_a_reload);
	tcase_add_test(tcase, shadow_ends_with_a_crash_and_the_policy_does_not);
	tcase_add_test(tcase, shadow_sees_connections_that_are_older_than_it);
	tcase_add_test(tcase, shadow_is_promoted_with_its_files_and_loaded);
	tcase_add_test(tcase, shadow_is_not_promoted_over_somebody_elses_change);
	tcase_add_test(tcase, shadow_is_not_promoted_if_its_files_are_not_those_that_run);
	tcase_add_test(tcase, shadow_that_does_without_a_file_is_not_promoted);
	tcase_add_test(tcase, shadow_speaks_json);
	return suite_main(suite);
}
