/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Steps 1 to 4: every rule that may be the caller's is asked once, in any
 * order, and what is kept does not depend on it. A fact that is not known makes
 * a deny hold and an allow not, so that whatever is not certain is refused;
 * whether the refusal is certain is said apart.
 */
#include "policy/decide.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "policy/compiled.h"

#define PATH_LEN_MAX 4095U /* PATH_MAX without the NUL */

static const char *const condition_names[] = {
	[POLICY_CONDITION_NONE] = "none",
	[POLICY_CONDITION_TYPE] = "type",
	[POLICY_CONDITION_OWNER] = "owner",
	[POLICY_CONDITION_FILE_GROUP] = "file-group",
	[POLICY_CONDITION_MODE_MAX] = "mode-max",
	[POLICY_CONDITION_LINKS] = "links",
	[POLICY_CONDITION_MAX_SIZE] = "max-size",
	[POLICY_CONDITION_DEVICE] = "device",
	[POLICY_CONDITION_FS] = "fs",
	[POLICY_CONDITION_MOUNT] = "mount",
	[POLICY_CONDITION_MOUNTS] = "mounts",
	[POLICY_CONDITION_SYMLINKS] = "symlinks",
	[POLICY_CONDITION_PARENTS] = "parents",
	[POLICY_CONDITION_UNSUPPORTED] = "unsupported",
};
static_assert(ELEMENTSOF(condition_names) == POLICY_CONDITION_MAX, "a name for every condition");

const char *policy_condition_name(enum policy_condition condition)
{
	return condition_names[condition];
}

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
	*ret = TAKE_PTR(candidates);
	return 0;
}

struct candidates *candidates_free(struct candidates *candidates)
{
	if (candidates) {
		free(candidates->allows);
		free(candidates->denies);
		free(candidates);
	}
	return NULL;
}

/* Is @a more specific than @b? Rules of one id, two on one line, keep the order they have there. */
static bool before(const struct candidate *a, const struct candidate *b)
{
	int order;

	if (a->n_leading != b->n_leading)
		return a->n_leading > b->n_leading;
	if (a->n_wildcards != b->n_wildcards)
		return a->n_wildcards < b->n_wildcards;
	if (a->n_terms != b->n_terms)
		return a->n_terms > b->n_terms;
	order = strcmp(a->rule->id, b->rule->id);
	return order ? order < 0 : a->rule < b->rule;
}

/* Let the item at @i sink to where no child comes after it. */
static void sink(struct candidate *items, size_t n, size_t i)
{
	for (;;) {
		struct candidate item = items[i];
		size_t child = 2 * i + 1;

		if (child >= n)
			return;
		if (child + 1 < n && before(&items[child], &items[child + 1]))
			child++;
		if (!before(&item, &items[child]))
			return;
		items[i] = items[child];
		items[child] = item;
		i = child;
	}
}

/* Heap sort, because qsort(3) may allocate and deciding may not. */
static void sort(struct candidate *items, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sink(items, n, i);
	while (n > 1) {
		struct candidate last = items[--n];

		items[n] = items[0];
		items[0] = last;
		sink(items, n, 0);
	}
}

static uint32_t count_components(const char *path, size_t len)
{
	uint32_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += path[i] == '/' && path[i + 1];
	return n;
}

/* The most specific of the rule's patterns that match; fills in what it says of the path. */
static enum truth match_best(const struct rule *rule, const struct policy_query *query,
			     struct candidate *ret)
{
	enum truth best = TRUTH_NO;

	for (size_t i = 0; i < rule->n_paths; i++) {
		struct candidate one = *ret;
		enum truth matches = match_path(rule->paths[i], query->path, &query->caller->values,
						&one.prefix_len);

		one.n_leading = count_components(query->path, one.prefix_len);
		one.n_wildcards = rule->paths[i]->n_wildcards;
		if (matches > best || (matches == TRUTH_YES && before(&one, ret)))
			*ret = one;
		best = truth_or(best, matches);
	}
	return best;
}

static enum truth match_except(const struct rule *rule, const struct policy_query *query)
{
	enum truth any = TRUTH_NO;

	for (size_t i = 0; i < rule->n_except; i++)
		any = truth_or(any, match_path(rule->except[i], query->path, &query->caller->values,
					       NULL));
	return any;
}

static bool concerns(const struct rule *rule, const struct policy_query *query)
{
	if (query->now_sec >= rule->until_sec)
		return false;
	if (rule->shown.allow)
		return (query->modes & ~rule->effect) == 0;
	return query->modes & rule->effect;
}

/* Step 2. */
static enum truth names(const struct live_rule *live, const struct policy_query *query,
			struct candidate *ret)
{
	enum truth matches;

