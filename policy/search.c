/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One walk finds the patterns that match the name, and each rule that has one
 * of them, is the caller's and concerns the request is noted once, with its
 * most specific pattern and whether an exception matches too. Patterns are
 * found in any order, and what is kept does not depend on it.
 *
 * A fact that is not known makes a deny hold and an allow not, so that whatever
 * is not certain is refused; whether the refusal is certain is said apart.
 */
#include "policy/search.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "policy/naming.h"

/* limits.h: PATH_MAX counts the NUL. */
_Static_assert(TRIE_NAME_MAX == PATH_MAX - 1, "any path can be walked");

struct search {
	const struct policy *policy;
	struct trie_walk *walk;
	struct trie_uses standing;
	/* Of one decision. */
	struct namings namings;
	struct candidates *answer;
	struct findings findings;
};

DEFINE_CLEANUP(struct search *, search_free)

struct search *search_free(struct search *search)
{
	if (search) {
		trie_walk_free(search->walk);
		namings_done(&search->namings);
		free(search);
	}
	return NULL;
}

int search_new(struct search **ret, const struct policy *policy)
{
	_cleanup_(search_freep) struct search *search = calloc(1, sizeof(*search));

	if (!search)
		return -ENOMEM;
	search->policy = policy;
	search->standing = trie_standing(policy->trie);
	if (namings_init(&search->namings, policy) < 0 ||
	    trie_walk_new(&search->walk, policy->trie) < 0)
		return -ENOMEM;
	*ret = TAKE_PTR(search);
	return 0;
}

static const struct rule *rule_of(const struct candidate *candidate)
{
	return (const struct rule *)candidate->rule;
}

static void keep_first(const struct rule **first, const struct rule *rule)
{
	if (!*first || rule < *first)
		*first = rule;
}

/* A deny that hides does so whatever others say, or they would undo it. */
static void keep_deny(const struct rule **deny, const struct rule *rule)
{
	if (!*deny || rule->shown.hide == (*deny)->shown.hide)
		keep_first(deny, rule);
	else if (rule->shown.hide)
		*deny = rule;
}

/* @named: what it says of the request, all in all. */
static inline void found_deny(struct search *search, const struct trie_use *use,
			      struct candidate match, enum truth named)
{
	struct candidates *answer = search->answer;

	if (!(use->flags & TRIE_USE_UNCONDITIONAL))
		answer->denies[answer->n_denies++].rule = match.rule;
	else if (named == TRUTH_UNKNOWN)
		keep_first(&search->findings.perhaps_deny, rule_of(&match));
	else
		keep_deny(&search->findings.deny, rule_of(&match));
}

static inline void found_allow(struct search *search, struct candidate match, enum truth named)
{
	struct candidates *answer = search->answer;

	if (named == TRUTH_YES)
		answer->allows[answer->n_allows++] = match;
	/* Whether somebody else may complain instead is no doubt about what the rules say. */
	else if (!match.rule->complain)
		keep_first(&search->findings.perhaps_allow, rule_of(&match));
}

static inline void found(struct search *search, const struct trie_use *use, struct candidate match,
			 enum truth named)
{
	if (named == TRUTH_NO)
		return;
	if (use->allow)
		found_allow(search, match, named);
	else
		found_deny(search, use, match, named);
}

static inline void note(struct search *search, const struct policy_query *query,
			const struct trie_match *match)
{
	const struct policy *policy = search->policy;
	struct trie_uses uses = trie_uses(policy->trie, match->item);

	for (size_t i = 0; i < uses.n; i++) {
		const struct trie_use *use = &uses.items[i];
		enum truth concerned = search_concerns(query, use);

		if (concerned == TRUTH_NO)
			continue;
		if (use->flags & TRIE_USE_ONLY)
			found(search, use, naming_candidate(policy, use, match),
			      truth_and(match->matches, concerned));
		else
			namings_add(&search->namings, policy, use, match);
	}
}

/* All patterns that match have been found. */
static void conclude(struct search *search, const struct policy_query *query,
		     const struct naming *naming)
{
	const struct trie_use *use = naming->use;
	enum truth accepts = (enum truth)query->caller->accepts[use->allow][use->scope];

	found(search, use, naming->best, truth_and(naming_says(naming), accepts));
}

const struct findings *search_find(struct search *search, const struct policy_query *query,
				   struct candidates *answer)
{
	struct trie_matches matches =
		trie_walk_find(search->walk, query->path, &query->caller->values);

	if (!matches.items)
		return NULL;
	search->answer = answer;
	search->findings = (struct findings){ 0 };
	search->namings.n = 0;
	for (size_t i = 0; i < matches.n; i++)
		note(search, query, &matches.items[i]);
	for (size_t i = 0; i < search->namings.n; i++)
		conclude(search, query, &search->namings.items[i]);
	return &search->findings;
}

struct trie_uses search_standing(const struct search *search)
{
	return search->standing;
}
