/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/opening.h"
#include "wire/act.h"

/*
 * What is told of an object, and no descriptor with it: stat(2), readlink(2), access(2). The pin
 * that was judged is what answers; O_PATH descriptors themselves are never handed out, because
 * whoever holds one of a directory can walk on from it.
 */

static enum step told(struct opening *o, void *take_data, size_t size)
{
	o->out->data = take_data;
	o->out->data_len = (uint16_t)size;
	return opening_granted(o, -EBADF);
}

static struct wire_time time_of(const struct timespec *at)
{
	return (struct wire_time){ .sec = at->tv_sec, .nsec = (uint32_t)at->tv_nsec };
}

static struct wire_stat wire_stat_of(const struct stat *st)
{
	return (struct wire_stat){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.links = st->st_nlink,
		.rdev = st->st_rdev,
		.size = (uint64_t)st->st_size,
		.blocks = (uint64_t)st->st_blocks,
		.block_size = (uint32_t)st->st_blksize,
		.accessed = time_of(&st->st_atim),
		.modified = time_of(&st->st_mtim),
		.changed = time_of(&st->st_ctim),
	};
}

static enum step tell_stat(struct opening *o, const struct pin *pin)
{
	struct wire_stat answer;
	struct stat st;
	void *data;

	if (fstat(pin->fd, &st) < 0)
		return opening_kernel(o, -errno);
	data = malloc(WIRE_STAT_SIZE);
	if (!data)
		return opening_kernel(o, -ENOMEM);
	answer = wire_stat_of(&st);
	return told(o, data, (size_t)wire_stat_write(&answer, data, WIRE_STAT_SIZE));
}

static enum step tell_target(struct opening *o, const struct pin *pin)
{
	char *data;
	ssize_t n;

	if (!S_ISLNK(pin->object.mode))
		return opening_kernel(o, -EINVAL);
	data = malloc(WIRE_DATA_MAX);
	if (!data)
		return opening_kernel(o, -ENOMEM);
	/* readlink(2): an empty name means the link that the descriptor is. */
	n = readlinkat(pin->fd, "", data, WIRE_DATA_MAX);
	if (n < 0) {
		int r = -errno;

		free(data);
		return opening_kernel(o, r);
	}
	return told(o, data, (size_t)n);
}

/* The kernel's own answer to the authority that the rule lends: by the fsuid, which is what
 * AT_EACCESS asks by (access(2)); the broker's real uid would be asked otherwise. */
static enum step tell_access(struct opening *o, const struct pin *pin)
{
	static const struct {
		uint32_t wire;
		int mode;
	} words[] = {
		{ WIRE_ACCESS_EXECUTE, X_OK },
		{ WIRE_ACCESS_WRITE, W_OK },
		{ WIRE_ACCESS_READ, R_OK },
	};
	int mode = F_OK;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (o->order->request->argument & words[i].wire)
			mode |= words[i].mode;
	if (syscall(SYS_faccessat2, pin->fd, "", mode, AT_EMPTY_PATH | AT_EACCESS) < 0)
		return opening_kernel(o, -errno);
	return opening_granted(o, -EBADF);
}

static const act_on_pin looks[] = {
	[WIRE_OPCODE_STAT] = tell_stat,
	[WIRE_OPCODE_ACCESS] = tell_access,
	[WIRE_OPCODE_READLINK] = tell_target,
};

enum step look_perform(struct opening *o, const struct pin *pin)
{
	if (!pin->is_local && opening_may_block(o) != STEP_GO)
		return STEP_DONE;
	return looks[o->order->request->opcode](o, pin);
}
