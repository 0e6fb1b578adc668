/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "daemon/batch.h"
#include "daemon/control.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/report.h"
#include "wire/codec.h"

/*
 * Level-triggered, one request of each ready connection in turn, or of each uid, so that no
 * client gets more than its share by sending faster.
 *
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

#define EVENTS_MAX  128
#define MIXED_TURNS 256U /* since one of another uid: then he is not there any more */
#define QUEUE_TURNS 4	 /* of batches, in one of the loop */

static int watch(struct loop *loop, struct session *session, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = session };
	int operation = session->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

	if (session->watched == events)
		return 0;
	if (epoll_ctl(loop->epoll, operation, session->fd, &event) < 0)
		return -errno;
	session->watched = events;
	return 0;
}

/* Not by watching for nothing: epoll_ctl(2) tells of the peer's end all the same. */
static void unwatch(struct loop *loop, struct session *session)
{
	if (session->watched != 0)
		epoll_ctl(loop->epoll, EPOLL_CTL_DEL, session->fd, NULL);
	session->watched = 0;
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

/* Its batch goes on when its turn comes. */
static void queue(struct loop *loop, struct session *session)
{
	struct session **at = &loop->queue;

	while (*at)
		at = &(*at)->next_queued;
	*at = session;
	session->is_queued = true;
}

static void unqueue(struct loop *loop, struct session *session)
{
	struct session **at = &loop->queue;

	if (!session->is_queued)
		return;
	while (*at != session)
		at = &(*at)->next_queued;
	*at = session->next_queued;
	session->next_queued = NULL;
	session->is_queued = false;
}

static void let_go(struct loop *loop, struct session *session)
{
	unqueue(loop, session);
	unwatch(loop, session);
	link_out(loop, session);
	batch_end(loop->server, session);
	serve_delivered(loop->server, session);
	under_way_end(&loop->server->under_way, session);
	session_unref(session);
}

static void end(struct loop *loop, struct session *session)
{
	unwatch(loop, session);
	shutdown(session->fd, SHUT_RDWR);
	workers_forget(&loop->server->workers, session);
	waiting_drop(&loop->server->waiting, session);
	let_go(loop, session);
}

static bool is_writing(const struct session *session)
{
	return session->reply_size > 0 || session->batch;
}

/* For an answer that there is. */
static bool has_no_room(const struct session *session)
{
	return session->batch ? batch_has_no_room(session->batch) : session->reply_size > 0;
}

static bool is_busy(const struct session *session)
{
	return session->watched == 0;
}

/* What follows from @r, what became of a request, or of a part of a reply. */
static void settle(struct loop *loop, struct session *session, int r)
{
	if (r == -ECANCELED)
		return;
	if (r == -EINPROGRESS)
		unwatch(loop, session);
	else if (r < 0)
		end(loop, session);
	else if (loop->stopping && !is_writing(session))
		let_go(loop, session);
	else if (watch(loop, session, has_no_room(session) ? EPOLLOUT : EPOLLIN) < 0)
		end(loop, session);
	else if (session->batch && !has_no_room(session))
		queue(loop, session);
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
	struct session *session;
	int r;

	r = new_session(loop, worker, control, &session);
	if (r < 0) {
		log_error_errno(r, "a connection of uid %u cannot be served: %m",
				control->facts.uid);
		shutdown(control->fd, SHUT_RDWR);
		fd_close(control->fd);
		return;
	}
	link_in(loop, session);
	tallies_caller(&loop->server->tallies, session->caller);
	settle(loop, session, control->lost ? tell_lost(session) : 0);
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
		settle(loop, session, tell_lost(session));
	}
}

static int stop(struct loop *loop)
{
	struct control control = { .type = CONTROL_STOPPED, .fd = -EBADF };
	struct session *next;

	loop->stopping = loop->server->leaving = true;
	loop->end_usec = clock_monotonic_usec() + LIMIT_LEAVE_SEC * USEC_PER_SEC;
	for (struct session *s = loop->sessions; s; s = next) {
		next = s->next;
		if (!is_writing(s) && !is_busy(s))
			let_go(loop, s);
	}
	send_on(loop);
	return control_send(loop->control, &control);
}

