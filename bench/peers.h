/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_PEERS_H
#define FDB_BENCH_PEERS_H

/*
 * Other ways to have a file opened by somebody else. Each is started by its peer, as root, on the
 * processor of the caller, and ends with the benchmark; -ENOENT where it is not installed, another -errno
 * where it does not start.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/stage.h"

/* A D-Bus method that opens the file and returns it. */
struct peer_bus {
	void *bus; /* sd_bus */
	pid_t service, daemon;
	void *controller;	 /* sd_bus, which dbus-broker(1) ends with; or NULL */
	const char *destination; /* NULL: the other end itself */
	const char *path;	 /* borrowed */
};

/* Over a socket of its own, or by way of a dbus-daemon(1) or dbus-broker(1). */
int peer_bus_direct(struct peer_bus *ret, const char *path);
int peer_bus_daemon(struct peer_bus *ret, const struct stage *stage, const char *path);
int peer_bus_broker(struct peer_bus *ret, const struct stage *stage, const char *path);
void peer_bus_stop(struct peer_bus *peer);
int peer_bus_ask(void *peer);

/* The daemon of the last but one: it listens at @socket, and lets everybody send anything to everybody.
 * On failure, too, what is set is to be stopped. */
int peer_broker_start(struct peer_bus *peer, const char *socket);

/* A file system that opens the file when it is asked to, as the document portal's does. */
struct peer_fuse {
	pid_t server;
	char directory[STAGE_PATH_MAX];
	char file[STAGE_PATH_MAX]; /* in it */
};

int peer_fuse_start(struct peer_fuse *ret, const struct stage *stage, const char *path);
void peer_fuse_stop(struct peer_fuse *peer);

/* seatd(1), which opens what it takes for a device, and keeps it open until it is told to close it. */
#define PEER_SEAT_DEVICES 64U

struct peer_seat {
	pid_t server;
	int sock;
	uint32_t open[PEER_SEAT_DEVICES]; /* its numbers of them */
	size_t n_open;
};

int peer_seat_start(struct peer_seat *ret, const struct stage *stage);
void peer_seat_stop(struct peer_seat *peer);

/* Have one that is not open yet opened; -EMFILE if there is none. */
int peer_seat_open(void *peer);
int peer_seat_open_and_close(void *peer);
void peer_seat_close_all(void *peer);

/* s6-fdholderd(1), which opens nothing: it is given a descriptor once, and gives copies of it away. */
struct peer_fdholder {
	pid_t server;
	int sock;
};

int peer_fdholder_start(struct peer_fdholder *ret, const struct stage *stage, const char *path);
void peer_fdholder_stop(struct peer_fdholder *peer);
int peer_fdholder_ask(void *peer);

#endif
