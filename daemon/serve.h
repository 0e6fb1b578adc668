/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_SERVE_H
#define FDB_DAEMON_SERVE_H

/* One request, from bytes to answer. */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/opener.h"
#include "daemon/session.h"
#include "daemon/shadow.h"
#include "daemon/shadow_tally.h"
#include "wire/proto.h"

struct counters {
	uint64_t requests;
	uint64_t closed;       /* connections that were ended for what they sent */
	uint64_t records_lost; /* the audit process was behind */
	uint64_t reasons[WIRE_REASON_DEGRADED + 1];
};

/* What one generation serves with. */
struct server {
	struct opener opener;	     /* unused if degraded */
	const struct policy *policy; /* borrowed; NULL if degraded */
	struct rates rates;	     /* likewise */
	struct locality locality;
	bool degraded; /* there is no policy: nothing is opened */
	uint64_t generation;
	uint64_t next_decision;
	uint32_t lost; /* records lost since the last one that was sent */
	int audit_fd;  /* borrowed; -EBADF: none */
	struct counters counters;
	struct shadow *shadow; /* borrowed; NULL: there is no candidate */
	struct shadow_tally shadow_tally;
	struct trace trace; /* with a candidate: of the request that is being served */
	uint8_t message[WIRE_MESSAGE_MAX]; /* the one that is being served */
};

/**
 * serve() - receive one request and answer it
 *
 * Return: 0 served, or nothing was there; -errno the connection is over: end it.
 */
int serve(struct server *server, struct session *session);

/* Ask the candidate policy no more. */
void serve_unshadow(struct server *server);

/* What the last grant to @session cost is given back: its answer has left, or there is nobody to
 * have it. May be called at any time. */
void serve_delivered(struct server *server, struct session *session);

#endif