/* One message of the parent's. -errno: there is nobody to serve for any more. */
static int parent_spoke(struct loop *loop, struct worker *worker)
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
		connection(loop, worker, &control);
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
		break;
	}
	return -EPROTO;
}

static int flush(struct loop *loop, struct session *session)
{
	int r;

	r = session_flush(session);
	if (r == 0 && !is_writing(session))
		serve_delivered(loop->server, session);
	return r;
}

/* Who has lost the lead meanwhile goes on alone: the one who leads sleeps, and knows nothing of it. */
static void go_on(struct loop *loop, struct worker *worker, struct session *session)
{
	int r = 0;

	do
		r = batch_turn(loop->server, worker, session);
	while (r == 0 && session->batch && !has_no_room(session) && !worker_leads(worker));
	settle(loop, session, r);
}

static void client_is_ready(struct loop *loop, struct worker *worker, struct session *session)
{
	/* What it sends meanwhile waits, and so does its end. */
	if (session->is_queued)
		return;
	if (session->batch)
		go_on(loop, worker, session);
	else if (is_writing(session))
		settle(loop, session, flush(loop, session));
	else
		settle(loop, session, serve(loop->server, worker, session));
}

/* The next deadline. */
static uint64_t expire(struct loop *loop, uint64_t now)
{
	struct server *server = loop->server;
	uint64_t next = workers_expire(&server->workers, now);
	struct waiting *late;

	while ((late = waiting_take_late(&server->waiting, now))) {
		struct session *session = late->x.session;

		settle(loop, session, serve_waiting_late(late));
	}
	if (server->waiting && server->waiting->deadline_usec < next)
		next = server->waiting->deadline_usec;
	return next;
}

/* A client that takes no answer must not keep a generation for good, and one more with each
 * reload: what is left then is ended, and its client learns it. */
static void end_stragglers(struct loop *loop, uint64_t now)
{
	while (loop->stopping && now >= loop->end_usec && loop->sessions)
		end(loop, loop->sessions);
}

static bool has_deadlines(const struct loop *loop)
{
	return loop->stopping || loop->server->waiting || loop->server->workers.n_away > 0;
}

/* Milliseconds, for epoll_wait(2). */
static int time_left(struct loop *loop)
{
	uint64_t now, next;

	if (!has_deadlines(loop))
		return loop->queue ? 0 : -1;
	now = clock_monotonic_usec();
	next = expire(loop, now);
	end_stragglers(loop, now);
	if (loop->stopping && loop->end_usec < next)
		next = loop->end_usec;
	if (loop->queue)
		return 0;
	if (next == UINT64_MAX)
		return -1;
	return next > now ? (int)((next - now) / USEC_PER_MSEC) + 1 : 0;
}

static int await(struct loop *loop, struct epoll_event *events)
{
	int timeout = time_left(loop), n;

	pthread_mutex_unlock(&loop->server->workers.lock);
	n = epoll_wait(loop->epoll, events, EVENTS_MAX, timeout);
	if (n < 0)
		n = errno == EINTR ? 0 : -errno;
	pthread_mutex_lock(&loop->server->workers.lock);
	return n;
}

/* Whether several uids ask at the same time. */
static bool is_mixed(const struct loop *loop)
{
	return loop->mixed > 0 && loop->turns - loop->mixed < MIXED_TURNS;
}

static void note_turn(struct loop *loop, struct session *session)
{
	if (loop->turns > 0 && session->facts.uid != loop->uid)
		loop->mixed = loop->turns;
	loop->uid = session->facts.uid;
	session->turn = ++loop->turns;
}

/* Of each uid the one that has waited longest; last of all the uid that had the last turn, since
 * whoever has a turn may take the lead with him. */
static int choose_by_uid(const struct loop *loop, struct session **sessions, int n)
{
	int chosen = 0, at;

	for (int i = 0; i < n; i++) {
		struct session *session = sessions[i];

		for (at = 0; at < chosen; at++)
			if (sessions[at]->facts.uid == session->facts.uid)
				break;
		if (at == chosen)
			sessions[chosen++] = session;
		else if (session->turn < sessions[at]->turn)
			sessions[at] = session;
	}
	for (at = 0; at < chosen - 1; at++) {
		struct session *session = sessions[at];

		if (session->facts.uid != loop->uid)
			continue;
		sessions[at] = sessions[chosen - 1];
		sessions[chosen - 1] = session;
	}
	return chosen;
}

