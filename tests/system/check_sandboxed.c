/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/support/acts.h"
#include "tests/support/suite.h"

/* Examples of what a sandboxed program does, as they are. One makes and removes names, with the rules of its
 * policy; one opens files together. */

static const char rules[] = "for user 30000 {\n"
			    "    reports: allow create, stat \"@t/his\", \"@t/his/*\";\n"
			    "    latest: allow remove \"@t/his/latest\" { type symlink; }\n"
			    "}\n";

static const char lines_rules[] = "for user 30000 { allow read \"@t/text\"; }\n";

static int keep(const void *arg)
{
	const char *name = arg;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], name, strlen(name)), (ssize_t)strlen(name));
	fd_close(fds[1]);
	ck_assert_int_eq(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
	ck_assert_int_eq(setenv("FDBROKER_SOCKET", acts_scene.daemon.socket, 1), 0);
	execl("examples/sandboxed-latest", "sandboxed-latest", acts_path("his"), name, NULL);
	return 127;
}

static void assert_latest(const char *name)
{
	char said[64] = "";
	struct stat st;

	ck_assert_int_ge(readlink(acts_path("his/latest"), said, sizeof(said) - 1), 0);
	ck_assert_str_eq(said, name);
	ck_assert_int_eq(stat(acts_path("his/latest"), &st), 0);
	ck_assert_int_eq(st.st_size, (off_t)strlen(name));
	ck_assert_int_eq(st.st_mode, S_IFREG | 0640);
}

START_TEST(a_sandboxed_program_keeps_reports_and_points_to_the_latest)
{
	acts_prepare(rules);
	/* She may make things here, and the policy lets her make one. */
	ck_assert_int_eq(chmod(acts_path("."), 0777), 0);
	scene_start(&acts_scene);
	ck_assert_int_eq(scene_as(ALICE, keep, "monday"), 0);
	acts_assert_is("his", ALICE, S_IFDIR | 0750);
	assert_latest("monday");
	ck_assert_int_eq(scene_as(ALICE, keep, "tuesday"), 0);
	assert_latest("tuesday");
	/* What is there stays. */
	ck_assert_int_eq(scene_as(ALICE, keep, "monday"), 1);
	acts_assert_is("his/monday", ALICE, S_IFREG | 0640);
	assert_latest("tuesday");
	scene_assert_unharmed(&acts_scene);
	scene_stop(&acts_scene);
}
END_TEST

#define MANY 300 /* more than a batch */

/* The same file again and again, and last one that she may not read; @arg: for what it says. */
static int count_lines(const void *arg)
{
	char *argv[MANY + 3] = { (char[]){ "sandboxed-lines" } };
	char text[PATH_MAX], secret[PATH_MAX];

	snprintf(text, sizeof(text), "%s", acts_path("text"));
	snprintf(secret, sizeof(secret), "%s", acts_path("secret"));
	for (size_t i = 1; i <= MANY; i++)
		argv[i] = text;
	argv[MANY + 1] = secret;
	if (dup2(*(const int *)arg, STDOUT_FILENO) < 0 ||
	    setenv("FDBROKER_SOCKET", acts_scene.daemon.socket, 1) < 0)
		return 126;
	execv("examples/sandboxed-lines", argv);
	return 127;
}

static void write_lines(const char *name)
{
	_cleanup_(fd_closep) int fd = open(acts_path(name), O_WRONLY | O_TRUNC | O_CLOEXEC);

	ck_assert_int_eq(write(fd, "1\n2\n3\n", 6), 6);
}

START_TEST(a_sandboxed_program_reads_more_files_than_a_batch_has)
{
	char line[PATH_MAX + 10], expected[PATH_MAX + 10];
	int ends[2], n = 0;
	FILE *said;

	acts_prepare(lines_rules);
	acts_make_file("text", ALICE, 0644);
	acts_make_file("secret", ALICE, 0644);
	write_lines("text");
	scene_start(&acts_scene);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	/* A pipe has room for all of it. */
	ck_assert_int_eq(scene_as(ALICE, count_lines, &ends[1]), 1);
	fd_close(ends[1]);
	said = fdopen(ends[0], "re");
	snprintf(expected, sizeof(expected), "3 %s\n", acts_path("text"));
	for (; fgets(line, sizeof(line), said); n++)
		ck_assert_str_eq(line, expected);
	ck_assert_int_eq(n, MANY);
	fclose(said);
	scene_assert_unharmed(&acts_scene);
	scene_stop(&acts_scene);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sandboxed");
	TCase *tcase = suite_case(suite, "sandboxed");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, a_sandboxed_program_keeps_reports_and_points_to_the_latest);
	tcase_add_test(tcase, a_sandboxed_program_reads_more_files_than_a_batch_has);
	return suite_main(suite);
}
