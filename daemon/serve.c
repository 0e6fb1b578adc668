/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/serve.h"

#include <errno.h>

#include "base/clock.h"
#include "daemon/exchange.h"
#include "daemon/report.h"

/*
 * The path of a request. Each step knows more than the one before: a message from the connector, a
 * claim that makes sense, a decision and what was opened by it, an answer, a record.
 */

static struct order order_of(const struct exchange *x, const struct policy_caller *caller)
{
	return (struct order){
		.request = &x->request,
		.principal = &x->session->principal,
		.caller = caller,
		.unit = x->session->facts.unit,
		.now_sec = x->time_usec / USEC_PER_SEC,
		.may_block = true,
		.trace = x->server->shadow && x->session->shadow ? &x->server->trace : NULL,
	};
}

static void judge_and_open(struct exchange *x)
{
	const struct order order = order_of(x, x->session->caller);

	if (x->server->degraded)
		exchange_answer(x, WIRE_REASON_DEGRADED, EACCES);
	else
		opener_open(&x->server->opener, &order, &x->outcome);
}

/* When the answer has left. */
static void ask_shadow(struct exchange *x)
{
	const struct order order = order_of(x, x->session->shadow);
	enum shadow_result result;

	if (!order.trace)
		return;
	result = shadow_judge(x->server->shadow, &order, &x->outcome, &x->shadow);
	shadow_tally_add(&x->server->shadow_tally, x, result);
	if (result == SHADOW_SAME)
		x->shadow.kind = SHADOW_NONE;
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

int serve(struct server *server, struct session *session)
{
	struct exchange x = { .server = server, .session = session, .outcome.fd = -EBADF };
	bool opened = false;
	int r;

	r = exchange_receive(&x);
	if (r == 0 || (r < 0 && !x.fault))
		return r;

	x.time_usec = clock_realtime_usec();
	x.decision = server->next_decision++;
	if (r > 0)
		r = exchange_read(&x);
	opened = r > 0;
	if (opened)
		judge_and_open(&x);
	if (!x.fault)
		r = exchange_reply(&x);
	if (opened && server->shadow)
		ask_shadow(&x);
	report(&x, r);
	session->in_flight = x.outcome.in_flight;
	if (session->reply_size == 0)
		serve_delivered(server, session);
	return r;
}
