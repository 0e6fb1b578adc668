/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* examples/sandboxed-digest, the real program; the broker's files hold their own names. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macro.h"
#include "tests/support/fake_broker.h"
#include "tests/support/suite.h"

static char socket_path[100];
static pid_t broker;

static void begin(void)
{
	broker = fake_listen(socket_path, sizeof(socket_path));
}

static void end(void)
{
	kill(broker, SIGKILL);
	waitpid(broker, NULL, 0);
	unlink(socket_path);
}

/* Run it; its exit status, and what it wrote to descriptor @fd. */
static int run(const char *arguments, int fd, char *ret_text, size_t size)
{
	const char *builddir = getenv("builddir");
	char command[1000];
	size_t n;
	FILE *f;
	int status;

	snprintf(command, sizeof(command), "%s/examples/sandboxed-digest %s%s %s %s",
		 builddir ? builddir : ".", "--socket=", socket_path, arguments,
		 fd == 2 ? "2>&1 >/dev/null" : "2>/dev/null");
	f = popen(command, "re");
	ck_assert_ptr_nonnull(f);
	n = fread(ret_text, 1, size - 1, f);
	ret_text[n] = '\0';
	status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static const struct {
	const char *arguments;
	int fd, status;
	const char *expected; /* a part of the output */
} runs[] = {
	/* printf /a | sha256sum */
	{ "/a", 1, 0, "6a50dc8584134c7de537c0052ff6d236bf874355e050c90523e0c5ff2a543a28  /a\n" },
	{ "/a", 2, 0, "my own open() of /a fails: Permission denied" },
	{ "'/a\nb'", 1, 0, "  /a\\nb\n" },
	{ "/a /refuse /b", 1, 1, "  /b\n" },
	{ "/a /refuse /b", 2, 1,
	  "/refuse: Permission denied (default, decision 000000000000dead)\n" },
	{ "", 2, 2, "usage:" },
	{ "--help", 2, 2, "usage:" },
};

START_TEST(the_example_digests_what_the_broker_opens)
{
	char text[4096];
	int status = run(runs[_i].arguments, runs[_i].fd, text, sizeof(text));

	ck_assert_msg(status == runs[_i].status, "%s: %d: %s", runs[_i].arguments, status, text);
	ck_assert_msg(strstr(text, runs[_i].expected) != NULL, "%s: %s", runs[_i].arguments, text);
}
END_TEST

START_TEST(without_a_broker_nothing_is_opened)
{
	char text[4096];
	int status;

	unlink(socket_path);
	status = run("/etc/passwd", 1, text, sizeof(text));
	ck_assert_int_eq(status, 2);
	ck_assert_str_eq(text, "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("digest");
	TCase *tcase = suite_case(suite, "example");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, the_example_digests_what_the_broker_opens, 0,
			    (int)ELEMENTSOF(runs));
	tcase_add_test(tcase, without_a_broker_nothing_is_opened);
	return suite_main(suite);
}
