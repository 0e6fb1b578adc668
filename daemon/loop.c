/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/macro.h"
#include "daemon/batch.h"
#include "daemon/commands.h"
#include "daemon/places.h"

/*
 * Level-triggered, one request of each ready connection in turn, or of each uid, so that no
 * client gets more than its share by sending faster. What a connection waits for in between is in
 * clients.c.
 */

#define QUEUE_TURNS 4 /* of batches, in one of the loop */

/* One of the parent's messages for so many requests, and one for fewer: most say that somebody has
 * connected, who waits behind all who did before, and yet may cost the others no more than this. */
#define REQUESTS_EACH 8

/* Who has lost the lead meanwhile goes on alone: the one who leads sleeps, and knows nothing of it. */
static void go_on(struct loop *loop, struct worker *worker, struct session *session)
{
	int r = 0;

	do
		r = batch_turn(loop->server, worker, session);
	while (r == 0 && session->batch && !client_has_no_room(session) && !worker_leads(worker));
	clients_settle(&loop->clients, session, r);
}

static int serve_one(struct loop *loop, struct worker *worker, struct session *session)
{
	int r = serve(loop->server, worker, session);

	if (r == 0)
		turns_waste(&loop->clients.turns);
	return r;
}

static void client_is_ready(struct loop *loop, struct worker *worker, struct session *session)
{
	/* What it sends meanwhile waits, and so does its end. */
	if (session->is_queued || client_is_busy(session))
		return;
	if (session->batch)
		go_on(loop, worker, session);
	else if (client_is_writing(session))
		clients_flush(&loop->clients, session);
	else
		clients_settle(&loop->clients, session, serve_one(loop, worker, session));
}

/* The next deadline. Apart: who is late is told so from three pages of stack, which are touched. */
static _noinline_ uint64_t expire(struct loop *loop, uint64_t now)
{
	struct server *server = loop->server;
	uint64_t next = workers_expire(&server->workers, now);
	struct waiting *late;

	while ((late = waiting_take_late(&server->waiting, now))) {
		struct session *session = late->x.session;

		clients_settle(&loop->clients, session, serve_waiting_late(late));
	}
	if (server->waiting && server->waiting->deadline_usec < next)
		next = server->waiting->deadline_usec;
	return next;
}

/* A client that takes no answer must not keep a generation for good, and one more with each
 * reload: what is left then is ended, and its client learns it. */
static void end_stragglers(struct loop *loop, uint64_t now)
{
	while (loop->server->leaving && now >= loop->end_usec && loop->clients.list)
		clients_end(&loop->clients, loop->clients.list);
}

static bool has_deadlines(const struct loop *loop)
{
	return loop->server->leaving || loop->server->waiting || loop->server->workers.n_away > 0;
}

/* Milliseconds, for epoll_wait(2). */
static int time_left(struct loop *loop)
{
	uint64_t now, next;

	if (!has_deadlines(loop))
		return loop->clients.queue ? 0 : -1;
	now = clock_monotonic_usec();
	next = expire(loop, now);
	end_stragglers(loop, now);
	if (loop->server->leaving && loop->end_usec < next)
		next = loop->end_usec;
	if (loop->clients.queue)
		return 0;
	if (next == UINT64_MAX)
		return -1;
	return next > now ? (int)((next - now) / USEC_PER_MSEC) + 1 : 0;
}

static int await(struct loop *loop, struct worker *worker, struct epoll_event *events)
{
	int timeout = time_left(loop), n;

	/* Of whoever was ended just now, or by who led before. */
	discards_close(worker);
	if (!worker_leads(worker))
		return 0;
	lock_release(&loop->server->workers.lock);
	n = epoll_wait(loop->clients.epoll, events, TURNS_MAX, timeout);
	if (n < 0)
		n = errno == EINTR ? 0 : -errno;
	lock_take(&loop->server->workers.lock);
	loop->server->clock_usec = 0;
	return n;
}

