/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The exported functions that ask for something else than a file. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "client/code.h"
#include "client/handle.h"
#include "client/path.h"
#include "wire/act.h"

/* What every one of them does: name what is meant, ask, and let only documented errors out. */
static int ask(struct fdbroker *broker, const char *path, struct question *question,
	       struct fdbroker_answer *ret_answer)
{
	struct fdbroker_answer answer = { .reason = FDBROKER_REASON_NONE };
	struct path name;
	int r;

	r = broker ? path_absolute(path, &name) : -EINVAL;
	if (r == 0) {
		question->act.path = name.text;
		question->act.path_len = (uint16_t)name.len;
		/* "link/" is what the link leads to: path_resolution(7). */
		if (name.directory)
			question->act.flags &= ~(uint32_t)WIRE_ACT_NOFOLLOW;
		r = handle_ask(broker, question, &answer);
	}
	if (ret_answer)
		*ret_answer = answer;
	return code_filter(r);
}

static struct timespec timespec_of(struct wire_time time)
{
	return (struct timespec){ .tv_sec = (time_t)time.sec, .tv_nsec = (long)time.nsec };
}

static struct stat stat_of(const struct wire_stat *wire)
{
	return (struct stat){
		.st_dev = wire->dev,
		.st_ino = wire->ino,
		.st_mode = wire->mode,
		.st_nlink = wire->links,
		.st_uid = wire->uid,
		.st_gid = wire->gid,
		.st_rdev = wire->rdev,
		.st_size = (off_t)wire->size,
		.st_blksize = (blksize_t)wire->block_size,
		.st_blocks = (blkcnt_t)wire->blocks,
		.st_atim = timespec_of(wire->accessed),
		.st_mtim = timespec_of(wire->modified),
		.st_ctim = timespec_of(wire->changed),
	};
}

int fdbroker_stat(struct fdbroker *broker, const char *path, int flags, struct stat *ret,
		  struct fdbroker_answer *ret_answer)
{
	uint8_t data[WIRE_STAT_SIZE];
	struct question question = {
		.opcode = WIRE_OPCODE_STAT,
		.act.flags = flags & AT_SYMLINK_NOFOLLOW ? WIRE_ACT_NOFOLLOW : 0,
		.data = data,
		.data_size = sizeof(data),
	};
	struct wire_stat wire;
	int r;

	if (!ret || flags & ~AT_SYMLINK_NOFOLLOW)
		return -EINVAL;
	r = ask(broker, path, &question, ret_answer);
	if (r < 0)
		return r;
	if (wire_stat_read(data, question.data_len, &wire) < 0)
		return -EPROTO;
	*ret = stat_of(&wire);
	return 0;
}

int fdbroker_access(struct fdbroker *broker, const char *path, int mode,
		    struct fdbroker_answer *ret_answer)
{
	struct question question = {
		.opcode = WIRE_OPCODE_ACCESS,
		.act.argument = (mode & R_OK ? WIRE_ACCESS_READ : 0) |
				(mode & W_OK ? WIRE_ACCESS_WRITE : 0) |
				(mode & X_OK ? WIRE_ACCESS_EXECUTE : 0),
	};

	if (mode & ~(R_OK | W_OK | X_OK))
		return -EINVAL;
	return ask(broker, path, &question, ret_answer);
}

ssize_t fdbroker_readlink(struct fdbroker *broker, const char *path, char *buffer, size_t size,
			  struct fdbroker_answer *ret_answer)
{
	char data[WIRE_DATA_MAX];
	struct question question = {
		.opcode = WIRE_OPCODE_READLINK,
		.data = data,
		.data_size = sizeof(data),
	};
	int r;

	if (!buffer || size == 0)
		return -EINVAL;
	r = ask(broker, path, &question, ret_answer);
	if (r < 0)
		return r;
	if (size > question.data_len)
		size = question.data_len;
	memcpy(buffer, data, size);
	return (ssize_t)size;
}
