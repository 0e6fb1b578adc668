/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Steps 1 to 4: what search.c has found is weighed. A deny beats an allow, and
 * what is certain beats what hinges on a fact that is not known.
 */
#include "policy/decide.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "policy/compiled.h"
#include "policy/order.h"
#include "policy/search.h"

DEFINE_CLEANUP(struct candidates *, candidates_free)

int candidates_new(struct candidates **ret, const struct policy *policy)
{
	_cleanup_(candidates_freep) struct candidates *candidates = calloc(1, sizeof(*candidates));

	if (!candidates)
		return -ENOMEM;
	candidates->allows = calloc(policy->n_rules + 1, sizeof(*candidates->allows));
	candidates->denies = calloc(policy->n_rules + 1, sizeof(*candidates->denies));
	if (!candidates->allows || !candidates->denies)
		return -ENOMEM;
	if (search_new(&candidates->search, policy) < 0)
		return -ENOMEM;
	*ret = TAKE_PTR(candidates);
	return 0;
}

struct candidates *candidates_free(struct candidates *candidates)
{
	if (candidates) {
		free(candidates->allows);
		free(candidates->denies);
		search_free(candidates->search);
		free(candidates);
	}
	return NULL;
}

static const struct who_answer *answer_for(const struct rule *rule,
					   const struct policy_query *query)
{
	return &query->caller->scopes[rule->shown.allow][rule->scope];
}

/* How specific they are in who they are for is asked only where it matters. */
static void order(struct candidates *ret, const struct policy_query *query)
{
	for (size_t i = 0; i < ret->n_allows; i++)
		ret->allows[i].n_terms =
			answer_for((const struct rule *)ret->allows[i].rule, query)->n_terms;
	order_allows(ret->allows, ret->n_allows);
}

static const char *fact_of(const struct rule *rule, const struct policy_query *query)
{
	uint32_t unit = 1U << SPECIFIER_UNIT | 1U << SPECIFIER_UNIT_BARE | 1U << SPECIFIER_PREFIX |
			1U << SPECIFIER_INSTANCE | 1U << SPECIFIER_LAST;
	uint32_t user = 1U << SPECIFIER_USER | 1U << SPECIFIER_UID | 1U << SPECIFIER_HOME;
	const struct who_answer *answer = answer_for(rule, query);
	uint32_t unknown = query->caller->values.unknown, missing = 0;

	if (answer->accepts == TRUTH_UNKNOWN)
		return answer->unknown;
	for (size_t i = 0; i < rule->n_paths; i++)
		missing |= rule->paths[i]->specifiers & unknown;
	for (size_t i = 0; i < rule->n_except; i++)
		missing |= rule->except[i]->specifiers & unknown;
	if (missing & unit)
		return "unit";
	if (missing & user)
		return "user";
	return missing & 1U << SPECIFIER_SLICE ? "slice" : "group";
}

static void leave_undecided(const struct rule *rule, const struct policy_query *query,
			    struct candidates *ret)
{
	ret->undecided = &rule->shown;
	ret->undecided_fact = fact_of(rule, query);
}

static void refuse(struct candidates *ret, enum policy_reason reason,
		   const struct policy_rule *rule)
{
	ret->reason = reason;
	ret->rule = rule;
	ret->n_allows = 0;
	ret->n_denies = 0;
}

static const struct findings *find(const struct policy_query *query, struct candidates *ret)
{
	if (query->modes == 0 || query->modes & ~(uint32_t)POLICY_ANY)
		return NULL;
	return search_find(ret->search, query, ret);
}

void decide_name(const struct policy *policy, const struct policy_query *query,
		 struct candidates *ret)
{
	const struct findings *findings;

	assert(query->caller->policy == policy);
	ret->undecided = NULL;
	ret->undecided_fact = NULL;
	refuse(ret, POLICY_REASON_BAD_PATH, NULL);
	findings = find(query, ret);
	if (!findings)
		return;
	if (findings->deny) {
		refuse(ret, POLICY_REASON_RULE, &findings->deny->shown);
	} else if (ret->n_allows == 0 && !findings->perhaps_allow) {
		refuse(ret, POLICY_REASON_DEFAULT, NULL);
	} else if (findings->perhaps_deny) {
		refuse(ret, POLICY_REASON_RULE, &findings->perhaps_deny->shown);
		leave_undecided(findings->perhaps_deny, query, ret);
	} else if (ret->n_allows == 0) {
		refuse(ret, POLICY_REASON_DEFAULT, NULL);
		leave_undecided(findings->perhaps_allow, query, ret);
	} else {
		ret->reason = POLICY_REASON_OK;
		if (ret->n_allows > 1)
			order(ret, query);
	}
}

void candidates_add_standing(struct candidates *candidates, const struct policy_query *query)
{
	const struct trie_uses standing = search_standing(candidates->search);
	const struct policy *policy = query->caller->policy;

	/* All other names are below "/". */
	if (candidates->reason != POLICY_REASON_OK || !query->path[1])
		return;
	for (size_t i = 0; i < standing.n; i++)
		if (search_concerns(query, &standing.items[i]) != TRUTH_NO)
			candidates->denies[candidates->n_denies++].rule =
				&policy->rules[standing.items[i].rule].shown;
	order_denies(candidates->denies, candidates->n_denies);
}
