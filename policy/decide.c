/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Steps 1 to 4: one walk finds the patterns that match the name, and each rule
 * that has one of them, is the caller's and concerns the request is noted once,
 * with its most specific pattern and whether an exception matches too. Patterns
 * are found in any order, and what is kept does not depend on it.
 *
 * A fact that is not known makes a deny hold and an allow not, so that whatever
 * is not certain is refused; whether the refusal is certain is said apart.
 * Patterns with a value that is not known, which the daemon never has, are not
 * for the walk: they are asked one by one.
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
_Static_assert(PATH_LEN_MAX <= TRIE_NAME_MAX, "any path can be walked");

/* A rule that has a pattern that matches. */
struct naming {
	struct candidate best; /* by the most specific of them */
	enum truth matches, excepted;
};

/* What a decision works with. */
struct search {
	struct trie_walk *walk;
	struct naming *namings; /* room for each rule */
	uint32_t *naming_at;	/* of a rule: its index in `namings`, if that is its own */
	size_t n;
	const struct policy_query *query;
};

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

static struct search *search_free(struct search *search)
{
	if (search) {
		trie_walk_free(search->walk);
		free(search->namings);
		free(search->naming_at);
		free(search);
	}
	return NULL;
}
DEFINE_CLEANUP(struct search *, search_free)

static int search_new(struct search **ret, const struct policy *policy)
{
	_cleanup_(search_freep) struct search *search = calloc(1, sizeof(*search));

	if (!search)
		return -ENOMEM;
	search->namings = calloc(policy->n_rules + 1, sizeof(*search->namings));
	search->naming_at = calloc(policy->n_rules + 1, sizeof(*search->naming_at));
	if (!search->namings || !search->naming_at)
		return -ENOMEM;
	if (trie_walk_new(&search->walk, policy->trie) < 0)
		return -ENOMEM;
	*ret = TAKE_PTR(search);
	return 0;
}

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

/* Is @a more specific than @b? Rules of one id, two on one line, keep the order they have there. */
static bool before(const struct candidate *a, const struct candidate *b)
{
	int order;

	/* What is only complained of comes after all that is allowed. */
	if (a->rule->complain != b->rule->complain)
		return b->rule->complain;
	if (a->n_leading != b->n_leading)
		return a->n_leading > b->n_leading;
	if (a->n_wildcards != b->n_wildcards)
		return a->n_wildcards < b->n_wildcards;
	if (a->n_terms != b->n_terms)
		return a->n_terms > b->n_terms;
	order = strcmp(a->rule->id, b->rule->id);
	return order ? order < 0 : a->rule < b->rule;
}

/* As the rules were written. */
static bool earlier(const struct candidate *a, const struct candidate *b)
{
	return a->rule < b->rule;
}

typedef bool order(const struct candidate *a, const struct candidate *b);

/* Let the item at @i sink to where no child comes after it. */
static void sink(struct candidate *items, size_t n, size_t i, order *before_other)
{
	for (;;) {
		struct candidate item = items[i];
		size_t child = 2 * i + 1;

		if (child >= n)
			return;
		if (child + 1 < n && before_other(&items[child], &items[child + 1]))
			child++;
		if (!before_other(&item, &items[child]))
			return;
		items[i] = items[child];
		items[child] = item;
		i = child;
	}
}

/* Heap sort, because qsort(3) may allocate and deciding may not. */
static void sort(struct candidate *items, size_t n, order *before_other)
{
	for (size_t i = n / 2; i-- > 0;)
		sink(items, n, i, before_other);
	while (n > 1) {
		struct candidate last = items[--n];

		items[n] = items[0];
		items[0] = last;
		sink(items, n, 0, before_other);
	}
}

static uint32_t count_components(const char *path, size_t len)
{
	uint32_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += path[i] == '/' && path[i + 1];
	return n;
}

static bool concerns(const struct rule *rule, const struct policy_query *query)
{
	if (query->now_sec >= rule->until_sec)
		return false;
	if (rule->shown.allow)
		return (query->modes & ~rule->effect) == 0;
	return query->modes & rule->effect;
}

static const struct who_answer *answer_for(const struct rule *rule,
					   const struct policy_query *query)
{
	return &query->caller->scopes[rule->shown.allow][rule->scope];
}

/* Where what is known of a rule is noted, or NULL: it cannot name the request. */
static struct naming *naming_of(struct search *search, uint32_t i)
{
	const struct rule *rule = &search->query->caller->policy->rules[i];
	const struct who_answer *answer = answer_for(rule, search->query);
	uint32_t at = search->naming_at[i];

	if (at < search->n && search->namings[at].best.rule == &rule->shown)
		return &search->namings[at];
	if (answer->accepts == TRUTH_NO || !concerns(rule, search->query))
		return NULL;
	search->naming_at[i] = (uint32_t)search->n;
	search->namings[search->n] = (struct naming){
		.best = { .rule = &rule->shown, .n_terms = answer->n_terms },
	};
	return &search->namings[search->n++];
}

