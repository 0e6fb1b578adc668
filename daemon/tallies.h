/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_TALLIES_H
#define FDB_DAEMON_TALLIES_H

/*
 * Every decision is counted, by the rule that made it, in memory of wire/tally.h.
 * The parent makes the memory, so that it takes no descriptor from a broker; the broker
 * gives it its size and maps it while no stranger is near; then the parent seals it, and
 * nobody but the broker writes it ever again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"
#include "wire/proto.h"
#include "wire/tally.h"

/* In the parent. A descriptor, the caller's; or -errno. */
int tallies_create(void);

/* No other size, no other writer. 0; -EPERM somebody sealed it otherwise; another -errno. */
int tallies_seal(int fd);

/* In the broker. */
struct tallies {
	const struct policy *policy; /* borrowed; NULL: there is none */
	void *memory;		     /* mapped; NULL: nothing is counted */
	size_t size;
	struct tally_row *rows;
};

/**
 * tallies_map() - lay the memory out for a policy, and map it
 * @fd:		what tallies_create() made; borrowed, of no use afterwards
 * @policy:	borrowed, or NULL
 *
 * Return: 0; -EFBIG the policy has more rules than can be counted; another -errno.
 */
int tallies_map(struct tallies *tallies, int fd, const struct policy *policy, uint64_t generation);
void tallies_done(struct tallies *tallies);

/* What became of one request, or of some alike. */
struct tallies_event {
	const struct policy_rule *rule; /* or NULL */
	enum wire_reason reason;
	bool closed; /* its connection was ended for what was sent; there is no reason */
	bool unsent; /* it was granted, and the answer could not be sent */
	uint64_t arrived_usec, now_usec; /* UTC */
	uint32_t n;			 /* how many */
};

/* With the lock of workers.h, as all that the server counts; never blocks. */
void tallies_count(const struct tallies *tallies, const struct tallies_event *event);

/* A connection has come: for which rules has its maker no value? */
void tallies_caller(const struct tallies *tallies, const struct policy_caller *caller);

#endif
