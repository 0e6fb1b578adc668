/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_PEER_H
#define FDB_BENCH_PEER_H

/* What peers have in common: a server that is started, and a socket to ask it by. */

#include <stddef.h>
#include <sys/types.h>

struct stage;

/*
 * Execute a server that says nothing. @prepare is called there before that, with @context, and returns 0 or
 * -errno; or NULL. Return: its process, -ENOENT if there is no such program, or another -errno.
 */
pid_t peer_start(char *const argv[], int (*prepare)(const void *context), const void *context);
void peer_stop(pid_t pid); /* 0: none */

/* Of root's in the stage: @names in turn, NULL at the end. 0 or -errno. */
int peer_make_directories(const struct stage *stage, const char *const *names);

/* Over SOCK_STREAM; a listener does not block. The caller's descriptor; or -errno. */
int peer_listen(const char *path);
int peer_connect(const char *path);

/* A message, with @fd unless that is -EBADF. 0 or -errno. */
int peer_send(int sock, const void *data, size_t size, int fd);

/* What has come of one, with a descriptor, the caller's, or -EBADF. Bytes, -ECONNRESET at the end, or -errno. */
ssize_t peer_receive(int sock, void *data, size_t size, int *ret_fd);

#endif
