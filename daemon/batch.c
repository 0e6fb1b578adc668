/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/batch.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "daemon/report.h"
#include "daemon/serve.h"
#include "wire/batch.h"
#include "wire/message.h"

/*
 * A batch saves the messages, and no check: what its members cost and may is what so many requests
 * would. They are opened one after the other, so that a batch never is in more than one place at once,
 * and never where it may block. A turn is of a few members; then
 * others have theirs, and no client can put off the next one.
 *
 *	opening ── all are decided ─▶ answering ── there was room ─▶ reporting ─▶ over
 *
 * A member is decided at its turn, by the clock of that turn. A generation that was told to leave
 * decides no more of them: its successor is asked.
 */

#define OPEN_TURN   16U /* members opened in one turn */
#define REPORT_TURN 32U /* and reported */

/* What is reported of one that was decided. */
struct member {
	struct wire_open claim; /* borrows the message */
	const struct policy_rule *rule, *in_flight;
	char *canonical; /* owned; NULL: no link was followed */
	uint64_t time_usec, dev, ino;
	uint32_t modes;
	enum policy_condition condition;
	struct shadow_verdict shadow;
};

struct batch {
	uint64_t id;
	struct ucred sender;
	struct wire_batch opens;
	uint16_t n, decided, reported;
	bool may_open, has_no_room, answered;
	int sent; /* what became of the answer */
	uint16_t n_fds;
	int fds[WIRE_BATCH_MAX];		 /* owned, in the order of their results */
	enum discard_cost costs[WIRE_BATCH_MAX]; /* of closing them */
	struct wire_answer results[WIRE_BATCH_MAX];
	struct member members[WIRE_BATCH_MAX];
	uint8_t message[];
};

int batch_new(const struct exchange *x, struct batch **ret)
{
	const uint8_t *message = x->server->message;
	struct wire_batch opens;
	struct batch *b;
	int r;

	r = wire_batch_read(message, x->size, &opens);
	if (r < 0)
		return r;
	b = malloc(sizeof(*b) + x->size);
	if (!b)
		return -ENOMEM;
	memset(b, 0, offsetof(struct batch, fds));
	b->id = x->header.id;
	b->sender = x->sender;
	b->n = opens.n;
	/* Without room for its descriptors each is asked for by itself, and waits for that. */
	b->may_open = under_way_take(&x->server->under_way, x->session, b->n) == 0;
	memcpy(b->message, message, x->size);
	b->opens = opens;
	b->opens.opens.at = b->message + (opens.opens.at - message);
	*ret = b;
	return 0;
}

/* How many of the first descriptors cost little to close: mostly all. */
static uint16_t count_cheap(const struct batch *b)
{
	uint16_t n = 0;

	while (n < b->n_fds && b->costs[n] == DISCARD_CHEAP)
		n++;
	return n;
}

static void discard_fds(struct batch *b, struct server *server, const struct session *session,
			bool sent)
{
	uint16_t n_cheap = sent ? count_cheap(b) : 0;
	uid_t uid = session->facts.uid;

	discards_add_cheap(&server->workers, b->fds, n_cheap, uid);
	for (uint16_t i = n_cheap; i < b->n_fds; i++)
		discards_add(&server->workers, b->fds[i], uid, sent ? b->costs[i] : DISCARD_DEAR);
	b->n_fds = 0;
}

/* opening */

/* It costs nothing and says nothing: whoever asks again is decided then. */
static void leave_to_be_asked(struct batch *b)
{
	b->results[b->decided] = (struct wire_answer){
		.reason = WIRE_REASON_SINGLY,
		.error = EAGAIN,
	};
	b->members[b->decided++] = (struct member){ .rule = NULL };
}

static void give_back(struct exchange *x)
{
	const struct rate_caller caller = { x->session->facts.uid, x->session->facts.unit };

	if (x->outcome.in_flight)
		rates_return(&x->server->rates, x->outcome.in_flight, &caller);
	x->outcome.in_flight = NULL;
}

