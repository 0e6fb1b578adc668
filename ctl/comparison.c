/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/comparison.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/findings.h"
#include "policy/array.h"
#include "policy/parser.h"

/*
 * Two policies, rule by rule and by what the rules mean: a comment, a new layout, another order or another
 * label is no difference. Each one that is comes with a witness where there is one: a request that the
 * engine decides otherwise, asked of both sides.
 */

#define VARIANTS_MAX                                                                               \
	64U /* callers and names that are tried for a path before there is no witness */

/* A rule that counts, with its meaning. */
struct known {
	const struct written_rule *rule;
	char *meaning;
	bool matched;
};

void side_done(struct side *side)
{
	for (size_t i = 0; i < side->n; i++)
		free(side->items[i].meaning);
	free(side->items);
	candidates_free(side->candidates);
	callers_free(side->callers);
	policy_free(side->policy);
	written_done(&side->written);
}

/* reading */

static int compare_known(const void *a, const void *b)
{
	return strcmp(((const struct known *)a)->rule->id, ((const struct known *)b)->rule->id);
}

/* Rules that are switched off mean nothing, so they are not among those of the compiled policy. */
static int know_rules(struct side *side)
{
	for (size_t i = 0; i < policy_n_rules(side->policy); i++) {
		const struct written_rule *rule =
			written_find(&side->written, policy_rule(side->policy, i)->id);
		struct text meaning = TEXT_EMPTY;
		struct known *known;

		if (!rule) /* the floor's */
			continue;
		known = ARRAY_ADD(side->items, side->n);
		if (!known)
			return -ENOMEM;
		known->rule = rule;
		meaning_add(&side->written, rule, &meaning);
		if (text_finish(&meaning, &known->meaning) < 0)
			return -ENOMEM;
	}
	if (side->n > 0)
		qsort(side->items, side->n, sizeof(*side->items), compare_known);
	return 0;
}

enum exit_code side_read(const struct ctl *ctl, struct side *side)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	enum exit_code code = input_read(ctl, &side->options, &diags, &side->policy);
	int r;

	if (code != EXIT_YES)
		return code;
	if (!side->policy) {
		findings_show(&ctl->err, &diags, FORMAT_TEXT, DIAG_ERROR);
		return findings_code(&diags);
	}
	code = written_load(ctl, &side->options, &side->written);
	if (code != EXIT_YES)
		return code;
	r = know_rules(side);
	if (r == 0)
		r = callers_new(&side->callers, side->policy);
	if (r == 0)
		r = candidates_new(&side->candidates, side->policy);
	return r < 0 ? ctl_fail(ctl, EXIT_IO, "%s", strerror(-r)) : EXIT_YES;
}

/* witnesses */

static int ask(struct side *side, const struct witness *witness, uint32_t mode, struct answer *ret)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	const struct caller *caller = NULL;
	struct policy_query query = {
		.path = witness->example.name.data,
		.modes = mode,
		.now_sec = clock_realtime_usec() / USEC_PER_SEC,
	};
	int r = callers_get(side->callers, witness->example.who.data, &diags, &caller);

	if (r < 0 || !caller)
		return r < 0 ? r : -EINVAL;
	query.caller = caller->policy_caller;
	*ret = answer_name(side->policy, &query, side->candidates);
	return 0;
}

/* Is this request decided otherwise? Another rule that says the same is not. */
static bool is_witness(struct comparison *c, struct witness *witness, uint32_t mode)
{
	const struct answer *answers = witness->answers;

	if (!witness->example.name.data || !witness->example.who.data ||
	    ask(&c->sides[0], witness, mode, &witness->answers[0]) < 0 ||
	    ask(&c->sides[1], witness, mode, &witness->answers[1]) < 0)
		return false;
	witness->mode = policy_mode_name(mode);
	return answers[0].kind != answers[1].kind;
}

static bool try_example(struct comparison *c, const struct written_rule *rule,
			struct witness *witness)
{
	for (uint32_t mode = 1; mode < POLICY_ANY && !witness->found; mode <<= 1)
		witness->found = (rule->rule->modes & mode) != 0 && is_witness(c, witness, mode);
	return witness->found;
}

