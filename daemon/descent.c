/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/descent.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"

void descent_done(struct descent *d)
{
	fd_close(d->fd);
	fd_close(d->parent);
}

static int step_down(struct descent *d, const char *path, size_t len)
{
	char name[256];
	size_t at = d->len + 1;
	int fd;

	if (len - at >= sizeof(name))
		return -ENAMETOOLONG;
	memcpy(name, path + at, len - at);
	name[len - at] = '\0';
	fd = openat(d->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	fd_close(d->parent);
	d->parent = d->fd;
	d->parent_len = d->len;
	d->fd = fd;
	d->len = len;
	return 0;
}

int descent_init(struct descent *d, const char *path)
{
	size_t len = 0;
	int r = 0;

	*d = (struct descent){ .parent = -EBADF };
	d->fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0)
		return -errno;
	while (r == 0 && path[len] != '\0' && path[len + 1] != '\0') {
		len += 1 + strcspn(path + len + 1, "/");
		r = step_down(d, path, len);
	}
	d->complete = r == 0;
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE ? r : 0;
}
