/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"

static struct sysctl {
	const char *path;
	char on, before;
} protections[] = {
	{ "/proc/sys/fs/protected_symlinks", '1', 0 },
	{ "/proc/sys/fs/protected_hardlinks", '1', 0 },
	{ "/proc/sys/fs/protected_regular", '2', 0 },
	{ "/proc/sys/fs/protected_fifos", '2', 0 },
}, dumps[] = {
	{ "/proc/sys/fs/suid_dumpable", '1', 0 },
};

static struct sysctl *held; /* those that are to be put back */
static size_t n_held;
static int lock = -EBADF;

static char swap(const char *path, char value)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char before = '0';

	if (pread(fd, &before, 1, 0) != 1 || pwrite(fd, &value, 1, 0) != 1)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	fd_close(fd);
	return before;
}

static void set(struct sysctl *sysctls, size_t n, bool on)
{
	lock = open(sysctls[0].path, O_RDONLY | O_CLOEXEC);
	if (flock(lock, LOCK_EX) < 0)
		fprintf(stderr, "%s: %s\n", sysctls[0].path, strerror(errno));
	for (size_t i = 0; i < n; i++)
		sysctls[i].before = swap(sysctls[i].path, on ? sysctls[i].on : '0');
	held = sysctls;
	n_held = n;
}

void sysctl_protect(void)
{
	set(protections, ELEMENTSOF(protections), true);
}

void sysctl_unprotect(void)
{
	set(protections, ELEMENTSOF(protections), false);
}

void sysctl_let_dump(void)
{
	set(dumps, ELEMENTSOF(dumps), true);
}

void sysctl_put_back(void)
{
	for (size_t i = 0; i < n_held; i++)
		(void)swap(held[i].path, held[i].before);
	/* Not by closing it alone: a child of a test may have it still. */
	flock(lock, LOCK_UN);
	lock = fd_close(lock);
}