/* @match: what a pattern says of the path. */
static void note_match(struct naming *naming, const struct candidate *match, enum truth matches)
{
	struct candidate *best = &naming->best;
	struct candidate one = { .rule = best->rule, .n_terms = best->n_terms };

	one.prefix_len = match->prefix_len;
	one.n_leading = match->n_leading;
	one.n_wildcards = match->n_wildcards;
	if (matches > naming->matches || (matches == naming->matches && before(&one, best)))
		*best = one;
	naming->matches = truth_or(naming->matches, matches);
}

static void note(struct search *search, const struct trie_item *item, const struct candidate *match,
		 enum truth matches)
{
	const struct trie_use *uses = trie_uses(search->query->caller->policy->trie, item);

	for (uint32_t i = 0; i < item->n_uses; i++) {
		struct naming *naming = naming_of(search, uses[i].rule);

		if (naming && uses[i].except)
			naming->excepted = truth_or(naming->excepted, matches);
		else if (naming)
			note_match(naming, match, matches);
	}
}

static void note_found(void *arg, const struct trie_item *item, size_t n_above)
{
	struct search *search = arg;
	size_t n_leading = n_above + item->pattern->n_leading;
	struct candidate match = {
		.prefix_len = trie_walk_len(search->walk, n_leading),
		.n_leading = (uint32_t)n_leading,
		.n_wildcards = item->pattern->n_wildcards,
	};

	note(search, item, &match, TRUTH_YES);
}

/* Those patterns that would need a value that is not known. */
static void note_unknown(struct search *search)
{
	const struct match_values *values = &search->query->caller->values;
	const struct trie *trie = search->query->caller->policy->trie;

	for (const struct trie_item *item = trie_next_special(trie, NULL); item;
	     item = trie_next_special(trie, item)) {
		struct candidate match = { .n_wildcards = item->pattern->n_wildcards };
		enum truth matches = TRUTH_NO;

		if (item->pattern->specifiers & values->unknown)
			matches = match_path(item->pattern, search->query->path, values,
					     &match.prefix_len);
		match.n_leading = count_components(search->query->path, match.prefix_len);
		if (matches != TRUTH_NO)
			note(search, item, &match, matches);
	}
}

/* What is found while the rules are asked. */
struct findings {
	const struct rule *deny;	  /* certain */
	const struct rule *perhaps_deny;  /* hinges on a fact */
	const struct rule *perhaps_allow; /* hinges on a fact */
};

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

static void found_deny(struct findings *findings, struct candidates *ret, const struct rule *rule,
		       const struct candidate *candidate, enum truth named)
{
	if (!rule->unconditional)
		ret->denies[ret->n_denies++] = *candidate;
	else if (named == TRUTH_UNKNOWN)
		keep_first(&findings->perhaps_deny, rule);
	else
		keep_deny(&findings->deny, rule);
}

static void found_allow(struct findings *findings, struct candidates *ret, const struct rule *rule,
			const struct candidate *candidate, enum truth named)
{
	if (named == TRUTH_YES)
		ret->allows[ret->n_allows++] = *candidate;
	/* Whether somebody else may complain instead is no doubt about what the rules say. */
	else if (!rule->shown.complain)
		keep_first(&findings->perhaps_allow, rule);
}

/* Step 2. */
static struct findings ask_rules(struct search *search, const struct policy_query *query,
				 struct candidates *ret)
{
	struct findings findings = { 0 };

	search->query = query;
	search->n = 0;
	trie_walk_find(search->walk, &query->caller->values, note_found, search);
	if (query->caller->values.unknown)
		note_unknown(search);
	for (size_t i = 0; i < search->n; i++) {
		const struct naming *naming = &search->namings[i];
		const struct rule *rule = (const struct rule *)naming->best.rule;
		enum truth named = truth_and(naming->matches, truth_not(naming->excepted));

		named = truth_and(answer_for(rule, query)->accepts, named);
		if (named == TRUTH_NO)
			continue;
		if (rule->shown.allow)
			found_allow(&findings, ret, rule, &naming->best, named);
		else
			found_deny(&findings, ret, rule, &naming->best, named);
	}
	return findings;
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

static bool is_askable(const struct policy_query *query, struct trie_walk *walk)
{
	size_t len = strnlen(query->path, PATH_LEN_MAX + 1);

	return len <= PATH_LEN_MAX && trie_walk_read(walk, query->path, len) && query->modes != 0 &&
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
	if (!is_askable(query, ret->search->walk))
		return;
	findings = ask_rules(ret->search, query, ret);
	if (findings.deny) {
		refuse(ret, POLICY_REASON_RULE, &findings.deny->shown);
	} else if (ret->n_allows == 0 && !findings.perhaps_allow) {
		refuse(ret, POLICY_REASON_DEFAULT, NULL);
	} else if (findings.perhaps_deny) {
		refuse(ret, POLICY_REASON_RULE, &findings.perhaps_deny->shown);
		leave_undecided(findings.perhaps_deny, query, ret);
	} else if (ret->n_allows == 0) {
		refuse(ret, POLICY_REASON_DEFAULT, NULL);
		leave_undecided(findings.perhaps_allow, query, ret);
	} else {
		ret->reason = POLICY_REASON_OK;
		sort(ret->allows, ret->n_allows, before);
		sort(ret->denies, ret->n_denies, earlier);
	}
}
