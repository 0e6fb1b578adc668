/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/workers.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "daemon/exchange.h"
#include "daemon/lookout.h"
#include "daemon/places.h"

/*
 * Leader and followers: the loop is handed over, not the request. A request that does not block
 * costs a lock that nobody else wants; one that may costs the waking of one thread. A thread that
 * never returns (FUSE, even after SIGKILL) costs its place and its stack, and nobody waits for it.
 *
 * A leader that is blocked where it should not be is found by the main thread (lookout.c).
 */

/* Small: nothing recurses, and the largest buffers are the opener's names; sanitizers want more. */
#define STACK_SIZE (512 * 1024)

#define IDLE_MAX 4U /* threads kept: more would only be so many more pages */

static void *work(void *arg);

static int spawn(struct workers *w, struct worker **ret)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	pthread_attr_t attributes;
	pthread_t thread;
	int r;

	if (!worker)
		return -ENOMEM;
	worker->all = w;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&thread, &attributes, work, worker);
	pthread_attr_destroy(&attributes);
	if (r != 0) {
		free(worker);
		return -r;
	}
	worker->next = w->list;
	w->list = worker;
	w->n++;
	*ret = worker;
	return 0;
}

static void retire(struct worker *worker)
{
	struct workers *w = worker->all;
	struct worker **at = &w->list;

	while (*at != worker)
		at = &(*at)->next;
	*at = worker->next;
	w->n--;
	opener_done(&worker->opener);
	trace_done(&worker->trace);
	free(worker);
}

/* Let another one lead: one that is idle, or a new one. */
static int promote(struct workers *w)
{
	struct worker *next = w->list;
	int r;

	while (next && !next->is_idle)
		next = next->next;
	if (!next) {
		r = spawn(w, &next);
		if (r < 0)
			return r;
	}
	w->leader = next;
	bell_ring(&next->wake);
	return 0;
}

static uint64_t deadline(const struct workers *w)
{
	return clock_monotonic_usec() + w->setup.open_usec;
}

int worker_leave(struct worker *worker, struct session *session, uid_t uid)
{
	struct workers *w = worker->all;

	if (worker->is_away)
		return 0;
	if (!places_are_free(w, uid))
		return places_may_be_free(w, uid) ? -EAGAIN : -EBUSY;
	/* Not its errno: pthread_create(3) says EAGAIN, and no place is to be waited for. */
	if (worker_leads(worker) && promote(w) < 0)
		return -ENOMEM;
	places_take(worker, session, uid, deadline(w));
	w->setup.left(w->setup.context, worker);
	return 0;
}

bool worker_leads(const struct worker *worker)
{
	return worker->all->leader == worker;
}

void workers_replace_leader(struct workers *w)
{
	struct worker *old = w->leader;

	/* Without a thread for it, the next tick tries again. */
	if (promote(w) < 0)
		return;
	old->was_surprised = true;
	w->n_surprised++;
	places_take(old, old->x ? old->x->session : NULL, old->uid, deadline(w));
	w->setup.left(w->setup.context, old);
}

/* opening */

static void be_watched(struct workers *w)
{
	/* Nobody else writes it: they would have to lead, with the lock. */
	atomic_store_explicit(&w->begun, w->begun + 1, memory_order_relaxed);
	if (w->is_watched)
		return;
	w->is_watched = true;
	bell_ring(&w->watch);
}

void worker_begin(struct worker *worker, struct exchange *x, uid_t uid)
{
	struct workers *w = worker->all;

	worker->x = x;
	worker->uid = uid;
	worker->is_opening = true;
	if (worker_leads(worker))
		be_watched(w);
	lock_release(&w->lock);
}

void worker_end(struct worker *worker)
{
	lock_take(&worker->all->lock);
	worker->is_opening = false;
	worker->x = NULL;
}

/* The thread. What it cannot do without, no broker can. */
static int prepare(struct worker *worker)
{
	const struct opener_setup *setup = &worker->all->setup.opener;

	return setup->policy ? opener_init(&worker->opener, setup) : 0;
}

void workers_await(struct workers *w, struct bell *bell)
{
	*bell = (struct bell){ 0 };
	lock_release(&w->lock);
	bell_await(bell);
	lock_take(&w->lock);
}

static void wait_for_turn(struct worker *worker)
{
	struct workers *w = worker->all;

	worker->is_idle = true;
	w->n_idle++;
	workers_await(w, &worker->wake);
	w->n_idle--;
	worker->is_idle = false;
}

/* Whether there was something to do. */
static bool follow(struct worker *worker)
{
	struct workers *w = worker->all;

	if (w->setup.take_up(w->setup.context, worker))
		return true;
	discards_close(worker);
	return worker->is_away;
}

/* Whether to come back: those who are too many go. */
static bool take_turn(struct worker *worker)
{
	struct workers *w = worker->all;

	if (worker_leads(worker))
		w->setup.lead(w->setup.context, worker);
	else if (!follow(worker)) {
		if (w->n_idle >= IDLE_MAX)
			return false;
		wait_for_turn(worker);
		return true;
	}
	discards_close(worker);
	places_return(worker);
	return true;
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct workers *w = worker->all;
	int r;

	lock_take(&w->lock);
	r = prepare(worker);
	if (r < 0)
		workers_end(w, r);
	/* The end of the control socket is an event that does not go away: a leader that went on
	 * would spin, and on one processor keep the main thread from ending it all. */
	while (r == 0 && !w->over && take_turn(worker))
		continue;
	retire(worker);
	lock_release(&w->lock);
	return NULL;
}

/* the deadline */

static void give_up(struct worker *worker)
{
	struct workers *w = worker->all;

	worker->is_stuck = true;
	atomic_store(&worker->given_up, true);
	if (worker->x)
		w->setup.late(w->setup.context, worker);
	worker->x = NULL;
}

uint64_t workers_expire(struct workers *w, uint64_t now_usec)
{
	uint64_t next = UINT64_MAX;

	for (struct worker *i = w->list; i && w->n_away > 0; i = i->next) {
		if (!i->is_away || i->is_stuck)
			continue;
		if (now_usec >= i->deadline_usec)
			give_up(i);
		else if (i->deadline_usec < next)
			next = i->deadline_usec;
	}
	return next;
}

void workers_forget(struct workers *w, const struct session *session)
{
	for (struct worker *i = w->list; i && w->n_away > 0; i = i->next) {
		if (i->session != session)
			continue;
		atomic_store(&i->given_up, true);
		i->x = NULL;
	}
}

int workers_run(struct workers *w)
{
	int r;

	lock_take(&w->lock);
	r = promote(w);
	if (r == 0)
		lookout_keep(w);
	/* Kept locked: nobody answers any more. */
	return r < 0 ? r : w->status;
}

void workers_end(struct workers *w, int status)
{
	if (w->over)
		return;
	w->over = true;
	w->status = status;
	bell_ring(&w->watch);
}

int workers_init(struct workers *w, const struct workers_setup *setup)
{
	*w = (struct workers){ .setup = *setup };
	/* One heap: nobody allocates much, and another would cost each thread its own pages, and
	 * glibc asks how many processors there are, which the filter does not let it. */
	mallopt(M_ARENA_MAX, 1);
	return discards_init(&w->discards, setup->files);
}
