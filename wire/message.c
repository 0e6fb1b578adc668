/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * recvmsg(2) installs descriptors before we can say that we do not want them,
 * up to 253 a message, and it installs as many as fit into the control buffer
 * and drops the rest in silence but for MSG_CTRUNC. So the buffer fits all of
 * them, every one is looked at, and what was not asked for is closed before
 * the message is judged.
 *
 * But close(2) asks whoever serves the file, and may wait for ever for him, who may be the sender.
 * Where none is wanted, and a sender is, who comes first (net/core/scm.h), there is room for the
 * sender alone: what is not installed the kernel drops, which asks nobody.
 *
 * recvmsg(2) and sendmsg(2) by themselves, as close(2) in base/fd.c: who cancels a thread must not
 * have it lose the descriptors of a message, and what the C library does about it costs four locked
 * instructions. What has nothing attached needs no struct that the kernel would have to read: sendto(2).
 */
#include "wire/message.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/macro.h"
#include "wire/ancillary.h"

union control_in {
	struct cmsghdr alignment; /* cmsg(3) */
	uint8_t bytes[ANCILLARY_SIZE];
};

union control_out {
	struct cmsghdr alignment;
	uint8_t bytes[CMSG_SPACE(MESSAGE_FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

static int check_wanted(const struct message_want *want, const struct message *m)
{
	if (m->n_fds > want->fds || m->n_fds > MESSAGE_FDS_MAX)
		return -E2BIG;
	if (want->credentials && !m->has_credentials)
		return -ENODATA;
	return 0;
}

static size_t room_for(const struct message_want *want)
{
	return want->fds == 0 && want->credentials ? CMSG_SPACE(sizeof(struct ucred))
						   : ANCILLARY_SIZE;
}

/* What was received is not what was wanted: @r, or, of the end of file, 0. */
static int refuse(struct message *m, int r, size_t size)
{
	bool has_sender = m->has_credentials;

	message_done(m);
	if (r == -EMFILE)
		m->size = size;
	if (size > 0)
		return r;
	/* Only a message has a sender: unix(7) attaches nothing to the end of file. */
	return has_sender ? -EBADMSG : 0;
}

int message_receive(int sock, void *buffer, size_t size, const struct message_want *want,
		    struct message *ret)
{
	union control_in control _uninitialized_;
	struct iovec iov = { .iov_base = buffer, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = room_for(want),
	};
	ssize_t n;
	int r;

	n = syscall(SYS_recvmsg, sock, &msg, MSG_CMSG_CLOEXEC | (want->wait ? 0 : MSG_DONTWAIT));
	if (n < 0) {
		message_init(ret);
		return -errno;
	}
	r = ancillary_read(msg.msg_flags, control.bytes, msg.msg_controllen, ret);
	if (r == -EMFILE && want->fds == 0)
		r = -E2BIG;
	if (r == 0)
		r = check_wanted(want, ret);
	if (r < 0 || n == 0)
		return refuse(ret, r, (size_t)n);
	ret->size = (size_t)n;
	return 1;
}

void message_done(struct message *m)
{
	for (size_t i = 0; i < m->n_fds; i++)
		fd_close(m->fds[i]);
	message_init(m);
}

/* Append one control message; the buffer behind @msg has room. Its padding must not leak (P84). */
static void attach(struct msghdr *msg, int type, const void *payload, size_t size)
{
	struct cmsghdr header = {
		.cmsg_len = CMSG_LEN(size),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = type,
	};
	uint8_t *at = (uint8_t *)msg->msg_control + msg->msg_controllen;

	memset(at, 0, CMSG_SPACE(size));
	memcpy(at, &header, sizeof(header));
	memcpy(at + CMSG_LEN(0), payload, size);
	msg->msg_controllen += CMSG_SPACE(size);
}

static long send_with(int sock, struct iovec *iov, const struct message_attach *extra)
{
	union control_out control _uninitialized_;
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 1, .msg_control = control.bytes };

	if (extra->credentials)
		attach(&msg, SCM_CREDENTIALS, extra->credentials, sizeof(*extra->credentials));
	if (extra->n_fds > 0)
		attach(&msg, SCM_RIGHTS, extra->fds, extra->n_fds * sizeof(int));
	return syscall(SYS_sendmsg, sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int message_send(int sock, const void *data, size_t size, const struct message_attach *extra)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };
	long n;

	if (size == 0 || (extra && extra->n_fds > MESSAGE_FDS_MAX))
		return -EINVAL;
	if (extra && (extra->credentials || extra->n_fds > 0))
		n = send_with(sock, &iov, extra);
	else
		n = syscall(SYS_sendto, sock, data, size, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
	return n < 0 ? -errno : 0;
}

int message_accept_credentials(int sock, bool refuse_fds)
{
	static const int on = 1, off = 0;

	if (setsockopt(sock, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return -errno;
	if (!refuse_fds)
		return 0;
	if (setsockopt(sock, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(off)) >= 0)
		return 1;
	return errno == ENOPROTOOPT ? 0 : -errno;
}
