/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "daemon/control.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/report.h"
#include "wire/codec.h"

/*
 * Level-triggered, one request of each ready connection in turn, so that no
 * client gets more than its share by sending faster.
 *
 *	reading ── reply does not fit ──▶ writing	nothing is read
 *	writing ── the client took some ─▶ reading
 *	either  ── malformed, gone ─────▶ ended
 *	STOP: reading ─▶ let go; writing ─▶ let go when the reply is sent, ended when it never is
 *
 * The parent holds a duplicate of every connection. So ending one takes shutdown(2), not
 * close(2) alone, and EPOLL_CTL_DEL before it: epoll(7) reports a closed
 * descriptor as long as a duplicate of it is open. Letting one go is without the
 * shutdown: the next generation serves it.
 */

#define EVENTS_MAX 64

static int watch(struct loop *loop, int operation, struct session *session, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = session };
	int fd = session ? session->fd : loop->control;

	return epoll_ctl(loop->epoll, operation, fd, &event) < 0 ? -errno : 0;
}

static void link_in(struct loop *loop, struct session *session)
{
	session->next = loop->sessions;
	if (session->next)
		session->next->previous = session;
	loop->sessions = session;
}

static void link_out(struct loop *loop, struct session *session)
{
	if (session->next)
		session->next->previous = session->previous;
	if (session->previous)
		session->previous->next = session->next;
	else
		loop->sessions = session->next;
}

static void let_go(struct loop *loop, struct session *session)
{
	watch(loop, EPOLL_CTL_DEL, session, 0);
	link_out(loop, session);
	serve_delivered(loop->server, session);
	session_free(session);
}

static void end(struct loop *loop, struct session *session)
{
	watch(loop, EPOLL_CTL_DEL, session, 0);
	shutdown(session->fd, SHUT_RDWR);
	link_out(loop, session);
	serve_delivered(loop->server, session);
	session_free(session);
}

static bool is_writing(const struct session *session)
{
	return session->reply_size > 0;
}

static int tell_lost(struct session *session)
{
	uint8_t buffer[SESSION_REPLY_MAX];
	int size;

	size = wire_notice_write(WIRE_NOTICE_LOST, buffer, sizeof(buffer));
	if (size < 0)
		return size;
	return session_send(session, buffer, (size_t)size, -EBADF);
}

static int new_session(struct loop *loop, const struct control *control, struct session **ret)
{
	struct server *server = loop->server;
	int r;

	if (server->degraded)
		return session_new(ret, control->fd, &control->facts, NULL);
	/* Looks at files that `exe` terms name: not as the caller whose turn was last. */
	authority_broker(&server->opener.authority);
	r = session_new(ret, control->fd, &control->facts, server->policy);
	if (r < 0 || !server->shadow)
		return r;
	if (session_shadow(*ret, server->shadow->policy) < 0)
		log_warning("the shadow does not see a connection of uid %u", control->facts.uid);
	return 0;
}

static int introduce(struct loop *loop, struct session *session, bool lost)
{
	int r;

	r = lost ? tell_lost(session) : 0;
	if (r < 0)
		return r;
	return watch(loop, EPOLL_CTL_ADD, session, is_writing(session) ? EPOLLOUT : EPOLLIN);
}

/* Whoever cannot be served must learn it: the parent's duplicate would keep him waiting. */
static void connection(struct loop *loop, const struct control *control)
{
	struct session *session;
	int r;

	r = new_session(loop, control, &session);
	if (r < 0) {
		log_error_errno(r, "a connection of uid %u cannot be served: %m",
				control->facts.uid);
		shutdown(control->fd, SHUT_RDWR);
		fd_close(control->fd);
		return;
	}
	link_in(loop, session);
	if (introduce(loop, session, control->lost) < 0)
		end(loop, session);
}

/* Its descriptor is gone, and only the parent has another to end it by. */
static int unserved(struct loop *loop, const struct control *connection)
{
	const struct control control = { .type = CONTROL_UNSERVED, .facts = connection->facts };

	log_error("a connection of uid %u cannot be served: out of descriptors (LimitNOFILE=)",
		  connection->facts.uid);
	return control_send(loop->control, &control);
}

