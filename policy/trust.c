/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whoever can write a file, or rename one of the directories above it, writes
 * the policy. So each is judged by fstat(2) on the very descriptor through which
 * the next is reached, from `/` down, and no symbolic link is followed.
 */
#include "policy/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/fd.h"
#include "policy/source.h"

/* A finding about a file as a whole, of which no text is needed. */
struct diag *trust_complain(const struct trust *trust, enum diag_severity severity, const char *id,
			    const char *path, const char *message)
{
	struct source *source;
	struct diag *diag;

	if (source_new(&source, path, "", 0, SOURCE_VENDOR) < 0) {
		trust->diags->failed = true;
		return NULL;
	}
	diag = diag_add(trust->diags, severity, id, (struct place){ .source = source }, "%s",
			message);
	source_free(source);
	return diag;
}

enum diag_severity trust_severity(const struct trust *trust)
{
	return trust->level == LOAD_TRUST_NOTE ? DIAG_NOTE : DIAG_ERROR;
}

void trust_cannot_read(const struct trust *trust, const char *path, int error)
{
	diag_detail(trust->diags, trust_complain(trust, DIAG_ERROR, "E009", path, "cannot be read"),
		    "%s", strerror(error));
	trust->diags->n_forbidden += error == EACCES || error == EPERM;
}

void trust_check_owner(const struct trust *trust, const char *path, const struct stat *st)
{
	if (st->st_uid != 0)
		diag_detail(trust->diags,
			    trust_complain(trust, trust_severity(trust), "E009", path,
					   "not owned by root"),
			    "its owner, uid %u, could change the policy", st->st_uid);
}

void trust_check_mode(const struct trust *trust, const char *path, const struct stat *st)
{
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		diag_detail(trust->diags,
			    trust_complain(trust, trust_severity(trust), "E009", path,
					   "writable by its group or by others"),
			    "mode %04o; chmod go-w it", st->st_mode & 07777);
}

/* In a sticky directory nobody can rename or remove what is root's (unlink(2)). */
static void check_parent(const struct trust *trust, const char *path, const struct stat *st)
{
	trust_check_owner(trust, path, st);
	if (!(st->st_mode & S_ISVTX))
		trust_check_mode(trust, path, st);
}

/* One directory further down. -ENOENT if there is none; -EINVAL if that is no directory. */
static int step_down(const struct trust *trust, int *dir, const char *name, const char *shown)
{
	int fd = openat(*dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0) {
		diag_detail(trust->diags,
			    trust_complain(trust, DIAG_ERROR, "E009", shown,
					   "not a plain directory"),
			    "%s", strerror(errno));
		return -EINVAL;
	}
	fd_close(*dir);
	*dir = fd;
	return 0;
}

/* Open @path component by component, judging each but the last as a parent. */
static int walk(const struct trust *trust, const char *path, int *ret)
{
	_cleanup_(fd_closep) int dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char shown[PATH_MAX] = "/", name[NAME_MAX + 1];
	struct stat st;
	int r;

	if (dir < 0)
		return -errno;
	for (const char *at = path + strspn(path, "/"); *at; at += strspn(at, "/")) {
		size_t len = strcspn(at, "/");

		if (len > NAME_MAX || (size_t)(at - path) + len >= sizeof(shown))
			return -ENAMETOOLONG;
		if (fstat(dir, &st) < 0)
			return -errno;
		check_parent(trust, shown, &st);
		memcpy(name, at, len);
		name[len] = '\0';
		at += len;
		memcpy(shown, path, (size_t)(at - path));
		shown[at - path] = '\0';
		r = step_down(trust, &dir, name, shown);
		if (r < 0)
			return r;
	}
	*ret = TAKE_FD(dir);
	return 0;
}

/* A descriptor to read the directory by, or -ENOENT, or -EINVAL if it must not be read. */
int trust_open_directory(const struct trust *trust, const char *path)
{
	_cleanup_(fd_closep) int dir = -EBADF;
	struct stat st;
	int fd, r = 0;

	if (trust->level == LOAD_TRUST_ENFORCE && path[0] != '/') {
		trust_complain(trust, DIAG_ERROR, "E009", path, "not an absolute name");
		return -EINVAL;
	}
	if (trust->level == LOAD_TRUST_ENFORCE) {
		r = walk(trust, path, &dir);
		if (r < 0)
			return r;
	}
	fd = dir >= 0 ? openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
		      : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0) {
		trust_cannot_read(trust, path, errno);
		return -EINVAL;
	}
	if (fstat(fd, &st) < 0) {
		r = -errno;
		fd_close(fd);
		return r;
	}
	trust_check_owner(trust, path, &st);
	trust_check_mode(trust, path, &st);
	return fd;
}