static void find_witness(struct comparison *c, const struct side *side,
			 const struct written_rule *rule, struct witness *witness)
{
	struct example *example = &witness->example;

	for (example->path = 0; example->path < rule->rule->paths.n; example->path++) {
		for (example->variant = 0; example->variant < VARIANTS_MAX; example->variant++) {
			int r = example_find(&side->written, rule, example);

			if (r == 0 && try_example(c, rule, witness))
				return;
			example_done(example);
			if (r == -ERANGE)
				break;
		}
	}
}

/* comparing */

/* What the old rule was about may have gone while the new one is about more. */
static void find_other(struct comparison *c, struct difference *difference)
{
	struct witness *witness = &difference->witness, *other = &difference->other;

	find_witness(c, &c->sides[0], difference->before, other);
	if (witness->found && (!other->found || other->answers[1].kind != witness->answers[1].kind))
		return;
	if (witness->found) {
		example_done(&other->example);
		other->found = false;
		return;
	}
	*witness = *other;
	*other = (struct witness){ 0 };
}

static void report(struct comparison *c, enum change change, const struct written_rule *before,
		   const struct written_rule *after)
{
	struct difference difference = {
		.change = change, .before = before, .after = after, .rule = after ? after : before
	};
	struct witness *witness = &difference.witness;

	c->counts[change]++;
	if (!c->found)
		return;
	find_witness(c, &c->sides[after ? 1 : 0], difference.rule, witness);
	if (before && after)
		find_other(c, &difference);
	c->found(c->context, &difference);
	example_done(&witness->example);
	example_done(&difference.other.example);
}

static struct known *find_known(const struct side *side, const struct written_rule *rule)
{
	struct known wanted = { .rule = rule };

	return side->n == 0 ? NULL
			    : bsearch(&wanted, side->items, side->n, sizeof(*side->items),
				      compare_known);
}

static int compare_meanings(const void *a, const void *b)
{
	const struct known *const *x = a, *const *y = b;

	return strcmp((*x)->meaning, (*y)->meaning);
}

/* Those that nothing was found for yet, by meaning. */
static struct known **list_unmatched(const struct side *side, size_t *ret_n)
{
	struct known **list = calloc(side->n + 1, sizeof(struct known *));

	*ret_n = 0;
	for (size_t i = 0; list && i < side->n; i++)
		if (!side->items[i].matched)
			list[(*ret_n)++] = &side->items[i];
	if (list && *ret_n > 0)
		qsort(list, *ret_n, sizeof(*list), compare_meanings);
	return list;
}

/* Rules that have another id and say the same. */
static int match_renamed(struct comparison *c)
{
	size_t n[2], at[2] = { 0, 0 };
	_cleanup_(freep) struct known **before = list_unmatched(&c->sides[0], &n[0]);
	_cleanup_(freep) struct known **after = list_unmatched(&c->sides[1], &n[1]);

	if (!before || !after)
		return -ENOMEM;
	while (at[0] < n[0] && at[1] < n[1]) {
		int order = compare_meanings(&before[at[0]], &after[at[1]]);

		if (order == 0)
			before[at[0]]->matched = after[at[1]]->matched = true;
		at[0] += order <= 0;
		at[1] += order >= 0;
	}
	return 0;
}

int comparison_run(struct comparison *c)
{
	struct side *before = &c->sides[0], *after = &c->sides[1];
	int r;

	for (size_t i = 0; i < before->n; i++) {
		struct known *other = find_known(after, before->items[i].rule);

		if (other && strcmp(other->meaning, before->items[i].meaning) == 0)
			other->matched = before->items[i].matched = true;
	}
	r = match_renamed(c);
	if (r < 0)
		return r;
	for (size_t i = 0; i < before->n; i++) {
		struct known *old = &before->items[i], *new = find_known(after, old->rule);

		if (old->matched)
			continue;
		if (new && !new->matched)
			new->matched = old->matched = true;
		else
			new = NULL;
		report(c, new ? CHANGE_CHANGED : CHANGE_REMOVED, old->rule, new ? new->rule : NULL);
	}
	for (size_t i = 0; i < after->n; i++)
		if (!after->items[i].matched)
			report(c, CHANGE_ADDED, NULL, after->items[i].rule);
	return 0;
}

size_t comparison_count(const struct comparison *c)
{
	return c->counts[CHANGE_ADDED] + c->counts[CHANGE_REMOVED] + c->counts[CHANGE_CHANGED];
}
