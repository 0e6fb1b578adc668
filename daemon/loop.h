/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_LOOP_H
#define FDB_DAEMON_LOOP_H

/* The broker's serving loop. */

#include "daemon/clients.h"
#include "daemon/serve.h"

struct loop {
	struct server *server; /* borrowed */
	int control;	       /* borrowed: the parent */
	struct clients clients;
	bool spoken;	   /* the parent has something to say */
	uint64_t end_usec; /* monotonic, when leaving: whoever has no answer by then is ended */
};

/* 0 or -errno. Before confinement. */
int loop_init(struct loop *loop, struct server *server, int control);
void loop_done(struct loop *loop);

/**
 * loop_run() - serve until the parent says STOP and all is answered, or is gone
 * @limits:	places, deadline and what opens; the rest of it is the loop's
 *
 * The calling thread serves nobody. Others may be at work when it returns: see workers_run().
 *
 * Return: 0 or -errno.
 */
int loop_run(struct loop *loop, const struct workers_setup *limits);

#endif
