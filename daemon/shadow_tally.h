/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_SHADOW_TALLY_H
#define FDB_DAEMON_SHADOW_TALLY_H

/* How often the candidate agreed, and where it did not first. */

#include <stdint.h>

#include "base/text.h"
#include "daemon/shadow.h"
#include "policy/policy.h"

#define SHADOW_FIRST 8U /* differences that are remembered; the audit has them all */

struct exchange;

struct shadow_tally {
	uint64_t same, different, unknown;
	char *first[SHADOW_FIRST]; /* in words; owned */
	size_t n_first;
};

void shadow_tally_done(struct shadow_tally *tally);

/* Count one; of what differs the first are remembered, if there is memory. */
void shadow_tally_add(struct shadow_tally *tally, const struct exchange *x,
		      enum shadow_result result);

/* Lines `key value`: shadow-policy, shadow-rules, shadow-same, …, shadow-first-1, … */
void shadow_tally_print(const struct shadow_tally *tally, const struct policy *policy,
			struct text *out);

#endif
