/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_BATCH_H
#define FDB_DAEMON_BATCH_H

/*
 * Many opens of one message (wire/batch.h). Each of them is judged, opened, counted and reported as a
 * request of its own would be, a few in each turn of the loop. What may block is not: it is
 * answered WIRE_REASON_SINGLY, and asked for again, by itself.
 *
 * With the workers' lock.
 */

#include <stdbool.h>

#include "daemon/exchange.h"
#include "daemon/session.h"
#include "daemon/workers.h"

struct batch;

/* What @x received, copied, so that the message's buffer is for whoever is served next. 0; -EBADMSG;
 * -ENOMEM. */
int batch_new(const struct exchange *x, struct batch **ret);

/* Go on with the batch of @session, which there is until all is answered and reported. What serve()
 * returns. */
int batch_turn(struct server *server, struct worker *worker, struct session *session);

/* It is answered as soon as its client has taken what was there before. */
bool batch_has_no_room(const struct batch *batch);

/* All that is left to be done is to report it. */
bool batch_is_answered(const struct batch *batch);

/* The member @x is not opened in time, and will not be by its worker; of @x nothing that it writes
 * is read. What serve() returns. */
int batch_late(const struct exchange *x);

/* The connection of @session is over: report what was not yet. */
void batch_end(struct server *server, struct session *session);

#endif
