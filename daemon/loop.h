/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_LOOP_H
#define FDB_DAEMON_LOOP_H

/* The broker's serving loop. */

#include "daemon/serve.h"

struct loop {
	struct server *server; /* borrowed */
	int control;	       /* borrowed: the parent */
	int epoll;	       /* owned */
	struct session *sessions;
	uint64_t turns;	       /* ever */
	uid_t uid;	       /* of the last one */
	uint64_t mixed;	       /* the last turn that was another uid's than the one before it */
	struct session *queue; /* those with a batch in work, by their turns */
	bool spoken;	       /* the parent has something to say */
	bool stopping;	       /* nothing is read any more; kept replies are still sent */
	uint64_t
		end_usec; /* monotonic: whoever has not taken his by then is ended; when stopping */
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
