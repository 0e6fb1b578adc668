/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_QUOTA_H
#define FDB_DAEMON_QUOTA_H

/* How many of a bounded number of places each uid has taken, and how many it may. */

#include <stddef.h>
#include <sys/types.h>

struct quota {
	struct quota_uid *uids; /* those with a place; owned */
	size_t n_uids;
	size_t taken;
	size_t places, places_each;
};

int quota_init(struct quota *quota, size_t places, size_t places_each);
void quota_done(struct quota *quota);

/* 0; -EUSERS this uid has all it may have; -ENOSPC nobody can have more. */
int quota_take(struct quota *quota, uid_t uid);

/* Give back what was taken. */
void quota_return(struct quota *quota, uid_t uid);

/* Places taken by @uid. */
size_t quota_of(const struct quota *quota, uid_t uid);

#endif