static void choose(struct loop *loop, const struct epoll_event *events, int n)
{
	struct session *sessions[TURNS_MAX] _uninitialized_;
	size_t ready = 0;

	for (int i = 0; i < n; i++)
		if (events[i].data.ptr)
			sessions[ready++] = events[i].data.ptr;
		else
			loop->spoken = true;
	turns_choose(&loop->clients.turns, sessions, ready);
}

/* Whether there is nothing to wait for but clients, and one of them probably is ready. */
static bool may_repeat(struct loop *loop)
{
	return !loop->clients.queue && !has_deadlines(loop) &&
	       turns_repeat(&loop->clients.turns, loop->server->workers.tick);
}

/* 0 or -errno. Who was ready for the one who led before comes first. */
static int await_turns(struct loop *loop, struct worker *worker)
{
	struct epoll_event events[TURNS_MAX] _uninitialized_;
	int n;

	if (!turns_are_over(&loop->clients.turns) || may_repeat(loop))
		return 0;
	n = await(loop, worker, events);
	if (n > 0)
		choose(loop, events, n);
	return n < 0 ? n : 0;
}

static void serve_ready(struct loop *loop, struct worker *worker)
{
	struct session *session;

	while (worker_leads(worker) && (session = turns_take(&loop->clients.turns))) {
		client_is_ready(loop, worker, session);
		discards_close(worker);
	}
}

/* As much as the requests of one turn may be, and no more, however many batches there are. */
static void serve_queue(struct loop *loop, struct worker *worker)
{
	unsigned turns = turns_are_mixed(&loop->clients.turns) ? 1 : QUEUE_TURNS;

	for (unsigned i = 0; i < turns && loop->clients.queue && worker_leads(worker); i++) {
		go_on(loop, worker, clients_take_queued(&loop->clients));
		discards_close(worker);
	}
}

static int hear_parent(struct loop *loop, struct worker *worker, uint64_t requests)
{
	uint64_t n = 1 + requests / REQUESTS_EACH;
	int r = 1;

	loop->spoken = false;
	while (r > 0 && n-- > 0 && worker_leads(worker))
		r = commands_take(loop, worker);
	return r < 0 ? r : 0;
}

/* The parent comes after the clients; but not after those of the next leader too, or a crowd of
 * slow requests would keep it from being heard. */
static int turn(struct loop *loop, struct worker *worker)
{
	uint64_t before = loop->clients.turns.n;
	int r;

	if (!loop->spoken) {
		r = await_turns(loop, worker);
		if (r < 0)
			return r;
		serve_ready(loop, worker);
		serve_queue(loop, worker);
	}
	if (!loop->spoken || !worker_leads(worker))
		return 0;
	return hear_parent(loop, worker, loop->clients.turns.n - before);
}

static void end_if_all_is_answered(struct loop *loop)
{
	if (loop->server->leaving && !loop->clients.list)
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
	places_take(worker, session, session->facts.uid, next->deadline_usec);
	clients_settle(&loop->clients, session, serve_waiting(worker, next));
	end_if_all_is_answered(loop);
	return true;
}

static void left(void *context, struct worker *worker)
{
	struct loop *loop = context;

	if (worker->session)
		clients_unwatch(&loop->clients, worker->session);
}

static void late(void *context, struct worker *worker)
{
	struct loop *loop = context;

	clients_settle(&loop->clients, worker->session, serve_late(worker->x));
}

int loop_init(struct loop *loop, struct server *server, int control)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
	int r;

	*loop = (struct loop){ .server = server, .control = control };
	r = clients_init(&loop->clients, server);
	if (r < 0)
		return r;
	r = epoll_ctl(loop->clients.epoll, EPOLL_CTL_ADD, control, &event);
	return r < 0 ? -errno : 0;
}

void loop_done(struct loop *loop)
{
	clients_done(&loop->clients);
}

int loop_run(struct loop *loop, const struct workers_setup *limits)
{
	struct workers_setup setup = *limits;
	int r;

	setup.lead = lead;
	setup.take_up = take_up;
	setup.left = left;
	setup.late = late;
	setup.context = loop;
	r = workers_init(&loop->server->workers, &setup);
	if (r < 0)
		return r;
	return workers_run(&loop->server->workers);
}
