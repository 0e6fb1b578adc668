/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Four directories are one: a file replaces those of the same name in lower
 * directories. All names are collected before the first file is opened, so that
 * what is replaced is never read.
 */
#include "policy/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "policy/array.h"
#include "policy/names.h"
#include "policy/trust.h"

#define N_DIRECTORIES 4

static const struct {
	const char *path;
	enum source_origin origin;
} directories[N_DIRECTORIES] = {
	{ "/etc/fdbroker/policy.d", SOURCE_ADMIN },
	{ "/run/fdbroker/policy.d", SOURCE_RUNTIME },
	{ "/usr/local/lib/fdbroker/policy.d", SOURCE_LOCAL },
	{ "/usr/lib/fdbroker/policy.d", SOURCE_VENDOR },
};

/* A file that may count. */
struct found {
	char *name;	   /* owned */
	char *path;	   /* owned; as messages show it */
	size_t precedence; /* lower comes first */
	int dir;	   /* borrowed; AT_FDCWD: @path says where */
	enum source_origin origin;
};

struct search {
	const struct load_options *options;
	struct trust trust;
	struct found *found;
	size_t n_found;
	int dirs[N_DIRECTORIES]; /* owned */
	size_t n_dirs;
	size_t total; /* bytes read */
};

static void search_done(struct search *search)
{
	for (size_t i = 0; i < search->n_found; i++) {
		free(search->found[i].name);
		free(search->found[i].path);
	}
	free(search->found);
	for (size_t i = 0; i < search->n_dirs; i++)
		fd_close(search->dirs[i]);
}

static int add_found(struct search *search, const char *name, const char *path,
		     const struct found *like)
{
	struct found *found = ARRAY_ADD(search->found, search->n_found);

	if (!found)
		return -ENOMEM;
	*found = *like;
	found->name = strdup(name);
	found->path = strdup(path);
	return found->name && found->path ? 0 : -ENOMEM;
}

/* One entry of a directory: a policy file, a leftover, or something that should not be there. */
static int add_entry(struct search *search, const char *directory, const char *name,
		     const struct found *like)
{
	_cleanup_(text_done) struct text path = TEXT_EMPTY;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	text_printf(&path, "%s/%s", directory, name);
	if (path.failed)
		return -ENOMEM;
	switch (name_kind(name)) {
	case NAME_POLICY:
		return add_found(search, name, path.data, like);
	case NAME_LEFTOVER:
		trust_complain(&search->trust, DIAG_NOTE, "W010", path.data,
			       "not read: left over by an editor or a package manager");
		return 0;
	case NAME_OTHER:
		trust_complain(&search->trust, DIAG_WARNING, "W010", path.data,
			       "not read: policy files must end in .fdp");
		return 0;
	}
	return 0;
}

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int list_directory(struct search *search, const char *path, const struct found *like)
{
	_cleanup_(fd_closep) int fd = fcntl(like->dir, F_DUPFD_CLOEXEC, 3);
	_cleanup_(dir_closep) DIR *dir = NULL;
	const struct dirent *entry;
	int r = 0;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	(void)TAKE_FD(fd);
	do {
		errno = 0;
		entry = readdir(dir);
		if (!entry && errno != 0) {
			trust_cannot_read(&search->trust, path, errno);
			return 0;
		}
		if (entry)
			r = add_entry(search, path, entry->d_name, like);
	} while (r == 0 && entry);
	return r;
}

static int search_directory(struct search *search, const char *path, size_t precedence,
			    enum source_origin origin)
{
	struct found like = { .precedence = precedence, .origin = origin };

	like.dir = trust_open_directory(&search->trust, path);
	/* None is an empty one; what is wrong with one has been said. */
	if (like.dir == -ENOENT || like.dir == -EINVAL)
		return 0;
	if (like.dir < 0)
		return like.dir;
	search->dirs[search->n_dirs++] = like.dir;
	return list_directory(search, path, &like);
}

static int search_all(struct search *search)
{
	const struct load_options *options = search->options;
	int r = 0;

	for (size_t i = 0; r == 0 && i < options->n_files; i++) {
		const char *path = options->files[i], *slash = strrchr(path, '/');

		r = add_found(search, slash ? slash + 1 : path, path,
			      &(struct found){ .dir = AT_FDCWD, .origin = SOURCE_ADMIN });
	}
	if (r < 0 || options->only_files)
		return r;
	if (options->directory)
		return search_directory(search, options->directory, 1, SOURCE_ADMIN);
	for (size_t i = 0; r == 0 && i < N_DIRECTORIES; i++) {
		_cleanup_(text_done) struct text path = TEXT_EMPTY;

		text_printf(&path, "%s%s", options->root ? options->root : "", directories[i].path);
		if (path.failed)
			return -ENOMEM;
		r = search_directory(search, path.data, i + 1, directories[i].origin);
	}
	return r;
}

static int compare_found(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->precedence > y->precedence) - (x->precedence < y->precedence);
}

static const char *name_at(const struct found *found)
{
	return found->dir == AT_FDCWD ? found->path : found->name;
}

static bool is_mask(const struct found *found)
{
	char target[sizeof("/dev/null")];
	ssize_t len = readlinkat(found->dir, name_at(found), target, sizeof(target));

	return len == sizeof(target) - 1 && memcmp(target, "/dev/null", sizeof(target) - 1) == 0;
}

