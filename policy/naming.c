/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/naming.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/order.h"

int namings_init(struct namings *namings, const struct policy *policy)
{
	namings->items = calloc(policy->n_rules + 1, sizeof(*namings->items));
	namings->at = calloc(policy->n_rules + 1, sizeof(*namings->at));
	return namings->items && namings->at ? 0 : -ENOMEM;
}

void namings_done(struct namings *namings)
{
	free(namings->items);
	free(namings->at);
}

/* Where what is known of a rule is noted. */
static struct naming *naming_of(struct namings *namings, const struct trie_use *use,
				const struct policy_rule *rule)
{
	uint32_t at = namings->at[use->rule];

	if (at < namings->n && namings->items[at].best.rule == rule)
		return &namings->items[at];
	namings->at[use->rule] = (uint32_t)namings->n;
	namings->items[namings->n] = (struct naming){ .best = { .rule = rule }, .use = use };
	return &namings->items[namings->n++];
}

static void add_match(struct naming *naming, const struct candidate *match, enum truth matches)
{
	if (matches > naming->matches ||
	    (matches == naming->matches && order_is_before(match, &naming->best)))
		naming->best = *match;
	naming->matches = truth_or(naming->matches, matches);
}

void namings_add(struct namings *namings, const struct policy *policy, const struct trie_use *use,
		 const struct trie_match *match)
{
	struct candidate candidate = naming_candidate(policy, use, match);
	struct naming *naming = naming_of(namings, use, candidate.rule);

	if (use->flags & TRIE_USE_EXCEPT)
		naming->excepted = truth_or(naming->excepted, match->matches);
	else
		add_match(naming, &candidate, match->matches);
}
