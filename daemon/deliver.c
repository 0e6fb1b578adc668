/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macro.h"
#include "daemon/burden.h"
#include "daemon/opening.h"

/*
 * What the client is handed for a file that was judged and opened: the file, a
 * sealed copy of it, or a pipe that the pump empties into it.
 *
 * Copy and pipe are made with the broker's own identity: their owner could reopen the one for
 * writing or change its mode, and reopen the other for reading, through /proc/self/fd.
 */

#define TRIES	  2U
#define SEALS	  (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define CHUNK_MAX (UINT64_C(1) << 20) /* bytes at once */

static struct burden burden_of(const struct opening *o, enum burden_kind kind)
{
	return (struct burden){
		.kind = kind,
		.uid = o->order->principal->uid,
		.fds = { -EBADF, -EBADF },
	};
}

/* copies */

static bool is_unchanged(const struct stat *before, const struct stat *after)
{
	return before->st_size == after->st_size &&
	       before->st_mtim.tv_sec == after->st_mtim.tv_sec &&
	       before->st_mtim.tv_nsec == after->st_mtim.tv_nsec &&
	       before->st_ctim.tv_sec == after->st_ctim.tv_sec &&
	       before->st_ctim.tv_nsec == after->st_ctim.tv_nsec;
}

/* @size bytes, and not one more. -ESTALE: there are not as many. */
static int copy_bytes(const struct opening *o, int from, int to, uint64_t size)
{
	off_t at = 0;
	ssize_t n;

	while (size > 0) {
		if (opening_is_given_up(o))
			return -ETIMEDOUT;
		n = sendfile(to, from, &at, size < CHUNK_MAX ? size : CHUNK_MAX);
		if (n <= 0)
			return n == 0 ? -ESTALE : -errno;
		size -= (uint64_t)n;
	}
	return 0;
}

/* Its size is counted before it takes any memory, and its mode changed, by the pump: copies.c. */
static int make_copy(const struct opening *o, uint64_t size, int *ret)
{
	struct burden burden = burden_of(o, BURDEN_SNAPSHOT);
	_cleanup_(fd_closep) int fd = -EBADF;
	int r;

	fd = fd_memory("fdbroker");
	if (fd < 0)
		return fd;
	burden.bytes = size;
	burden.fds[0] = fd;
	r = burden_place(o->opener->shared.pump, &burden);
	if (r < 0)
		return r;
	*ret = TAKE_FD(fd);
	return 0;
}

/* 0; -ESTALE it has changed meanwhile; -EFBIG it is larger than the rule lets it be. */
static int copy_once(const struct opening *o, int file, int *ret)
{
	_cleanup_(fd_closep) int copy = -EBADF;
	struct stat before, after;
	int r;

	if (fstat(file, &before) < 0)
		return -errno;
	if ((uint64_t)before.st_size > opening_rule(o)->obligations->snapshot_max)
		return -EFBIG;
	r = make_copy(o, (uint64_t)before.st_size, &copy);
	if (r < 0)
		return r;
	r = copy_bytes(o, file, copy, (uint64_t)before.st_size);
	if (r < 0)
		return r;
	if (fstat(file, &after) < 0)
		return -errno;
	if (!is_unchanged(&before, &after))
		return -ESTALE;
	*ret = TAKE_FD(copy);
	return 0;
}

static int seal(const struct opening *o, int copy, int *ret)
{
	int fd;

	if (fcntl(copy, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	fd = reopen_fd(o, copy, O_RDONLY | (o->order->request->flags & O_NONBLOCK));
	if (fd < 0)
		return fd;
	*ret = fd;
	return 0;
}

static int take_snapshot(struct opening *o, int file, int *ret)
{
	_cleanup_(fd_closep) int copy = -EBADF;
	int r = -ESTALE;

	for (unsigned int i = 0; r == -ESTALE && i < TRIES; i++)
		r = copy_once(o, file, &copy);
	return r < 0 ? r : seal(o, copy, ret);
}

/* pipes */

static int lay_pipe(struct opening *o, int file, int *ret)
{
	bool waits = !(o->order->request->flags & O_NONBLOCK);
	struct burden burden = burden_of(o, BURDEN_PIPE);
	_cleanup_(fd_closep) int end = -EBADF, ours = -EBADF;
	int ends[2], r;

	/* Whoever creates a file need not ask for O_APPEND, and gets no other way to write. */
	if (fcntl(file, F_SETFL, O_APPEND) < 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	ours = ends[0];
	end = ends[1];
	memcpy(burden.name, o->name, sizeof(burden.name));
	burden.fds[0] = ours;
	burden.fds[1] = file;
	r = burden_place(o->opener->shared.pump, &burden);
	if (r < 0)
		return r;
	if (waits && fcntl(end, F_SETFL, 0) < 0)
		return -errno;
	*ret = TAKE_FD(end);
	return 0;
}

static int (*const ways[])(struct opening *o, int file, int *ret) = {
	[POLICY_DELIVER_SNAPSHOT] = take_snapshot,
	[POLICY_DELIVER_PIPE] = lay_pipe,
};
static_assert(ELEMENTSOF(ways) == POLICY_DELIVER_PIPE + 1, "each way has a row");

enum step opening_may_deliver(struct opening *o)
{
	return ways[opening_rule(o)->obligations->deliver] ? opening_may_block(o) : STEP_GO;
}

enum step opening_deliver(struct opening *o, int *file)
{
	enum policy_deliver way = opening_rule(o)->obligations->deliver;
	_cleanup_(fd_closep) int fd = -EBADF;
	int r;

	if (!ways[way])
		return opening_granted(o, TAKE_FD(*file));
	authority_broker(&o->opener->authority);
	r = ways[way](o, *file, &fd);
	/* What it is now the condition would refuse. */
	if (r == -EFBIG)
		return opening_condition(o, POLICY_CONDITION_MAX_SIZE);
	if (r == -ESTALE || r == -EAGAIN || r == -EMFILE || r == -ENFILE || r == -ENOMEM)
		return opening_busy(o);
	if (r < 0)
		return opening_kernel(o, r);
	o->out->lingers = false;
	return opening_granted(o, TAKE_FD(fd));
}
