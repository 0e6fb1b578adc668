/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/yardstick.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "bench/bare.h"
#include "bench/measure.h"

#define EVENTS_MAX   64
#define REQUEST_SIZE 256U /* a name, NUL included */
#define REPLY_SIZE   16U

/* server */

static int reply(int sock, const char *path)
{
	char bytes[REPLY_SIZE] = { 0 };
	struct iovec iov = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	_cleanup_(fd_closep) int fd = bare_open(path);

	if (fd < 0)
		return -errno;
	return bare_send(sock, &iov, SCM_RIGHTS, &fd, sizeof(fd));
}

/* 0, or -errno: nobody is there any more. */
static int serve(int sock)
{
	char path[REQUEST_SIZE];
	union bare_control control;
	struct iovec iov = { .iov_base = path, .iov_len = sizeof(path) - 1 };
	struct msghdr msg;
	struct ucred sender;
	ssize_t n = bare_receive(sock, &iov, &control, &msg);

	if (n == -EAGAIN)
		return 0;
	if (n <= 0 || bare_find(&msg, SCM_CREDENTIALS, &sender, sizeof(sender)) == 0)
		return -ECONNRESET;
	path[n] = '\0';
	return reply(sock, path);
}

static void accept_one(int epoll, int listener)
{
	struct epoll_event event = { .events = EPOLLIN };

	event.data.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (event.data.fd >= 0)
		epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
}

static int serve_many(int listener)
{
	static const struct rlimit files = { 65536, 65536 };
	struct epoll_event events[EVENTS_MAX], event = { .events = EPOLLIN, .data.fd = listener };
	int epoll = epoll_create1(EPOLL_CLOEXEC), n;

	setrlimit(RLIMIT_NOFILE, &files);
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	while ((n = epoll_wait(epoll, events, EVENTS_MAX, -1)) >= 0)
		for (int i = 0; i < n; i++)
			if (events[i].data.fd == listener)
				accept_one(epoll, listener);
			else if (serve(events[i].data.fd) < 0)
				fd_close(events[i].data.fd);
	return -errno;
}

/* client */

int yardstick_ask(int sock, const struct ucred *self, const char *path)
{
	char bytes[REPLY_SIZE];
	union bare_control control;
	struct iovec request = { .iov_base = (void *)(uintptr_t)path, .iov_len = strlen(path) };
	struct iovec iov = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	struct msghdr msg;
	int fd, r = bare_send(sock, &request, SCM_CREDENTIALS, self, sizeof(*self));

	if (r < 0)
		return r;
	if (bare_receive(sock, &iov, &control, &msg) <= 0)
		return -ECONNRESET;
	if (bare_find(&msg, SCM_RIGHTS, &fd, sizeof(fd)) != sizeof(fd))
		return -EBADMSG;
	fd_close(fd);
	return 0;
}

int yardstick_connect(const struct yardstick *yardstick)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(yardstick->address);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path + 1, yardstick->address, len);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address,
			       (socklen_t)(sizeof(sa_family_t) + 1 + len)) == 0)
		return fd;
	fd_close(fd);
	return -errno;
}

/* life */

void yardstick_start(struct yardstick *ret)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		measure_die("socketpair", -errno);
	bare_want_credentials(pair[1]);
	*ret = (struct yardstick){ .sock = pair[0], .listener = -EBADF };
	ret->pid = measure_fork();
	if (ret->pid == 0) {
		fd_close(pair[0]);
		while (serve(pair[1]) == 0)
			continue;
		_exit(0);
	}
	fd_close(pair[1]);
}

static int listen_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path + 1, name, strlen(name));
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&address,
		 (socklen_t)(sizeof(sa_family_t) + 1 + strlen(name))) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		measure_die("yardstick", -errno);
	bare_want_credentials(fd);
	return fd;
}

void yardstick_start_for_many(struct yardstick *ret)
{
	static unsigned int number;

	*ret = (struct yardstick){ .sock = -EBADF };
	snprintf(ret->address, sizeof(ret->address), "fdbroker-bench-%d-%u", getpid(), number++);
	ret->listener = listen_at(ret->address);
	ret->pid = measure_fork();
	if (ret->pid == 0)
		_exit(serve_many(ret->listener) == 0);
}

void yardstick_stop(struct yardstick *yardstick)
{
	yardstick->sock = fd_close(yardstick->sock);
	yardstick->listener = fd_close(yardstick->listener);
	kill(yardstick->pid, SIGKILL);
	waitpid(yardstick->pid, NULL, 0);
}
