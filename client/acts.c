/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The exported functions that ask for something else than a file. */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/macro.h"
#include "client/handle.h"
#include "client/path.h"
#include "wire/act.h"

/* "name/": path_resolution(7). Of a directory to make or to remove the slash says nothing; and what
 * has no name of its own, as "name/.", can be neither. */
static int heed_slash(const struct path *name, struct question *question)
{
	static const struct {
		uint16_t opcode;
		bool plain; /* with a slash or without */
	} names[] = {
		{ WIRE_OPCODE_UNLINK, false },
		{ WIRE_OPCODE_RMDIR, true },
		{ WIRE_OPCODE_MKDIR, true },
		{ WIRE_OPCODE_SYMLINK, false },
	};
	bool plain = false;

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		if (names[i].opcode != question->opcode)
			continue;
		if (name->dots)
			return -EINVAL;
		plain = names[i].plain;
	}
	if (!name->directory || plain)
		return 0;
	question->act.flags &= ~(uint32_t)WIRE_ACT_NOFOLLOW;
	question->act.flags |= WIRE_ACT_DIRECTORY;
	return 0;
}

/* What every one of them does: name what is meant, ask, and let only documented errors out. */
static int ask(struct fdbroker *broker, const char *path, struct question *question,
	       struct fdbroker_answer *ret_answer)
{
	struct path name _uninitialized_;
	int r;

	r = broker ? path_absolute(path, &name) : -EINVAL;
	if (r == 0)
		r = heed_slash(&name, question);
	if (r < 0)
		return handle_unasked(ret_answer, r);
	question->act.path = name.text;
	question->act.path_len = (uint16_t)name.len;
	return handle_ask(broker, question, ret_answer);
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
		return handle_unasked(ret_answer, -EINVAL);
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
		return handle_unasked(ret_answer, -EINVAL);
	return ask(broker, path, &question, ret_answer);
}

ssize_t fdbroker_readlink(struct fdbroker *broker, const char *path, char *buffer, size_t size,
			  struct fdbroker_answer *ret_answer)
{
	char data[WIRE_DATA_MAX] _uninitialized_;
	struct question question = {
		.opcode = WIRE_OPCODE_READLINK,
		.data = data,
		.data_size = sizeof(data),
	};
	int r;

	if (!buffer || size == 0)
		return handle_unasked(ret_answer, -EINVAL);
	r = ask(broker, path, &question, ret_answer);
	if (r < 0)
		return r;
	if (size > question.data_len)
		size = question.data_len;
	memcpy(buffer, data, size);
	return (ssize_t)size;
}

int fdbroker_unlink(struct fdbroker *broker, const char *path, int flags,
		    struct fdbroker_answer *ret_answer)
{
	struct question question = {
		.opcode = flags & AT_REMOVEDIR ? WIRE_OPCODE_RMDIR : WIRE_OPCODE_UNLINK,
	};

	return flags & ~AT_REMOVEDIR ? handle_unasked(ret_answer, -EINVAL)
				     : ask(broker, path, &question, ret_answer);
}

int fdbroker_mkdir(struct fdbroker *broker, const char *path, mode_t mode,
		   struct fdbroker_answer *ret_answer)
{
	struct question question = { .opcode = WIRE_OPCODE_MKDIR, .act.argument = mode & 0777 };

	return ask(broker, path, &question, ret_answer);
}

int fdbroker_symlink(struct fdbroker *broker, const char *target, const char *path,
		     struct fdbroker_answer *ret_answer)
{
	struct question question = { .opcode = WIRE_OPCODE_SYMLINK, .act.other = target };
	size_t len;

	if (!target)
		return handle_unasked(ret_answer, -EFAULT);
	len = strnlen(target, WIRE_PATH_MAX + 1);
	if (len == 0)
		return handle_unasked(ret_answer, -ENOENT);
	if (len > WIRE_PATH_MAX)
		return handle_unasked(ret_answer, -ENAMETOOLONG);
	question.act.other_len = (uint16_t)len;
	return ask(broker, path, &question, ret_answer);
}

