/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_SHADOW_H
#define FDB_DAEMON_SHADOW_H

/*
 * A candidate policy beside the one that serves: asked about each request after
 * it was answered, by what the opening saw. It touches nothing, grants nothing and
 * delays no answer; rates are not judged.
 */

#include <stdint.h>

#include "daemon/opener.h"
#include "daemon/record.h"
#include "daemon/trace.h"
#include "policy/decide.h"

struct shadow_verdict {
	enum shadow_kind kind;
	enum wire_reason reason; /* OK, DEFAULT, RULE, NOT_FOUND for `hide`, CONDITION */
	enum policy_condition
		condition; /* that fails; with ALLOW_IF the only one in doubt, or NONE */
	const struct policy_rule *rule; /* or NULL: the default */
};

enum shadow_result {
	SHADOW_SAME,
	SHADOW_DIFFERENT,
	SHADOW_UNKNOWN, /* granted, and the candidate would, if */
};

struct shadow {
	const struct policy *policy;   /* borrowed */
	struct candidates *candidates; /* owned */
};

/* 0 or -ENOMEM. For one thread. */
int shadow_init(struct shadow *shadow, const struct policy *policy);
void shadow_done(struct shadow *shadow);

/**
 * shadow_judge() - what the candidate says of a request that was answered
 * @order:	as the opener had it, its trace too, but with the caller as the candidate sees him
 * @live:	what came of it
 * @ret:	always written
 */
enum shadow_result shadow_judge(struct shadow *shadow, const struct order *order,
				const struct outcome *live, struct shadow_verdict *ret);

/* What the live policy said, in the same terms. */
enum shadow_kind shadow_kind_of(const struct outcome *live);

#endif
