/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_SEARCH_H
#define FDB_POLICY_SEARCH_H

/*
 * The rules that name a request: what decide.c decides by. Finding them takes
 * room that depends on the policy, so that a decision needs none.
 */

#include <stdbool.h>

#include "policy/compiled.h"

struct search;

/* Of those that are not listed as candidates, the one that counts. */
struct findings {
	const struct rule *deny;	  /* certain */
	const struct rule *perhaps_deny;  /* hinges on a fact */
	const struct rule *perhaps_allow; /* hinges on a fact */
};

int search_new(struct search **ret, const struct policy *policy);
struct search *search_free(struct search *search);

/* Add the rules that name @query to @answer, which has none yet, in any order, but for what stands for
 * every name. NULL: its name is too long or not clean. Valid until the next one. */
const struct findings *search_find(struct search *search, const struct policy_query *query,
				   struct candidates *answer);

/* The conditional denies of every name. */
struct trie_uses search_standing(const struct search *search);

/* May a rule name the request, as far as its use of a pattern tells? */
static inline enum truth search_concerns(const struct policy_query *query,
					 const struct trie_use *use)
{
	const struct policy_caller *caller = query->caller;

	/* Most do not meet the request at all, whether they are for all of it or for a part. */
	if (!(query->modes & use->effect))
		return TRUTH_NO;
	if (use->allow && query->modes & ~(uint32_t)use->effect)
		return TRUTH_NO;
	if (use->flags & TRIE_USE_ENDS &&
	    query->now_sec >= caller->policy->rules[use->rule].until_sec)
		return TRUTH_NO;
	return (enum truth)caller->accepts[use->allow][use->scope];
}

#endif
