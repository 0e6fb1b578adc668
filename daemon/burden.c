/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/burden.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "daemon/limits.h"
#include "wire/cursor.h"
#include "wire/message.h"

/*
 * All generations send on one socket, which the parent keeps, so that neither a reload nor a pump
 * that is replaced changes anything for them. So the answer cannot come back the same way:
 * each message brings the end of a pipe to answer on, and a pump that dies closes it.
 */

static const struct {
	size_t fds;
} kinds[] = {
	[BURDEN_PIPE] = { 2 },
	[BURDEN_SNAPSHOT] = { 1 },
	[BURDEN_WATCH] = { 2 },
};
static_assert(ELEMENTSOF(kinds) == BURDEN_WATCH + 1, "each kind has a row");

int burden_write(const struct burden *burden, void *buffer, size_t size)
{
	struct cursor_writer w = cursor_writer(buffer, size);

	cursor_write_u16(&w, (uint16_t)burden->kind);
	cursor_write_u32(&w, burden->uid);
	cursor_write_u64(&w, burden->bytes);
	cursor_write_text(&w, burden->name);
	return cursor_write_end(&w);
}

int burden_read(const void *data, size_t size, struct burden *ret)
{
	struct cursor_reader r = cursor_reader(data, size);

	ret->kind = cursor_read_u16(&r);
	ret->uid = cursor_read_u32(&r);
	ret->bytes = cursor_read_u64(&r);
	cursor_read_text(&r, ret->name, sizeof(ret->name));
	for (size_t i = 0; i < BURDEN_FDS; i++)
		ret->fds[i] = -EBADF;
	if (cursor_read_end(&r) < 0 || ret->kind >= ELEMENTSOF(kinds) || kinds[ret->kind].fds == 0)
		return -EBADMSG;
	return 0;
}

static int send_with(int queue, const struct burden *burden, int reply)
{
	const int fds[] = { reply, burden->fds[0], burden->fds[1] };
	const struct message_attach attach = { .fds = fds, .n_fds = 1 + kinds[burden->kind].fds };
	uint8_t buffer[BURDEN_SIZE_MAX];
	int size;

	size = burden_write(burden, buffer, sizeof(buffer));
	return size < 0 ? size : message_send(queue, buffer, (size_t)size, &attach);
}

/* Its end without an answer: the pump died with it. */
static int await_answer(int reply)
{
	uint64_t deadline = clock_monotonic_usec() + LIMIT_PUMP_SEC * USEC_PER_SEC;
	int32_t answer;
	int r;

	r = clock_wait(reply, POLLIN, deadline);
	if (r < 0)
		return r == -ETIMEDOUT ? -EAGAIN : r;
	if (read(reply, &answer, sizeof(answer)) != sizeof(answer))
		return -EAGAIN;
	return answer <= 0 ? answer : -EPROTO;
}

int burden_place(int queue, const struct burden *burden)
{
	_cleanup_(fd_closep) int reply = -EBADF;
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	reply = ends[0];
	r = send_with(queue, burden, ends[1]);
	fd_close(ends[1]);
	/* The queue's other end is gone: there is no pump, and, since the parent keeps that too, no parent. */
	if (r == -EPIPE || r == -ECONNRESET)
		return -EAGAIN;
	return r < 0 ? r : await_answer(reply);
}

int burden_receive(int queue, struct burden *ret, int *ret_reply)
{
	static const struct message_want want = { .fds = 1 + BURDEN_FDS };
	_cleanup_(message_done) struct message m = MESSAGE_EMPTY;
	uint8_t buffer[BURDEN_SIZE_MAX];
	int r;

	r = message_receive(queue, buffer, sizeof(buffer), &want, &m);
	if (r <= 0)
		return r;
	r = burden_read(buffer, m.size, ret);
	if (r < 0)
		return r;
	if (m.n_fds != 1 + kinds[ret->kind].fds)
		return -EBADMSG;
	*ret_reply = TAKE_FD(m.fds[0]);
	for (size_t i = 1; i < m.n_fds; i++)
		ret->fds[i - 1] = TAKE_FD(m.fds[i]);
	return 1;
}

void burden_answer(int take_reply, int r)
{
	_cleanup_(fd_closep) int reply = take_reply;
	int32_t answer = r;

	/* A pipe of this size always has room; a broker that is gone needs no answer. */
	if (write(reply, &answer, sizeof(answer)) < 0)
		return;
}

void burden_done(struct burden *burden)
{
	for (size_t i = 0; i < BURDEN_FDS; i++)
		burden->fds[i] = fd_close(burden->fds[i]);
}
