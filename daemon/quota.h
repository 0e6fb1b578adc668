/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_QUOTA_H
#define FDB_DAEMON_QUOTA_H

/*
 * How many of a bounded number of places each uid has taken, and how many it may.
 *
 * The last places are reserved: a few for uids that have none yet, and a few of those for root
 * alone. Somebody with many uids (subuid(5)) can take all others, but not lock root out.
 */

#include <stddef.h>
#include <sys/types.h>

#define QUOTA_RESERVED 16U /* of them at most, and at most a quarter: half of it is root's */

struct quota {
	struct quota_uid *uids; /* those with a place; owned */
	size_t n_uids;
	size_t taken;
	size_t places, places_each, reserved;
};

int quota_init(struct quota *quota, size_t places, size_t places_each);
void quota_done(struct quota *quota);

/* 0; -EUSERS this uid has all it may have; -ENOSPC nobody can have more. */
int quota_take(struct quota *quota, uid_t uid);

/* Give back what was taken. */
void quota_return(struct quota *quota, uid_t uid);

/* The same for @n > 0 places, all or none. */
int quota_take_many(struct quota *quota, uid_t uid, size_t n);
void quota_return_many(struct quota *quota, uid_t uid, size_t n);

/* Places taken by @uid. */
size_t quota_of(const struct quota *quota, uid_t uid);

#endif
