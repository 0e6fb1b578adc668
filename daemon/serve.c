/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/serve.h"

#include <errno.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "daemon/batch.h"
#include "daemon/exchange.h"
#include "daemon/places.h"
#include "daemon/renewal.h"
#include "daemon/report.h"

/*
 * The path of a request. Each step knows more than the one before: a message from the connector, a
 * claim that makes sense, a decision and what was opened by it, an answer, a record.
 */

/* What was seen on the way is noted where somebody asks for it, by a worker. */
static struct trace *trace_of(const struct exchange *x, struct worker *worker)
{
	/* A trace is of one name. */
	if (x->request.two_names)
		return NULL;
	return x->server->shadow && x->session->shadow ? &worker->trace : NULL;
}

static struct order order_of(const struct exchange *x, const struct policy_caller *caller)
{
	return (struct order){
		.request = &x->request,
		.principal = &x->session->principal,
		.caller = caller,
		.unit = x->session->facts.unit,
		.now_sec = x->time_usec / USEC_PER_SEC,
		.in_flight = x->outcome.in_flight,
		.trace = x->trace,
	};
}

/*
 * The pin is closed with what was opened from it, by one call, where both are closed by whoever leads;
 * but not of a batch, whose descriptors would not follow each other then.
 */
static void close_pin(struct exchange *x)
{
	if (x->batch || discard_cost(&x->outcome, &x->request) != DISCARD_CHEAP)
		x->outcome.pin = fd_close(x->outcome.pin);
}

static int open_it(struct exchange *x, struct worker *worker)
{
	struct order order;

	x->trace = trace_of(x, worker);
	order = order_of(x, x->session->caller);
	/* A batch has no place of its own: what may block in it is asked for by itself. */
	order.may_block = worker->is_away && !x->batch;
	order.given_up = &worker->given_up;
	worker_begin(worker, x, x->session->facts.uid);
	opener_open(&worker->opener, &order, &x->outcome);
	close_pin(x);
	worker_end(worker);
	return atomic_load(&worker->given_up) ? -ECANCELED : 0;
}

/* Its turn comes when another request of that uid is done. */
static int put_off(struct exchange *x)
{
	struct server *server = x->server;
	uint64_t deadline = clock_monotonic_usec() + server->workers.setup.open_usec;

	if (waiting_add(&server->waiting, x, deadline) == 0)
		return -EINPROGRESS;
	exchange_answer(x, WIRE_REASON_BUSY, EAGAIN);
	return 0;
}

/* What @r, what became of open_it(), leaves to be done. */
static int opened(struct exchange *x, int r)
{
	return r == 0 && x->outcome.outside ? renewal_await(x) : r;
}

int serve_try(struct exchange *x, struct worker *worker)
{
	uid_t uid = x->session->facts.uid;

	if (x->server->degraded) {
		exchange_answer(x, WIRE_REASON_DEGRADED, EACCES);
		return 0;
	}
	if (places_distrust(worker->all, uid) || discards_are_many(worker->all, uid)) {
		exchange_answer(x, WIRE_REASON_BUSY, EAGAIN);
		return 0;
	}
	return open_it(x, worker);
}

/* First as if nothing could block; and what would is tried again where it may. */
static int judge_and_open(struct exchange *x, struct worker *worker)
{
	uid_t uid = x->session->facts.uid;
	int r;

	r = serve_try(x, worker);
	if (r < 0 || !x->outcome.would_block)
		return opened(x, r);
	r = worker_leave(worker, x->session, uid);
	if (r == -EAGAIN)
		return put_off(x);
	if (r == 0)
		return opened(x, open_it(x, worker));
	exchange_answer(x, WIRE_REASON_BUSY, EAGAIN);
	return 0;
}

static void discard(struct exchange *x, enum discard_cost cost)
{
	struct workers *w = &x->server->workers;
	uid_t uid = x->session->facts.uid;

	if (x->outcome.pin >= 0)
		discards_add(w, TAKE_FD(x->outcome.pin), uid, DISCARD_CHEAP);
	discards_add(w, TAKE_FD(x->outcome.fd), uid, cost);
}

void serve_abandon(struct exchange *x)
{
	discard(x, DISCARD_DEAR);
	exchange_done(x);
	if (x->outcome.in_flight)
		rates_end(&x->server->rates, x->outcome.in_flight);
}

void serve_ask_shadow(struct exchange *x)
{
	struct order order;
	enum shadow_result result;

	/* It may be asked no more since; or there is nothing to compare with. */
	if (!x->trace || !x->server->shadow || x->outcome.would_block)
		return;
	order = order_of(x, x->session->shadow);
	result = shadow_judge(x->server->shadow, &order, &x->outcome, &x->shadow);
	shadow_tally_add(&x->server->shadow_tally, x, result);
	if (result == SHADOW_SAME)
		x->shadow.kind = SHADOW_NONE;
}

static int answer(struct exchange *x, int r)
{
	if (!x->fault)
		r = exchange_reply(x);
	x->answered_usec = x->server->clock_usec = clock_realtime_usec();
	serve_ask_shadow(x);
	report(x, r);
	x->session->in_flight = x->outcome.in_flight;
	if (x->session->reply_size == 0)
		serve_delivered(x->server, x->session);
	return r;
}

static int conclude(struct exchange *x, int r)
{
	if (r == -EINPROGRESS)
		return r;
	if (r == -ECANCELED) {
		serve_abandon(x);
		return r;
	}
	r = answer(x, r);
	exchange_done(x);
	discard(x, r == 0 && x->outcome.reason == WIRE_REASON_OK
			   ? discard_cost(&x->outcome, &x->request)
			   : DISCARD_DEAR);
	return r;
}

void serve_delivered(struct server *server, struct session *session)
{
	if (session->in_flight)
		rates_end(&server->rates, session->in_flight);
	session->in_flight = NULL;
}

void serve_unshadow(struct server *server)
{
	server->shadow = NULL;
}

int serve(struct server *server, struct worker *worker, struct session *session)
{
	struct exchange x _uninitialized_;
	int r;

	exchange_begin(&x, server, session);
	r = exchange_receive(&x);
	if (r == 0 || (r < 0 && !x.fault))
		return r;

	x.time_usec = clock_realtime_as_of(server->clock_usec);
	x.decision = server->next_decision++;
	if (r > 0)
		r = exchange_read(&x);
	if (r > 0 && session->batch)
		return 1;
	if (r > 0)
		r = judge_and_open(&x, worker);
	r = conclude(&x, r);
	return r < 0 ? r : 1;
}

int serve_waiting(struct worker *worker, struct waiting *take_waiting)
{
	struct exchange x = take_waiting->x;

	exchange_adopt(&x);
	waiting_free(take_waiting);
	return conclude(&x, opened(&x, open_it(&x, worker)));
}

int serve_late(const struct exchange *x)
{
	struct exchange late;

	if (x->batch)
		return batch_late(x);
	exchange_expire(x, &late);
	return answer(&late, 0);
}

int serve_waiting_late(struct waiting *take_waiting)
{
	struct exchange late;
	int r;

	exchange_expire(&take_waiting->x, &late);
	late.outcome.in_flight = take_waiting->x.outcome.in_flight;
	r = answer(&late, 0);
	waiting_free(take_waiting);
	return r;
}
