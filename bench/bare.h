/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_BARE_H
#define FDB_BENCH_BARE_H

/*
 * The system calls that any broker makes, and nothing else: not by wire/, since they measure what those cost,
 * and may not get dearer with us.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#define BARE_FDS_MAX 128U

union bare_control {
	struct cmsghdr alignment;
	char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(BARE_FDS_MAX * sizeof(int))];
};

/* Send @iov with one control message of SOL_SOCKET. 0 or -errno. */
int bare_send(int sock, struct iovec *iov, int type, const void *payload, size_t size);

/* Bytes of a message, and what came with it. 0: the end; or -errno. */
ssize_t bare_receive(int sock, struct iovec *iov, union bare_control *control, struct msghdr *ret);

/* The payload of the first control message of @type: its bytes, @size at most, or 0. */
size_t bare_find(struct msghdr *msg, int type, void *ret, size_t size);

/* To read, without following links. The descriptor, or -1 and errno. */
int bare_open(const char *path);

/* With whose credentials each message comes. It dies on failure. */
void bare_want_credentials(int sock);

#endif
