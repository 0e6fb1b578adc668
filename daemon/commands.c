/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/commands.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "daemon/control.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/report.h"
#include "wire/codec.h"

static int tell_lost(struct session *session)
{
	uint8_t buffer[SESSION_REPLY_MAX];
	int size, none = -EBADF;

	size = wire_notice_write(WIRE_NOTICE_LOST, buffer, sizeof(buffer));
	if (size < 0)
		return size;
	return session_send(session, buffer, (size_t)size, &none);
}

/* Looks at files that `exe` terms name: not as the caller whose turn was last. */
static int new_session(struct loop *loop, struct worker *worker, const struct control *control,
		       struct session **ret)
{
	const struct policy *policy = loop->server->policy;
	const struct shadow *shadow = loop->server->shadow;
	int r;

	worker_begin(worker, NULL, control->facts.uid);
	if (policy)
		authority_broker(&worker->opener.authority);
	r = session_new(ret, control->fd, &control->facts, policy);
	if (r == 0 && shadow && session_shadow(*ret, shadow->policy) < 0)
		log_warning("the shadow does not see a connection of uid %u", control->facts.uid);
	worker_end(worker);
	return r;
}

/* Whoever cannot be served must learn it: the parent's duplicate would keep him waiting. */
static void connection(struct loop *loop, struct worker *worker, const struct control *control)
{
	struct session *session = NULL;
	int r;

	r = new_session(loop, worker, control, &session);
	if (r < 0) {
		log_error_errno(r, "a connection of uid %u cannot be served: %m",
				control->facts.uid);
		shutdown(control->fd, SHUT_RDWR);
		fd_close(control->fd);
		return;
	}
	tallies_caller(&loop->server->tallies, session->caller);
	clients_add(&loop->clients, session, control->lost ? tell_lost(session) : 0);
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

	report_counters(loop->server, &text);
	if (loop->server->shadow)
		shadow_tally_print(&loop->server->shadow_tally, loop->server->shadow->policy,
				   &text);
	if (text.failed)
		return -ENOMEM;
	control.text = text.data;
	control.text_len = text.len;
	return control_send(loop->control, &control);
}

/* The next generation may have what this one does not: who asked is told to ask again. */
static void send_on(struct loop *loop)
{
	struct waiting *outside;

	while ((outside = waiting_take_outside(&loop->server->waiting))) {
		struct session *session = outside->x.session;

		waiting_free(outside);
		clients_settle(&loop->clients, session, tell_lost(session));
	}
}

static int stop(struct loop *loop)
{
	struct control control = { .type = CONTROL_STOPPED, .fd = -EBADF };
	struct session *next;

	loop->server->leaving = true;
	loop->end_usec = clock_monotonic_usec() + LIMIT_LEAVE_SEC * USEC_PER_SEC;
	for (struct session *s = loop->clients.list; s; s = next) {
		next = s->next;
		if (!client_is_writing(s) && !client_is_busy(s))
			clients_let_go(&loop->clients, s);
	}
	send_on(loop);
	return control_send(loop->control, &control);
}

/* 0; -EPROTO: it is not for a broker that serves; another -errno. */
static int obey(struct loop *loop, struct worker *worker, const struct control *control)
{
	int r;

	switch (control->type) {
	case CONTROL_CONNECTION:
		connection(loop, worker, control);
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
	case CONTROL_RENEW:
	case CONTROL_RING:
	case CONTROL_RING_READ:
		break;
	}
	return -EPROTO;
}

int commands_take(struct loop *loop, struct worker *worker)
{
	static uint8_t buffer[CONTROL_SIZE_MAX];
	struct control control;
	int r;

	r = control_receive(loop->control, buffer, sizeof(buffer), &control);
	if (r == -EAGAIN)
		return 0;
	if (r == 0)
		return -ECONNRESET;
	if (r < 0 && r != -EMFILE)
		return r;
	r = r == -EMFILE ? unserved(loop, &control) : obey(loop, worker, &control);
	return r < 0 ? r : 1;
}