/* Is the link at @found the mask? Anything else that is a link is not followed, unless nothing
 * depends on it. Return 1 masked, 0 follow it, -EINVAL do not. */
static int judge_link(struct search *search, const struct found *found)
{
	if (is_mask(found))
		return 1;
	diag_detail(search->trust.diags,
		    trust_complain(&search->trust, trust_severity(&search->trust), "E009",
				   found->path, "a symbolic link"),
		    "only a link to /dev/null is allowed, which masks the files of this name");
	return trust_severity(&search->trust) == DIAG_NOTE ? 0 : -EINVAL;
}

static int open_file(struct search *search, const struct found *found)
{
	const char *at = name_at(found);
	/* open(2): without O_NONBLOCK a FIFO would wait for its writer. */
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = openat(found->dir, at, flags | O_NOFOLLOW), r;

	if (fd < 0 && errno == ELOOP) {
		r = judge_link(search, found);
		if (r != 0)
			return -EINVAL;
		fd = openat(found->dir, at, flags);
	}
	if (fd < 0) {
		trust_cannot_read(&search->trust, found->path, errno);
		return -EINVAL;
	}
	return fd;
}

/* Up to one byte more than the limit, so that a file that is too large shows. */
static int read_text(int fd, struct text *text)
{
	char buffer[16384];
	ssize_t n;

	while (text->len <= POLICY_FILE_MAX) {
		n = read(fd, buffer, sizeof(buffer));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		text_add(text, buffer, (size_t)n);
		if (text->failed)
			return -ENOMEM;
	}
	return 0;
}

static bool is_plain(struct search *search, const struct found *found, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		trust_cannot_read(&search->trust, found->path, errno);
		return false;
	}
	trust_check_owner(&search->trust, found->path, &st);
	trust_check_mode(&search->trust, found->path, &st);
	if (S_ISREG(st.st_mode))
		return true;
	trust_complain(&search->trust, DIAG_ERROR, "E009", found->path, "not a regular file");
	return false;
}

static bool is_small(struct search *search, const struct found *found, size_t size)
{
	search->total += size;
	if (size > POLICY_FILE_MAX)
		trust_complain(&search->trust, DIAG_ERROR, "E016", found->path,
			       "larger than 1 MiB");
	else if (search->total > POLICY_TOTAL_MAX)
		trust_complain(&search->trust, DIAG_ERROR, "E016", found->path,
			       "all policy files together are larger than 64 MiB");
	else
		return true;
	return false;
}

static int read_found(struct search *search, const struct found *found, struct source_list *ret)
{
	_cleanup_(text_done) struct text text = TEXT_EMPTY;
	_cleanup_(fd_closep) int fd = open_file(search, found);
	struct source **source;
	int r;

	if (fd < 0 || !is_plain(search, found, fd))
		return 0;
	r = read_text(fd, &text);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		trust_cannot_read(&search->trust, found->path, -r);
		return 0;
	}
	if (!is_small(search, found, text.len))
		return 0;
	source = ARRAY_ADD(ret->items, ret->n);
	if (!source)
		return -ENOMEM;
	return source_new(source, found->path, text.data, text.len, found->origin);
}

/* Every file there is, those of one name together and the one that counts first. */
static int search_sorted(struct search *search)
{
	int r = search_all(search);

	if (search->n_found > 0)
		qsort(search->found, search->n_found, sizeof(*search->found), compare_found);
	return r;
}

static bool counts(const struct search *search, size_t i)
{
	return i == 0 || strcmp(search->found[i].name, search->found[i - 1].name) != 0;
}

int files_list(const struct load_options *options, struct diags *diags, struct policy_names *ret)
{
	_cleanup_(search_done) struct search search = {
		.options = options,
		.trust = { .diags = diags, .level = options->trust },
	};
	const char *first = NULL;
	int r = search_sorted(&search);

	*ret = (struct policy_names){ 0 };
	if (r < 0)
		return r;
	ret->items = calloc(search.n_found + 1, sizeof(*ret->items));
	if (!ret->items)
		return -ENOMEM;
	for (size_t i = 0; i < search.n_found; i++) {
		struct policy_name *name = &ret->items[ret->n++];

		name->is_mask = is_mask(&search.found[i]);
		name->origin = search.found[i].origin;
		name->path = TAKE_PTR(search.found[i].path);
		if (counts(&search, i))
			first = name->path;
		else
			name->masked_by = first;
	}
	return 0;
}

int files_read(const struct load_options *options, struct diags *diags, struct source_list *ret)
{
	_cleanup_(search_done) struct search search = {
		.options = options,
		.trust = { .diags = diags, .level = options->trust },
	};
	int r;

	*ret = (struct source_list){ 0 };
	r = search_sorted(&search);
	for (size_t i = 0; r == 0 && i < search.n_found; i++)
		if (counts(&search, i))
			r = read_found(&search, &search.found[i], ret);
	if (r < 0)
		source_list_done(ret);
	return r;
}

void source_list_done(struct source_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		source_free(list->items[i]);
	free(list->items);
	*list = (struct source_list){ 0 };
}
