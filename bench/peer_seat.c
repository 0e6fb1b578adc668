/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "bench/peer.h"
#include "bench/peers.h"

/*
 * By hand, from seatd's include/protocol.h: libseat might do more than is needed.
 *
 * seatd listens at /run/seatd.sock, whatever it is told, and opens what is called /dev/input/event0, or the
 * like: it sees directories of the stage there, in a mount namespace where nobody else is. What is called a
 * device is a regular file, since seatd goes by the name.
 */

#define RUN	    "seat/run"
#define DEV	    "seat/dev"
#define DEVICE	    "/dev/input/event%zu"
#define DEVICE_SIZE 32U

enum opcode {
	OPEN_SEAT = 1,
	OPEN_DEVICE = 3,
	CLOSE_DEVICE = 4,
	SERVER = 1 << 15, /* and what is answered */
	DEVICE_OPENED = SERVER + OPEN_DEVICE,
	DEVICE_CLOSED = SERVER + CLOSE_DEVICE,
	SEAT_ENABLED = SERVER + 6,
	FAILED = SERVER + 0x7fff, /* with an errno */
};

struct header {
	uint16_t opcode;
	uint16_t size; /* of what follows */
};

struct open_device {
	struct header header;
	uint16_t path_size;
	char path[DEVICE_SIZE];
};

/* What is to be closed, and what was opened. */
struct device {
	struct header header;
	uint32_t number;
};

/* client */

static int receive(const struct peer_seat *peer, enum opcode expected, struct device *ret,
		   int *ret_fd)
{
	ssize_t n = peer_receive(peer->sock, ret, sizeof(*ret), ret_fd);

	if (n < 0)
		return (int)n;
	if (n >= (ssize_t)sizeof(ret->header) && ret->header.opcode == expected)
		return 0;
	*ret_fd = fd_close(*ret_fd);
	return n == sizeof(*ret) && ret->header.opcode == FAILED ? -ENODEV : -EBADMSG;
}

static int open_one(struct peer_seat *peer)
{
	struct open_device request;
	struct device reply;
	int fd, r;

	if (peer->n_open == PEER_SEAT_DEVICES)
		return -EMFILE;
	r = snprintf(request.path, sizeof(request.path), DEVICE, peer->n_open);
	request.path_size = (uint16_t)(r + 1);
	request.header.opcode = OPEN_DEVICE;
	request.header.size = (uint16_t)(sizeof(request.path_size) + request.path_size);
	r = peer_send(peer->sock, &request, sizeof(request.header) + request.header.size, -EBADF);
	if (r == 0)
		r = receive(peer, DEVICE_OPENED, &reply, &fd);
	if (r < 0)
		return r;
	peer->open[peer->n_open++] = reply.number;
	if (fd < 0)
		return -EBADMSG;
	fd_close(fd);
	return 0;
}

static int close_one(struct peer_seat *peer)
{
	const struct device request = {
		.header = { .opcode = CLOSE_DEVICE, .size = sizeof(request.number) },
		.number = peer->open[--peer->n_open],
	};
	struct device reply;
	int fd, r = peer_send(peer->sock, &request, sizeof(request), -EBADF);

	return r < 0 ? r : receive(peer, DEVICE_CLOSED, &reply, &fd);
}

int peer_seat_open(void *context)
{
	return open_one(context);
}

int peer_seat_open_and_close(void *context)
{
	int r = open_one(context);

	return r < 0 ? r : close_one(context);
}

void peer_seat_close_all(void *context)
{
	struct peer_seat *peer = context;

	while (peer->n_open > 0 && close_one(peer) == 0)
		continue;
}

/* life */

struct seatd {
	const struct stage *stage;
	int ready; /* it writes to when it listens */
};

static int make_devices(const struct stage *stage)
{
	char first[STAGE_PATH_MAX], other[STAGE_PATH_MAX];

	snprintf(first, sizeof(first), "%s/" DEV "/input/event0", stage->directory);
	stage_make_file(first, 0, 0600);
	for (unsigned int i = 1; i < PEER_SEAT_DEVICES; i++) {
		snprintf(other, sizeof(other), "%s/" DEV "/input/event%u", stage->directory, i);
		if (link(first, other) < 0)
			return -errno;
	}
	return 0;
}

static int show(const struct stage *stage, const char *name, const char *at)
{
	char path[STAGE_PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", stage->directory, name);
	return mount(path, at, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

static int enter(const void *context)
{
	const struct seatd *seatd = context;
	int r;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return -errno;
	r = show(seatd->stage, RUN, "/run");
	if (r == 0)
		r = show(seatd->stage, DEV, "/dev");
	if (r < 0)
		return r;
	if (setenv("SEATD_VTBOUND", "0", 1) < 0 || fcntl(seatd->ready, F_SETFD, 0) < 0)
		return -errno;
	return 0;
}

static pid_t start(const struct stage *stage)
{
	static char program[] = "seatd", level[] = "-l", silent[] = "silent", ready[] = "-n";
	char number[16], byte, *argv[] = { program, level, silent, ready, number, NULL };
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	snprintf(number, sizeof(number), "%d", ends[1]);
	pid = peer_start(argv, enter, &(struct seatd){ .stage = stage, .ready = ends[1] });
	fd_close(ends[1]);
	if (pid > 0 && read(ends[0], &byte, 1) != 1) {
		peer_stop(pid);
		pid = -EPIPE;
	}
	fd_close(ends[0]);
	return pid;
}

/* It answers twice: that the seat is open, with its name, and that it is enabled. */
static int open_seat(const struct peer_seat *peer)
{
	const struct header request = { .opcode = OPEN_SEAT }, enabled = { .opcode = SEAT_ENABLED };
	char bytes[256];
	size_t size = 0;
	ssize_t n;
	int fd, r = peer_send(peer->sock, &request, sizeof(request), -EBADF);

	while (r == 0 && (size < sizeof(enabled) ||
			  memcmp(bytes + size - sizeof(enabled), &enabled, sizeof(enabled)) != 0)) {
		n = peer_receive(peer->sock, bytes + size, sizeof(bytes) - size, &fd);
		if (n < 0)
			return (int)n;
		size += (size_t)n;
	}
	return r;
}

int peer_seat_start(struct peer_seat *ret, const struct stage *stage)
{
	static const char *const places[] = { "seat", RUN, DEV, DEV "/input", NULL };
	char socket[STAGE_PATH_MAX];
	int r = peer_make_directories(stage, places);

	*ret = (struct peer_seat){ .sock = -EBADF };
	if (r == 0)
		r = make_devices(stage);
	if (r == 0)
		r = start(stage);
	if (r < 0)
		return r;
	ret->server = r;
	snprintf(socket, sizeof(socket), "%s/" RUN "/seatd.sock", stage->directory);
	ret->sock = peer_connect(socket);
	if (ret->sock < 0)
		return ret->sock;
	r = open_seat(ret);
	return r < 0 ? r : peer_seat_open_and_close(ret);
}

void peer_seat_stop(struct peer_seat *peer)
{
	peer->sock = fd_close(peer->sock);
	peer_stop(peer->server);
}
