/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_SERVE_H
#define FDB_DAEMON_SERVE_H

/* One request, from bytes to answer. */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/opener.h"
#include "daemon/ring.h"
#include "daemon/session.h"
#include "daemon/shadow.h"
#include "daemon/shadow_tally.h"
#include "daemon/tallies.h"
#include "daemon/under_way.h"
#include "daemon/waiting.h"
#include "daemon/workers.h"
#include "wire/proto.h"

struct counters {
	uint64_t requests;
	uint64_t closed;       /* connections that were ended for what they sent */
	uint64_t records_lost; /* the audit process was behind */
	uint64_t reasons[WIRE_REASON_DEGRADED + 1];
};

/* What one generation serves with. */
struct server {
	struct workers workers;	 /* whose lock all of this is under */
	struct waiting *waiting; /* owned */
	struct under_way under_way;
	struct batch *spare;	     /* owned; memory for one, see batch.c. Or NULL */
	const struct policy *policy; /* borrowed; NULL if degraded */
	struct rates rates;	     /* likewise */
	struct locality locality;
	bool leaving;  /* told to stop: what cannot be served now is the next generation's */
	bool degraded; /* there is no policy: nothing is opened */
	uint64_t generation;
	uint64_t next_decision;
	uint64_t clock_usec;	 /* UTC: when somebody was answered; 0: the loop has waited since */
	uint32_t lost;		 /* records lost since the last one that was sent */
	struct ring_writer ring; /* to the audit process */
	int control;		 /* borrowed: the parent */
	uint64_t renewal_usec;	 /* monotonic: when it was asked for a renewal, or 0 */
	struct counters counters;
	struct tallies tallies;
	struct shadow *shadow; /* borrowed; NULL: there is no candidate */
	struct shadow_tally shadow_tally;
	uint8_t message[WIRE_MESSAGE_MAX]; /* the one that is being served */
};

/**
 * serve() - receive one request and answer it
 * @worker:	of the calling thread; it leads, and may not any more when this returns
 *
 * Return: 1 served, or it is a batch, for batch_turn(); 0 nothing was there; -EINPROGRESS it waits
 *	for a place: nothing more may be read from @session; -ECANCELED somebody else has answered it: leave @session alone; another
 *	-errno the connection is over: end it.
 */
int serve(struct server *server, struct worker *worker, struct session *session);

/* Serve a request that waited, consumed; @worker has its place. 0 served; else as serve(). */
int serve_waiting(struct worker *worker, struct waiting *take_waiting);

/* Answer that it took too long. 0, or -errno the connection is over. */
int serve_late(const struct exchange *x);
int serve_waiting_late(struct waiting *take_waiting);

/* The steps that a batch takes with each of its members. */

/* Judge @x and open it, if that returns at once; else outcome.would_block says so. 0; -ECANCELED
 * as serve(), and serve_abandon() must follow. */
int serve_try(struct exchange *x, struct worker *worker);
/* Nobody waits for it any more, and all was said when he was told so. */
void serve_abandon(struct exchange *x);
/* What the candidate policy says of it, while the worker remembers what it saw. */
void serve_ask_shadow(struct exchange *x);

/* Ask the candidate policy no more. */
void serve_unshadow(struct server *server);

/* What the last grant to @session cost is given back: its answer has left, or there is nobody to
 * have it. May be called at any time. */
void serve_delivered(struct server *server, struct session *session);

#endif