int fdbroker_chmod(struct fdbroker *broker, const char *path, mode_t mode,
		   struct fdbroker_answer *ret_answer)
{
	struct question question = { .opcode = WIRE_OPCODE_CHMOD, .act.argument = mode };

	return mode & ~(mode_t)0777 ? handle_unasked(ret_answer, -EINVAL)
				    : ask(broker, path, &question, ret_answer);
}

static bool is_time(const struct timespec *time)
{
	return (time->tv_nsec >= 0 && time->tv_nsec < 1000000000) || time->tv_nsec == UTIME_NOW ||
	       time->tv_nsec == UTIME_OMIT;
}

int fdbroker_utimens(struct fdbroker *broker, const char *path, const struct timespec times[2],
		     int flags, struct fdbroker_answer *ret_answer)
{
	struct wire_time wire[2] = { { .nsec = UTIME_NOW }, { .nsec = UTIME_NOW } };
	uint8_t other[WIRE_TIMES_SIZE];
	struct question question = {
		.opcode = WIRE_OPCODE_UTIMENS,
		.act.flags = flags & AT_SYMLINK_NOFOLLOW ? WIRE_ACT_NOFOLLOW : 0,
		.act.other = (const char *)other,
		.act.other_len = sizeof(other),
	};

	if (flags & ~AT_SYMLINK_NOFOLLOW || (times && !(is_time(&times[0]) && is_time(&times[1]))))
		return handle_unasked(ret_answer, -EINVAL);
	for (int i = 0; times && i < 2; i++)
		wire[i] = (struct wire_time){ times[i].tv_sec, (uint32_t)times[i].tv_nsec };
	wire_times_write(wire, other, sizeof(other));
	return ask(broker, path, &question, ret_answer);
}

int fdbroker_truncate(struct fdbroker *broker, const char *path, off_t size,
		      struct fdbroker_answer *ret_answer)
{
	uint8_t other[WIRE_SIZE_SIZE];
	struct question question = {
		.opcode = WIRE_OPCODE_TRUNCATE,
		.act.other = (const char *)other,
		.act.other_len = sizeof(other),
	};

	if (size < 0)
		return handle_unasked(ret_answer, -EINVAL);
	wire_size_write((uint64_t)size, other, sizeof(other));
	return ask(broker, path, &question, ret_answer);
}

int fdbroker_connect_unix(struct fdbroker *broker, const char *path, int type,
			  struct fdbroker_answer *ret_answer)
{
	static const struct {
		int type;
		uint32_t wire;
	} types[] = {
		{ SOCK_STREAM, WIRE_CONNECT_STREAM },
		{ SOCK_SEQPACKET, WIRE_CONNECT_SEQPACKET },
		{ SOCK_DGRAM, WIRE_CONNECT_DATAGRAM },
	};
	struct question question = {
		.opcode = WIRE_OPCODE_CONNECT,
		.act.flags = type & SOCK_NONBLOCK ? WIRE_ACT_NONBLOCK : 0,
	};

	for (size_t i = 0; i < ELEMENTSOF(types); i++)
		if ((type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) == types[i].type)
			question.act.argument = types[i].wire;
	return question.act.argument == 0 ? handle_unasked(ret_answer, -EINVAL)
					  : ask(broker, path, &question, ret_answer);
}

int fdbroker_watch(struct fdbroker *broker, const char *path, uint32_t mask,
		   struct fdbroker_answer *ret_answer)
{
	struct question question = {
		.opcode = WIRE_OPCODE_WATCH,
		.act.flags = mask & IN_DONT_FOLLOW ? WIRE_ACT_NOFOLLOW : 0,
		.act.argument = mask & ~(uint32_t)IN_DONT_FOLLOW,
	};

	if (question.act.argument & ~WIRE_WATCH_ALL || !(mask & IN_ALL_EVENTS))
		return handle_unasked(ret_answer, -EINVAL);
	return ask(broker, path, &question, ret_answer);
}
