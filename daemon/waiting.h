/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_WAITING_H
#define FDB_DAEMON_WAITING_H

/*
 * Requests that may block and have no place yet (workers.h), or that only another generation can
 * serve (renewal.h): one of a connection at most, from which nothing is read meanwhile. With the
 * workers' lock.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/exchange.h"
#include "daemon/workers.h"

struct waiting {
	struct waiting *next;
	struct exchange x;
	uint64_t deadline_usec; /* CLOCK_MONOTONIC */
	bool outside;		/* it waits for another generation, not for a place */
};

/* At the end of @list: a copy of @x, which references its session, outside if its outcome is.
 * 0 or -ENOMEM. */
int waiting_add(struct waiting **list, const struct exchange *x, uint64_t deadline_usec);

/* Take out the oldest one of the uid that has the fewest places, if it may have one more; NULL:
 * nobody may. */
struct waiting *waiting_take(struct waiting **list, const struct workers *workers);

/* Take out one that is outside, or NULL. */
struct waiting *waiting_take_outside(struct waiting **list);

/* Take out the oldest one, if its deadline has passed; NULL. */
struct waiting *waiting_take_late(struct waiting **list, uint64_t now_usec);

/* Forget what @session asked for. */
void waiting_drop(struct waiting **list, const struct session *session);

void waiting_free(struct waiting *waiting);

#endif