/* What an answer and a record will tell. */
static void note(struct batch *b, struct exchange *x)
{
	struct outcome *outcome = &x->outcome;
	bool granted = outcome->reason == WIRE_REASON_OK;

	b->members[b->decided] = (struct member){
		.claim = x->claim,
		.rule = outcome->rule,
		.in_flight = outcome->in_flight,
		.canonical = outcome->canonical[0] ? strdup(outcome->canonical) : NULL,
		.time_usec = x->time_usec,
		.dev = outcome->dev,
		.ino = outcome->ino,
		.modes = x->request.modes,
		.condition = outcome->condition,
		.shadow = x->shadow,
	};
	b->results[b->decided++] = (struct wire_answer){
		.reason = (uint16_t)outcome->reason,
		.n_fds = granted,
		.error = outcome->error,
		.decision = x->server->next_decision++,
	};
	if (!granted)
		return;
	b->costs[b->n_fds] = discard_cost(outcome, &x->request);
	b->fds[b->n_fds++] = TAKE_FD(outcome->fd);
}

/* Nothing of the member before is left. */
static void begin(struct batch *b, struct exchange *x)
{
	outcome_clear(&x->outcome);
	x->request.modes = 0;
	x->shadow = (struct shadow_verdict){ 0 };
	x->trace = NULL;
	wire_batch_take(&b->opens, &x->claim);
}

static int open_member(struct batch *b, struct exchange *x, struct worker *worker)
{
	enum wire_reason reason;
	int r = 0;

	begin(b, x);
	reason = request_read(&x->claim, &x->request);
	if (reason == WIRE_REASON_OK)
		r = serve_try(x, worker);
	else
		exchange_answer(x, reason, EINVAL);
	if (r < 0) {
		/* Not even @b is there any more. */
		serve_abandon(x);
		return r;
	}
	/* A record has no room for it. */
	if (x->claim.path_len > WIRE_PATH_MAX)
		x->claim.path_len = 0;
	if (x->outcome.would_block || x->outcome.outside) {
		give_back(x);
		leave_to_be_asked(b);
		return 0;
	}
	serve_ask_shadow(x);
	note(b, x);
	return 0;
}

static int open_some(struct batch *b, struct exchange *x, struct worker *worker)
{
	int r = 0;

	x->time_usec = clock_realtime_usec();
	for (unsigned i = 0; i < OPEN_TURN && r == 0 && b->decided < b->n; i++) {
		if (x->server->leaving || !b->may_open)
			leave_to_be_asked(b);
		else
			r = open_member(b, x, worker);
	}
	return r;
}

/* answering */

/* As exchange_reply() does with one. */
static void refuse_grants(struct batch *b, struct server *server, const struct session *session)
{
	discard_fds(b, server, session, false);
	for (uint16_t i = 0; i < b->n; i++) {
		if (b->results[i].error != 0)
			continue;
		b->results[i].reason = WIRE_REASON_BUSY;
		b->results[i].error = EAGAIN;
		b->results[i].n_fds = 0;
	}
}

static int send_results(const struct batch *b, const struct session *session)
{
	const struct message_attach attach = { .fds = b->fds, .n_fds = b->n_fds };
	uint8_t buffer[WIRE_BATCH_REPLY(WIRE_BATCH_MAX)] _uninitialized_;
	int size = wire_batch_answer_write(b->id, b->results, b->n, buffer, sizeof(buffer));

	return size < 0 ? size : message_send(session->fd, buffer, (size_t)size, &attach);
}

/* It has nothing to do with @granted of its descriptors any more; the others are of no use to anybody. */
static void let_go(struct batch *b, struct server *server, struct session *session,
		   uint16_t granted)
{
	discard_fds(b, server, session, granted > 0);
	if (b->may_open)
		under_way_return(&server->under_way, session, b->n - granted);
	for (uint16_t i = 0; i < b->decided; i++)
		if (b->members[i].in_flight)
			rates_end(&server->rates, b->members[i].in_flight);
}

/* Whether there was room for it. */
static bool answer(struct batch *b, struct server *server, struct session *session)
{
	int r;

	r = send_results(b, session);
	if (r == -ETOOMANYREFS) {
		refuse_grants(b, server, session);
		r = send_results(b, session);
	}
	b->has_no_room = r == -EAGAIN;
	if (b->has_no_room)
		return false;
	b->answered = true;
	b->sent = r;
	let_go(b, server, session, r == 0 ? b->n_fds : 0);
	return true;
}

/* reporting */

