/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CLIENT_CONNECTION_H
#define FDB_CLIENT_CONNECTION_H

#include <stdbool.h>

/* Where the broker is to be found. */
struct connection_place {
	const char *path; /* borrowed from the caller or the environment; NULL if fd is set */
	int fd;		  /* inherited; borrowed */
	bool chosen;	  /* by the user, who may then serve it as well */
};

/* As fdbroker_connect() says. 0 or -EINVAL. */
int connection_find(const char *path, struct connection_place *ret);

/* Connect to @path and check the peer; *ret_fd is CLOEXEC and the caller's. */
int connection_open(const char *path, bool chosen, int *ret_fd);

/**
 * connection_check() - is this a connection to a broker that we trust?
 * @fd:		borrowed
 * @chosen:	the caller's own uid will do as well as uid 0
 *
 * Return: 0; -EPERM the peer is somebody else; -ENOTSOCK, -EPROTOTYPE, -ENOTCONN it is no
 *	connected SOCK_SEQPACKET Unix socket; -EBADF.
 */
int connection_check(int fd, bool chosen);

#endif