static int tell_counters(struct loop *loop)
{
	struct control control = { .type = CONTROL_COUNTERS, .fd = -EBADF };
	_cleanup_(text_done) struct text text = TEXT_EMPTY;

	report_counters(&loop->server->counters, &text);
	if (loop->server->shadow)
		shadow_tally_print(&loop->server->shadow_tally, loop->server->shadow->policy,
				   &text);
	if (text.failed)
		return -ENOMEM;
	control.text = text.data;
	control.text_len = text.len;
	return control_send(loop->control, &control);
}

static int stop(struct loop *loop)
{
	struct control control = { .type = CONTROL_STOPPED, .fd = -EBADF };
	struct session *next;

	loop->stopping = true;
	loop->end_usec = clock_monotonic_usec() + LIMIT_LEAVE_SEC * USEC_PER_SEC;
	for (struct session *s = loop->sessions; s; s = next) {
		next = s->next;
		if (!is_writing(s))
			let_go(loop, s);
	}
	return control_send(loop->control, &control);
}

/* One message of the parent's. -errno: there is nobody to serve for any more. */
static int parent_spoke(struct loop *loop)
{
	static uint8_t buffer[CONTROL_SIZE_MAX];
	struct control control;
	int r;

	r = control_receive(loop->control, buffer, sizeof(buffer), &control);
	if (r == -EAGAIN)
		return 0;
	if (r == -EMFILE)
		return unserved(loop, &control);
	if (r <= 0)
		return r < 0 ? r : -ECONNRESET;
	switch (control.type) {
	case CONTROL_CONNECTION:
		connection(loop, &control);
		return 0;
	case CONTROL_STOP:
		return stop(loop);
	case CONTROL_UNSHADOW:
		serve_unshadow(loop->server);
		return 0;
	case CONTROL_ASK:
		r = tell_counters(loop);
		return r == -EAGAIN ? 0 : r;
	case CONTROL_START:
	case CONTROL_READY:
	case CONTROL_REFUSED:
	case CONTROL_STOPPED:
	case CONTROL_COUNTERS:
	case CONTROL_UNSERVED:
	case CONTROL_UNCONFIRMED:
	case CONTROL_ROOM:
		break;
	}
	return -EPROTO;
}

static int advance(struct loop *loop, struct session *session)
{
	bool was_writing = is_writing(session);
	int r;

	r = was_writing ? session_flush(session) : serve(loop->server, session);
	if (r < 0 || is_writing(session) == was_writing)
		return r;
	if (was_writing)
		serve_delivered(loop->server, session);
	return watch(loop, EPOLL_CTL_MOD, session, was_writing ? EPOLLIN : EPOLLOUT);
}

static void client_is_ready(struct loop *loop, struct session *session)
{
	int r;

	r = advance(loop, session);
	if (r < 0)
		end(loop, session);
	else if (loop->stopping && !is_writing(session))
		let_go(loop, session);
}

/* A client that takes no answer must not keep a generation for good, and one more with each
 * reload: what is left then is ended, and its client learns it. */
static int time_left(struct loop *loop)
{
	uint64_t now = clock_monotonic_usec();

	if (!loop->stopping)
		return -1;
	if (now < loop->end_usec)
		return (int)((loop->end_usec - now) / USEC_PER_MSEC) + 1;
	while (loop->sessions)
		end(loop, loop->sessions);
	return 0;
}

static int turn(struct loop *loop)
{
	struct epoll_event events[EVENTS_MAX];
	bool spoken = false;
	int n;

	n = epoll_wait(loop->epoll, events, EVENTS_MAX, time_left(loop));
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++)
		if (events[i].data.ptr)
			client_is_ready(loop, events[i].data.ptr);
		else
			spoken = true;
	/* After the clients: it may free any of them. */
	return spoken ? parent_spoke(loop) : 0;
}

int loop_init(struct loop *loop, struct server *server, int control)
{
	*loop = (struct loop){ .server = server, .control = control };
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0)
		return -errno;
	return watch(loop, EPOLL_CTL_ADD, NULL, EPOLLIN);
}

void loop_done(struct loop *loop)
{
	while (loop->sessions)
		let_go(loop, loop->sessions);
	loop->epoll = fd_close(loop->epoll);
}

int loop_run(struct loop *loop)
{
	int r;

	while (!loop->stopping || loop->sessions) {
		r = turn(loop);
		if (r == -ECONNRESET)
			return 0;
		if (r < 0)
			return r;
	}
	return 0;
}