/*
 * Chosen before any is served, which may end it. Where several uids ask, who has many connections has no
 * more turns than who has one (P50): of the others epoll(7) tells again, with whatever has come
 * meanwhile.
 */
static int choose(struct loop *loop, const struct epoll_event *events, int n, struct session **ret)
{
	int ready = 0;

	for (int i = 0; i < n; i++)
		if (events[i].data.ptr)
			ret[ready++] = events[i].data.ptr;
		else
			loop->spoken = true;
	return is_mixed(loop) ? choose_by_uid(loop, ret, ready) : ready;
}

/* What is left of the events when it has lost the lead is told again, to the next leader, and
 * before those that have had their turn: epoll(7) has a queue. */
static void serve_ready(struct loop *loop, struct worker *worker, const struct epoll_event *events,
			int n)
{
	struct session *sessions[EVENTS_MAX] _uninitialized_;

	n = choose(loop, events, n, sessions);
	for (int i = 0; i < n && worker_leads(worker); i++) {
		note_turn(loop, sessions[i]);
		client_is_ready(loop, worker, sessions[i]);
	}
}

/* As much as the requests of one turn may be, and no more, however many batches there are. */
static void serve_queue(struct loop *loop, struct worker *worker)
{
	unsigned turns = is_mixed(loop) ? 1 : QUEUE_TURNS;

	for (unsigned i = 0; i < turns && loop->queue && worker_leads(worker); i++) {
		struct session *session = loop->queue;

		unqueue(loop, session);
		go_on(loop, worker, session);
	}
}

/* The parent comes after the clients, any of whom it may free; but not after those of the next
 * leader too, or a crowd of slow requests would keep it from being heard. */
static int turn(struct loop *loop, struct worker *worker)
{
	struct epoll_event events[EVENTS_MAX] _uninitialized_;
	int n;

	if (!loop->spoken) {
		n = await(loop, events);
		if (n < 0)
			return n;
		serve_ready(loop, worker, events, n);
		serve_queue(loop, worker);
	}
	if (!loop->spoken || !worker_leads(worker))
		return 0;
	loop->spoken = false;
	return parent_spoke(loop, worker);
}

static void end_if_all_is_answered(struct loop *loop)
{
	if (loop->stopping && !loop->sessions)
		workers_end(&loop->server->workers, 0);
}

static void lead(void *context, struct worker *worker)
{
	struct loop *loop = context;
	int r;

	r = turn(loop, worker);
	if (r < 0)
		workers_end(worker->all, r == -ECONNRESET ? 0 : r);
	end_if_all_is_answered(loop);
}

static bool take_up(void *context, struct worker *worker)
{
	struct loop *loop = context;
	struct waiting *next = waiting_take(&loop->server->waiting, worker->all);
	struct session *session;

	if (!next)
		return false;
	session = next->x.session;
	worker_take_place(worker, session, next->deadline_usec);
	settle(loop, session, serve_waiting(worker, next));
	end_if_all_is_answered(loop);
	return true;
}

static void left(void *context, struct worker *worker)
{
	if (worker->session)
		unwatch(context, worker->session);
}

static void late(void *context, struct worker *worker)
{
	settle(context, worker->session, serve_late(worker->x));
}

int loop_init(struct loop *loop, struct server *server, int control)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

	*loop = (struct loop){ .server = server, .control = control };
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0)
		return -errno;
	return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, control, &event) < 0 ? -errno : 0;
}

void loop_done(struct loop *loop)
{
	while (loop->sessions)
		let_go(loop, loop->sessions);
	loop->epoll = fd_close(loop->epoll);
}

int loop_run(struct loop *loop, const struct workers_setup *limits)
{
	struct workers_setup setup = *limits;

	setup.lead = lead;
	setup.take_up = take_up;
	setup.left = left;
	setup.late = late;
	setup.context = loop;
	workers_init(&loop->server->workers, &setup);
	return workers_run(&loop->server->workers);
}
