/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/plain_diff.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "ctl/file.h"
#include "ctl/spawn.h"

/* Made safe to show, for diff(1) writes what it reads. */
static int text_fd(const struct text *text)
{
	_cleanup_(fd_closep) int fd = memfd_create("fdbroker-diff", MFD_CLOEXEC);
	_cleanup_(text_done) struct text safe = TEXT_EMPTY;
	int r;

	if (fd < 0)
		return -errno;
	if (text->data)
		screen_add_text(&safe, text->data, text->len);
	r = safe.failed ? -ENOMEM : file_write(fd, safe.data ? safe.data : "", safe.len);
	return r < 0 ? r : TAKE_FD(fd);
}

static int run_diff(const struct ctl *ctl, int before, int after, pid_t *ret)
{
	const char *const argv[] = { "diff",
				     "-u",
				     ctl->out.colour ? "--color=always" : "--color=never",
				     "--label=before",
				     "--label=after",
				     "/dev/fd/3",
				     "/dev/fd/4",
				     NULL };
	posix_spawn_file_actions_t actions;
	int r;

	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return -r;
	r = -posix_spawn_file_actions_adddup2(&actions, before, 3);
	if (r == 0)
		r = -posix_spawn_file_actions_adddup2(&actions, after, 4);
	if (r == 0)
		r = spawn_start(argv, &actions, ret);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* The same behind 3 and 4, or the first would be written over the second. */
static int above(int fd)
{
	int moved = fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 5);

	if (fd < 0)
		return fd;
	moved = moved < 0 ? -errno : moved;
	fd_close(fd);
	return moved;
}

enum exit_code plain_diff(const struct ctl *ctl, const struct text *before,
			  const struct text *after)
{
	_cleanup_(fd_closep) int old = above(text_fd(before)), new = above(text_fd(after));
	pid_t pid;
	int r = old < 0 ? old : new < 0 ? new : 0;

	if (before->len == after->len &&
	    (before->len == 0 || memcmp(before->data, after->data, before->len) == 0))
		return EXIT_YES;
	if (ctl->options.quiet)
		return EXIT_NO;
	fflush(stdout);
	if (r == 0)
		r = run_diff(ctl, old, new, &pid);
	if (r < 0)
		return ctl_fail(ctl, EXIT_IO, "diff: %s", strerror(-r));
	/* diff(1): 0 the same, 1 different. */
	r = spawn_wait(pid);
	if (r < 0 || r > 1)
		return ctl_fail(ctl, EXIT_IO, "diff failed");
	return r == 0 ? EXIT_YES : EXIT_NO;
}
