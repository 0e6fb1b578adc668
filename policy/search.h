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

/* Add the rules that name @query to @answer, which has none yet, in any order. NULL: its name is too
 * long or not clean. Valid until the next one. */
const struct findings *search_find(struct search *search, const struct policy_query *query,
				   struct candidates *answer);

/* Add the conditional denies of every name to the same answer: only where there may be an object. */
void search_add_standing(struct search *search);

#endif
