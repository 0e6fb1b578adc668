/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/macro.h"
#include "daemon/batch.h"
#include "daemon/serve.h"
#include "wire/codec.h"
#include "wire/message.h"

/*
 * Bytes and their sender, then a claim, then a request; and at the other end an outcome, made into
 * bytes. What is wrong with a message's form ends the connection, because nothing that follows
 * could be trusted to mean what it says; what is wrong with a request is an answer.
 */

static int end(struct exchange *x, int r, const char *fault)
{
	x->fault = fault;
	return r;
}

void exchange_answer(struct exchange *x, enum wire_reason reason, int error)
{
	x->outcome.reason = reason;
	x->outcome.error = error;
}

void exchange_begin(struct exchange *x, struct server *server, struct session *session)
{
	memset(x, 0, offsetof(struct exchange, outcome));
	outcome_clear(&x->outcome);
	request_clear(&x->request);
	x->server = server;
	x->session = session;
}

int exchange_receive(struct exchange *x)
{
	const struct message_want want = { .fds = 0, .credentials = true };
	_cleanup_(message_done) struct message m _uninitialized_;
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
	x->size = m.size;
	if (!session_agrees(x->session, &m.sender))
		return end(x, -EPERM, "the sender is not the connector");
	return 1;
}

static bool is_known(uint16_t opcode)
{
	return opcode == WIRE_OPCODE_OPEN || opcode == WIRE_OPCODE_BATCH || request_is_act(opcode);
}

static int read_open(struct exchange *x, struct cursor_reader *body, enum wire_reason *ret)
{
	int r = wire_open_rest(body, &x->claim);

	if (r == 0)
		*ret = request_read(&x->claim, &x->request);
	return r;
}

/* Of the claim, the record wants the path. */
static int read_act(struct exchange *x, enum wire_reason *ret)
{
	struct wire_act act;
	int r = wire_act_read(x->server->message, x->size, &act);

	if (r < 0)
		return r;
	x->claim = (struct wire_open){ .path = act.path, .path_len = act.path_len };
	*ret = request_act_read(x->header.opcode, &act, &x->request);
	return 0;
}

/* From here on it is its session's. */
static int read_batch(struct exchange *x)
{
	int r = batch_new(x, &x->session->batch);

	if (r == -ENOMEM) {
		exchange_answer(x, WIRE_REASON_BUSY, EAGAIN);
		return 0;
	}
	return r < 0 ? end(x, r, "the request is malformed") : 1;
}

int exchange_read(struct exchange *x)
{
	struct cursor_reader body = cursor_reader(x->server->message, x->size);
	enum wire_reason reason = WIRE_REASON_OK;
	int r;

	wire_header_take(&body, x->size, &x->header);
	if (body.error < 0 || x->header.id == 0)
		return end(x, -EBADMSG, "the header is malformed");
	if (x->header.version != WIRE_VERSION || !is_known(x->header.opcode)) {
		exchange_answer(x, WIRE_REASON_UNSUPPORTED, EOPNOTSUPP);
		return 0;
	}
	if (x->header.flags != 0) {
		exchange_answer(x, WIRE_REASON_UNSUPPORTED, EINVAL);
		return 0;
	}
	if (x->header.opcode == WIRE_OPCODE_BATCH)
		return read_batch(x);
	r = x->header.opcode == WIRE_OPCODE_OPEN ? read_open(x, &body, &reason)
						 : read_act(x, &reason);
	if (r == -ENAMETOOLONG) {
		exchange_answer(x, WIRE_REASON_BAD_PATH, EINVAL);
		return 0;
	}
	if (r < 0)
		return end(x, r, "the request is malformed");
	if (reason != WIRE_REASON_OK) {
		exchange_answer(x, reason, EINVAL);
		return 0;
	}
	/* The message's buffer is for whoever is served next. */
	exchange_adopt(x);
	return 1;
}

void exchange_adopt(struct exchange *x)
{
	x->claim.path = x->request.path;
}

static void drop_data(struct exchange *x)
{
	free(x->outcome.data);
	x->outcome.data = NULL;
	x->outcome.data_len = 0;
}

void exchange_done(struct exchange *x)
{
	drop_data(x);
	free(x->outcome.other);
	x->outcome.other = NULL;
}

void exchange_expire(const struct exchange *x, struct exchange *ret)
{
	*ret = (struct exchange){
		.server = x->server,
		.session = x->session,
		.sender = x->sender,
		.header = x->header,
		.claim = x->claim,
		.request = x->request,
		.time_usec = x->time_usec,
		.decision = x->decision,
		.outcome = { .fd = -EBADF, .pin = -EBADF },
	};
	exchange_adopt(ret);
	exchange_answer(ret, WIRE_REASON_DEADLINE, ETIMEDOUT);
}

static int write_act_answer(const struct exchange *x, const struct wire_answer *answer,
			    void *buffer, size_t size)
{
	const struct wire_act_answer act = {
		.answer = *answer,
		.data = x->outcome.data,
		.data_len = x->outcome.data_len,
	};

	return wire_act_answer_write(x->header.id, x->header.opcode, &act, buffer, size);
}

static int write_answer(const struct exchange *x, bool with_fd, void *buffer, size_t size)
{
	const struct wire_answer answer = {
		.reason = (uint16_t)x->outcome.reason,
		.n_fds = with_fd,
		.error = x->outcome.error,
		.decision = x->decision,
	};

	if (x->header.version != WIRE_VERSION)
		return wire_versions_write(x->header.id, buffer, size);
	if (request_is_act(x->header.opcode))
		return write_act_answer(x, &answer, buffer, size);
	return wire_answer_write(x->header.id, &answer, buffer, size);
}

static int send_answer(struct exchange *x, bool with_fd)
{
	uint8_t buffer[SESSION_REPLY_MAX] _uninitialized_;
	int size = write_answer(x, with_fd, buffer, sizeof(buffer)), none = -EBADF;

	if (size < 0)
		return size;
	x->session->reply_lingers =
		x->outcome.lingers || (x->request.flags & O_ACCMODE) != O_RDONLY;
	return session_send(x->session, buffer, (size_t)size, with_fd ? &x->outcome.fd : &none);
}

int exchange_reply(struct exchange *x)
{
	int r;

	r = send_answer(x, x->outcome.fd >= 0);
	/* unix(7): descriptors under way to clients that do not take them count against us all. */
	if (r != -ETOOMANYREFS)
		return r;
	drop_data(x);
	exchange_answer(x, WIRE_REASON_BUSY, EAGAIN);
	return send_answer(x, false);
}
