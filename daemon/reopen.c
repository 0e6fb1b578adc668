/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/opening.h"

/*
 * The second of two steps: what was pinned and judged is opened, and looked at no more, since it is
 * the same. What the first step kept away is met here: drivers, leases, and whoever answers for a
 * file system.
 */

/* F_SETFL changes the status flags only: what was for our own protection goes (P26). */
static int unprotect(int fd, int flags)
{
	if (flags & O_NONBLOCK)
		return 0;
	return fcntl(fd, F_SETFL, flags & O_APPEND) < 0 ? -errno : 0;
}

int reopen_fd(const struct opening *o, int fd, int flags)
{
	_cleanup_(fd_closep) int again = opener_open_again(o, fd, flags);
	int r;

	if (again < 0)
		return again;
	r = unprotect(again, flags);
	return r < 0 ? r : TAKE_FD(again);
}

/*
 * Whether to open it asks nobody: a device's driver may take its time, and overlayfs copies a whole
 * file that is opened for writing.
 */
static bool opens_at_once(const struct opening *o, const struct pin *pin)
{
	const struct policy_object *object = &pin->object;

	if (!pin->is_local || !(S_ISREG(object->mode) || S_ISDIR(object->mode)))
		return false;
	return object->fs_magic != OVERLAYFS_SUPER_MAGIC ||
	       (o->order->request->flags & O_ACCMODE) == O_RDONLY;
}

/* fcntl(2), F_SETLEASE: with O_NONBLOCK whoever has the lease is told, and the open fails until he
 * lets go or the kernel loses patience with him, in 45 seconds. Asked ever more rarely: all who wait
 * wake up for it, and take time from those who do not. */
int reopen_after_leases(const struct opening *o, const struct pin *pin, int flags)
{
	struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	int fd = -EAGAIN;

	while (fd == -EAGAIN && o->order->given_up && !opening_is_given_up(o)) {
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 320 * 1000 * 1000)
			pause.tv_nsec *= 2;
		fd = opener_open_again(o, pin->fd, flags);
	}
	return fd;
}

enum step reopen_pin(struct opening *o, const struct pin *pin)
{
	const struct request *request = o->order->request;
	_cleanup_(fd_closep) int fd = -EBADF;
	int r;

	o->out->lingers = !opens_at_once(o, pin);
	if (o->out->lingers && opening_may_block(o) != STEP_GO)
		return STEP_DONE;
	if (opening_may_deliver(o) != STEP_GO)
		return STEP_DONE;
	fd = opener_open_again(o, pin->fd, request->flags);
	if (fd == -EAGAIN && S_ISREG(pin->object.mode)) {
		if (opening_may_block(o) != STEP_GO)
			return STEP_DONE;
		fd = reopen_after_leases(o, pin, request->flags);
	}
	if (fd < 0)
		return opening_unopened(o, fd);
	r = unprotect(fd, request->flags);
	if (r < 0)
		return opening_kernel(o, r);
	if (opening_is_given_up(o))
		return opening_kernel(o, -ETIMEDOUT);
	/* Last of all, and never by O_TRUNC, which acts while opening (P19). */
	if (request->truncate && S_ISREG(pin->object.mode) && ftruncate(fd, 0) < 0)
		return opening_unopened(o, -errno);
	return opening_deliver(o, &fd);
}
