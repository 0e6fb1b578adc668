/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "bench/bare.h"
#include "bench/stage.h"

/* servers */

static int say_nothing(void)
{
	_cleanup_(fd_closep) int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++)
		if (dup2(null, fd) < 0)
			return -errno;
	return 0;
}

static int execute(char *const argv[], int (*prepare)(const void *context), const void *context)
{
	int r = say_nothing();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (r == 0 && prepare)
		r = prepare(context);
	if (r < 0)
		return r;
	execvp(argv[0], argv);
	return -errno;
}

pid_t peer_start(char *const argv[], int (*prepare)(const void *context), const void *context)
{
	int ends[2], r = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		r = execute(argv, prepare, context);
		(void)!write(ends[1], &r, sizeof(r));
		_exit(127);
	}
	if (pid < 0)
		r = -errno;
	fd_close(ends[1]);
	/* Where it is executed, that closes the other end. */
	if (pid > 0 && read(ends[0], &r, sizeof(r)) > 0)
		waitpid(pid, NULL, 0);
	fd_close(ends[0]);
	return r < 0 ? r : pid;
}

void peer_stop(pid_t pid)
{
	if (pid > 0 && kill(pid, SIGKILL) == 0)
		waitpid(pid, NULL, 0);
}

int peer_make_directories(const struct stage *stage, const char *const *names)
{
	char path[STAGE_PATH_MAX];

	for (; *names; names++) {
		snprintf(path, sizeof(path), "%s/%s", stage->directory, *names);
		if (mkdir(path, 0755) < 0)
			return -errno;
	}
	return 0;
}

/* their clients */

static int use(const char *path, int (*how)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (fd < 0 || how(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int peer_listen(const char *path)
{
	_cleanup_(fd_closep) int fd = use(path, bind);

	if (fd < 0)
		return fd;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || listen(fd, SOMAXCONN) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int peer_connect(const char *path)
{
	return use(path, connect);
}

int peer_send(int sock, const void *data, size_t size, int fd)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };

	if (fd >= 0)
		return bare_send(sock, &iov, SCM_RIGHTS, &fd, sizeof(fd));
	return send(sock, data, size, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

ssize_t peer_receive(int sock, void *data, size_t size, int *ret_fd)
{
	union bare_control control;
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr msg;
	ssize_t n = bare_receive(sock, &iov, &control, &msg);

	if (n <= 0)
		return n < 0 ? n : -ECONNRESET;
	if (bare_find(&msg, SCM_RIGHTS, ret_fd, sizeof(*ret_fd)) == 0)
		*ret_fd = -EBADF;
	return n;
}
