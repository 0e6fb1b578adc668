/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_BURDEN_H
#define FDB_DAEMON_BURDEN_H

/*
 * What a grant leaves with us after its reply has gone: a pipe that has to be emptied into
 * a file, memory that a sealed copy takes for as long as anybody holds it, or a watch. A broker has the pump
 * take it on, because the pump outlives generations, and is told whether there is room.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BURDEN_NAME_MAX 4095U /* bytes of a file's name */
#define BURDEN_SIZE_MAX 4352U /* bytes of a message */
#define BURDEN_FDS	2U

enum burden_kind {
	BURDEN_PIPE = 1, /* fds: the end to read, the file to append to */
	BURDEN_SNAPSHOT, /* fds: the memfd, still empty */
	BURDEN_WATCH,	 /* fds: of relay_setup, the instance and the pipe */
};

struct burden {
	enum burden_kind kind;
	uid_t uid;			/* whose places it takes */
	uint64_t bytes;			/* SNAPSHOT: what it will hold */
	char name[BURDEN_NAME_MAX + 1]; /* PIPE: the file's, for the log */
	int fds[BURDEN_FDS];		/* sent: borrowed; received: the receiver's */
};

/* Bytes written, or -EMSGSIZE; the descriptors go beside them. */
int burden_write(const struct burden *burden, void *buffer, size_t size);
/* 0 or -EBADMSG; ret->fds are -EBADF. */
int burden_read(const void *data, size_t size, struct burden *ret);

/**
 * burden_place() - have the pump take it on
 * @queue:	to the pump; borrowed
 *
 * Waits for the answer, LIMIT_PUMP_SEC at most. What was not answered is not taken on: its other
 * end closes.
 *
 * Return: 0; -EAGAIN no room for this uid or at all, or nobody answers; another -errno.
 */
int burden_place(int queue, const struct burden *burden);

/**
 * burden_receive() - in the pump: the next one
 * @ret_reply:	where burden_answer() says what becomes of it; the receiver's
 *
 * Never blocks. Return: 1; 0 nobody will ever send again; -EAGAIN; -EBADMSG and the like: it was
 *	malformed and is gone.
 */
int burden_receive(int queue, struct burden *ret, int *ret_reply);

/* 0 or a negative errno is what burden_place() returns. @take_reply is consumed. */
void burden_answer(int take_reply, int r);

void burden_done(struct burden *burden);

#endif
