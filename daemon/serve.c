/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/serve.h"

#include <errno.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/fd.h"
#include "daemon/report.h"
#include "wire/codec.h"
#include "wire/message.h"

/*
 * The path of a request. Each step knows more than the one before: bytes, a
 * sender, a claim, a request, an outcome. What is wrong with a message's form
 * ends the connection; what is wrong with a request is an answer.
 */

static int end(struct exchange *x, int r, const char *fault)
{
	x->fault = fault;
	return r;
}

static void answer(struct exchange *x, enum wire_reason reason, int error)
{
	x->outcome.reason = reason;
	x->outcome.error = error;
}

/* 1 a message; 0 nothing there; -errno the connection is over. */
static int receive(struct exchange *x, size_t *ret_size)
{
	const struct message_want want = { .fds = 0, .credentials = true };
	_cleanup_(message_done) struct message m = MESSAGE_EMPTY;
	int r;

	r = message_receive(x->session->fd, x->server->message, sizeof(x->server->message), &want,
			    &m);
	if (r == -EAGAIN)
		return 0;
	if (r == 0 || r == -ECONNRESET)
		return -ECONNRESET;
	if (r == -E2BIG)
		return end(x, r, "descriptors came with the message");
	if (r == -ENODATA)
		return end(x, r, "no credentials came with the message");
	if (r == -EMSGSIZE)
		return end(x, r, "the message is too long");
	if (r < 0)
		return end(x, r, "the message could not be received whole");
	x->sender = m.sender;
	*ret_size = m.size;
	if (!session_agrees(x->session, &m.sender))
		return end(x, -EPERM, "the sender is not the connector");
	return 1;
}

/* 1 a request; 0 answered; -errno not even a message. */
static int understand(struct exchange *x, size_t size)
{
	const uint8_t *data = x->server->message;
	enum wire_reason reason;
	int r;

	r = wire_header_read(data, size, &x->header);
	if (r < 0 || x->header.id == 0)
		return end(x, -EBADMSG, "the header is malformed");
	if (x->header.version != WIRE_VERSION || x->header.opcode != WIRE_OPCODE_OPEN) {
		answer(x, WIRE_REASON_UNSUPPORTED, EOPNOTSUPP);
		return 0;
	}
	if (x->header.flags != 0) {
		answer(x, WIRE_REASON_UNSUPPORTED, EINVAL);
		return 0;
	}
	r = wire_open_read(data, size, &x->claim);
	if (r == -ENAMETOOLONG) {
		answer(x, WIRE_REASON_BAD_PATH, EINVAL);
		return 0;
	}
	if (r < 0)
		return end(x, r, "the request is malformed");
	reason = request_read(&x->claim, &x->request);
	if (reason != WIRE_REASON_OK) {
		answer(x, reason, EINVAL);
		return 0;
	}
	return 1;
}

static void judge_and_open(struct exchange *x)
{
	const struct order order = {
		.request = &x->request,
		.principal = &x->session->principal,
		.caller = x->session->caller,
		.now_sec = x->time_usec / USEC_PER_SEC,
	};

	if (x->server->degraded)
		answer(x, WIRE_REASON_DEGRADED, EACCES);
	else
		opener_open(&x->server->opener, &order, &x->outcome);
}

static int send_answer(struct exchange *x)
{
	_cleanup_(fd_closep) int fd = TAKE_FD(x->outcome.fd);
	const struct wire_answer open = {
		.reason = (uint16_t)x->outcome.reason,
		.n_fds = fd >= 0,
		.error = x->outcome.error,
		.decision = x->decision,
	};
	uint8_t buffer[SESSION_REPLY_MAX];
	int size;

	if (x->header.version == WIRE_VERSION)
		size = wire_answer_write(x->header.id, &open, buffer, sizeof(buffer));
	else
		size = wire_versions_write(x->header.id, buffer, sizeof(buffer));
	if (size < 0)
		return size;
	return session_send(x->session, buffer, (size_t)size, TAKE_FD(fd));
}

static int reply(struct exchange *x)
{
	int r;

	r = send_answer(x);
	/* unix(7): descriptors under way to clients that do not take them count against us all. */
	if (r != -ETOOMANYREFS)
		return r;
	answer(x, WIRE_REASON_BUSY, EAGAIN);
	return send_answer(x);
}

int serve(struct server *server, struct session *session)
{
	struct exchange x = { .server = server, .session = session, .outcome.fd = -EBADF };
	size_t size;
	int r;

	r = receive(&x, &size);
	if (r == 0 || (r < 0 && !x.fault))
		return r;

	x.time_usec = clock_realtime_usec();
	x.decision = server->next_decision++;
	if (r > 0)
		r = understand(&x, size);
	if (r > 0)
		judge_and_open(&x);
	if (!x.fault)
		r = reply(&x);
	report(&x, r);
	return r;
}
