/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/descent.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"

/*
 * What is held is an unbroken way: each step is a name in the directory of the one before. So the first
 * is the root, or has nobody who knows its parent, and is no place to end at.
 */

static void go_up(struct descent *d)
{
	fd_close(d->steps[--d->n].fd);
}

void descent_done(struct descent *d)
{
	while (d->n > 0)
		go_up(d);
}

static void add_step(struct descent *d, int take_fd, size_t len)
{
	if (d->n == DESCENT_HELD) {
		fd_close(d->steps[0].fd);
		memmove(d->steps, d->steps + 1, --d->n * sizeof(d->steps[0]));
	}
	d->steps[d->n++] = (struct descent_step){ take_fd, len };
}

static int step_down(struct descent *d, const char *path, size_t len)
{
	size_t at = descent_last(d)->len + 1;
	char name[256];
	int fd;

	if (len - at >= sizeof(name))
		return -ENAMETOOLONG;
	memcpy(name, path + at, len - at);
	name[len - at] = '\0';
	fd = openat(descent_last(d)->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	add_step(d, fd, len);
	return 0;
}

static bool is_above(const struct descent *d, const char *path)
{
	size_t len = descent_last(d)->len;

	return strncmp(d->path, path, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Up to what both paths have in common; if its parent is not held, to the root. */
static int go_back(struct descent *d, const char *path)
{
	int fd;

	while (d->n > 0 && !is_above(d, path))
		go_up(d);
	if (d->n == 1 && d->steps[0].len > 0)
		go_up(d);
	if (d->n > 0)
		return 0;
	fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	add_step(d, fd, 0);
	return 0;
}

int descent_go(struct descent *d, const char *path)
{
	size_t len;
	int r;

	r = go_back(d, path);
	if (r < 0)
		return r;
	d->path = path;
	len = descent_last(d)->len;
	while (r == 0 && path[len] != '\0' && path[len + 1] != '\0') {
		len += 1 + strcspn(path + len + 1, "/");
		r = step_down(d, path, len);
	}
	d->complete = r == 0;
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE ? r : 0;
}

const struct descent_step *descent_last(const struct descent *d)
{
	return &d->steps[d->n - 1];
}

const struct descent_step *descent_parent(const struct descent *d)
{
	return d->n > 1 ? &d->steps[d->n - 2] : NULL;
}
