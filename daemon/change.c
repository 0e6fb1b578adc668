/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/number.h"
#include "daemon/opening.h"
#include "wire/act.h"

/*
 * What is done to an object that was pinned and judged, or by it. Its name in /proc/self/fd means the
 * pin itself, whatever has become of the name that was asked for.
 */

static enum step done(struct opening *o, int result)
{
	return result < 0 ? opening_kernel(o, -errno) : opening_granted(o, -EBADF);
}

/*
 * Never set-id or sticky bits that are asked for. A file loses its own, as by chmod(2); a directory's
 * sticky bit says who may change what is in it, and is not the mode's.
 */
static mode_t mode_for(const struct opening *o, const struct pin *pin)
{
	mode_t kept = S_ISDIR(pin->object.mode) ? pin->object.mode & S_ISVTX : 0;

	return kept | o->order->request->mode;
}

/* chmod(2) clears what is not set again, and the filter lets nobody set this: whose is what is made there
 * would change in silence. */
static bool gives_its_group(const struct pin *pin)
{
	return S_ISDIR(pin->object.mode) && pin->object.mode & S_ISGID;
}

enum step change_mode(struct opening *o, const struct pin *pin)
{
	mode_t mode = mode_for(o, pin);
	char number[NUMBER_SIZE];

	if (gives_its_group(pin))
		return opening_kernel(o, -EPERM);
	if (opening_is_given_up(o))
		return opening_kernel(o, -ETIMEDOUT);
	number_print((uint32_t)pin->fd, number);
	return done(o, fchmodat(o->opener->shared.procfd, number, mode, 0));
}

enum step change_times(struct opening *o, const struct pin *pin)
{
	struct timespec times[2];
	char number[NUMBER_SIZE];

	for (int i = 0; i < 2; i++) {
		times[i].tv_sec = (time_t)o->order->request->times[i].sec;
		times[i].tv_nsec = (long)o->order->request->times[i].nsec;
	}
	if (opening_is_given_up(o))
		return opening_kernel(o, -ETIMEDOUT);
	number_print((uint32_t)pin->fd, number);
	return done(o, utimensat(o->opener->shared.procfd, number, times, 0));
}

enum step change_size(struct opening *o, const struct pin *pin)
{
	_cleanup_(fd_closep) int fd = -EBADF;

	/* truncate(2): nothing else has a size; and to open it would wake a FIFO's peer, or a driver. */
	if (!S_ISREG(pin->object.mode))
		return opening_kernel(o, -EINVAL);
	fd = reopen_fd(o, pin->fd, O_WRONLY);
	if (fd == -EAGAIN)
		fd = reopen_after_leases(o, pin, O_WRONLY);
	if (fd < 0)
		return opening_unopened(o, fd);
	if (opening_is_given_up(o))
		return opening_kernel(o, -ETIMEDOUT);
	if (ftruncate(fd, (off_t)o->order->request->size) < 0)
		return opening_unopened(o, -errno);
	return opening_granted(o, -EBADF);
}

static int type_of(uint32_t argument)
{
	if (argument & WIRE_CONNECT_STREAM)
		return SOCK_STREAM;
	return argument & WIRE_CONNECT_SEQPACKET ? SOCK_SEQPACKET : SOCK_DGRAM;
}

/*
 * connect(2) looks the name up itself: by the pin it finds the very socket that was judged, with the
 * authority that the rule lends. Without O_NONBLOCK it would wait for room in the backlog of whoever
 * listens. The listener sees the broker's process and user in SO_PEERCRED (unix(7)), whoever asked.
 */
enum step change_connect(struct opening *o, const struct pin *pin)
{
	const struct request *request = o->order->request;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_(fd_closep) int fd = -EBADF;

	if (!pin->is_local && opening_may_block(o) != STEP_GO)
		return STEP_DONE;
	fd = socket(AF_UNIX, type_of(request->argument) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return opening_kernel(o, -errno);
	number_fd_path(pin->fd, address.sun_path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return opening_kernel(o, -errno);
	if (!(request->flags & O_NONBLOCK) && fcntl(fd, F_SETFL, 0) < 0)
		return opening_kernel(o, -errno);
	return opening_granted(o, TAKE_FD(fd));
}
