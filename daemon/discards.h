/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_DISCARDS_H
#define FDB_DAEMON_DISCARDS_H

/*
 * Clients' files that a broker has no use for any more: closed where nobody waits for it. With the
 * workers' lock.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/quota.h"

struct outcome;
struct request;
struct worker;
struct workers;

/* What close(2) may cost: little; what there is to free, if its file has no name any more; or whatever it
 * costs to write it back, or to ask somebody. */
enum discard_cost { DISCARD_CHEAP, DISCARD_BY_LINKS, DISCARD_DEAR };

struct discard {
	int fd;	    /* owned, */
	uint32_t n; /* as are so many in all, whose numbers follow it */
	uid_t uid;
	bool may_block;
};

struct discard_list {
	struct discard *list; /* owned */
	size_t n, room;
};

struct discards {
	struct discard_list fresh;   /* to be looked at by who leads, or has a place for it */
	struct discard_list waiting; /* there was no place */
	struct quota quota;	     /* of those */
	size_t next;		     /* of those, the one that is looked at next */
	size_t looks;		     /* how many may be, since a place became free */
};

/* For a process that may have @files descriptors. 0 or -ENOMEM. */
int discards_init(struct discards *discards, uint64_t files);

/* Of the descriptor in @outcome, once its client has it too. */
enum discard_cost discard_cost(const struct outcome *outcome, const struct request *request);

/* Close @take_fd, which may be none, as soon as one of those may who discards_close(). */
void discards_add(struct workers *w, int take_fd, uid_t uid, enum discard_cost cost);
/* The same of @n that are there, and cost little. */
void discards_add_cheap(struct workers *w, const int *take_fds, size_t n, uid_t uid);

/* Close those that @worker may; it may not lead any more when this returns. */
void discards_close(struct worker *worker);

/* A place has become free. */
void discards_have_place(struct discards *discards);

/* Whether too many of @uid's wait for a place. */
bool discards_are_many(const struct workers *w, uid_t uid);

#endif
