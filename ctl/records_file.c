/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file of JSON lines, believed for who may write it. Who follows it follows its
 * name: when that names another file, the rest of the old one is read and then the new one; one
 * that was emptied is read from its beginning (logrotate(8): create, copytruncate). Of a line
 * only what ends in a line end is a record: the rest may be on its way.
 */
#include "ctl/records.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

struct file {
	int fd;
	int notify;	  /* inotify, of its directory; -EBADF: not followed */
	const char *path; /* borrowed */
	const char *id;	  /* borrowed, or NULL */
	struct records_trouble *trouble;
	struct rotated *before; /* owned; or NULL */
	bool skipping;		/* the rest of a line that is too long */
	size_t start, end;
	char bytes[RECORDS_LINE_SIZE];
};

static void free_file(void *source)
{
	struct file *file = source;

	fd_close(file->notify);
	fd_close(file->fd);
	rotated_free(file->before);
	free(file);
}

static int take_line(struct file *file, const char *line, struct found *found)
{
	int r;

	if (file->skipping) {
		file->skipping = false;
		return 0;
	}
	r = records_line(line, file->id, found);
	if (r != -EBADMSG)
		return r;
	file->trouble->skipped++;
	return 0;
}

/* The next whole line that has been read, or NULL. */
static char *cut_line(struct file *file)
{
	char *line = file->bytes + file->start;
	char *newline = memchr(line, '\n', file->end - file->start);

	if (!newline)
		return NULL;
	*newline = '\0';
	file->start = (size_t)(newline + 1 - file->bytes);
	return line;
}

static void make_room(struct file *file)
{
	memmove(file->bytes, file->bytes + file->start, file->end - file->start);
	file->end -= file->start;
	file->start = 0;
	if (file->end < sizeof(file->bytes))
		return;
	if (!file->skipping)
		file->trouble->skipped++;
	file->skipping = true;
	file->end = 0;
}

/* Bytes read; 0 at the end; -errno. */
static ssize_t read_more(struct file *file)
{
	ssize_t n;

	make_room(file);
	n = read(file->fd, file->bytes + file->end, sizeof(file->bytes) - file->end);
	if (n < 0)
		return -errno;
	file->end += (size_t)n;
	return n;
}

/* the file behind the name */

static void begin_anew(struct file *file)
{
	file->start = file->end = 0;
	file->skipping = false;
}

/* At the end of what it was. 1: there is more, in another file or from the beginning; 0 not. */
static int turn(struct file *file)
{
	off_t at = lseek(file->fd, 0, SEEK_CUR);
	struct stat own, named;
	int fd;

	if (at < 0 || fstat(file->fd, &own) < 0)
		return -errno;
	if (own.st_size < at) {
		begin_anew(file);
		return lseek(file->fd, 0, SEEK_SET) < 0 ? -errno : 1;
	}
	if (stat(file->path, &named) < 0 ||
	    (named.st_dev == own.st_dev && named.st_ino == own.st_ino))
		return 0;
	fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	fd_close(file->fd);
	file->fd = fd;
	begin_anew(file);
	return 1;
}

static int read_on(struct file *file)
{
	ssize_t n = read_more(file);

	if (n != 0)
		return n < 0 ? (int)n : 1;
	return file->notify < 0 ? 0 : turn(file);
}

static int next(void *source, struct found *found)
{
	struct file *file = source;
	int r = file->before ? rotated_next(file->before, found) : 0;

	while (r == 0) {
		char *line = cut_line(file);

		if (line) {
			r = take_line(file, line, found);
			continue;
		}
		r = read_on(file);
		if (r <= 0)
			return r;
		r = 0;
	}
	return r;
}

static int wait_for_more(void *source)
{
	struct file *file = source;
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	/* What changed does not matter: all that may have is looked at. */
	return read(file->notify, events, sizeof(events)) < 0 ? -errno : 0;
}

const struct records_kind records_file = {
	.next = next,
	.wait = wait_for_more,
	.free = free_file,
};

/* inotify(7): a directory tells of changes of its files too, and of other files that get a name. */
static int watch(struct file *file)
{
	const char *slash = strrchr(file->path, '/');
	_cleanup_(freep) char *directory =
		slash ? strndup(file->path, (size_t)(slash - file->path) + 1) : strdup(".");

	if (!directory)
		return -ENOMEM;
	file->notify = inotify_init1(IN_CLOEXEC);
	if (file->notify < 0)
		return -errno;
	return inotify_add_watch(file->notify, directory, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0
		       ? -errno
		       : 0;
}

static int open_rotated(struct file *file, const struct records_query *query)
{
	struct rotated_query before = {
		.path = query->file,
		.id = query->id,
		.since_usec = query->since_usec,
	};

	if (fstat(file->fd, &before.own) < 0)
		return -errno;
	return rotated_open(&file->before, &before, file->trouble);
}

int records_file_open(void **ret, const struct records_query *query,
		      struct records_trouble *trouble)
{
	struct file *file = calloc(1, sizeof(*file));
	int r = 0;

	if (!file)
		return -ENOMEM;
	file->notify = -EBADF;
	file->path = query->file;
	file->id = query->id;
	file->trouble = trouble;
	/* Before the file is read: nothing that comes is missed. */
	if (query->follow)
		r = watch(file);
	file->fd = r < 0 ? -EBADF : open(file->path, O_RDONLY | O_CLOEXEC);
	if (r == 0 && file->fd < 0)
		r = -errno;
	if (r == 0 && !query->recent)
		r = open_rotated(file, query);
	if (r < 0) {
		free_file(file);
		return r;
	}
	*ret = file;
	return 0;
}