	*ret = (struct candidate){ .rule = &live->rule->shown, .n_terms = live->n_terms };
	if (!concerns(live->rule, query))
		return TRUTH_NO;
	matches = match_best(live->rule, query, ret);
	if (matches != TRUTH_NO)
		matches = truth_and(matches, truth_not(match_except(live->rule, query)));
	return truth_and(live->accepts, matches);
}

/* What is found while the rules are asked. */
struct findings {
	const struct policy_rule *deny;	       /* certain */
	const struct live_rule *perhaps_deny;  /* hinges on a fact */
	const struct live_rule *perhaps_allow; /* hinges on a fact */
};

static void found_deny(struct findings *findings, struct candidates *ret,
		       const struct live_rule *live, const struct candidate *candidate,
		       enum truth named)
{
	if (!live->rule->unconditional)
		ret->denies[ret->n_denies++] = *candidate;
	else if (named == TRUTH_UNKNOWN && !findings->perhaps_deny)
		findings->perhaps_deny = live;
	/* A deny that hides does so whatever others say, or they would undo it. */
	else if (named == TRUTH_YES &&
		 (!findings->deny || (candidate->rule->hide && !findings->deny->hide)))
		findings->deny = candidate->rule;
}

static void found_allow(struct findings *findings, struct candidates *ret,
			const struct live_rule *live, const struct candidate *candidate,
			enum truth named)
{
	if (named == TRUTH_YES)
		ret->allows[ret->n_allows++] = *candidate;
	else if (!findings->perhaps_allow)
		findings->perhaps_allow = live;
}

static struct findings ask_rules(const struct policy_query *query, struct candidates *ret)
{
	struct findings findings = { 0 };

	for (size_t i = 0; i < query->caller->n_live; i++) {
		const struct live_rule *live = &query->caller->live[i];
		struct candidate candidate;
		enum truth named = names(live, query, &candidate);

		if (named == TRUTH_NO)
			continue;
		if (live->rule->shown.allow)
			found_allow(&findings, ret, live, &candidate, named);
		else
			found_deny(&findings, ret, live, &candidate, named);
	}
	return findings;
}

static const char *fact_of(const struct live_rule *live, const struct match_values *values)
{
	uint32_t unit = 1U << SPECIFIER_UNIT | 1U << SPECIFIER_UNIT_BARE | 1U << SPECIFIER_PREFIX |
			1U << SPECIFIER_INSTANCE | 1U << SPECIFIER_LAST;
	uint32_t user = 1U << SPECIFIER_USER | 1U << SPECIFIER_UID | 1U << SPECIFIER_HOME;
	uint32_t missing = 0;

	if (live->accepts == TRUTH_UNKNOWN)
		return live->unknown;
	for (size_t i = 0; i < live->rule->n_paths; i++)
		missing |= live->rule->paths[i]->specifiers & values->unknown;
	for (size_t i = 0; i < live->rule->n_except; i++)
		missing |= live->rule->except[i]->specifiers & values->unknown;
	if (missing & unit)
		return "unit";
	if (missing & user)
		return "user";
	return missing & 1U << SPECIFIER_SLICE ? "slice" : "group";
}

static void leave_undecided(const struct live_rule *live, const struct policy_query *query,
			    struct candidates *ret)
{
	ret->undecided = &live->rule->shown;
	ret->undecided_fact = fact_of(live, &query->caller->values);
}

static void refuse(struct candidates *ret, enum policy_reason reason,
		   const struct policy_rule *rule)
{
	ret->reason = reason;
	ret->rule = rule;
	ret->n_allows = 0;
	ret->n_denies = 0;
}

static bool is_askable(const struct policy_query *query)
{
	return strnlen(query->path, PATH_LEN_MAX + 1) <= PATH_LEN_MAX &&
	       match_is_clean(query->path) && query->modes != 0 &&
	       (query->modes & ~(uint32_t)POLICY_ANY) == 0;
}

void decide_name(const struct policy *policy, const struct policy_query *query,
		 struct candidates *ret)
{
	struct findings findings;

	assert(query->caller->policy == policy);
	ret->undecided = NULL;
	ret->undecided_fact = NULL;
	refuse(ret, POLICY_REASON_BAD_PATH, NULL);
	if (!is_askable(query))
		return;
	findings = ask_rules(query, ret);
	if (findings.deny) {
		refuse(ret, POLICY_REASON_RULE, findings.deny);
	} else if (ret->n_allows == 0 && !findings.perhaps_allow) {
		refuse(ret, POLICY_REASON_DEFAULT, NULL);
	} else if (findings.perhaps_deny) {
		refuse(ret, POLICY_REASON_RULE, &findings.perhaps_deny->rule->shown);
		leave_undecided(findings.perhaps_deny, query, ret);
	} else if (ret->n_allows == 0) {
		refuse(ret, POLICY_REASON_DEFAULT, NULL);
		leave_undecided(findings.perhaps_allow, query, ret);
	} else {
		ret->reason = POLICY_REASON_OK;
		sort(ret->allows, ret->n_allows);
	}
}
