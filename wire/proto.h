/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_WIRE_PROTO_H
#define FDB_WIRE_PROTO_H

/*
 * The protocol between a client and the broker, version 1. One SOCK_SEQPACKET
 * message is one request or one reply. All integers are little-endian.
 *
 *	offset	size
 *	0	2	version
 *	2	2	opcode; a reply carries its request's with WIRE_OPCODE_REPLY set
 *	4	4	flags of the message: none is defined, must be 0
 *	8	8	request id, chosen by the client; 0 is the broker's notices
 *	16	4	length of the whole message in bytes
 *	20	4	reserved, must be 0
 *	24		body
 *
 * Body of an open request: u32 open flags (WIRE_OPEN_*), u32 mode (permission
 * bits of a file to create, 0 otherwise), u16 length of the path, the path.
 * Body of an open reply: i32 errno (0 or positive), u16 reason, u16 number of
 * descriptors with the message (1 if errno is 0, otherwise 0), u64 decision id.
 * Body of a version reply (to a message of an unknown version): u16 lowest and
 * u16 highest version the broker speaks.
 * Body of a notice: u16 which (WIRE_NOTICE_*).
 */

#include <stdint.h>

#define WIRE_VERSION	   1
#define WIRE_VERSION_LOW   1
#define WIRE_HEADER_SIZE   24U
#define WIRE_OPEN_SIZE	   10U	 /* flags to length of the path: what an open request begins with */
#define WIRE_ANSWER_SIZE   16U	 /* errno to decision id: what a reply begins with */
#define WIRE_PATH_MAX	   4095U /* bytes without a NUL: PATH_MAX less the NUL */
#define WIRE_COMPONENT_MAX 255U	 /* bytes: NAME_MAX */
#define WIRE_MESSAGE_MAX   65536U /* bytes; a batch of opens is the largest message */
#define WIRE_FDS_MAX	   253U	  /* unix(7): SCM_MAX_FD */
#define WIRE_ERRNO_MAX	   4095	  /* the kernel's MAX_ERRNO */

enum wire_opcode {
	WIRE_OPCODE_NOTICE = 0,
	WIRE_OPCODE_OPEN = 1,
	/* act.h has their body, which is one for all */
	WIRE_OPCODE_ACT_FIRST = 2,
	WIRE_OPCODE_STAT = WIRE_OPCODE_ACT_FIRST, /* struct wire_stat */
	WIRE_OPCODE_ACCESS = 3,			  /* argument: WIRE_ACCESS_* */
	WIRE_OPCODE_READLINK = 4,		  /* the target */
	WIRE_OPCODE_UNLINK = 5,
	WIRE_OPCODE_RMDIR = 6,
	WIRE_OPCODE_MKDIR = 7,	   /* argument: permission bits */
	WIRE_OPCODE_CHMOD = 8,	   /* argument: permission bits */
	WIRE_OPCODE_UTIMENS = 9,   /* other: two struct wire_time */
	WIRE_OPCODE_TRUNCATE = 10, /* other: u64, the size */
	WIRE_OPCODE_CONNECT =
		11, /* argument: one of WIRE_CONNECT_*; a socket comes with the reply */
	WIRE_OPCODE_SYMLINK = 12, /* other: the target, a text without a NUL */
	WIRE_OPCODE_RENAME = 13,  /* path: the old name; other: the new one */
	WIRE_OPCODE_LINK = 14,	  /* likewise */
	WIRE_OPCODE_WATCH = 15,	  /* argument: WIRE_WATCH_ALL; a pipe comes with the reply */
	WIRE_OPCODE_ACT_LAST = WIRE_OPCODE_WATCH,
	/* From here on what asks for several things at once; below is what asks for one. */
	WIRE_OPCODE_BATCH = 0x100,     /* opens: batch.h */
	WIRE_OPCODE_REPLY = 0x8000,    /* bit */
	WIRE_OPCODE_VERSIONS = 0xffff, /* reply only: see above */
};

enum wire_notice {
	/* First message of a new broker on an inherited connection, or the last of
	 * one that leaves: every
	 * request without an answer is lost and may be asked again. One that the
	 * old broker had not read is answered all the same: that answer, to an id
	 * from before the notice, is to be dropped and its descriptor closed. */
	WIRE_NOTICE_LOST = 1,
};

/* The wire's own flags, never O_*: whoever writes O_* numbers on the wire ties it to one
 * architecture. READ, WRITE or both, except that APPEND, like TRUNCATE, asks for WRITE too. */
enum wire_open_flag {
	WIRE_OPEN_READ = 1U << 0,
	WIRE_OPEN_WRITE = 1U << 1,
	WIRE_OPEN_APPEND = 1U << 2,
	WIRE_OPEN_TRUNCATE = 1U << 3,
	WIRE_OPEN_CREATE = 1U << 4,
	WIRE_OPEN_EXCLUSIVE = 1U << 5, /* with CREATE only */
	WIRE_OPEN_DIRECTORY = 1U << 6,
	WIRE_OPEN_TMPFILE = 1U << 7,
	WIRE_OPEN_NOFOLLOW = 1U << 8,
	WIRE_OPEN_NONBLOCK = 1U << 9,
	WIRE_OPEN_SYNC = 1U << 10,
	WIRE_OPEN_DSYNC = 1U << 11,
	WIRE_OPEN_ALL = (1U << 12) - 1,
};

/* Why a request was answered as it was. Part of the protocol: numbers never change. */
enum wire_reason {
	WIRE_REASON_OK = 0,
	WIRE_REASON_DEFAULT = 1,   /* no allow rule names the request */
	WIRE_REASON_RULE = 2,	   /* a deny rule does */
	WIRE_REASON_NOT_FOUND = 3, /* ENOENT, real or by `hide` */
	WIRE_REASON_CONDITION = 4, /* the object is not what the rule wants */
	WIRE_REASON_RATE = 5,	   /* the rule's rate or inflight */
	WIRE_REASON_BUSY = 6,	   /* a limit of the broker */
	WIRE_REASON_DEADLINE = 7,  /* the open took too long */
	WIRE_REASON_BAD_PATH = 8,
	WIRE_REASON_BAD_FLAGS = 9,
	WIRE_REASON_UNSUPPORTED = 10, /* opcode, version or message flag */
	WIRE_REASON_KERNEL = 11,      /* allowed, and the kernel said errno */
	WIRE_REASON_DEGRADED = 12,    /* the broker has no valid policy */
	/* Of a member of a batch only: it was not decided, since it may take its time; ask for it by
	 * itself. With EAGAIN. Never in a record, where the answer to that request is. */
	WIRE_REASON_SINGLY = 13,
};

struct wire_header {
	uint16_t version;
	uint16_t opcode;
	uint32_t flags;
	uint64_t id;
	uint32_t length;
};

struct wire_open {
	uint32_t flags; /* WIRE_OPEN_* */
	uint32_t mode;
	uint16_t path_len; /* 0..WIRE_PATH_MAX; anything else is the policy's to refuse */
	const char *path;  /* borrowed from the message, not NUL-terminated */
};

struct wire_answer {
	uint16_t reason; /* enum wire_reason */
	uint16_t n_fds;
	int32_t error; /* 0 or a positive errno */
	uint64_t decision;
};

#endif
