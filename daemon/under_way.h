/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_UNDER_WAY_H
#define FDB_DAEMON_UNDER_WAY_H

/*
 * The descriptors of batches that have not arrived: opened for one that is in work, or in an
 * answer that its client has not taken. They are numbers in this process's table first, and
 * then count against its user (unix(7), ETOOMANYREFS), who is everybody's: so each uid may have
 * so many, together. With the workers' lock.
 */

#include "daemon/quota.h"
#include "daemon/session.h"

struct under_way {
	struct quota quota;
	struct session *holders; /* referenced; those that have some, also when they have ended */
};

/* For a process that may have @files descriptors. 0 or -ENOMEM. */
int under_way_init(struct under_way *u, uint64_t files);
void under_way_done(struct under_way *u);

/* @session may open @n more. 0; -EUSERS, -ENOSPC too many of its uid, or of all, have not arrived. */
int under_way_take(struct under_way *u, struct session *session, uint16_t n);

/* @n of them were not needed. */
void under_way_return(struct under_way *u, struct session *session, uint16_t n);

/* @session has ended. Its descriptor stays open as long as there is something in its client's queue:
 * nothing else tells when it is gone. */
void under_way_end(struct under_way *u, struct session *session);

#endif
