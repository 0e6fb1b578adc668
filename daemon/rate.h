/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_RATE_H
#define FDB_DAEMON_RATE_H

/* How often, and how many at once: the `rate` and `inflight` of a policy's rules. */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/policy.h"

/* Every thread may begin and end. */
struct rates {
	pthread_mutex_t lock;	/* the innermost: no other is taken under it */
	struct bucket *buckets; /* owned; NULL: no rule has a rate */
	uint32_t *in_flight;	/* owned; by in_flight_index */
};

/* 0 or -ENOMEM. */
int rates_init(struct rates *rates, const struct policy *policy);
void rates_done(struct rates *rates);

/* Whether @rule has either. What has neither need not begin. */
static inline bool rates_limit(const struct policy_rule *rule)
{
	return rule->obligations->in_flight > 0 || rule->obligations->rate > 0;
}

struct rate_caller {
	uid_t uid;
	const char *unit; /* NULL: none; callers without one count as one */
};

/**
 * rates_begin() - take what one grant by @rule costs
 * @now_usec:	CLOCK_MONOTONIC
 *
 * Return: 0, and rates_end() must follow; -EAGAIN there is nothing left, and nothing was taken.
 */
int rates_begin(struct rates *rates, const struct policy_rule *rule,
		const struct rate_caller *caller, uint64_t now_usec);

/* The grant has reached whom it was for, or never will. */
void rates_end(struct rates *rates, const struct policy_rule *rule);

/* Instead of rates_end(): there was no grant after all, and it shall have cost nothing. */
void rates_return(struct rates *rates, const struct policy_rule *rule,
		  const struct rate_caller *caller);

#endif
