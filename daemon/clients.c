/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/clients.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "daemon/batch.h"

/*
 *	reading ── reply does not fit ──▶ writing	nothing is read
 *	writing ── the client took some ─▶ reading
 *	reading ── a batch ─▶ queued	nothing is read: it goes on when its turn comes
 *	queued  ── all is told ─▶ reading; or ── there is no room ─▶ writing ─▶ queued
 *	reading ── may block ───────────▶ busy		nothing is watched: its worker will answer
 *	busy    ── answered, or too late ─▶ reading, or writing
 *	any     ── malformed, gone ─────▶ ended
 *	busy    ── outside the hull ─────▶ (waits)	until STOP, or the deadline
 *	STOP: waits for another hull ─▶ told that it is lost, let go
 *	STOP: reading ─▶ let go; writing, busy ─▶ let go when the reply is sent, ended when it never is
 *
 * The parent holds a duplicate of every connection. So ending one takes shutdown(2), not
 * close(2) alone, and EPOLL_CTL_DEL before it: epoll(7) reports a closed
 * descriptor as long as a duplicate of it is open. Letting one go is without the
 * shutdown: the next generation serves it.
 */

static int watch(struct clients *clients, struct session *session, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = session };
	int operation = session->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

	if (session->watched == events)
		return 0;
	if (epoll_ctl(clients->epoll, operation, session->fd, &event) < 0)
		return -errno;
	session->watched = events;
	return 0;
}

/* Not by watching for nothing: epoll_ctl(2) tells of the peer's end all the same. */
void clients_unwatch(struct clients *clients, struct session *session)
{
	if (session->watched != 0)
		epoll_ctl(clients->epoll, EPOLL_CTL_DEL, session->fd, NULL);
	session->watched = 0;
}

static void link_in(struct clients *clients, struct session *session)
{
	session->next = clients->list;
	if (session->next)
		session->next->previous = session;
	clients->list = session;
}

static void link_out(struct clients *clients, struct session *session)
{
	if (session->next)
		session->next->previous = session->previous;
	if (session->previous)
		session->previous->next = session->next;
	else
		clients->list = session->next;
}

/* Its batch goes on when its turn comes. */
static void queue(struct clients *clients, struct session *session)
{
	struct session **at = &clients->queue;

	while (*at)
		at = &(*at)->next_queued;
	*at = session;
	session->is_queued = true;
}

static void unqueue(struct clients *clients, struct session *session)
{
	struct session **at = &clients->queue;

	if (!session->is_queued)
		return;
	while (*at != session)
		at = &(*at)->next_queued;
	*at = session->next_queued;
	session->next_queued = NULL;
	session->is_queued = false;
}

/* It has had all the time for whatever its client likes. */
static void discard(struct clients *clients, const struct session *session, int take_fd)
{
	discards_add(&clients->server->workers, take_fd, session->facts.uid,
		     session->reply_lingers ? DISCARD_DEAR : DISCARD_BY_LINKS);
}

void clients_let_go(struct clients *clients, struct session *session)
{
	unqueue(clients, session);
	turns_forget(&clients->turns, session);
	clients_unwatch(clients, session);
	link_out(clients, session);
	batch_end(clients->server, session);
	discard(clients, session, TAKE_FD(session->reply_fd));
	serve_delivered(clients->server, session);
	under_way_end(&clients->server->under_way, session);
	session_unref(session);
}

void clients_end(struct clients *clients, struct session *session)
{
	clients_unwatch(clients, session);
	shutdown(session->fd, SHUT_RDWR);
	workers_forget(&clients->server->workers, session);
	waiting_drop(&clients->server->waiting, session);
	clients_let_go(clients, session);
}

bool client_is_writing(const struct session *session)
{
	return session->reply_size > 0 || session->batch;
}

bool client_has_no_room(const struct session *session)
{
	return session->batch ? batch_has_no_room(session->batch) : session->reply_size > 0;
}

bool client_is_busy(const struct session *session)
{
	return session->watched == 0;
}

void clients_settle(struct clients *clients, struct session *session, int r)
{
	if (r == -ECANCELED)
		return;
	if (r == -EINPROGRESS)
		clients_unwatch(clients, session);
	else if (r < 0)
		clients_end(clients, session);
	else if (clients->server->leaving && !client_is_writing(session))
		clients_let_go(clients, session);
	else if (watch(clients, session, client_has_no_room(session) ? EPOLLOUT : EPOLLIN) < 0)
		clients_end(clients, session);
	else if (session->batch && !client_has_no_room(session))
		queue(clients, session);
}

void clients_flush(struct clients *clients, struct session *session)
{
	int fd, r;

	r = session_flush(session, &fd);
	discard(clients, session, fd);
	if (r == 0 && !client_is_writing(session))
		serve_delivered(clients->server, session);
	clients_settle(clients, session, r);
}

void clients_add(struct clients *clients, struct session *session, int r)
{
	link_in(clients, session);
	clients_settle(clients, session, r);
}

struct session *clients_take_queued(struct clients *clients)
{
	struct session *session = clients->queue;

	unqueue(clients, session);
	return session;
}

int clients_init(struct clients *clients, struct server *server)
{
	*clients = (struct clients){ .server = server };
	clients->epoll = epoll_create1(EPOLL_CLOEXEC);
	return clients->epoll < 0 ? -errno : 0;
}

void clients_done(struct clients *clients)
{
	while (clients->list)
		clients_let_go(clients, clients->list);
	clients->epoll = fd_close(clients->epoll);
}
