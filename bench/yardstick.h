/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_YARDSTICK_H
#define FDB_BENCH_YARDSTICK_H

/*
 * The least that a broker can do: it takes a name and who sent it, opens it without following
 * links, and sends the descriptor back. No policy, no rights but its own, no audit. What a request
 * costs is told as a multiple of this.
 */

#include <sys/socket.h>
#include <sys/types.h>

struct yardstick {
	pid_t pid;
	int sock; /* a connection; or -EBADF */
	int listener;
	char address[32]; /* abstract, without the NUL that it begins with */
};

/* Serve one connection and wait for nothing else. On the processor of the caller. It dies on failure. */
void yardstick_start(struct yardstick *ret);

/* Serve whoever connects, up to 64 that are ready at a time, one request of each in turn. */
void yardstick_start_for_many(struct yardstick *ret);

void yardstick_stop(struct yardstick *yardstick);

/* A connection of one's own; or -errno. */
int yardstick_connect(const struct yardstick *yardstick);

/* Ask on @sock, as @self, for @path, to read; the descriptor is closed. 0 or -errno. */
int yardstick_ask(int sock, const struct ucred *self, const char *path);

#endif
