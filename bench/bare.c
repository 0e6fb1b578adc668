/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/bare.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/measure.h"

size_t bare_find(struct msghdr *msg, int type, void *ret, size_t size)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t there = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != type)
			continue;
		if (there > size)
			there = size;
		memcpy(ret, CMSG_DATA(c), there);
		return there;
	}
	return 0;
}

int bare_send(int sock, struct iovec *iov, int type, const void *payload, size_t size)
{
	union bare_control control;
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 1, .msg_control = control.bytes };
	struct cmsghdr *c;

	msg.msg_controllen = CMSG_SPACE(size);
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), payload, size);
	return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

ssize_t bare_receive(int sock, struct iovec *iov, union bare_control *control, struct msghdr *ret)
{
	ssize_t n;

	*ret = (struct msghdr){ .msg_iov = iov,
				.msg_iovlen = 1,
				.msg_control = control->bytes,
				.msg_controllen = sizeof(control->bytes) };
	n = recvmsg(sock, ret, MSG_CMSG_CLOEXEC);
	return n < 0 ? -errno : n;
}

int bare_open(const char *path)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

void bare_want_credentials(int sock)
{
	static const int on = 1;

	if (setsockopt(sock, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		measure_die("SO_PASSCRED", -errno);
}
