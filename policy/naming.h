/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_NAMING_H
#define FDB_POLICY_NAMING_H

/* Rules with several patterns, exceptions among them: what these say of a name is put together until
 * all that match it have been found. */

#include "policy/compiled.h"

/* A rule, one of whose patterns matches. */
struct naming {
	struct candidate best; /* by the most specific of them */
	enum truth matches, excepted;
	const struct trie_use *use; /* one of its uses of patterns: all say the same of the rule */
};

struct namings {
	struct naming *items; /* room for each rule */
	uint32_t *at;	      /* of a rule: its index in `items`, if that is its own */
	size_t n;
};

int namings_init(struct namings *namings, const struct policy *policy);
void namings_done(struct namings *namings);

/* What a pattern of @use's rule says of the name. */
void namings_add(struct namings *namings, const struct policy *policy, const struct trie_use *use,
		 const struct trie_match *match);

/* The rule, by one pattern. */
static inline struct candidate naming_candidate(const struct policy *policy,
						const struct trie_use *use,
						const struct trie_match *match)
{
	return (struct candidate){
		.rule = &policy->rules[use->rule].shown,
		.prefix_len = match->prefix_len,
		.n_leading = match->n_leading,
		.n_wildcards = match->item->pattern.n_wildcards,
	};
}

/* All of its patterns together. */
static inline enum truth naming_says(const struct naming *naming)
{
	return truth_and(naming->matches, truth_not(naming->excepted));
}

#endif
