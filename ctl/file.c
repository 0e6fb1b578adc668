/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A policy file is never written in place: the daemon may read it at any moment,
 * and half a file has fewer denies. The new text goes to a hidden file beside it
 * (which no policy directory reads), gets its owner and mode while nobody knows
 * its name, is synced, and takes the old name by rename(2).
 */
#include "ctl/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "policy/source.h"

static int open_text(const char *path)
{
	struct stat st;
	int fd;

	if (strcmp(path, "-") == 0)
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	/* open(2): without O_NONBLOCK a FIFO would wait for its writer. */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	fd_close(fd);
	return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
}

int file_read(const char *path, struct text *out)
{
	_cleanup_(fd_closep) int fd = open_text(path);
	char buffer[16384];
	size_t total = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	while ((n = read(fd, buffer, sizeof(buffer))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		total += (size_t)n;
		if (total > POLICY_FILE_MAX)
			return -EFBIG;
		text_add(out, buffer, (size_t)n);
	}
	return out->failed ? -ENOMEM : 0;
}

int file_write(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* Owner first: chown(2) may clear bits of the mode. */
static int fill(int fd, const struct stat *st, const char *bytes, size_t len)
{
	struct stat now;
	int r;

	if (fstat(fd, &now) < 0)
		return -errno;
	if ((now.st_uid != st->st_uid || now.st_gid != st->st_gid) &&
	    fchown(fd, st->st_uid, st->st_gid) < 0)
		return -errno;
	if (fchmod(fd, st->st_mode & 07777) < 0)
		return -errno;
	r = file_write(fd, bytes, len);
	if (r < 0)
		return r;
	return fsync(fd) < 0 ? -errno : 0;
}

/* The new name too is to outlive a crash; where a directory cannot be synced, it is the disk's. */
static void sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_(freep) char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : NULL;
	_cleanup_(fd_closep) int fd = -EBADF;

	fd = open(directory ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)fsync(fd);
}

int file_install(const char *path, const struct stat *st, const char *bytes, size_t len)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	_cleanup_(fd_closep) int fd = -EBADF;
	_cleanup_(freep) char *hidden = NULL;
	int r;

	if (asprintf(&hidden, "%.*s.%s.XXXXXX", (int)(name - path), path, name) < 0) {
		hidden = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(hidden, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fill(fd, st, bytes, len);
	if (r == 0 && rename(hidden, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(hidden);
	else
		sync_directory(path);
	return r;
}

int file_replace(const char *path, const char *bytes, size_t len)
{
	_cleanup_(freep) char *real = realpath(path, NULL);
	struct stat st;

	if (!real || stat(real, &st) < 0)
		return -errno;
	return file_install(real, &st, bytes, len);
}
