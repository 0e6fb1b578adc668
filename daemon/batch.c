/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/batch.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "daemon/members.h"
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

#define MESSAGE_ROOM 16384U /* bytes; few are longer */

/* A sanitizer is to see what touches a batch that has ended. */
#ifdef __SANITIZE_ADDRESS__
#define SPARES 0
#else
#define SPARES 1
#endif

struct batch {
	uint64_t id;
	struct ucred sender;
	struct wire_batch opens;
	bool may_open, has_no_room, answered;
	int sent; /* what became of the answer */
	uint16_t n_fds;
	int fds[WIRE_BATCH_MAX];		 /* owned, in the order of their results */
	enum discard_cost costs[WIRE_BATCH_MAX]; /* of closing them */
	struct members members;
	size_t room; /* bytes */
	uint8_t message[];
};

/*
 * What one batch had is the next one's, if its message has room there. Where the heap has no hole so large,
 * the C library would map it for each (base/memory.h), and the kernel clear each page of it that is touched.
 */
static struct batch *take_memory(struct server *server, size_t size)
{
	size_t room = size < MESSAGE_ROOM ? MESSAGE_ROOM : size;
	struct batch *b = server->spare;

	if (b && room == MESSAGE_ROOM) {
		server->spare = NULL;
		return b;
	}
	b = malloc(sizeof(*b) + room);
	if (b)
		b->room = room;
	return b;
}

static void give_memory(struct server *server, struct batch *take_b)
{
	if (SPARES == 0 || server->spare || take_b->room > MESSAGE_ROOM)
		free(take_b);
	else
		server->spare = take_b;
}

int batch_new(const struct exchange *x, struct batch **ret)
{
	const uint8_t *message = x->server->message;
	struct wire_batch opens;
	struct batch *b;
	int r;

	r = wire_batch_read(message, x->size, &opens);
	if (r < 0)
		return r;
	b = take_memory(x->server, x->size);
	if (!b)
		return -ENOMEM;
	memset(b, 0, offsetof(struct batch, fds));
	b->id = x->header.id;
	b->sender = x->sender;
	members_begin(&b->members, opens.n);
	/* Without room for its descriptors each is asked for by itself, and waits for that. */
	b->may_open = under_way_take(&x->server->under_way, x->session, opens.n) == 0;
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

static void give_back(struct exchange *x)
{
	const struct rate_caller caller = { x->session->facts.uid, x->session->facts.unit };

	if (x->outcome.in_flight)
		rates_return(&x->server->rates, x->outcome.in_flight, &caller);
	x->outcome.in_flight = NULL;
}

static void note(struct batch *b, struct exchange *x)
{
	members_note(&b->members, x);
	if (x->outcome.reason != WIRE_REASON_OK)
		return;
	b->costs[b->n_fds] = discard_cost(&x->outcome, &x->request);
	b->fds[b->n_fds++] = TAKE_FD(x->outcome.fd);
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
		/* @b has ended, and may be another session's by now. */
		serve_abandon(x);
		return r;
	}
	/* A record has no room for it. */
	if (x->claim.path_len > WIRE_PATH_MAX)
		x->claim.path_len = 0;
	if (x->outcome.would_block || x->outcome.outside) {
		give_back(x);
		members_leave(&b->members);
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
	for (unsigned i = 0; i < OPEN_TURN && r == 0 && !members_are_decided(&b->members); i++) {
		if (x->server->leaving || !b->may_open)
			members_leave(&b->members);
		else
			r = open_member(b, x, worker);
	}
	return r;
}

/* answering */

static int send_results(const struct batch *b, const struct session *session)
{
	const struct message_attach attach = { .fds = b->fds, .n_fds = b->n_fds };
	uint8_t buffer[WIRE_BATCH_REPLY(WIRE_BATCH_MAX)] _uninitialized_;
	int size = wire_batch_answer_write(b->id, b->members.results, b->members.n, buffer,
					   sizeof(buffer));

	return size < 0 ? size : message_send(session->fd, buffer, (size_t)size, &attach);
}

/* It has nothing to do with @granted of its descriptors any more; the others are of no use to anybody. */
static void let_go(struct batch *b, struct server *server, struct session *session,
		   uint16_t granted)
{
	discard_fds(b, server, session, granted > 0);
	if (b->may_open)
		under_way_return(&server->under_way, session, b->members.n - granted);
	members_end_in_flight(&b->members, &server->rates);
}

/* Whether there was room for it. */
static bool answer(struct batch *b, struct server *server, struct session *session)
{
	int r;

	r = send_results(b, session);
	if (r == -ETOOMANYREFS) {
		discard_fds(b, server, session, false);
		members_refuse_grants(&b->members);
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

static void report_some(struct batch *b, struct exchange *x, uint16_t most)
{
	x->sender = b->sender;
	x->answered_usec = clock_realtime_usec();
	members_report(&b->members, x, b->sent, most);
}

/* One step after the other */

static int go_on(struct batch *b, struct exchange *x)
{
	if (!b->answered && !answer(b, x->server, x->session))
		return 0;
	if (b->sent < 0)
		return b->sent;
	report_some(b, x, REPORT_TURN);
	if (members_are_reported(&b->members)) {
		x->session->batch = NULL;
		give_memory(x->server, b);
	}
	return 0;
}

int batch_turn(struct server *server, struct worker *worker, struct session *session)
{
	struct batch *b = session->batch;
	struct exchange x _uninitialized_;
	int r;

	exchange_begin(&x, server, session);
	x.batch = b;
	r = open_some(b, &x, worker);
	if (r < 0 || !members_are_decided(&b->members))
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
	while (!members_are_decided(&b->members))
		members_leave(&b->members);
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
	report_some(b, &x, b->members.n);
	give_memory(server, b);
}
