/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/support/forge.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/suite.h"

#define FDS_MAX 256 /* beyond what the kernel takes */

static void connect_by_listener(struct forge_pair *ret)
{
	_cleanup_(fd_closep) int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size = sizeof(address.sun_family); /* unix(7): autobind */
	static const int on = 1;

	ck_assert_int_ge(listener, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(setsockopt(listener, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	size = sizeof(address);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);

	ret->sender = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(ret->sender, 0);
	ck_assert_int_eq(connect(ret->sender, (struct sockaddr *)&address, size), 0);
	ret->receiver = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(ret->receiver, 0);
}

static void connect_by_socketpair(struct forge_pair *ret)
{
	static const int on = 1;
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	ck_assert_int_eq(setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
	*ret = (struct forge_pair){ .receiver = ends[0], .sender = ends[1] };
}

struct forge_pair forge_pair(int transport)
{
	struct forge_pair pair;

	if (transport == FORGE_LISTENER)
		connect_by_listener(&pair);
	else
		connect_by_socketpair(&pair);
	return pair;
}

void forge_pair_done(struct forge_pair *pair)
{
	pair->receiver = fd_close(pair->receiver);
	pair->sender = fd_close(pair->sender);
}

static void attach(struct msghdr *msg, int type, const void *payload, size_t size)
{
	struct cmsghdr header = {
		.cmsg_len = CMSG_LEN(size),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = type,
	};
	uint8_t *at = (uint8_t *)msg->msg_control + msg->msg_controllen;

	memcpy(at, &header, sizeof(header));
	memcpy(at + CMSG_LEN(0), payload, size);
	msg->msg_controllen += CMSG_SPACE(size);
}

int forge_send(int sock, const struct forge *forge)
{
	uint8_t control[3 * CMSG_SPACE(FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))]
		__attribute__((aligned(8))) = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)forge->data, .iov_len = forge->size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	int fds[FDS_MAX];

	for (size_t i = 0; i < ELEMENTSOF(fds); i++)
		fds[i] = sock;
	for (size_t i = 0; i < ELEMENTSOF(forge->n_fds); i++)
		if (forge->n_fds[i] > 0)
			attach(&msg, SCM_RIGHTS, fds, forge->n_fds[i] * sizeof(int));
	if (forge->credentials)
		attach(&msg, SCM_CREDENTIALS, forge->credentials, sizeof(*forge->credentials));
	return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}
