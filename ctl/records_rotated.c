/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What logrotate(8) made of a file: FILE.2.gz and FILE.1, or FILE-20261122.gz. All are opened at
 * once, after the file itself, and each inode one time: what is rotated meanwhile is read, and not
 * twice. FILE.1.gz beside FILE.1 is a copy on its way.
 */
#include "ctl/records.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/fd.h"
#include "policy/array.h"

struct rotated_file {
	gzFile gz;    /* owned; zlib reads what is not compressed too */
	char *suffix; /* owned: ".2.gz" */
	size_t stem;  /* bytes of it without ".gz" */
	dev_t dev;
	ino_t ino;
};

struct rotated {
	struct rotated_file *files; /* owned; the oldest first */
	size_t n, at;
	const char *path, *id; /* borrowed; id may be NULL */
	struct records_trouble *trouble;
	bool rest; /* of a line that is too long */
	char line[RECORDS_LINE_SIZE];
};

static void file_done(struct rotated_file *file)
{
	if (file->gz)
		gzclose(file->gz);
	free(file->suffix);
	*file = (struct rotated_file){ 0 };
}

struct rotated *rotated_free(struct rotated *rotated)
{
	if (!rotated)
		return NULL;
	for (size_t i = 0; i < rotated->n; i++)
		file_done(&rotated->files[i]);
	free(rotated->files);
	free(rotated);
	return NULL;
}

/* which files */

static void complain(const struct rotated *rotated, const char *suffix, const char *what)
{
	text_printf(&rotated->trouble->unread, "%s%s: %s\n", rotated->path, suffix, what);
}

/* The bytes of ".2" or "-20261122" that it begins with. 0: that is no name of logrotate's. */
static size_t stem_of(const char *suffix)
{
	bool dated = suffix[0] == '-';
	size_t digits, end;

	if (suffix[0] != '.' && !dated)
		return 0;
	digits = strspn(suffix + 1, dated ? "0123456789-" : "0123456789");
	end = 1 + digits;
	if (digits < (dated ? 8 : 1))
		return 0;
	return suffix[end] == '\0' || suffix[end] == '.' ? end : 0;
}

static bool is_readable(const char *extension)
{
	return *extension == '\0' || strcmp(extension, ".gz") == 0;
}

static bool has_inode(const struct rotated *rotated, const struct stat *st)
{
	for (size_t i = 0; i < rotated->n; i++)
		if (rotated->files[i].dev == st->st_dev && rotated->files[i].ino == st->st_ino)
			return true;
	return false;
}

static int add_file(struct rotated *rotated, int *take_fd, const char *suffix,
		    const struct stat *st)
{
	struct rotated_file *file = ARRAY_ADD(rotated->files, rotated->n);

	if (!file)
		return -ENOMEM;
	file->suffix = strdup(suffix);
	file->stem = stem_of(suffix);
	file->dev = st->st_dev;
	file->ino = st->st_ino;
	file->gz = gzdopen(*take_fd, "re");
	if (!file->suffix || !file->gz)
		return -ENOMEM;
	*take_fd = -EBADF;
	return 0;
}

/* A file's last record is as old as the file: whose last one is too old has no other. */
static bool is_before(const struct stat *st, uint64_t since_usec)
{
	return (uint64_t)st->st_mtime + 1 < since_usec / USEC_PER_SEC;
}

static int take_entry(struct rotated *rotated, int dir, const char *name, const char *suffix,
		      const struct rotated_query *query)
{
	_cleanup_(fd_closep) int fd = -EBADF;
	size_t stem = stem_of(suffix);
	struct stat st;

	if (stem == 0)
		return 0;
	if (!is_readable(suffix + stem)) {
		complain(rotated, suffix, "not read: neither plain nor compressed by gzip");
		return 0;
	}
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0) {
		if (errno != ENOENT)
			complain(rotated, suffix, strerror(errno));
		return 0;
	}
	if (!S_ISREG(st.st_mode) || is_before(&st, query->since_usec) || has_inode(rotated, &st) ||
	    (st.st_dev == query->own.st_dev && st.st_ino == query->own.st_ino))
		return 0;
	return add_file(rotated, &fd, suffix, &st);
}

/* in which order */

/* FILE.10 is older than FILE.9; dates, of before the numbers, as they are written. */
static int compare(const void *a, const void *b)
{
	const struct rotated_file *x = a, *y = b;
	int order;

	if (x->suffix[0] != y->suffix[0])
		return x->suffix[0] == '-' ? -1 : 1;
	if (x->suffix[0] == '.' && x->stem != y->stem)
		return x->stem > y->stem ? -1 : 1;
	order = strncmp(x->suffix, y->suffix, x->stem < y->stem ? x->stem : y->stem);
	if (x->suffix[0] == '.')
		order = -order;
	if (order == 0)
		order = (x->stem > y->stem) - (x->stem < y->stem);
	/* What is compressed after what it is made of. */
	return order ? order : strcmp(x->suffix, y->suffix);
}

