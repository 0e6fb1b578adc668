/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/suite.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macro.h"

#define TIMEOUT_SEC 300 /* of what hangs: nothing else takes as long, however busy the machine is */

static int fds_before;
static int runner; /* the pid of the program, whose children run the tests */

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
	tcase_set_timeout(tcase, TIMEOUT_SEC);
	suite_add_tcase(suite, tcase);
	return tcase;
}

bool suite_wants(const char *name)
{
	const char *only = getenv("FDBROKER_TEST");

	return !only || strcmp(name, only) == 0;
}

/* what is left behind */

static const char *const places[] = { "/", "/tmp" };

void suite_make_directory(const char *where, char *ret, size_t size)
{
	int n = snprintf(ret, size, "%s/fdbroker-test.%d.XXXXXX", where[1] == '\0' ? "" : where,
			 runner > 0 ? runner : getpid());

	ck_assert_int_lt(n, (int)size);
	ck_assert_msg(mkdtemp(ret), "%s: %m", ret);
	ck_assert_int_eq(chmod(ret, 0755), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

void suite_remove(const char *path)
{
	/* Not what is mounted there. */
	(void)nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* Whose program is this one, or one that is no more. */
static bool is_left(const char *name)
{
	int pid, len = 0;

	if (sscanf(name, "fdbroker-test.%d.%n", &pid, &len) != 1 || len == 0)
		return false;
	return pid == runner || (kill(pid, 0) < 0 && errno == ESRCH);
}

static void remove_left(const char *where)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir = opendir(where);

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", where, entry->d_name);
		if (is_left(entry->d_name))
			suite_remove(path);
	}
	if (dir)
		closedir(dir);
}

static void remove_all_left(void)
{
	for (size_t i = 0; i < ELEMENTSOF(places); i++)
		remove_left(places[i]);
}

/* Who may not do this mounts nothing either. */
static void keep_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		return;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		perror("mounts of tests are everybody's");
}

int suite_main(Suite *suite)
{
	SRunner *tests = srunner_create(suite);
	int run, failed;

	runner = getpid();
	remove_all_left();
	keep_mounts();
	srunner_run_all(tests, CK_ENV);
	run = srunner_ntests_run(tests);
	failed = srunner_ntests_failed(tests);
	srunner_free(tests);
	remove_all_left();
	return run > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
