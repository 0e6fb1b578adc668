/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One walk finds the patterns that match the name, and each rule that has one
 * of them, is the caller's and concerns the request is noted once, with its
 * most specific pattern and whether an exception matches too. Patterns are
 * found in any order, and what is kept does not depend on it.
 *
 * A fact that is not known makes a deny hold and an allow not, so that whatever
 * is not certain is refused; whether the refusal is certain is said apart.
 * Patterns with a value that is not known, which the daemon never has, are not
 * for the walk: they are asked one by one.
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
	const struct policy_query *query;
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

/* May a rule name the request, as far as its use of a pattern tells? */
static inline enum truth concerns(const struct search *search, const struct trie_use *use)
{
	const struct policy_query *query = search->query;

	/* Most do not meet the request at all, whether they are for all of it or for a part. */
	if (!(query->modes & use->effect))
		return TRUTH_NO;
	if (use->allow && query->modes & ~(uint32_t)use->effect)
		return TRUTH_NO;
	if (use->flags & TRIE_USE_ENDS &&
	    query->now_sec >= search->policy->rules[use->rule].until_sec)
		return TRUTH_NO;
	return (enum truth)query->caller->accepts[use->allow][use->scope];
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
			      const struct candidate *match, enum truth named)
{
	struct candidates *answer = search->answer;

	if (!(use->flags & TRIE_USE_UNCONDITIONAL))
		answer->denies[answer->n_denies++] = *match;
	else if (named == TRUTH_UNKNOWN)
		keep_first(&search->findings.perhaps_deny, rule_of(match));
	else
		keep_deny(&search->findings.deny, rule_of(match));
}

static inline void found_allow(struct search *search, const struct candidate *match,
			       enum truth named)
{
	struct candidates *answer = search->answer;

	if (named == TRUTH_YES)
		answer->allows[answer->n_allows++] = *match;
	/* Whether somebody else may complain instead is no doubt about what the rules say. */
	else if (!match->rule->complain)
		keep_first(&search->findings.perhaps_allow, rule_of(match));
}

static inline void found(struct search *search, const struct trie_use *use,
			 const struct candidate *match, enum truth named)
{
	if (named == TRUTH_NO)
		return;
	if (use->allow)
		found_allow(search, match, named);
	else
		found_deny(search, use, match, named);
}

static void note(void *arg, const struct trie_item *item, enum truth matches, size_t n_leading,
		 size_t prefix_len)
{
	struct search *search = arg;
	struct trie_uses uses = trie_uses(search->policy->trie, item);

	for (size_t i = 0; i < uses.n; i++) {
		const struct trie_use *use = &uses.items[i];
		enum truth concerned = concerns(search, use);
		struct candidate match = {
			.rule = &search->policy->rules[use->rule].shown,
			.prefix_len = prefix_len,
			.n_leading = (uint32_t)n_leading,
			.n_wildcards = item->pattern.n_wildcards,
		};

		if (concerned == TRUTH_NO)
			continue;
		if (use->flags & TRIE_USE_ONLY)
			found(search, use, &match, truth_and(matches, concerned));
		else
			namings_add(&search->namings, use, match, matches);
	}
}

static uint32_t count_components(const char *path, size_t len)
{
	uint32_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += path[i] == '/' && path[i + 1];
	return n;
}

/* Those patterns that would need a value that is not known. */
static void note_unknown(struct search *search)
{
	const struct match_values *values = &search->query->caller->values;
	const struct trie *trie = search->policy->trie;

	for (const struct trie_item *item = trie_next_special(trie, NULL); item;
	     item = trie_next_special(trie, item)) {
		const char *path = search->query->path;
		enum truth matches = TRUTH_NO;
		size_t prefix_len = 0;

		if (item->pattern.specifiers & values->unknown)
			matches = match_path(&item->pattern, path, values, &prefix_len);
		if (matches != TRUTH_NO)
			note(search, item, matches, count_components(path, prefix_len), prefix_len);
	}
}

/* All patterns that match have been found. */
static void conclude(struct search *search, const struct naming *naming)
{
	const struct trie_use *use = naming->use;
	enum truth accepts = (enum truth)search->query->caller->accepts[use->allow][use->scope];

	found(search, use, &naming->best, truth_and(naming_says(naming), accepts));
}

const struct findings *search_find(struct search *search, const struct policy_query *query,
				   struct candidates *answer)
{
	const struct match_values *values = &query->caller->values;

	search->query = query;
	search->answer = answer;
	search->findings = (struct findings){ 0 };
	search->namings.n = 0;
	if (!trie_walk_find(search->walk, query->path, values, note, search))
		return NULL;
	if (values->unknown)
		note_unknown(search);
	for (size_t i = 0; i < search->namings.n; i++)
		conclude(search, &search->namings.items[i]);
	return &search->findings;
}

void search_add_standing(struct search *search)
{
	struct candidates *answer = search->answer;
	const struct trie_uses standing = search->standing;

	/* All other names are below "/". */
	if (!search->query->path[1])
		return;
	for (size_t i = 0; i < standing.n; i++)
		if (concerns(search, &standing.items[i]) != TRUTH_NO)
			answer->denies[answer->n_denies++] = (struct candidate){
				.rule = &search->policy->rules[standing.items[i].rule].shown,
				.n_wildcards = 1,
			};
}
