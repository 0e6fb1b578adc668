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
#include "tests/support/daemon.h"
#include "tests/support/suite.h"
#include "tests/support/tool.h"

#define ALICE 30000

static struct daemon d;
static int sock;

/* Files of the test's own, in the daemon's directory; `@` in policies and names stands for that. */
static const char live[] = "version 1;\n"
			   "for user root {\n"
			   "	same: allow read '@/one';\n"
			   "	less: allow read '@/two';\n"
			   "	own:  allow read '@/three' { owner root; }\n"
			   "	made: allow create, write '@/new';\n"
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

static void start(void)
{
	char *policy, *alices;

	daemon_prepare(&d);
	policy = expand(live);
	daemon_write_policy(&d, "10-live.fdp", policy);
	free(policy);
	write_file("@/one", "1");
	write_file("@/two", "2");
	write_file("@/three", "3");
	write_file("@/alices", "4");
	alices = expand("@/alices");
	ck_assert_int_eq(chown(alices, ALICE, ALICE), 0);
	free(alices);
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

	while (count("records-written") < n)
		continue;
	audit = daemon_read_audit(&d);
	for (const char *at = audit; (at = strstr(at, what)); at++)
		found++;
	free(audit);
	return found;
}

static const char narrower[] = "version 1;\n"
			       "for user root {\n"
			       "	same: allow read '@/one';\n"
			       "	more: allow read as root '@/three';\n"
			       "	wide: allow read '@/four';\n"
			       "}\n";

START_TEST(shadow_tells_what_it_would_refuse_and_refuses_nothing)
{
	start();
	cast(narrower);
	ck_assert_int_eq(ask("@/two", WIRE_OPEN_READ), 0);
	ck_assert_uint_eq(count("shadow-different"), 1);
	ck_assert_uint_eq(audited("\"shadow\":\"deny\",\"shadow_reason\":\"default\"", 1), 1);
	tool_expect(&d, "shadow --socket=@/admin", 0,
		    "allow by 10-live.less, shadow: deny by default; read @/two, uid 0");
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shadow");
	TCase *tcase = suite_case(suite, "shadow");

	if (daemon_unavailable())
		return daemon_unavailable();
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, shadow_tells_what_it_would_refuse_and_refuses_nothing);
	return suite_main(suite);
}
