/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"

/*
 * Who does what: the generation writes, between reading the policy and confining itself. It has the
 * very bytes that it judged in memory, is still root, and nobody talks to it yet; the parent would have
 * to read policy files, which it never does, and a confined broker can create nothing. The parent,
 * when that generation serves, only renames: that is what it must decide, and it needs no byte of the files.
 *
 * A crash between two renames leaves whole directories under the one name or the other, never half of one:
 * every file is on the disk before the first rename, and renameat2(2) exchanges two names at once.
 * What cannot be kept (ENOSPC, EROFS) is for the caller to tell; serving does not hang on it.
 */

#define SOURCES "policy.d"
#define ABOUT	"about"

static const char *const names[] = {
	[KEPT_LOADING] = "loading",
	[KEPT_LAST_GOOD] = "last-good",
	[KEPT_UNCONFIRMED] = "unconfirmed",
};

void kept_path(const char *state, enum kept which, struct text *out)
{
	text_printf(out, "%s/%s/" SOURCES, state, names[which]);
}

/* the state directory */

static int open_directory(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* What others could change is worth nothing. */
static int open_state(const char *state)
{
	_cleanup_(fd_closep) int fd = open_directory(AT_FDCWD, state);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return -EPERM;
	return TAKE_FD(fd);
}

static int make_state(const char *state)
{
	if (mkdir(state, 0700) < 0 && errno != EEXIST)
		return -errno;
	return open_state(state);
}

/* removing */

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int remove_tree(int at, const char *name, unsigned int depth);

static int empty_directory(int fd, unsigned int depth)
{
	_cleanup_(dir_closep) DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = -errno;
		fd_close(fd);
		return r;
	}
	while (r == 0 && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = remove_tree(dirfd(dir), entry->d_name, depth);
	return r;
}

/* @depth: directories in directories that may be there */
static int remove_tree(int at, const char *name, unsigned int depth)
{
	int fd, r;

	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR || depth == 0)
		return -errno;
	fd = open_directory(at, name);
	if (fd < 0)
		return fd;
	r = empty_directory(fd, depth - 1);
	if (r < 0)
		return r;
	return unlinkat(at, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* writing */

static int write_file(int dir, const char *name, const char *text, size_t size)
{
	_cleanup_(fd_closep) int fd =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY,
		       0600);

	if (fd < 0)
		return -errno;
	while (size > 0) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		size -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int write_sources(int dir, const struct policy_files *files)
{
	_cleanup_(fd_closep) int sources = -EBADF;
	int r = 0;

	if (mkdirat(dir, SOURCES, 0700) < 0)
		return -errno;
	sources = open_directory(dir, SOURCES);
	if (sources < 0)
		return sources;
	for (size_t i = 0; r == 0 && i < files->n; i++) {
		const struct source *source = files->sources[i];

		r = write_file(sources, base_name(source->path), source->text, source->size);
	}
	if (r < 0)
		return r;
	return fsync(sources) < 0 ? -errno : 0;
}

static void add_about(const struct kept_about *about, const struct policy_files *files,
		      struct text *out)
{
	time_t sec = (time_t)about->loaded_sec;
	char when[32] = "?";
	struct tm tm;

	if (gmtime_r(&sec, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	text_printf(out, "policy %s\ngeneration %llu\nloaded %s\n", about->sha256,
		    (unsigned long long)about->generation, when);
	for (size_t i = 0; i < files->n; i++) {
		const char *path = files->sources[i]->path, *name = base_name(path);

		text_puts(out, "file ");
		text_escape(out, name, strlen(name));
		text_puts(out, " ");
		text_escape(out, path, strlen(path));
		text_puts(out, "\n");
	}
}

static int write_about(int dir, const struct kept_about *about, const struct policy_files *files)
{
	_cleanup_(text_done) struct text text = TEXT_EMPTY;

	add_about(about, files, &text);
	return text.failed ? -ENOMEM : write_file(dir, ABOUT, text.data, text.len);
}

int kept_write(const char *state, const struct kept_about *about, const struct policy_files *files)
{
	_cleanup_(fd_closep) int parent = make_state(state), dir = -EBADF;
	const char *name = names[KEPT_LOADING];
	int r;

	if (parent < 0)
		return parent;
	r = remove_tree(parent, name, 2);
	if (r < 0)
		return r;
	if (mkdirat(parent, name, 0700) < 0)
		return -errno;
	dir = open_directory(parent, name);
	if (dir < 0)
		return dir;
	r = write_sources(dir, files);
	if (r == 0)
		r = write_about(dir, about, files);
	if (r < 0)
		return r;
	return fsync(dir) < 0 || fsync(parent) < 0 ? -errno : 0;
}

/* reading */

/* `policy` is the first line: nothing else of the file matters to a program. */
int kept_sha256(const char *state, enum kept which, char ret[KEPT_SHA256_LEN + 1])
{
	char text[sizeof("policy ") - 1 + KEPT_SHA256_LEN + 1], *sha256 = text + strlen("policy ");
	_cleanup_(fd_closep) int parent = open_state(state), dir = -EBADF, fd = -EBADF;
	ssize_t n;

	if (parent < 0)
		return parent;
	dir = open_directory(parent, names[which]);
	if (dir < 0)
		return dir;
	fd = openat(dir, ABOUT, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text));
	if (n < 0)
		return -errno;
	if (n < (ssize_t)sizeof(text) || strncmp(text, "policy ", strlen("policy ")) != 0 ||
	    text[sizeof(text) - 1] != '\n' || memchr(sha256, '\0', KEPT_SHA256_LEN))
		return -EBADMSG;
	memcpy(ret, sha256, KEPT_SHA256_LEN);
	ret[KEPT_SHA256_LEN] = '\0';
	return 0;
}

/* moving */

int kept_move(const char *state, enum kept from, enum kept to)
{
	_cleanup_(fd_closep) int parent = open_state(state);

	if (parent < 0)
		return parent;
	if (renameat2(parent, names[from], parent, names[to], RENAME_EXCHANGE) == 0)
		/* What it was is of no use, and the next one that is kept clears it away too. */
		(void)remove_tree(parent, names[from], 2);
	else if (errno != ENOENT ||
		 renameat2(parent, names[from], parent, names[to], RENAME_NOREPLACE) < 0)
		return -errno;
	/* What cannot be made durable has moved all the same. */
	(void)fsync(parent);
	return 0;
}

int kept_remove(const char *state, enum kept which)
{
	_cleanup_(fd_closep) int parent = open_state(state);

	if (parent < 0)
		return parent == -ENOENT ? 0 : parent;
	return remove_tree(parent, names[which], 2);
}
