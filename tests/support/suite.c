/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/suite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fds_before;

int suite_count_fds(int pid)
{
	char path[64];
	DIR *dir;
	int n = 0;

	if (pid == 0)
		snprintf(path, sizeof(path), "/proc/self/fd");
	else
		snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return -1;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void count_before(void)
{
	fds_before = suite_count_fds(0);
}

static void count_after(void)
{
	ck_assert_msg(suite_count_fds(0) == fds_before, "descriptors: %d before the test, %d after",
		      fds_before, suite_count_fds(0));
}

TCase *suite_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	/* Checked fixtures run in the test's own process, before and after it. */
	tcase_add_checked_fixture(tcase, count_before, count_after);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return tcase;
}

bool suite_wants(const char *name)
{
	const char *only = getenv("FDBROKER_TEST");

	return !only || strcmp(name, only) == 0;
}

int suite_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int run, failed;

	srunner_run_all(runner, CK_ENV);
	run = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return run > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
