/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/number.h"
#include "daemon/burden.h"
#include "daemon/opening.h"
#include "wire/act.h"

/*
 * A watch on an object that was pinned and judged. inotify_add_watch(2) looks a name up itself: by
 * that of the pin it finds the very object, and asks for the right to read it with the authority that
 * the rule lends. What comes of it goes through the pump, for the reasons that relay.h gives.
 *
 * The pipe is made with the broker's own identity: its owner could open the end that is ours.
 */

static int add_watch(const struct opening *o, const struct pin *pin, int instance)
{
	char path[NUMBER_FD_PATH_SIZE];

	number_fd_path(pin->fd, path);
	if (inotify_add_watch(instance, path, o->order->request->argument) < 0)
		return -errno;
	return 0;
}

static int lay_pipe(struct opening *o, int instance, int *ret)
{
	_cleanup_(fd_closep) int end = -EBADF, ours = -EBADF;
	struct burden burden = { .kind = BURDEN_WATCH, .uid = o->order->principal->uid };
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK | O_DIRECT) < 0)
		return -errno;
	end = ends[0];
	ours = ends[1];
	burden.fds[0] = instance;
	burden.fds[1] = ours;
	r = burden_place(o->opener->shared.pump, &burden);
	if (r < 0)
		return r;
	if (fcntl(end, F_SETFL, o->order->request->flags & O_NONBLOCK) < 0)
		return -errno;
	*ret = TAKE_FD(end);
	return 0;
}

enum step watch_perform(struct opening *o, const struct pin *pin)
{
	_cleanup_(fd_closep) int instance = -EBADF, end = -EBADF;
	int r;

	/* Whoever serves the file system may be asked, and the pump is. */
	if (opening_may_block(o) != STEP_GO)
		return STEP_DONE;
	instance = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (instance < 0)
		return opening_kernel(o, -errno);
	r = add_watch(o, pin, instance);
	/* fs.inotify.max_user_watches: ours. */
	if (r == -ENOSPC)
		return opening_busy(o);
	if (r < 0)
		return opening_kernel(o, r);
	authority_broker(&o->opener->authority);
	r = lay_pipe(o, instance, &end);
	if (r == -EAGAIN)
		return opening_busy(o);
	return r < 0 ? opening_kernel(o, r) : opening_granted(o, TAKE_FD(end));
}
