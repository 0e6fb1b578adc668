/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A program that sends the names of its files to whoever listens, and reads
 * whatever descriptor comes back, has to know who that is. SO_PEERCRED on the
 * connecting side tells who called listen(2): with socket activation that is
 * PID 1, uid 0. Only a path that its user chose may be served by that user.
 */

#include "client/connection.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/number.h"
#include "client/fdbroker.h"

static int find_inherited(const char *text, struct connection_place *ret)
{
	uint32_t number = 0;

	if (number_u32(text, &number) < 0 || number > INT_MAX)
		return -EINVAL;
	*ret = (struct connection_place){ .fd = (int)number, .chosen = true };
	return 0;
}

int connection_find(const char *path, struct connection_place *ret)
{
	const char *inherited = secure_getenv("FDBROKER_FD");
	const char *socket_path = secure_getenv("FDBROKER_SOCKET");

	if (!path && inherited)
		return find_inherited(inherited, ret);
	if (!path)
		path = socket_path;
	*ret = (struct connection_place){
		.path = path ? path : FDBROKER_SOCKET_DEFAULT,
		.fd = -EBADF,
		.chosen = path != NULL,
	};
	return 0;
}

static int get_int(int fd, int option)
{
	int value = 0;
	socklen_t size = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, option, &value, &size) < 0)
		return -errno;
	return value;
}

static int check_kind(int fd)
{
	int domain = get_int(fd, SO_DOMAIN);
	int type = get_int(fd, SO_TYPE);

	if (domain < 0)
		return domain;
	if (type < 0)
		return type;
	return domain == AF_UNIX && type == SOCK_SEQPACKET ? 0 : -EPROTOTYPE;
}

int connection_check(int fd, bool chosen)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t size = sizeof(peer);
	int r;

	r = check_kind(fd);
	if (r < 0)
		return r;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	if (peer.uid == (uid_t)-1)
		return -ENOTCONN;
	if (peer.uid == 0)
		return 0;
	return chosen && peer.uid == geteuid() ? 0 : -EPERM;
}

static int connect_to(int fd, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	if (len == 0)
		return -ENOENT;
	if (len >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, len);
	/* A Unix socket that was interrupted is as it was before: unix(7) has no EINPROGRESS. By itself, as
	 * recvmsg(2) in wire/message.c: nobody is cancelled here. */
	while (syscall(SYS_connect, fd, &address, sizeof(address)) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int connection_open(const char *path, bool chosen, int *ret_fd)
{
	_cleanup_(fd_closep) int fd = -EBADF;
	int r;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = connect_to(fd, path);
	if (r < 0)
		return r;
	r = connection_check(fd, chosen);
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}
