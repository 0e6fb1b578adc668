/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_PEERS_H
#define FDB_BENCH_PEERS_H

/*
 * Other ways to have a file opened by somebody else. Each is started by its peer, as root, on the
 * processor of the caller, and ends with the benchmark; -errno or ENOENT's where it is not installed.
 */

#include <sys/types.h>

#include "bench/stage.h"

/* A D-Bus method that opens the file and returns it. */
struct peer_bus {
	void *bus; /* sd_bus */
	pid_t service, daemon;
	const char *destination; /* NULL: the other end itself */
	const char *path;	 /* borrowed */
};

/* Over a socket of its own, or by way of a dbus-daemon(1). */
int peer_bus_direct(struct peer_bus *ret, const char *path);
int peer_bus_daemon(struct peer_bus *ret, const struct stage *stage, const char *path);
void peer_bus_stop(struct peer_bus *peer);
int peer_bus_ask(void *peer);

/* A file system that opens the file when it is asked to, as the document portal's does. */
struct peer_fuse {
	pid_t server;
	char directory[STAGE_PATH_MAX];
	char file[STAGE_PATH_MAX]; /* in it */
};

int peer_fuse_start(struct peer_fuse *ret, const struct stage *stage, const char *path);
void peer_fuse_stop(struct peer_fuse *peer);

/* A program that prints the file, waited for. @context: its arguments, NULL at the end. */
int peer_spawn(void *context);

#endif
