/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/suite.h"

/*
 * Who sets them is a child of the program that runs the tests, and the only one to know what they were:
 * it puts them back when it is told to, or when that program is no more.
 */

struct sysctl {
	const char *path;
	char on, before;
};

static struct sysctl protections[] = {
	{ "/proc/sys/fs/protected_symlinks", '1', 0 },
	{ "/proc/sys/fs/protected_hardlinks", '1', 0 },
	{ "/proc/sys/fs/protected_regular", '2', 0 },
	{ "/proc/sys/fs/protected_fifos", '2', 0 },
};

static struct sysctl dumps[] = {
	{ "/proc/sys/fs/suid_dumpable", '1', 0 },
};

/* What is set together, and has one lock. */
struct wish {
	struct sysctl *sysctls;
	size_t n;
	bool on;
};

static pid_t keeper;

static char swap(const char *path, char value)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char before = '0';

	if (pread(fd, &before, 1, 0) != 1 || pwrite(fd, &value, 1, 0) != 1)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	fd_close(fd);
	return before;
}

/* prctl(2), PR_SET_PDEATHSIG: SIGTERM too where @program has ended. */
static void await_end(pid_t program)
{
	sigset_t term;
	int signal;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == program)
		(void)sigwait(&term, &signal);
}

/* Its lock is on a file that is open here alone. */
static _Noreturn void keep(const struct wish *wish, int ready, pid_t program)
{
	struct sysctl *sysctls = wish->sysctls;
	int lock = open(sysctls[0].path, O_RDONLY | O_CLOEXEC);

	if (flock(lock, LOCK_EX) < 0)
		fprintf(stderr, "%s: %s\n", sysctls[0].path, strerror(errno));
	for (size_t i = 0; i < wish->n; i++)
		sysctls[i].before = swap(sysctls[i].path, wish->on ? sysctls[i].on : '0');
	fd_close(ready);
	await_end(program);
	for (size_t i = 0; i < wish->n; i++)
		(void)swap(sysctls[i].path, sysctls[i].before);
	_exit(0);
}

/* For unchecked fixtures, which run in the program's own process. */
static void set(struct sysctl *sysctls, size_t n, bool on)
{
	const struct wish wish = { sysctls, n, on };
	pid_t program = getpid();
	sigset_t all, before;
	int ends[2];
	char byte;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	keeper = fork();
	if (keeper == 0) {
		fd_close(ends[0]);
		keep(&wish, ends[1], program);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	fd_close(ends[1]);
	ck_assert_int_gt(keeper, 0);
	/* Its end, when they are set. */
	ck_assert_int_eq(read(ends[0], &byte, 1), 0);
	fd_close(ends[0]);
}

static void protect(void)
{
	set(protections, ELEMENTSOF(protections), true);
}

static void unprotect(void)
{
	set(protections, ELEMENTSOF(protections), false);
}

static void let_dump(void)
{
	set(dumps, ELEMENTSOF(dumps), true);
}

static void put_back(void)
{
	kill(keeper, SIGTERM);
	waitpid(keeper, NULL, 0);
}

void sysctl_cases(Suite *suite, TCase *ret[SYSCTL_CASES])
{
	ret[0] = suite_case(suite, "protected");
	ret[1] = suite_case(suite, "unprotected");
	tcase_add_unchecked_fixture(ret[0], protect, put_back);
	tcase_add_unchecked_fixture(ret[1], unprotect, put_back);
}

void sysctl_let_dump(TCase *tcase)
{
	tcase_add_unchecked_fixture(tcase, let_dump, put_back);
}
