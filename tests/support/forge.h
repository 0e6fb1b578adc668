/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_FORGE_H
#define FDB_TESTS_FORGE_H

#include <stddef.h>
#include <sys/socket.h>

/* The two ways to get a connection, both with SO_PASSCRED at the receiving end. */
enum forge_transport {
	FORGE_SOCKETPAIR,
	FORGE_LISTENER, /* bound, listening, connected, accepted */
	FORGE_TRANSPORTS,
};

struct forge_pair {
	int receiver;
	int sender;
};

/* A SOCK_SEQPACKET connection; aborts the test on failure. */
struct forge_pair forge_pair(int transport);
void forge_pair_done(struct forge_pair *pair);

/* A message that no honest peer would send. */
struct forge {
	const void *data;
	size_t size;
	size_t n_fds[3]; /* descriptors in a first, second and third SCM_RIGHTS */
	const struct ucred *credentials;
};

/* 0, or -errno of sendmsg(2). Descriptors are duplicates of @sock. */
int forge_send(int sock, const struct forge *forge);

#endif
