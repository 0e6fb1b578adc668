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
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "policy/compiled.h"

/* limits.h: PATH_MAX counts the NUL. */
_Static_assert(TRIE_NAME_MAX == PATH_MAX - 1, "any path can be walked");

/* A rule with several patterns, one of which matches. */
struct naming {
	struct candidate best; /* by the most specific of them */
	enum truth matches, excepted;
	const struct trie_use *use; /* one of its uses of patterns: all say the same of the rule */
};

/* What is found while the rules are asked. */
struct findings {
	const struct rule *deny;	  /* certain */
	const struct rule *perhaps_deny;  /* hinges on a fact */
	const struct rule *perhaps_allow; /* hinges on a fact */
};

/* What a decision works with. */
struct search {
	struct trie_walk *walk;
	struct naming *namings; /* room for each rule */
	uint32_t *naming_at;	/* of a rule: its index in `namings`, if that is its own */
	size_t n;
	const struct policy_query *query;
	const struct policy *policy;
	struct candidates *answer;
	struct findings findings;
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
	candidates->search->answer = candidates;
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

static const struct who_answer *answer_for(const struct rule *rule,
					   const struct policy_query *query)
{
	return &query->caller->scopes[rule->shown.allow][rule->scope];
}

/* Can a rule name the request, as far as its use of a pattern tells? */
static inline bool concerns(const struct search *search, const struct trie_use *use)
{
	const struct policy_query *query = search->query;

	/* Most do not meet the request at all, whether they are for all of it or for a part. */
	if (!(query->modes & use->effect))
		return false;
	if (use->allow && query->modes & ~(uint32_t)use->effect)
		return false;
	if (query->caller->accepts[use->allow][use->scope] == TRUTH_NO)
		return false;
	return !(use->flags & TRIE_USE_ENDS) ||
	       query->now_sec < search->policy->rules[use->rule].until_sec;
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

static void keep(struct candidate *at, const struct candidate *match, const struct rule *rule)
{
	*at = *match;
	at->rule = &rule->shown;
}

static void found_deny(struct search *search, const struct trie_use *use,
		       const struct candidate *match, enum truth named)
{
	const struct rule *rule = &search->policy->rules[use->rule];

	if (!(use->flags & TRIE_USE_UNCONDITIONAL))
		keep(&search->answer->denies[search->answer->n_denies++], match, rule);
	else if (named == TRUTH_UNKNOWN)
		keep_first(&search->findings.perhaps_deny, rule);
	else
		keep_deny(&search->findings.deny, rule);
}

static void found_allow(struct search *search, const struct trie_use *use,
			const struct candidate *match, enum truth named)
{
	const struct rule *rule = &search->policy->rules[use->rule];

	if (named == TRUTH_YES)
		keep(&search->answer->allows[search->answer->n_allows++], match, rule);
	/* Whether somebody else may complain instead is no doubt about what the rules say. */
	else if (!rule->shown.complain)
		keep_first(&search->findings.perhaps_allow, rule);
}

/* @named: what the patterns of the rule, its exceptions too, say of the path. */
static void found(struct search *search, const struct trie_use *use, const struct candidate *match,
		  enum truth named)
{
	const struct policy_caller *caller = search->query->caller;

	named = truth_and(named, (enum truth)caller->accepts[use->allow][use->scope]);
	if (named == TRUTH_NO)
		return;
	if (use->allow)
		found_allow(search, use, match, named);
	else
		found_deny(search, use, match, named);
}

/* Where what is known of a rule is noted. */
static struct naming *naming_of(struct search *search, const struct trie_use *use)
{
	const struct policy_rule *rule = &search->policy->rules[use->rule].shown;
	uint32_t at = search->naming_at[use->rule];

	if (at < search->n && search->namings[at].best.rule == rule)
		return &search->namings[at];
	search->naming_at[use->rule] = (uint32_t)search->n;
	search->namings[search->n] = (struct naming){ .best = { .rule = rule }, .use = use };
	return &search->namings[search->n++];
}

/* @match: what a pattern says of the path. */
static void note_match(struct naming *naming, const struct candidate *match, enum truth matches)
{
	struct candidate one = *match;

	one.rule = naming->best.rule;
	if (matches > naming->matches ||
	    (matches == naming->matches && before(&one, &naming->best)))
		naming->best = one;
	naming->matches = truth_or(naming->matches, matches);
}

/* The rule has other patterns, and what they say is known when all are found. */
static void note_one_of(struct search *search, const struct trie_use *use,
			const struct candidate *match, enum truth matches)
{
	struct naming *naming = naming_of(search, use);

	if (use->flags & TRIE_USE_EXCEPT)
		naming->excepted = truth_or(naming->excepted, matches);
	else
		note_match(naming, match, matches);
}

static inline void note(struct search *search, const struct trie_item *item,
			const struct candidate *match, enum truth matches)
{
	const struct trie_use *use = trie_uses(search->policy->trie, item);

	for (const struct trie_use *end = use + item->n_uses; use < end; use++) {
		if (!concerns(search, use))
			continue;
		if (use->flags & TRIE_USE_ONLY)
			found(search, use, match, matches);
		else
			note_one_of(search, use, match, matches);
	}
}

static void note_found(void *arg, const struct trie_item *item, size_t n_leading, size_t prefix_len)
{
	struct candidate match = {
		.prefix_len = prefix_len,
		.n_leading = (uint32_t)n_leading,
		.n_wildcards = item->pattern.n_wildcards,
	};

	note(arg, item, &match, TRUTH_YES);
}

/* Those patterns that would need a value that is not known. */
static void note_unknown(struct search *search)
{
	const struct match_values *values = &search->query->caller->values;
	const struct trie *trie = search->policy->trie;

	for (const struct trie_item *item = trie_next_special(trie, NULL); item;
	     item = trie_next_special(trie, item)) {
		struct candidate match = { .n_wildcards = item->pattern.n_wildcards };
		enum truth matches = TRUTH_NO;

		if (item->pattern.specifiers & values->unknown)
			matches = match_path(&item->pattern, search->query->path, values,
					     &match.prefix_len);
		match.n_leading = count_components(search->query->path, match.prefix_len);
		if (matches != TRUTH_NO)
			note(search, item, &match, matches);
	}
}

/* Step 2. */
static void ask_rules(struct search *search, const struct policy_query *query)
{
	search->query = query;
	search->policy = query->caller->policy;
	search->findings = (struct findings){ 0 };
	search->n = 0;
	trie_walk_find(search->walk, &query->caller->values, note_found, search);
	if (query->caller->values.unknown)
		note_unknown(search);
	for (size_t i = 0; i < search->n; i++) {
		const struct naming *naming = &search->namings[i];

		found(search, naming->use, &naming->best,
		      truth_and(naming->matches, truth_not(naming->excepted)));
	}
}

/* How specific they are in who they are for is asked only where it matters. */
static void order_allows(struct candidates *ret, const struct policy_query *query)
{
	for (size_t i = 0; ret->n_allows > 1 && i < ret->n_allows; i++)
		ret->allows[i].n_terms =
			answer_for((const struct rule *)ret->allows[i].rule, query)->n_terms;
	sort(ret->allows, ret->n_allows, before);
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
	return trie_walk_read(walk, query->path) && query->modes != 0 &&
	       (query->modes & ~(uint32_t)POLICY_ANY) == 0;
}

void decide_name(const struct policy *policy, const struct policy_query *query,
		 struct candidates *ret)
{
	const struct findings *findings = &ret->search->findings;

	assert(query->caller->policy == policy);
	ret->undecided = NULL;
	ret->undecided_fact = NULL;
	refuse(ret, POLICY_REASON_BAD_PATH, NULL);
	if (!is_askable(query, ret->search->walk))
		return;
	ask_rules(ret->search, query);
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
		order_allows(ret, query);
		sort(ret->denies, ret->n_denies, earlier);
	}
}
