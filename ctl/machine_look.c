/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/machine_look.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"

#define TRIES 1000

/* openat2(2), EAGAIN: a rename or mount, anywhere, raced `..`: in a link such as certbot's. */
static int open_below(const struct machine *m, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = resolve };
	int fd = -1;

	errno = EAGAIN;
	for (unsigned int i = 0; fd < 0 && errno == EAGAIN && i < TRIES; i++)
		fd = (int)syscall(SYS_openat2, m->root, path, &how, sizeof(how));
	return fd < 0 ? -errno : fd;
}

static int look(const struct machine *m, const char *path, uint64_t flags, uint64_t resolve,
		struct stat *ret)
{
	_cleanup_(fd_closep) int fd = open_below(m, path, flags, resolve);

	if (fd < 0)
		return fd;
	return fstat(fd, ret) < 0 ? -errno : 0;
}

/* openat2(2): with O_PATH and O_NOFOLLOW a link at the end is no link that is followed. */
int machine_look(const struct machine *m, const char *path, struct stat *ret)
{
	return look(m, path, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS, ret);
}

int machine_look_through(const struct machine *m, const char *path, struct stat *ret)
{
	return look(m, path, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, ret);
}

static int name_of(int fd, char *ret, size_t size)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, ret, size - 1);
	if (n < 0)
		return -errno;
	ret[n] = '\0';
	return 0;
}

int machine_real(const struct machine *m, const char *path, char **ret)
{
	_cleanup_(fd_closep) int fd =
		open_below(m, path, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	char root[PATH_MAX], real[PATH_MAX];
	size_t len;
	int r;

	if (fd < 0)
		return fd;
	r = name_of(m->root, root, sizeof(root));
	if (r == 0)
		r = name_of(fd, real, sizeof(real));
	if (r < 0)
		return r;
	len = strcmp(root, "/") == 0 ? 0 : strlen(root);
	if (strncmp(real, root, len) != 0 || real[len] != '/')
		return -EXDEV;
	*ret = strdup(real + len);
	return *ret ? 0 : -ENOMEM;
}

int machine_fs(const struct machine *m, const char *path, uint32_t *ret)
{
	_cleanup_(fd_closep) int fd =
		open_below(m, path, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	struct statfs fs;

	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	*ret = (uint32_t)fs.f_type;
	return 0;
}

int machine_open_directory(const struct machine *m, const char *path)
{
	return open_below(m, path, O_RDONLY | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}

int machine_open_file(const struct machine *m, const char *path)
{
	return open_below(m, path, O_RDONLY | O_NONBLOCK | O_NOCTTY,
			  RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

/* readlinkat(2): of a link that is open itself, by O_PATH, with an empty name. */
int machine_link(const struct machine *m, const char *path, char *ret, size_t size)
{
	_cleanup_(fd_closep) int fd =
		open_below(m, path, O_PATH | O_NOFOLLOW, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = readlinkat(fd, "", ret, size - 1);
	if (n < 0)
		return errno == ENOENT ? -EINVAL : -errno;
	ret[n] = '\0';
	return (int)n;
}
