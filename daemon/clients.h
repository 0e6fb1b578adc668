/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_CLIENTS_H
#define FDB_DAEMON_CLIENTS_H

/* The connections that a broker serves, and what each of them waits for. With the workers' lock. */

#include <stdbool.h>

#include "daemon/serve.h"
#include "daemon/turns.h"

struct clients {
	struct server *server; /* borrowed */
	int epoll;	       /* owned; an event's data.ptr is its session */
	struct session *list;
	struct session *queue; /* those with a batch in work, by their turns */
	struct turns turns;    /* of those who ask */
};

/* 0 or -errno. */
int clients_init(struct clients *clients, struct server *server);
void clients_done(struct clients *clients);

/* Adopt @session; @r as clients_settle(). */
void clients_add(struct clients *clients, struct session *session, int r);

/* What follows from @r, what became of a request, or of a part of a reply: @session may be no more. */
void clients_settle(struct clients *clients, struct session *session, int r);

/* Send what was kept for it, and settle that. */
void clients_flush(struct clients *clients, struct session *session);

/* Its events are not told until it is settled. */
void clients_unwatch(struct clients *clients, struct session *session);

/* Leave it to the next generation. */
void clients_let_go(struct clients *clients, struct session *session);
void clients_end(struct clients *clients, struct session *session);

/* Take out who is next in the queue. */
struct session *clients_take_queued(struct clients *clients);

/* There is an answer that it has not got, or a batch. */
bool client_is_writing(const struct session *session);
/* For an answer that there is. */
bool client_has_no_room(const struct session *session);
/* Its request is with a worker, or waits for one. */
bool client_is_busy(const struct session *session);

#endif
