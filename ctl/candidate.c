/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A daemon that reads the directory finds one whole candidate or another, never a mixture: files
 * are written where no policy is read from, and the two directories change names at once.
 */
#include "ctl/candidate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "ctl/admin.h"
#include "ctl/file.h"

static enum exit_code fail(const struct ctl *ctl, const char *path, int error)
{
	return ctl_fail(ctl, exit_of_errno(error), "%s: %s", path, strerror(error));
}

/* "/run/fdbroker" of "/run/fdbroker/admin". */
static int find_home(const struct ctl *ctl, struct text *ret)
{
	const char *socket = ctl->options.socket ? ctl->options.socket : ADMIN_SOCKET;
	const char *slash = strrchr(socket, '/');

	if (!slash)
		text_puts(ret, ".");
	else
		text_add(ret, socket, (size_t)(slash - socket) + (slash == socket));
	return ret->failed ? -ENOMEM : 0;
}

enum exit_code candidate_lock(const struct ctl *ctl, struct candidate *candidate)
{
	_cleanup_(text_done) struct text home = TEXT_EMPTY;

	if (find_home(ctl, &home) < 0)
		return fail(ctl, "shadow", ENOMEM);
	text_printf(&candidate->place, "%s/shadow", home.data);
	text_printf(&candidate->staged, "%s/.shadow-XXXXXX", home.data);
	if (candidate->place.failed || candidate->staged.failed)
		return fail(ctl, home.data, ENOMEM);
	candidate->lock = open(home.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (candidate->lock < 0)
		return fail(ctl, home.data, errno);
	if (flock(candidate->lock, LOCK_EX | LOCK_NB) == 0)
		return EXIT_YES;
	if (errno != EWOULDBLOCK)
		return fail(ctl, home.data, errno);
	return ctl_fail(ctl, EXIT_IO, "somebody else changes the shadow just now");
}

static void remove_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	(void)rmdir(path);
}

void candidate_remove(const struct candidate *candidate)
{
	remove_directory(candidate->place.data);
}

void candidate_done(struct candidate *candidate)
{
	if (candidate->lock >= 0 && candidate->staged.data)
		remove_directory(candidate->staged.data);
	text_done(&candidate->place);
	text_done(&candidate->staged);
	fd_close(candidate->lock);
	*candidate = CANDIDATE_EMPTY;
}

static int write_file(const char *directory, const struct source *source)
{
	_cleanup_(text_done) struct text path = TEXT_EMPTY;
	_cleanup_(fd_closep) int fd = -EBADF;

	text_printf(&path, "%s/%s.fdp", directory, source->stem);
	if (path.failed)
		return -ENOMEM;
	fd = open(path.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : file_write(fd, source->text, source->size);
}

enum exit_code candidate_stage(const struct ctl *ctl, struct candidate *candidate,
			       const struct policy_files *files)
{
	if (!mkdtemp(candidate->staged.data))
		return fail(ctl, candidate->staged.data, errno);
	for (size_t i = 0; i < files->n; i++) {
		int r = write_file(candidate->staged.data, files->sources[i]);

		if (r < 0)
			return fail(ctl, files->sources[i]->path, -r);
	}
	return EXIT_YES;
}

enum exit_code candidate_exchange(const struct ctl *ctl, const struct candidate *candidate)
{
	const char *place = candidate->place.data;

	/* rename(2): RENAME_EXCHANGE wants both to be there. */
	if (mkdir(place, 0700) < 0 && errno != EEXIST)
		return fail(ctl, place, errno);
	if (renameat2(AT_FDCWD, candidate->staged.data, AT_FDCWD, place, RENAME_EXCHANGE) < 0)
		return fail(ctl, place, errno);
	return EXIT_YES;
}