static void recall(const struct batch *b, uint16_t i, struct exchange *x)
{
	const struct wire_answer *result = &b->results[i];
	const struct member *m = &b->members[i];

	x->sender = b->sender;
	x->claim = m->claim;
	x->request.opcode = WIRE_OPCODE_OPEN;
	x->request.modes = m->modes;
	x->time_usec = m->time_usec;
	x->decision = result->decision;
	x->shadow = m->shadow;
	x->outcome.reason = result->reason;
	x->outcome.error = result->error;
	x->outcome.rule = m->rule;
	x->outcome.condition = m->condition;
	x->outcome.dev = m->dev;
	x->outcome.ino = m->ino;
	x->outcome.canonical[0] = '\0';
	if (m->canonical)
		strcpy(x->outcome.canonical, m->canonical);
}

/* Whether all that is counted of @i, and whether it leaves a record, is what it is of @first. */
static bool is_like(const struct batch *b, uint16_t first, uint16_t i)
{
	const struct member *a = &b->members[first], *m = &b->members[i];

	return b->results[i].reason == b->results[first].reason && m->rule == a->rule &&
	       m->time_usec == a->time_usec && m->shadow.kind == a->shadow.kind;
}

/* Of those that are to be reported, up to @end, how many are like the first. */
static uint16_t count_alike(const struct batch *b, uint16_t end)
{
	uint16_t i = b->reported + 1;

	while (i < end && is_like(b, b->reported, i))
		i++;
	return (uint16_t)(i - b->reported);
}

static void report_alike(const struct batch *b, struct exchange *x, uint16_t n)
{
	uint16_t first = b->reported;

	if (b->results[first].reason == WIRE_REASON_SINGLY)
		return;
	recall(b, first, x);
	if (report_unrecorded(x, b->sent, n))
		return;
	for (uint16_t i = first; i < first + n; i++) {
		recall(b, i, x);
		report(x, b->sent);
	}
}

/* At most so many of them. */
static void report_some(struct batch *b, struct exchange *x, uint16_t most)
{
	uint16_t end = b->decided - b->reported < most ? b->decided : b->reported + most, n;

	x->answered_usec = clock_realtime_usec();
	while (b->reported < end) {
		n = count_alike(b, end);
		report_alike(b, x, n);
		for (; n > 0; n--)
			free(b->members[b->reported++].canonical);
	}
}

/* One step after the other */

static int go_on(struct batch *b, struct exchange *x)
{
	if (!b->answered && !answer(b, x->server, x->session))
		return 0;
	if (b->sent < 0)
		return b->sent;
	report_some(b, x, REPORT_TURN);
	if (b->reported == b->n) {
		x->session->batch = NULL;
		free(b);
	}
	return 0;
}

int batch_turn(struct server *server, struct worker *worker, struct session *session)
{
	struct batch *b = session->batch;
	struct exchange x _uninitialized_;
	int r;

	exchange_begin(&x, server, session);
	x.sender = b->sender;
	x.batch = b;
	r = open_some(b, &x, worker);
	if (r < 0 || b->decided < b->n)
		return r;
	return go_on(b, &x);
}

bool batch_has_no_room(const struct batch *b)
{
	return b->has_no_room;
}

bool batch_is_answered(const struct batch *b)
{
	return b->answered;
}

int batch_late(const struct exchange *x)
{
	struct exchange late = { .server = x->server, .session = x->session, .batch = x->batch };
	struct batch *b = x->batch;

	late.claim = x->claim;
	late.request.modes = x->request.modes;
	late.time_usec = x->time_usec;
	late.outcome.fd = late.outcome.pin = -EBADF;
	exchange_answer(&late, WIRE_REASON_DEADLINE, ETIMEDOUT);
	note(b, &late);
	while (b->decided < b->n)
		leave_to_be_asked(b);
	return go_on(b, &late);
}

void batch_end(struct server *server, struct session *session)
{
	struct batch *b = session->batch;
	struct exchange x = { .server = server, .session = session, .batch = b };

	if (!b)
		return;
	session->batch = NULL;
	if (!b->answered) {
		b->sent = -ECONNRESET;
		let_go(b, server, session, 0);
	}
	report_some(b, &x, b->n);
	free(b);
}
