/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/support/acts.h"
#include "tests/support/suite.h"

/* The example that makes and removes names in the sandbox, as it is, with the rules of its policy. */

static const char rules[] = "for user 30000 {\n"
			    "    reports: allow create, stat \"@t/his\", \"@t/his/*\";\n"
			    "    latest: allow remove \"@t/his/latest\" { type symlink; }\n"
			    "}\n";

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

int main(void)
{
	Suite *suite = suite_create("sandboxed");
	TCase *tcase = suite_case(suite, "sandboxed");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, a_sandboxed_program_keeps_reports_and_points_to_the_latest);
	return suite_main(suite);
}
