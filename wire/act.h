/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_WIRE_ACT_H
#define FDB_WIRE_ACT_H

/*
 * What may be asked of a name besides opening it: each has an opcode of its own (proto.h), and all
 * have one body. It continues the header of proto.h:
 *
 *	offset	size
 *	24	4	flags (WIRE_ACT_*)
 *	28	4	argument, by opcode; 0 where there is none
 *	32	2	length of the path, then the path
 *		2	length of the other part, then that; by opcode, 0 where there is none
 *
 * Body of a reply: i32 errno, u16 reason, u16 number of descriptors (0 or 1), u64 decision id, u16
 * length of what was asked for, then that. With an errno there is neither.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/inotify.h>

#include "wire/proto.h"

#define WIRE_DATA_MAX	WIRE_PATH_MAX /* bytes: a link's target is the longest */
#define WIRE_TIMES_SIZE 24U	      /* bytes of two encoded struct wire_time */
#define WIRE_SIZE_SIZE	8U	      /* bytes of an encoded size */
#define WIRE_STAT_SIZE	100U	      /* bytes of an encoded struct wire_stat */

enum wire_act_flag {
	WIRE_ACT_NOFOLLOW = 1U << 0, /* the link itself, if the last component is one */
	WIRE_ACT_NONBLOCK = 1U << 1, /* of the socket or pipe that comes */
	/* The name ended in a slash: a link is followed, and what is there must be a directory. */
	WIRE_ACT_DIRECTORY = 1U << 2,
	WIRE_ACT_NOREPLACE = 1U << 3, /* what stands at the new name is not replaced */
	WIRE_ACT_ALL = (1U << 4) - 1,
};

/* The argument of WIRE_OPCODE_ACCESS; without a bit: whether it is there. */
enum wire_access {
	WIRE_ACCESS_EXECUTE = 1U << 0,
	WIRE_ACCESS_WRITE = 1U << 1,
	WIRE_ACCESS_READ = 1U << 2,
	WIRE_ACCESS_ALL = (1U << 3) - 1,
};

/* The argument of WIRE_OPCODE_CONNECT: exactly one. */
enum wire_connect {
	WIRE_CONNECT_STREAM = 1U << 0,
	WIRE_CONNECT_SEQPACKET = 1U << 1,
	WIRE_CONNECT_DATAGRAM = 1U << 2,
	WIRE_CONNECT_ALL = (1U << 3) - 1,
};

/* The argument of WIRE_OPCODE_WATCH: bits of inotify(7), which are Linux's everywhere, as are those of
 * the events that come. One of IN_ALL_EVENTS at least. */
#define WIRE_WATCH_ALL (IN_ALL_EVENTS | IN_ONLYDIR | IN_EXCL_UNLINK | IN_ONESHOT)

struct wire_act {
	uint32_t flags;	   /* WIRE_ACT_* */
	uint32_t argument; /* by opcode */
	uint16_t path_len, other_len;
	const char *path, *other; /* borrowed from the message, not NUL-terminated */
};

struct wire_act_answer {
	struct wire_answer answer;
	uint16_t data_len;
	const void *data; /* borrowed */
};

struct wire_time {
	int64_t sec; /* since 1970, UTC */
	uint32_t nsec;
};

/* stat(2), each field in this order: u64 unless said otherwise. */
struct wire_stat {
	uint64_t dev, ino;
	uint32_t mode, uid, gid; /* u32 */
	uint64_t links, rdev, size, blocks;
	uint32_t block_size; /* u32 */
	struct wire_time accessed, modified, changed;
};

/* By a request's opcode: a grant comes with a descriptor; asking twice is not as asking once. */
bool wire_act_gives(uint16_t opcode);
bool wire_act_changes(uint16_t opcode);

/* A request whose header was found to be one of these. As wire_open_read(). */
int wire_act_read(const void *data, size_t size, struct wire_act *ret);
int wire_act_write(uint64_t id, uint16_t opcode, const struct wire_act *act, void *buffer,
		   size_t size);

/* 0; -EBADMSG not an answer to such a request, or one that contradicts itself. */
int wire_act_answer_read(const void *data, size_t size, struct wire_header *ret_header,
			 struct wire_act_answer *ret);
/* @opcode: the request's. */
int wire_act_answer_write(uint64_t id, uint16_t opcode, const struct wire_act_answer *answer,
			  void *buffer, size_t size);

/* The other part of UTIMENS and of TRUNCATE, of WIRE_TIMES_SIZE and WIRE_SIZE_SIZE bytes: 0 or
 * -EBADMSG. nsec may be UTIME_NOW or UTIME_OMIT of utimensat(2), which are Linux's everywhere. */
int wire_times_read(const void *data, size_t size, struct wire_time ret[2]);
int wire_times_write(const struct wire_time times[2], void *buffer, size_t size);
int wire_size_read(const void *data, size_t size, uint64_t *ret);
int wire_size_write(uint64_t value, void *buffer, size_t size);

/* 0 or -EBADMSG; WIRE_STAT_SIZE bytes. */
int wire_stat_read(const void *data, size_t size, struct wire_stat *ret);
int wire_stat_write(const struct wire_stat *st, void *buffer, size_t size);

#endif
