/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * SOCK_SEQPACKET, so that a peer that dies is an end-of-file at once and not
 * a time-out. The answer's errno and its credentials are one message: there is
 * no state between them to get stuck in.
 *
 * Credentials come with every message that reaches a socket with SO_PASSCRED,
 * the sender's own if it attached none. What was sent before the option was
 * set comes as pid 0 (net/core/scm.h: scm_recv()), and so does a process that our
 * pid namespace has no number for.
 */
#include "wire/handshake.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "wire/cursor.h"
#include "wire/message.h"
#include "wire/proto.h"

#define PING	    '?'
#define ANSWER_SIZE 4

/* Wait for one message and receive it. */
static int receive_until(int sock, uint64_t deadline_usec, void *buffer, size_t size,
			 struct message *ret)
{
	static const struct message_want want = { .credentials = true };
	int r;

	do {
		r = clock_wait(sock, POLLIN, deadline_usec);
		if (r < 0)
			return r;
		r = message_receive(sock, buffer, size, &want, ret);
	} while (r == -EAGAIN);
	return r;
}

/* What message_receive() says, as it reads to somebody who expects one certain message. */
static int translate(int r)
{
	switch (r) {
	case 1:
		return 0;
	case 0:
		return -ECONNRESET;
	case -EMSGSIZE:
	case -EBADMSG:
	case -EMFILE:
	case -E2BIG:
	case -ENODATA:
		return -EPROTO;
	default:
		return r;
	}
}

static int answer_read(const void *data, const struct message *m, struct ucred *ret)
{
	struct cursor_reader r = cursor_reader(data, m->size);
	int32_t error = cursor_read_i32(&r);

	if (cursor_read_end(&r) < 0 || error < 0 || error > WIRE_ERRNO_MAX)
		return -EPROTO;
	if (error > 0)
		return -error;
	if (m->sender.pid <= 0)
		return -ENODATA;
	*ret = m->sender;
	return 0;
}

int handshake_receive(int sock, uint64_t timeout_usec, struct ucred *ret)
{
	uint64_t deadline_usec = clock_monotonic_usec() + timeout_usec;
	uint8_t buffer[ANSWER_SIZE];
	struct message m;
	int r;

	r = message_accept_credentials(sock, false);
	if (r < 0)
		return r;
	r = message_send(sock, &(const char){ PING }, 1, NULL);
	if (r < 0)
		return r == -EPIPE ? -ECONNRESET : r;
	r = translate(receive_until(sock, deadline_usec, buffer, sizeof(buffer), &m));
	if (r < 0)
		return r;
	return answer_read(buffer, &m, ret);
}

static int answer_send(int sock, int error, const struct ucred *credentials)
{
	struct message_attach attach = { .credentials = credentials };
	uint8_t buffer[ANSWER_SIZE];
	struct cursor_writer w = cursor_writer(buffer, sizeof(buffer));

	cursor_write_i32(&w, error);
	return message_send(sock, buffer, sizeof(buffer), &attach);
}

static int ping_receive(int sock)
{
	static const struct message_want want;
	struct message m;
	char ping;
	int r;

	r = translate(message_receive(sock, &ping, sizeof(ping), &want, &m));
	if (r < 0)
		return r;
	return ping == PING ? 0 : -EPROTO;
}

int handshake_answer(int sock, const struct ucred *credentials)
{
	int r;

	r = ping_receive(sock);
	if (r < 0)
		return r;
	r = answer_send(sock, 0, credentials);
	if (r == 0)
		return 0;
	/* If this fails too the receiver has its time-out. */
	(void)answer_send(sock, -r, NULL);
	return r == -EAGAIN ? -ENOBUFS : r; /* EAGAIN is taken: no ping yet */
}

int handshake_send(int sock, const struct ucred *credentials, uint64_t timeout_usec)
{
	uint64_t deadline_usec = clock_monotonic_usec() + timeout_usec;
	int r;

	do {
		r = clock_wait(sock, POLLIN, deadline_usec);
		if (r < 0)
			return r;
		r = handshake_answer(sock, credentials);
	} while (r == -EAGAIN);
	return r;
}