static void leave_copies_out(struct rotated *rotated)
{
	size_t n = 0;

	for (size_t i = 0; i < rotated->n; i++) {
		struct rotated_file *file = &rotated->files[i];
		const struct rotated_file *before = n > 0 ? &rotated->files[n - 1] : NULL;

		if (before && before->stem == file->stem &&
		    strncmp(before->suffix, file->suffix, file->stem) == 0) {
			file_done(file);
			continue;
		}
		rotated->files[n++] = *file;
	}
	rotated->n = n;
}

static int take_entries(struct rotated *rotated, DIR *dir, const char *base,
			const struct rotated_query *query)
{
	const struct dirent *entry;
	size_t len = strlen(base);
	int r = 0;

	while (r == 0 && (entry = readdir(dir)))
		if (strncmp(entry->d_name, base, len) == 0 && entry->d_name[len] != '\0')
			r = take_entry(rotated, dirfd(dir), entry->d_name, entry->d_name + len,
				       query);
	if (r == 0 && rotated->n > 0) {
		qsort(rotated->files, rotated->n, sizeof(*rotated->files), compare);
		leave_copies_out(rotated);
	}
	return r;
}

int rotated_open(struct rotated **ret, const struct rotated_query *query,
		 struct records_trouble *trouble)
{
	_cleanup_(rotated_freep) struct rotated *rotated = calloc(1, sizeof(*rotated));
	const char *slash = strrchr(query->path, '/');
	_cleanup_(freep) char *directory =
		slash ? strndup(query->path, (size_t)(slash - query->path) + 1) : strdup(".");
	DIR *dir;
	int r;

	if (!rotated || !directory)
		return -ENOMEM;
	rotated->path = query->path;
	rotated->id = query->id;
	rotated->trouble = trouble;
	dir = opendir(directory);
	if (!dir) {
		complain(rotated, ".*", strerror(errno));
		r = 0;
	} else {
		r = take_entries(rotated, dir, slash ? slash + 1 : query->path, query);
		closedir(dir);
	}
	if (r == 0)
		*ret = TAKE_PTR(rotated);
	return r;
}

static int open_one(struct rotated *rotated, const char *path)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return add_file(rotated, &fd, "", &st);
}

int rotated_open_one(struct rotated **ret, const struct records_query *query,
		     struct records_trouble *trouble)
{
	_cleanup_(rotated_freep) struct rotated *rotated = calloc(1, sizeof(*rotated));
	int r;

	if (!rotated)
		return -ENOMEM;
	/* Nothing comes to a file that was compressed. */
	if (query->follow)
		return -EINVAL;
	rotated->path = query->file;
	rotated->id = query->id;
	rotated->trouble = trouble;
	r = open_one(rotated, query->file);
	if (r == 0)
		*ret = TAKE_PTR(rotated);
	return r;
}

/* reading */

/* What is left of a line that is too long is no record, and not another one. */
static int take_line(struct rotated *rotated, struct found *found)
{
	bool ended = strchr(rotated->line, '\n') != NULL, rest = rotated->rest;
	int r = -EBADMSG;

	rotated->rest = !ended;
	if (rest)
		return 0;
	if (ended)
		r = records_line(rotated->line, rotated->id, found);
	if (r != -EBADMSG)
		return r;
	rotated->trouble->skipped++;
	return 0;
}

static void close_file(struct rotated *rotated, struct rotated_file *file)
{
	int error;

	(void)gzerror(file->gz, &error);
	if (error != Z_OK && error != Z_STREAM_END)
		complain(rotated, file->suffix,
			 error == Z_BUF_ERROR ? "it is cut short" : "it is damaged");
	gzclose(TAKE_PTR(file->gz));
}

int rotated_next(struct rotated *rotated, struct found *found)
{
	int r = 0;

	while (r == 0 && rotated->at < rotated->n) {
		struct rotated_file *file = &rotated->files[rotated->at];

		if (gzgets(file->gz, rotated->line, sizeof(rotated->line))) {
			r = take_line(rotated, found);
			continue;
		}
		close_file(rotated, file);
		rotated->rest = false;
		rotated->at++;
	}
	return r;
}

static int next(void *source, struct found *found)
{
	return rotated_next(source, found);
}

static void free_rotated(void *source)
{
	rotated_free(source);
}

const struct records_kind records_rotated = {
	.next = next,
	.free = free_rotated,
};
