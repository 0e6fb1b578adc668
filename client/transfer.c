/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/transfer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/forkmark.h"
#include "client/settled.h"
#include "wire/message.h"

/* As poll(2), but that nobody is cancelled here: who waits is on the list of channel.c, by his stack. */
static int look_for(int sock, short events, int timeout_msec)
{
	struct pollfd pfd = { .fd = sock, .events = events };
	int state, n;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	n = poll(&pfd, 1, timeout_msec);
	pthread_setcancelstate(state, NULL);
	return n < 0 ? -errno : n;
}

static int wait_for(int sock, short events)
{
	int r;

	do
		r = look_for(sock, events, -1);
	while (r == -EINTR);
	return r < 0 ? r : 0;
}

/* However long that takes. */
static int deliver(int sock, const void *bytes, size_t size, const struct message_attach *attach)
{
	int r;

	for (;;) {
		r = message_send(sock, bytes, size, attach);
		if (r == -EPIPE)
			return -ECONNRESET;
		if (r != -EAGAIN && r != -EINTR)
			return r;
		r = wait_for(sock, POLLOUT);
		if (r < 0)
			return r;
	}
}

/* Its ids may change at any time, and are asked for; our number does not, except that vfork(2) lends our
 * memory to somebody else. Then the kernel says so. */
static int deliver_signed(int sock, const struct forkmark *mark, const void *bytes, size_t size)
{
	struct ucred self = { .pid = forkmark_pid(mark), .uid = geteuid(), .gid = getegid() };
	const struct message_attach attach = { .credentials = &self };
	int r;

	r = deliver(sock, bytes, size, &attach);
	if (r != -EPERM || self.pid == getpid())
		return r;
	self.pid = getpid();
	return deliver(sock, bytes, size, &attach);
}

int transfer_send(int sock, const struct forkmark *mark, const void *bytes, size_t size)
{
	return settled() ? deliver(sock, bytes, size, NULL)
			 : deliver_signed(sock, mark, bytes, size);
}

/* Somebody else who has the connection may make it O_NONBLOCK at any time. Who does not wait in
 * recvmsg(2) itself may take a message that is followed by the end for the end, so that is looked at
 * once more: net/unix/af_unix.c looks for a message, and then, if there was none, for the end. */
int transfer_receive(int sock, void *buffer, size_t size, struct message *ret)
{
	static const struct message_want want = { .fds = WIRE_FDS_MAX, .wait = true };
	int r;

	for (;;) {
		r = message_receive(sock, buffer, size, &want, ret);
		if (r != -EAGAIN && r != -EINTR)
			break;
		r = wait_for(sock, POLLIN);
		if (r < 0)
			return r;
	}
	if (r == 0 && look_for(sock, POLLRDHUP, 0) > 0)
		r = message_receive(sock, buffer, size, &want, ret);
	return r;
}
